"""Bends: what a receiver hears of notes whose pitch is not that of a key."""

import math
from collections.abc import Callable, Iterator

import pytest

from streamer.errors import ConfigError
from streamer.events import Event, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.expression.bending import BendingEncoder
from streamer.expression.make import make_encoder
from streamer.settings.expression import Expression
from streamer.units import midi_to_hz
from tests.expression.receiver import Receiver, deliver, play

RATE_HZ = 48_000
HOP = 128


def encoder(bend: str, bend_range: int = 0, channel: int = 0) -> BendingEncoder:
    return BendingEncoder(Expression(bend=bend, bend_range=bend_range), RATE_HZ, channel)


def hop(sample: int, midi: float | None) -> PitchEstimate:
    f0_hz = None if midi is None else midi_to_hz(midi)
    return PitchEstimate(sample, sample, f0_hz, 0.9, -20.0, 0.3, f0_hz or 0.0)


def hops(begin_s: float, end_s: float, pitch: Callable[[float], float | None]) -> Iterator[PitchEstimate]:
    """A pitch as a function of seconds, hop by hop."""
    for sample in range(math.ceil(begin_s * RATE_HZ / HOP) * HOP, round(end_s * RATE_HZ), HOP):
        yield hop(sample, pitch(sample / RATE_HZ))


def on(time_s: float, midi: float, note: int | None = None, note_id: int = 1, corrects: int = 0) -> NoteOn:
    sample = round(time_s * RATE_HZ)
    return NoteOn(sample, sample, round(midi) if note is None else note, 90, midi, None, note_id, corrects)


def off(time_s: float, note: int, note_id: int = 1, *, followed: bool = False) -> NoteOff:
    sample = round(time_s * RATE_HZ)
    return NoteOff(sample, sample, note, float(note), note_id, None, followed)


def steady(midi: float, begin_s: float, end_s: float) -> list[Event]:
    return list(hops(begin_s, end_s, lambda _: midi))


def played(pitch: Callable[[float], float], end_s: float = 1.0) -> list[Event]:
    first = pitch(0.0)
    return [on(0.0, first), *hops(0.001, end_s, pitch), off(end_s, round(first))]


def test_the_range_is_told_at_the_start_and_left_alone_then():
    receiver = play(encoder("smooth", 7, channel=3), [])
    assert [(m.control, m.value) for m in receiver.of("control_change")] == [
        (101, 0),
        (100, 0),
        (6, 7),
        (38, 0),
        (101, 127),
        (100, 127),
    ]
    assert receiver.ranges[3] == 7.0
    assert {message.channel for _, message in receiver.log} == {3}


@pytest.mark.parametrize(
    ("settings", "rounds"), [({"bend_range": 2}, 0), ({"bend_range": 7}, 2), ({"mpe": "lower"}, 2)]
)
def test_who_connects_late_is_told_the_range_while_nothing_sounds(settings, rounds):
    one = make_encoder(Expression(bend="smooth", **settings), RATE_HZ)
    silence = list(hops(0.001, 10.5, lambda _: None))
    receiver = play(one, silence, Receiver())
    told = [message for message in receiver.of("control_change") if message.control == 6]
    assert len(told) == rounds * (16 if "mpe" in settings else 1)


@pytest.mark.parametrize("bend", ["trigger", "smooth", "glide"])
def test_a_note_in_tune_is_two_messages(bend):
    receiver = play(encoder(bend), [])
    told = len(receiver.log)
    play(encoder(bend), played(lambda s: 60.0 + 0.05 * math.sin(200.0 * s)), receiver)
    assert [message.type for _, message in receiver.log[told:]] == ["note_on", "note_off"]


@pytest.mark.parametrize("bend", ["trigger", "smooth", "glide"])
@pytest.mark.parametrize("cents", [-48, -20, 20, 48])
def test_a_note_out_of_tune_gets_one_bend_at_once_where_it_is_far_and_else_when_it_has_settled(bend, cents):
    receiver = play(encoder(bend), played(lambda _: 60.0 + cents / 100))
    kinds = [message.type for _, message in receiver.log[-3:]]
    assert kinds == ["note_on", "pitchwheel", "note_off"]
    sample, message = receiver.log[-2]
    assert sample == 0 if abs(cents) > 40 else 0 < sample < 0.06 * RATE_HZ
    assert receiver.bends[message.channel] == pytest.approx(cents / 100, abs=0.01)


