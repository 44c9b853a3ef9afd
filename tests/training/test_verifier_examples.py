"""What the verifier learns from: cases that say what was right when they came up."""

from dataclasses import replace

import numpy as np
import pytest

from streamer.analysis.network import Network
from streamer.config import TrackerConfig
from streamer.data.phrase import NO_NOTES, Phrase
from streamer.decision.onset_context import AGES_MS, NAMES, OUTPUTS
from streamer.decision.verifier import began_ms_ago
from streamer.evaluation.replay import EvidenceRecord, record_evidence
from streamer.training.verifier_examples import verifier_examples_of
from tests.tones import melody

RATE_HZ = 44_100
NOTES = [60, 60, 64, 57]


def heard(notes: list[int], note_s: float, gap_s: float) -> EvidenceRecord:
    samples, onsets_s = melody(notes, RATE_HZ, note_s=note_s, gap_s=gap_s)
    table = np.array([(onset_s, onset_s + note_s, note) for onset_s, note in zip(onsets_s, notes, strict=True)])
    phrase = Phrase(samples.astype(np.float32), RATE_HZ, table, "lute", "here", "CC0", "assembled", "mixed")
    return record_evidence(phrase, TrackerConfig())


@pytest.fixture(scope="module")
def memory() -> EvidenceRecord:
    return heard(NOTES, 0.25, 0.06)


def always(log_odds: float) -> Network:
    """A verifier that gives everything the same odds."""
    return Network((np.zeros((len(NAMES), len(OUTPUTS)), np.float32),), (np.full(len(OUTPUTS), log_odds, np.float32),))


def test_a_note_that_was_played_is_right_until_it_is_told(memory: EvidenceRecord) -> None:
    never = verifier_examples_of(memory, TrackerConfig(), always(-20.0), 0)
    at_once = verifier_examples_of(memory, TrackerConfig(), always(20.0), 0)
    assert never.rows.shape == (len(never.targets), len(NAMES))
    assert never.targets[:, 0].sum() > 100  # nothing is ever told, so it stays right
    assert 0 < at_once.targets[:, 0].sum() < 0.1 * never.targets[:, 0].sum()


def test_a_fast_repetition_is_right_after_the_note_before_was_told() -> None:
    fast = heard([60] * 6, 0.08, 0.01)
    cases = [verifier_examples_of(fast, TrackerConfig(), None, seed) for seed in range(4)]
    struck_again = [c.targets[c.rows[:, NAMES.index("sounds_already")] == 1.0, 0] for c in cases]
    assert any(right.any() for right in struck_again)


def test_what_is_right_grows_older(memory: EvidenceRecord) -> None:
    targets = verifier_examples_of(memory, TrackerConfig(), always(-20.0), 0).targets
    ages, rises = targets[:, 1 : 1 + len(AGES_MS)].astype(int), targets[:, 1 + len(AGES_MS) :].astype(int)
    assert (np.diff(ages, axis=1) >= 0).all()  # younger than 20 ms is younger than 30 ms
    assert (np.diff(rises, axis=1) <= 0).all()  # what rises by 5 dB rises by 3 dB
    assert (targets[:, 1:] <= targets[:, :1]).all()


def test_where_nothing_was_played_nothing_is_right(memory: EvidenceRecord) -> None:
    silent = replace(memory, phrase=replace(memory.phrase, notes=NO_NOTES))
    cases = verifier_examples_of(silent, TrackerConfig(), None, 0)
    assert len(cases.rows)
    assert not cases.targets.any()


def test_chance_is_seeded(memory: EvidenceRecord) -> None:
    one, same, other = (verifier_examples_of(memory, TrackerConfig(), None, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.rows, same.rows)
    assert not (one.rows.shape == other.rows.shape and np.array_equal(one.rows, other.rows))


def test_the_age_is_what_the_outputs_say() -> None:
    young = np.full(len(OUTPUTS), 20.0, np.float32)
    assert began_ms_ago(young) == pytest.approx(0.0, abs=0.1)
    between = young.copy()
    between[1 : 1 + AGES_MS.index(55.0)] = -20.0  # not younger than 40 ms, but younger than 55
    assert began_ms_ago(between) == pytest.approx(46.0, abs=0.1)
    old = np.full(len(OUTPUTS), -20.0, np.float32)
    old[0] = 20.0
    assert AGES_MS[-1] < began_ms_ago(old) < 300.0
