"""When notes end: legato, least length, extension, pedal."""

import pytest

from streamer.events import Event, NoteOff
from streamer.expression.encoders import Encoder
from streamer.expression.make import make_encoder
from streamer.settings.expression import Expression
from tests.expression.receiver import Receiver, deliver, play
from tests.expression.test_bending import RATE_HZ, hops, off, on, slide


def encoder(**settings: object) -> Encoder:
    return make_encoder(Expression(**{"bend": "off", **settings}), RATE_HZ)


def silence(begin_s: float, end_s: float) -> list[Event]:
    return list(hops(begin_s, end_s, lambda _: None))


def notes(receiver: Receiver) -> list[tuple[float, str, int]]:
    """Seconds, to 10 ms."""
    kinds = ("note_on", "note_off")
    return [(round(s / RATE_HZ, 2), m.type[5:], m.note) for s, m in receiver.log if m.type in kinds]


STEP = [on(0.0, 60.0), off(0.5, 60, followed=True), on(0.5, 62.0, note_id=2), off(1.0, 62, 2)]


def test_without_any_of_it_a_note_ends_before_the_next_begins():
    assert notes(play(encoder(), STEP)) == [(0.0, "on", 60), (0.5, "off", 60), (0.5, "on", 62), (1.0, "off", 62)]


def test_legato_is_the_other_order_at_the_same_time():
    receiver = play(encoder(legato=True), STEP)
    assert notes(receiver) == [(0.0, "on", 60), (0.5, "on", 62), (0.5, "off", 60), (1.0, "off", 62)]


def test_legato_waits_for_nobody():
    one = encoder(legato=True)
    receiver = play(one, [on(0.0, 60.0), off(0.5, 60, followed=True), *silence(0.5, 0.52)])
    assert notes(receiver) == [(0.0, "on", 60), (0.5, "off", 60)]


def test_a_short_note_is_made_longer_and_a_long_one_is_not():
    events = [on(0.0, 60.0), off(0.05, 60), *silence(0.05, 0.3), on(0.3, 62.0, note_id=2), *silence(0.31, 0.6)]
    receiver = play(encoder(min_length=120.0), [*events, off(0.6, 62, 2)])
    assert notes(receiver) == [(0.0, "on", 60), (0.12, "off", 60), (0.3, "on", 62), (0.6, "off", 62)]


def test_an_extended_note_that_is_struck_again_ends_before_it_begins():
    again = [on(0.0, 60.0), off(0.2, 60), on(0.3, 60.0, note_id=2), off(0.4, 60, 2), *silence(0.4, 1.0)]
    receiver = play(encoder(extend=250.0), again)
    assert notes(receiver) == [(0.0, "on", 60), (0.3, "off", 60), (0.3, "on", 60), (0.65, "off", 60)]


def test_what_is_ended_from_outside_ends_at_once():
    released = NoteOff(30_000, 30_000, 60, 60.0, 1, None, released=True)
    for settings in ({"extend": 900.0}, {"min_length": 2000.0}, {"legato": True}):
        assert play(encoder(**settings), [on(0.0, 60.0), released]).held == []
    waiting = [on(0.0, 60.0), off(0.1, 60), on(0.2, 62.0, note_id=2), NoteOff(30_000, 30_000, 62, 62.0, 2, None)]
    one = encoder(extend=900.0)
    receiver = play(one, waiting)
    assert len(receiver.held) == 2
    deliver(one, one.end(), receiver)
    assert receiver.held == []


def test_the_pedal_is_down_while_there_is_playing_and_up_after_it():
    melody = [on(0.0, 60.0), off(0.1, 60), *silence(0.1, 0.3), on(0.3, 62.0, note_id=2), *silence(0.31, 0.8)]
    one = encoder(sustain=400.0)
    receiver = play(one, [*melody, off(0.8, 62, 2), *silence(0.8, 1.5)])
    pedal = [(round(s / RATE_HZ, 1), m.value) for s, m in receiver.log if m.is_cc(64)]
    assert pedal == [(0.0, 127), (1.2, 0)]
    play(one, [on(2.0, 60.0, note_id=3)], receiver)
    for message in one.end():  # which may be lost
        receiver.take(message)
    assert receiver.log[-1][1].is_cc(64)
    assert [m.value for m in one.end() if m.is_cc(64)] == [0]


@pytest.mark.parametrize("settings", [{"legato": True}, {"extend": 50.0}])
def test_a_slide_is_still_one_note(settings):
    receiver = play(encoder(bend="glide", **settings), slide(7, 0.2, 0.4))
    assert [message.note for message in receiver.of("note_on")] == [60]


@pytest.mark.parametrize("bend", ["off", "smooth"])
def test_a_correction_ends_no_note_late(bend):
    events = [on(0.0, 60.0), on(0.05, 61.0, note_id=2, corrects=1), off(0.05, 60), *silence(0.06, 0.2)]
    assert len(play(encoder(bend=bend, extend=500.0), events).held) == 1
