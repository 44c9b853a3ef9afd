"""Scales as people write them, and what is outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.errors import ConfigError
from streamer.music.lock import LOCKS
from streamer.music.scales import SCALES, parse_scale
from streamer.units import NOTE_NAMES

C_MAJOR = {0, 2, 4, 5, 7, 9, 11}
MEANT = {
    "C major": C_MAJOR,
    "C": C_MAJOR,
    "c ionian": C_MAJOR,
    "A minor": C_MAJOR,
    "Am": C_MAJOR,
    "A natural-minor": C_MAJOR,
    "D Dorian": C_MAJOR,
    "B locrian": C_MAJOR,
    "F# minor": {6, 8, 9, 11, 1, 2, 4},
    "Bb major": {10, 0, 2, 3, 5, 7, 9},
    "E\u266d major": {3, 5, 7, 8, 10, 0, 2},
    "Cb major": {11, 1, 3, 4, 6, 8, 10},
    "A minor pentatonic": {9, 0, 2, 4, 7},
    "E blues": {4, 7, 9, 10, 11, 2},
    "A harmonic minor": {9, 11, 0, 2, 4, 5, 8},
    "G melodic minor": {7, 9, 10, 0, 2, 4, 6},
    "C diminished": {0, 2, 3, 5, 6, 8, 9, 11},
    "D whole tone": {0, 2, 4, 6, 8, 10},
    "C D Eb G A": {0, 2, 3, 7, 9},
    "D,F#,A": {2, 6, 9},
    "C chromatic": set(range(12)),
}


@pytest.mark.parametrize("text", MEANT)
def test_a_scale_has_the_notes_that_a_musician_means(text):
    scale = parse_scale(text)
    assert {note % 12 for note in range(128) if note in scale} == MEANT[text]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "begin with its tonic"),
        ("minor", "begin with its tonic"),
        ("H dur", "begin with its tonic"),
        ("C dorain", "did you mean dorian"),
        ("C moll", "there are major, minor"),
        ("x" * 9999, "begin with its tonic"),
    ],
)
def test_what_is_no_scale_is_refused_in_one_line(text, message):
    with pytest.raises(ConfigError, match=message) as refused:
        parse_scale(text)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 700


SNAPPED = [  # of each note of the octave of C4, played in tune
    ("C major", (60, 60, 62, 62, 64, 65, 65, 67, 67, 69, 69, 71)),
    ("C minor", (60, 60, 62, 63, 63, 65, 65, 67, 68, 68, 70, 70)),
    ("A minor pentatonic", (60, 60, 62, 62, 64, 64, 67, 67, 67, 69, 69, 72)),
]


@pytest.mark.parametrize(("text", "notes"), SNAPPED)
def test_what_is_outside_goes_to_the_nearest(text, notes):
    lock = LOCKS["snap"](parse_scale(text))
    assert tuple(lock(note, float(note)).note for note in range(60, 72)) == notes


def test_just_between_two_a_clearly_sharp_note_goes_up():
    lock = LOCKS["snap"](parse_scale("C major"))
    assert [lock(61, midi)[:2] for midi in (60.7, 61.0, 61.15, 61.3)] == [(60, -1), (60, -1), (60, -1), (62, 1)]
    assert lock(63, 62.6)[:2] == (62, -1)


def test_what_is_outside_is_left_out():
    lock = LOCKS["drop"](parse_scale("C D Eb G A"))
    assert [note for note in range(60, 73) if lock(note, note) is not None] == [60, 62, 63, 67, 69, 72]


SCALE = st.builds("{} {}".format, st.sampled_from(NOTE_NAMES), st.sampled_from(sorted(SCALES))).map(parse_scale)


@given(SCALE, st.integers(0, 127), st.floats(-0.5, 0.5))
def test_a_snapped_note_is_in_the_scale_and_none_of_the_scale_is_nearer(scale, note, off):
    snapped, moved, _ = LOCKS["snap"](scale)(note, note + off)
    assert moved == snapped - note
    assert snapped in scale
    nearest = min(abs(other - note) for other in range(-12, 140) if other in scale)
    assert abs(snapped - note) == nearest


@given(SCALE, st.integers(24, 103), st.integers(-10, 10))
def test_steps_up_lead_to_the_scale_and_back(scale, note, steps):
    start = LOCKS["snap"](scale)(note, note).note
    reached = scale.up(start, steps)
    assert reached in scale
    assert scale.up(reached, -steps) == start
    assert sum(other in scale for other in range(min(start, reached), max(start, reached))) == abs(steps)
