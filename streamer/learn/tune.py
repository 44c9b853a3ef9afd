"""Search for what cannot be learned: the settings of a training, and the thresholds of the note machine.

Both are searched by scikit-learn's successive halving: many candidates on a little data, the better third of them on
three times as much, until few are left on all. Every candidate is scored on sources that it was not fitted to
(`GroupKFold`, a group being a source): hops of one recording are too alike to stand on both sides of a split.

The training's settings are scored by minus the log loss, in nats, of both outputs together; the thresholds by `worth`.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from streamer.classifier import OUTPUTS, Classifier
from streamer.config import TrackerConfig
from streamer.errors import DataError
from streamer.events import FloatArray
from streamer.features import NAMES
from streamer.learn.curriculum import Curriculum
from streamer.learn.datasets import Recording
from streamer.learn.estimators import Layers, fit_epoch, fit_logistic, fit_sgd, fold, layers_of, new_mlp
from streamer.learn.examples import examples_of
from streamer.learn.metrics import NoteCounts
from streamer.learn.processes import in_processes, process_pool
from streamer.learn.replay import listen, load_memory, replay_score
from streamer.learn.settings import Settings
from streamer.learn.shards import SPREAD_FLOOR, Progress, silent
from streamer.learn.train import HOP
from streamer.notes import Thresholds

FACTOR = 3  # of the candidates one goes on, to as many times the data
FOLDS = 4
SYNTHETIC = "soundfont, noise and speech"
LEAST_ROWS = 20_000  # fewer would compare networks that have hardly begun to learn
HELD_BACK = 1 / 3  # of the sources, for the curve
CURVE = (0.0, 0.25, 0.5, 0.75, 1.0)  # eagerness
FALSE_NOTE = 0.5  # points that a false note a minute costs where nothing is a note
GATHERING, SEARCHING, LISTENING = "features", "search", "listening"

HIDDEN = ((32,), (64,), (128,), (32, 16), (48, 24), (64, 32), (96, 48), (128, 64), (64, 32, 16))
ALPHAS = (1e-7, 1e-3)
LEARNING_RATES = (5e-4, 8e-3)
LAST_LEARNING_RATES = (5e-5, 5e-4)
BATCHES = (256, 512, 1024)
MOST_CHANGES = 3  # thresholds that a candidate has other than the best so far
STRETCH = 2.0  # by which they may be multiplied or divided


# What is searched on: phrases of each source by itself.


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
        """About ``count`` pieces, of each source as many: its name, its curriculum and the number in that."""
        each = max(1, round(count / len(self.curricula)))
        return [(name, curriculum, k) for name, curriculum in self.curricula.items() for k in range(each)]


def material_of(recordings: Sequence[Recording], seed: int, synthetic: bool = True, folds: int = FOLDS) -> Material:
    """Sort recordings by source.

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


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Examples, and which source each comes from.

    Attributes
    ----------
    rows : ndarray of float32, shape (n, features)
        Features of one candidate note at one hop.
    targets : ndarray of uint8, shape (n, 2)
        As of `streamer.learn.examples.Examples`.
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

    Raises
    ------
    DataError
        If a recording cannot be used.
    """
    wanted = material.pieces(pieces)
    sources = tuple(material.curricula)
    work = partial(_rows_of_piece, -(-most_rows // len(wanted)), seed)
    found = []
    progress(GATHERING, 0, len(wanted))
    for done, result in enumerate(in_processes(work, wanted, jobs), 1):
        found.append(result)
        progress(GATHERING, done, len(wanted))
    return Sample(
        np.concatenate([rows for rows, _ in found]).astype(np.float32),
        np.concatenate([targets for _, targets in found]),
        np.concatenate([np.full(len(rows), sources.index(w[0])) for w, (rows, _) in zip(wanted, found, strict=True)]),
        sources,
    )


def _rows_of_piece(
    most: int, seed: int, wanted: tuple[str, Curriculum, int]
) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    _, curriculum, index = wanted
    examples = examples_of(curriculum.piece(index), HOP, index)
    rng = np.random.default_rng([seed, index])
    chosen = np.sort(rng.permutation(len(examples.rows))[:most])
    return examples.rows[chosen], examples.targets[chosen]


# The search itself.


class Trial(Protocol):
    """What a search tries: how a candidate is fitted, and how good it is."""

    def fit(self, candidate: int, rows: NDArray[Any], targets: Any) -> Any:
        """Whatever `score` needs."""

    def score(self, candidate: int, fitted: Any, rows: NDArray[Any], targets: Any) -> float:
        """The more the better."""


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

    def __init__(self, candidate: int = 0, trial: Trial | None = None, told: Callable[[], None] | None = None) -> None:
        self.candidate = candidate
        self.trial = trial
        self.told = told

    def __sklearn_clone__(self) -> "_Candidate":
        return _Candidate(self.candidate, self.trial, self.told)  # a deep copy of the trial would copy its data

    def fit(self, rows: NDArray[Any], targets: NDArray[Any] | None = None) -> "_Candidate":
        self.began_ = time.monotonic()
        assert self.trial is not None
        self.fitted_ = self.trial.fit(self.candidate, rows, targets)
        return self


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
        Told how many fits are done, and how many there are at most.
    what : str
        What it is told.

    Returns
    -------
    Search
        Also when Ctrl-C ended it.
    """
    import joblib  # type: ignore[import-untyped]
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next import possible
    from sklearn.model_selection import GroupKFold, HalvingGridSearchCV

    folds = min(folds, len(np.unique(groups)))
    scores = [Score() for _ in range(candidates)]
    first = min(max(least, _first_round(candidates, len(rows))), len(rows))
    total = folds * sum(_round_sizes(candidates, first, len(rows)))
    progress(what, 0, total)

    def scored(estimator: _Candidate, x: NDArray[Any], y: NDArray[Any] | None = None) -> float:
        value = trial.score(estimator.candidate, estimator.fitted_, x, y)
        score = scores[estimator.candidate]
        score.values.append(value)
        score.samples.append(len(x))
        score.seconds += time.monotonic() - estimator.began_
        progress(what, sum(len(s.values) for s in scores), total)
        return value

    halving = HalvingGridSearchCV(
        _Candidate(trial=trial),
        {"candidate": list(range(candidates))},
        factor=FACTOR,
        min_resources=first,
        cv=GroupKFold(folds),
        scoring=scored,
        refit=False,
        error_score="raise",
        return_train_score=False,
        random_state=seed,
    )
    try:
        with joblib.parallel_config("threading", n_jobs=jobs):  # processes could not tell how far they are
            halving.fit(rows, targets, groups=groups)
    except KeyboardInterrupt:
        return Search(scores, folds, finished=False)
    return Search(scores, folds, finished=True)


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


