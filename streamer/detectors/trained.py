"""The trained detector: the model's score of every candidate."""

from streamer.analysis.evidence import Evidence
from streamer.analysis.level import Levels
from streamer.analysis.native import make_stream
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
        batch = self._stream.analyse(hops)
        odds = self._scorer.log_odds(batch.matrix)
        return feature_evidence(odds[:, :, 0], odds[:, :, 1], levels, batch)
