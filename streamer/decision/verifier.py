"""The verifier: a small network that says whether a note begins, and since when, from its onset context."""

from collections.abc import Callable, Sequence

import numpy as np

from streamer.analysis.network import Network
from streamer.decision.onset_context import AGES_MS, RISES_DB
from streamer.events import FloatArray

Verify = Callable[[Sequence[int], FloatArray], FloatArray]
"""Candidates and their onset contexts -> log odds, shape (candidates, len(OUTPUTS))."""

_YOUNGER, _RISES = slice(1, 1 + len(AGES_MS)), slice(1 + len(AGES_MS), None)  # of the outputs
_PROBABLE = 0.7  # with which a note is older than the second of the two ages that its date lies halfway between
OLDEST_MS = 300.0  # the belief that a note is older falls from the last of the verifier's ages to nothing here


def verify_with(network: Network) -> Verify:
    """A network as the verifier of a note machine."""
    return lambda _, contexts: network.log_odds(contexts)


def began_ms_ago(log_odds: FloatArray) -> float:
    """How long ago a note began that is held to be right, shape (len(OUTPUTS),).

    Halfway between the mean of what the outputs say and an age that it probably exceeds. Where both a consonant that is
    already sung and the vowel after it may be the beginning, the mean is too early.

    Parameters
    ----------
    log_odds : ndarray of float32, shape (len(OUTPUTS),)
        What the verifier says.
    """
    older = np.minimum.accumulate(1.0 - _given_right(log_odds, _YOUNGER))
    ages_ms, older = (*AGES_MS, OLDEST_MS), np.append(older, 0.0)
    mean_ms = np.trapezoid(older, ages_ms)
    probable_ms = np.interp(-_PROBABLE, -older, ages_ms)
    return float(0.5 * (mean_ms + probable_ms))


def rises_by_db(log_odds: FloatArray) -> float:
    """By how much the level of a note that is held to be right is yet to rise, in dB.

    The mean of what the outputs say: that it rises by more than each of `RISES_DB`.

    Parameters
    ----------
    log_odds : ndarray of float32, shape (len(OUTPUTS),)
        What the verifier says.
    """
    more = np.minimum.accumulate(_given_right(log_odds, _RISES))
    return float(np.sum(more * np.diff(RISES_DB, prepend=0.0)))


def _given_right(log_odds: FloatArray, outputs: slice) -> FloatArray:
    """Probabilities of outputs that are joint with the first, where that one is true."""
    odds = 1.0 / (1.0 + np.exp(-log_odds.clip(-30.0, 30.0)))
    given: FloatArray = np.minimum(1.0, odds[outputs] / max(odds[0], 1e-6))
    return given
