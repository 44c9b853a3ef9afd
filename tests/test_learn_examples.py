"""What the classifier learns from: rows that say which notes sound, and leave out what nobody could tell."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.features import NAMES
from streamer.learn.examples import Examples, examples_of
from streamer.learn.phrase import NO_NOTES, Phrase
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


def test_where_nothing_was_played_nothing_sounds() -> None:
    assert not examples(None).targets.any()
