"""The options that several commands share, told once."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from streamer.config import DEFAULT_RATE_HZ, HOP_S, PRESETS, TrackerConfig, apply_preset, auto_hop
from streamer.units import note_name, note_number

INPUT = "Sound in"
OUTPUT = "MIDI out"
FILES = "Files"
TRACKER = "What is played"
SCREEN = "Screen"

_DEFAULTS = TrackerConfig()


def _presets() -> list[str]:
    return list(PRESETS)


def _detectors() -> list[str]:
    from streamer.detectors import DETECTORS

    return list(DETECTORS)


def _note(text: str) -> int:
    try:
        return note_number(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _tracker_parameters() -> list[inspect.Parameter]:
    """What a person may say of the tracker. None means that the preset, or else the default, decides."""
    octaves = f"{note_name(_DEFAULTS.low_midi)} to {note_name(_DEFAULTS.high_midi)}"
    told = {
        "preset": (
            Annotated[
                str,
                typer.Option(
                    help="Instrument: its range and thresholds (--list-presets).",
                    rich_help_panel=TRACKER,
                    metavar="NAME",
                    autocompletion=_presets,
                ),
            ],
            "default",
        ),
        "detector": (
            Annotated[
                str,
                typer.Option(
                    help="How pitch is found (--list-detectors).",
                    rich_help_panel=TRACKER,
                    metavar="NAME",
                    autocompletion=_detectors,
                ),
            ],
            _DEFAULTS.detector,
        ),
        "model": (
            Annotated[
                Path | None,
                typer.Option(
                    metavar="FILE",
                    help="A model of your own, from `streamer train`.",
                    show_default="the one that comes with the program",
                    rich_help_panel=TRACKER,
                ),
            ],
            None,
        ),
        "eagerness": (
            Annotated[
                float,
                typer.Option(
                    min=0.0,
                    max=1.0,
                    metavar="0..1",
                    help="0 waits until it is sure, 1 answers at once.",
                    rich_help_panel=TRACKER,
                ),
            ],
            _DEFAULTS.eagerness,
        ),
        "low": (
            Annotated[
                int | None,
                typer.Option(
                    metavar="NOTE",
                    parser=_note,
                    help=f"Lowest note, as E2 or 40. Within {octaves}.",
                    rich_help_panel=TRACKER,
                ),
            ],
            None,
        ),
        "high": (
            Annotated[
                int | None,
                typer.Option(metavar="NOTE", parser=_note, help="Highest note.", rich_help_panel=TRACKER),
            ],
            None,
        ),
        "gate": (
            Annotated[
                float | None,
                typer.Option(
                    metavar="DB",
                    help="Level under which nothing is a note, dB below full scale.",
                    show_default=f"{_DEFAULTS.gate_db:g}",
                    rich_help_panel=TRACKER,
                ),
            ],
            None,
        ),
        "a4": (
            Annotated[float, typer.Option(metavar="HZ", help="Tuning: frequency of A4.", rich_help_panel=TRACKER)],
            _DEFAULTS.a4_hz,
        ),
        "hop": (
            Annotated[
                int,
                typer.Option(
                    metavar="SAMPLES",
                    help="Samples between two looks at the sound.",
                    show_default=f"about {1000 * HOP_S:.1f} ms; {auto_hop(DEFAULT_RATE_HZ)} at 48 kHz",
                    rich_help_panel=TRACKER,
                ),
            ],
            _DEFAULTS.hop,
        ),
        "list_presets": (
            Annotated[
                bool,
                typer.Option(
                    "--list-presets",
                    callback=_list_presets,
                    is_eager=True,
                    metavar="",
                    help="Show the presets and leave.",
                    rich_help_panel=TRACKER,
                ),
            ],
            False,
        ),
        "list_detectors": (
            Annotated[
                bool,
                typer.Option(
                    "--list-detectors",
                    callback=_list_detectors,
                    is_eager=True,
                    metavar="",
                    help="Show the detectors and leave.",
                    rich_help_panel=TRACKER,
                ),
            ],
            False,
        ),
    }
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in told.items()
    ]


def _tracker_config(said: dict[str, Any]) -> TrackerConfig:
    config = TrackerConfig(
        hop=said["hop"],
        detector=said["detector"],
        eagerness=said["eagerness"],
        a4_hz=said["a4"],
        model=str(said["model"] or ""),
    )
    config = apply_preset(config, said["preset"])
    wanted = {"low_midi": said["low"], "high_midi": said["high"], "gate_db": said["gate"]}
    return replace(config, **{name: value for name, value in wanted.items() if value is not None})


def takes_tracker_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the tracker's options to a command, which gets them as ``config`` and, if it takes that, ``preset``.

    Raises
    ------
    ConfigError
        When the command runs, if a preset is unknown or a value is out of range.
    """
    parameters = _tracker_parameters()
    names = [parameter.name for parameter in parameters]
    own = inspect.signature(command).parameters.values()

    @wraps(command)
    def with_config(**said: Any) -> int:
        tracker = {name: said.pop(name) for name in names}
        made = {"config": _tracker_config(tracker), "preset": tracker["preset"]}
        return command(**said, **{p.name: made[p.name] for p in own if p.name in made})

    kept = [p for p in own if p.name not in ("config", "preset")]
    shown = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in kept]
    with_config.__signature__ = inspect.Signature([*shown, *parameters])  # type: ignore[attr-defined]
    with_config.__annotations__ = {p.name: p.annotation for p in (*shown, *parameters)}
    return with_config


def _list_presets(wanted: bool) -> None:
    if wanted:
        from streamer.commands.printing import presets_table, show

        show(presets_table())
        raise typer.Exit


def _list_detectors(wanted: bool) -> None:
    if wanted:
        from streamer.commands.printing import detectors_table, show

        show(detectors_table())
        raise typer.Exit


Input = Annotated[
    str | None,
    typer.Option(
        "--input",
        "-i",
        metavar="DEVICE|-",
        help="Number or part of the name (`streamer devices`); - reads raw PCM from standard input.",
        show_default="the system's own choice",
        rich_help_panel=INPUT,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="NAME", help="An existing MIDI port, by part of its name.", rich_help_panel=OUTPUT
    ),
]
Virtual = Annotated[
    str | None,
    typer.Option(
        metavar="[NAME]",
        help="Make a MIDI port that other programs can connect to.",
        rich_help_panel=OUTPUT,
    ),
]
MidiApi = Annotated[
    str | None,
    typer.Option(metavar="API", help="Force a MIDI system: alsa, jack, coremidi, winmm.", rich_help_panel=OUTPUT),
]
Jsonl = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|-",
        allow_dash=True,
        help="Write every event as a line of JSON; - is standard output.",
        rich_help_panel=FILES,
    ),
]
NoUi = Annotated[bool, typer.Option("--no-ui", metavar="", help="No screen: for scripts.", rich_help_panel=SCREEN)]
Block = Annotated[
    int,
    typer.Option(
        min=0,
        max=16384,
        metavar="SAMPLES",
        help="Samples per audio callback.",
        show_default="what suits the driver",
        rich_help_panel=INPUT,
    ),
]
