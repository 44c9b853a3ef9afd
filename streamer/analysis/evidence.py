"""What the analysis of consecutive hops says: all that the decision on notes is made from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.finepitch import FinePitches
from streamer.analysis.level import Levels
from streamer.config import HIGHEST_MIDI, LOWEST_MIDI
from streamer.events import FloatArray

ONSET_MS = 45.0
N_CANDIDATES = HIGHEST_MIDI - LOWEST_MIDI + 1


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Evidence of consecutive hops. Nobody changes its arrays, so several deciders may share it.

    Attributes
    ----------
    scores : ndarray of float32, shape (hops, 88)
        For each note from A0 to C8, the log odds that it sounds at the hop's newest sample.
    onset_scores : ndarray of float32, shape (hops, 88)
        For each note, the log odds that it has begun, or been struck again, within the last `ONSET_MS`.
    likeliest : ndarray of int, shape (hops,)
        The candidate with the highest score.
    f0_hz : ndarray of float64, shape (hops,)
        Fine pitch of that candidate; 0 where there is none.
    age : ndarray of int, shape (hops,)
        Samples from the centre of what this pitch was measured on to the hop's newest sample.
    levels : Levels
        How loud the hops are.
    """

    scores: FloatArray
    onset_scores: FloatArray
    likeliest: NDArray[np.intp]
    f0_hz: NDArray[np.float64]
    age: NDArray[np.int64]
    levels: Levels

    def __len__(self) -> int:
        """How many hops."""
        return len(self.scores)

    @property
    def has_features(self) -> bool:
        """Whether `features_of` knows anything."""
        return False

    def features_of(self, hop: int, candidates: Sequence[int]) -> FloatArray:
        """Features of some candidates at one hop (`streamer.analysis.features`), shape (candidates, features).

        Parameters
        ----------
        hop : int
            Index of the hop in this evidence.
        candidates : sequence of int
            0 to 87.
        """
        raise NotImplementedError

    def pitch_of(self, hop: int, candidate: int) -> float:  # noqa: ARG002 - one pitch a hop is all there is
        """Fine pitch in Hz of any candidate at one hop; 0 where there is none.

        Parameters
        ----------
        hop : int
            Index of the hop in this evidence.
        candidate : int
            0 to 87.
        """
        return float(self.f0_hz[hop])


@dataclass(frozen=True, slots=True, eq=False)
class FeatureEvidence(Evidence):
    """Evidence with the features that it was scored from.

    Attributes
    ----------
    features : ndarray of float32, shape (hops, 88, features)
        As of `streamer.analysis.features`.
    pitch : FinePitches
        Measures any candidate's pitch on demand.
    """

    features: FloatArray
    pitch: FinePitches

    @property
    def has_features(self) -> bool:
        """True."""
        return True

    def features_of(self, hop: int, candidates: Sequence[int]) -> FloatArray:
        """As in `Evidence`."""
        rows: FloatArray = self.features[hop, np.asarray(candidates)]
        return rows

    def pitch_of(self, hop: int, candidate: int) -> float:
        """As in `Evidence`."""
        return self.pitch.at(hop, candidate)[0]
