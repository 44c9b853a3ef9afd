"""A key, harmony, zones, a second output with its own scale, as a DAW gets them, and a take on the grid of a clock."""

import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import mido
import pytest
from jackserver import JackServer
from livecommand import Live
from melody import JAZZ_GUITAR, Melody, render
from receivers import Ardour, notes_on

pytestmark = [pytest.mark.jack, pytest.mark.daw, pytest.mark.usefixtures("jack_midi")]
NOTES = (60, 66, 67, 72, 69, 76, 62)  # F#4 is outside C major
ZONES = ("--zone", "-B4:channel=2,transpose=-12", "--zone", "C5-:channel=1,program=5")
SECOND = "virtual:second,channel=5,scale=C D E G A,lock=drop,harmony="  # and F outside this one
# What arrives on each channel, counted from 1: thirds in C major in two zones, and the second output.
RECEIVED = {
    1: [72, 76, 76, 79],
    2: [48, 52, 53, 57, 55, 59, 57, 60, 50, 53],
    5: [60, 67, 72, 69, 76, 62],
}
CLOCK_BPM = 137.0
# A drum machine that was started just now.
CLOCK = """
import sys, time, rtmidi
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="drums")
out.open_virtual_port("out")
print("open", flush=True)
sys.stdin.readline()
out.send_message([0xFA])
began_s, k = time.monotonic(), 0
while True:
    out.send_message([0xF8])
    k += 1
    time.sleep(max(0.0, began_s + k * float(sys.argv[1]) - time.monotonic()))
"""


@pytest.fixture
def played(tmp_path: Path, melody: Melody) -> Path:
    """The notes on an electric guitar; ``melody`` sees to the programs that it takes."""
    return render(tmp_path, 48_000, JAZZ_GUITAR, NOTES).recording


@pytest.mark.parametrize("jack", [True], indirect=True, ids=["synchronous"])
def test_each_channel_gets_what_its_zone_and_output_play(
    jack: JackServer, played: Path, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("ardour7-lua")
    take = tmp_path / "take.mid"
    clocked = ("--clock", "virtual", "--grid", "1/16", "--midi", str(take))
    how = ("--scale", "C major", "--harmony", "3", *ZONES, "--output", SECOND)
    live = Live(tmp_path, "--virtual", *how, *clocked, env=jack.env)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    clock = jack.run(sys.executable, "-c", CLOCK, str(2.5 / CLOCK_BPM), **pipes)
    try:
        live.await_microphone(jack)
        assert clock.stdout is not None and clock.stdin is not None  # noqa: PT018
        assert clock.stdout.readline() == b"open\n"
        jack.connect(jack.midi_output("drums"), next(port for port in jack.ports() if "streamer clock" in port))
        ardour = Ardour(jack, tmp_path / "ardour", jack.midi_output("streamer"))
        jack.connect(jack.midi_output("second"), ardour.port)
        clock.stdin.write(b"\n")
        clock.stdin.flush()
        jack.play(played).wait(60)
        live.await_events("note_off", len(NOTES))
        received = ardour.close()
        status = live.end(signal.SIGTERM)
    finally:
        live.abandon()
    assert status == 128 + signal.SIGTERM, live.said()
    check_take(mido.MidiFile(take))
    begun, ended = notes_on(received), [m for m in received if m.type == "note_off"]
    assert by_channel(begun) == RECEIVED
    assert sorted((m.channel, m.note) for m in ended) == sorted((m.channel, m.note) for m in begun)


def by_channel(messages: list[mido.Message]) -> dict[int, list[int]]:
    return {
        channel: [m.note for m in messages if m.channel == channel - 1]
        for channel in sorted({m.channel + 1 for m in messages})
    }


def check_take(take: mido.MidiFile) -> None:
    """Its tempo is the clock's, and each note of its last track is on the line that is nearest to the played one."""
    tempos = [(at, 60e6 / m.tempo) for at, m in timed(take.tracks[0]) if m.type == "set_tempo"]
    assert tempos[-1][1] == pytest.approx(CLOCK_BPM, rel=0.03)
    step = take.ticks_per_beat // 4
    assert by_channel(notes_on(take.tracks[2])) == {channel: RECEIVED[channel] for channel in (1, 2)}
    starts = [[at for at, m in timed(track) if m.type == "note_on"] for track in take.tracks[1:]]
    assert [at % step for at in starts[1]] == [0] * len(starts[0])
    assert starts[1] == [(2 * at + step) // (2 * step) * step for at in starts[0]]


def timed(track: mido.MidiTrack) -> list[tuple[int, mido.Message]]:
    return list(zip(accumulate(message.time for message in track), track, strict=True))
