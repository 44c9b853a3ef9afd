"""MPE, judged by the rules that the MIDI Association publishes (MIDI Polyphonic Expression, version 1.0)."""

import math
from collections.abc import Iterable

import mido
import pytest

from streamer.errors import ConfigError
from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.make import make_encoder
from streamer.settings.expression import Expression
from tests.expression.receiver import Receiver, play
from tests.expression.test_bending import RATE_HZ, hops, off, on, slide, steady

LOWER, UPPER = 0, 15
TIMBRE = 74


class MpeValidator:
    """Raises `AssertionError` at the first message that breaks a rule."""

    def __init__(self) -> None:
        self.members: list[int] = []
        self.manager = -1
        self.held: dict[int, list[int]] = {}
        self.free_since: dict[int, int] = {}
        self.count = 0
        self.ranges: dict[int, int] = {}
        self._rpn: dict[int, list[int]] = {}
        self._initial: dict[int, set[str]] = {}

    def take(self, message: mido.Message) -> None:
        self.count += 1
        channel = message.channel
        if message.type == "control_change" and message.control in (6, 38, 98, 99, 100, 101):
            self._parameter(message)
            return
        assert self.manager >= 0, "a zone is configured before anything else"
        assert channel == self.manager or channel in self.members, "nothing outside the zone"
        if message.type in ("note_on", "note_off"):
            assert channel in self.members, "notes are on member channels"
        assert message.type != "polytouch", "no polyphonic key pressure on member channels"
        getattr(self, f"_{message.type}", lambda _: None)(message)

    def _parameter(self, message: mido.Message) -> None:
        number = self._rpn.setdefault(message.channel, [127, 127])
        if message.control in (100, 101):
            number[101 - message.control] = message.value
        elif message.control == 6 and number == [0, 6]:
            assert message.channel in (LOWER, UPPER), "a zone is configured on channel 1 or 16"
            assert 1 <= message.value <= 15
            assert not any(self.held.values()), "a zone is not configured while notes sound"
            self.manager = message.channel
            step = 1 if message.channel == LOWER else -1
            self.members = [message.channel + step * k for k in range(1, message.value + 1)]
            self.ranges = dict.fromkeys(self.members, 48)
        elif message.control == 6 and number == [0, 0] and message.channel in self.members:
            self.ranges = dict.fromkeys(self.members, message.value)  # one stands for all of the zone

    def _pitchwheel(self, message: mido.Message) -> None:
        self._initial.setdefault(message.channel, set()).add("bend")

    def _aftertouch(self, message: mido.Message) -> None:
        self._initial.setdefault(message.channel, set()).add("pressure")

    def _control_change(self, message: mido.Message) -> None:
        if message.control == TIMBRE:
            self._initial.setdefault(message.channel, set()).add("timbre")
        elif message.channel in self.members:
            assert message.control in (120, 121, 123), "what is of all notes is on the manager's channel"

    def _note_on(self, message: mido.Message) -> None:
        channel = message.channel
        told = self._initial.pop(channel, set())
        assert told >= {"bend", "pressure", "timbre"}, "the three dimensions are set before the note-on"
        free = [member for member in self.members if not self.held.get(member)]
        if free:
            assert channel in free, "a channel of its own while there is one"
            longest = min(self.free_since.get(member, -1) for member in free)
            assert self.free_since.get(channel, -1) == longest, "the one that has been free for longest"
        self.held.setdefault(channel, []).append(message.note)

    def _note_off(self, message: mido.Message) -> None:
        assert message.note in self.held.get(message.channel, []), "a note ends on its channel"
        self.held[message.channel].remove(message.note)
        self.free_since[message.channel] = self.count
        self._initial.pop(message.channel, None)


def valid(expression: Expression, events: Iterable[Event]) -> Receiver:
    encoder = make_encoder(expression, RATE_HZ)
    receiver = Receiver()
    for control in range(16):
        receiver.ranges[control] = 48.0
    for message in encoder.begin():
        receiver.take(message)
        encoder.sent(message)
    play(encoder, events, receiver)
    for message in encoder.end():
        receiver.take(message)
        encoder.sent(message)
    validator = MpeValidator()
    for _, message in receiver.log:
        validator.take(message)
    assert receiver.held == []
    assert receiver.bends == [0.0] * 16
    return receiver


def melody(count: int) -> list[Event]:
    events: list[Event] = []
    for k in range(count):
        pitch = 60 + 5 * (k % 3) + 0.2
        events += [
            on(0.2 * k, pitch, note_id=k + 1),
            *steady(pitch, 0.2 * k + 0.003, 0.2 * k + 0.15),
            off(0.2 * k + 0.15, round(pitch), k + 1),
        ]
    return events


