"""One recording from a client, in a process of its own: within bounds of size, time and memory."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from streamer.analysis import features
from streamer.audio.file import AudioFile
from streamer.errors import AudioFormatError, ConfigError, StreamerError
from streamer.events import Event, FloatArray
from streamer.model import OUTPUTS
from streamer.outputs.jsonfile import note_fields
from streamer.outputs.midiform import MidiForm
from streamer.outputs.notelist import NoteList
from streamer.outputs.sink import Sink
from streamer.recordings.one import Options, transcribe_file
from streamer.tracker import model_of
from streamer.units import samples_to_s
from streamer.web.config import Asked

PROGRESS_S = 0.2
_KINDS = {"csv": "csv", "midi": "mid"}  # of outputs, by the form
_LATE = "the request took longer than this server allows; send a shorter recording"

Message = dict[str, Any]
Tell = Callable[[Message], None]


class Cancelled(Exception):  # noqa: N818 - nobody waits for it any more
    """The client has left, or the server ends."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one recording may take.

    Attributes
    ----------
    duration_s : float
        Of sound.
    rate_hz : int
        Highest sample rate.
    until_s : float
        When it must be done, by `time.monotonic`.
    """

    duration_s: float
    rate_hz: int
    until_s: float


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done.

    Attributes
    ----------
    path : str
        File with what the client sent; samples that came as JSON are put there as a sound file.
    is_json : bool
        Whether that is JSON, not a sound file.
    asked : Asked
        Settings.
    channel : int or None
        Of a file with several.
    tempo_bpm : float
        Of a MIDI file.
    form : str
        ``json``, ``ndjson``, ``csv`` or ``midi``.
    limits : Limits
        What it may take.
    """

    path: str
    is_json: bool
    asked: Asked
    channel: int | None
    tempo_bpm: float
    form: str
    limits: Limits


def transcribe(job: Job, tell: Tell, cancelled: Callable[[], bool]) -> None:
    """Do it, and tell what comes of it.

    The last message is ``{"type": "done", ...}`` or ``{"type": "refused", "status": ..., "error": ...}``; before that
    come ``progress``, and ``note`` for the form ``ndjson``.

    Parameters
    ----------
    job : Job
        What is to be done.
    tell : callable
        Gets each message.
    cancelled : callable
        Whether nobody waits for it any more.

    Raises
    ------
    Cancelled
        If so.
    """
    try:
        if job.is_json:
            content = _parsed(Path(job.path))
            if isinstance(content, list):
                tell({"type": "done", "scores": _scores(content, job.asked)})
                return
            _write(job.path, *_samples_of(content))
            del content  # it is large
        tell({"type": "done", **_transcribed(job, tell, cancelled)})
    except TimeoutError:
        tell({"type": "refused", "status": 503, "error": _LATE})
    except MemoryError:
        tell({"type": "refused", "status": 413, "error": "that needs more memory than this server gives; send less"})
    except StreamerError as error:
        line = str(error).replace(f"there is no file {job.path}", "the file is gone").replace(job.path, "the file")
        tell({"type": "refused", "status": 422, "error": line})


def _transcribed(job: Job, tell: Tell, cancelled: Callable[[], bool]) -> Message:
    asked = job.asked
    form = MidiForm(job.tempo_bpm, preset=asked.preset, expression=asked.expression, a4_hz=asked.tracker.reference_hz)
    options = Options(asked.tracker, None if job.is_json else job.channel, form, asked.music)
    written = Path(f"{job.path}.{job.form}")
    outputs = {_KINDS[job.form]: written} if job.form in _KINDS else {}
    notes = NoteList()
    rate_hz = 0
    told_s = time.monotonic()

    def sinks(recording: AudioFile) -> list[Sink]:
        nonlocal rate_hz
        rate_hz = recording.rate_hz
        _check(rate_hz, recording.length, job.limits)
        return [_Telling(rate_hz, tell) if job.form == "ndjson" else notes]

    def report(done: int, length: int, rate_hz: int) -> None:
        nonlocal told_s
        now_s = time.monotonic()
        if now_s > job.limits.until_s:
            raise TimeoutError
        _check(rate_hz, done, job.limits)  # its header may have lied
        if now_s - told_s >= PROGRESS_S:
            told_s = now_s
            if cancelled():
                raise Cancelled
            done_s, total_s = samples_to_s(done, rate_hz), samples_to_s(max(done, length), rate_hz)
            tell({"type": "progress", "done_s": round(done_s, 3), "total_s": round(total_s, 3)})

    try:
        outcome = transcribe_file(job.path, outputs, options, sinks=sinks, progress=report, until_damage=False)
        if outputs:
            return {"content": written.read_bytes()}
    finally:
        written.unlink(missing_ok=True)
    broken = outcome.broken and outcome.broken.fields
    duration_s = round(outcome.duration_s, 6)
    answer: Message = {"rate_hz": rate_hz, "duration_s": duration_s, "count": outcome.notes, "broken": broken}
    if job.form == "json":
        answer["notes"] = [note_fields(begun, ended.offset, ended.midi, rate_hz) for begun, ended in notes.notes]
    return answer


