"""What was heard once is decided on again exactly as if it were heard."""

from dataclasses import replace

import numpy as np
import pytest

from streamer.config import TrackerConfig
from streamer.data.phrase import Phrase
from streamer.decision.thresholds import Thresholds
from streamer.evaluation.replay import load_record, record_evidence, replay, replay_score
from streamer.evaluation.tracking import note_table
from streamer.tracker import make_tracker
from tests.tones import melody

RATE_HZ = 22_050
NOTES = [57, 57, 64, 52, 76]


@pytest.fixture(scope="module")
def phrase() -> Phrase:
    samples, onsets_s = melody(NOTES, RATE_HZ, note_s=0.25, gap_s=0.08)
    noise = 1e-3 * np.random.default_rng(0).standard_normal(len(samples))
    table = np.array([(onset_s, onset_s + 0.25, note) for onset_s, note in zip(onsets_s, NOTES, strict=True)])
    return Phrase((samples + noise).astype(np.float32), RATE_HZ, table, "lute", "here", "CC0", "assembled", "mixed")


@pytest.fixture(scope="module")
def memory(phrase):
    return record_evidence(phrase, TrackerConfig())


@pytest.mark.parametrize("eagerness", [0.0, 0.5, 1.0])
def test_a_replay_gives_the_events_of_the_live_tracker_bit_for_bit(phrase, memory, eagerness):
    config = TrackerConfig(eagerness=eagerness, low_midi=50)
    tracker = make_tracker(config, RATE_HZ)
    live = note_table(tracker.process(phrase.samples) + tracker.flush(), RATE_HZ)
    assert len(live) >= len(NOTES) - (eagerness == 0.0)  # a soft repetition waits for more eagerness
    assert np.array_equal(replay(memory, config), live)


def test_thresholds_decide(memory):
    config = TrackerConfig()
    assert len(replay(memory, config, replace(Thresholds(), right=50.0))) == 0
    later = replace(Thresholds(), right=Thresholds().right + 3.0)
    emitted, slower = replay(memory, config)[0, 3], replay(memory, config, later)[0, 3]
    assert slower > emitted


def test_without_a_verifier_sums_of_evidence_decide(memory):
    config, alone = TrackerConfig(), replace(memory, verifier=None)
    assert len(replay(alone, config)) >= len(NOTES)
    assert len(replay(alone, config, replace(Thresholds(), begin=1e9))) == 0
    later = replace(Thresholds(), begin=3.0 * Thresholds().begin)
    emitted, slower = replay(alone, config)[0, 3], replay(alone, config, later)[0, 3]
    assert slower > emitted


def test_a_memory_outlives_the_program(memory, tmp_path):
    asked = replace(Thresholds(), right=1.0)
    replace(memory, thresholds=asked).save(tmp_path / "b.npz")
    assert load_record(tmp_path / "b.npz").thresholds == asked
    memory.save(tmp_path / "a.npz")
    again = load_record(tmp_path / "a.npz")
    assert (again.phrase.source, again.phrase.kind) == ("here", "assembled")
    assert np.array_equal(replay(again, TrackerConfig()), replay(memory, TrackerConfig()))
    counts = replay_score(again, TrackerConfig())
    assert (counts.notes, counts.found.sum()) == (5, 5)
