"""Train a model on labelled recordings, or adapt one that exists to an instrument.

Recordings -> a curriculum of pieces -> their features as shards on disk -> an estimator of scikit-learn -> layers of
numbers, a verifier for them (`streamer.training.verifier`), and a card that says where all comes from.

The same recordings and settings give the same bytes, whatever the number of processes, on machines whose processors
and libraries are alike; the card names the libraries. Sums may differ in their last bit elsewhere.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer import __version__
from streamer.analysis.network import Network
from streamer.config import auto_hop
from streamer.data.arrays import read_whole, write_whole
from streamer.data.datasets import Recording, audio_duration_s, licence_lines
from streamer.data.hashes import training_hash
from streamer.data.learned import CARD_KEY, card_entry, is_from
from streamer.decision.thresholds import USUAL
from streamer.errors import ConfigError, DataError, OutputError
from streamer.jobs import Jobs, Progress, silent
from streamer.material import soundfont, speech
from streamer.material.curriculum import RATE_HZ, Curriculum
from streamer.model import OUTPUTS, Model
from streamer.threads import one_thread
from streamer.training.estimators import (
    Chunks,
    Layers,
    fit_epoch,
    fit_logistic,
    fit_sgd,
    fold,
    halfway,
    layers_of,
    new_mlp,
    unfold,
    weights_hash,
)
from streamer.training.settings import Settings
from streamer.training.shards import Shards, Statistics, key
from streamer.training.verifier import train_verifier

HOP = auto_hop(RATE_HZ)
HELD_OUT_SHARE = 5  # pieces to measure on: one for so many that are learned from
SPEECH_LINE = "debian:espeak-ng: GPL-3.0-or-later (the program; its speech is heard as no music)"
MAKING, LEARNING, TESTING = "features", "learning", "held-out features"


@dataclass(frozen=True, slots=True)
class Split:
    """Recordings that are learned from, and those that are measured on."""

    learned: list[Recording]
    held_out: list[Recording]


def split(recordings: Sequence[Recording], hold_out: Sequence[str]) -> Split:
    """Hold back whole sources, never single files of one.

    Parameters
    ----------
    recordings : sequence of Recording
        All there are.
    hold_out : sequence of str
        Each is part of the name of a source or of an instrument.

    Raises
    ------
    ConfigError
        If one names nothing, or nothing is left to learn from.
    """
    for word in hold_out:
        if not any(is_from(recording, word) for recording in recordings):
            names = ", ".join(sorted({recording.source for recording in recordings}))
            raise ConfigError(f"no source or instrument to hold out is called {word!r}; the sources are {names}")
    held = [any(is_from(recording, word) for word in hold_out) for recording in recordings]
    found = Split(
        [recording for recording, out in zip(recordings, held, strict=True) if not out],
        [recording for recording, out in zip(recordings, held, strict=True) if out],
    )
    if not found.learned:
        raise ConfigError("all recordings are held out; leave some to learn from")
    return found


def check_recordings(recordings: Sequence[Recording]) -> None:
    """Refuse, before hours of work, what would fail in the midst of it.

    Raises
    ------
    DataError
        If audio cannot be read, is empty, or ends before a note in it begins; or no note is labelled at all.
    """
    duration_of = cache(audio_duration_s)
    for recording in recordings:
        duration_s = duration_of(recording.path)
        late = recording.notes[recording.notes[:, 0] >= duration_s]
        if len(late):
            raise DataError(
                f"{recording.path} lasts {duration_s:.2f} s, but a note is labelled at {late[0, 0]:.2f} s; "
                "its labels belong to another file"
            )
    if not any(len(recording.notes) for recording in recordings):
        raise DataError("no note is labelled in the data; a model cannot be learned from that")


def train(
    recordings: Sequence[Recording],
    settings: Settings,
    work: Path,
    jobs: Jobs = 1,
    start: Model | None = None,
    progress: Progress = silent,
) -> Model:
    """Train a model.

    Parameters
    ----------
    recordings : sequence of Recording
        From `streamer.data.formats.read_dataset`.
    settings : Settings
        How.
    work : Path
        Folder for what is made on the way; a run that was interrupted goes on from what it finds there.
    jobs : int or str
        Processes that make features.
    start : Model or None
        The model to begin with.
    progress : callable
        Gets what is being done, how much of it is done, and how much there is.

    Raises
    ------
    DataError
        If the data cannot be used.
    ConfigError
        If settings, data and starting model do not go together.
    OutputError
        If ``work`` cannot be written to.
    """
    _check_start(settings, start)
    check_recordings(recordings)
    parts = split(recordings, settings.hold_out)
    data = training_hash(recordings)
    one_thread()
    shards = _shards(parts.learned, settings, settings.seed, settings.pieces, work, jobs, progress, MAKING)
    known = shards.statistics()
    if not all(known.positive):
        raise DataError("no note is heard in the pieces that were made; train on more of them (--pieces), or more data")
    network = Network(*fold(_fit(shards, known, settings, start, work, progress), known.mean, known.spread))
    if start is not None:
        network = halfway(start.scorer, network)
    model = Model(network, {})
    losses = _losses("training", model, start, shards)
    if parts.held_out:
        count = -(-settings.pieces // HELD_OUT_SHARE)
        seed = settings.seed + 1
        held = _shards(parts.held_out, settings, seed, count, work, jobs, progress, TESTING, synthetic=False)
        losses |= _losses("held out", model, start, held)
    card = _card(parts, settings, data, known, losses, start)
    verifier = start.verifier if start else None
    if settings.verifier_share and (start is None or verifier is not None):  # what had none goes on without
        verifier, card["verifier"] = train_verifier(parts.learned, model, settings, HOP, work, jobs, progress, verifier)
    return Model(network, card, verifier, start.thresholds if start else USUAL)


def _losses(name: str, model: Model, start: Model | None, shards: Shards) -> dict[str, dict[str, float]]:
    losses = {name: _loss(model, shards)}
    if start is not None:
        losses[f"{name} before"] = _loss(start, shards)
    return losses


def save(model: Model, path: Path) -> None:
    """Write a model so that there is either all of it or none.

    Parameters
    ----------
    model : Model
        What is written.
    path : Path
        An existing file is replaced.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        model.save(unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write the model {path}: {error.strerror}") from error


def clear(work: Path) -> None:
    """Remove what `train` made in a folder, and the folder if nothing else is in it.

    Raises
    ------
    OutputError
        If it cannot be removed.
    """
    try:
        for path in (*work.glob("features-*/*"), *work.glob("cases-*/*"), *work.glob("learning-*")):
            path.unlink()
        for folder in (*work.glob("features-*"), *work.glob("cases-*"), work):
            if not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        raise OutputError(f"the model is written, but {work} cannot be removed: {error.strerror}") from error


def _check_start(settings: Settings, start: Model | None) -> None:
    if start is None:
        return
    if settings.estimator != "mlp":
        raise ConfigError(f"only the estimator mlp can start from a model, not {settings.estimator}; leave one out")
    hidden = tuple(weights.shape[1] for weights in start.scorer.weights[:-1])
    if hidden != settings.hidden:
        raise ConfigError(
            f"the model to start from has hidden layers of {list(hidden)} units, not {list(settings.hidden)}; "
            "leave the setting `hidden` out"
        )


def _shards(
    recordings: list[Recording],
    settings: Settings,
    seed: int,
    count: int,
    work: Path,
    jobs: Jobs,
    progress: Progress,
    what: str,
    *,
    synthetic: bool | None = None,
) -> Shards:
    wanted = settings.synthetic if synthetic is None else synthetic
    curriculum = Curriculum(recordings, seed=seed, synthetic=wanted, mixture=settings.mixture)
    shards = Shards(work / f"features-{key(training_hash(recordings), curriculum, HOP)}", count)
    shards.make(curriculum, HOP, jobs, progress, what)
    return shards


def _fit(
    shards: Shards, known: Statistics, settings: Settings, start: Model | None, work: Path, progress: Progress
) -> Layers:
    """Layers for standardised features."""
    mean, spread = known.mean.astype(np.float32), known.spread.astype(np.float32)

    def chunks(epoch: int) -> Chunks:
        rng = np.random.default_rng([settings.seed, epoch])  # its own for each epoch, so that any may be taken up
        for x, y in shards.chunks(known.rows, rng, settings.memory_mb * 1_000_000):
            x -= mean
            x /= spread
            yield x, y

    def report(done: int) -> None:
        progress(LEARNING, done, settings.epochs)

    if settings.estimator == "logistic":
        return layers_of(fit_logistic(settings.alpha, *next(chunks(0))))
    if settings.estimator == "sgd":
        report(0)
        return layers_of(fit_sgd(settings.alpha, settings.seed, settings.epochs, chunks, report))
    notebook = _Notebook(work, shards, settings, start)
    done, layers = notebook.read()
    report(done)
    if layers is None and start is not None:
        layers = unfold(start.scorer.weights, start.scorer.biases, known.mean, known.spread)
    rates = np.geomspace(*settings.learning_rate, settings.epochs)
    mlp = new_mlp(settings.hidden, settings.alpha, settings.seed)
    for epoch in range(done, settings.epochs):
        fit_epoch(mlp, chunks(epoch), float(rates[epoch]), settings.batch, layers)
        layers = layers_of(mlp)
        notebook.write(epoch + 1, layers)
        report(epoch + 1)
    assert layers is not None  # there is at least one epoch
    return layers


class _Notebook:
    """The layers after the latest epoch, on disk, so that an interrupted run goes on from there."""

    def __init__(self, work: Path, shards: Shards, settings: Settings, start: Model | None) -> None:
        import sklearn

        of_classifier = replace(settings, verifier_share=0.0).fingerprint
        facts = [shards.folder.name, of_classifier, start and weights_hash(start.scorer), sklearn.__version__]
        self._path = work / f"learning-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]}.npz"

    def read(self) -> tuple[int, Layers | None]:
        """How many epochs are done, and the layers then; none if there is nothing that can be used."""
        try:
            arrays = read_whole(self._path, "epochs")
            count = sum(name.startswith("w") for name in arrays)
            return int(arrays["epochs"]), [(arrays[f"w{k}"], arrays[f"b{k}"]) for k in range(count)]
        except (DataError, KeyError):
            return 0, None  # it only saves time

    def write(self, epochs: int, layers: Layers) -> None:
        """Note the layers after an epoch."""
        arrays: dict[str, NDArray[Any]] = {"epochs": np.array(epochs)}
        for k, (weights, biases) in enumerate(layers):
            arrays |= {f"w{k}": weights, f"b{k}": biases}
        write_whole(self._path, **arrays)


def _loss(model: Model, shards: Shards) -> dict[str, float]:
    """Mean log loss of each output, as the live path computes it."""
    total, rows = np.zeros(len(OUTPUTS)), 0
    for index in range(shards.count):
        piece = shards.load(index)
        odds = model.scorer.log_odds(piece.rows.astype(np.float32)).astype(np.float64)
        total += np.logaddexp(0.0, np.where(piece.targets, -odds, odds)).sum(axis=0)
        rows += len(odds)
    return {name: round(float(value), 6) for name, value in zip(OUTPUTS, total / max(1, rows), strict=True)}


def _card(
    parts: Split,
    settings: Settings,
    data_sha256: str,
    known: Statistics,
    losses: dict[str, dict[str, float]],
    start: Model | None,
) -> dict[str, Any]:
    """What a model is and where it comes from; nothing that differs from run to run, as times and paths do."""
    import sklearn

    licences = licence_lines(parts.learned)
    if settings.synthetic:
        licences += [f"{soundfont.SOURCE}: {soundfont.LICENCE}"] * soundfont.is_available()
        licences += [SPEECH_LINE] * speech.is_available()
    card = {
        "settings": asdict(settings),
        "fingerprint": settings.fingerprint,
        "seed": settings.seed,
        "data_sha256": data_sha256,
        CARD_KEY: card_entry(parts.learned, parts.held_out, start.card if start else None),
        "recordings": len(parts.learned),
        "held_out_recordings": len(parts.held_out),
        "rows": sum(known.rows),
        "loss": losses,
        "versions": {"streamer": __version__, "scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "licences": licences,
    }
    if start is not None:
        card["started_from"] = weights_hash(start.scorer)
        # What is made from a model carries on what that was made from.
        card["licences"] = list(dict.fromkeys([*start.card.get("licences", []), *licences]))
    return card
