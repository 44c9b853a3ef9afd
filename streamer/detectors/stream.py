"""From hops to the features of every candidate: what live detection and training have in common."""

import numpy as np

from streamer.analysis.features import Features
from streamer.analysis.finepitch import fine_pitch
from streamer.analysis.framing import Pyramid
from streamer.analysis.spectrum import Spectra
from streamer.config import TrackerConfig
from streamer.events import FloatArray

_OFFSET_S = 0.25  # time constant of that mean


class FeatureStream:
    """Look at hops, one after the other.

    Parameters
    ----------
    config : TrackerConfig
        Settings; ``hop`` and ``a4_hz`` are used.
    rate_hz : int
        Sample rate of the hops.
    """

    def __init__(self, config: TrackerConfig, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        hop = config.hop_at(rate_hz)
        self._offset, self._offset_share = 0.0, min(1.0, hop / rate_hz / _OFFSET_S)
        self._pyramid = Pyramid(rate_hz, hop)
        self._spectra = Spectra()
        self._features = Features(hop / rate_hz, config.a4_hz)

    def matrix(self, hop: FloatArray) -> FloatArray:
        """Features of every candidate after this hop, shape (88, features); overwritten by the next call."""
        # What some converters add to every sample would sound at every period: the slowly followed mean is taken off.
        self._offset += self._offset_share * (float(np.add.reduce(hop)) / len(hop) - self._offset)
        self._pyramid.push(hop - np.float32(self._offset))
        self._spectra.update(self._pyramid.levels)
        return self._features.update(self._spectra, self._pyramid.levels)

    def pitch(self, candidate: int) -> tuple[float, int]:
        """Fine pitch of a candidate in Hz, and its age in samples, as `streamer.detectors.base.Detector.pitch`."""
        f0_hz, age_s = fine_pitch(self._spectra, self._features, candidate)
        return f0_hz, round(age_s * self._rate_hz)