@pytest.mark.parametrize("members", [1, 2, 15])
@pytest.mark.parametrize(("zone", "manager", "step"), [("lower", LOWER, 1), ("upper", UPPER, -1)])
def test_a_melody_obeys_the_rules_and_takes_turns(zone, manager, step, members):
    receiver = valid(Expression(mpe=zone, mpe_channels=members), melody(20))
    channels = [message.channel for message in receiver.of("note_on")]
    assert channels == [manager + step * (1 + k % members) for k in range(20)]
    assert [message.note for message in receiver.of("note_on")] == [60 + 5 * (k % 3) for k in range(20)]


def test_more_notes_than_channels_share_and_all_end():
    chord = [NoteOn(1000 * k + 1, 1000 * k, 50 + k, 90, 50.0 + k, None, k + 1) for k in range(6)]
    ends = [NoteOff(20_000, 20_000, 50 + k, 50.0 + k, k + 1) for k in range(6)]
    receiver = valid(Expression(mpe="lower", mpe_channels=4), [*chord, *ends])
    assert [message.channel for message in receiver.of("note_on")] == [1, 2, 3, 4, 1, 2]


def test_a_slide_of_twelve_semitones_is_one_note_with_a_bend_that_follows():
    events = slide(12, 0.2, 0.5)
    receiver = valid(Expression(mpe="lower"), events)
    assert [message.note for message in receiver.of("note_on")] == [60]
    sliding = [(s / RATE_HZ, pitch) for s, pitch in receiver.heard if 0.25 < s / RATE_HZ < 0.65]
    errors = sorted(abs(pitch - 60.0 - 12.0 * (at_s - 0.2) / 0.5) for at_s, pitch in sliding)
    assert errors[len(errors) // 2] < 0.15


def dynamics(level_db: float, brightness_hz: float, begin_s: float, end_s: float) -> list[Event]:
    return [
        PitchEstimate(e.sample, e.centre, 220.0, 0.9, level_db, 0.3, 220.0, brightness_hz)
        for e in hops(begin_s, end_s, lambda _: 57.0)
    ]


def test_pressure_follows_loudness_and_timbre_brightness():
    events = [on(0.0, 57.0), *dynamics(-40, 300, 0.003, 0.5), *dynamics(-15, 1500, 0.5, 1.0), off(1.0, 57)]
    receiver = valid(Expression(mpe="lower"), events)
    pressure = [(s / RATE_HZ, m.value) for s, m in receiver.log if m.type == "aftertouch"]
    timbre = [(s / RATE_HZ, m.value) for s, m in receiver.log if m.type == "control_change" and m.control == TIMBRE]
    for values in (pressure, timbre):
        soft = [value for at_s, value in values if 0.2 < at_s <= 0.5] or [v for at_s, v in values if at_s <= 0.2][-1:]
        loud = [value for at_s, value in values if at_s > 0.5][-2]
        assert loud > soft[-1] + 40
        assert len(values) < 120


@pytest.mark.parametrize(("fall_db_per_s", "low", "high"), [(10, 1, 10), (800, 90, 127)])
def test_the_release_velocity_tells_a_damped_note_from_one_that_rings_out(fall_db_per_s, low, high):
    events: list[Event] = [on(0.0, 57.0)]
    for estimate in hops(0.003, 0.5, lambda _: 57.0):
        since_s = max(0.0, estimate.sample / RATE_HZ - 0.45)
        events.append(PitchEstimate(estimate.sample, 0, 220.0, 0.9, -15 - fall_db_per_s * since_s, 0.3))
    receiver = valid(Expression(mpe="upper"), [*events, off(0.5, 57)])
    assert low <= receiver.of("note_off")[0].velocity <= high


def test_poly_pressure_is_refused():
    with pytest.raises(ConfigError, match="MPE has no poly pressure"):
        make_encoder(Expression(mpe="lower", control=("poly=level",)), RATE_HZ)


def test_vibrato_of_one_note_does_not_touch_another_that_rings():
    vibrato = list(hops(0.51, 1.0, lambda s: 64 + 0.5 * math.sin(2 * math.pi * 6 * s)))
    receiver = valid(
        Expression(mpe="lower"), [on(0.0, 60.0), off(0.5, 60), on(0.51, 64.0, note_id=2), *vibrato, off(1.0, 64, 2)]
    )
    bent = {m.channel for s, m in receiver.log if m.type == "pitchwheel" and m.pitch and s > 0}
    assert bent == {2}
