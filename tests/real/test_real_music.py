"""A key, harmony, zones, a second output, and a tuning, as a DAW gets them, and a take on the grid of a clock."""

import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from jackserver import JackServer
from livecommand import Live
from melody import JAZZ_GUITAR, Melody, render
from receivers import Ardour, notes_on

from streamer.units import hz_to_midi, midi_to_hz
from tests.expression.receiver import Receiver

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

# The overtones 8 to 16, from D on the white keys; a baroque A4 moves all of them, so that no key sounds as its number
# says.
OVERTONES = "! horn.scl\n!\nof a natural horn\n 7\n!\n 9/8\n 5/4\n 11/8\n 3/2\n 13/8\n 7/4\n 2/1\n"
MAPPED = "12\n0\n127\n62\n69\n415.0\n7\n0\nx\n1\nx\n2\n3\nx\n4\nx\n5\n6\nx\n"
HORN = {62: 8, 64: 9, 66: 10, 67: 11, 69: 12, 71: 13, 72: 14, 74: 16}  # of each key, the number of its overtone
SOUNDS = {key: hz_to_midi(415.0 / 12 * overtone) for key, overtone in HORN.items()}
# What is played: a key of the tuning, and how many cents from it; the fourth is far from every key.
TUNED = ((62, 0), (64, 0), (67, 0), (64, 93), (69, 0), (71, 35), (72, 0), (74, -40), (66, 0))
HEARD = TUNED[:3] + TUNED[4:]
NEAR_CENTS = 10.0
EACH = "virtual:each,mpe=upper,mpe_channels=4"
KEYS = "virtual:keys,channel=3,bend=off"


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
        received = recorded(jack, live, ardour, played, len(NOTES))
    finally:
        live.abandon()
    check_take(mido.MidiFile(take))
    begun, ended = notes_on(received), [m for m in received if m.type == "note_off"]
    assert by_channel(begun) == RECEIVED
    assert sorted((m.channel, m.note) for m in ended) == sorted((m.channel, m.note) for m in begun)


@pytest.mark.parametrize("jack", [True], indirect=True, ids=["synchronous"])
def test_on_a_tuned_synthesiser_each_note_sounds_as_it_was_played(
    jack: JackServer, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("ardour7-lua")
    pytest.importorskip("tuning_library", reason="it has no wheel for this Python")
    scl, kbm, recording = tmp_path / "horn.scl", tmp_path / "white.kbm", tmp_path / "played.wav"
    scl.write_text(OVERTONES)
    kbm.write_text(MAPPED)
    soundfile.write(recording, tones([SOUNDS[key] + cents / 100 for key, cents in TUNED], jack.rate_hz), jack.rate_hz)
    how = ("--scala", str(scl), "--kbm", str(kbm), "--lock", "drop", "--bend", "smooth")
    live = Live(tmp_path, "--virtual", *how, "--output", EACH, "--output", KEYS, env=jack.env)
    try:
        live.await_microphone(jack)
        ardour = Ardour(jack, tmp_path / "ardour", jack.midi_output("streamer"))
        for other in ("each", "keys"):
            jack.connect(jack.midi_output(other), ardour.port)
        received = recorded(jack, live, ardour, recording, len(HEARD))
    finally:
        live.abandon()
    heard = pitches(received)
    keys = [key for key, _ in HEARD]
    assert heard.pop(3) == [(key, SOUNDS[key]) for key in keys]
    assert [key for key, _ in heard[1]] == keys
    ends = [pitch for _, pitch in heard.pop(1)]
    assert ends == pytest.approx([SOUNDS[key] + cents / 100 for key, cents in HEARD], abs=NEAR_CENTS / 100)
    assert set(heard) == {12, 13, 14, 15}  # of MPE, where each note has its own
    each = sorted(pitch for channel in heard.values() for _, pitch in channel)
    assert each == pytest.approx(sorted(ends), abs=NEAR_CENTS / 100)


def recorded(jack: JackServer, live: Live, ardour: Ardour, sound: Path, notes: int) -> list[mido.Message]:
    """What the DAW has when the sound was played, so many notes have ended, and so has the program."""
    jack.play(sound).wait(60)
    live.await_events("note_off", notes)
    received = ardour.close()
    assert live.end(signal.SIGTERM) == 128 + signal.SIGTERM, live.said()
    return received


def tones(pitches: list[float], rate_hz: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Ten harmonics at each of these pitches, half a second long; the player leaves out what it has read ahead."""
    time_s = np.arange(rate_hz // 2) / rate_hz
    loud = 0.15 * np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / 0.01)
    parts = [np.zeros(rate_hz // 2)]
    for midi in pitches:
        tone = sum(np.sin(2 * np.pi * midi_to_hz(midi) * k * time_s) / k for k in range(1, 11))
        parts += [loud * tone, np.zeros(rate_hz // 8)]
    return np.concatenate([*parts, np.zeros(3 * rate_hz // 2)])


def pitches(messages: list[mido.Message]) -> dict[int, list[tuple[int, float]]]:
    """By channel, counted from 1, each key and how it sounds at its end on a synthesiser that has the tuning."""
    receiver = Receiver()
    receiver.ranges[11:15] = [48.0] * 4  # as the receiver of MPE has it before it is told anything
    found: dict[int, list[tuple[int, float]]] = {}
    for message in messages:
        if message.type == "note_off":
            pitch = SOUNDS[message.note] + receiver.bends[message.channel]
            found.setdefault(message.channel + 1, []).append((message.note, pitch))
        receiver.take(message)
    assert not receiver.held
    return found


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
