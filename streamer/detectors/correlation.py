"""The detector without training: normalised autocorrelation in several windows, checked against the spectrum."""

import numpy as np

from streamer.analysis.evidence import N_CANDIDATES, Hearing
from streamer.analysis.features import NAMES
from streamer.config import TrackerConfig
from streamer.detectors.base import SURE, Detector, LevelRise
from streamer.detectors.stream import FeatureStream
from streamer.events import FloatArray

_COLUMN = {name: i for i, name in enumerate(NAMES)}
_CLARITY = 0.82  # correlation at which a period is as likely as not
_SHARPNESS = 25.0


class CorrelationDetector(Detector):
    """Score each candidate by how well its period explains the newest samples, shorter periods first.

    Source: the choice among peaks follows McLeod & Wyvill 2005, section 5: of all periods that explain the signal
    almost equally well the shortest is the pitch, since its multiples explain it just as well.
    """

    def __init__(self, config: TrackerConfig, rate_hz: int) -> None:
        super().__init__(config, rate_hz)
        self._stream = FeatureStream(config, rate_hz)
        self._rise = LevelRise(self.config.hop, rate_hz)
        self._sounding = np.zeros(N_CANDIDATES, np.float32)
        self._begun = np.zeros_like(self._sounding)

    def hear(self, hop: FloatArray) -> Hearing:
        """As in `Detector`."""
        m = self._stream.matrix(hop)
        clarity = np.minimum(m[:, _COLUMN["correlation_100_at_1.00"]], m[:, _COLUMN["correlation_100_at_base"]])
        clarity = np.minimum(clarity, 0.5 + 0.5 * m[:, _COLUMN["correlation_40_at_base"]])
        best = float(clarity.max())
        self._sounding[:] = -SURE
        if best > 0.3:
            # A true period's half does not explain the signal; a multiple of it does, and its half too.
            half = np.maximum(m[:, _COLUMN["correlation_100_at_0.50"]], m[:, _COLUMN["correlation_100_at_0.33"]])
            strong = m[:, _COLUMN["harmonics_256_below_best"]]
            merit = clarity - 0.35 * np.maximum(half, 0.0) + 0.02 * np.maximum(strong, -8.0)
            merit = merit - 0.04 * m[:, _COLUMN["detune"]]
            winner = int(np.argmax(merit))
            self._sounding[winner] = _SHARPNESS * (clarity[winner] - _CLARITY)
        self._begun[:] = self._rise.update(hop)
        return Hearing(self._sounding, self._begun)

    def pitch(self, candidate: int) -> tuple[float, int]:
        """As in `Detector`."""
        return self._stream.pitch(candidate)
