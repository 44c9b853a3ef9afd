"""The MIDI port against a real JACK server and real receivers.

Whatever kills a server runs in a process of its own: a JACK library does not forget.
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jackserver import JackServer
from receivers import MidiDump
from waiting import wait_until

from streamer.errors import MidiError
from streamer.events import Event, NoteOff, NoteOn
from streamer.outputs import midi_apis
from streamer.outputs.midi_apis import list_midi_outputs, probe
from streamer.outputs.ports import PortSink

pytestmark = pytest.mark.jack
SYSTEM_LIBJACK = "libjack.so.0"
ALL_NOTES_OFF = [0xB0, 123, 0]
EVENTS: list[Event] = [
    NoteOn(480, 0, 60, 93, 60.0),
    NoteOff(960, 900, 60, 60.0),
    NoteOn(970, 960, 127, 1, 127.0),
    NoteOff(980, 975, 127, 127.0),
    NoteOn(1000, 990, 0, 127, 0.0),
]
EXPECTED = [[0x90, 60, 93], [0x80, 60, 64], [0x90, 127, 1], [0x80, 127, 64], [0x90, 0, 127]]


@pytest.fixture
def here(jack: JackServer, monkeypatch: pytest.MonkeyPatch) -> JackServer:
    """A server that this very process finds, as its first usable API."""
    if importlib.util.find_spec("rtmidi") is None:
        pytest.skip("JACK MIDI needs python-rtmidi, which has no wheel for this Python")
    for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        monkeypatch.setenv(name, jack.env[name])
    return jack


@pytest.fixture
def dump(jack: JackServer, tmp_path: Path) -> Iterator[MidiDump]:
    receiver = MidiDump(jack, tmp_path)
    yield receiver
    receiver.close()


def received(dump: MidiDump, count: int) -> list[list[int]]:
    """The first messages as bytes, once so many have come."""
    wait_until(lambda: len(dump.messages()) >= count, f"{count} messages")
    return [message.bytes() for message in dump.messages()]


def test_a_virtual_port_sends_just_these_bytes_and_ends_the_last_note(here, dump, capfd):
    sink = PortSink(virtual="my port", api="jack")
    assert sink.name == "my port (JACK)"
    here.connect("my port:my port", dump.port)
    for event in EVENTS:
        sink.send(event)
    assert received(dump, 5) == EXPECTED
    sink.close()
    assert received(dump, 7) == [*EXPECTED, [0x80, 0, 64], ALL_NOTES_OFF]
    sink.close()
    sink.send(EVENTS[0])
    sink.panic()
    assert "my port:my port" not in here.ports()
    assert len(dump.messages()) == 7
    assert capfd.readouterr() == ("", "")  # the library says nothing on the user's screen


def test_an_existing_port_is_found_by_part_of_its_name(here, dump):
    sink = PortSink("UMP:in", api="jack")
    assert sink.name == "dump:input (JACK)"
    sink.send(EVENTS[0])
    sink.panic()
    sink.send(EVENTS[2])
    sink.close()
    everywhere = [[0xB0 + channel, control, 0] for channel in range(1, 16) for control in (123, 120)]
    silence = [[0x80, 60, 64], ALL_NOTES_OFF, [0xB0, 120, 0], *everywhere]
    after = [[0x90, 127, 1], [0x80, 127, 64], ALL_NOTES_OFF]
    assert received(dump, 37) == [[0x90, 60, 93], *silence, *after]


EAR = """
import json, rtmidi, sys
ear, heard = rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name="ear"), []
ear.set_callback(lambda message, _: heard.append(message[0]))
ear.open_virtual_port("ear")
print("listening", flush=True)
sys.stdin.readline()
ear.close_port()
print(json.dumps(heard))
"""


def test_another_program_of_the_same_library_hears_it(here, dump):
    with subprocess.Popen([sys.executable, "-c", EAR], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ear:
        assert ear.stdout.readline() == b"listening\n"
        sink = PortSink(virtual="mouth", channel=9)
        for port in ("ear:ear", dump.port):
            here.connect("mouth:mouth", port)
        sink.send(EVENTS[0])
        sink.close()
        expected = [[0x99, 60, 93], [0x89, 60, 64], [0xB9, 123, 0]]
        assert received(dump, 3) == expected  # both hear in the same cycle, so the ear has heard too
        assert json.loads(ear.communicate(b"\n", timeout=30)[0]) == expected


def test_a_chord_larger_than_ten_fingers_arrives_in_order(here, dump):
    sink = PortSink("dump")
    for note in range(40, 80):
        sink.send(NoteOn(note, note, note, note, 60.0))
    sink.close()
    offs = [[0x80, note, 64] for note in range(40, 80)]
    assert received(dump, 81) == [*([0x90, note, note] for note in range(40, 80)), *offs, ALL_NOTES_OFF]


def test_no_port_of_that_name_or_several_is_one_line_with_the_ports(here, dump, tmp_path):
    with pytest.raises(MidiError) as none:
        PortSink("synth")
    assert str(none.value) == "no MIDI port has 'synth' in its name; JACK has: dump:input"
    second = MidiDump(here, tmp_path, "dump2")
    with pytest.raises(MidiError) as several:
        PortSink("input")
    PortSink("dump:INPUT").close()  # a whole name is never in doubt
    second.close()
    assert str(several.value) in (
        "several MIDI ports have 'input' in their name: dump:input, dump2:input; say more of it",
        "several MIDI ports have 'input' in their name: dump2:input, dump:input; say more of it",
    )


def test_the_list_has_the_api_and_its_ports(here, dump):
    lines = {(line.api, line.port): line for line in list_midi_outputs()}
    assert lines["jack", None].usable
    assert lines["jack", "dump:input"].usable
    assert lines["alsa", None].usable or "/dev/snd/seq" in lines["alsa", None].detail


HOLDER = """
import signal, sys, time
from streamer.events import NoteOn
from streamer.outputs.ports import PortSink

