"""Joins a source, a tracker, sinks and a screen into what a command does."""

import sys
import time
from pathlib import Path

from streamer.audio.source import Source
from streamer.config import DEFAULT_RATE_HZ
from streamer.errors import MidiError, OutputError
from streamer.live.session import Screen
from streamer.outputs.fanout import Recorder
from streamer.outputs.sink import Sink

STANDARD_OUTPUT = Path("-")


def notify(line: str) -> None:
    """One line for people, apart from what goes to other programs on standard output."""
    try:
        print(f"streamer: {line}", file=sys.stderr, flush=True)
    except (OSError, ValueError):  # the terminal is gone: nobody is left to read it
        return


def open_screen(no_ui: bool, jsonl: Path | None) -> Screen | None:
    """The terminal screen, where it is wanted and standard output is a terminal of nobody else's."""
    if no_ui or jsonl == STANDARD_OUTPUT or not sys.stdout.isatty():
        return None
    from streamer.live.screen import Screen as TerminalScreen

    screen = TerminalScreen(notify=notify)
    screen.start()
    return screen


def open_source(
    wanted: str | None, rate_hz: int | None, block: int, channel: int, sample_format: str, channels: int
) -> Source:
    """The microphone that is wanted, or the raw pipe that is standard input.

    Raises
    ------
    DeviceError, AudioFormatError
        If there is no such input or it cannot be opened so.
    """
    if wanted == "-":
        from streamer.audio.pipe import PipeSource

        return PipeSource(rate_hz or DEFAULT_RATE_HZ, sample_format, channels)
    from streamer.audio.microphone import Microphone

    return Microphone(wanted, rate_hz, block, channel)


def open_port(output: str | None, virtual: str | None, api: str | None, *, needed: bool) -> list[Sink]:
    """The MIDI port, first of the sinks.

    Parameters
    ----------
    output, virtual, api : str or None
        As `PortSink` takes them.
    needed : bool
        False where the notes go somewhere else as well: that there is no MIDI system is then reported, and we go on.

    Raises
    ------
    MidiError
        When the port cannot be had although it was asked for, or is all there would be.
    """
    from streamer.outputs.ports import PortSink

    try:
        return [PortSink(output, virtual=virtual, api=api)]
    except MidiError as error:
        if needed or output or virtual or api:
            raise
        notify(f"no MIDI port, going on without: {error}")
        return []


def recorders(midi: Path | None, audio: Path | None, rate_hz: int) -> list[Recorder]:
    """What opens the files of each take; with no name given, one is made of the date when recording starts."""
    if midi is None and audio is None:
        midi = Path(time.strftime("streamer-%Y%m%d-%H%M%S.mid"))
    found: list[Recorder] = []
    if midi is not None:
        from streamer.outputs.midifile import MidiFileSink

        midi_path = midi
        found.append(lambda take, start: MidiFileSink(take_path(midi_path, take), rate_hz, start=start))
    if audio is not None:
        from streamer.outputs.wavfile import WavFileSink

        audio_path = audio
        found.append(lambda take, start: WavFileSink(take_path(audio_path, take), rate_hz, start=start))
    return found


def take_path(path: Path, take: int) -> Path:
    """``song.mid``, ``song-2.mid``, ``song-3.mid``, ..."""
    return path if take == 1 else path.with_stem(f"{path.stem}-{take}")


def file_sinks(
    rate_hz: int,
    *,
    notes: Path | None = None,
    f0: Path | None = None,
    midi: Path | None = None,
    received: Path | None = None,
    jsonl: Path | None = None,
) -> list[Sink]:
    """A sink for each file that is wanted.

    Raises
    ------
    OutputError
        If one cannot be written, or two are the same.
    """
    paths = [path.resolve() for path in (notes, f0, midi, received, jsonl) if path is not None]
    if len(set(paths)) < len(paths):
        raise OutputError("two of the files to write are the same; give each a name of its own")
    sinks: list[Sink] = []
    if notes is not None:
        from streamer.outputs.tables import NotesCsvSink

        sinks.append(NotesCsvSink(notes, rate_hz))
    if f0 is not None:
        from streamer.outputs.tables import F0CsvSink

        sinks.append(F0CsvSink(f0, rate_hz))
    if midi is not None:
        from streamer.outputs.midifile import MidiFileSink

        sinks.append(MidiFileSink(midi, rate_hz))
    if received is not None:
        from streamer.outputs.midifile import MidiFileSink

        sinks.append(MidiFileSink(received, rate_hz, received=True))
    if jsonl is not None:
        from streamer.outputs.jsonl import JsonlSink

        sinks.append(JsonlSink(jsonl, rate_hz))
    return sinks
