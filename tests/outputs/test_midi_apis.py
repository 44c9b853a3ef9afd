"""What is said of MIDI libraries and systems that are absent, broken or foreign.

The libraries here are fakes that misbehave on demand; the real ones are met in ``tests/real``.
"""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from streamer.errors import MidiError
from streamer.outputs import midi_apis
from streamer.outputs.midi_apis import MIDI_APIS, MidiLibrary, Probe, choose_api, list_midi_outputs, probe
from streamer.outputs.ports import PortSink, find_port
from streamer.outputs.quiet import quiet_stderr

GOOD = """
import os
os.write(1, b"a library that greets on standard output\\n")
os.write(2, b"and on standard error\\n")
def get_devices(api):
    return [{"name": f"Synth {api}", "is_input": False, "is_output": True}]
"""
LIBASOUND = "raise ImportError('libasound.so.2: cannot open shared object file: No such file or directory')"
BROKEN = {
    "import os; os.abort()": "crashed when asked for its ports (status -6): it may not fit the server",
    "import time; time.sleep(60)": "it does not answer within 1 s; restart it",
    "import sys; sys.exit(3)": "crashed when asked for its ports (status 3)",
    LIBASOUND: "the system's ALSA library is missing; `sudo apt install libasound2`",
    "raise ImportError('bad ELF')": "does not load (bad ELF); reinstall it",
    "import nothing_of_this_name": "does not load (No module named 'nothing_of_this_name'); reinstall it",
    "def get_devices(api): raise SystemError('x')": "crashed when asked for its ports (status 1)",
    "def get_devices(api): raise OSError('no such thing')": "no such thing",
    "def get_devices(api): raise RuntimeError('no client object')": "no client object",
}


