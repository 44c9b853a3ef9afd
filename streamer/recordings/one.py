"""One recording in, its outputs out: what every command and every process does that works on files."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from streamer.audio.file import AudioFile, Break
from streamer.config import TrackerConfig
from streamer.errors import OutputError
from streamer.events import Event, NoteOn
from streamer.music.config import MusicConfig
from streamer.outputs.files import STANDARD_OUTPUT, output_error
from streamer.outputs.midiform import MidiForm
from streamer.outputs.safe import is_same_file
from streamer.outputs.sink import Sink
from streamer.reading import as_text
from streamer.recordings.kinds import KINDS, About
from streamer.recordings.revision import revised
from streamer.tracker import make_tracker
from streamer.transcription import follow
from streamer.units import samples_to_s


@dataclass(frozen=True, slots=True)
class Options:
    """How recordings are transcribed; it can be sent to another process.

    Attributes
    ----------
    config : TrackerConfig
        Settings of the tracker.
    channel : int or None
        Which channel is taken, counted from 1; None for the rule of `streamer.audio.channels`.
    form : MidiForm
        How MIDI files are made.
    music : MusicConfig
        Which notes are sent for those that are played.
    quantize : bool
        Whether tempo and beats are estimated, and the notes of scores and MIDI files are put on them.
    offline : bool
        Whether notes are decided again when all is known, see `streamer.recordings.revision`.
    """

    config: TrackerConfig = field(default_factory=TrackerConfig)
    channel: int | None = None
    form: MidiForm = field(default_factory=MidiForm)
    music: MusicConfig = field(default_factory=MusicConfig)
    quantize: bool = False
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a recording.

    Attributes
    ----------
    source : Path
        The recording.
    written : tuple of Path
        Its outputs.
    notes : int
        How many there are.
    duration_s : float
        How much was transcribed.
    took_s : float
        By the clock.
    broken : Break or None
        Where it could be read no further; what came before is in the outputs.
    unusual : str
        Which channel was taken, where that is not what one would expect; else empty.
    offline : bool
        Whether notes were decided again when all was known.
    """

    source: Path
    written: tuple[Path, ...]
    notes: int
    duration_s: float
    took_s: float
    broken: Break | None
    unusual: str
    offline: bool = False


def transcribe_file(
    source: str | Path,
    outputs: Mapping[str, str | Path],
    options: Options,
    *,
    sinks: Callable[[AudioFile], Sequence[Sink]] | None = None,
    progress: Callable[[int, int, int], None] | None = None,
    until_damage: bool = True,
) -> Outcome:
    """Transcribe one recording, in memory that does not depend on its length.

    Each output is written under a temporary name, ``.part`` after its own, and renamed when all of them are done: so an
    output that is there is whole, whatever ended an earlier run. Folders are made as they are needed.

    Parameters
    ----------
    source : str or Path
        The recording; ``-`` is standard input.
    outputs : mapping of str to str or Path
        Where each kind goes, by the keys of `streamer.recordings.kinds.KINDS`; ``-`` is standard output.
    options : Options
        How it is transcribed.
    sinks : callable, optional
        Makes more sinks, which get the same events and are closed on return, of the recording; or refuses it.
    progress : callable, optional
        Gets the number of samples that are done, the number there are, 0 if that is not known, and the sample rate.
    until_damage : bool
        Whether a recording that is damaged further on is transcribed as far as it can be read, and not refused.

    Returns
    -------
    Outcome
        Also of a recording that is damaged, as far as it could be read.

    Raises
    ------
    StreamerError
        If it cannot be read at all, or an output cannot be written; what was there before is then as it was.
    """
    began_s = time.monotonic()
    recording = AudioFile(source, options.channel)
    counter = _Counter()
    with _Parts() as parts:
        everyone = _open(recording, outputs, options, parts, sinks)
        everyone.append(counter)
        report = None if progress is None else lambda done: progress(done, recording.length, recording.rate_hz)
        ledger, revise = options.music.ledger(options.config.reference_hz), revised if options.offline else None
        blocks = recording.blocks(until_damage=until_damage)
        consumed = follow(blocks, recording.rate_hz, options.config, everyone, report, ledger, revise)
        written = parts.settle()
    return Outcome(
        source=Path(source),
        written=written,
        notes=counter.notes,
        duration_s=samples_to_s(consumed, recording.rate_hz),
        took_s=time.monotonic() - began_s,
        broken=recording.broken,
        unusual="" if recording.mixer.is_usual else recording.mixer.taken,
        offline=options.offline,
    )


