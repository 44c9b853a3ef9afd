"""A key, harmony, zones, and a second output with its own scale, as a receiver gets them over JACK."""

import signal
from pathlib import Path

import mido
import pytest
from jackserver import JackServer
from livecommand import Live
from melody import JAZZ_GUITAR, Melody, render
from receivers import MidiDump, notes_on

pytestmark = [pytest.mark.jack, pytest.mark.usefixtures("jack_midi")]
NOTES = (60, 66, 67, 72, 69, 76, 62)  # F#4 is outside C major
ZONES = ("--zone", "-B4:channel=2,transpose=-12", "--zone", "C5-:channel=1,program=5")
SECOND = "virtual:second,channel=5,scale=C D E G A,lock=drop,harmony="  # and F outside this one
# What arrives on each channel, counted from 1: thirds in C major in two zones, and the second output.
RECEIVED = {
    1: [72, 76, 76, 79],
    2: [48, 52, 53, 57, 55, 59, 57, 60, 50, 53],
    5: [60, 67, 72, 69, 76, 62],
}


@pytest.fixture
def played(tmp_path: Path, melody: Melody) -> Path:
    """The notes on an electric guitar; ``melody`` sees to the programs that it takes."""
    return render(tmp_path, 48_000, JAZZ_GUITAR, NOTES).recording


@pytest.mark.parametrize("jack", [True], indirect=True, ids=["synchronous"])
def test_each_channel_gets_what_its_zone_and_output_play(jack: JackServer, played: Path, tmp_path: Path) -> None:
    how = ("--scale", "C major", "--harmony", "3", *ZONES, "--output", SECOND)
    live = Live(tmp_path, "--virtual", *how, env=jack.env)
    try:
        live.await_microphone(jack)
        dump = MidiDump(jack, tmp_path)
        for name in ("streamer", "second"):
            jack.connect(jack.midi_output(name), dump.port)
        jack.play(played).wait(60)
        live.await_events("note_off", len(NOTES))
        status = live.end(signal.SIGTERM)
    finally:
        live.abandon()
    received = dump.close()
    assert status == 128 + signal.SIGTERM, live.said()
    begun = notes_on(received)
    assert {channel: [m.note for m in on_channel(begun, channel)] for channel in RECEIVED} == RECEIVED
    assert {m.channel + 1 for m in begun} == RECEIVED.keys()
    ended = [m for m in received if m.type == "note_off"]
    for channel, notes in RECEIVED.items():
        assert sorted(m.note for m in on_channel(ended, channel)) == sorted(notes)


def on_channel(messages: list[mido.Message], channel: int) -> list[mido.Message]:
    return [message for message in messages if message.channel == channel - 1]
