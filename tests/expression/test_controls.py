"""Velocity curves, and controllers that follow the sound."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.errors import ConfigError
from streamer.events import Event, PitchEstimate
from streamer.expression.controls import Control, parse_control
from streamer.expression.curves import VelocityCurve
from streamer.expression.make import make_encoder
from streamer.settings.expression import Expression
from tests.expression.receiver import Receiver, deliver, play
from tests.expression.test_bending import RATE_HZ, hops, off, on


@pytest.mark.parametrize(
    ("curve", "floor", "ceiling", "sent"),
    [
        ("linear", 1, 127, [1, 64, 127]),
        ("soft", 1, 127, [7, 84, 127]),
        ("hard", 1, 127, [1, 40, 127]),
        ("fixed:100", 1, 127, [100, 100, 100]),
        ("1:20, 64:80, 127:120", 1, 127, [20, 80, 120]),
        ("64:10,65:90", 1, 127, [10, 10, 90]),
        ("linear", 30, 90, [30, 64, 90]),
    ],
)
def test_a_curve_makes_these_velocities(curve, floor, ceiling, sent):
    made = VelocityCurve(curve, floor, ceiling)
    assert [made(velocity) for velocity in (1, 64, 127)] == sent


@given(st.sampled_from(["linear", "soft", "hard", "fixed:1", "1:1,127:127"]), st.integers(1, 127), st.integers(1, 127))
def test_velocities_stay_between_floor_and_ceiling_and_never_fall(curve, one, other):
    made = VelocityCurve(curve, min(one, other), max(one, other))
    velocities = [made(velocity) for velocity in range(1, 128)]
    assert velocities == sorted(velocities)
    assert velocities[0] >= min(one, other)
    assert velocities[-1] <= max(one, other)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("loud", "there is no velocity curve 'loud'; choose from linear, soft, hard, fixed:N with N from 1 to 127"),
        ("fixed:0", "there is no velocity curve 'fixed:0'"),
        ("fixed:" + "9" * 5000, "there is no velocity curve"),
        ("1:2,1:3", "the points of the velocity curve '1:2,1:3' are not in order"),
        (",".join(f"{k}:{k}" for k in range(1, 40)), "at most 16 points"),
    ],
)
def test_a_velocity_curve_that_is_none_is_one_line(text, line):
    with pytest.raises(ConfigError, match=line) as refused:
        VelocityCurve(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250


def test_a_floor_above_the_ceiling_is_refused():
    with pytest.raises(ConfigError, match="the velocity floor 90 is above the ceiling 20"):
        make_encoder(Expression(velocity_floor=90, velocity_ceiling=20), RATE_HZ)


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("pressure=level", Control("pressure", "level")),
        ("poly = brightness", Control("poly", "brightness")),
        ("CC11=level:soft,20-127,50ms", Control(11, "level", "soft", 20, 127, 50.0)),
        ("cc1=confidence:127-0", Control(1, "confidence", "linear", 127, 0)),
    ],
)
def test_a_control_as_it_is_written(text, control):
    assert parse_control(text) == control


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("cc11", "the control 'cc11' follows nothing; choose from level, brightness, confidence"),
        ("cc128=level", "there is no control 'cc128=level'; write it as pressure=level or cc11=level:soft,20-127,50ms"),
        ("volume=level", "there is no control"),
        ("cc123=level", "controller 123 means something else to receivers"),
        ("cc11=level:0-200", "has an option '0-200'; there are linear, soft, hard, a range"),
        ("cc11=level:9000ms", "at most 2000ms"),
    ],
)
def test_a_control_that_is_none_is_one_line(text, line):
    with pytest.raises(ConfigError, match=line):
        parse_control(text)


def swell(begin_s: float, end_s: float) -> list[Event]:
    """From -50 to -10 dB."""
    return [
        PitchEstimate(e.sample, 0, 261.63, 0.9, -50 + 40 * (e.sample / RATE_HZ - begin_s) / (end_s - begin_s), 0.3)
        for e in hops(begin_s + 0.003, end_s, lambda _: 60.0)
    ]


@pytest.mark.parametrize("target", ["cc11", "cc2", "pressure", "poly"])
@pytest.mark.parametrize("bend", ["off", "smooth"])
def test_a_swell_is_heard_in_its_controller_and_is_over_at_the_end(target, bend):
    encoder = make_encoder(Expression(bend=bend, control=(f"{target}=level:10-120",)), RATE_HZ)
    receiver = play(encoder, [replace(on(0.0, 60.0), velocity=20), *swell(0.0, 1.0)], Receiver())
    follows = parse_control(f"{target}=level")
    kind = follows.message(0, 60, 0).type
    values = [message for _, message in receiver.log if message.type == kind]
    got = [message.value for message in values]
    assert got == sorted(got)
    assert got[0] < 35
    assert 110 < got[-1] <= 120
    assert len(got) <= 60
    if target == "poly":
        assert {message.note for message in values} == {60}
        return
    deliver(encoder, encoder.encode(off(1.0, 60)), receiver)
    deliver(encoder, encoder.end(), receiver)
    last = [message for _, message in receiver.log if message.type == kind and getattr(message, "control", 0) != 123]
    assert last[-1].value == (127 if target == "cc11" else 0)


def test_without_bends_a_correction_is_a_new_note_as_ever():
    encoder = make_encoder(Expression(bend="off", control=("pressure=level",)), RATE_HZ)
    receiver = play(encoder, [on(0.0, 60.0), on(0.05, 61.0, note_id=2, corrects=1), off(0.05, 60)])
    assert receiver.held == [(0, 61)]
    assert receiver.of("pitchwheel") == []
