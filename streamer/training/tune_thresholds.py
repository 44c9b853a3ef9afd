"""Search for the thresholds of the note machine, and show what eagerness brings; what counts is `worth`."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.config import TrackerConfig
from streamer.decision.thresholds import Thresholds
from streamer.evaluation.metrics import NoteCounts
from streamer.evaluation.replay import load_record, record_evidence, replay_score
from streamer.jobs import Progress, Workers, silent
from streamer.material.curriculum import Curriculum
from streamer.training.tune import FOLDS, SEARCHING, SYNTHETIC, Material, Score, Search, search, two_digits

HELD_BACK = 1 / 3  # of the sources, for the curve
CURVE = (0.0, 0.25, 0.5, 0.75, 1.0)  # eagerness
FALSE_NOTE = 0.5  # points that a false note a minute costs where nothing is a note
MOST_CHANGES = 3  # thresholds that a candidate has other than the best so far
STRETCH = 2.0  # by which they may be multiplied or divided
ANALYSING = "analysing"


@dataclass(frozen=True)
class Records:
    """What a detector made of pieces of each source, on disk.

    Attributes
    ----------
    paths : tuple of Path
        One per piece.
    groups : ndarray of int, shape (pieces,)
        What must not be split; a synthetic piece has no source in common with another, and is a group by itself.
    sources : tuple of str
        Where each piece comes from.
    config : TrackerConfig
        Of the tracker that analysed them.
    """

    paths: tuple[Path, ...]
    groups: NDArray[np.intp]
    sources: tuple[str, ...]
    config: TrackerConfig

    def only(self, chosen: NDArray[np.intp]) -> "Records":
        """Some of the pieces.

        Parameters
        ----------
        chosen : ndarray of intp, shape (n,)
            Their indices.
        """
        return replace(
            self,
            paths=tuple(self.paths[k] for k in chosen),
            groups=self.groups[chosen],
            sources=tuple(self.sources[k] for k in chosen),
        )


@contextmanager
def record_pieces(
    material: Material, pieces: int, config: TrackerConfig, jobs: int = 1, progress: Progress = silent
) -> Iterator[Records]:
    """Let the tracker's detector analyse some pieces of each source; they are forgotten at the end.

    Parameters
    ----------
    material : Material
        Recordings by source.
    pieces : int
        About how many, of all sources together.
    config : TrackerConfig
        Settings of the tracker.
    jobs : int
        Processes.
    progress : Progress
        Is called with what is done, how much of it, and of how much.

    Raises
    ------
    DataError
        If a recording cannot be used.
    OutputError
        If the disk has no room for the evidence.
    """
    wanted = material.pieces(pieces)
    keys = [(name, k if name == SYNTHETIC else 0) for name, _, k in wanted]
    groups = np.array([sorted(set(keys)).index(key) for key in keys], np.intp)
    with tempfile.TemporaryDirectory(prefix="streamer-tune-") as folder:
        paths = tuple(Path(folder) / f"{k:05d}.npz" for k in range(len(wanted)))
        progress(ANALYSING, 0, len(wanted))
        work = partial(_record_piece, config, wanted, paths)
        with Workers(jobs) as workers:
            for done, _ in enumerate(workers.unordered(work, range(len(wanted))), 1):
                progress(ANALYSING, done, len(wanted))
        yield Records(paths, groups, tuple(name for name, _, _ in wanted), config)


def _record_piece(
    config: TrackerConfig, wanted: Sequence[tuple[str, Curriculum, int]], paths: Sequence[Path], number: int
) -> None:
    _, curriculum, index = wanted[number]
    record_evidence(curriculum.piece(index), config).save(paths[number])


def hold_back(records: Records, seed: int) -> tuple[Records, Records]:
    """Pieces to search on, and pieces of other sources to measure on; twice the same if there is but one source.

    Parameters
    ----------
    records : Records
        Of all pieces.
    seed : int
        Decides which sources are held back.
    """
    from sklearn.model_selection import GroupShuffleSplit

    synthetic = np.array([source == SYNTHETIC for source in records.sources])
    held: list[int] = []
    for kind in (np.flatnonzero(~synthetic), np.flatnonzero(synthetic)):
        if len(np.unique(records.groups[kind])) > 1:
            shuffle = GroupShuffleSplit(1, test_size=HELD_BACK, random_state=seed)
            _, some = next(shuffle.split(kind, groups=records.groups[kind]))
            held += kind[some].tolist()
    if not held:
        return records, records
    others = [k for k in range(len(records.paths)) if k not in held]
    return records.only(np.array(others, np.intp)), records.only(np.array(held, np.intp))


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
    """Candidates: the best so far, and others near it that differ in a few values.

    Parameters
    ----------
    best : Thresholds
        The best so far.
    count : int
        How many, this one among them.
    seed : int
        Decides everything that is random.
    """
    rng = np.random.default_rng(seed)
    names = [field.name for field in fields(Thresholds)]
    found = [best]
    for _ in range(count - 1):
        changes: dict[str, float] = {}
        for name in rng.choice(names, int(rng.integers(1, MOST_CHANGES + 1)), replace=False).tolist():
            value = float(getattr(best, name))
            drawn = value * STRETCH ** rng.uniform(-1.0, 1.0) if value else float(rng.uniform(0.0, 0.5))
            changes[name] = two_digits(drawn)
        found.append(replace(best, **changes))
    return found


class ThresholdsTrial:
    """Let the note machine decide with each of some thresholds; the score is `worth`. Nothing is fitted.

    Parameters
    ----------
    candidates : sequence of Thresholds
        What is tried.
    records : Records
        What they are tried on.
    workers : Workers
        Do the work.
    """

    def __init__(self, candidates: Sequence[Thresholds], records: Records, workers: Workers) -> None:
        self._candidates = tuple(candidates)
        self._records = records
        self._workers = workers

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
        paths = [self._records.paths[k] for k in rows[:, 0]]
        return worth(_decide_all(paths, self._records.config, self._candidates[candidate], self._workers))


def search_thresholds(
    records: Records,
    start: Thresholds,
    candidates: int,
    rounds: int = 2,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress = silent,
) -> tuple[list[Thresholds], Search]:
    """Search near some thresholds, then near the best of those, and so on.

    Parameters
    ----------
    records : Records
        What is decided on.
    start : Thresholds
        Where to begin.
    candidates : int
        How many are tried each time.
    rounds : int
        How many times.
    seed : int
        Decides which.
    jobs : int
        Processes.
    progress : callable
        Gets how far each search is.

    Returns
    -------
    candidates : list of Thresholds
        Of the last search that measured anything; the first is where that began.
    search : Search
        What came of it.
    """
    tried = [start]
    found = Search([Score()], 1, finished=True)
    with Workers(jobs) as workers:
        for number in range(rounds):
            drawn = draw_thresholds(tried[found.ranking[0]] if found.ranking else tried[0], candidates, seed + number)
            trial = ThresholdsTrial(drawn, records, workers)
            pieces = np.arange(len(records.paths))[:, None]
            least = _pieces_for_all(records.groups)
            what = f"{SEARCHING} {number + 1} of {rounds}"
            newer = search(
                trial, candidates, pieces, None, records.groups, seed=seed, least=least, progress=progress, what=what
            )
            if newer.ranking:
                tried, found = drawn, newer
            if not newer.finished:
                found = replace(found, finished=False)
                break
    return tried, found


def _pieces_for_all(groups: NDArray[np.intp]) -> int:
    """How many pieces the first round needs so that each fold has one."""
    from sklearn.model_selection import GroupKFold

    folds = GroupKFold(min(FOLDS, len(np.unique(groups)))).split(groups, groups=groups)
    smallest = min(len(tested) for _, tested in folds)
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


def eagerness_curve(records: Records, thresholds: Thresholds, jobs: int = 1) -> list[CurvePoint]:
    """What each eagerness of `CURVE` brings with these thresholds.

    Parameters
    ----------
    records : Records
        What is replayed.
    thresholds : Thresholds
        Those of an eagerness of 0.5.
    jobs : int
        Processes.
    """
    points = []
    with Workers(jobs) as workers:
        for eagerness in CURVE:
            config = replace(records.config, eagerness=eagerness)
            counts = _decide_all(records.paths, config, thresholds, workers)
            points.append(CurvePoint(eagerness, *totals(counts)))
    return points


def _decide_all(
    paths: Sequence[Path], config: TrackerConfig, thresholds: Thresholds, workers: Workers
) -> list[tuple[str, NoteCounts]]:
    return list(workers.map(partial(_decide, config, thresholds), paths))


def _decide(config: TrackerConfig, thresholds: Thresholds, path: Path) -> tuple[str, NoteCounts]:
    record = load_record(path)
    return record.phrase.kind, replay_score(record, config, thresholds)
