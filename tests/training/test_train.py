"""Training: the same bytes however the work is cut up, within memory, and only what the live path can run."""

import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier

from streamer.analysis import features
from streamer.analysis.network import Network
from streamer.cli import main
from streamer.config import TrackerConfig
from streamer.data.formats import read_dataset
from streamer.data.hashes import training_hash
from streamer.data.learned import learned_from
from streamer.decision.thresholds import USUAL
from streamer.errors import ConfigError, DataError, ModelError
from streamer.evaluation.replay import record_evidence
from streamer.material.curriculum import Curriculum
from streamer.model import load
from streamer.settings.training import ADAPTING
from streamer.training.estimators import fit_epoch, fold, halfway, layers_of, mean_of, new_mlp, unfold
from streamer.training.settings import Settings, make_settings, read_settings, to_toml
from streamer.training.shards import Shards
from streamer.training.steps import steps_of
from streamer.training.train import LEARNING, check_recordings, save, split, train
from streamer.training.verifier_examples import verifier_examples_of
from tests.tones import melody

RATE_HZ = 22_050
N = len(features.NAMES)
SMALL = {
    "pieces": 5,
    "epochs": 3,
    "hidden": (8,),
    "batch": 32,
    "learning_rate": (1e-2, 1e-3),
    "synthetic": False,
    "memory_mb": 64,
}


def write_pair(folder: Path, name: str, notes: list[int]) -> None:
    """A short recording and its MIDI file."""
    folder.mkdir(exist_ok=True)
    samples, onsets_s = melody(notes, RATE_HZ, note_s=0.2, gap_s=0.05)
    soundfile.write(folder / f"{name}.wav", samples, RATE_HZ)
    track, at = mido.MidiTrack(), 0.0
    for note, onset_s in zip(notes, onsets_s, strict=True):
        for kind, time_s in (("note_on", onset_s), ("note_off", onset_s + 0.2)):
            track.append(mido.Message(kind, note=note, time=round(1000 * (time_s - at))))
            at = time_s
    file = mido.MidiFile(ticks_per_beat=500)  # at the default tempo a tick is a millisecond
    file.tracks.append(track)
    file.save(folder / f"{name}.mid")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_pair(folder / "lute", "one", [57, 60, 64])
    write_pair(folder / "lute", "two", [62, 55, 59])
    write_pair(folder / "viol", "one", [50, 67, 52])
    return folder


@pytest.fixture(scope="module")
def recordings(data: Path) -> list:
    return [*read_dataset(data / "lute"), *read_dataset(data / "viol")]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a training that is soon done."""
    path = tmp_path_factory.mktemp("settings") / "small.toml"
    path.write_text(to_toml(make_settings(SMALL)))
    return path


@pytest.fixture(scope="module")
def trained(recordings: list, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, trained without interruption in this process."""
    folder = tmp_path_factory.mktemp("trained")
    save(train(recordings, make_settings(SMALL), folder / "work"), folder / "mine.model")
    return folder / "mine.model"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setenv("COLUMNS", "120")

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return int(left.value.code or 0), captured.out, captured.err

    return run


