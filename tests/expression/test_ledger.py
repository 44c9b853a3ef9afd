"""Transposing, muting, and the account of what sounds."""

import pytest

from streamer.events import Gap, NoteOff, NoteOn, PitchEstimate
from streamer.expression.ledger import Ledger

PITCH = PitchEstimate(sample=10, centre=5, f0_hz=220.0, confidence=0.9, level_db=-20.0, peak=0.1, guess_hz=221.0)
ON = NoteOn(10, 5, 60, 90, 60.2, note_id=1)
OFF = NoteOff(20, 15, 60, 60.1, note_id=1)


def test_what_is_not_changed_is_passed_on_as_it_is():
    ledger = Ledger()
    for event in (PITCH, ON, OFF, Gap(30, 3)):
        assert ledger.apply(event) is event


def test_transposing_changes_what_is_measured_too_and_a_note_keeps_its_own():
    ledger = Ledger()
    ledger.semitones = 12
    assert ledger.apply(ON) == NoteOn(10, 5, 72, 90, 72.2, note_id=1)
    assert ledger.sounding == (NoteOn(10, 5, 72, 90, 72.2, note_id=1),)
    ledger.semitones = 0
    assert ledger.apply(OFF) == NoteOff(20, 15, 72, 72.1, 1)
    assert ledger.apply(OFF) is None
    assert ledger.sounding == ()


def test_pitch_is_transposed():
    ledger = Ledger()
    ledger.semitones = -12
    sent = ledger.apply(PITCH)
    assert isinstance(sent, PitchEstimate)
    assert (sent.f0_hz, sent.guess_hz) == (pytest.approx(110.0), pytest.approx(110.5))
    assert (sent.sample, sent.centre, sent.confidence, sent.level_db, sent.peak) == (10, 5, 0.9, -20.0, 0.1)
    unvoiced = ledger.apply(PitchEstimate(10, 5, None, 0.1, -80.0, 0.0, 100.0))
    assert isinstance(unvoiced, PitchEstimate)
    assert (unvoiced.f0_hz, unvoiced.guess_hz) == (None, pytest.approx(50.0))


def test_pitch_is_unvoiced_while_muted():
    ledger = Ledger()
    ledger.muted = True
    ledger.semitones = 3
    assert ledger.apply(PITCH) == PitchEstimate(10, 5, None, 0.9, -20.0, 0.1, 0.0)
    assert ledger.apply(ON) is None
    assert ledger.apply(OFF) is None


@pytest.mark.parametrize("semitones", [-61, 68])
def test_a_note_out_of_range_is_left_out_whole(semitones):
    ledger = Ledger()
    ledger.semitones = semitones
    assert ledger.apply(ON) is None
    assert ledger.apply(OFF) is None


def test_two_notes_of_one_pitch_are_told_apart_by_id():
    ledger = Ledger()
    ledger.apply(ON)
    ledger.semitones = 7
    ledger.apply(NoteOn(30, 25, 60, 90, 60.0, note_id=2))
    assert ledger.apply(NoteOff(40, 35, 60, 60.0, 2)) == NoteOff(40, 35, 67, 67.0, 2)
    assert ledger.sounding == (ON,)
    assert ledger.apply(OFF) is OFF


def test_notes_without_ids_still_end_each():
    ledger = Ledger()
    ledger.apply(NoteOn(1, 0, 60, 90, 60.0))
    ledger.semitones = 1
    ledger.apply(NoteOn(2, 1, 60, 90, 60.0))
    assert ledger.apply(NoteOff(3, 2, 60, 60.0)) == NoteOff(3, 2, 60, 60.0)
    assert ledger.apply(NoteOff(4, 3, 60, 60.0)) == NoteOff(4, 3, 61, 61.0)


def test_releasing_ends_all_that_sounds_and_nothing_twice():
    ledger = Ledger()
    ledger.apply(ON)
    ledger.apply(NoteOn(50, 40, 64, 90, 64.0, note_id=2))
    ended = [NoteOff(45, 45, 60, 60.2, 1, released=True), NoteOff(45, 45, 64, 64.0, 2, released=True)]
    assert ledger.release(45) == ended
    assert ledger.release(46) == []
    assert ledger.apply(OFF) is None
