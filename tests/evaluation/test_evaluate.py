"""Evaluation: figures that add up, whatever the number of processes; pages and JSON that stand alone."""

import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from streamer.cli import main
from streamer.config import TrackerConfig
from streamer.data.datasets import Recording, read_manifest
from streamer.data.formats import read_dataset
from streamer.data.hashes import evaluation_hash
from streamer.data.phrase import load_phrase, write_set
from streamer.decision.thresholds import Thresholds
from streamer.errors import DataError, ModelError
from streamer.evaluation.baselines import BASELINES, GRID, PitchNamer, load_namer
from streamer.evaluation.confusion import CLASSES, NOTHING, confuse, join
from streamer.evaluation.evaluate import CURVE, Evaluation, System, evaluate, is_music, read_f0
from streamer.evaluation.report import page
from streamer.evaluation.results import NOTES, as_json, best, headline
from streamer.evaluation.rolls import verdicts, worst
from streamer.evaluation.tracking import track
from streamer.material.nonmusic import nonmusic
from streamer.material.singing import sing
from streamer.material.synthesis import synthesise
from streamer.model import shipped_model
from streamer.units import midi_to_hz

EXAMPLES = Path(__file__).parents[2] / "examples"
RATE_HZ = 22_050
NO_TRUTH = np.zeros((0, 3))


def made(folder: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    phrases = [(f"{style}", synthesise(style, rng, RATE_HZ, 2.5, 55, 70)) for style in ("slow", "scales")]
    phrases.append(("hiss", nonmusic("hiss", rng, RATE_HZ, 1.0)))
    write_set(folder, phrases)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory.mktemp("set"), 8)


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    return made(tmp_path_factory.mktemp("training"), 9)


@pytest.fixture(scope="module")
def evaluation(folder) -> Evaluation:
    config = TrackerConfig()
    systems = [System("trained", "ours", config), System("peak", "theirs", replace(config, detector="peak"))]
    return evaluate(read_manifest(folder), systems, jobs=1, curve=True)


