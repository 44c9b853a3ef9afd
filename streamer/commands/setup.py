"""``streamer setup``: from nothing to a working rig, asking for one thing after the other."""

import signal
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from streamer.commands.options import takes_settings
from streamer.errors import DeviceError, StreamerError, printable
from streamer.settings.file import CONFIGURATION, Place
from streamer.settings.io import INPUT
from streamer.settings.setup import SETUP

if TYPE_CHECKING:
    from streamer.audio.source import Source

_LISTEN_S = 5.0
_READ_S = 0.1
_QUIET_DB, _LOUD = -50.0, 0.99
_TEST_NOTE, _TEST_S = 69, 0.6
_INTERRUPTED = 128 + signal.SIGINT


@takes_settings(INPUT, SETUP, CONFIGURATION)
def setup(
    *,
    input_: str | None,
    rate: int | None,
    channel: int | None,
    place: Place,
    from_file: Path | None,
    yes: bool,
) -> int:
    """Choose microphone, MIDI port and instrument from lists, hear a test note, and keep it for the next `streamer`.

    It listens to what you play, and says so if it is too soft, or clips. **Enter** takes what stands in brackets;
    nothing is written before the end.

    **Examples**

    * `streamer setup`
    * `streamer setup --profile stage`
    """
    from streamer.commands.calibrate import keep, open_sound_in

    try:
        values: dict[str, Any] = {}
        if input_ is None:
            values |= _choose_input(yes, needed=from_file is None)
            input_ = values.get("input")
        else:
            values["input"] = input_
        values |= {name: value for name, value in (("rate", rate), ("channel", channel)) if value is not None}
        values |= _choose_output(yes)
        values["preset"] = _choose_preset(yes)
        _hear(open_sound_in(input_, rate, channel, from_file))
        _play_test_note(values, yes)
        status = keep(place, values, ask=not yes)
    except (KeyboardInterrupt, typer.Abort) as ended:
        typer.echo("\nnothing was written")
        return _INTERRUPTED if isinstance(ended, KeyboardInterrupt) else 1
    if not status:
        profile = f" --profile {place.profile}" if place.profile else ""
        typer.echo(f"now play: streamer{profile}; or fit it to room and instrument: streamer calibrate{profile}")
    return status


