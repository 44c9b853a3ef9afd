"""The search for settings and thresholds: sources stay whole, the best wins, Ctrl-C keeps the best so far."""

import csv
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer

from streamer.cli import main
from streamer.commands import tune as command
from streamer.config import TrackerConfig
from streamer.data.datasets import read_manifest
from streamer.decision.thresholds import Thresholds
from streamer.errors import ConfigError, DataError
from streamer.evaluation.metrics import score_notes
from streamer.model import load
from streamer.training import tune, tune_settings, tune_thresholds
from streamer.training.settings import Settings, make_settings, read_settings
from tests.tones import pluck

RATE_HZ = 22_050
APP = typer.Typer()
APP.command()(command.tune)


class Numbers:
    """Candidate ``k`` is worth ``k``, with noise that more samples make smaller."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.seen: list[tuple[int, np.ndarray, np.ndarray]] = []
        self._stop_after = stop_after

    def fit(self, candidate, rows, targets):
        return rows[:, 0]

    def score(self, candidate, fitted, rows, targets):
        if len(self.seen) == self._stop_after:
            raise KeyboardInterrupt
        self.seen.append((candidate, fitted, rows[:, 0]))
        return candidate + 2.0 * (-1.0) ** candidate / len(rows)


FEW = ["--no-synthetic", "--pieces=3", "--rows=3000", "--steps=8", "--candidates=3", "--folds=3", "--jobs=1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data set: three sources of plucked notes."""
    path = tmp_path_factory.mktemp("notes")
    lines = ["file,kind,instrument,midi,onset_s,offset_s,licence,source"]
    for k, source in enumerate(("lute", "harp", "oud")):
        for midi in range(48 + k, 72, 4):
            name = f"{source}-{midi}.wav"
            silence = np.zeros(RATE_HZ // 10)
            sound = np.concatenate([silence, pluck(midi, 0.6, RATE_HZ, 0.2 + 0.1 * k), silence])
            soundfile.write(path / name, sound, RATE_HZ)
            lines.append(f"{name},note,{source},{midi},0.1,0.7,CC0,{source}")
    (path / "manifest.csv").write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def recordings(folder):
    return read_manifest(folder)


def _begin_of(phrase):
    """The first second and a half."""
    notes = phrase.notes[phrase.notes[:, 0] < 1.2].copy()
    notes[:, 1] = np.minimum(notes[:, 1], 1.5)
    return replace(phrase, samples=phrase.samples[: round(1.5 * phrase.rate_hz)], notes=notes)


@pytest.fixture
def short(monkeypatch):
    """Only the begin of each piece is heard."""
    record_evidence, examples_of = tune_thresholds.record_evidence, tune_settings.examples_of
    monkeypatch.setattr(
        tune_thresholds, "record_evidence", lambda phrase, config: record_evidence(_begin_of(phrase), config)
    )
    monkeypatch.setattr(
        tune_settings, "examples_of", lambda phrase, hop, seed: examples_of(_begin_of(phrase), hop, seed)
    )


def run(*words: object) -> int:
    return int(APP([str(word) for word in words], standalone_mode=False))


def test_the_best_candidate_wins_and_no_group_is_on_both_sides():
    groups = np.repeat(np.arange(5), 40)
    rows = np.arange(200)[:, None]
    trial = Numbers()
    reported: list[tuple[str, int, int]] = []
    found = tune.search(trial, 9, rows, None, groups, folds=3, progress=lambda *words: reported.append(words))
    assert found.finished
    assert found.ranking[0] == 8
    assert found.scores[8].rounds(3) == 3
    assert sorted(score.rounds(3) for score in found.scores) == [1, 1, 1, 1, 1, 1, 2, 2, 3]
    for _, fitted, scored in trial.seen:
        assert not set(groups[fitted]) & set(groups[scored])
    assert reported[0] == ("search", 0, 39)
    assert reported[-1] == ("search", 39, 39)


def test_the_same_seed_gives_the_same_search():
    groups = np.repeat(np.arange(4), 25)
    first, second, other = (Numbers() for _ in range(3))
    for trial, seed in ((first, 3), (second, 3), (other, 4)):
        tune.search(trial, 6, np.arange(100)[:, None], None, groups, seed=seed)
    assert all(np.array_equal(a[2], b[2]) for a, b in zip(first.seen, second.seen, strict=True))
    assert any(not np.array_equal(a[2], b[2]) for a, b in zip(first.seen, other.seen, strict=True))


def test_an_interrupted_search_keeps_the_best_so_far():
    groups = np.repeat(np.arange(4), 25)
    found = tune.search(Numbers(stop_after=15), 6, np.arange(100)[:, None], None, groups)
    assert not found.finished
    assert found.ranking == [2, 1, 0]  # the fourth had not been measured on all folds
    nothing = tune.search(Numbers(stop_after=2), 6, np.arange(100)[:, None], None, groups)
    assert nothing.ranking == []


def test_each_source_is_material_of_its_own(recordings):
    material = tune.material_of(recordings, seed=1)
    assert list(material.curricula) == ["harp", "lute", "oud", tune.SYNTHETIC]
    assert not material.by_recording
    assert [name for name, _, _ in material.pieces(20)].count(tune.SYNTHETIC) == 5
    assert {r.source for r in material.curricula["oud"].recordings} == {"oud"}
    assert [(name, k) for name, _, k in material.pieces(8)][:3] == [("harp", 0), ("harp", 1), ("lute", 0)]


def test_recordings_of_a_single_source_are_dealt_out(recordings):
    lute = [recording for recording in recordings if recording.source == "lute"]
    material = tune.material_of(lute, seed=1, synthetic=False, folds=3)
    assert material.by_recording
    parts = [{r.path for r in curriculum.recordings} for curriculum in material.curricula.values()]
    assert [len(part) for part in parts] == [2, 2, 2]
    assert len(set.union(*parts)) == 6
    with pytest.raises(DataError, match="one source with 6 recordings is too little"):
        tune.material_of(lute, seed=1, folds=4)


def test_rows_know_their_source_and_are_bounded(recordings, short):
    material = tune.material_of(recordings, seed=1, synthetic=False)
    sample = tune_settings.gather(material, 3, 900, seed=1)
    assert sample.rows.dtype == np.float32
    assert np.bincount(sample.groups).tolist() == [300, 300, 300]
    assert np.isfinite(sample.rows).all()
    again = tune_settings.gather(material, 3, 900, seed=1)
    assert np.array_equal(sample.rows, again.rows)


def test_candidates_begin_with_the_defaults():
    drawn = tune_settings.draw_settings(6, seed=1)
    assert drawn[0] == replace(Settings(), seed=1)
    assert drawn[1].estimator == "logistic"
    assert len({(s.hidden, s.alpha, s.learning_rate) for s in drawn}) == 6
    assert drawn == tune_settings.draw_settings(6, seed=1)
    assert (
        tune_settings.weight_count(replace(Settings(), hidden=(10, 5)))
        == 10 * tune_settings.units(Settings())[0] + 50 + 10
    )
    moved = tune_thresholds.draw_thresholds(Thresholds(), 5, seed=1)
    assert moved[0] == Thresholds()
    assert all(1 <= len(t.changed) <= tune_thresholds.MOST_CHANGES for t in moved[1:])
    many = tune_thresholds.draw_thresholds(Thresholds(), 100, seed=1)
    assert -6.0 <= min(t.octave_likely for t in many) < max(t.octave_likely for t in many) <= -1.5


@pytest.mark.parametrize("estimator", ["mlp", "logistic", "sgd"])
def test_settings_are_scored_on_what_they_learned_to_tell(estimator):
    rng = np.random.default_rng(0)
    width = tune_settings.units(Settings())[0]
    rows = (5.0 + 3.0 * rng.standard_normal((3000, width))).astype(np.float32)
    targets = np.stack([rows[:, 0] > 5.0, rows[:, 1] > 8.0], axis=1).astype(np.uint8)
    settings = replace(Settings(), estimator=estimator, hidden=(8,), alpha=1e-5, batch=32)
    trial = tune_settings.SettingsTrial([settings], steps=800)
    fitted = trial.fit(0, rows[:2000], targets[:2000])
    guess = sum(p * np.log(p) + (1 - p) * np.log(1 - p) for p in targets.mean(axis=0))
    assert trial.score(0, fitted, rows[2000:], targets[2000:]) > 0.8 * guess


def test_synthetic_pieces_are_spread_and_sources_stay_whole():
    names = ["lute"] * 3 + ["harp"] * 3 + ["oud"] * 3 + [tune.SYNTHETIC] * 6
    groups = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8])
    paths = tuple(Path(str(k)) for k in range(15))
    records = tune_thresholds.Records(paths, groups, tuple(names), TrackerConfig())
    for seed in range(5):
        chosen, held = tune_thresholds.hold_back(records, seed)
        assert len(set(held.sources) - {tune.SYNTHETIC}) == 1
        assert held.sources.count(tune.SYNTHETIC) == 2
        assert not set(chosen.groups) & set(held.groups)
        assert {*chosen.paths, *held.paths} == set(paths)


