"""Note-offs find their note-ons."""

from streamer.events import NoteOff, NoteOn
from streamer.expression.pairing import OpenNotes


def on(note_id: int, note: int = 60, onset: int = 0) -> NoteOn:
    return NoteOn(onset + 10, onset, note, 90, float(note), note_id=note_id)


def off(note_id: int, note: int = 60) -> NoteOff:
    return NoteOff(99, 90, note, float(note), note_id)


def test_two_notes_of_one_pitch_are_told_apart_by_id():
    notes = OpenNotes()
    notes.begin(on(1), on(1))
    notes.begin(on(2), on(2))
    assert notes.end(off(2)) == on(2)
    assert notes.remaining() == (on(1),)
    assert notes.end(off(2)) is None
    assert notes.end(off(1)) == on(1)


def test_without_ids_the_pitch_tells_and_the_oldest_ends_first():
    notes = OpenNotes()
    for begun in (on(0, 60), on(0, 62), on(0, 60, onset=50)):
        notes.begin(begun, begun)
    assert notes.end(off(0, 64)) is None
    assert notes.end(off(0, 60)) == on(0, 60)
    assert notes.end(off(0, 60)) == on(0, 60, onset=50)
    assert notes.remaining() == (on(0, 62),)


def test_what_is_kept_may_be_another_note():
    notes = OpenNotes()
    notes.begin(on(1, 60), on(1, 72))
    assert notes.remaining() == (on(1, 72),)
    assert notes.end(off(1, 60)) == on(1, 72)
    notes.begin(on(2), on(2))
    notes.clear()
    assert notes.remaining() == ()