def _choose(what: str, choices: Sequence[str], proposed: int, yes: bool, columns: int = 1) -> int:
    """Which of these it is, as a person types its number or its whole text."""
    typer.echo(f"\n{what}")
    lines = [f"  {number:2d}  {choice}" for number, choice in enumerate(choices, 1)]
    width, rows = max(map(len, lines)) + 2, -(-len(lines) // columns)
    for row in range(rows):
        typer.echo(printable("".join(line.ljust(width) for line in lines[row::rows]).rstrip()))
    while not yes:
        answer = typer.prompt("number", default=str(proposed + 1)).strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(choices):
            return int(answer) - 1
        if answer.casefold() in choices:
            return choices.index(answer.casefold())
        typer.echo(f"type a number from 1 to {len(choices)}")
    return proposed


def _choose_input(yes: bool, *, needed: bool) -> dict[str, Any]:
    from streamer.audio.microphone import list_inputs

    try:
        devices = list_inputs()
    except DeviceError:
        if needed:
            raise
        devices = []
    if not devices:
        if needed:
            raise DeviceError("there is no audio input: connect one, and see `streamer doctor`")
        return {}
    usual = next((k for k, device in enumerate(devices) if device.is_default), 0)
    lines = [f"{d.name} ({d.host_api}, {d.rate_hz} Hz){', the usual one' * d.is_default}" for d in devices]
    chosen = devices[_choose("microphone", lines, usual, yes)]
    # Numbers change when something is plugged in; the name is kept, and with its system where it is there twice.
    alone = sum(device.name == chosen.name for device in devices) == 1
    return {"input": None if chosen.is_default else chosen.name if alone else f"{chosen.name} ({chosen.host_api})"}


def _choose_output(yes: bool) -> dict[str, Any]:
    from streamer.config import DEFAULT_PORT_NAME
    from streamer.outputs.midi_apis import list_midi_outputs

    there = [line for line in list_midi_outputs() if line.usable]
    own = f'a port of its own, named "{DEFAULT_PORT_NAME}", to connect in a DAW or patchbay'
    choices: list[tuple[str, dict[str, Any]]] = []
    if any(line.port is None for line in there):
        choices.append((own, {"virtual": DEFAULT_PORT_NAME}))
    choices += [(f"{line.port} ({line.label})", {"port": line.port}) for line in there if line.port]
    choices.append(("no MIDI: the built-in synthesiser", {"no_midi": True, "sound": True}))
    return dict(choices[_choose("MIDI", [text for text, _ in choices], 0, yes)][1])


def _choose_preset(yes: bool) -> str:
    from streamer.config import PRESETS

    names = list(PRESETS)
    name = names[_choose("instrument", names, 0, yes, columns=3)]
    typer.echo(f"{name}: {PRESETS[name].summary}")
    return name


def _hear(source: "Source") -> None:
    """Listen for some seconds, and say what was heard."""
    from streamer.audio.source import EndOfStream
    from streamer.config import TrackerConfig
    from streamer.events import NoteOn, PitchEstimate
    from streamer.tracker import make_tracker
    from streamer.units import note_name

    tracker = make_tracker(TrackerConfig(), source.rate_hz)
    notes: list[str] = []
    loudest_db, peak = -120.0, 0.0
    typer.echo(f"\nplay something: listening to {printable(source.name)} for {_LISTEN_S:.0f} seconds")
    with closing(source):
        source.start()
        while tracker.consumed < _LISTEN_S * source.rate_hz:
            try:
                block = source.read(_READ_S)
            except EndOfStream:
                break
            for event in tracker.process(block.samples) if block is not None else ():
                if isinstance(event, NoteOn):
                    notes.append(note_name(event.note))
                elif isinstance(event, PitchEstimate):
                    loudest_db, peak = max(loudest_db, event.level_db), max(peak, event.peak)
    typer.echo(f"heard {', '.join(notes[:12]) or 'no note'}; loudest {loudest_db:.0f} dB")
    if not peak:
        typer.echo("note: the input was exactly zero: is the microphone connected, allowed and not muted?")
    elif loudest_db < _QUIET_DB:
        typer.echo("note: that is soft; turn the input up, or go nearer")
    elif peak > _LOUD:
        typer.echo("note: it clips; turn the input down")


def _play_test_note(values: dict[str, Any], yes: bool) -> None:
    """A4 on the port that was chosen."""
    from streamer.events import NoteOff, NoteOn
    from streamer.outputs.sink import Sink

    def opened() -> Sink:
        if values.get("no_midi"):
            from streamer.outputs.sound import SoundSink

            return SoundSink()
        from streamer.outputs.ports import PortSink

        return PortSink(values.get("port"), virtual=values.get("virtual"))

    try:
        with closing(opened()) as sink:
            if values.get("virtual") and not yes:
                typer.echo(printable(f"connect {sink.name} to your synthesiser, then press Enter"))
                typer.prompt("", default="", show_default=False, prompt_suffix="")
            while True:
                sink.send(NoteOn(0, 0, _TEST_NOTE, 100, float(_TEST_NOTE), note_id=1))
                time.sleep(_TEST_S)
                sink.send(NoteOff(0, 0, _TEST_NOTE, float(_TEST_NOTE), 1))
                typer.echo(f"a test note, A4, was sent to {printable(sink.name)}")
                if yes or typer.confirm("did you hear it, or see it arrive?", default=True):
                    return
                typer.echo("is the track armed, its input this port, and the synthesiser audible?")
                if not typer.confirm("send it again?", default=True):
                    return
    except StreamerError as error:
        values.pop("sound", None)  # the next start is not to fail for it
        typer.echo(printable(f"note: {error}"))