def test_worth_weighs_music_and_false_notes():
    truth = np.array([[1.0, 2.0, 60.0]])
    right = np.array([[1.0, 2.0, 60.0, 1.07]])  # within 100 ms, but not within 50
    music = ("assembled", score_notes(truth, right, 10.0))
    noise = ("nonmusic", score_notes(np.zeros((0, 3)), right, 30.0))
    assert tune_thresholds.worth([music]) == 50.0
    assert tune_thresholds.worth([noise]) == -1.0  # two false notes a minute
    assert tune_thresholds.worth([music, noise]) == 49.0


def test_thresholds_are_searched_on_some_sources_and_shown_on_others(recordings, short):
    material = tune.material_of(recordings, seed=1, synthetic=False)
    with tune_thresholds.record_pieces(material, 6, TrackerConfig()) as records:
        folder = records.paths[0].parent
        chosen, held = tune_thresholds.hold_back(records, seed=0)
        assert not set(chosen.groups) & set(held.groups)
        assert len(chosen.paths) + len(held.paths) == 6
        tried, found = tune_thresholds.search_thresholds(chosen, Thresholds(), 3, rounds=2, seed=1)
        best = found.ranking[0]
        assert found.mean(best) >= found.mean(0)
        curve = tune_thresholds.eagerness_curve(held, tried[best])
    assert not folder.exists()
    figures = [point.figures() for point in curve]
    assert [f["eagerness"] for f in figures] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert figures[0]["latency_ms"] > figures[-1]["latency_ms"]
    assert np.isnan(figures[0]["nonmusic_false_per_min"])


