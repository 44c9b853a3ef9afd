"""Search for what cannot be learned: material split by source, and successive halving over it.

Both the settings of a training (`streamer.training.tune_settings`) and the thresholds of the decider
(`streamer.training.tune_thresholds`) are searched by scikit-learn's successive halving: many candidates on a little
data, the better third of them on three times as much, until few are left on all. Every candidate is scored on sources
that it was not fitted to (`GroupKFold`, a group being a source): hops of one recording are too alike to stand on both
sides of a split.
"""

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from streamer.data.datasets import Recording
from streamer.errors import DataError
from streamer.jobs import Progress, silent
from streamer.material.curriculum import Curriculum

FACTOR = 3  # of the candidates one goes on, to as many times the data
FOLDS = 4
SYNTHETIC = "soundfont, noise and speech"
SYNTHETIC_SHARE = 0.25
SEARCHING = "search"


@dataclass(frozen=True)
class Material:
    """Curricula of single sources, so that what is split is sources.

    Attributes
    ----------
    curricula : dict of str to Curriculum
        By the name of the source.
    by_recording : bool
        There is but one source, and its recordings were dealt out instead: figures are then too good.
    """

    curricula: dict[str, Curriculum]
    by_recording: bool

    def pieces(self, count: int) -> list[tuple[str, Curriculum, int]]:
        """About ``count`` pieces: the name of the source, its curriculum and the number in that.

        A quarter is synthetic, if anything is; of the rest each source has as many.
        """
        share = SYNTHETIC_SHARE if SYNTHETIC in self.curricula else 0.0
        others = max(1, len(self.curricula) - (SYNTHETIC in self.curricula))
        counts = {name: (1.0 - share) * count / others for name in self.curricula} | {SYNTHETIC: share * count}
        return [
            (name, curriculum, k)
            for name, curriculum in self.curricula.items()
            for k in range(max(1, round(counts[name])))
        ]


def material_of(recordings: Sequence[Recording], seed: int, synthetic: bool = True, folds: int = FOLDS) -> Material:
    """Sort recordings by source.

    Parameters
    ----------
    recordings : sequence of Recording
        What there is to learn from.
    seed : int
        Decides everything that is random.
    synthetic : bool
        Whether computed material is a source of its own.
    folds : int
        Parts that sources are to be dealt out in.

    Raises
    ------
    DataError
        If there is too little to hold anything back.
    """
    names = sorted({recording.source for recording in recordings})
    parts = {name: [recording for recording in recordings if recording.source == name] for name in names}
    if len(names) == 1:
        if len(recordings) < 2 * folds:
            raise DataError(
                f"one source with {len(recordings)} recordings is too little to hold some back; "
                f"give more sources, or at least {2 * folds} recordings"
            )
        parts = {f"{names[0]}, part {k + 1}": list(recordings[k::folds]) for k in range(folds)}
    curricula = {name: Curriculum(part, seed=seed, synthetic=False) for name, part in parts.items()}
    if synthetic:
        curricula[SYNTHETIC] = Curriculum([], seed=seed)
    return Material(curricula, by_recording=len(names) == 1)


class Trial(Protocol):
    """What a search tries: how a candidate is fitted, and how good it is."""

    def fit(self, candidate: int, rows: NDArray[Any], targets: Any) -> Any:
        """Whatever `score` needs.

        Parameters
        ----------
        candidate : int
            Index of the candidate.
        rows : ndarray, shape (n, ...)
            What it may learn from.
        targets : Any
            What belongs to the rows.
        """

    def score(self, candidate: int, fitted: Any, rows: NDArray[Any], targets: Any) -> float:
        """The more the better.

        Parameters
        ----------
        candidate : int
            Index of the candidate.
        fitted : Any
            What `fit` gave.
        rows : ndarray, shape (n, ...)
            What it is measured on.
        targets : Any
            What belongs to the rows.
        """


@dataclass
class Score:
    """How a candidate did.

    Attributes
    ----------
    values : list of float
        One per fold in each round of the search.
    samples : list of int
        On how many samples each was measured.
    seconds : float
        What it took.
    """

    values: list[float] = field(default_factory=list)
    samples: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def rounds(self, folds: int) -> int:
        """How many rounds it has gone through."""
        return len(self.values) // folds

    def latest(self, folds: int) -> NDArray[np.float64]:
        """The values of its last complete round; none if there is none."""
        last = self.rounds(folds)
        return np.array(self.values[max(0, last - 1) * folds : last * folds], np.float64)


@dataclass(frozen=True)
class Search:
    """What came of a search, whether it came to its end or not.

    Attributes
    ----------
    scores : list of Score
        One per candidate.
    folds : int
        In how many parts the sources were dealt out.
    finished : bool
        False when it was interrupted.
    """

    scores: list[Score]
    folds: int
    finished: bool

    @property
    def ranking(self) -> list[int]:
        """Candidates that were measured, the best first: what came further is better, then what scored more."""
        measured = [k for k, score in enumerate(self.scores) if score.rounds(self.folds)]
        return sorted(measured, key=lambda k: (-self.scores[k].rounds(self.folds), -self.mean(k), k))

    def mean(self, candidate: int) -> float:
        """Mean score of a candidate in its last round."""
        return float(self.scores[candidate].latest(self.folds).mean())

    def spread(self, candidate: int) -> float:
        """Standard deviation over the folds."""
        return float(self.scores[candidate].latest(self.folds).std())


