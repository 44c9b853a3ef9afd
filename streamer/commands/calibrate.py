"""``streamer calibrate``: listens to the room and the instrument, and sets what suits them."""

import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streamer.commands.options import takes_settings
from streamer.errors import DeviceError, printable
from streamer.settings.file import CONFIGURATION, Place
from streamer.settings.io import INPUT
from streamer.settings.setup import SETUP

if TYPE_CHECKING:
    import queue

    from streamer.audio.source import Source
    from streamer.calibration import Calibrator

_READ_S = 0.1
_METER_CELLS = 24
_INTERRUPTED = 128 + signal.SIGINT
_KEYS = "s skip, b once more, q quit"


@takes_settings(INPUT, SETUP, CONFIGURATION)
def calibrate(
    *,
    input_: str | None,
    rate: int | None,
    channel: int | None,
    place: Place,
    from_file: Path | None,
    yes: bool,
    latency: Annotated[
        bool, typer.Option("--latency", metavar="", help="Measure the round trip, too: it plays short bursts of noise.")
    ] = False,
) -> int:
    """Set gate, range, tuning and velocities by what you play: silence, soft, loud, your lowest and highest note.

    What has changed is shown, and written to the file of settings, or to a profile in it. With **--latency** the way of
    sound out and in again is measured, by a cable from output to input, or through the air.

    **Examples**

    * `streamer calibrate`
    * `streamer calibrate --profile stage --latency`
    """
    source = open_sound_in(input_, rate, channel, from_file)
    try:
        values = listen(source, keys=from_file is None and input_ != "-")
    except KeyboardInterrupt:
        return _INTERRUPTED
    if values is None:
        typer.echo("nothing was written")
        return 1
    if latency:
        values |= _round_trip(input_)
    return keep(place, values, ask=not yes and from_file is None)


def listen(source: "Source", *, keys: bool) -> dict[str, Any] | None:
    """Go through the steps; the settings that suit, or None where it was ended before.

    Parameters
    ----------
    source : Source
        Not yet started; it is closed.
    keys : bool
        Whether keys are read, where there is a terminal.
    """
    from streamer.calibration import Calibrator
    from streamer.commands.pressed import pressed_keys

    calibrator = Calibrator(source.rate_hz)
    with ExitStack() as stack:
        stack.enter_context(closing(source))
        keys = keys and sys.stdin is not None and sys.stdin.isatty()
        pressed = stack.enter_context(pressed_keys() if keys else nullcontext())
        if keys:
            typer.echo(f"keys: {_KEYS}")
        source.start()
        finished = _go_through(calibrator, source, pressed)
    if not finished:
        return None
    for complaint in calibrator.complaints():
        typer.echo(f"note: {complaint}")
    return calibrator.values()


def keep(place: Place, values: Mapping[str, Any], *, ask: bool) -> int:
    """Show what changes, and write it.

    Parameters
    ----------
    place : Place
        File and profile.
    values : mapping
        Settings by name; those that no command takes are left out.
    ask : bool
        Whether to ask before.

    Returns
    -------
    int
        Exit status.
    """
    from streamer.commands.printing import show
    from streamer.settings.catalogues import PLAYING
    from streamer.settings.saving import save

    known = {setting.name: setting for setting in PLAYING}
    values = {name: value for name, value in values.items() if name in known}
    if not values:
        typer.echo("nothing was heard that settings could be made of; nothing was written")
        return 1
    before = _present(place)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("setting", "before", "now"):
        table.add_column(column)
    for name, value in values.items():
        setting = known[name]
        old = setting.text_of(before[name]) if name in before else setting.shown_default
        table.add_row(*(Text(printable(text)) for text in (name, old, setting.text_of(value))))
    show(table)
    if ask and not typer.confirm("write this?", default=True):
        typer.echo("nothing was written")
        return 1
    save(place, values, PLAYING)
    where = f"profile {place.profile} of {place.path}" if place.profile else str(place.path)
    typer.echo(printable(f"wrote {', '.join(values)} to {where}"))
    return 0


def open_sound_in(wanted: str | None, rate_hz: int | None, channel: int | None, from_file: Path | None) -> "Source":
    """The microphone, or a recording in its place.

    Parameters
    ----------
    wanted, rate_hz, channel
        As the options say.
    from_file : Path or None
        The recording.

    Raises
    ------
    StreamerError
        If it cannot be opened.
    """
    if from_file is not None:
        from streamer.audio.file import FileSource

        return FileSource(from_file, channel)
    from streamer.commands.wiring import open_source

    return open_source(wanted, rate_hz, 0, channel, "s16", 1)


def _present(place: Place) -> dict[str, Any]:
    """What the file says so far, with the preset's part of it."""
    from streamer.settings.catalogues import PLAYING
    from streamer.settings.file import SettingsFile
    from streamer.settings.tracker import preset_values

    file = SettingsFile(Place(place.path), PLAYING)
    profile = place.profile if place.profile in file.profiles else ""
    found = {name: value for layer in file.layers("live", profile) for name, value in layer.values.items()}
    return preset_values(found.get("preset", "default")) | found


def _go_through(calibrator: "Calibrator", source: "Source", pressed: "queue.SimpleQueue[str] | None") -> bool:
    """Until all was played; False where it was ended before."""
    from streamer.audio.source import EndOfStream

    console, asked = Console(highlight=False), None
    with console.status("") if console.is_terminal else nullcontext() as meter:
        while calibrator.step is not None:
            step = calibrator.step
            if step != asked:
                typer.echo(f"{step.name}: {step.ask}")
                asked = step
            try:
                block = source.read(_READ_S)
            except EndOfStream:
                typer.echo("the sound has ended before all was played")
                return any(calibrator.heard.values())
            for note in calibrator.process(block) if block is not None else ():
                typer.echo(f"    {_in_words(note)}")
            while pressed is not None and not pressed.empty():
                key = pressed.get().lower()
                if key == "q":
                    return False
                if key in "sb":
                    (calibrator.skip if key == "s" else calibrator.back)()
                    asked = None
            if meter is not None:
                meter.update(_meter(calibrator.level_db))
    return True


def _in_words(note: Any) -> str:
    from streamer.units import note_name

    nearest = round(note.midi)
    return f"{note_name(nearest)} {100 * (note.midi - nearest):+.0f} cents, {note.loudest_db:.0f} dB"


def _meter(level_db: float) -> str:
    cells = round(_METER_CELLS * min(1.0, max(0.0, 1.0 + level_db / 80.0)))
    return f"{'#' * cells}{'.' * (_METER_CELLS - cells)} {level_db:4.0f} dB"


def _round_trip(device: str | None) -> dict[str, Any]:
    from streamer.audio.round_trip import measure_round_trip

    typer.echo("round trip: a cable from output to input, or the microphone before the loudspeaker; bursts are played")
    try:
        milliseconds = round(1000.0 * measure_round_trip(device), 1)
    except DeviceError as error:
        typer.echo(f"note: {error}")
        return {}
    return {"round_trip": milliseconds}
