"""Pitch detectors, by name."""

from streamer.config import TrackerConfig
from streamer.detectors.aubio import METHODS, AubioDetector
from streamer.detectors.base import Detector
from streamer.detectors.correlation import CorrelationDetector
from streamer.detectors.textbook import PeakDetector, PhaseDetector
from streamer.detectors.trained import TrainedDetector
from streamer.errors import ConfigError

_MAKERS: dict[str, tuple[type[Detector], str]] = {
    "trained": (TrainedDetector, "a small trained classifier scores every note; the default"),
    "correlation": (CorrelationDetector, "normalised autocorrelation in several windows, no training"),
    **{method: (AubioDetector, f"aubio's {method}, window 46 ms") for method in METHODS},
    "peak": (PeakDetector, "the highest FFT peak; a textbook baseline"),
    "phase": (PhaseDetector, "the phase of the peak that rises most; a textbook baseline"),
}
DETECTORS = {name: summary for name, (_, summary) in _MAKERS.items()}


def make_detector(config: TrackerConfig, rate_hz: int) -> Detector:
    """The detector that ``config`` names.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if config.detector not in _MAKERS:
        raise ConfigError(f"there is no detector {config.detector!r}; choose from {', '.join(_MAKERS)}")
    return _MAKERS[config.detector][0](config, rate_hz)