# First use: the settings of a training.


def draw_settings(count: int, seed: int, epochs: int) -> list[Settings]:
    """Candidates: the defaults, a model without hidden layers, and others at random.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        Decides which.
    epochs : int
        Passes over the data that each of them gets.
    """
    from scipy.stats import loguniform
    from sklearn.model_selection import ParameterSampler

    usual = replace(Settings(), epochs=epochs, seed=seed)
    found = [usual, replace(usual, estimator="logistic", alpha=1e-4)]
    space = {
        "hidden": [*HIDDEN],
        "alpha": loguniform(*ALPHAS),
        "first": loguniform(*LEARNING_RATES),
        "last": loguniform(*LAST_LEARNING_RATES),
        "batch": BATCHES,
    }
    for drawn in ParameterSampler(space, max(0, count - len(found)), random_state=seed):
        rates = (_rounded(drawn["first"]), _rounded(drawn["last"]))
        found.append(
            replace(
                usual,
                hidden=tuple(drawn["hidden"]),
                alpha=_rounded(drawn["alpha"]),
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
    """Train with each of some settings; the score is minus the log loss of both outputs together."""

    def __init__(self, candidates: Sequence[Settings]) -> None:
        self._candidates = tuple(candidates)

    def fit(self, candidate: int, rows: FloatArray, targets: NDArray[np.uint8]) -> Classifier:
        """As in `Trial`."""
        settings = self._candidates[candidate]
        mean = rows.mean(axis=0, dtype=np.float64)
        spread = rows.std(axis=0, dtype=np.float64) + SPREAD_FLOOR
        x = ((rows - mean) / spread).astype(np.float32)
        return Classifier(*fold(_layers(settings, x, targets), mean, spread), {})

    def score(
        self,
        candidate: int,  # noqa: ARG002 - all are scored alike
        fitted: Classifier,
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


# Second use: the thresholds of the note machine.


@dataclass(frozen=True)
class Memories:
    """What a detector made of pieces of each source, on disk.

    Attributes
    ----------
    paths : tuple of Path
        One per piece.
    groups : ndarray of int, shape (pieces,)
        Index into ``sources``.
    sources : tuple of str
        Their names.
    config : TrackerConfig
        Of the tracker that heard them.
    """

    paths: tuple[Path, ...]
    groups: NDArray[np.intp]
    sources: tuple[str, ...]
    config: TrackerConfig

    def only(self, chosen: NDArray[np.intp]) -> "Memories":
        """Some of the pieces."""
        return replace(self, paths=tuple(self.paths[k] for k in chosen), groups=self.groups[chosen])


@contextmanager
def remember(
    material: Material, pieces: int, config: TrackerConfig, jobs: int = 1, progress: Progress = silent
) -> Iterator[Memories]:
    """Let the tracker's detector hear some pieces of each source; they are forgotten at the end.

    Raises
    ------
    DataError
        If a recording cannot be used.
    OutputError
        If the disk has no room for what was heard.
    """
    wanted = material.pieces(pieces)
    sources = tuple(material.curricula)
    with tempfile.TemporaryDirectory(prefix="streamer-tune-") as folder:
        paths = tuple(Path(folder) / f"{k:05d}.npz" for k in range(len(wanted)))
        progress(LISTENING, 0, len(wanted))
        work = partial(_remember_piece, config)
        for done, _ in enumerate(in_processes(work, list(zip(wanted, paths, strict=True)), jobs), 1):
            progress(LISTENING, done, len(wanted))
        yield Memories(paths, np.array([sources.index(name) for name, _, _ in wanted], np.intp), sources, config)


def _remember_piece(config: TrackerConfig, what: tuple[tuple[str, Curriculum, int], Path]) -> None:
    (_, curriculum, index), path = what
    listen(curriculum.piece(index), config).save(path)


def hold_back(memories: Memories, seed: int) -> tuple[Memories, Memories]:
    """Pieces to search on, and pieces of other sources to measure on; twice the same if there is but one source."""
    from sklearn.model_selection import GroupShuffleSplit

    if len(np.unique(memories.groups)) < 2:
        return memories, memories
    shuffle = GroupShuffleSplit(1, test_size=HELD_BACK, random_state=seed)
    chosen, held = next(shuffle.split(memories.groups, groups=memories.groups))
    return memories.only(chosen), memories.only(held)


def worth(counts: Sequence[tuple[str, NoteCounts]]) -> float:
    """What is made as large as can be: points of F1, less what false notes cost.

    The mean of F1 within 50 ms and within 100 ms over all music, in percent; less half a point for each false note a
    minute in what is no music. Where there is only one of the two, it alone counts.

    Parameters
    ----------
    counts : sequence of (str, NoteCounts)
        Kind of each piece, and what was counted in it.
    """
    music, nonmusic = totals(counts)
    value = 0.0
    if music is not None:
        figures = music.figures()
        value += 0.5 * (figures["f1_50ms"] + figures["f1_100ms"])
    if nonmusic is not None:
        value -= FALSE_NOTE * nonmusic.figures()["false_per_min"]
    return value


def totals(counts: Sequence[tuple[str, NoteCounts]]) -> tuple[NoteCounts | None, NoteCounts | None]:
    """Sums over music and over what is none."""
    sums: dict[bool, NoteCounts] = {}
    for kind, count in counts:
        is_music = kind != "nonmusic"
        sums[is_music] = add(sums[is_music], count) if is_music in sums else count
    return sums.get(True), sums.get(False)


def draw_thresholds(best: Thresholds, count: int, seed: int) -> list[Thresholds]:
    """Candidates: the best so far, and others near it that differ in a few values."""
    rng = np.random.default_rng(seed)
    names = [field.name for field in fields(Thresholds)]
    found = [best]
    for _ in range(count - 1):
        changes: dict[str, float] = {}
        for name in rng.choice(names, int(rng.integers(1, MOST_CHANGES + 1)), replace=False).tolist():
            value = float(getattr(best, name))
            drawn = value * STRETCH ** rng.uniform(-1.0, 1.0) if value > 0.0 else float(rng.uniform(0.0, 0.5))
            changes[name] = _rounded(drawn)
        found.append(replace(best, **changes))
    return found


class ThresholdsTrial:
    """Let the note machine decide with each of some thresholds; the score is `worth`. Nothing is fitted."""

    def __init__(self, candidates: Sequence[Thresholds], memories: Memories, pool: ProcessPoolExecutor | None) -> None:
        self._candidates = tuple(candidates)
        self._memories = memories
        self._pool = pool

    def fit(self, candidate: int, rows: NDArray[np.intp], targets: Any) -> None:
        """As in `Trial`."""

    def score(
        self,
        candidate: int,
        fitted: None,  # noqa: ARG002
        rows: NDArray[np.intp],
        targets: Any,  # noqa: ARG002
    ) -> float:
        """As in `Trial`; the rows are numbers of pieces."""
        paths = [self._memories.paths[k] for k in rows[:, 0]]
        return worth(_decide_all(paths, self._memories.config, self._candidates[candidate], self._pool))


def search_thresholds(
    memories: Memories,
    candidates: int,
    rounds: int = 2,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress = silent,
) -> tuple[list[Thresholds], Search]:
    """Search near the tracker's own thresholds, then near the best of those, and so on.

    Parameters
    ----------
    memories : Memories
        What is decided on.
    candidates : int
        How many are tried each time.
    rounds : int
        How many times.
    seed : int
        Decides which.
    jobs : int
        Processes.
    progress : callable
        Told how far each search is.

    Returns
    -------
    candidates : list of Thresholds
        Of the last search that measured anything; the first is where that began.
    search : Search
        What came of it.
    """
    tried = [Thresholds()]
    found = Search([Score()], 1, finished=True)
    with process_pool(jobs) as pool:
        for number in range(rounds):
            drawn = draw_thresholds(tried[found.ranking[0]] if found.ranking else tried[0], candidates, seed + number)
            trial = ThresholdsTrial(drawn, memories, pool if jobs > 1 else None)
            pieces = np.arange(len(memories.paths))[:, None]
            least = _pieces_for_all(memories.groups)
            what = f"{SEARCHING} {number + 1} of {rounds}"
            newer = search(
                trial, candidates, pieces, None, memories.groups, seed=seed, least=least, progress=progress, what=what
            )
            if newer.ranking:
                tried, found = drawn, newer
            if not newer.finished:
                found = replace(found, finished=False)
                break
    return tried, found


def _pieces_for_all(groups: NDArray[np.intp]) -> int:
    """How many pieces the first round needs so that each fold has one."""
    smallest = int(np.bincount(groups)[np.unique(groups)].min())
    return len(groups) // smallest + 1  # one more than the quotient, since scikit-learn rounds down


@dataclass(frozen=True, slots=True, eq=False)
class CurvePoint:
    """What one eagerness brings.

    Attributes
    ----------
    eagerness : float
        As in `TrackerConfig`.
    music, nonmusic : NoteCounts or None
        Summed over the pieces; None where there are none.
    """

    eagerness: float
    music: NoteCounts | None
    nonmusic: NoteCounts | None

    def figures(self) -> dict[str, float]:
        """F1 in percent, false notes per minute, latency in milliseconds; nan where there is nothing to count."""
        nothing = float("nan")
        music = self.music.figures() if self.music else {}
        others = self.nonmusic.figures() if self.nonmusic else {}
        names = ("f1_50ms", "f1_100ms", "onset_f1", "found", "false_per_min", "octave_per_min")
        return {
            "eagerness": self.eagerness,
            **{name: music.get(name, nothing) for name in (*names, "latency_ms", "latency_p95_ms")},
            "nonmusic_false_per_min": others.get("false_per_min", nothing),
        }


def eagerness_curve(memories: Memories, thresholds: Thresholds, jobs: int = 1) -> list[CurvePoint]:
    """What each eagerness of `CURVE` brings with these thresholds."""
    points = []
    with process_pool(jobs) as pool:
        for eagerness in CURVE:
            config = replace(memories.config, eagerness=eagerness)
            counts = _decide_all(memories.paths, config, thresholds, pool if jobs > 1 else None)
            points.append(CurvePoint(eagerness, *totals(counts)))
    return points


def _decide_all(
    paths: Sequence[Path], config: TrackerConfig, thresholds: Thresholds, pool: ProcessPoolExecutor | None
) -> list[tuple[str, NoteCounts]]:
    work = partial(_decide, config, thresholds)
    return list(map(work, paths) if pool is None else pool.map(work, paths))


def _decide(config: TrackerConfig, thresholds: Thresholds, path: Path) -> tuple[str, NoteCounts]:
    memory = load_memory(path)
    return memory.phrase.kind, replay_score(memory, config, thresholds)


def changed(thresholds: Thresholds) -> dict[str, float]:
    """Those values that are not the tracker's own."""
    usual = asdict(Thresholds())
    return {name: value for name, value in asdict(thresholds).items() if value != usual[name]}


def _rounded(value: float) -> float:
    """Two digits: more would claim a precision that no search has."""
    return float(f"{value:.2g}")
