"""Search for the settings of a training; what counts is the log loss, in nats, of both outputs together."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.features import NAMES
from streamer.analysis.network import Network
from streamer.events import FloatArray
from streamer.jobs import Progress, Workers, silent
from streamer.material.curriculum import Curriculum
from streamer.model import OUTPUTS
from streamer.training.estimators import Layers, fit_epoch, fit_logistic, fit_sgd, fold, layers_of, new_mlp
from streamer.training.examples import examples_of
from streamer.training.settings import Settings
from streamer.training.shards import SPREAD_FLOOR
from streamer.training.train import HOP
from streamer.training.tune import Material, two_digits

LEAST_ROWS = 20_000  # of the first round
GATHERING = "features"

HIDDEN = ((32,), (64,), (128,), (32, 16), (48, 24), (64, 32), (96, 48), (128, 64), (64, 32, 16))
ALPHAS = (1e-7, 1e-3)
LEARNING_RATES = (5e-4, 8e-3)
LAST_LEARNING_RATES = (5e-5, 5e-4)
BATCHES = (256, 512, 1024)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Examples, and which source each comes from.

    Attributes
    ----------
    rows : ndarray of float32, shape (n, features)
        Features of one candidate note at one hop.
    targets : ndarray of uint8, shape (n, 2)
        As of `streamer.training.examples.Examples`.
    groups : ndarray of int, shape (n,)
        Index into ``sources``.
    sources : tuple of str
        Their names.
    """

    rows: FloatArray
    targets: NDArray[np.uint8]
    groups: NDArray[np.intp]
    sources: tuple[str, ...]


def gather(
    material: Material, pieces: int, most_rows: int, seed: int, jobs: int = 1, progress: Progress = silent
) -> Sample:
    """Rows of some pieces of each source, so many at most of all together.

    Parameters
    ----------
    material : Material
        Recordings by source.
    pieces : int
        About how many, of all sources together.
    most_rows : int
        Rows at most.
    seed : int
        Decides everything that is random.
    jobs : int
        Processes.
    progress : Progress
        Is called with what is done, how much of it, and of how much.

    Raises
    ------
    DataError
        If a recording cannot be used.
    """
    wanted = material.pieces(pieces)
    sources = tuple(material.curricula)
    work = partial(_rows_of_piece, wanted, -(-most_rows // len(wanted)), seed)
    found = []
    progress(GATHERING, 0, len(wanted))
    with Workers(jobs) as workers:
        for done, result in enumerate(workers.map(work, range(len(wanted))), 1):
            found.append(result)
            progress(GATHERING, done, len(wanted))
    return Sample(
        np.concatenate([rows for rows, _ in found]).astype(np.float32),
        np.concatenate([targets for _, targets in found]),
        np.concatenate([np.full(len(rows), sources.index(w[0])) for w, (rows, _) in zip(wanted, found, strict=True)]),
        sources,
    )


def _rows_of_piece(
    wanted: Sequence[tuple[str, Curriculum, int]], most: int, seed: int, number: int
) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    _, curriculum, index = wanted[number]
    examples = examples_of(curriculum.piece(index), HOP, index)
    rng = np.random.default_rng([seed, index])
    chosen = np.sort(rng.permutation(len(examples.rows))[:most])
    return examples.rows[chosen], examples.targets[chosen]


def draw_settings(count: int, seed: int) -> list[Settings]:
    """Candidates: the defaults, a model without hidden layers, and others at random.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        Decides which.
    """
    from scipy.stats import loguniform
    from sklearn.model_selection import ParameterSampler

    usual = replace(Settings(), seed=seed)
    found = [usual, replace(usual, estimator="logistic", alpha=1e-4)]
    space = {
        "hidden": [*HIDDEN],
        "alpha": loguniform(*ALPHAS),
        "first": loguniform(*LEARNING_RATES),
        "last": loguniform(*LAST_LEARNING_RATES),
        "batch": BATCHES,
    }
    for drawn in ParameterSampler(space, max(0, count - len(found)), random_state=seed):
        rates = (two_digits(drawn["first"]), two_digits(drawn["last"]))
        found.append(
            replace(
                usual,
                hidden=tuple(drawn["hidden"]),
                alpha=two_digits(drawn["alpha"]),
                learning_rate=rates,
                batch=int(drawn["batch"]),
            )
        )
    return found[: max(1, count)]


def units(settings: Settings) -> tuple[int, ...]:
    """Widths of a model's layers, from its features to its outputs."""
    hidden = settings.hidden if settings.estimator == "mlp" else ()
    return (len(NAMES), *hidden, len(OUTPUTS))


def weight_count(settings: Settings) -> int:
    """Multiplications that one candidate note costs."""
    widths = units(settings)
    return sum(before * after for before, after in pairwise(widths))


class SettingsTrial:
    """Train with each of some settings; the score is minus the log loss of both outputs together.

    Parameters
    ----------
    candidates : sequence of Settings
        What is tried.
    steps : int
        For how many each learns at least, however few the rows are: on a few passes over few rows no network would
        come up to a model without hidden layers, as it does on all of them.
    """

    def __init__(self, candidates: Sequence[Settings], steps: int) -> None:
        self._candidates = tuple(candidates)
        self._steps = steps

    def fit(self, candidate: int, rows: FloatArray, targets: NDArray[np.uint8]) -> Network:
        """As in `Trial`."""
        settings = self._candidates[candidate]
        settings = replace(settings, epochs=max(1, math.ceil(self._steps * settings.batch / len(rows))))
        mean = rows.mean(axis=0, dtype=np.float64)
        spread = rows.std(axis=0, dtype=np.float64) + SPREAD_FLOOR
        x = ((rows - mean) / spread).astype(np.float32)
        return Network(*fold(_layers(settings, x, targets), mean, spread))

    def score(
        self,
        candidate: int,  # noqa: ARG002 - all are scored alike
        fitted: Network,
        rows: FloatArray,
        targets: NDArray[np.uint8],
    ) -> float:
        """As in `Trial`."""
        odds = fitted.log_odds(np.asarray(rows, np.float32)).astype(np.float64)
        return -float(np.logaddexp(0.0, np.where(targets, -odds, odds)).sum(axis=1).mean())


def _layers(settings: Settings, x: FloatArray, y: NDArray[np.uint8]) -> Layers:
    def shuffled(epoch: int) -> Iterator[tuple[FloatArray, NDArray[np.uint8]]]:
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(x))
        yield x[order], y[order]

    if settings.estimator == "logistic":
        return layers_of(fit_logistic(settings.alpha, x, y))
    if settings.estimator == "sgd":
        return layers_of(fit_sgd(settings.alpha, settings.seed, settings.epochs, shuffled, lambda _: None))
    mlp = new_mlp(settings.hidden, settings.alpha, settings.seed)
    for epoch, rate in enumerate(np.geomspace(*settings.learning_rate, settings.epochs)):
        fit_epoch(mlp, shuffled(epoch), float(rate), settings.batch)
    return layers_of(mlp)
