"""A rig from nothing, as a musician makes it: real prompts in a real terminal, a real port, and the next start."""

import re
import shlex
from pathlib import Path

import pytest
import soundfile
from jackserver import MICROPHONE, PERIOD, JackServer
from livecommand import COMMAND
from receivers import MidiDump, notes_on, sounding
from terminals import Terminal
from waiting import wait_until

from tests.test_calibration import RATE_HZ, session

pytestmark = [pytest.mark.jack, pytest.mark.usefixtures("jack_midi")]
PROGRAM = shlex.join(COMMAND[:-1])


def test_setup_and_calibrate_write_the_profile_that_the_next_start_uses(
    jack: JackServer, terminal: Terminal, tmp_path: Path
) -> None:
    recording, rig = tmp_path / "session.wav", tmp_path / "rig.toml"
    soundfile.write(recording, session(), RATE_HZ)
    here = f"--config {shlex.quote(str(rig))} --profile stage"
    rig.write_text("")
    heard = f"--from-file {shlex.quote(str(recording))}"
    dump = MidiDump(jack, tmp_path)

    terminal.type_line(f"{PROGRAM} setup {here} {heard}; echo status=$?")
    terminal.await_screen(lambda text: "microphone" in text and "number [" in text, "the list of microphones")
    terminal.type_line("99")
    terminal.await_screen(lambda text: "type a number from 1 to" in text, "a second question")
    terminal.keys("Enter")
    terminal.await_screen(lambda text: "a port of its own" in text, "the list of ports")
    terminal.type_line("1")
    terminal.await_screen(lambda text: "kalimba" in text, "the list of instruments")
    terminal.type_line("guitar")
    terminal.await_screen(lambda text: "press Enter" in text, "the port to connect")
    jack.connect(jack.midi_output("streamer"), dump.port)
    terminal.keys("Enter")
    terminal.await_screen(lambda text: "did you hear it" in text, "the test note")
    wait_until(lambda: [m.note for m in notes_on(dump.messages())] == [69], "the test note at the receiver")
    terminal.keys("Enter")
    terminal.await_screen(lambda text: "write this?" in text, "what is to be written")
    terminal.keys("Enter")
    terminal.await_screen(lambda text: "status=0" in text, "its end")
    assert not sounding(dump.messages())
    assert rig.read_text().splitlines()[-3:] == ["[profile.stage]", 'virtual = "streamer"', 'preset = "guitar"']

    terminal.type_line(f"clear; {PROGRAM} calibrate {here} {heard} --latency; echo status=$?")
    jack.connect("PortAudio:out_0", MICROPHONE)  # the cable
    text = terminal.await_screen(lambda text: "status=0" in text, "its end")
    assert "wrote gate, low, high, a4" in text
    assert 'low = "D#2"' in rig.read_text()
    (round_trip,) = re.findall(r"round_trip = ([0-9.]+)", rig.read_text())
    assert round(1000.0 * PERIOD / jack.rate_hz, 1) <= float(round_trip) < 100.0  # in ms

    terminal.type_line(f"clear; {PROGRAM} {here}; echo status=$?")
    text = terminal.await_screen(lambda text: "hop 128" in text, "the screen")
    assert "guitar" in text
    assert "A4 445." in text
    terminal.keys("g")
    terminal.await_screen(lambda text: "gate -61" in text, "another gate")
    terminal.keys("s")
    terminal.await_screen(lambda text: "saved gate to profile stage" in text, "that it was saved")
    terminal.keys("q")
    terminal.await_screen(lambda text: "status=0" in text, "its end")
    assert "gate = -61.0" in rig.read_text()
    dump.close()
