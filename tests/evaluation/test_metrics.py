"""Figures of merit: by hand where a case decides, against mir_eval where it defines."""

import numpy as np
import pytest
from mir_eval import melody, transcription

from streamer.evaluation.metrics import score_f0, score_notes
from streamer.units import midi_to_hz

NO_NOTES = np.zeros((0, 3))
NO_EVENTS = np.zeros((0, 4))


def table(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, dtype=float)


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 40))
    onset_s = np.cumsum(rng.uniform(0.06, 0.4, count))
    truth = np.c_[
        onset_s, onset_s + rng.uniform(0.03, 0.3, count), rng.integers(40, 80, count) + rng.normal(0, 0.2, count)
    ]
    events = [
        (on + rng.normal(0, 0.04), off + rng.normal(0, 0.05), midi + rng.choice([0, 0, 12, 7]) + rng.normal(0, 0.2), on)
        for on, off, midi in truth
        for _ in range(rng.integers(0, 3))
    ]
    table = np.array(events).reshape(-1, 4)
    table[:, 0] = np.maximum(table[:, 0], 0.0)
    table[:, 1] = np.maximum(table[:, 1], table[:, 0] + 0.01)
    return truth, table


@pytest.mark.parametrize("seed", range(20))
def test_note_figures_are_those_of_mir_eval(seed: int) -> None:
    truth, events = random_case(seed)
    figures = score_notes(truth, events, 10.0).figures()
    hz = [440.0 * 2 ** ((notes[:, 2] - 69) / 12) for notes in (truth, events)]
    for key, ratio in (("onset_f1", None), ("onset_offset_f1", 0.2)):
        precision, recall, f1, _ = transcription.precision_recall_f1_overlap(
            truth[:, :2], hz[0], events[:, :2], hz[1], offset_ratio=ratio
        )
        assert figures[key] == pytest.approx(100 * f1)
        if ratio is None:
            assert figures["onset_precision"] == pytest.approx(100 * precision)
            assert figures["onset_recall"] == pytest.approx(100 * recall)


def test_f0_figures_are_those_of_mir_eval() -> None:
    rng = np.random.default_rng(1)
    times_s = np.arange(300) / 100
    true_hz = rng.choice([0.0, 220.0, 440.0], 300)
    estimated_hz = rng.choice([0.0, 219.0, 225.0, 450.0, 440.0, -220.0], 300)
    figures = score_f0(np.c_[times_s, true_hz], times_s, estimated_hz).figures()
    wanted = melody.evaluate(times_s, true_hz, times_s, estimated_hz)
    for key, name in (
        ("rpa_50", "Raw Pitch Accuracy"),
        ("rca_50", "Raw Chroma Accuracy"),
        ("voicing_recall", "Voicing Recall"),
        ("voicing_false_alarm", "Voicing False Alarm"),
        ("overall_accuracy", "Overall Accuracy"),
    ):
        assert figures[key] == pytest.approx(100 * wanted[name]), name


def test_a_late_event_is_a_miss_and_a_false_alarm() -> None:
    truth = table((1.0, 1.5, 60.0), (2.0, 2.5, 62.0))
    events = table((1.0, 1.5, 60.1, 1.05), (2.02, 2.5, 62.0, 2.101))
    counts = score_notes(truth, events, 60.0)
    assert (counts.hits, counts.hits_50, counts.hits_100) == (2, 1, 1)
    figures = counts.figures()
    assert figures["f1_50ms"] == 50.0
    assert figures["onset_f1"] == 100.0
    assert figures["latency_ms"] == pytest.approx(75.5)
    assert figures["bias_ms"] == pytest.approx(10.0)


def test_what_is_not_known_until_the_end_is_never_in_time() -> None:
    counts = score_notes(table((1.0, 1.5, 60.0)), table((1.0, 1.5, 60.0, np.nan)), 60.0)
    assert (counts.hits, counts.hits_100) == (1, 0)


def test_octaves_and_false_notes_are_told_apart() -> None:
    truth = table((1.0, 2.0, 60.0))
    events = table((1.0, 2.0, 60.0, 1.02), (1.5, 1.6, 72.2, 1.52), (1.6, 1.7, 67.0, 1.62), (1.7, 1.8, 60.0, 1.72))
    counts = score_notes(truth, events, 120.0)
    assert (counts.octave, counts.false) == (1, 2)  # a note that is broken in two is false too
    assert counts.figures()["false_per_min"] == 1.0
    assert counts.figures()["octave_per_min"] == 0.5


def test_each_event_serves_one_note() -> None:
    truth = table((1.0, 1.1, 60.0), (1.1, 1.2, 60.0))
    counts = score_notes(truth, table((1.1, 1.2, 60.0, 1.11)), 60.0)
    assert counts.found.tolist() == [True, False]
    assert counts.hits == 1


def test_counts_add_up_and_registers_are_kept() -> None:
    low = score_notes(table((1.0, 2.0, 30.0)), NO_EVENTS, 30.0)
    high = score_notes(table((1.0, 2.0, 90.0)), table((1.0, 2.0, 90.0, 1.03)), 30.0)
    noise = score_notes(NO_NOTES, table((1.0, 2.0, 50.0, 1.03)), 60.0)
    figures = (low + high + noise).figures()
    assert figures["found <E2"] == 0.0
    assert figures["found >E6"] == 100.0
    assert np.isnan(figures["found E3-E5"])
    assert figures["false_per_min"] == 0.5
    assert figures["onset_f1"] == 50.0


def test_nothing_at_all_is_no_error() -> None:
    figures = score_notes(NO_NOTES, NO_EVENTS, 10.0).figures()
    assert figures["false_per_min"] == 0.0
    assert np.isnan(figures["f1_50ms"])
    assert score_f0(np.zeros((0, 2)), np.zeros(0), np.zeros(0)).figures().keys()


def test_an_estimate_speaks_for_30_ms_only() -> None:
    truth = table((0.0, 440.0), (0.03, 440.0), (0.05, 440.0))
    counts = score_f0(truth, np.array([0.0]), np.array([midi_to_hz(69)]))
    assert (counts.within_50, counts.recalled) == (2, 2)
