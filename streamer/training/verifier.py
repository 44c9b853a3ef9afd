"""Train the verifier of beginnings: what the scorer finds in new pieces -> cases -> a network.

The scorer analyses each piece once; that is kept on disk. Then, in rounds, the note machine is led through all pieces,
by chance at first and from then on by the verifier as far as it has come, and after each round a verifier is fitted to
the cases of all rounds so far (Ross, Gordon & Bagnell 2011): so it knows the situations that its own decisions lead to.
The last is the mean of a few networks, of different sizes (Hansen & Salamon 1990).

Where a scorer was adapted, its verifier has to follow: it has learned what to make of the odds that the scorer
gave before. It knows what its decisions lead to, so one round is enough, and half the way that it leads.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.network import Network
from streamer.config import TrackerConfig
from streamer.data.arrays import make_missing, read_whole, write_whole
from streamer.data.datasets import Recording
from streamer.data.hashes import training_hash
from streamer.decision.onset_context import NAMES, OUTPUTS, VERSION
from streamer.errors import DataError
from streamer.evaluation.replay import load_record, record_evidence
from streamer.jobs import Jobs, Progress
from streamer.material.curriculum import Curriculum
from streamer.model import Model
from streamer.training.estimators import (
    Chunks,
    Layers,
    fit_epoch,
    fold,
    halfway,
    layers_of,
    mean_of,
    new_mlp,
    unfold,
    weights_hash,
)
from streamer.training.settings import Settings
from streamer.training.shards import SPREAD_FLOOR, key
from streamer.training.verifier_examples import VerifierExamples, verifier_examples_of

ANALYSING, VERIFYING = "analysing", "verifier, round"
# Networks that are fitted in the end, each from its own beginning: where they disagree, few are sure. A large one is
# better at telling instruments apart, a small one is misled less by a singer whom it has not learned from.
MEMBERS = ((96, 32), (64, 32), (32, 16))
ROUNDS = 4
EPOCHS = 4
LEARNING_RATE = (2e-3, 1e-4)
ALPHA = 1e-5
ADAPTING_EPOCHS = 3
ADAPTING_RATE = (3e-4, 3e-5)
BATCH = 512
CHUNK_ROWS = 200_000
# What singers do before and after a note's onset is what is hardest to verify: more of it, and computed singing as
# well.
MORE_PHRASES = 2.5
SUNG = 0.2
_MEMORY_SHARE = 0.5
_Scale = tuple[NDArray[np.float64], NDArray[np.float64]]  # mean and spread of each column


def train_verifier(
    recordings: Sequence[Recording],
    model: Model,
    settings: Settings,
    hop: int,
    work: Path,
    jobs: Jobs,
    progress: Progress,
    start: Network | None = None,
) -> tuple[Network, dict[str, Any]]:
    """Train a verifier for a model's scorer.

    Parameters
    ----------
    recordings : sequence of Recording
        What its material is made of.
    model : Model
        Whose scores it is to verify.
    settings : Settings
        How.
    hop : int
        Samples per hop.
    work : Path
        Folder for what is made on the way.
    jobs : int or str
        Processes.
    progress : callable
        Gets what is being done.
    start : Network or None
        The verifier to adapt, if there is one.

    Returns
    -------
    verifier : Network
    facts : dict
        For the model's card: rows and loss.

    Raises
    ------
    DataError
        If a recording cannot be used.
    OutputError
        If ``work`` cannot be written to.
    """
    pieces, rounds = settings.verifier_pieces, ROUNDS if start is None else 1
    curriculum = _curriculum(recordings, settings)
    bench = _Bench(_folder(recordings, curriculum, model, hop, work, start), pieces, TrackerConfig(hop=hop))
    records = [bench.record(k) for k in range(pieces)]
    make_missing(records, partial(bench.analyse, curriculum, model), jobs, progress, ANALYSING)
    most = int(_MEMORY_SHARE * settings.memory_mb * 1_000_000 / (2 * len(NAMES) * pieces * rounds))
    verifier = start
    for turn in range(rounds):
        lead = partial(bench.lead, verifier, turn, max(1, most))
        make_missing([bench.cases(turn, k) for k in range(pieces)], lead, jobs, progress, f"{VERIFYING} {turn + 1}")
        known = bench.load(turn + 1)
        if not known.targets[:, 0].any():
            raise DataError("no note is ever begun in the pieces that were made; train on more of them (--pieces)")
        verifier, loss = _fit_round(known, start, settings.seed, last=turn + 1 == ROUNDS)
    assert verifier is not None
    return verifier, {"rows": len(known.rows), "loss": round(loss, 6)}


def _curriculum(recordings: Sequence[Recording], settings: Settings) -> Curriculum:
    shares = settings.mixture
    mixture = replace(shares, phrases=MORE_PHRASES * shares.phrases, sung=max(SUNG, shares.sung))
    return Curriculum(recordings, settings.seed + 2, settings.synthetic, mixture)


def _folder(
    recordings: Sequence[Recording], curriculum: Curriculum, model: Model, hop: int, work: Path, start: Network | None
) -> Path:
    """Named after all that what is in it depends on."""
    asked = hashlib.sha256(json.dumps([VERSION, NAMES, OUTPUTS]).encode()).hexdigest()[:8]
    name = "-".join([*(weights_hash(network)[:8] for network in (model.scorer, start) if network), asked])
    return work / f"cases-{key(training_hash(recordings), curriculum, hop)}-{name}"


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where the work lies."""

    folder: Path
    pieces: int
    config: TrackerConfig

    def record(self, index: int) -> Path:
        return self.folder / f"{index:06d}.npz"

    def cases(self, turn: int, index: int) -> Path:
        return self.folder / f"{turn}-{index:06d}.npz"

    def analyse(self, curriculum: Curriculum, model: Model, index: int) -> None:
        """Keep the evidence of a piece."""
        record_evidence(curriculum.piece(index), self.config, model).save(self.record(index))

    def lead(self, verifier: Network | None, turn: int, most: int, index: int) -> None:
        """Lead the note machine through a piece."""
        seed = turn * self.pieces + index
        cases = verifier_examples_of(load_record(self.record(index)), self.config, verifier, seed)
        if len(cases.rows) > most:
            kept = np.sort(np.random.default_rng(seed).permutation(len(cases.rows))[:most])
            cases = VerifierExamples(cases.rows[kept], cases.targets[kept])
        write_whole(self.cases(turn, index), rows=cases.rows, targets=cases.targets)

    def load(self, turns: int) -> VerifierExamples:
        """The cases of the first turns."""
        rows = [np.zeros((0, len(NAMES)), np.float16)]
        targets = [np.zeros((0, len(OUTPUTS)), np.uint8)]
        for turn in range(turns):
            for index in range(self.pieces):
                arrays = read_whole(self.cases(turn, index), "rows", "targets")
                rows.append(arrays["rows"])
                targets.append(arrays["targets"])
        return VerifierExamples(np.concatenate(rows), np.concatenate(targets))