def end(*_):
    sys.exit(3)

signal.signal(signal.SIGTERM, end)
sink = PortSink("dump")
sink.send(NoteOn(1, 0, 61, 90, 61.0))
print("sounding", flush=True)
if sys.argv[1] == "exception":
    raise RuntimeError("something else broke")
time.sleep(60)
"""


@pytest.mark.parametrize("way", ["exception", "SIGTERM"])
def test_a_note_ends_when_the_program_does(here, dump, way):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, way], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"sounding\n"
        if way == "SIGTERM":
            holder.send_signal(signal.SIGTERM)
        said = holder.communicate(timeout=30)[1]
    assert (holder.returncode, said) == (3, b"") if way == "SIGTERM" else (1, said)
    assert received(dump, 3) == [[0x90, 61, 90], [0x80, 61, 64], ALL_NOTES_OFF]


SURVIVOR = """
import sys
from streamer.errors import MidiError
from streamer.events import NoteOff, NoteOn, PitchEstimate
from streamer.outputs.ports import PortSink

sink, spare = PortSink("dump"), PortSink(virtual="spare")
sink.send(NoteOn(1, 0, 61, 90, 61.0))
print("sounding", flush=True)
sys.stdin.readline()  # the server is killed
try:
    sink.send(PitchEstimate(2, 1, None, 0.0, -90.0, 0.0))
except MidiError as error:
    print(error, flush=True)
for _ in range(5_000):  # more than the library's memory holds: it would wait for ever
    try:
        sink.send(NoteOff(3, 2, 61, 61.0))
    except MidiError:
        pass
sink.panic()
sink.close()
try:
    sink.reopen()
except MidiError as error:
    print(error, flush=True)