def test_processes_change_no_row(recordings):
    material = tune.material_of(recordings, seed=1, synthetic=False)
    reported: list[tuple[str, int, int]] = []
    alone = tune_settings.gather(material, 3, 300, seed=1)
    spread = tune_settings.gather(material, 3, 300, seed=1, jobs=2, progress=lambda *words: reported.append(words))
    for name in ("rows", "targets", "groups"):
        assert getattr(alone, name).tobytes() == getattr(spread, name).tobytes()
    assert [done for _, done, _ in reported] == [0, 1, 2, 3]


def test_processes_change_no_score(recordings, short):
    material = tune.material_of(recordings, seed=1, synthetic=False)
    found = []
    with tune_thresholds.record_pieces(material, 3, TrackerConfig()) as records:
        for jobs in (1, 2):
            tried, search = tune_thresholds.search_thresholds(records, Thresholds(), 2, rounds=2, jobs=jobs)
            curve = tune_thresholds.eagerness_curve(records, tried[0], jobs)
            found.append((tried, [score.values for score in search.scores], [point.figures() for point in curve]))
    np.testing.assert_equal(found[0], found[1])


def test_processes_record_the_same(recordings):
    material = tune.material_of(recordings, seed=1, synthetic=False)
    kept = []
    for jobs in (1, 2):
        with tune_thresholds.record_pieces(material, 3, TrackerConfig(), jobs) as records:
            kept.append([{name: array.tobytes() for name, array in np.load(path).items()} for path in records.paths])
    assert kept[0] == kept[1]


def test_the_command_writes_what_train_takes(folder, tmp_path, capsys, short):
    toml, table = tmp_path / "best.toml", tmp_path / "all.csv"
    assert run(folder, "-o", toml, "--csv", table, *FEW) == 0
    out = capsys.readouterr()
    assert "logistic" in out.out
    assert max(map(len, out.out.splitlines())) <= 80
    assert f"wrote {toml}" in out.err
    settings = make_settings(read_settings(toml))
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert settings.estimator == rows[0]["estimator"]
    assert settings.alpha == float(rows[0]["alpha"])
    assert set(tomllib.loads(toml.read_text())) == {"estimator", "hidden", "alpha", "learning_rate", "batch"}


def test_the_command_writes_a_model_with_the_best_thresholds(folder, tmp_path, capsys, short, monkeypatch):
    better = replace(Thresholds(), right=0.5)
    monkeypatch.setattr(tune_thresholds, "draw_thresholds", lambda best, *_: [better, best])
    tuned, table = tmp_path / "tuned.model", tmp_path / "all.csv"
    words = ["--thresholds", "--no-synthetic", "--pieces", 3, "--candidates", 2, "--rounds", 1, "--jobs", 1]
    assert run(folder, "-o", tuned, "--csv", table, *words) == 0
    out = capsys.readouterr().out
    assert "eagerness with the model's thresholds, on " in out
    assert load(tuned).thresholds in (better, Thresholds())
    assert len(table.read_text().splitlines()) == 3
    with table.open(newline="") as stream:
        best = next(csv.DictReader(stream))
    assert load(tuned).thresholds.right == float(best["right"])


def test_an_interrupted_command_writes_the_best_so_far(folder, tmp_path, capsys, monkeypatch, short):
    score = tune_settings.SettingsTrial.score
    calls = iter(range(100))

    def stopped(self, *given):
        if next(calls) >= 5:
            raise KeyboardInterrupt
        return score(self, *given)

    monkeypatch.setattr(tune_settings.SettingsTrial, "score", stopped)
    assert run(folder, "-o", tmp_path / "best.toml", *FEW) == 130
    assert "interrupted; wrote the best so far" in capsys.readouterr().err
    assert make_settings(read_settings(tmp_path / "best.toml"))


def test_misuse_is_told(folder, tmp_path, capsys):
    with pytest.raises(ConfigError, match="no source or instrument is called tuba"):
        run(folder, "-o", tmp_path / "a.model", "--thresholds", "--hold-out", "tuba")
    with pytest.raises(SystemExit) as left:
        main(["tune", str(folder)])
    assert left.value.code == 2
    assert "--output" in capsys.readouterr().err
