"""The seam between what estimates pitch and the decision on notes."""

import math
from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np

from streamer.analysis.evidence import N_CANDIDATES, Evidence, FeatureEvidence
from streamer.analysis.level import LevelMeter, Levels
from streamer.analysis.native import make_meter
from streamer.analysis.stream import FeatureBatch
from streamer.config import LOWEST_MIDI, RATES_HZ, TrackerConfig
from streamer.errors import ConfigError
from streamer.events import FloatArray
from streamer.units import hz_to_midi

SURE = 9.0  # log odds of what is as good as certain


def log_odds(probability: float) -> float:
    """Natural logarithm of the odds, within +-`SURE`."""
    p = min(max(probability, 1e-4), 1.0 - 1e-4)
    return math.log(p / (1.0 - p))


class Detector(ABC):
    """Analyses hops, one after the other or many at once.

    Parameters
    ----------
    config : TrackerConfig
        Settings; a detector uses ``hop`` and ``a4_hz``.
    rate_hz : int
        Sample rate of the hops.

    Raises
    ------
    ConfigError
        If the rate is out of range.
    """

    def __init__(self, config: TrackerConfig, rate_hz: int) -> None:
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise ConfigError(f"the sample rate is {rate_hz} Hz, but must be from {RATES_HZ[0]} to {RATES_HZ[1]}")
        self.config = replace(config, hop=config.hop_at(rate_hz))
        self.rate_hz = rate_hz
        self.reset()

    def reset(self) -> None:
        """Forget all past hops. A detector with a past of its own extends this, and so begins."""
        self._meter: LevelMeter = make_meter(self.config.hop, self.rate_hz)

    def analyse(self, hops: FloatArray) -> Evidence:
        """Evidence of the next hops, shape (n, hop); the same, to the bit, however many are given at once.

        Parameters
        ----------
        hops : ndarray of float32, shape (n, hop)
            Consecutive hops, mono, full scale +-1.
        """
        return self._evidence(*self._meter.measure(hops))

    @abstractmethod
    def _evidence(self, hops: FloatArray, levels: Levels) -> Evidence:
        """What a detector makes of the next hops; their samples are finite."""


def feature_evidence(
    scores: FloatArray, onset_scores: FloatArray, levels: Levels, batch: FeatureBatch
) -> FeatureEvidence:
    """Evidence from scores of candidates and the features that they were made from.

    Parameters
    ----------
    scores : ndarray of float32, shape (n, 88)
        Log odds that each candidate sounds.
    onset_scores : ndarray of float32, shape (n, 88)
        Log odds that it has just begun.
    levels : Levels
        Of the same hops.
    batch : FeatureBatch
        Of the same hops.
    """
    likeliest = scores.argmax(axis=1)
    f0_hz, age = batch.pitch.of_each(likeliest)
    return FeatureEvidence(scores, onset_scores, likeliest, f0_hz, age, levels, batch.matrix, batch.pitch)


class PitchOnlyDetector(Detector):
    """A detector that names one frequency per hop; onsets are found from the level alone."""

    def reset(self) -> None:
        """As in `Detector`."""
        super().reset()
        self._rise = LevelRise(self.config.hop, self.rate_hz)

    @abstractmethod
    def estimate(self, hop: FloatArray) -> tuple[float, float]:
        """Frequency in Hz (0: none) and confidence in [0, 1] after this hop.

        Parameters
        ----------
        hop : ndarray of float32, shape (hop,)
            Mono, full scale +-1.
        """

    @property
    @abstractmethod
    def age(self) -> int:
        """Samples from the centre of the window to the newest sample."""

    def _evidence(self, hops: FloatArray, levels: Levels) -> Evidence:
        scores = np.full((len(hops), N_CANDIDATES), -SURE, np.float32)
        onset_scores = np.empty_like(scores)
        f0_hz = np.zeros(len(hops))
        for k, hop in enumerate(hops):
            f0_hz[k], confidence = self.estimate(hop)
            onset_scores[k] = self._rise.update(hop)
            if f0_hz[k] > 0.0:
                candidate = round(hz_to_midi(float(f0_hz[k]), self.config.reference_hz)) - LOWEST_MIDI
                if 0 <= candidate < N_CANDIDATES:
                    scores[k, candidate] = log_odds(confidence)
        age = np.full(len(hops), self.age, np.int64)
        return Evidence(scores, onset_scores, scores.argmax(axis=1), f0_hz, age, levels)


class LevelRise:
    """How likely it is that a sound has just begun, found from the level alone.

    The newest 8 ms against the quietest 8 ms of the 50 before: a rise of 6 dB is as likely as not, 12 dB is sure.

    Parameters
    ----------
    hop : int
        Samples from one hop to the next.
    rate_hz : int
        Samples per second.
    """

    def __init__(self, hop: int, rate_hz: int) -> None:
        self._short = max(1, round(0.008 * rate_hz / hop))
        self._powers = np.full(self._short + max(1, round(0.05 * rate_hz / hop)), 1e-9)

    def update(self, hop: FloatArray) -> float:
        """Log odds that a sound has begun within the last milliseconds.

        Parameters
        ----------
        hop : ndarray of float32, shape (hop,)
            Mono, full scale +-1.
        """
        self._powers[:-1] = self._powers[1:]
        self._powers[-1] = float(hop.dot(hop)) / len(hop) + 1e-9
        smooth = np.convolve(self._powers, np.full(self._short, 1.0 / self._short), "valid")
        rise_db = 10.0 * np.log10(smooth[-1] / smooth.min())
        return min(SURE, float(rise_db) - 6.0)