def _fit_round(cases: VerifierExamples, start: Network | None, seed: int, *, last: bool) -> tuple[Network, float]:
    """A verifier and its loss: adapted from the one to start from, or else new."""
    if start is not None:
        return _adapt(start, cases, seed)
    return _fit(cases, seed, MEMBERS if last else MEMBERS[:1])


def _fit(cases: VerifierExamples, seed: int, members: Sequence[tuple[int, ...]]) -> tuple[Network, float]:
    """The mean of networks with such hidden layers, and of their losses."""
    scale = _scale(cases.rows)
    fitted: list[Network] = []
    losses: list[float] = []
    for member, hidden in enumerate(members):
        rates = np.geomspace(*LEARNING_RATE, EPOCHS)
        network, loss = _fit_one(hidden, cases, scale, rates, (seed, member))
        fitted.append(network)
        losses.append(loss)
    return mean_of(fitted), sum(losses) / len(members)


def _adapt(start: Network, cases: VerifierExamples, seed: int) -> tuple[Network, float]:
    """A network on its way to fit these cases, and the loss of the one that does."""
    scale = _scale(cases.rows)
    hidden = [weights.shape[1] for weights in start.weights[:-1]]
    rates = np.geomspace(*ADAPTING_RATE, ADAPTING_EPOCHS)
    moved, loss = _fit_one(hidden, cases, scale, rates, (seed,), unfold(start.weights, start.biases, *scale))
    return halfway(start, moved), loss


def _fit_one(
    hidden: Sequence[int],
    cases: VerifierExamples,
    scale: _Scale,
    rates: NDArray[np.float64],
    seeds: tuple[int, ...],
    start: Layers | None = None,
) -> tuple[Network, float]:
    """One network after a pass at each of the learning rates, and its loss in the last."""
    mlp = new_mlp(hidden, ALPHA, int(np.random.SeedSequence(seeds).generate_state(1)[0]))
    loss = 0.0
    for epoch, rate in enumerate(rates):
        order = np.random.default_rng([*seeds, epoch]).permutation(len(cases.rows))
        loss, _ = fit_epoch(mlp, _chunks(cases, order, *scale), float(rate), BATCH, None if epoch else start)
    return Network(*fold(layers_of(mlp, len(OUTPUTS)), *scale)), loss


def _scale(rows: NDArray[np.float16]) -> _Scale:
    """Mean and spread of each column, without a copy of all in higher precision."""
    parts = np.array_split(rows, max(1, len(rows) // CHUNK_ROWS))
    mean = np.sum([part.sum(axis=0, dtype=np.float64) for part in parts], axis=0) / len(rows)
    square = np.sum([((part - mean) ** 2).sum(axis=0) for part in parts], axis=0) / len(rows)
    return mean, np.sqrt(square) + SPREAD_FLOOR


def _chunks(
    cases: VerifierExamples, order: NDArray[np.int64], mean: NDArray[np.float64], spread: NDArray[np.float64]
) -> Chunks:
    for chosen in np.array_split(order, max(1, len(order) // CHUNK_ROWS)):
        x = cases.rows[chosen].astype(np.float32)
        x -= mean.astype(np.float32)
        x /= spread.astype(np.float32)
        yield x, cases.targets[chosen]
