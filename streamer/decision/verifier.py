"""What is known when a note may be beginning, for the small network that judges whether it is.

The classifier (`streamer.model`) knows one moment and one candidate. Whether a note has begun also depends on what
came before: what sounds already, whether the pitch glides or stands, which other notes are as likely, how the evidence
has grown. A *case* is one candidate at one hop with all of that, as numbers; the note machine makes one of every
candidate that is worth it, and the network judges it right or wrong, and says how long ago the note began.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.analysis import features
from streamer.analysis.evidence import N_CANDIDATES, Hearing
from streamer.analysis.network import Network
from streamer.config import LOWEST_MIDI
from streamer.events import FloatArray

Weigh = Callable[[Sequence[int], FloatArray], FloatArray]  # candidates, their cases -> log odds, (n, len(OUTPUTS))

AGES_MS = (0.0, 12.0, 20.0, 30.0, 40.0, 55.0, 75.0, 100.0, 140.0)
OUTPUTS = ("right", *(f"right_since_less_than_{age:g}_ms" for age in AGES_MS))
LEAST_ODDS = -2.0  # log odds of sounding below which a note is no case

_ODDS_MS = (0.0, 3.0, 6.0, 12.0, 24.0, 36.0, 48.0, 72.0, 100.0, 150.0)
_PITCH_MS = (6.0, 12.0, 24.0, 48.0, 96.0)
_MEAN_MS = 24.0
_BESIDE = (-24, -19, -12, -7, -5, -2, -1, 1, 2, 5, 7, 12, 19, 24)
_SUMS_BESIDE = (-12, -1, 1, 12)
_EDGE = 24
_MOST_ODDS = np.float32(6.0)
_SUM_UNIT = 50.0  # sums, in nepers of odds times milliseconds, are counted in these
_PROBABLE = 0.7  # with which a note is older than the second of the two ages that its date lies halfway between
_OLDEST_MS = 300.0  # the belief that a note is older falls from the last of the judge's ages to nothing here
_NO_PITCH = 2.0  # semitones; stands for what cannot be told

NAMES: tuple[str, ...] = (
    *features.NAMES,
    *(f"{kind}_{ms:g}_ms_ago" for kind in ("sounding", "begun") for ms in _ODDS_MS),
    *(f"{kind}_{away:+d}" for kind in ("sounding", "mean_sounding") for away in _BESIDE),
    "sounding_of_best_other",
    "mean_sounding_of_best_other",
    "sum",
    *(f"sum_{away:+d}" for away in _SUMS_BESIDE),
    "sum_of_best_other",
    "sum_age",
    "out_of_silence",
    "sounds_already",
    "neighbour_sounds",
    "second_sounds",
    "octave_sounds",
    "other_sounds",
    "away_from_what_sounds",
    "what_sounds_now",
    "what_sounds_mean",
    "what_sounds_begun",
    "what_sounds_since",
    "what_sounds_end_sum",
    "since_latest_end",
    "latest_end_was_this",
    "latest_end_was_neighbour",
    "pitch_off_name",
    "pitch_off_reference",
    "pitch_known",
    *(f"pitch_moved_{ms:g}_ms" for ms in _PITCH_MS),
)
VERSION = 2


@dataclass(slots=True)
class State:
    """What the note machine knows by itself.

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


