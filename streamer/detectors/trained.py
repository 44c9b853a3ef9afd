"""The trained detector: the model's score of every candidate."""

from streamer.analysis.evidence import Evidence, FeatureEvidence
from streamer.analysis.level import Levels
from streamer.analysis.native import NativePitches, make_stream
from streamer.analysis.network import Network
from streamer.config import TrackerConfig
from streamer.detectors.base import Detector, feature_evidence
from streamer.events import FloatArray


class TrainedDetector(Detector):
    """Score every candidate with a trained network.

    Parameters
    ----------
    config : TrackerConfig
        Settings.
    rate_hz : int
        Sample rate of the hops.
    scorer : Network
        `streamer.model.Model.scorer`.
    """

    def __init__(self, config: TrackerConfig, rate_hz: int, scorer: Network) -> None:
        self._scorer = scorer
        super().__init__(config, rate_hz)

    def reset(self) -> None:
        """As in `Detector`."""
        super().reset()
        self._stream = make_stream(self.config, self.rate_hz)

    def _evidence(self, hops: FloatArray, levels: Levels) -> Evidence:
        batch, scorer = self._stream.analyse(hops), self._scorer.compiled
        if isinstance(batch.pitch, NativePitches) and scorer is not None:
            scored = batch.pitch.scored(batch.matrix, scorer)
            return FeatureEvidence(*scored, levels, batch.matrix, batch.pitch)
        odds = self._scorer.log_odds(batch.matrix)
        return feature_evidence(odds[:, :, 0], odds[:, :, 1], levels, batch)
