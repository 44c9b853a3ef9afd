"""What a synthesiser with a tuning sounds like, whose keys are not a semitone apart."""

import mido
import pytest

from streamer.events import NoteOff, NoteOn, PitchEstimate
from streamer.expression.make import make_encoder
from streamer.music.config import MusicConfig
from streamer.music.scala import read_tuning
from streamer.outputs.midifile import MidiFileSink
from streamer.settings.expression import Expression
from streamer.units import midi_to_hz
from tests.expression.receiver import Receiver, deliver
from tests.music.test_scala import QUARTER_TONES

RATE_HZ = 48_000
HOP = 128


@pytest.fixture
def scl(tmp_path):
    (tmp_path / "24.scl").write_text(QUARTER_TONES)
    return tmp_path / "24.scl"


def hops(first, midis):
    """A pitch in each hop from the one of this number on."""
    for k, midi in enumerate(midis, first):
        yield PitchEstimate(HOP * k, HOP * k - 400, midi_to_hz(midi), 0.9, -20.0, 0.1)


def renamed(better):
    """A note whose first name was wrong."""
    yield NoteOn(HOP * 30, HOP * 29, 60, 90, 60.0, note_id=1)
    yield from hops(30, [60.0] * 4 + [better] * 12)
    yield NoteOn(HOP * 46, HOP * 29, round(better), 90, better, note_id=2, corrects=1)
    yield NoteOff(HOP * 46, HOP * 46, 60, 60.0, 1)
    yield from hops(46, [better] * 60)
    yield NoteOff(HOP * 106, HOP * 106, round(better), better, 2)


def slurred(to):
    """A note that slides to the next."""
    yield NoteOn(HOP * 30, HOP * 29, 60, 90, 60.0, note_id=1)
    yield from hops(30, [60.0] * 40 + [60.0 + (to - 60.0) * k / 60 for k in range(60)])
    yield NoteOff(HOP * 130, HOP * 130, 60, 60.0, 1, followed=True)
    yield NoteOn(HOP * 130, HOP * 130, round(to), 90, to, note_id=2)
    yield from hops(130, [to] * 60)
    yield NoteOff(HOP * 190, HOP * 190, round(to), to, 2)


@pytest.mark.parametrize("mpe", ["off", "lower"])
@pytest.mark.parametrize("mode", ["off", "trigger", "smooth", "glide"])
@pytest.mark.parametrize("to", [59.0, 61.0, 61.5, 62.0, 72.0])
@pytest.mark.parametrize("how", [renamed, slurred])
def test_a_note_that_gets_another_name_sounds_where_it_is_played(scl, how, to, mode, mpe):
    ledger, tuning = MusicConfig(scala=scl).ledger(), read_tuning(scl)
    encoder, receiver = make_encoder(Expression(bend=mode, mpe=mpe), RATE_HZ), Receiver()
    deliver(encoder, encoder.begin(), receiver)
    for event in list(how(to))[:-1]:
        if (sent := ledger.apply(event)) is not None:
            deliver(encoder, encoder.encode(sent), receiver, event.sample)
    assert [tuning[key] + receiver.bends[channel] for channel, key in receiver.held] == pytest.approx([to], abs=0.06)


@pytest.mark.parametrize("mode", ["off", "smooth"])
@pytest.mark.parametrize(("better", "settled"), [(61.0, 61.0), (61.0, 61.7), (60.0, 60.7), (59.0, 59.0)])
def test_in_a_file_it_has_the_key_that_it_settled_on_and_sounds_where_it_is_played(
    scl, tmp_path, better, settled, mode
):
    ledger, tuning = MusicConfig(scala=scl).ledger(), read_tuning(scl)
    expression = Expression(bend=mode, bend_range=4)
    sink = MidiFileSink(tmp_path / "a.mid", RATE_HZ, encoder=make_encoder(expression, RATE_HZ))
    *events, off = renamed(better)
    if settled != better:
        events += hops(106, [settled] * 80)
        off = NoteOff(HOP * 186, HOP * 186, off.note, settled, 2, settled=round(settled))
    for event in (*events, off):
        if (sent := ledger.apply(event)) is not None:
            sink.send(sent)
    sink.close()
    receiver, sounded = Receiver(), []
    for message in mido.MidiFile(tmp_path / "a.mid"):
        if message.type == "note_off":
            sounded.append((message.note, tuning[message.note] + receiver.bends[0]))
        if not message.is_meta:
            receiver.take(message)
    key = min(tuning, key=lambda key: abs(tuning[key] - settled))
    assert sounded == [(key, pytest.approx(settled, abs=0.06) if mode != "off" else tuning[key])]
