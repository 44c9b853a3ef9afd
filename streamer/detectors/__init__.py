"""Pitch detectors, by name."""

from streamer.analysis.network import Network
from streamer.config import TrackerConfig
from streamer.detectors.aubio import METHODS, AubioDetector
from streamer.detectors.base import Detector
from streamer.detectors.correlation import CorrelationDetector
from streamer.detectors.textbook import PeakDetector, PhaseDetector
from streamer.detectors.trained import TrainedDetector
from streamer.errors import ConfigError

TRAINED = "trained"
_PLAIN: dict[str, tuple[type[Detector], str]] = {
    "correlation": (CorrelationDetector, "normalised autocorrelation in several windows, no training"),
    **{method: (AubioDetector, f"aubio's {method}, window 46 ms") for method in METHODS},
    "peak": (PeakDetector, "the highest FFT peak; a textbook baseline"),
    "phase": (PhaseDetector, "the phase of the peak that rises most; a textbook baseline"),
}
DETECTORS = {
    TRAINED: "a small trained network scores every note; the default",
    **{name: summary for name, (_, summary) in _PLAIN.items()},
}


def make_detector(config: TrackerConfig, rate_hz: int, scorer: Network | None = None) -> Detector:
    """The detector that ``config`` names.

    Parameters
    ----------
    config : TrackerConfig
        Settings.
    rate_hz : int
        Sample rate of the stream.
    scorer : Network or None
        What the detector ``trained`` scores with.

    Raises
    ------
    ConfigError
        If there is none of that name, or it lacks its scorer.
    """
    if config.detector == TRAINED:
        if scorer is None:
            raise ConfigError("the detector 'trained' needs a model")
        return TrainedDetector(config, rate_hz, scorer)
    if config.detector not in _PLAIN:
        raise ConfigError(f"there is no detector {config.detector!r}; choose from {', '.join(DETECTORS)}")
    return _PLAIN[config.detector][0](config, rate_hz)