class _Candidate(BaseEstimator):  # type: ignore[misc]
    """A candidate as scikit-learn's search wants it: an estimator with a number."""

    def __init__(self, candidate: int = 0, trial: Trial | None = None) -> None:
        self.candidate = candidate
        self.trial = trial

    def __sklearn_clone__(self) -> "_Candidate":
        return _Candidate(self.candidate, self.trial)  # a deep copy of the trial would copy its data

    def fit(self, rows: NDArray[Any], targets: NDArray[Any] | None = None) -> "_Candidate":
        self.began_ = time.monotonic()
        assert self.trial is not None
        self.fitted_ = self.trial.fit(self.candidate, rows, targets)
        return self


@dataclass
class _Scoring:
    """How scikit-learn's search measures a candidate; it keeps all values, and reports the progress."""

    trial: Trial
    scores: list[Score]
    progress: Progress
    what: str
    fits: int  # at most

    def __call__(self, estimator: _Candidate, x: NDArray[Any], y: NDArray[Any] | None = None) -> float:
        value = self.trial.score(estimator.candidate, estimator.fitted_, x, y)
        score = self.scores[estimator.candidate]
        score.values.append(value)
        score.samples.append(len(x))
        score.seconds += time.monotonic() - estimator.began_
        self.progress(self.what, sum(len(s.values) for s in self.scores), self.fits)
        return value


def search(
    trial: Trial,
    candidates: int,
    rows: NDArray[Any],
    targets: NDArray[Any] | None,
    groups: NDArray[np.intp],
    *,
    seed: int = 0,
    folds: int = FOLDS,
    least: int = 1,
    jobs: int = 1,
    progress: Progress = silent,
    what: str = SEARCHING,
) -> Search:
    """Find the best of some candidates by successive halving, cross-validated in groups.

    Parameters
    ----------
    trial : Trial
        What is tried.
    candidates : int
        How many there are.
    rows, targets, groups : ndarray
        Samples; a fold holds whole groups.
    seed : int
        Decides which samples the early rounds see.
    folds : int
        Parts the groups are dealt out in.
    least : int
        Samples of the first round.
    jobs : int
        Threads.
    progress : callable
        Gets how many fits are done, and how many there are at most.
    what : str
        What it is called there.

    Returns
    -------
    Search
        Also when Ctrl-C ended it.
    """
    import joblib
    from sklearn.exceptions import ConvergenceWarning

    folds = min(folds, len(np.unique(groups)))
    scores = [Score() for _ in range(candidates)]
    first = min(max(least, _first_round(candidates, len(rows))), len(rows))
    total = folds * sum(_round_sizes(candidates, first, len(rows)))
    progress(what, 0, total)

    halving = _halving(trial, candidates, first, folds, _Scoring(trial, scores, progress, what, total), seed)
    try:
        with warnings.catch_warnings(), joblib.parallel_config("threading", n_jobs=jobs):
            # Threads, since processes could not report how far they are; but what is ignored in one is so in all.
            warnings.simplefilter("ignore", ConvergenceWarning)
            halving.fit(rows, targets, groups=groups)
    except KeyboardInterrupt:
        return Search(scores, folds, finished=False)
    return Search(scores, folds, finished=True)


def _halving(trial: Trial, candidates: int, first: int, folds: int, scoring: _Scoring, seed: int) -> Any:
    """The search of scikit-learn that does it."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next import possible
    from sklearn.model_selection import GroupKFold, HalvingGridSearchCV

    return HalvingGridSearchCV(
        _Candidate(trial=trial),
        {"candidate": list(range(candidates))},
        factor=FACTOR,
        min_resources=first,
        cv=GroupKFold(folds),
        scoring=scoring,
        refit=False,
        error_score="raise",
        return_train_score=False,
        random_state=seed,
    )


def _first_round(candidates: int, samples: int) -> int:
    """Samples of the first round, such that the last has all."""
    rounds = len(_round_sizes(candidates, 1, FACTOR**20))
    return max(1, samples // int(FACTOR ** (rounds - 1)))


def _round_sizes(candidates: int, first: int, samples: int) -> list[int]:
    """How many candidates each round has: a third go on each time, while there is more data."""
    sizes = [candidates]
    while sizes[-1] > 1 and first * int(FACTOR ** len(sizes)) <= samples and sizes[-1] >= FACTOR:
        sizes.append(-(-sizes[-1] // FACTOR))
    return sizes


def two_digits(value: float) -> float:
    """Two digits: more would claim a precision that no search has."""
    return float(f"{value:.2g}")