def test_trigger_settles_within_60_ms_and_then_leaves_the_note_alone():
    receiver = play(encoder("trigger"), played(lambda s: 60.4 - min(s, 0.02) * 20.0 + (s > 0.1) * 0.5))
    bends = [sample for sample, message in receiver.log if message.type == "pitchwheel"][1:]
    assert len(bends) <= 2
    assert max(bends) < 0.06 * RATE_HZ
    assert receiver.heard[-2][1] == pytest.approx(60.0, abs=0.02)
    late = play(encoder("trigger"), [on(0.0, 60.0), *hops(0.001, 1.0, lambda s: 60.0 + min(s, 0.03) * 10.0)])
    assert late.pitch == pytest.approx(60.3, abs=0.02)
    assert len(late.of("pitchwheel")) == 2  # the first is the start's


@pytest.mark.parametrize("bend", ["trigger", "smooth", "glide"])
def test_what_an_attack_does_to_the_pitch_of_a_note_in_tune_is_not_sent(bend):
    def attack(s: float) -> float:
        return 60.02 + 0.3 * math.exp(-s / 0.008) * math.cos(2 * math.pi * 30.0 * s)

    receiver = play(encoder(bend), [])
    told = len(receiver.log)
    play(encoder(bend), played(attack), receiver)
    assert [message.type for _, message in receiver.log[told:]] == ["note_on", "note_off"]


