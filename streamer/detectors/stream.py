"""From hops to the features of every candidate: what live detection and training have in common."""

from streamer.config import TrackerConfig
from streamer.events import FloatArray
from streamer.features import Features
from streamer.finepitch import fine_pitch
from streamer.framing import Pyramid
from streamer.spectrum import Spectra


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
        self._pyramid = Pyramid(rate_hz, hop)
        self._spectra = Spectra()
        self._features = Features(hop / rate_hz, config.a4_hz)

    def matrix(self, hop: FloatArray) -> FloatArray:
        """Features of every candidate after this hop, shape (88, features); overwritten by the next call."""
        self._pyramid.push(hop)
        self._spectra.update(self._pyramid.levels)
        return self._features.update(self._spectra, self._pyramid.levels)

    def pitch(self, candidate: int) -> tuple[float, int]:
        """Fine pitch of a candidate in Hz, and its age in samples, as `streamer.detectors.base.Detector.pitch`."""
        f0_hz, age_s = fine_pitch(self._spectra, self._features, candidate)
        return f0_hz, round(age_s * self._rate_hz)
