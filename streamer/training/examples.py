"""From labelled recordings to rows that a scorer learns from.

The features are those of the live path, made by the same code hop by hop. Not every hop becomes an example: those
soon after an onset all do, since there is where notes are won early; of the rest one in several. And not every
candidate: the note that sounds, those it is mistaken for (neighbours, octaves, twelfths, what sounded before,
whatever fits the signal best), and a few at random.
"""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.evidence import N_CANDIDATES, ONSET_MS
from streamer.analysis.features import NAMES
from streamer.analysis.framing import Hopper
from streamer.analysis.native import make_stream
from streamer.config import LOWEST_MIDI, TrackerConfig
from streamer.data.phrase import Phrase
from streamer.events import FloatArray
from streamer.tracker import MANY_HOPS

_DENSE_S = 0.09  # so long after an onset every hop is taken
_STRIDE = 6  # elsewhere one in so many
_RELATED = (-24, -19, -12, -7, -5, -2, -1, 1, 2, 5, 7, 12, 19, 24)
_RELATED_TO = [[n, *(n + away for away in _RELATED if 0 <= n + away < N_CANDIDATES)] for n in range(N_CANDIDATES)]
_RIVALS = 4
_RANDOM = 3
_SAME = 0.65  # semitones: a note between two names counts as both
_OTHER = 0.85  # what lies between is no example, so that no border is near a note half-way
_FIT = NAMES.index("correlation_100_at_base")


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows for training.

    Attributes
    ----------
    rows : ndarray of float16, shape (n, features)
        Features of one candidate at one hop.
    targets : ndarray of uint8, shape (n, 2)
        Whether the candidate sounds, and whether it has just begun.
    """

    rows: NDArray[np.float16]
    targets: NDArray[np.uint8]


def examples_of(phrase: Phrase, hop: int, seed: int) -> Examples:
    """Rows of one labelled recording.

    Parameters
    ----------
    phrase : Phrase
        Sound and labels.
    hop : int
        Samples from one hop to the next.
    seed : int
        Decides which rows are taken.
    """
    rng = np.random.default_rng(seed)
    stream = make_stream(TrackerConfig(hop=hop), phrase.rate_hz)
    labels = _Labels(phrase, hop)
    rows: list[NDArray[np.float16]] = []
    targets: list[NDArray[np.uint8]] = []
    hops = Hopper(hop).push(phrase.samples)
    for first in range(0, len(hops), MANY_HOPS):
        matrix = stream.analyse(hops[first : first + MANY_HOPS]).matrix
        rivals = np.argpartition(matrix[:, :, _FIT], -_RIVALS, axis=1)[:, -_RIVALS:].tolist()
        taken = _Taken([], [], [], [])
        for k in range(len(matrix)):
            exact, since_s, before = labels.at(first + k)
            note = None if exact is None else round(exact)
            dense = note is not None and since_s < _DENSE_S
            if dense or not (first + k) % _STRIDE:
                taken.add(k, _candidates(note, before, rivals[k], rng), exact, since_s < ONSET_MS / 1000.0)
        if taken.hops:
            taken.append_to(matrix, rows, targets)
    return Examples(np.concatenate(rows), np.concatenate(targets))


@dataclass(frozen=True, slots=True)
class _Taken:
    """Candidates of some hops: which hop, which candidate, where the note that sounds is, whether it has just begun."""

    hops: list[int]
    candidates: list[int]
    notes: list[float]
    begun: list[bool]

    def add(self, hop: int, candidates: list[int], exact: float | None, begun: bool) -> None:
        n = len(candidates)
        self.hops.extend([hop] * n)
        self.candidates.extend(candidates)
        self.notes.extend([np.inf if exact is None else exact] * n)
        self.begun.extend([begun] * n)

    def append_to(self, matrix: FloatArray, rows: list[NDArray[np.float16]], targets: list[NDArray[np.uint8]]) -> None:
        """Rows and targets of those that are clearly the note or clearly not."""
        candidates = np.array(self.candidates)
        away = np.abs(candidates - np.array(self.notes))
        clear = (away < _SAME) | (away > _OTHER)
        same = away[clear] < _SAME
        target = np.zeros((len(same), 2), np.uint8)
        target[:, 0], target[:, 1] = same, same & np.array(self.begun)[clear]
        rows.append(matrix[np.array(self.hops)[clear], candidates[clear]].astype(np.float16))
        targets.append(target)


def _candidates(note: int | None, before: int | None, rivals: list[int], rng: np.random.Generator) -> list[int]:
    chosen = {*rivals, *rng.integers(N_CANDIDATES, size=_RANDOM).tolist()}
    if before is not None:
        chosen.add(before)
    if note is not None:
        chosen.update(_RELATED_TO[note])
    else:
        chosen.update(rng.integers(N_CANDIDATES, size=_RANDOM).tolist())
    return sorted(chosen)


class _Labels:
    """Which note sounds at the newest sample of each hop, since when, and which one before it."""

    def __init__(self, phrase: Phrase, hop: int) -> None:
        self._hop_s = hop / phrase.rate_hz
        self._onsets_s: list[float] = phrase.notes[:, 0].tolist()
        self._offsets_s: list[float] = phrase.notes[:, 1].tolist()
        self._pitches: list[float] = (phrase.notes[:, 2] - LOWEST_MIDI).tolist()

    def at(self, hop_index: int) -> tuple[float | None, float, int | None]:
        """Candidate of the note as a fraction, seconds since its onset, and the candidate before it."""
        time_s = (hop_index + 1) * self._hop_s
        i = bisect_right(self._onsets_s, time_s) - 1
        if i < 0:
            return None, 0.0, None
        if time_s >= self._offsets_s[i]:
            return None, 0.0, self._candidate(i)
        exact = self._pitches[i] if self._candidate(i) is not None else None
        return exact, time_s - self._onsets_s[i], self._candidate(i - 1) if i else None

    def _candidate(self, i: int) -> int | None:
        candidate = round(self._pitches[i])
        return candidate if 0 <= candidate < N_CANDIDATES else None
