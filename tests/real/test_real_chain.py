"""A melody, a microphone, `streamer live`, and a DAW that records what it sends."""

import signal
from collections.abc import Callable
from pathlib import Path

import mido
import pytest
import soundfile
from jackserver import JackServer
from livecommand import Live
from melody import Melody, check_heard, onset_spread_ms
from receivers import Ardour, MidiDump, read_midi_file

pytestmark = [pytest.mark.jack, pytest.mark.daw, pytest.mark.usefixtures("jack_midi")]
SPREAD_MS = 40.0
# A machine that does something else at the same time can make any program late. Each time must have the right notes;
# one of them must be on time.
MOST_TIMES = 3


@pytest.mark.parametrize("jack", [True], indirect=True, ids=["synchronous"])
def test_a_melody_arrives_in_the_daw(
    jack: JackServer, melody: Melody, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("ardour7-lua")
    take, sound = tmp_path / "take.mid", tmp_path / "take.wav"
    live = Live(tmp_path, "--virtual", "--midi", str(take), "--record-audio", str(sound), env=jack.env)
    count, times = len(melody.notes), 0
    try:
        live.await_microphone(jack)
        port = jack.midi_output("streamer")
        dump = MidiDump(jack, tmp_path)
        jack.connect(port, dump.port)
        ardour = Ardour(jack, tmp_path / "ardour", port)
        while times < MOST_TIMES:
            times += 1
            jack.play(melody.recording).wait(60)
            live.await_events("note_off", count * times)
            if onset_spread_ms(melody, _split(dump.messages(), count)[-1]) < SPREAD_MS:
                break
        received = {"Ardour": ardour.close(), "jack_midi_dump": dump.close()}
        status = live.end(signal.SIGTERM)
    finally:
        live.abandon()
    assert status == 128 + signal.SIGTERM, live.said()
    received["the MIDI file"] = read_midi_file(take)
    for who, messages in received.items():
        heard = _split(messages, count)
        assert len(heard) == times, f"{who}: {messages}"
        for one in heard:
            check_heard(melody, one, who)
        spread_ms = onset_spread_ms(melody, heard[-1])
        print(f"{who}: onset spread {spread_ms:.1f} ms, {times} times played")
        assert spread_ms < SPREAD_MS, f"{who}: the note-ons are spread over {spread_ms:.1f} ms"
    assert [event["note"] for event in live.events("note_on")] == list(melody.notes) * times
    samples, rate_hz = soundfile.read(sound)
    assert rate_hz == jack.rate_hz
    assert abs(samples).max() > 0.05
    assert len(samples) > rate_hz * melody.onsets_s[-1]


def _split(messages: list[mido.Message], count: int) -> list[list[mido.Message]]:
    """The messages of each time the melody was played: ``count`` note-ons, and what follows before the next."""
    parts: list[list[mido.Message]] = []
    begun = 0
    for message in messages:
        if message.type == "note_on" and message.velocity > 0:
            if begun % count == 0:
                parts.append([])
            begun += 1
        if parts:
            parts[-1].append(message)
    return parts
