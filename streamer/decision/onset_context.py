"""What is known when a note may be beginning, as numbers for the verifier (`streamer.decision.verifier`).

The scorer knows one moment and one candidate. Whether a note has begun also depends on what came before: what sounds
already, whether the pitch glides or stands, which other notes are as likely, how the evidence has grown. The onset
context of a candidate at a hop is all of that in one row.

Names of columns and outputs are those of the model files' format.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.analysis import features
from streamer.analysis.columns import Columns
from streamer.analysis.evidence import N_CANDIDATES
from streamer.analysis.past import Past
from streamer.config import LOWEST_MIDI
from streamer.decision import contour
from streamer.events import FloatArray

AGES_MS = (0.0, 12.0, 20.0, 30.0, 40.0, 55.0, 75.0, 100.0, 140.0)
RISES_DB = (1.5, 3.0, 5.0, 8.0, 12.0, 17.0, 24.0)
OUTPUTS = (
    "right",
    *(f"right_since_less_than_{age:g}_ms" for age in AGES_MS),
    *(f"right_and_rises_by_{rise:g}_db" for rise in RISES_DB),
)
LEAST_SCORE = -2.0  # log odds of sounding below which a note is not put to the verifier,
LIKELY = 0.0  # unless one of its neighbours has more than this

_ODDS_MS = (0.0, 3.0, 6.0, 12.0, 24.0, 36.0, 48.0, 72.0, 100.0, 150.0)
_PITCH_MS = (6.0, 12.0, 24.0, 48.0, 96.0)
_MEAN_MS = 24.0
_BESIDE = (-24, -19, -12, -7, -5, -2, -1, 1, 2, 5, 7, 12, 19, 24)
_SUMS_BESIDE = (-12, -1, 1, 12)
_EDGE = 24
_MOST_ODDS = np.float32(6.0)
_SUM_UNIT = 50.0  # sums, in nepers of odds times milliseconds, are counted in these
_NO_PITCH = 2.0  # semitones; stands for what cannot be told

_columns = Columns()
_FEATURES = _columns.add(*features.NAMES)
_SCORES_AGO = _columns.add(*(f"sounding_{ms:g}_ms_ago" for ms in _ODDS_MS))
_ONSET_SCORES_AGO = _columns.add(*(f"begun_{ms:g}_ms_ago" for ms in _ODDS_MS))
_SCORES_BESIDE = _columns.add(*(f"sounding_{away:+d}" for away in _BESIDE))
_MEAN_SCORES_BESIDE = _columns.add(*(f"mean_sounding_{away:+d}" for away in _BESIDE))
_BEST_OTHER = _columns.one("sounding_of_best_other")
_MEAN_BEST_OTHER = _columns.one("mean_sounding_of_best_other")
_SUM = _columns.one("sum")
_SUMS_AROUND = _columns.add(*(f"sum_{away:+d}" for away in _SUMS_BESIDE))
_SUM_BEST_OTHER = _columns.one("sum_of_best_other")
_SUM_AGE = _columns.one("sum_age")
_SITUATION = _columns.add(
    "out_of_silence",
    "sounds_already",
    "neighbour_sounds",
    "second_sounds",
    "octave_sounds",
    "other_sounds",
)
_SOUNDING_NOTE = _columns.add(
    "away_from_what_sounds",
    "what_sounds_now",
    "what_sounds_mean",
    "what_sounds_begun",
    "what_sounds_since",
    "what_sounds_end_sum",
)
_LATEST_END = _columns.add("since_latest_end", "latest_end_was_this", "latest_end_was_neighbour")
_PITCH = _columns.add(
    "pitch_off_name",
    "pitch_off_reference",
    "pitch_known",
    *(f"pitch_moved_{ms:g}_ms" for ms in _PITCH_MS),
)
_CONTOUR = _columns.add(*contour.NAMES)
NAMES = tuple(_columns.names)
VERSION = 3


@dataclass(slots=True)
class NoteState:
    """What the note machine knows of its own decisions.

    Attributes
    ----------
    sums : ndarray, shape (88,)
        Evidence for each note to have begun.
    ages : ndarray, shape (88,)
        Hops since each sum last left zero.
    current : int or None
        Candidate that sounds.
    since : int
        Hops since it began, or since the last one ended.
    reference : float
        MIDI pitch of what sounds, slowly followed.
    end_sum : float
        Evidence that it has ended.
    ended : int or None
        Candidate that ended last.
    """

    sums: FloatArray
    ages: NDArray[np.int64]
    current: int | None = None
    since: int = 0
    reference: float = 0.0
    end_sum: float = 0.0
    ended: int | None = None


def may_begin(scores: FloatArray) -> NDArray[np.bool_]:
    """Which candidates are put to the verifier at all: the likely ones, and the neighbours of the most likely.

    Parameters
    ----------
    scores : ndarray of float32, shape (hops, 88)
        Log odds that each candidate sounds.
    """
    likely = scores > LIKELY
    may = scores > LEAST_SCORE
    may[:, 1:] |= likely[:, :-1]
    may[:, :-1] |= likely[:, 1:]
    return may


class OnsetContext:
    """Remember the last hops, and describe candidates.

    Parameters
    ----------
    hop_ms : float
        Time between two hops.
    """

    def __init__(self, hop_ms: float) -> None:
        self._hop_ms = hop_ms
        self._score_hops = np.array([round(ms / hop_ms) for ms in _ODDS_MS])
        self._pitch_hops = [max(1, round(ms / hop_ms)) for ms in _PITCH_MS]
        self._mean_hops = max(1, round(_MEAN_MS / hop_ms))
        self._depth = max(1, int(self._score_hops[-1]), *self._pitch_hops)
        # A margin on either side, so that every note has neighbours two octaves away.
        self._past = Past(self._depth, (2, N_CANDIDATES + 2 * _EDGE), -float(_MOST_ODDS))
        self._pitches = [0.0] * self._depth
        self._beside = np.array(_BESIDE)
        self._sums = np.zeros(N_CANDIDATES + 2 * _EDGE, np.float32)
        self._contour = contour.Contour(hop_ms)

    def settings(self) -> dict[str, float | list[int]]:
        """How many hops back things lie, as the compiled core takes them."""
        return {
            "columns": len(NAMES),
            "score_hops": self._score_hops.tolist(),
            "pitch_hops": self._pitch_hops,
            "mean_hops": self._mean_hops,
            **self._contour.settings(),
        }

    def add(
        self,
        scores: FloatArray,
        onset_scores: FloatArray,
        pitches: Sequence[float | None],
        level_db: Sequence[float],
    ) -> None:
        """Take the next hops.

        Parameters
        ----------
        scores : ndarray of float32, shape (hops, 88)
            Log odds that each candidate sounds.
        onset_scores : ndarray of float32, shape (hops, 88)
            Log odds that it has just begun.
        pitches : sequence of float or None
            MIDI pitch of each hop's likeliest candidate.
        level_db : sequence of float
            Level of each hop.
        """
        new = self._past.room(len(scores))
        new[:] = -_MOST_ODDS
        inner = new[:, :, _EDGE : _EDGE + N_CANDIDATES]
        for k, odds in enumerate((scores, onset_scores)):
            np.minimum(np.maximum(odds, -_MOST_ODDS), _MOST_ODDS, out=inner[:, k])
        self._pitches = [*self._pitches[-self._depth :], *(pitch or 0.0 for pitch in pitches)]
        self._contour.add(scores, scores.max(axis=1), pitches, level_db)

    def describe(self, hop: int, candidates: Sequence[int], matrix: FloatArray, state: NoteState) -> FloatArray:
        """One row per candidate.

        Parameters
        ----------
        hop : int
            Which of the hops that were added last.
        candidates : sequence of int
            What may be beginning.
        matrix : ndarray of float32, shape (candidates, features)
            Their features.
        state : NoteState
            Of the note machine at this hop.

        Returns
        -------
        ndarray of float32, shape (candidates, len(NAMES))
        """
        at, scores = self._depth + hop, self._past.values
        chosen = np.asarray(candidates)
        places = chosen + _EDGE
        out = np.empty((len(chosen), len(NAMES)), np.float32)
        out[:, _FEATURES] = matrix
        past = scores[at - self._score_hops]
        out[:, _SCORES_AGO] = past[:, 0, places].T
        out[:, _ONSET_SCORES_AGO] = past[:, 1, places].T
        now = scores[at, 0]
        recent = scores[at - np.arange(self._mean_hops), 0]
        mean = np.add.reduce(recent, axis=0) / np.float32(self._mean_hops)
        around = places[:, None] + self._beside
        out[:, _SCORES_BESIDE] = now[around]
        out[:, _MEAN_SCORES_BESIDE] = mean[around]
        out[:, _BEST_OTHER] = [_best_other(now, place) for place in places]
        out[:, _MEAN_BEST_OTHER] = [_best_other(mean, place) for place in places]
        sums = self._sums
        sums[_EDGE : _EDGE + N_CANDIDATES] = state.sums
        sums *= np.float32(1.0 / _SUM_UNIT)
        out[:, _SUM] = sums[places]
        out[:, _SUMS_AROUND] = sums[places[:, None] + np.array(_SUMS_BESIDE)]
        out[:, _SUM_BEST_OTHER] = [_best_other(sums, place) for place in places]
        out[:, _SUM_AGE] = [math.log1p(age * self._hop_ms) for age in state.ages[chosen].tolist()]
        out[:, _CONTOUR] = self._contour.describe(hop, chosen, state.current)
        since = math.log1p(state.since * self._hop_ms)
        for row, candidate in zip(out, candidates, strict=True):
            row[_SITUATION] = _situation(candidate, state.current)
            row[_SOUNDING_NOTE] = self._sounding_note(at, candidate, state, mean, since)
            row[_LATEST_END] = _latest_end(candidate, state, since)
            row[_PITCH] = self._pitch(at, candidate, state)
        return out

    def _sounding_note(self, at: int, candidate: int, state: NoteState, mean: FloatArray, since: float) -> list[float]:
        """How the note that sounds is doing."""
        current = state.current
        if current is None:
            return [0.0, 0.0, 0.0, 0.0, 0.0, state.end_sum / _SUM_UNIT]
        place = current + _EDGE
        away = max(-1.0, min(1.0, (candidate - current) / 12.0))
        score, onset_score = self._past.values[at, :, place].tolist()
        return [away, score, float(mean[place]), onset_score, since, state.end_sum / _SUM_UNIT]

    def _pitch(self, at: int, candidate: int, state: NoteState) -> list[float]:
        """Where the pitch is and how it has moved."""
        pitch = self._pitches[at]
        if pitch == 0.0:
            return [_NO_PITCH, 0.0, 0.0, *([0.0] * len(_PITCH_MS))]
        moved = []
        for hops in self._pitch_hops:
            before = self._pitches[at - hops]
            moved.append(_within(pitch - before) if before else _NO_PITCH)
        off = pitch - state.reference if state.current is not None else 0.0
        return [_within(pitch - (candidate + LOWEST_MIDI)), _within(off), 1.0, *moved]


def _situation(candidate: int, current: int | None) -> list[float]:
    """Which of six: out of silence, the same note, a neighbour, a second, octaves and the twelfth, any other."""
    if current is None:
        kind = 0
    else:
        away = abs(candidate - current)
        kind = {0: 1, 1: 2, 2: 3}.get(away, 4 if away in (12, 19, 24, 36) else 5)
    return [float(k == kind) for k in range(6)]


def _latest_end(candidate: int, state: NoteState, since: float) -> list[float]:
    """In silence, when the last note ended and whether it was this one."""
    none = state.current is None
    after = abs(candidate - state.ended) if none and state.ended is not None else 99
    return [since if none else 0.0, float(after == 0), float(after == 1)]


def _best_other(values: FloatArray, place: int) -> float:
    return float(max(values[: place - 1].max(), values[place + 2 :].max()))


def _within(semitones: float) -> float:
    return max(-_NO_PITCH, min(_NO_PITCH, semitones))
