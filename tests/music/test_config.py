"""What the settings of music make of the notes of a recording and of a live session."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.config import TrackerConfig
from streamer.errors import ConfigError
from streamer.events import NoteOff, NoteOn, PitchEstimate
from streamer.music.config import MusicConfig
from streamer.transcription import track
from streamer.units import midi_to_hz
from tests.tones import melody


def on(note, note_id, midi=None, corrects=0):
    return NoteOn(10 * note_id, 10 * note_id - 5, note, 90, note if midi is None else midi, None, note_id, corrects)


def off(note, note_id, settled=None):
    return NoteOff(10 * note_id + 9, 10 * note_id + 8, note, float(note), note_id, settled)


def pitch(midi):
    return PitchEstimate(1, 0, midi_to_hz(midi), 0.9, -20.0, 0.1, midi_to_hz(midi))


def test_transposition_comes_before_the_lock_and_both_go_for_the_note_off():
    ledger = MusicConfig(scale="C major", transpose=1, octave=-1).ledger()
    sent = ledger.apply(on(62, 1, 62.1))  # D becomes Eb an octave lower, and that D
    assert sent == dataclasses.replace(on(62, 1), note=50, midi=pytest.approx(50.1))
    assert ledger.apply(off(62, 1)) == dataclasses.replace(off(62, 1), note=50, midi=50.0)


def test_vibrato_around_a_snapped_note_goes_on_around_the_note_that_is_sent():
    ledger = MusicConfig(scale="C major").ledger()
    ledger.apply(on(61, 1))
    for midi in (60.7, 61.0, 61.4):
        assert ledger.apply(pitch(midi)).f0_hz == pytest.approx(midi_to_hz(midi - 1))
    ledger.apply(off(61, 1))
    assert ledger.apply(pitch(61.0)) == pitch(61.0)


def test_a_better_name_that_is_sent_as_the_same_note_is_no_new_note():
    ledger = MusicConfig(scale="C major").ledger()
    assert ledger.apply(on(61, 1)).note == 60
    assert ledger.apply(on(60, 2, corrects=1)) is None
    assert ledger.apply(off(61, 1)) is None
    assert ledger.apply(pitch(60.2)) == pitch(60.2)
    better = ledger.apply(on(64, 3, corrects=2))
    assert (better.note, better.corrects) == (64, 1)  # as its receiver knows it
    ended = ledger.apply(off(60, 2))
    assert (ended.note, ended.note_id) == (60, 1)
    assert ledger.apply(off(64, 3)) == off(64, 3)
    assert ledger.sounding == ()


def test_the_better_name_of_a_note_that_was_left_out_is_a_note_of_its_own():
    ledger = MusicConfig(scale="C major", lock="drop").ledger()
    assert ledger.apply(on(61, 1)) is None
    assert ledger.apply(on(62, 2, corrects=1)) == on(62, 2)
    assert ledger.apply(off(61, 1)) is None


def test_the_name_that_a_note_should_have_had_is_held_in_the_scale_too():
    ledger = MusicConfig(scale="C major", transpose=12).ledger()
    ledger.apply(on(60, 1))
    assert ledger.apply(off(60, 1, settled=63)).settled == 74
    ledger.apply(on(60, 2))
    assert ledger.apply(off(60, 2, settled=61)).settled is None  # that is what was sent


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({"scale": "C mixolidian"}, "did you mean mixolydian"),
        ({"lock": "hold"}, "there is no lock 'hold'"),
        ({"transpose": 61}, "from -60 to 60"),
        ({"transpose": 12, "octave": 5}, "72 semitones together"),
    ],
)
def test_what_cannot_work_is_refused(given_values, message):
    with pytest.raises(ConfigError, match=message):
        MusicConfig(**given_values)


def test_a_recording_is_transcribed_in_the_key():
    rate_hz = 48_000
    samples, _ = melody([60, 61, 66], rate_hz)
    played = track([samples], rate_hz, TrackerConfig())
    music = MusicConfig(scale="C major", octave=1)
    in_key = track([samples], rate_hz, TrackerConfig(), ledger=music.ledger())
    assert [on.note for on, _ in played.pairs] == [60, 61, 66]
    assert [on.note for on, _ in in_key.pairs] == [72, 72, 77]
    assert [off.offset for _, off in in_key.pairs] == [off.offset for _, off in played.pairs]


STEPS = st.one_of(
    st.tuples(st.just("on"), st.integers(21, 108)),
    st.tuples(st.just("off"), st.integers(0, 5)),
    st.tuples(st.just("correct"), st.integers(21, 108)),
    st.tuples(st.just("transpose"), st.integers(-24, 24)),
    st.tuples(st.just("lock"), st.sampled_from(["C major", "F# blues", ""])),
    st.tuples(st.just("how"), st.sampled_from(["snap", "drop", "off"])),
    st.tuples(st.just("mute"), st.none()),
    st.tuples(st.just("release"), st.none()),
)


@given(st.lists(STEPS, max_size=40))
def test_whatever_is_changed_while_notes_sound_each_ends(steps):
    ledger, music = MusicConfig().ledger(), MusicConfig()
    open_notes, count, sounding, sent = [], 0, [], []
    for what, value in steps:
        if what == "on" or (what == "correct" and open_notes):
            count += 1
            corrected = open_notes.pop() if what == "correct" else None
            event = on(value, count, corrects=corrected.note_id if corrected else 0)
            sent.append(ledger.apply(event))
            if corrected:
                sent.append(ledger.apply(off(corrected.note, corrected.note_id)))
            open_notes.append(event)
        elif what == "off" and value < len(open_notes):
            ended = open_notes.pop(value)
            sent.append(ledger.apply(off(ended.note, ended.note_id)))
        elif what == "transpose":
            ledger.semitones = value
        elif what in ("lock", "how"):
            music = dataclasses.replace(music, **{"scale" if what == "lock" else "lock": value})
            ledger.lock = music.note_lock()
        elif what == "mute":
            ledger.muted = not ledger.muted
        elif what == "release":
            sent += ledger.release(10 * count)
    sent += [ledger.apply(off(event.note, event.note_id)) for event in open_notes]
    for event in sent:
        if isinstance(event, NoteOn):
            assert not event.corrects or event.corrects in [note_id for _, note_id in sounding]
            sounding.append((event.note, event.note_id))
        elif event is not None:
            sounding.remove((event.note, event.note_id))
    assert sounding == []
    assert ledger.sounding == ()
