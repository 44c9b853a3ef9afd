"""What waits for a client that does not take it."""

import json

from streamer.events import Block, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.web.config import server_config
from streamer.web.enginehost import LineSink, LineSource
from streamer.web.engines import MOST_MESSAGES, MOST_PITCHES, RemoteEngine
from streamer.web.protocol import parse_start
from tests.web.servers import start_message

RATE_HZ, HOP = 48_000, 128


class Line:
    """Passes on at once what an engine's process says."""

    def __init__(self, engine):
        self.sendall = engine.data_received


def started(**options):
    """An engine's two ends: what the server has of it, and what its process tells events to."""
    start = parse_start(json.loads(start_message(RATE_HZ, options=options)), server_config({}))
    engine = RemoteEngine(start)
    line = Line(engine)
    return engine, LineSink(line, LineSource(line, RATE_HZ, lambda *_: None), start)


def play_unheard(sink, bent=0.0):
    """For a third longer than pitches may wait; with a loss at three quarters, and then a note. How many pitches."""
    hops = MOST_PITCHES * 4 // 3
    for k in range(1, hops + 1):
        now = k * HOP
        if k == MOST_PITCHES * 5 // 4:
            sink.send(Gap(now, 5))
        if k == hops - 20:
            sink.send(NoteOn(now, now, 69, 80, 69.0, note_id=1))
        sink.send(PitchEstimate(now, now, 440.0 * 2 ** (bent * k / hops / 12), 1.0, -20.0, 0.1))
        if k % 4 == 0:
            sink.write_audio(Block([0.0] * 4 * HOP, now, 0))
    sink.send(NoteOff(hops * HOP, hops * HOP, 69, 69.0, 1))
    return hops


def told(engine):
    return [message for said in engine.take() if said.text for message in json.loads(said.text)]


def test_a_slow_client_loses_pitches_which_are_counted_and_nothing_else():
    engine, sink = started()
    pitches = play_unheard(sink)
    messages = told(engine)
    kinds = [message["type"] for message in messages]
    assert [kind for kind in kinds if kind != "pitch"] == ["gap", "note_on", "note_off"]
    assert engine.dropped > 0
    assert kinds.count("pitch") + engine.dropped == pitches
    assert not engine.overwhelmed


def test_tiny_blocks_do_not_crowd_out_notes():
    engine, sink = started()
    samples = 16
    for k in range(1, 2 * MOST_MESSAGES):
        now = k * samples
        if now % HOP == 0:
            sink.send(PitchEstimate(now, now, 440.0, 1.0, -20.0, 0.1))
        sink.write_audio(Block([0.0] * samples, now, 0))
    sink.send(NoteOn(now, now, 69, 80, 69.0, note_id=1))
    sink.write_audio(Block([0.0] * samples, now, 0))
    assert not engine.overwhelmed
    assert told(engine)[-1]["type"] == "note_on"


def test_no_bend_is_lost_with_pitches():
    engine, sink = started(bend="smooth", bend_range=2)
    play_unheard(sink, bent=1.5)
    bends = [message["semitones"] for message in told(engine) if message["type"] == "bend"]
    assert engine.dropped > 0
    assert bends
    assert abs(bends[-1] - 1.5) < 0.02


def test_who_listens_again_gets_pitches_again():
    engine, sink = started()
    play_unheard(sink)
    told(engine)
    dropped = engine.dropped
    sink.send(PitchEstimate(0, 0, 440.0, 1.0, -20.0, 0.1))
    sink.close()
    assert [message["type"] for message in told(engine)] == ["pitch"]
    assert engine.dropped == dropped