sys.stdin.readline()  # the server is back
sink.reopen()
sink.send(NoteOn(4, 3, 62, 90, 62.0))
sink.close()
print("done", flush=True)
"""


# Another server goes on without a receiver that is late, as a busy machine makes it, and what it was sent is lost.
@pytest.mark.parametrize("jack", [True], indirect=True, ids=["synchronous"])
def test_a_killed_server_is_noticed_survived_and_found_again(here, tmp_path):
    before = MidiDump(here, tmp_path, "dump")
    with subprocess.Popen(
        [sys.executable, "-c", SURVIVOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as survivor:
        assert survivor.stdout.readline() == b"sounding\n"
        assert received(before, 1) == [[0x90, 61, 90]]
        here.kill()
        before.close()
        survivor.stdin.write(b"\n")
        survivor.stdin.flush()
        gone = survivor.stdout.readline().decode()
        assert gone == "the MIDI port dump:input (JACK) is gone: its server died or dropped it\n"
        assert "no server answers" in survivor.stdout.readline().decode()
        here.start()
        after = MidiDump(here, tmp_path, "dump")
        said = survivor.communicate(b"\n", timeout=60)
    assert (survivor.returncode, *said) == (0, b"done\n", b"")
    lost_and_new = [[0x80, 61, 64], ALL_NOTES_OFF, [0x90, 62, 90], [0x80, 62, 64], ALL_NOTES_OFF]
    assert received(after, 5) == lost_and_new
    after.close()


PATIENT = """
import sys
from streamer.errors import MidiError
from streamer.events import NoteOn
from streamer.outputs.ports import PortSink

sink = PortSink("dump")
sink.send(NoteOn(1, 0, 61, 90, 61.0))
print("sounding", flush=True)
sys.stdin.readline()  # the server is stopped
try:
    PortSink("dump")
except MidiError as error:
    print(error, flush=True)
sink.close()
print("closed", flush=True)
"""


def test_a_server_that_is_stuck_holds_nobody_up(here, dump):
    with subprocess.Popen([sys.executable, "-c", PATIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as patient:
        assert patient.stdout.readline() == b"sounding\n"
        here._process.send_signal(signal.SIGSTOP)
        try:
            said = patient.communicate(b"\n", timeout=60)[0].decode()
        finally:
            here._process.send_signal(signal.SIGCONT)
    assert "JACK: it does not answer within 5 s; restart it\nclosed\n" in said
    assert patient.returncode == 0


def test_no_server_is_one_clear_line(require_program, monkeypatch, capfd):
    require_program("jackd")
    if importlib.util.find_spec("rtmidi") is None:
        pytest.skip("JACK MIDI needs python-rtmidi, which has no wheel for this Python")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    with pytest.raises(MidiError) as caught:
        PortSink(api="jack")
    assert str(caught.value) == "JACK MIDI cannot be used: no server answers; start one, for example with QjackCtl"
    assert capfd.readouterr() == ("", "")


OTHER_LIBRARY = """
import json, mido, os, subprocess, sys
backend = mido.Backend("streamer.outputs.rtmidi2_backend", api="UNIX_JACK")
found = backend.get_output_names()
port = backend.open_output("dump:input")
port.send(mido.Message("note_on", note=60, velocity=93))
print("sent", flush=True)
sys.stdin.readline()  # over JACK this library drops what is unsent when a port closes
port.close()
virtual = backend.open_output("mine", virtual=True, client_name="me")
listed = subprocess.run(["jack_lsp"], capture_output=True, text=True).stdout.split()
virtual.close()
left = subprocess.run(["jack_lsp"], capture_output=True, text=True).stdout.split()
try:
    backend.open_output("nowhere")
    unknown = ""
except OSError as error:
    unknown = str(error)
print(json.dumps([found, "me:mine" in listed, "me:mine" in left, unknown]))
"""


def test_the_other_library_sends_the_same_bytes(jack, dump, tmp_path):
    """rtmidi2 with the system's JACK library in place of its own, which would not fit: all else is the real thing."""
    if importlib.util.find_spec("rtmidi2") is None:
        pytest.skip("rtmidi2 is installed from Python 3.13 on")
    environment = {**jack.env, "LD_PRELOAD": SYSTEM_LIBJACK, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_LIBRARY], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as sender:
        assert sender.stdout.readline() == b"sent\n"
        assert received(dump, 1) == [[0x90, 60, 93]]
        said = sender.communicate(b"\n", timeout=60)[0]
    assert json.loads(said) == [["dump:input"], True, False, "unknown port 'nowhere'"]
    assert sender.returncode == 0


def test_the_other_library_is_never_asked_for_jack(jack, monkeypatch):
    monkeypatch.setattr(midi_apis, "LIBRARIES", [lib for lib in midi_apis.LIBRARIES if lib.package == "rtmidi2"])
    answer = probe(midi_apis.MIDI_APIS["jack"])
    assert not answer.usable
    assert answer.reason.startswith("python-rtmidi is not installed, and no other library speaks to JACK safely")
