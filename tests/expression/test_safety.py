"""Whatever is played, changed and broken: nothing is left sounding or bent."""

import random

import pytest

from streamer.events import NoteOff, NoteOn
from streamer.expression.make import make_encoder
from streamer.settings.expression import Expression
from tests.fuzz.bends import Cable, CablePort, session

RATE_HZ = 48_000


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_no_note_is_stuck_and_no_channel_bent(first):
    for seed in range(first, first + 10):
        session(seed)


def test_a_pedal_is_let_go_though_the_port_was_away_when_the_encoder_changed(monkeypatch):
    def refuse(_):
        raise OSError("the port is gone")

    port = CablePort(Cable(random.Random(0)))
    port.use(make_encoder(Expression(sustain=100.0), RATE_HZ))
    port.send(NoteOn(100, 50, 60, 90, 60.0, note_id=1))
    port.send(NoteOff(900, 900, 60, 60.0, 1))
    assert port.cable.pedals == {0}
    with monkeypatch.context() as away:
        away.setattr(port.cable, "send", refuse)
        port.use(make_encoder(Expression(bend="off"), RATE_HZ))
    port.reopen()
    port.close()
    assert port.cable.pedals == set()