def test_vibrato_is_followed_closely_and_without_a_flood():
    def vibrato(s: float) -> float:
        return 64.0 + 0.5 * math.sin(2 * math.pi * 6.0 * s)

    receiver = play(encoder("smooth"), played(vibrato, 2.0))
    heard = [(sample, pitch) for sample, pitch in receiver.heard if sample > 0.2 * RATE_HZ and pitch]
    errors = sorted(abs(pitch - vibrato(sample / RATE_HZ)) for sample, pitch in heard)
    assert errors[len(errors) // 2] < 0.06
    assert max(errors) < 0.12
    assert len(receiver.of("pitchwheel")) < 2 * 200


@pytest.mark.parametrize("midi", [72.0, 48.0, 67.0])
def test_an_octave_that_flickers_is_never_heard(midi):
    flicker = [hop(k * HOP, midi if k % 40 < 15 else 60.1) for k in range(8, 400)]
    receiver = play(encoder("smooth"), [on(0.0, 60.1), *flicker])
    assert {round(pitch) for _, pitch in receiver.heard if pitch} == {60}


@pytest.mark.parametrize("bend", ["trigger", "smooth", "glide"])
def test_the_bend_is_back_before_the_next_note_and_follows_it_only_then(bend):
    events = [on(0.0, 60.4), *steady(60.4, 0.001, 0.2), off(0.2, 60), on(0.3, 64.0, note_id=2), *steady(64.0, 0.3, 0.5)]
    receiver = play(encoder(bend), events)
    k = next(k for k, (_, message) in enumerate(receiver.log) if message.type == "note_on" and message.note == 64)
    assert receiver.log[k - 1][1].type == "pitchwheel"
    assert receiver.heard[k][1] == 64.0
    assert {pitch for _, pitch in receiver.heard[k:]} == {64.0}


def test_a_pause_ends_with_no_bend():
    receiver = play(encoder("smooth"), [*played(lambda _: 60.3), *hops(1.001, 2.5, lambda _: None)])
    assert receiver.bends == [0.0] * 16


@pytest.mark.parametrize("bend", ["trigger", "smooth", "glide"])
@pytest.mark.parametrize(("wrong", "right"), [(60, 61), (62, 60), (60, 59)])
def test_a_wrong_first_name_is_put_right_by_the_bend(bend, wrong, right):
    corrected = on(0.05, right + 0.1, note_id=2, corrects=1)
    events = [on(0.0, float(wrong)), corrected, off(0.05, wrong), *steady(right + 0.1, 0.05, 0.4)]
    receiver = play(encoder(bend, 3), events)
    assert [message.note for message in receiver.of("note_on")] == [wrong]
    assert receiver.of("note_off") == []
    assert receiver.pitch == pytest.approx(right + 0.1, abs=0.02)
    assert next(s for s, pitch in receiver.heard if abs(pitch - right) < 0.2) == corrected.sample
    play_on = play(encoder(bend, 3), [*events, off(0.4, right, 2)])
    assert play_on.held == []


def test_a_name_beyond_the_range_is_put_right_by_a_note():
    events = [on(0.0, 60.0), on(0.05, 62.0, note_id=2, corrects=1), off(0.05, 60), *steady(62.0, 0.05, 0.2)]
    receiver = play(encoder("smooth", 1), events)
    assert receiver.held == [(0, 62)]


def slide(semitones: int, begin_s: float, lasts_s: float) -> list[Event]:
    """From 60 upward, as the tracker tells it: a note for each semitone, the next at once."""
    events: list[Event] = [on(0.0, 60.0)]

    def pitch(s: float) -> float:
        return 60.0 + semitones * min(1.0, max(0.0, (s - begin_s) / lasts_s))

    name = 60
    for estimate in hops(0.001, begin_s + lasts_s + 0.3, pitch):
        events.append(estimate)
        now_s = estimate.sample / RATE_HZ
        if pitch(now_s - 0.02) > name + 0.6:
            events += [off(now_s, name, name - 59, followed=True), on(now_s, name + 1.0, note_id=name - 58)]
            name += 1
    return events


def test_a_slide_is_one_note_as_far_as_the_range_goes_and_then_a_new_one():
    receiver = play(encoder("glide", 12), slide(12, 0.2, 0.4))
    assert [message.note for message in receiver.of("note_on")] == [60]
    assert receiver.pitch == pytest.approx(72.0, abs=0.05)
    receiver = play(encoder("glide", 7), slide(12, 0.2, 0.4))
    assert [message.note for message in receiver.of("note_on")] == [60, 68]
    assert receiver.held == [(0, 68)]
    assert receiver.pitch == pytest.approx(72.0, abs=0.05)


def test_a_step_is_two_notes_though_the_next_begins_at_once():
    step = [on(0.0, 60.0), *steady(60.0, 0.001, 0.3), *steady(63.0, 0.3, 0.32)]
    receiver = play(
        encoder("glide"), [*step, off(0.32, 60, followed=True), on(0.32, 63.0, note_id=2), *steady(63.0, 0.32, 0.5)]
    )
    assert [message.note for message in receiver.of("note_on")] == [60, 63]
    assert receiver.held == [(0, 63)]
    assert max(pitch for _, pitch in receiver.heard if pitch < 63.0) == 60.0


def test_a_note_whose_successor_is_left_out_ends_with_the_next_hop():
    receiver = play(encoder("glide"), [on(0.0, 60.0), off(0.1, 60, followed=True)])
    assert receiver.held == [(0, 60)]
    play(one := encoder("glide"), [on(0.0, 60.0), off(0.1, 60, followed=True)], receiver := Receiver())
    for event in (hop(5120, None), Gap(5200, 80)):
        play(one, [event], receiver)
        assert receiver.held == []


def test_a_moved_note_bends_from_where_it_was_moved_to():
    moved = NoteOn(0, 0, 64, 90, 64.3, None, 1, 0, 4)
    receiver = play(encoder("smooth"), [moved, *steady(60.3, 0.001, 0.2)])
    assert receiver.pitch == pytest.approx(64.3, abs=0.01)


def test_what_was_lost_on_the_way_is_ended_and_unbent_at_the_end():
    one, receiver = encoder("smooth"), Receiver()
    for event in (on(0.0, 60.4), *steady(60.4, 0.001, 0.1)):
        for message in one.encode(event):  # each got out, though that never became known
            receiver.take(message)
    for message in one.encode(off(0.1, 60)):
        assert message.type == "note_off"  # and this one did not
    for _ in range(2):
        deliver(one, one.end(), receiver)
        assert receiver.held == []
        assert receiver.bends == [0.0] * 16
    assert [message.type for message in one.end()] == ["control_change"]


def test_settings_out_of_range_are_one_line():
    with pytest.raises(ConfigError, match="there is no bend 'up'; choose from auto, off, trigger, smooth, glide"):
        Expression(bend="up")
    with pytest.raises(ConfigError, match="bend_range is 49, but must be a whole number from 1 to 48"):
        Expression(bend_range=49)
