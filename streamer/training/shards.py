"""Features of a data set on disk, piece by piece: made on all cores, taken up where it was left, read back in chunks.

A shard holds the rows of one piece of a curriculum. It appears under its name only when it is whole, so an interrupted
run leaves nothing to mend: what is there is good, what is not there is made. Since piece and rows depend on nothing but
their number and the seed, neither the number of processes nor the order in which they end changes a bit.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer import __version__
from streamer.analysis import features
from streamer.data.arrays import make_missing, read_whole, write_whole
from streamer.events import FloatArray
from streamer.jobs import Jobs, Progress
from streamer.material import soundfont, speech
from streamer.material.curriculum import Curriculum
from streamer.training.examples import Examples, examples_of

Targets = NDArray[np.uint8]

SPREAD_FLOOR = 1e-3  # added to a feature's standard deviation, so that a constant one does no harm
MOST_CHUNK_ROWS = 200_000
_ROW_COPIES = 4  # of a chunk in float32: gathered, scaled, and what an estimator makes of it
_CHUNK_SHARE = 0.25  # of the memory


def key(data_sha256: str, curriculum: Curriculum, hop: int) -> str:
    """Name of a folder of shards: the same for all that makes the same rows, and for nothing else.

    Parameters
    ----------
    data_sha256 : str
        Hash of the recordings and their labels.
    curriculum : Curriculum
        Makes the pieces.
    hop : int
        Samples from one hop to the next.
    """
    makes = {
        "version": [__version__, features.VERSION, features.NAMES],
        "data": data_sha256,
        "seed": curriculum.seed,
        "synthetic": curriculum.synthetic and [soundfont.is_available(), speech.is_available()],
        "mixture": asdict(curriculum.mixture),
        "conditions": asdict(curriculum.conditions),
        "programs": curriculum.programs,
        "hop": hop,
    }
    return hashlib.sha256(json.dumps(makes, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Shards:
    """The first pieces of a curriculum as rows on disk.

    Attributes
    ----------
    folder : Path
        Where they are.
    count : int
        How many.
    """

    folder: Path
    count: int

    def path(self, index: int) -> Path:
        """File of one piece."""
        return self.folder / f"{index:06d}.npz"

    def load(self, index: int) -> Examples:
        """Rows of one piece.

        Raises
        ------
        DataError
            If its file is damaged.
        """
        arrays = read_whole(self.path(index), "rows", "targets")
        return Examples(arrays["rows"], arrays["targets"])

    def make(self, curriculum: Curriculum, hop: int, jobs: Jobs, progress: Progress, what: str) -> None:
        """Make the pieces that are not there yet.

        Parameters
        ----------
        curriculum : Curriculum
            What they are pieces of.
        hop : int
            Samples between two analyses.
        jobs : int or str
            Processes; 1 works in this one.
        progress : callable
            Called after each piece.
        what : str
            What the work is called there.

        Raises
        ------
        DataError
            If a recording cannot be used.
        OutputError
            If a shard cannot be written.
        StreamerError
            If a process is killed.
        """
        wanted = [self.path(k) for k in range(self.count)]
        make_missing(wanted, partial(_make_shard, curriculum, hop, self), jobs, progress, what)

    def statistics(self) -> "Statistics":
        """Mean and spread of each feature, and how many rows there are, in one pass."""
        sums = np.zeros((2, len(features.NAMES)))
        rows, positive = [], np.zeros(2)
        for index in range(self.count):
            piece = self.load(index)
            values = piece.rows.astype(np.float64)
            sums += values.sum(axis=0), (values**2).sum(axis=0)
            positive += piece.targets.sum(axis=0)
            rows.append(len(values))
        mean, square = sums / max(1, sum(rows))
        spread = np.sqrt(np.maximum(square - mean**2, 0.0)) + SPREAD_FLOOR
        return Statistics(mean, spread, tuple(rows), (int(positive[0]), int(positive[1])))

    def chunks(
        self, rows: Sequence[int], rng: np.random.Generator, memory_bytes: int
    ) -> Iterator[tuple[FloatArray, Targets]]:
        """Every row once, in an order drawn from ``rng``, a chunk at a time.

        Pieces are read in groups that fit in memory, and rows are shuffled within a group; where all fits, that is a
        shuffle of everything.

        Parameters
        ----------
        rows : sequence of int
            How many each piece has, from `statistics`.
        rng : numpy.random.Generator
            Decides the order.
        memory_bytes : int
            What a group and a chunk of it may take together.

        Yields
        ------
        rows : ndarray of float32, shape (n, features)
        targets : ndarray of uint8, shape (n, 2)
        """
        width = len(features.NAMES)
        most = int(_CHUNK_SHARE * memory_bytes / (width * 4 * _ROW_COPIES))
        most = max(1, min(MOST_CHUNK_ROWS, most))
        a_row = width * 2 + 2 + 8  # as float16, with its targets and its place in the order
        fits = int((1.0 - _CHUNK_SHARE) * memory_bytes / a_row) - max(rows)  # a piece is read apart, then copied
        for group in _groups(rng.permutation(self.count), rows, fits):
            total = sum(rows[k] for k in group)
            pool, targets = np.empty((total, width), np.float16), np.empty((total, 2), np.uint8)
            at = 0
            for k in group:
                piece = self.load(int(k))
                pool[at : at + rows[k]], targets[at : at + rows[k]] = piece.rows, piece.targets
                at += rows[k]
            for chosen in np.array_split(rng.permutation(total), max(1, math.ceil(total / most))):
                if len(chosen):
                    yield pool[chosen].astype(np.float32), targets[chosen]
            del pool, targets  # before there is the next


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """What is known of all rows together.

    Attributes
    ----------
    mean, spread : ndarray of float64, shape (features,)
        Of each feature; the spread is a standard deviation and never 0.
    rows : tuple of int
        How many each piece has.
    positive : (int, int)
        In how many a note sounds, and in how many it has just begun.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    rows: tuple[int, ...]
    positive: tuple[int, int]


def _groups(order: NDArray[np.int64], rows: Sequence[int], fits: int) -> Iterator[list[int]]:
    """Cut an order of pieces where the next would no longer fit."""
    group: list[int] = []
    total = 0
    for k in order.tolist():
        if group and total + rows[k] > fits:
            yield group
            group, total = [], 0
        group.append(k)
        total += rows[k]
    if group:
        yield group


def _make_shard(curriculum: Curriculum, hop: int, shards: Shards, index: int) -> None:
    examples = examples_of(curriculum.piece(index), hop, index)
    write_whole(shards.path(index), rows=examples.rows, targets=examples.targets)
