"""From hops to the features of every candidate: what live detection and training have in common."""

from dataclasses import dataclass

import numpy as np

from streamer.analysis.features import FeatureExtractor
from streamer.analysis.finepitch import FinePitches
from streamer.analysis.framing import Pyramid
from streamer.analysis.spectrum import SpectrumAnalyser
from streamer.config import TrackerConfig
from streamer.events import FloatArray

_OFFSET_S = 0.25  # time constant of the mean that is taken off
_LONGEST = 2  # of the correlation windows


@dataclass(frozen=True, slots=True, eq=False)
class FeatureBatch:
    """Features of some hops.

    Attributes
    ----------
    matrix : ndarray of float32, shape (hops, 88, features)
        As of `streamer.analysis.features`.
    pitch : FinePitches
        Measures any candidate's pitch.
    """

    matrix: FloatArray
    pitch: FinePitches


class FeatureStream:
    """Look at hops, one after the other or many at once: the features are the same, to the bit.

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
        self._offset, self._offset_share = 0.0, offset_share(hop, rate_hz)
        self._pyramid = Pyramid(rate_hz, hop)
        self._spectrum = SpectrumAnalyser()
        self._features = FeatureExtractor(hop / rate_hz, config.reference_hz)

    def analyse(self, hops: FloatArray) -> FeatureBatch:
        """Features of every candidate after each of the next hops, shape (n, hop).

        Parameters
        ----------
        hops : ndarray of float32, shape (n, hop)
            Consecutive hops, mono, full scale +-1.
        """
        # What some converters add to every sample would sound at every period: the slowly followed mean is taken off.
        offsets = []
        for total in np.add.reduce(hops, axis=1).tolist():
            self._offset += self._offset_share * (total / hops.shape[1] - self._offset)
            offsets.append(self._offset)
        levels = self._pyramid.push(hops - np.array(offsets).astype(np.float32)[:, None])
        spectra = self._spectrum.analyse(levels)
        matrix, period_ratio = self._features.extract(spectra, levels)
        pitch = FinePitches(spectra.correlation[:, _LONGEST], self._features, period_ratio, self._rate_hz)
        return FeatureBatch(matrix, pitch)


def offset_share(hop: int, rate_hz: int) -> float:
    """By how much of its distance the mean that is taken off follows each hop's mean.

    Parameters
    ----------
    hop : int
        Samples per hop.
    rate_hz : int
        Their rate.
    """
    return min(1.0, hop / rate_hz / _OFFSET_S)
