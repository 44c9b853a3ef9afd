"""What the scorer learns from: rows that say which notes sound, and leave out what nobody could tell."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.analysis.evidence import N_CANDIDATES, Evidence
from streamer.analysis.features import NAMES
from streamer.config import TrackerConfig
from streamer.data.phrase import NO_NOTES, Phrase
from streamer.detectors.trained import TrainedDetector
from streamer.events import FloatArray
from streamer.model import shipped_model
from streamer.tracker import Tracker, make_decider
from streamer.training.examples import Examples, examples_of
from tests.tones import pluck

RATE_HZ = 44_100
HOP = 128


def examples(midi: float | None) -> Examples:
    """Of one plucked note between silences; with None, labelled as nothing."""
    silence = np.zeros(RATE_HZ // 5, np.float32)
    samples = np.concatenate([silence, pluck(midi or 60.0, 0.4, RATE_HZ), silence]).astype(np.float32)
    notes = NO_NOTES if midi is None else np.array([[0.2, 0.6, midi]])
    return examples_of(Phrase(samples, RATE_HZ, notes, "lute", "here", "CC0", "assembled", "mixed"), HOP, seed=0)


def sounding(found: Examples, midi: int) -> NDArray[np.uint8]:
    """Labels of one candidate's rows, told by where its register lies."""
    notes = np.rint(found.rows[:, NAMES.index("register")].astype(float) * 40.0 + 60.0)
    return found.targets[notes == midi, 0]


@pytest.mark.parametrize(("midi", "names"), [(60.0, {60}), (60.2, {60}), (60.4, {60, 61}), (60.5, {60, 61})])
def test_a_note_between_two_names_sounds_under_both(midi: float, names: set[int]) -> None:
    found = examples(midi)
    assert {name for name in range(57, 64) if sounding(found, name).any()} == names


def test_what_nobody_could_tell_is_no_example() -> None:
    labels = sounding(examples(60.25), 61)  # three quarters of a semitone away
    assert not labels.any()
    assert len(labels) < 0.5 * len(sounding(examples(60.0), 61))  # those that are left are from before and after


def test_a_note_has_begun_for_some_milliseconds_only() -> None:
    begun = examples(60.0).targets
    assert (begun[:, 1] <= begun[:, 0]).all()
    assert 0 < begun[:, 1].sum() < 0.7 * begun[:, 0].sum()


def test_training_rows_are_what_live_hears_to_the_bit() -> None:
    samples = np.concatenate([pluck(midi, 0.25, RATE_HZ) for midi in (52.0, 64.3, 64.3, 81.0)]).astype(np.float32)
    notes = np.array([[0.25 * k, 0.25 * k + 0.25, midi] for k, midi in enumerate((52.0, 64.3, 64.3, 81.0))])
    phrase = Phrase(samples, RATE_HZ, notes, "lute", "here", "CC0", "assembled", "mixed")
    live: set[bytes] = set()

    class Overheard(TrainedDetector):
        def analyse(self, hops: FloatArray) -> Evidence:
            evidence = super().analyse(hops)
            for k in range(len(evidence)):
                rows = evidence.features_of(k, range(N_CANDIDATES))
                live.update(row.tobytes() for row in rows.astype(np.float16))
            return evidence

    config = TrackerConfig(hop=HOP)
    detector = Overheard(config, RATE_HZ, shipped_model().scorer)
    tracker = Tracker(detector, make_decider(config, RATE_HZ, shipped_model()))
    rng = np.random.default_rng(11)
    while tracker.consumed < len(samples):  # in blocks as a driver might deliver them
        tracker.process(samples[tracker.consumed : tracker.consumed + int(rng.integers(1, 700))])
    learned = examples_of(phrase, HOP, seed=0).rows
    assert len(learned) > 1_000
    assert all(row.tobytes() in live for row in learned)


def test_where_nothing_was_played_nothing_sounds() -> None:
    assert not examples(None).targets.any()
