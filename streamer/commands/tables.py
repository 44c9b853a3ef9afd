"""Tables for people."""

from rich.console import Console, RenderableType
from rich.table import Table

from streamer.config import PRESETS
from streamer.units import note_name


def show(what: RenderableType) -> None:
    """Print to standard output."""
    Console().print(what)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def presets_table() -> Table:
    """The presets of `streamer.config.PRESETS`."""
    table = _table("preset", "lowest", "highest", "gate", "for")
    for name, preset in PRESETS.items():
        table.add_row(
            name,
            note_name(preset.low_midi),
            note_name(preset.high_midi),
            f"{preset.gate_db:g} dB",
            preset.summary,
        )
    return table


def detectors_table() -> Table:
    """The detectors of `streamer.detectors.DETECTORS`."""
    from streamer.detectors import DETECTORS

    table = _table("detector", "what it is")
    for name, detector in DETECTORS.items():
        table.add_row(name, detector.summary)
    return table
