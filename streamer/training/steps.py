"""The steps of a training, known before it begins, so that what is left of it can be estimated."""

from dataclasses import dataclass

from streamer.model import Model
from streamer.training.settings import Settings
from streamer.training.train import HELD_OUT_SHARE, LEARNING, MAKING, TESTING
from streamer.training.verifier import ANALYSING, ROUNDS, VERIFYING

# Relative times of one piece in each step. Only their ratios matter, and they are about right for adapting with the
# default settings; what is left is estimated from the pace so far, so it mends itself as the training goes on.
_FEATURES_WEIGHT = 1.0
_EPOCH_WEIGHT = 0.06
_ANALYSIS_WEIGHT = 0.5
_ROUND_WEIGHT = 0.06


@dataclass(frozen=True, slots=True)
class Step:
    """One of the steps, named as progress names it.

    Attributes
    ----------
    name : str
        What is being done.
    size : int
        How much of it there is to do.
    weight : float
        How long one of these takes, relative to those of other steps.
    """

    name: str
    size: int
    weight: float


def steps_of(settings: Settings, start: Model | None) -> list[Step]:
    """The steps that `streamer.training.train.train` reports, in order.

    Parameters
    ----------
    settings : Settings
        How it trains.
    start : Model or None
        The model that it begins with.
    """
    pieces = settings.pieces
    steps = [Step(MAKING, pieces, _FEATURES_WEIGHT)]
    if settings.estimator != "logistic":  # which is fitted at once
        steps.append(Step(LEARNING, settings.epochs, _EPOCH_WEIGHT * pieces))
    if settings.hold_out:
        steps.append(Step(TESTING, -(-pieces // HELD_OUT_SHARE), _FEATURES_WEIGHT))
    if settings.verifier_share and (start is None or start.verifier is not None):
        led, rounds = settings.verifier_pieces, ROUNDS if start is None else 1
        steps.append(Step(ANALYSING, led, _ANALYSIS_WEIGHT))
        steps += [Step(f"{VERIFYING} {turn + 1}", led, _ROUND_WEIGHT) for turn in range(rounds)]
    return steps