def test_the_command_writes_the_same_bytes_in_several_processes(
    data: Path, small: Path, trained: Path, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    made = tmp_path / "made.model"
    status, out, err = run("train", data / "lute", data / "viol", "-o", made, "--config", small, "--jobs", 2)
    assert status == 0
    assert made.read_bytes() == trained.read_bytes()
    assert list(tmp_path.iterdir()) == [made], "what was made on the way is removed"
    assert "learned from 3 recordings" in out
    assert "lute, viol\n" in out
    assert "3 recordings that it was trained on, so the figures are too favourable" in out
    assert f"streamer live --model {made}\n" in out
    assert "step 1 of 8: features: 5 of 5 done" in err
    assert "step 8 of 8: measuring: 3 of 3 done" in err


def untimed(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != "real_time_factor"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_cluster_trains_the_same_bytes_and_measures_the_same(
    data: Path, small: Path, trained: Path, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    distributed = pytest.importorskip("distributed")
    made, measured = tmp_path / "made.model", []
    with distributed.LocalCluster(2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as scheduler:
        cluster = scheduler.scheduler_address.replace("tcp://", "dask://")
        status, _, err = run("train", data / "lute", data / "viol", "-o", made, "--config", small, "--cluster", cluster)
        assert status == 0, err
        assert made.read_bytes() == trained.read_bytes()
        for number, where in enumerate((("--cluster", cluster), ("--jobs", 1))):
            table = tmp_path / f"{number}.json"
            status, _, err = run("evaluate", data / "lute", "--model", made, "--json", table, *where)
            assert status == 0, err
            measured.append(json.loads(table.read_text(), object_hook=untimed))
    assert measured[0] == measured[1]


def test_another_seed_gives_another_model(recordings: list, trained: Path, tmp_path: Path) -> None:
    save(train(recordings, make_settings(SMALL | {"seed": 1}), tmp_path), tmp_path / "other.model")
    assert (tmp_path / "other.model").read_bytes() != trained.read_bytes()


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 120.0
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_an_interrupted_run_goes_on_and_ends_the_same(data: Path, small: Path, tmp_path: Path) -> None:
    made, work = tmp_path / "made.model", tmp_path / "made.model.work"
    words = ["train", str(data / "viol"), "-o", str(made), "--config", str(small), "--pieces", "10", "--jobs", "2"]

    def begin() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "streamer", *words]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def shards() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in work.glob("features-*/*.npz")}

    first = begin()
    wait_for(lambda: len(shards()) >= 1)
    os.killpg(first.pid, signal.SIGINT)  # as Ctrl-C does, to all processes of the terminal
    _, err = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "the same command goes on" in err
    assert "Traceback" not in err
    after_first = shards()

    second = begin()
    wait_for(lambda: len(shards()) > len(after_first))
    second.kill()
    second.communicate(timeout=60)  # its standard error is closed only when its own processes have ended too
    after_second = shards()
    assert after_first.items() <= after_second.items()

    third = begin()
    third.communicate(timeout=120)
    assert third.returncode == 0
    settings = make_settings(SMALL | {"pieces": 10})
    save(train(read_dataset(data / "viol"), settings, tmp_path / "again"), tmp_path / "again.model")
    assert made.read_bytes() == (tmp_path / "again.model").read_bytes()


def test_learning_goes_on_after_the_epoch_that_was_done(recordings: list, trained: Path, tmp_path: Path) -> None:
    seen: list[int] = []

    def interrupt(what: str, done: int, total: int) -> None:
        if what == LEARNING:
            seen.append(done)
            if done == 2 and len(seen) == 3:
                raise KeyboardInterrupt

    for _ in range(2):
        try:
            model = train(recordings, make_settings(SMALL), tmp_path / "work", progress=interrupt)
        except KeyboardInterrupt:
            continue
    assert seen == [0, 1, 2, 2, 3]
    save(model, tmp_path / "made.model")
    assert (tmp_path / "made.model").read_bytes() == trained.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such timer")
def test_learning_can_be_interrupted_in_the_midst_of_a_chunk() -> None:
    def interrupt(signum: int, stack: object) -> None:
        raise KeyboardInterrupt

    def learn() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        fit_epoch(new_mlp((4,), 0.0, 0), iter([many]), 1e-3, 1)

    many = np.tile(STANDARD, (1_000, 1)), np.tile(TARGETS, (1_000, 1))  # takes a minute in steps of one row
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            learn()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_a_damaged_shard_is_told(recordings: list, tmp_path: Path) -> None:
    train(recordings, make_settings(SMALL | {"epochs": 1}), tmp_path)
    shard = sorted(tmp_path.glob("features-*/*.npz"))[2]
    content = shard.read_bytes()
    shard.write_bytes(content[:5000] + b"\x00\xff" + content[5002:])
    with pytest.raises(DataError, match=r"000002.*delete it"):
        train(recordings, make_settings(SMALL | {"epochs": 1}), tmp_path)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    """Ten shards of 20 MB together, in which the first feature is the number of the row."""
    made = Shards(tmp_path_factory.mktemp("shards"), 10)
    for index in range(10):
        rows = np.random.default_rng(index).normal(3.0, 2.0, (14_000, N)).astype(np.float16)
        rows[:, 0] = np.arange(14_000) % 2048
        rows[:, 1] = index
        targets = (rows[:, 2:4] > 5.0).astype(np.uint8)
        np.savez(made.path(index), rows=rows, targets=targets)
    return made


def test_memory_is_bounded_and_every_row_is_seen_once(shards: Shards) -> None:
    rows = shards.statistics().rows
    assert rows == (14_000,) * 10
    peaks = {}
    for memory in (20_000_000, 200_000_000):
        seen = np.zeros((10, 2048), int)
        tracemalloc.start()
        for x, y in shards.chunks(rows, np.random.default_rng(0), memory):
            assert np.array_equal(y, x[:, 2:4] > 5.0)
            np.add.at(seen, (x[:, 1].astype(int), x[:, 0].astype(int)), 1)
        peaks[memory] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert np.array_equal(seen, np.tile(np.bincount(np.arange(14_000) % 2048), (10, 1)))
        assert peaks[memory] < memory
    assert peaks[200_000_000] > 20_000_000, "what fits is shuffled as a whole"


def test_the_order_is_decided_by_the_generator(shards: Shards) -> None:
    rows = shards.statistics().rows
    first, same, other = (next(shards.chunks(rows, np.random.default_rng(seed), 30_000_000))[0] for seed in (0, 0, 1))
    assert np.array_equal(first, same)
    assert not np.array_equal(first[:50], other[:50])
    assert len(np.unique(first[:, 1])) > 1, "pieces are mixed"


def test_statistics_are_those_of_all_rows(shards: Shards) -> None:
    known = shards.statistics()
    assert known.mean[5] == pytest.approx(3.0, abs=0.02)
    assert known.spread[5] == pytest.approx(2.0, abs=0.02)
    assert known.mean[1] == pytest.approx(4.5)
    assert 0 < known.positive[0] < 140_000


ROWS = np.random.default_rng(0).normal(2.0, 3.0, (600, N)).astype(np.float32)
TARGETS = np.stack([ROWS[:, 0] + ROWS[:, 1] > 4.0, ROWS[:, 2] > 3.0], 1).astype(np.uint8)
MEAN, SPREAD = ROWS.mean(0).astype(np.float64), ROWS.std(0).astype(np.float64)
STANDARD = ((ROWS - MEAN) / SPREAD).astype(np.float32)


def heads(estimator: object) -> list:
    return [type(estimator)(**estimator.get_params()).fit(STANDARD, TARGETS[:, k]) for k in (0, 1)]


def test_a_network_can_say_the_mean_of_several() -> None:
    rng = np.random.default_rng(3)
    shapes = [(N, 9), (9, 5), (5, 2)]
    members = [
        Network(
            tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes),
            tuple(rng.normal(size=shape[1]).astype(np.float32) for shape in shapes),
        )
        for _ in range(3)
    ]
    expected = np.mean([member.log_odds(ROWS) for member in members], axis=0)
    assert np.allclose(mean_of(members).log_odds(ROWS), expected, rtol=1e-4, atol=1e-3)


def test_halfway_between_two_networks_of_one_layer_is_their_mean() -> None:
    rng = np.random.default_rng(4)
    one, other = (
        Network((rng.normal(size=(N, 2)).astype(np.float32),), (rng.normal(size=2).astype(np.float32),)) for _ in "ab"
    )
    between = halfway(one, other)
    assert between.weights[0].dtype == np.float32  # or it could be saved, and not loaded
    mean = 0.5 * (one.log_odds(ROWS) + other.log_odds(ROWS))
    assert np.allclose(between.log_odds(ROWS), mean, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    "fitted",
    [
        MLPClassifier((9, 4), max_iter=3, random_state=0),
        LogisticRegression(),
        SGDClassifier(loss="log_loss", random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_is_exported_says_the_same_as_the_estimator(fitted: object) -> None:
    if isinstance(fitted, MLPClassifier):
        fitted.fit(STANDARD, TARGETS)
        layers, expected = layers_of(fitted), fitted.predict_proba(STANDARD)
    else:
        both = heads(fitted)
        layers, expected = layers_of(both), np.stack([head.predict_proba(STANDARD)[:, 1] for head in both], 1)
    model = Network(*fold(layers, MEAN, SPREAD))
    assert np.allclose(expit(model.log_odds(ROWS)), expected, atol=1e-4)
    again = fold(unfold(model.weights, model.biases, MEAN, SPREAD), MEAN, SPREAD)
    assert np.allclose(again[0][0], model.weights[0], rtol=1e-5)
    assert np.allclose(again[1][0], model.biases[0], rtol=1e-4)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_the_live_path_cannot_run_is_refused_with_the_reason() -> None:
    for fitted, reason in (
        (RandomForestClassifier(2).fit(STANDARD, TARGETS), "RandomForestClassifier cannot be exported"),
        (MLPClassifier((3,), max_iter=1, activation="tanh").fit(STANDARD, TARGETS), "'tanh'"),
        (MLPClassifier((3,), max_iter=1).fit(STANDARD, TARGETS[:, 0]), "outputs"),
        (heads(SGDClassifier(loss="hinge")), "log_loss"),
        (heads(LogisticRegression())[:1], "2 outputs"),
    ):
        with pytest.raises(ModelError, match=reason):
            layers_of(fitted)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("random-forest", "trees"), ("SVC", "stored examples"), ("knn", "training data"), ("magic", "no estimator")],
)
def test_estimators_are_refused_by_name(
    data: Path, tmp_path: Path, run: Callable[..., tuple[int, str, str]], name: str, reason: str
) -> None:
    status, out, err = run("train", data / "lute", "-o", tmp_path / "x", "--estimator", name)
    assert (status, out) == (2, "")
    assert reason in err
    assert "mlp, logistic, sgd" in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("estimator", ["logistic", "sgd"])
def test_linear_estimators_learn(recordings: list, trained: Path, tmp_path: Path, estimator: str) -> None:
    made = train(recordings, make_settings(SMALL | {"estimator": estimator}), trained.parent / "work")
    assert [weights.shape for weights in made.scorer.weights] == [(N, 2)]
    save(made, tmp_path / "linear.model")
    loss = load(tmp_path / "linear.model").card["loss"]["training"]
    assert 0.0 < loss["begun"] < loss["sounding"] < 0.25  # without features it would be 0.3


def test_the_card_tells_where_a_model_comes_from(recordings: list, trained: Path) -> None:
    card = load(trained).card
    assert card["data_sha256"] == training_hash(recordings)
    assert card["features"] == list(features.NAMES)
    assert card["seed"] == 0
    assert card["licences"] == ["lute: no licence stated", "viol: no licence stated"]
    assert card["settings"]["hidden"] == [8]
    assert card["versions"].keys() == {"streamer", "scikit-learn", "numpy"}
    assert 0.0 < card["loss"]["training"]["sounding"] < 0.3
    assert str(trained.parent) not in str(card)


def test_whole_sources_are_held_out(recordings: list, tmp_path: Path) -> None:
    parts = split(recordings, ["VIO"])
    assert {recording.source for recording in parts.learned} == {"lute"}
    assert {recording.source for recording in parts.held_out} == {"viol"}
    card = train(recordings, make_settings(SMALL | {"hold_out": ["viol"]}), tmp_path).card
    assert card["loss"].keys() == {"training", "held out"}
    assert card["loss"]["held out"] != card["loss"]["training"]
    assert (card["recordings"], card["held_out_recordings"]) == (2, 1)
    assert card["licences"] == ["lute: no licence stated"]
    with pytest.raises(ConfigError, match="the sources are lute, viol"):
        split(recordings, ["tuba"])
    with pytest.raises(ConfigError, match="all recordings are held out"):
        split(recordings, ["lute", "viol"])


def test_a_held_out_source_is_measured_before_and_after(
    data: Path, small: Path, recordings: list, trained: Path, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    made = tmp_path / "my lute.model"
    words = ("--config", small, "--hold-out", "viol", "--start-from", trained, "--pieces", 2, "--jobs", 1)
    status, out, err = run("train", data / "lute", data / "viol", "-o", made, *words)
    assert status == 0
    assert "learned from 2 recordings" in out
    assert ", on 1 recording held out\n" in out
    assert f"(before: {trained})" in out
    assert "nothing was held out" not in out
    assert f"streamer model show '{made}'\n" in out
    settings = make_settings(SMALL | {"hold_out": ["viol"], "pieces": 2})
    steps = steps_of(settings, load(trained))
    reported = [line for line in err.splitlines() if " done" in line]
    for number, step in enumerate(steps, 1):
        wanted = f"streamer: step {number} of {len(steps) + 1}: {step.name}: {step.size} of {step.size} done"
        assert wanted in reported
    # The model that it was adapted from had learned from the viol, too.
    assert learned_from(load(made).card, recordings, recordings) == 3


def test_evaluation_warns_of_what_was_trained_on(
    data: Path, trained: Path, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    words = ("--model", trained, "--detector", "trained", "--jobs", 1)
    files = ("--json", tmp_path / "e.json", "--report", tmp_path / "e.html")
    status, _, err = run("evaluate", data / "lute", *words, *files)
    assert status == 0
    warning = "mine was trained on 2 of these 2 recordings"
    assert err.count("warning") == 1
    assert f"streamer: warning: {warning}" in err
    systems = json.loads((tmp_path / "e.json").read_text())["systems"]
    assert [system["trained_on_recordings"] for system in systems] == [2, 0]
    assert warning in (tmp_path / "e.html").read_text()
    write_pair(tmp_path / "new", "one", [61, 63])
    assert "warning" not in run("evaluate", tmp_path / "new", *words)[2]


def test_a_model_is_adapted_from_where_it_was(recordings: list, trained: Path, tmp_path: Path) -> None:
    start = load(trained)
    start.card["licences"] = ["github:somebody/organ: CC-BY"]
    slow = make_settings(SMALL | ADAPTING | {"pieces": 5, "learning_rate": [1e-7, 1e-7], "epochs": 1})
    same = train(recordings, slow, tmp_path, start=start)
    before, after = same.card["loss"]["training before"], same.card["loss"]["training"]
    assert before["sounding"] == pytest.approx(after["sounding"], abs=1e-4)
    assert same.card["licences"][0] == "github:somebody/organ: CC-BY"
    adapted = train(recordings, replace(slow, learning_rate=(3e-3, 1e-3), epochs=3), tmp_path, start=start)
    assert adapted.card["loss"]["training"]["sounding"] < before["sounding"]
    with pytest.raises(ConfigError, match=r"\[8\] units, not \[64, 32\]"):
        train(recordings, replace(slow, hidden=(64, 32)), tmp_path, start=start)
    with pytest.raises(ConfigError, match="only the estimator mlp"):
        train(recordings, replace(slow, estimator="sgd"), tmp_path, start=start)


def test_the_verifier_follows_a_scorer_that_is_adapted(recordings: list, trained: Path, tmp_path: Path) -> None:
    settings = make_settings(SMALL | ADAPTING | {"pieces": 5, "learning_rate": [3e-3, 1e-3]})
    start = replace(load(trained), thresholds=replace(USUAL, right=2.5))
    assert start.verifier is not None
    *biases, last = start.verifier.biases
    credulous = Network(start.verifier.weights, (*biases, last + np.float32(4.0)))
    start = replace(start, verifier=credulous)
    adapted = train(recordings, settings, tmp_path, start=start)
    assert adapted.thresholds == start.thresholds
    memory = record_evidence(
        Curriculum(recordings, seed=99, synthetic=False).piece(0),
        TrackerConfig(),
        adapted,
    )
    assert adapted.verifier is not None
    cases = verifier_examples_of(memory, TrackerConfig(), credulous, seed=0)

    def loss(verifier: Network) -> float:
        odds = verifier.log_odds(cases.rows.astype(np.float32))[:, 0]
        return float(np.logaddexp(0.0, np.where(cases.targets[:, 0], -odds, odds)).mean())

    assert loss(adapted.verifier) < loss(credulous)
    left = train(recordings, replace(settings, verifier_share=0.0), tmp_path, start=start)
    assert left.verifier is credulous
    assert train(recordings, settings, tmp_path, start=replace(start, verifier=None)).verifier is None


def test_the_programs_own_model_can_be_adapted(
    data: Path, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    made = tmp_path / "viol.model"
    words = ("--start-from", "default", "--no-synthetic", "--pieces", 3, "--epochs", 2, "--jobs", 1)
    status, out, _ = run("train", data / "viol", "-o", made, *words)
    assert status == 0
    assert "the model that comes with streamer" in out
    loss = load(made).card["loss"]
    assert loss["training"]["sounding"] < loss["training before"]["sounding"]


def test_settings_survive_their_file(tmp_path: Path) -> None:
    settings = make_settings({"hidden": [12, 6], "learning_rate": [0.01, 0.001], "hold_out": ["a b", 'c"']} | SMALL)
    (tmp_path / "s.toml").write_text(to_toml(settings))
    read = make_settings(read_settings(tmp_path / "s.toml"))
    assert read == settings
    assert read.fingerprint == settings.fingerprint != Settings().fingerprint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layers = 3", "no setting 'layers'"),
        ("hidden = 64", "hidden cannot be 64"),
        ("hidden = [0]", r"hidden is \[0\]"),
        ("synthetic = 1", "synthetic cannot be 1"),
        ("pieces = 2.5", "pieces cannot be 2.5"),
        ("memory_mb = 1", "from 64 to"),
        ("learning_rate = [1]", "learning_rate cannot be"),
        ("[mixture]\nsongs = 1.0", "mixture cannot be"),
        ("estimator = 'forest'", "trees"),
        ("pieces = ", "no TOML"),
    ],
)
def test_bad_settings_are_told_in_one_line(
    data: Path, tmp_path: Path, run: Callable[..., tuple[int, str, str]], text: str, message: str
) -> None:
    (tmp_path / "s.toml").write_text(text)
    status, _, err = run("train", data / "lute", "-o", tmp_path / "x.model", "--config", tmp_path / "s.toml")
    assert status == 2
    assert err.count("\n") == 1
    with pytest.raises(ConfigError, match=message):
        make_settings(read_settings(tmp_path / "s.toml"))


def test_options_come_before_the_file(data: Path, tmp_path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    (tmp_path / "s.toml").write_text("pieces = 900\nepochs = 1\nhidden = [4]\nsynthetic = false\n")
    made = tmp_path / "x.model"
    assert run("train", data / "viol", "-o", made, "--config", tmp_path / "s.toml", "--pieces", 2)[0] == 0
    settings = load(made).card["settings"]
    assert (settings["pieces"], settings["epochs"], settings["hidden"]) == (2, 1, [4])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--memory", "lots"], "500M or 2G"),
        (["--hidden", "a,b"], "such as 64,32"),
        (["--config", "absent.toml"], "absent.toml cannot be read"),
        (["--start-from", "absent.model"], "absent.model cannot be read"),
        (["-o", "absent/x.model"], "no folder absent"),
        (["--epochs", "0"], "epochs is 0"),
    ],
)
def test_misuse_is_told_in_one_line(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., tuple[int, str, str]],
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run("train", data / "lute", "-o", "x.model", *words)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_what_cannot_be_learned_from_is_told_before_the_work(recordings: list, tmp_path: Path) -> None:
    one = recordings[0]
    late = replace(one, notes=np.array([[90.0, 91.0, 60.0]]))
    with pytest.raises(DataError, match=r"one.wav lasts .* labelled at 90.00 s"):
        check_recordings([late])
    with pytest.raises(DataError, match="no note is labelled"):
        check_recordings([replace(one, notes=np.zeros((0, 3)))])
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE_HZ)
    with pytest.raises(DataError, match="holds no sound"):
        check_recordings([replace(one, path=tmp_path / "empty.wav")])
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(DataError, match="cannot be read as audio"):
        check_recordings([replace(one, path=tmp_path / "text.wav")])


def test_the_hash_of_data_is_of_what_is_in_it(data: Path, recordings: list, tmp_path: Path) -> None:
    moved = tmp_path / "lute"
    moved.mkdir()
    for path in (data / "lute").iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    lute = read_dataset(data / "lute")
    assert training_hash(read_dataset(moved)) == training_hash(lute)
    relabelled = [replace(lute[0], notes=lute[0].notes + np.array([0.0, 0.0, 1.0])), *lute[1:]]
    assert training_hash(relabelled) != training_hash(lute)
    assert training_hash([replace(lute[0], licence="CC0"), *lute[1:]]) != training_hash(lute)
