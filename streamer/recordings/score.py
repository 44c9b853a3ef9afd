"""Notes on a grid of beats, as a score: partitura spells them, and writes MusicXML and MIDI."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.errors import require_extra
from streamer.recordings.whole import write_bytes
from streamer.transcription import Transcription

_PER_BEAT = 4  # parts of a beat that a note may begin on
_NOTES_FOR_BEATS = 8  # fewer tell no tempo
_METERS = (2, 3, 4, 6)
_SCORE_FIELDS = [("onset_div", "i4"), ("duration_div", "i4"), ("pitch", "i4"), ("id", "U16"), ("voice", "i4")]


@dataclass(frozen=True, slots=True)
class Beats:
    """Where the beats are.

    Attributes
    ----------
    tempo_bpm : float
        Beats a minute.
    times_s : ndarray of float64, shape (beats,), or None
        The beats themselves, in seconds; None where they are regular from the first sample.
    meter : int
        Beats in a bar.
    """

    tempo_bpm: float
    times_s: NDArray[np.float64] | None = None
    meter: int = 4

    def places(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Times as numbers of beats.

        Parameters
        ----------
        times_s : ndarray of float64, shape (n,)
            Seconds.
        """
        if self.times_s is None:
            return times_s * self.tempo_bpm / 60.0
        known, numbers = self.times_s, np.arange(len(self.times_s), dtype=float)
        places = np.interp(times_s, known, numbers)
        beat_s = 60.0 / self.tempo_bpm
        places = np.where(times_s < known[0], (times_s - known[0]) / beat_s, places)
        return np.asarray(np.where(times_s > known[-1], numbers[-1] + (times_s - known[-1]) / beat_s, places))


def estimated_beats(notes: NDArray[np.void], tempo_bpm: float) -> Beats:
    """Tempo, beats and meter as partitura estimates them; those of ``tempo_bpm`` where there are too few notes.

    Parameters
    ----------
    notes : structured ndarray, shape (n,)
        As `streamer.transcription.Transcription.notes`.
    tempo_bpm : float
        Beats a minute.
    """
    if len(notes) < _NOTES_FOR_BEATS:
        return Beats(tempo_bpm)
    from partitura.musicanalysis import estimate_time

    played = np.zeros(len(notes), [("onset_sec", "f4"), ("duration_sec", "f4"), ("pitch", "i4"), ("velocity", "i4")])
    played["onset_sec"], played["pitch"], played["velocity"] = notes["onset_s"], notes["note"], notes["velocity"]
    played["duration_sec"] = notes["offset_s"] - notes["onset_s"]
    found = estimate_time(played)
    times_s = np.unique([float(time_s) for time_s, _ in found["beats"]])
    if len(times_s) < 2:
        return Beats(tempo_bpm)
    meter = int(found["meter_numerator"])
    return Beats(60.0 / float(np.median(np.diff(times_s))), times_s, meter if meter in _METERS else 4)


def on_grid(notes: NDArray[np.void], beats: Beats) -> NDArray[np.void]:
    """Notes as a score has them, one after the other: none is lost, none overlaps.

    Parameters
    ----------
    notes : structured ndarray, shape (n,)
        As `streamer.transcription.Transcription.notes`.
    beats : Beats
        The grid.

    Returns
    -------
    structured ndarray, shape (n,)
        As partitura takes it; ``onset_div`` and ``duration_div`` count quarters of a beat.
    """
    onsets = np.rint(_PER_BEAT * beats.places(notes["onset_s"])).astype(int)
    ends = np.rint(_PER_BEAT * beats.places(notes["offset_s"])).astype(int)
    onsets -= min(0, int(onsets.min(initial=0)) // _PER_BEAT * _PER_BEAT)
    score = np.zeros(len(notes), _SCORE_FIELDS)
    at = 0
    for k, onset in enumerate(onsets):
        at = score["onset_div"][k] = max(int(onset), at)
        at += 1
    following = np.append(score["onset_div"][1:], np.iinfo(np.int32).max)
    lengths = np.maximum(1, ends - onsets)
    score["duration_div"] = np.minimum(lengths, following - score["onset_div"])
    score["pitch"], score["voice"] = notes["note"], 1
    score["id"] = [f"n{k}" for k in range(len(notes))]
    return score


def write_score(path: Path, made: Transcription, title: str, tempo_bpm: float, *, quantize: bool, midi: bool) -> None:
    """Write MusicXML, or MIDI with the notes on the grid.

    Parameters
    ----------
    path : Path
        Where to.
    made : Transcription
        The notes.
    title : str
        Name of the part.
    tempo_bpm : float
        Where the beats are, counted from the first sample; with ``quantize`` only where there are too few notes.
    quantize : bool
        Whether tempo, beats and meter are estimated.
    midi : bool
        Whether MIDI is written.

    Raises
    ------
    OutputError
        If it cannot be written.
    MissingExtraError
        If partitura is not installed.
    """
    require_score()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of partitura, about what it is not told and need not know
        import partitura
        from partitura.score import Tempo

        notes = made.notes
        beats = estimated_beats(notes, tempo_bpm) if quantize else Beats(tempo_bpm)
        part = _part(on_grid(notes, beats), title, beats.meter)
        part.add(Tempo(max(1, round(beats.tempo_bpm)), "q"), 0)
        with TemporaryDirectory() as folder:
            file = os.path.join(folder, "score")
            if midi:
                partitura.save_score_midi(part, file)
            else:
                partitura.save_musicxml(part, file)
            write_bytes(path, Path(file).read_bytes())


def require_score() -> None:
    """Raise `MissingExtraError` if partitura is not installed."""
    require_extra("partitura", "a score")


def _part(score: NDArray[np.void], title: str, meter: int) -> Any:
    from partitura import score as scores
    from partitura.musicanalysis import note_array_to_score

    if not len(score):
        part = scores.Part("P1", title, quarter_duration=_PER_BEAT)
        part.add(scores.TimeSignature(meter, 4), 0)
        part.add(scores.Measure(1), 0, meter * _PER_BEAT)
        part.add(scores.Rest(id="r0", voice=1, staff=1), 0, meter * _PER_BEAT)
        return part
    end = int((score["onset_div"] + score["duration_div"]).max())
    part = note_array_to_score(
        score,
        divs=_PER_BEAT,
        time_sigs=[[0, meter, 4, end]],
        part_name=title,
        estimate_key=len(score) >= _NOTES_FOR_BEATS,
        return_part=True,
    )
    part.id = "P1"
    for k, note in enumerate(part.notes):
        note.id, note.staff = f"n{k}", 1
    scores.fill_rests(part)
    return part
