"""Pitch detectors, by name."""

from streamer.config import TrackerConfig
from streamer.detectors.base import Detector
from streamer.detectors.correlation import CorrelationDetector
from streamer.errors import ConfigError

DETECTORS = {
    "default": "the best there is here",
    "correlation": "normalised autocorrelation in several windows, no training",
}


def make_detector(config: TrackerConfig, rate_hz: int) -> Detector:
    """The detector that ``config`` names.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    name = config.detector
    if name not in DETECTORS:
        raise ConfigError(f"there is no detector {name!r}; choose from {', '.join(DETECTORS)}")
    return CorrelationDetector(config, rate_hz)