def each_channel(source: str | Path, options: Options) -> list[tuple[str, Options]]:
    """How each channel of a recording is transcribed by itself.

    Parameters
    ----------
    source : str or Path
        The recording.
    options : Options
        How it is transcribed.

    Returns
    -------
    list of (str, Options)
        What the name of the recording gets, ``.ch1``, and the options for this channel.

    Raises
    ------
    AudioFormatError
        If it cannot be read.
    """
    file = AudioFile(source)
    file.close()
    return [(f".ch{channel}", replace(options, channel=channel)) for channel in range(1, file.channels + 1)]


def _open(
    recording: AudioFile,
    outputs: Mapping[str, str | Path],
    options: Options,
    parts: "_Parts",
    more: Callable[[AudioFile], Sequence[Sink]] | None,
) -> list[Sink]:
    """What writes the outputs; where one cannot be had, all are closed."""
    source, rate_hz = recording.path, recording.rate_hz
    title, wished = as_text(source.stem), (options.quantize, options.offline)
    about = About(source, title, rate_hz, options.channel, options.form, *wished)
    sinks: list[Sink] = []
    try:
        _refuse_source(source, outputs)
        make_tracker(options.config, rate_hz)  # refuses what cannot work before anything is opened
        for kind, path in outputs.items():
            sinks.append(KINDS[kind].sink(parts.name(Path(path)), about))
        return [*sinks, *(more(recording) if more is not None else ())]
    except BaseException:
        recording.close()
        for sink in sinks:
            sink.abandon()
        raise


def _refuse_source(source: str | Path, outputs: Mapping[str, str | Path]) -> None:
    for path in outputs.values():
        if is_same_file(Path(path), Path(source)):
            raise OutputError(f"{path} is {source}, which is read; write it somewhere else")


class _Parts:
    """Files under temporary names, until all of them are done."""

    def __init__(self) -> None:
        self._names: dict[Path, Path] = {}
        self._others: list[Path] = []

    def __enter__(self) -> "_Parts":
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._names.values():
            with suppress(OSError):
                part.unlink()

    def name(self, path: Path) -> Path:
        """What to write to for now."""
        try:
            if str(path) == STANDARD_OUTPUT or (path.exists() and not path.is_file()):
                self._others.append(path)
                return path
            path.parent.mkdir(parents=True, exist_ok=True)
            target = path.resolve()
            part = target.with_name(f"{target.name}.part")
            part.unlink(missing_ok=True)  # of a run that was killed
        except (OSError, ValueError, RuntimeError) as error:
            raise output_error(path, error if isinstance(error, OSError) else OSError(str(error))) from error
        self._names[path] = part
        return part

    def settle(self) -> tuple[Path, ...]:
        """Give all of them their own names; returns these."""
        written = list(self._others)
        for path in list(self._names):
            try:
                os.replace(self._names[path], path.resolve())
            except OSError as error:
                raise output_error(path, error) from error
            del self._names[path]
            written.append(path)
        return tuple(written)


class _Counter(Sink):
    """Counts the notes, and keeps none."""

    name = ""
    wants_pitch = False

    def __init__(self) -> None:
        self.notes = 0

    def send(self, event: Event) -> None:
        if isinstance(event, NoteOn) and not event.corrects:
            self.notes += 1

    def close(self) -> None:
        pass