class _Telling(NoteList):
    """Tells of each note when it has ended."""

    def __init__(self, rate_hz: int, tell: Tell) -> None:
        super().__init__()
        self._rate_hz = rate_hz
        self._tell = tell

    def send(self, event: Event) -> None:
        super().send(event)
        for begun, ended in self.notes:
            self._tell({"type": "note", **note_fields(begun, ended.offset, ended.midi, self._rate_hz)})
        self.notes.clear()


def _check(rate_hz: int, length: int, limits: Limits) -> None:
    """Refuse what is longer, or of a higher rate, than is taken."""
    if rate_hz > limits.rate_hz:
        raise ConfigError(f"a rate of {rate_hz} Hz is more than this server takes; send at most {limits.rate_hz} Hz")
    if length > limits.duration_s * rate_hz:
        raise ConfigError(f"that is longer than the {limits.duration_s:g} s that this server takes; send it in parts")


def _parsed(path: Path) -> Any:
    def refuse(word: str) -> float:
        raise ValueError(word)

    try:
        return json.loads(path.read_bytes(), parse_constant=refuse)
    except (ValueError, RecursionError):
        raise AudioFormatError("the body is no JSON, although it says so") from None


def _samples_of(content: Any) -> tuple[FloatArray, int]:
    if not isinstance(content, dict) or not {"samples", "sample_rate"} <= content.keys():
        raise AudioFormatError('the JSON must be {"samples": [...], "sample_rate": ...}, or a list of feature rows')
    rate = content["sample_rate"]
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < 1e9 or rate != int(rate):
        raise AudioFormatError("sample_rate must be a whole number of hertz")
    samples = _numbers(content["samples"], 1, "samples must be a list of numbers, mono, full scale +-1")
    if not len(samples):
        raise AudioFormatError("samples is empty")
    return samples, int(rate)


def _write(path: str, samples: FloatArray, rate_hz: int) -> None:
    import soundfile

    soundfile.write(path, samples, rate_hz, "FLOAT", format="WAV")


def _scores(rows: list[Any], asked: Asked) -> list[list[float]]:
    """What the model makes of feature rows: log odds that a note sounds, and that it has just begun."""
    width = len(features.NAMES)
    wrong = f"a list must be one of feature rows, each of {width} numbers; sound goes into samples"
    values = _numbers(rows, 2, wrong)
    if values.shape[1] != width:
        raise AudioFormatError(wrong)
    if asked.tracker.detector != "trained":
        raise ConfigError(f"the detector {asked.tracker.detector} takes no rows; send samples")
    with np.errstate(all="ignore"):
        odds = model_of(asked.tracker).scorer.log_odds(values)
    return [[round(float(v), 5) for v in row] for row in np.nan_to_num(odds).reshape(-1, len(OUTPUTS))]


def _numbers(values: Any, dimensions: int, wrong: str) -> FloatArray:
    try:
        array = np.asarray(values)
    except ValueError:  # lists of several lengths
        raise AudioFormatError(wrong) from None
    if array.ndim != dimensions or (array.size and array.dtype.kind not in "iuf"):
        raise AudioFormatError(wrong)
    with np.errstate(over="ignore"):
        return array.astype(np.float32)
