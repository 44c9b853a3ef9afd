"""The seam between what listens for pitch and the note machine."""

import math
from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np

from streamer.analysis.evidence import N_CANDIDATES, Hearing
from streamer.analysis.network import Network
from streamer.config import LOWEST_MIDI, TrackerConfig
from streamer.decision.thresholds import USUAL, Thresholds
from streamer.events import FloatArray
from streamer.units import hz_to_midi

SURE = 9.0  # log odds of what is as good as certain


def log_odds(probability: float) -> float:
    """Natural logarithm of the odds, within +-`SURE`."""
    p = min(max(probability, 1e-4), 1.0 - 1e-4)
    return math.log(p / (1.0 - p))


class Detector(ABC):
    """Listens to hops, one after the other.

    Parameters
    ----------
    config : TrackerConfig
        Settings; a detector uses ``hop`` and ``a4_hz``.
    rate_hz : int
        Sample rate of the hops.

    Attributes
    ----------
    judge : Network or None
        What judges whether a note begins (`streamer.decision.verifier`), from a detector that tells its features.
    thresholds : Thresholds
        How much evidence a note needs.
    """

    judge: Network | None = None
    thresholds: Thresholds = USUAL

    def __init__(self, config: TrackerConfig, rate_hz: int) -> None:
        self.config = replace(config, hop=config.hop_at(rate_hz))
        self.rate_hz = rate_hz

    @abstractmethod
    def hear(self, hop: FloatArray) -> Hearing:
        """Take the next hop, shape (hop,). The arrays returned are overwritten by the next call."""

    @abstractmethod
    def pitch(self, candidate: int) -> tuple[float, int]:
        """Fine pitch of one candidate at the latest hop, and how long ago it was so.

        Returns
        -------
        f0_hz : float
            Frequency.
        age : int
            Samples between the centre of what this was measured on and the newest sample.
        """


class PitchOnlyDetector(Detector):
    """A detector that names one frequency per hop; beginnings are told from the level alone."""

    def __init__(self, config: TrackerConfig, rate_hz: int) -> None:
        super().__init__(config, rate_hz)
        self._sounding = np.zeros(N_CANDIDATES, np.float32)
        self._begun = np.zeros(N_CANDIDATES, np.float32)
        self._f0_hz = 0.0
        self._rise = LevelRise(self.config.hop, rate_hz)

    @abstractmethod
    def estimate(self, hop: FloatArray) -> tuple[float, float]:
        """Frequency in Hz (0: none) and confidence in [0, 1] after this hop."""

    @property
    @abstractmethod
    def age(self) -> int:
        """Samples from the centre of the window to the newest sample."""

    def hear(self, hop: FloatArray) -> Hearing:
        """As in `Detector`."""
        f0_hz, confidence = self.estimate(hop)
        self._sounding[:] = -SURE
        self._begun[:] = self._rise.update(hop)
        self._f0_hz = f0_hz
        if f0_hz > 0.0:
            candidate = round(hz_to_midi(f0_hz, self.config.a4_hz)) - LOWEST_MIDI
            if 0 <= candidate < N_CANDIDATES:
                self._sounding[candidate] = log_odds(confidence)
        return Hearing(self._sounding, self._begun)

    def pitch(self, candidate: int) -> tuple[float, int]:  # noqa: ARG002 - there is but one
        """As in `Detector`."""
        return self._f0_hz, self.age


class LevelRise:
    """How likely it is that a sound has just begun, told from the level alone.

    The newest 8 ms against the quietest 8 ms of the 50 before: a rise of 6 dB is as likely as not, 12 dB is sure.
    """

    def __init__(self, hop: int, rate_hz: int) -> None:
        self._short = max(1, round(0.008 * rate_hz / hop))
        self._powers = np.full(self._short + max(1, round(0.05 * rate_hz / hop)), 1e-9)

    def update(self, hop: FloatArray) -> float:
        """Log odds that a sound has begun within the last milliseconds."""
        self._powers[:-1] = self._powers[1:]
        self._powers[-1] = float(hop.dot(hop)) / len(hop) + 1e-9
        smooth = np.convolve(self._powers, np.full(self._short, 1.0 / self._short), "valid")
        rise_db = 10.0 * np.log10(smooth[-1] / smooth.min())
        return min(SURE, float(rise_db) - 6.0)