class Cases:
    """Remember the last hops, and describe candidates.

    Parameters
    ----------
    hop_ms : float
        Time between two calls of `hear`.
    """

    def __init__(self, hop_ms: float) -> None:
        self._hop_ms = hop_ms
        self._odds_hops = [round(ms / hop_ms) for ms in _ODDS_MS]
        self._pitch_hops = [max(1, round(ms / hop_ms)) for ms in _PITCH_MS]
        self._mean_hops = max(1, round(_MEAN_MS / hop_ms))
        depth = self._odds_hops[-1] + 1
        # A margin on either side, so that every note has neighbours two octaves away.
        self._past = np.full((depth, 2, N_CANDIDATES + 2 * _EDGE), -_MOST_ODDS, np.float32)
        self._pitches = [0.0] * depth
        self._at = 0
        self._beside = np.array(_BESIDE)
        self._sums = np.zeros(N_CANDIDATES + 2 * _EDGE, np.float32)
        self._matrix: FloatArray | None = None

    def hear(self, hearing: Hearing, pitch: float | None) -> None:
        """Take one hop: what the detector made of it, and the MIDI pitch of the likeliest candidate."""
        self._at = (self._at + 1) % len(self._past)
        now = self._past[self._at]
        inner = slice(_EDGE, _EDGE + N_CANDIDATES)
        for row, odds in zip(now, (hearing.sounding, hearing.begun), strict=True):
            row[inner] = np.minimum(np.maximum(odds, -_MOST_ODDS), _MOST_ODDS)
        self._pitches[self._at] = pitch or 0.0
        self._matrix = hearing.features

    def describe(self, candidates: Sequence[int], state: State) -> FloatArray:
        """One case per candidate, shape (n, len(NAMES))."""
        assert self._matrix is not None
        depth, at = len(self._past), self._at
        chosen = np.asarray(candidates)
        places = chosen + _EDGE
        out = np.empty((len(chosen), len(NAMES)), np.float32)
        column = len(features.NAMES)
        out[:, :column] = self._matrix[chosen]
        back = [(at - hops) % depth for hops in self._odds_hops]
        lags = len(back)
        past = self._past[back]
        out[:, column : column + lags] = past[:, 0, places].T
        out[:, column + lags : column + 2 * lags] = past[:, 1, places].T
        column += 2 * lags
        now = self._past[at, 0]
        recent = self._past[[(at - hops) % depth for hops in range(self._mean_hops)], 0]
        mean = np.add.reduce(recent, axis=0) / np.float32(self._mean_hops)
        around = places[:, None] + self._beside
        for values in (now, mean):
            out[:, column : column + len(_BESIDE)] = values[around]
            column += len(_BESIDE)
        out[:, column] = [_best_other(now, place) for place in places]
        out[:, column + 1] = [_best_other(mean, place) for place in places]
        column += 2
        sums = self._sums
        sums[_EDGE : _EDGE + N_CANDIDATES] = state.sums
        sums *= np.float32(1.0 / _SUM_UNIT)
        out[:, column] = sums[places]
        column += 1
        for away in _SUMS_BESIDE:
            out[:, column] = sums[places + away]
            column += 1
        out[:, column] = [_best_other(sums, place) for place in places]
        out[:, column + 1] = np.log1p(state.ages[chosen] * self._hop_ms)
        column += 2
        for row, candidate in zip(out, candidates, strict=True):
            row[column:] = self._context(candidate, state, now, mean)
        return out

    def _context(self, candidate: int, state: State, now: FloatArray, mean: FloatArray) -> list[float]:
        current = state.current
        if current is None:
            kinds = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
            sounding = [0.0, 0.0, 0.0, 0.0]
        else:
            away = abs(candidate - current)
            kind = {0: 1, 1: 2, 2: 3}.get(away, 4 if away in (12, 19, 24, 36) else 5)
            kinds = [float(k == kind) for k in range(6)]
            place = current + _EDGE
            begun = float(self._past[self._at, 1, place])
            sounding = [max(-1.0, min(1.0, (candidate - current) / 12.0)), float(now[place]), float(mean[place]), begun]
        since = float(np.log1p(state.since * self._hop_ms))
        none = current is None
        after = abs(candidate - state.ended) if none and state.ended is not None else 99
        return [
            *kinds,
            *sounding,
            0.0 if none else since,
            state.end_sum / _SUM_UNIT,
            since if none else 0.0,
            float(after == 0),
            float(after == 1),
            *self._pitch(candidate, state),
        ]

    def _pitch(self, candidate: int, state: State) -> list[float]:
        depth, at = len(self._past), self._at
        pitch = self._pitches[at]
        if pitch == 0.0:
            return [_NO_PITCH, 0.0, 0.0, *([0.0] * len(_PITCH_MS))]
        moved = []
        for hops in self._pitch_hops:
            before = self._pitches[(at - hops) % depth]
            moved.append(_within(pitch - before) if before else _NO_PITCH)
        off = pitch - state.reference if state.current is not None else 0.0
        return [_within(pitch - (candidate + LOWEST_MIDI)), _within(off), 1.0, *moved]


def weigh_with(network: Network | None) -> Weigh | None:
    """A network as the judge of a note machine; None if there is none."""
    return None if network is None else lambda _, cases: network.log_odds(cases)


def began_ms_ago(log_odds: FloatArray) -> float:
    """How long ago a note began that is judged right, shape (len(OUTPUTS),).

    Halfway between the mean of what the outputs say and an age that it probably exceeds. Where both a consonant that is
    already sung and the vowel after it may be the beginning, the mean is too early.
    """
    right, *younger = 1.0 / (1.0 + np.exp(-log_odds.clip(-30.0, 30.0)))
    older = np.minimum.accumulate(1.0 - np.minimum(1.0, np.array(younger) / max(right, 1e-6)))
    ages_ms, older = (*AGES_MS, _OLDEST_MS), np.append(older, 0.0)
    mean_ms = np.trapezoid(older, ages_ms)
    probable_ms = np.interp(-_PROBABLE, -older, ages_ms)
    return float(0.5 * (mean_ms + probable_ms))


def _best_other(values: FloatArray, place: int) -> float:
    return float(max(values[: place - 1].max(), values[place + 2 :].max()))


def _within(semitones: float) -> float:
    return max(-_NO_PITCH, min(_NO_PITCH, semitones))