@pytest.fixture
def libraries(tmp_path, monkeypatch):
    """Call it with the source of each library, the preferred one first."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(*sources: str) -> None:
        found = []
        for index, source in enumerate(sources):
            name = f"fake_midi_{index}"
            (tmp_path / f"{name}.py").write_text(source)
            found.append(MidiLibrary(name, f"Fake{index}", name, speaks_jack=True))
        importlib.invalidate_caches()
        monkeypatch.setattr(midi_apis, "LIBRARIES", found)

    return install


@pytest.fixture
def system(monkeypatch):
    """Pretend to be another operating system."""
    return lambda platform: monkeypatch.setattr(sys, "platform", platform)


@pytest.mark.parametrize("source", BROKEN)
def test_a_broken_library_is_one_line_and_harms_nothing(libraries, capfd, source):
    libraries(source)
    answer = probe(MIDI_APIS["coremidi"], within_s=1.0 if "sleep" in source else 30.0)
    assert not answer.usable
    assert answer.reason.removeprefix("Fake0 ").startswith(BROKEN[source])
    assert "\n" not in answer.reason
    assert capfd.readouterr() == ("", "")


def test_the_second_library_serves_where_the_first_does_not_load(libraries, capfd):
    libraries(LIBASOUND, GOOD)
    answer = probe(MIDI_APIS["coremidi"])
    assert (answer.backend, answer.ports, answer.reason) == ("fake_midi_1", ("Synth MACOSX_CORE",), "")
    assert capfd.readouterr() == ("", "")


def test_the_first_library_is_preferred(libraries):
    libraries(GOOD, GOOD)
    assert probe(MIDI_APIS["coremidi"]).backend == "fake_midi_0"


def test_the_child_finds_what_we_find_from_any_folder(libraries, tmp_path, monkeypatch):
    """Neither the current folder's modules nor ours may stand in for the standard library's."""
    libraries(GOOD)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "json.py").write_text("raise ImportError('the wrong json')")
    monkeypatch.chdir(elsewhere)
    assert probe(MIDI_APIS["winmm"]).usable


def test_without_any_library_it_is_said_what_to_install(libraries, system):
    libraries()
    system("darwin")
    with pytest.raises(MidiError) as caught:
        PortSink()
    assert str(caught.value) == (
        "no MIDI output can be opened. CoreMIDI: no MIDI library is installed; `pip install python-rtmidi`, "
        "or rtmidi2 from Python 3.13 on"
    )


def test_windows_has_no_virtual_ports(libraries, system):
    libraries(GOOD)
    system("win32")
    with pytest.raises(MidiError) as caught:
        PortSink(virtual="streamer")
    assert str(caught.value) == (
        "Windows makes no virtual MIDI ports: make a loopback port with loopMIDI and name it as the output; "
        "ports here: Synth WINDOWS_MM"
    )
    rows = [(line.api, line.port, line.usable) for line in list_midi_outputs()]
    assert rows == [("winmm", None, True), ("winmm", "Synth WINDOWS_MM", True)]
    assert "loopMIDI" in list_midi_outputs()[0].detail


def test_linux_takes_alsa_where_there_is_a_sequencer_and_else_jack(libraries, system, tmp_path, monkeypatch):
    libraries(GOOD)
    system("linux")
    monkeypatch.setattr(midi_apis, "ALSA_SEQUENCER", tmp_path / "seq")
    assert choose_api().api.name == "jack"
    assert [(line.api, line.usable) for line in list_midi_outputs() if line.port is None] == [
        ("alsa", False),
        ("jack", True),
    ]
    with pytest.raises(MidiError) as caught:
        choose_api("alsa")
    assert str(caught.value) == (
        f"ALSA MIDI cannot be used: there is no sequencer ({tmp_path / 'seq'}); load it with `sudo modprobe snd-seq`"
    )
    (tmp_path / "seq").touch()
    assert choose_api().api.name == "alsa"
    assert choose_api("jack").api.name == "jack"


def test_a_sequencer_of_someone_else_is_said_with_the_mend(system, tmp_path, monkeypatch):
    system("linux")
    (tmp_path / "seq").touch()
    monkeypatch.setattr(midi_apis, "ALSA_SEQUENCER", tmp_path / "seq")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "sudo usermod -aG audio $USER" in probe(MIDI_APIS["alsa"]).reason


def test_an_api_of_another_system_is_refused_with_the_choice(system):
    system("linux")
    with pytest.raises(MidiError, match=r"there is no MIDI API 'coremidi' on this system; choose from: alsa, jack"):
        choose_api("coremidi")


def test_one_port_only():
    with pytest.raises(MidiError, match="not both"):
        PortSink("synth", virtual="streamer")


def test_a_port_is_found_by_any_part_of_its_name():
    ports = ("Midi Through:Midi Through Port-0 14:0", "Synth A 20:0", "Synth A 20:0", "Synth", "Größe 1")
    answer = Probe(MIDI_APIS["alsa"], "x", ports)
    assert find_port("THROUGH", answer) == ports[0]
    assert find_port("synth", answer) == "Synth"
    assert find_port("synth a", answer) == "Synth A 20:0"
    assert find_port("GRÖSSE", answer) == "Größe 1"


@pytest.mark.parametrize("api", ["LINUX_ALSA", None, "UNSPECIFIED", "NO_SUCH"])
def test_the_real_rtmidi2_raises_and_neither_aborts_nor_lists_what_was_not_asked(api):
    """Without a sequencer, and with none named: these are its own errors, met in this very process."""
    if importlib.util.find_spec("rtmidi2") is None:
        pytest.skip("rtmidi2 is installed from Python 3.13 on")
    if api == "LINUX_ALSA" and (sys.platform != "linux" or Path("/dev/snd/seq").exists()):
        pytest.skip("there is a sequencer")
    from streamer.outputs import rtmidi2_backend

    with quiet_stderr(), pytest.raises((RuntimeError, ValueError)):
        rtmidi2_backend.get_devices(api)


def test_nothing_of_what_a_library_prints_reaches_the_screen(capfd):
    with quiet_stderr():
        os.write(2, b"Cannot connect to server socket\n")
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "ours\n"
