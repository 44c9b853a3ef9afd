"""``streamer transcribe``: a sound file through the tracker."""

from pathlib import Path
from typing import Annotated

import typer

from streamer.commands.options import takes_settings
from streamer.config import TrackerConfig
from streamer.settings.io import FILES
from streamer.settings.tracker import TRACKER


@takes_settings(FILES, TRACKER)
def transcribe(
    *,
    file: Annotated[Path, typer.Argument(help="WAV, FLAC, OGG or MP3.", show_default=False)],
    notes: Path | None,
    f0: Path | None,
    midi: Path | None,
    jsonl: Path | None,
    config: TrackerConfig,
) -> int:
    """Transcribe a recording just as live would have: causally, without a look ahead.

    With no file to write, a table of the notes is printed.

    **Examples**

    * `streamer transcribe song.flac`
    * `streamer transcribe solo.wav --preset sax --midi solo.mid --notes solo.csv`
    """
    from streamer.audio.file import AudioFile
    from streamer.commands.printing import notes_table, show
    from streamer.commands.wiring import file_sinks
    from streamer.transcribe import transcribe

    recording = AudioFile(file)
    sinks = file_sinks(recording.rate_hz, notes=notes, f0=f0, midi=midi, jsonl=jsonl)
    try:
        tracked = transcribe(recording.blocks(), recording.rate_hz, config, sinks)
    except BrokenPipeError:  # who read our standard output has had enough
        return 0
    if not sinks:
        show(notes_table(tracked))
    return 0
