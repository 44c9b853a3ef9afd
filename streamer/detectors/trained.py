"""The trained detector: the classifier's opinion of every candidate."""

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from streamer.analysis.evidence import Hearing
from streamer.config import TrackerConfig
from streamer.detectors.base import Detector
from streamer.detectors.stream import FeatureStream
from streamer.errors import ModelError
from streamer.events import FloatArray
from streamer.model import Classifier, load

SHIPPED = "default.model"


class TrainedDetector(Detector):
    """Score every candidate with a trained classifier.

    Parameters
    ----------
    config : TrackerConfig
        Settings.
    rate_hz : int
        Sample rate of the hops.
    classifier : Classifier or None
        None for the one that ``config`` names, or else the one that comes with the package.
    """

    def __init__(self, config: TrackerConfig, rate_hz: int, classifier: Classifier | None = None) -> None:
        super().__init__(config, rate_hz)
        self._classifier = classifier or (load(Path(config.model)) if config.model else shipped_classifier())
        self.judge, self.thresholds = self._classifier.judge, self._classifier.thresholds
        self._stream = FeatureStream(config, rate_hz)

    def hear(self, hop: FloatArray) -> Hearing:
        """As in `Detector`."""
        matrix = self._stream.matrix(hop)
        odds = self._classifier.log_odds(matrix)
        return Hearing(odds[:, 0], odds[:, 1], matrix)

    def pitch(self, candidate: int) -> tuple[float, int]:
        """As in `Detector`."""
        return self._stream.pitch(candidate)


@cache
def shipped_classifier() -> Classifier:
    """The model that comes with the package.

    Raises
    ------
    ModelError
        If it is missing: the installation is damaged.
    """
    resource = files("streamer") / "models" / SHIPPED
    if not resource.is_file():
        raise ModelError("the package's own model is missing; install streamer again")
    with as_file(resource) as path:
        return load(path)
