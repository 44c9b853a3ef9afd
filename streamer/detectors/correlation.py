"""The detector without training: normalised autocorrelation in several windows, checked against the spectrum."""

import numpy as np

from streamer.analysis.evidence import N_CANDIDATES, Evidence
from streamer.analysis.features import NAMES
from streamer.analysis.level import Levels
from streamer.analysis.native import make_stream
from streamer.detectors.base import SURE, Detector, LevelRise, feature_evidence
from streamer.events import FloatArray

_COLUMN = {name: i for i, name in enumerate(NAMES)}
_CLARITY = 0.82  # correlation at which a period is as likely as not
_SHARPNESS = 25.0


class CorrelationDetector(Detector):
    """Score each candidate by how well its period explains the newest samples, shorter periods first.

    Source: the choice among peaks follows McLeod & Wyvill 2005, section 5: of all periods that explain the signal
    almost equally well the shortest is the pitch, since its multiples explain it just as well.
    """

    def reset(self) -> None:
        """As in `Detector`."""
        super().reset()
        self._stream = make_stream(self.config, self.rate_hz)
        self._rise = LevelRise(self.config.hop, self.rate_hz)

    def _evidence(self, hops: FloatArray, levels: Levels) -> Evidence:
        batch = self._stream.analyse(hops)
        scores = np.full((len(hops), N_CANDIDATES), -SURE, np.float32)
        onset_scores = np.empty_like(scores)
        for k, hop in enumerate(hops):
            _score(batch.matrix[k], scores[k])
            onset_scores[k] = self._rise.update(hop)
        return feature_evidence(scores, onset_scores, levels, batch)


def _score(m: FloatArray, scores: FloatArray) -> None:
    """Set the score of the candidate that explains the newest samples best, from the features of all."""
    clarity = np.minimum(m[:, _COLUMN["correlation_100_at_1.00"]], m[:, _COLUMN["correlation_100_at_base"]])
    clarity = np.minimum(clarity, 0.5 + 0.5 * m[:, _COLUMN["correlation_40_at_base"]])
    if float(clarity.max()) > 0.3:
        # A true period's half does not explain the signal; a multiple of it does, and its half too.
        half = np.maximum(m[:, _COLUMN["correlation_100_at_0.50"]], m[:, _COLUMN["correlation_100_at_0.33"]])
        strong = m[:, _COLUMN["harmonics_256_below_best"]]
        merit = clarity - 0.35 * np.maximum(half, 0.0) + 0.02 * np.maximum(strong, -8.0)
        merit = merit - 0.04 * m[:, _COLUMN["detune"]]
        winner = int(np.argmax(merit))
        scores[winner] = _SHARPNESS * (clarity[winner] - _CLARITY)
