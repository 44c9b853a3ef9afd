"""``streamer transcribe``: recordings through the tracker."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamer.commands.options import takes_settings
from streamer.config import TrackerConfig
from streamer.errors import ConfigError, StreamerError
from streamer.music.config import MusicConfig
from streamer.settings.archive import ARCHIVE, Many
from streamer.settings.expression import EXPRESSION, Expression
from streamer.settings.file import CONFIGURATION
from streamer.settings.io import FILES, INPUT, OUTPUT
from streamer.settings.music import MUSIC, PARTS, SCALA_FILES
from streamer.settings.tracker import TRACKER
from streamer.settings.transcribing import TRANSCRIBING

INTERRUPTED = 128 + signal.SIGINT
HERE = Path()
_OFFLINE_FILES = "--offline needs --to; the other options tell what live would have sent: `--offline --to mid,csv`"
_ONE_FILE = "several recordings cannot go into one file; `--to mid,csv --output FOLDER` gives each its own"

if TYPE_CHECKING:
    from streamer.audio.file import AudioFile
    from streamer.commands.file_progress import Watcher
    from streamer.commands.files import Files
    from streamer.outputs.sink import Sink
    from streamer.recordings.inputs import Input
    from streamer.recordings.kinds import OutputNames
    from streamer.recordings.one import Options


_Recordings = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Sound files, folders, patterns, lists of files (.txt, .m3u), or - for standard input.",
        show_default=False,
    ),
]


@takes_settings(
    INPUT, OUTPUT, EXPRESSION, FILES, MUSIC, PARTS, SCALA_FILES, TRACKER, TRANSCRIBING, ARCHIVE, CONFIGURATION
)
def transcribe(
    *,
    recordings: _Recordings,
    to: str,
    output: Path | None,
    offline: bool,
    split_channels: bool,
    quantize: bool,
    json_progress: bool,
    many: Many,
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
    """Transcribe recordings just as live would have: causally, without a look ahead.

    With nothing to write, a table of the notes is printed. A recording that is damaged is transcribed as far as it can
    be read; the exit status is then 1.

    **Examples**

    * `streamer transcribe song.flac`
    * `streamer transcribe takes/ -o notes --to mid,csv`
    * `streamer transcribe archive/ -o notes --jobs 4 --report notes.csv`
    * `streamer transcribe solo.wav --preset sax --midi solo.mid --notes solo.csv`
    * `streamer transcribe solo.wav --notes - | head`
    """
    from streamer.archive.transcribing import Transcribe
    from streamer.commands.archive import is_many, run_many
    from streamer.commands.file_progress import watcher
    from streamer.commands.files import Files
    from streamer.outputs.midiform import MidiForm
    from streamer.recordings import kinds
    from streamer.recordings.one import Options

    form = MidiForm(tempo, music.part(midi_channel - 1), preset, recordings[0].stem, expression, config.reference_hz)
    files = Files(form, notes=notes, f0=f0, midi=midi, received=received, jsonl=jsonl)
    wanted = kinds.parse_kinds(to) if to else ("mid",) if output is not None else ()
    if offline and files:
        raise ConfigError(_OFFLINE_FILES)
    options = Options(config, channel, form, music, quantize, offline)
    if is_many(recordings, output, many):
        if files:
            raise ConfigError(_ONE_FILE)
        return run_many(recordings, output, Transcribe(options, wanted, split_channels), many, json_progress)
    with watcher(json_progress, quiet=not (files or wanted)) as told:
        return _Run(kinds.OutputNames(output or HERE, wanted), files, options, told, split_channels)(recordings)


class _Run:
    """One recording after the other.

    Parameters
    ----------
    names : OutputNames
        Where the outputs go that each gets.
    files : Files
        What is written of the only one.
    options : Options
        How they are transcribed.
    told : Watcher
        Gets to know what becomes of each.
    split : bool
        Whether each channel is transcribed by itself.
    """

    def __init__(
        self, names: "OutputNames", files: "Files", options: "Options", told: "Watcher", split: bool = False
    ) -> None:
        self._names = names
        self._files = files
        self._options = options
        self._told = told
        self._split = split

    def __call__(self, recordings: list[Path]) -> int:
        """Transcribe all that is meant, until somebody has had enough; the exit status."""
        from streamer.commands.wiring import notify

        try:
            return self._all(recordings)
        except BrokenPipeError:  # who read our standard output has had enough
            return 0
        except KeyboardInterrupt:
            notify("interrupted; files that were there before are as they were")
            return INTERRUPTED

    def _all(self, recordings: list[Path]) -> int:
        """Transcribe all that is meant; what is wrong with one of several stops none of the others.

        Returns
        -------
        int
            Exit status.
        """
        from streamer.recordings.inputs import find_inputs

        if len(recordings) == 1:
            found = find_inputs(recordings)
            first = list(islice(found, 2))
            if len(first) == 1:
                return self._one(first[0])
            inputs: Iterator[Input | None] = chain(first, found)
        else:
            inputs = self._found(recordings)
        if self._files:
            raise ConfigError(_ONE_FILE)
        status = 0
        for one in inputs:
            try:
                status = max(status, 1 if one is None else self._one(one))
            except StreamerError as error:
                status = 1
                if one is not None:
                    self._told.failed(one.path, str(error))
        return status

    def _found(self, recordings: list[Path]) -> "Iterator[Input | None]":
        """Each recording; None for what stands for none."""
        from streamer.recordings.inputs import find_inputs

        for word in recordings:
            try:
                yield from find_inputs([word])
            except StreamerError as error:
                self._told.failed(word, str(error))
                yield None

    def _one(self, recording: "Input") -> int:
        """Transcribe one recording, or each of its channels; the exit status."""
        if not self._split:
            return self._with(self._options, recording)
        from streamer.recordings.one import each_channel

        if self._files or str(recording.path) == "-":
            raise ConfigError("--split-channels needs a file, and --to for what is made of each channel")
        status = 0
        for mark, options in each_channel(recording.path, self._options):
            name = recording.relative.with_name(f"{recording.relative.stem}{mark}{recording.relative.suffix}")
            status = max(status, self._with(options, replace(recording, relative=name)))
        return status

    def _with(self, options: "Options", recording: "Input") -> int:
        from streamer.outputs.eventlist import EventList
        from streamer.recordings.one import transcribe_file

        self._files.check([recording.path])
        shown = EventList(pitch=False)
        rates: list[int] = []

        def more(file: "AudioFile") -> "list[Sink]":
            rates.append(file.rate_hz)
            return self._files.sinks(file.rate_hz) or ([] if outputs else [shown])

        outputs = self._names.of(recording.relative)
        self._told.begin(recording.path)
        outcome = transcribe_file(recording.path, outputs, options, sinks=more, progress=self._told.report)
        self._told.done(replace(outcome, written=(*outcome.written, *map(Path, self._files.names))))
        if not (outputs or self._files):
            from streamer.commands.printing import notes_table, show
            from streamer.transcription import Transcription

            show(notes_table(Transcription(shown, rates[0], outcome.duration_s)))
        return 0 if outcome.broken is None else 1
