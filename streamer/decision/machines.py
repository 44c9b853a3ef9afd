"""Which note machine goes with a model."""

from streamer.analysis.network import Network
from streamer.config import TrackerConfig
from streamer.decision.by_thresholds import ThresholdMachine
from streamer.decision.by_verifier import VerifierMachine
from streamer.decision.machine import NoteMachine
from streamer.decision.thresholds import USUAL, Thresholds
from streamer.decision.verifier import verify_with


def make_machine(
    config: TrackerConfig, hop_ms: float, verifier: Network | None = None, thresholds: Thresholds = USUAL
) -> NoteMachine:
    """A note machine that asks a verifier; without one, thresholds alone decide.

    Parameters
    ----------
    config : TrackerConfig
        Range of notes and eagerness.
    hop_ms : float
        Time between two hops.
    verifier : Network or None
        The model's.
    thresholds : Thresholds
        How much evidence is asked for.
    """
    if verifier is None:
        return ThresholdMachine(config, hop_ms, thresholds)
    return VerifierMachine(config, hop_ms, verify_with(verifier), thresholds)
