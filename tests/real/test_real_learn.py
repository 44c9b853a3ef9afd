"""A real MIDI controller, as far as JACK can tell, drives the program."""

import subprocess
import sys
from pathlib import Path

import pytest
from jackserver import JackServer
from livecommand import COMMAND
from terminals import Terminal

pytestmark = [pytest.mark.jack, pytest.mark.usefixtures("jack_midi")]
# A line on standard input for each message to send.
DEVICE = """
import sys, rtmidi
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="knobs")
out.open_virtual_port("out")
print("open", flush=True)
for line in sys.stdin:
    out.send_message([int(word) for word in line.split()])
"""


def test_a_knob_learns_the_gate_and_is_saved(jack: JackServer, terminal: Terminal, tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text('control_port = "virtual"\nlearned = ["note 1 60 step octave +1"]\n')
    device = jack.run(sys.executable, "-c", DEVICE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert device.stdout is not None
    assert device.stdin is not None
    assert device.stdout.readline() == "open\n"

    def send(*message: int) -> None:
        assert device.stdin is not None
        device.stdin.write(" ".join(map(str, message)) + "\n")
        device.stdin.flush()

    program = " ".join(COMMAND)
    terminal.type_line(f"{program} --config {rig}; echo status=$?")
    terminal.await_screen(lambda text: "hop 128" in text, "the screen")
    (control,) = [port for port in jack.ports() if "control" in port]
    jack.connect(jack.midi_output("knobs"), control)
    send(0x90, 60, 100)
    terminal.await_screen(lambda text: "+12 st" in text, "the octave of the key")
    terminal.keys("l")
    terminal.await_screen(lambda text: "learn: move" in text, "the question")
    send(0xB0, 20, 5)
    terminal.await_screen(lambda text: "cc 20 on channel 1" in text, "the controller that was heard")
    terminal.keys("g")
    terminal.await_screen(lambda text: "does 'set gate'" in text, "what was learned")
    send(0xB0, 20, 127)
    terminal.await_screen(lambda text: "gate 0 dBFS" in text, "the gate where the knob stands")
    terminal.keys("s")
    terminal.await_screen(lambda text: "saved" in text, "that it was saved")
    terminal.keys("q")
    terminal.await_screen(lambda text: "status=0" in text, "its end")
    assert 'learned = ["note 1 60 step octave +1", "cc 1 20 set gate"]' in rig.read_text()
