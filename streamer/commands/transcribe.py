"""``streamer transcribe``: a sound file through the tracker."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamer.commands.options import takes_settings
from streamer.config import TrackerConfig
from streamer.errors import printable
from streamer.music.config import MusicConfig
from streamer.settings.expression import EXPRESSION, Expression
from streamer.settings.file import CONFIGURATION
from streamer.settings.io import FILES, INPUT, OUTPUT
from streamer.settings.music import MUSIC, PARTS, SCALA_FILES
from streamer.settings.tracker import TRACKER

INTERRUPTED = 128 + signal.SIGINT

if TYPE_CHECKING:
    from streamer.commands.files import Files
    from streamer.transcription import Transcription


@takes_settings(INPUT, OUTPUT, EXPRESSION, FILES, MUSIC, PARTS, SCALA_FILES, TRACKER, CONFIGURATION)
def transcribe(
    *,
    file: Annotated[Path, typer.Argument(help="WAV, FLAC, OGG or MP3.", show_default=False)],
    channel: int | None,
    notes: Path | None,
    f0: Path | None,
    midi: Path | None,
    received: Path | None,
    jsonl: Path | None,
    tempo: float,
    midi_channel: int,
    expression: Expression,
    config: TrackerConfig,
    music: MusicConfig,
    preset: str,
) -> int:
    """Transcribe a recording just as live would have: causally, without a look ahead.

    With no file to write, a table of the notes is printed.

    **Examples**

    * `streamer transcribe song.flac`
    * `streamer transcribe solo.wav --preset sax --midi solo.mid --notes solo.csv`
    * `streamer transcribe solo.wav --notes - | head`
    """
    from streamer.audio.file import AudioFile
    from streamer.commands.files import Files, MidiForm
    from streamer.commands.wiring import notify, notify_channel
    from streamer.tracker import make_tracker
    from streamer.transcription import track

    form = MidiForm(tempo, music.part(midi_channel - 1), preset, file.stem, expression, config.reference_hz)
    files = Files(form, notes=notes, f0=f0, midi=midi, received=received, jsonl=jsonl)
    files.check([file])
    recording = AudioFile(file, channel)
    make_tracker(config, recording.rate_hz)  # refuses what cannot work before anything is opened
    ledger = music.ledger(config.reference_hz)
    sinks = files.sinks(recording.rate_hz)
    began_s = time.monotonic()
    try:
        with _progress(file.name, recording.length) as report:
            tracked = track(recording.blocks(), recording.rate_hz, config, sinks, report, ledger)
    except BrokenPipeError:  # who read our standard output has had enough
        return 0
    except KeyboardInterrupt:
        notify("interrupted; files that were there before are as they were")
        return INTERRUPTED
    notify_channel(str(file), recording.mixer)
    if sinks:
        notify(_closing_line(tracked, time.monotonic() - began_s, files))
    else:
        from streamer.commands.printing import notes_table, show

        show(notes_table(tracked))
    return 0


def _closing_line(tracked: "Transcription", took_s: float, files: "Files") -> str:
    count = len(tracked.notes)
    speed = tracked.duration_s / max(took_s, 1e-3)
    wrote = f"; wrote {', '.join(files.names)}" if files.names else ""
    return f"{count} note{'' if count == 1 else 's'} in {tracked.duration_s:.1f} s, {speed:.0f} times real time{wrote}"


@contextmanager
def _progress(name: str, length: int) -> Iterator[Callable[[int], None] | None]:
    """A bar on standard error where a person watches.

    Parameters
    ----------
    name : str
        What is transcribed.
    length : int
        Samples of it; 0 where that is not known.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(escape(printable(name)), total=length or None)
        yield lambda done: bars.update(task, completed=done)