def sure(text: str) -> dict:
    """JSON without the NaN that other programs choke on."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_errors_have_names():
    truth = np.array([[0.0, 1.0, 60.0], [1.0, 2.0, 72.48]])
    centres_s = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 1.1, 1.2, 2.5, 2.6])
    heard = np.array([60.4, 48.1, 61.2, 67.0, np.nan, 72.52, 72.9, np.nan, 50.0])
    confusion = confuse(truth, centres_s, heard)
    figures = confusion.figures()
    assert figures["hop_accuracy"] == pytest.approx(100 * 4 / 9)  # 72.52 is 72.48, though they round apart
    for error in ("octave", "neighbour", "other", "missed"):
        assert figures[f"hop_{error}"] == pytest.approx(100 / 7), error
    assert figures["hop_false"] == pytest.approx(50)
    matrix = confusion.matrix()
    assert matrix[60, 48] == matrix[60, NOTHING] == matrix[NOTHING, 50] == 1
    assert np.array_equal(join([confusion, confusion]).matrix(), 2 * matrix)


def test_hop_figures_are_those_of_scikit_learn():
    from sklearn.metrics import accuracy_score, f1_score

    rng = np.random.default_rng(2)
    times_s = np.arange(400) / 100 + 0.005
    onset_s = np.arange(0.0, 4.0, 0.5)
    truth = np.c_[onset_s, onset_s + 0.4, rng.integers(60, 65, 8)]
    heard = np.where(rng.random(400) < 0.2, np.nan, rng.integers(60, 65, 400))
    figures = confuse(truth, times_s, heard).figures()
    true = [next((int(m) for on, off, m in truth if on <= t < off), NOTHING) for t in times_s]
    said = np.nan_to_num(heard, nan=NOTHING).astype(int)
    assert figures["hop_accuracy"] == pytest.approx(100 * accuracy_score(true, said))
    notes = sorted(set(true) - {NOTHING})
    assert figures["hop_macro_f1"] == pytest.approx(100 * f1_score(true, said, labels=notes, average="macro"))


def test_nothing_to_count_is_no_error():
    figures = confuse(NO_TRUTH, np.zeros(0), np.zeros(0)).figures()
    assert all(math.isnan(value) for value in figures.values())
    assert confuse(NO_TRUTH, np.array([0.5]), np.array([130.0])).matrix().shape == (CLASSES, CLASSES)


def test_the_sum_is_what_a_tracker_says_of_each_piece(evaluation, folder):
    phrases = [load_phrase(recording) for recording in read_manifest(folder)]
    counts = [track(phrase, TrackerConfig()).counts for phrase in phrases if phrase.kind != "nonmusic"]
    figures, wanted = headline(evaluation, 0), reduce(add, counts).figures()
    for key in ("f1_50ms", "f1_100ms", "onset_f1", "onset_offset_f1", "latency_p95_ms", "false_per_min"):
        assert figures[key] == pytest.approx(wanted[key], nan_ok=True), key
    assert figures["f1_100ms"] > headline(evaluation, 1)["f1_100ms"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_recording_that_has_gone_is_told_in_a_line(folder, jobs):
    first, second = read_manifest(folder)[:2]
    gone = replace(second, path=second.path.with_name("gone.wav"))
    with pytest.raises(DataError, match=r"gone\.wav"):
        evaluate([first, gone], [System("trained", "", TrackerConfig())], jobs)


def test_processes_change_no_figure(evaluation, folder):
    done = []
    spread = evaluate(read_manifest(folder), evaluation.systems, jobs=2, advance=lambda: done.append(1))
    assert len(done) == len(spread.recordings)
    one, other = (sure(json.dumps(as_json(run, "set", 0), allow_nan=False)) for run in (evaluation, spread))
    for result in (one, other):
        for system in result["systems"]:
            del system["curve"]
            rows = [system["music"], *system["recordings"]]
            rows += [row for group in ("kind", "instrument", "style") for row in system[f"by_{group}"].values()]
            for row in rows:
                assert row.pop("real_time_factor") > 0
    assert one == other


def test_the_curve_is_what_trackers_of_that_eagerness_say(evaluation, folder):
    phrase = load_phrase(read_manifest(folder)[1])
    for number, eagerness in enumerate(CURVE):
        alone = track(phrase, TrackerConfig(eagerness=eagerness)).counts.figures()
        together = evaluation.results[0][1].curve[number].figures()
        assert together == pytest.approx(alone, nan_ok=True)


def test_each_point_of_the_curve_comes_out_as_if_it_ran_alone(tmp_path):
    """Singing, whose pitch is often not that of the likeliest note; and a model with thresholds of its own."""
    path = tmp_path / "bold.model"
    replace(shipped_model(), thresholds=replace(Thresholds(), right=-0.5, right_change=0.0)).save(path)
    phrase = sing(np.random.default_rng(5), 22_050, 8.0)
    write_set(tmp_path / "set", [("sung", phrase)])
    recordings = read_manifest(tmp_path / "set")
    system = System("bold", "", TrackerConfig(model=str(path)))
    usual = System("usual", "", TrackerConfig())
    together = evaluate(recordings, [system, usual], jobs=1, curve=True).results
    begun = []
    for number, eagerness in enumerate(CURVE):
        for results, each in zip(together, (system, usual), strict=True):
            alone = replace(each, config=replace(each.config, eagerness=eagerness))
            (counts,) = (row[0].notes for row in evaluate(recordings, [alone], jobs=1).results)
            assert np.array_equal(counts.latency_s, results[0].curve[number].latency_s, equal_nan=True)
            assert counts.events == results[0].curve[number].events
            begun.append(counts.events)
    assert begun[::2] != begun[1::2]  # the model's own thresholds are heeded
    assert len(set(begun[::2])) > 2


def test_kinds_are_told_apart(evaluation):
    assert evaluation.groups(lambda recording: recording.kind) == ["synthetic", "nonmusic"]
    found = as_json(evaluation, "set", 3)
    system = found["systems"][1]
    assert system["name"] == "peak"
    assert system["config"]["detector"] == "peak"
    assert set(system["by_kind"]) == {"synthetic", "nonmusic"}
    assert system["by_kind"]["nonmusic"]["f1_100ms"] is None  # nothing is there to be found
    assert system["by_kind"]["nonmusic"]["false_per_min"] == system["music"]["nonmusic_false_per_min"]
    assert sum(pair["hops"] for pair in system["confusion"]) > 1_000
    assert [point["eagerness"] for point in system["curve"]] == list(CURVE)
    assert found["seed"] == 3
    assert len(found["data"]["sha256"]) == 64
    assert found["versions"]["streamer"]


def test_a_reference_f0_is_used_where_there_is_one(folder, tmp_path):
    recording = read_manifest(folder)[0]
    reference = tmp_path / "f0.csv"
    times = np.arange(0.05, 2.4, 0.01)
    reference.write_text("time,freq\n" + "".join(f"{t:.3f},20000\n" for t in times))
    system = System("trained", "", TrackerConfig())
    figures = evaluate([replace(recording, f0_path=reference)], [system], jobs=1).results[0][0].figures()
    assert figures["rpa_50"] == 0.0
    assert figures["median_cents"] > 3_000
    reference.write_text("seconds,hz\n0,0\n")
    with pytest.raises(DataError, match="no column 'time'"):
        read_f0(reference)


def test_the_hash_is_of_sound_and_labels(folder, training):
    recordings = read_manifest(folder)
    assert evaluation_hash(recordings) == evaluation_hash(read_manifest(folder))
    assert evaluation_hash(recordings) != evaluation_hash(read_manifest(training))
    moved = [replace(recordings[0], notes=recordings[0].notes + 0.01), *recordings[1:]]
    assert evaluation_hash(recordings) != evaluation_hash(moved)


def test_the_best_are_marked():
    more, less = NOTES[0], next(figure for figure in NOTES if figure.better < 0)
    assert best([1.0, 3.0, 3.0, math.nan], more) == {1, 2}
    assert best([1.0, 3.0], less) == {0}
    assert best([2.0, 2.0], more) == best([2.0], more) == frozenset()


def test_a_listener_s_verdict_on_each_event():
    recording = Recording(Path("x.wav"), "phrase", "", "", "", np.array([[0.0, 1.0, 60.0], [1.0, 2.0, 62.0]]))
    events = np.array([[0.0, 0.5, 60.1, 0.04], [0.6, 0.9, 72.0, 0.65], [1.01, 1.5, 62.0, 1.2], [1.5, 1.6, 66.0, 1.6]])
    said, found = verdicts(recording, events)
    assert said == ["right", "octave", "late", "false"]
    assert found.tolist() == [True, True]


def test_the_page_needs_nothing_else(evaluation):
    text = page(evaluation, "a <set> & more")
    assert "a &lt;set&gt; &amp; more" in text
    assert "prefers-color-scheme: dark" in text
    for foreign in ("http:", "https:", "<script", "<link", "@import", "url("):
        assert foreign not in text
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(drawings) >= 2 + 2 + 3 + 2 + 2  # latency, registers, eagerness, confusion, rolls
    for drawing in drawings:
        ElementTree.fromstring(drawing)
        assert "nan" not in drawing
    assert len(worst(evaluation, 0, 6)) <= 3


def test_a_page_of_nonmusic_alone(folder):
    noise = [recording for recording in read_manifest(folder) if not is_music(recording)]
    alone = evaluate(noise, [System("trained", "", TrackerConfig())], jobs=1, curve=True)
    assert "<h1>" in page(alone, "noise")
    assert sure(json.dumps(as_json(alone, "noise", 0), allow_nan=False))["systems"][0]["confusion"] == []


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_baseline_names_notes_and_survives_the_disk(name, training, tmp_path):
    recordings = read_manifest(training)
    namer = BASELINES[name].train(recordings, seed=0)
    assert set(namer.notes) <= {round(midi) for recording in recordings for midi in recording.notes[:, 2]}
    assert BASELINES[name].accuracy(namer, recordings) > 30  # of some fifteen notes
    namer.save(tmp_path / "namer.npz")
    again = load_namer(tmp_path / "namer.npz")
    assert np.array_equal(again.notes, namer.notes)
    assert np.array_equal(again.probability, namer.probability)
    assert np.array_equal(namer.notes, BASELINES[name].train(recordings, seed=0).notes)
    system = System(name, "", TrackerConfig(), again.detector)
    evaluate(recordings[:1], [system], jobs=1)


def test_a_naming_table_is_looked_up_at_the_nearest_pitch():
    namer = PitchNamer("phase", np.rint(GRID).astype(int), np.ones(len(GRID)))
    assert namer.name(midi_to_hz(60.3)) == (60, 1.0)
    assert namer.name(1.0)[0] == round(GRID[0])
    assert namer.name(30_000.0)[0] == round(GRID[-1])


def test_a_baseline_file_runs_no_code(tmp_path):
    path = tmp_path / "x.npz"
    for text in (b"", b"no model", b"\x80\x04N."):
        path.write_bytes(text)
        with pytest.raises(ModelError):
            load_namer(path)
    np.savez(path, detector=np.array("phase"), notes=np.zeros(3, int), probability=np.zeros(3))
    with pytest.raises(ModelError, match="damaged"):
        load_namer(path)
    np.savez(path, detector=np.array([{}], dtype=object), notes=np.zeros(3, int), probability=np.zeros(3))
    with pytest.raises(ModelError):
        load_namer(path)


def run(*words, status=0):
    with pytest.raises(SystemExit) as left:
        main(["evaluate", *map(str, words)])
    assert left.value.code == status


def test_the_command_shows_and_writes_it_all(folder, training, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    figures, report = tmp_path / "figures.json", tmp_path / "report.html"
    run(
        *(folder, "-d", "trained", "-d", "yinfft", "--baseline", "article-logistic", "--baseline-data", training),
        *("--curve", "--jobs", 1, "--json", figures, "--report", report, "--eagerness", 0.7, "--preset", "voice"),
    )
    out = capsys.readouterr().out
    for words in ("F1@100ms", "octave errors", "RPA50", "hop macro F1", "by instrument", "by register", "by eagerness"):
        assert words in out
    found = sure(figures.read_text())
    assert [system["name"] for system in found["systems"]] == ["trained", "yinfft", "article-logistic"]
    assert found["systems"][0]["config"]["eagerness"] == 0.7
    assert found["systems"][0]["config"]["low_midi"] == 36
    assert found["systems"][2]["trained_on"]["sha256"] == evaluation_hash(read_dataset(training))
    assert "article-logistic" in report.read_text()


def test_a_model_of_one_s_own(folder, tmp_path, capsys):
    from streamer.model import shipped_model

    model, namesake = tmp_path / "mine.model", tmp_path / "trained.model"
    for path in (model, namesake):
        shipped_model().save(path)
    figures = tmp_path / "figures.json"
    run(
        folder,
        "--model",
        model,
        "--model",
        namesake,
        "--detector",
        "trained",
        "--limit",
        1,
        "--jobs",
        1,
        "--json",
        figures,
    )
    mine, second, shipped = sure(figures.read_text())["systems"]
    assert (mine["name"], second["name"], shipped["name"]) == ("mine", str(namesake), "trained")
    assert len(mine["model"]["sha256"]) == 64
    for row in (mine["music"], shipped["music"]):
        del row["real_time_factor"]
    assert mine["music"] == shipped["music"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--detector", "ears"], "there is no detector 'ears'"),
        (["--baseline", "guess", "--baseline-data", "."], "there is no baseline 'guess'"),
        (["--baseline", "article-mlp"], "--baseline-data"),
        (["--baseline", "article-mlp", "--baseline-data", "{folder}"], "nothing may be in both"),
        (["--model", "{folder}/none.model"], "none.model"),
        (["--preset", "kazoo"], "no preset"),
        (["--report", "{folder}/none/report.html"], "there is no folder"),
        (["--report", "{folder}"], "is a folder"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line_before_any_work(folder, capsys, words, says):
    run(folder, *(word.format(folder=folder) for word in words), status=2)
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""


def example(*words):
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_of_detectors_runs():
    out = example(EXAMPLES / "article_detectors.py")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line}
    assert rows["trained"] == rows["played"]
    assert rows["peak"] != rows["played"]


def test_the_example_of_models_goes_every_step(training, folder, tmp_path):
    out = example(EXAMPLES / "article_models.py", training, folder)
    for name in BASELINES:
        assert re.search(rf"{name}: +\d+ %", out)
    assert "streamer train" in out
