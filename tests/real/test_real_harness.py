"""The chain itself, proven with a sender that cannot be wrong: when these fail, it is not streamer's fault."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jackserver import MICROPHONE, JackServer
from melody import NOTES, SPACING_S, Melody, check_heard
from receivers import Ardour, MidiDump
from waiting import end_process, wait_until

pytestmark = pytest.mark.jack

SENDER = """
import sys, time
import mido
port = mido.Backend("mido.backends.rtmidi/UNIX_JACK").open_output("stand-in", virtual=True)
sys.stdin.readline()
begin = time.monotonic()
for i, note in enumerate(map(int, sys.argv[2:])):
    time.sleep(max(0.0, begin + i * float(sys.argv[1]) - time.monotonic()))
    port.send(mido.Message("note_on", note=note))
    time.sleep(0.05)
    port.send(mido.Message("note_off", note=note))
time.sleep(0.2)
"""

MICROPHONE_TAP = """
import time
import numpy as np, sounddevice as sd
peaks = []
with sd.InputStream(samplerate=48000, channels=1, callback=lambda heard, *_: peaks.append(float(np.abs(heard).max()))):
    time.sleep(3.0)
print(max(peaks))
"""


@pytest.mark.daw
@pytest.mark.parametrize("jack", [True], indirect=True, ids=["synchronous"])
@pytest.mark.usefixtures("jack_midi")
def test_receivers_record_what_a_plain_sender_sends(
    jack: JackServer, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("ardour7-lua")
    command = [sys.executable, "-c", SENDER, str(SPACING_S / 4), *map(str, NOTES)]
    sender = subprocess.Popen(command, env=jack.env, stdin=subprocess.PIPE, text=True)
    try:
        port = jack.midi_output("stand-in")
        dump = MidiDump(jack, tmp_path)
        jack.connect(port, dump.port)
        ardour = Ardour(jack, tmp_path / "ardour", port)
        sender.communicate("go\n", timeout=60)
    finally:
        end_process(sender)
    sent = Melody(tmp_path, NOTES, tuple(i * SPACING_S / 4 for i in range(len(NOTES))))
    for who, received in (("Ardour", ardour.close()), ("jack_midi_dump", dump.close())):
        check_heard(sent, received, who)


def test_the_virtual_microphone_hears_what_is_played(jack: JackServer, melody: Melody) -> None:
    command = [sys.executable, "-c", MICROPHONE_TAP]
    listener = subprocess.Popen(command, env=jack.env, stdout=subprocess.PIPE, text=True)
    try:
        jack.free_microphone()
        jack.play(melody.recording)
        out, _ = listener.communicate(timeout=60)
    finally:
        end_process(listener)
    assert float(out) > 0.05


def test_a_killed_server_starts_again(jack: JackServer) -> None:
    jack.kill()
    wait_until(lambda: not jack.ports(), "the server to be gone")
    jack.start()
    assert MICROPHONE not in jack.ports()
