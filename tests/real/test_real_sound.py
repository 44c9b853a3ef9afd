"""The built-in synthesiser on a real audio server: what it plays is recorded, and its server may die."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from jackserver import JackServer
from livecommand import Live
from waiting import wait_until

from streamer.errors import OutputError
from streamer.events import NoteOff, NoteOn
from streamer.outputs.sound import SoundSink
from streamer.units import midi_to_hz

pytestmark = pytest.mark.jack
SPEAKER = "PortAudio:out_0"
NOTES = (57.0, 64.4, 69.0)  # the second is not that of a key


@pytest.fixture
def here(jack: JackServer, monkeypatch: pytest.MonkeyPatch) -> JackServer:
    """The server, for this process too."""
    for name, value in jack.env.items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    return jack


def on(midi: float, note_id: int = 0) -> NoteOn:
    return NoteOn(0, 0, round(midi), 100, midi, note_id=note_id)


def off(midi: float) -> NoteOff:
    return NoteOff(0, 0, round(midi), midi)


def test_what_is_sent_is_heard_at_its_pitch_and_ends(
    here: JackServer, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    sink = SoundSink()
    recording = tmp_path / "heard.wav"
    recorder = here.run(require_program("jack_rec"), "-f", str(recording), "-d", "4", "-b", "16", SPEAKER)
    wait_until(lambda: any("jackrec" in port for port in here.ports()), "the recorder")
    time.sleep(0.3)
    for note in NOTES:
        sink.send(on(note))
        time.sleep(0.5)
        sink.send(off(note))
        time.sleep(0.5)
    recorder.wait(20)
    sink.close()
    sink.close()
    sink.send(on(60))  # late events of another thread are dropped
    sound, rate_hz = soundfile.read(recording)
    loud = np.abs(sound[: len(sound) // 480 * 480].reshape(-1, 480)).max(axis=1) > 1e-3
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
    heard = [sound[480 * begin : 480 * end] for begin, end in zip(edges[::2], edges[1::2], strict=True)]
    assert len(heard) == len(NOTES)  # with silence between them
    for note, part in zip(NOTES, heard, strict=True):
        assert 0.4 < len(part) / rate_hz < 0.9
        spectrum = np.abs(np.fft.rfft(part[: rate_hz * 2 // 5] * np.hanning(rate_hz * 2 // 5), 4 * rate_hz))
        assert 12 * abs(np.log2(np.argmax(spectrum) / 4 / midi_to_hz(note))) < 0.1
    assert 0.05 < np.abs(sound).max() < 0.5


def test_a_sound_that_is_closed_lets_go_of_its_note_and_its_device(here: JackServer) -> None:
    sink = SoundSink()
    assert SPEAKER in here.ports()
    sink.send(on(60))
    began_s = time.monotonic()
    sink.close()
    assert time.monotonic() - began_s < 5.0
    wait_until(lambda: SPEAKER not in here.ports(), "the port to go")


def test_a_server_that_dies_is_told_and_the_sound_comes_back_with_it(here: JackServer) -> None:
    sink = SoundSink()
    here.kill()

    def gone() -> bool:
        try:
            sink.send(on(60))
        except OutputError as error:
            return "has stopped" in str(error)
        return False

    wait_until(gone, "the sound to be gone", 15.0)
    with pytest.raises(OutputError, match="there is no sound output"):
        sink.reopen()
    here.start()
    sink.reopen()
    sink.send(on(60))
    sink.close()


def test_no_sound_output_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "streamer-test-nobody")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    said = "there is no sound output: "
    try:
        SoundSink().close()
    except OutputError as error:
        said = str(error)
    assert said.startswith("there is no sound output: ")
    assert "\n" not in said
    assert capfd.readouterr().err == ""


def test_the_demo_is_heard_and_falls_silent_when_it_is_ended(
    jack: JackServer, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    said = tmp_path / "said.txt"
    with said.open("wb") as out:
        demo = jack.run(
            *(sys.executable, "-m", "streamer", "demo", "--no-ui", "--midi", str(tmp_path / "demo.mid")),
            stdout=out,
            stderr=out,
        )
    wait_until(lambda: SPEAKER in jack.ports(), "the demo's sound", 20.0)
    recording = tmp_path / "heard.wav"
    recorder = jack.run(require_program("jack_rec"), "-f", str(recording), "-d", "6", "-b", "16", SPEAKER)
    recorder.wait(20)
    demo.send_signal(signal.SIGTERM)
    assert demo.wait(20) == 128 + signal.SIGTERM
    assert "sound output" not in said.read_text()
    wait_until(lambda: SPEAKER not in jack.ports(), "its port to go")
    sound, _ = soundfile.read(recording)
    assert 0.05 < np.abs(sound).max() < 0.6
    received = [m for m in mido.MidiFile(tmp_path / "demo.mid") if m.type in ("note_on", "note_off")]
    assert sum(m.type == "note_on" for m in received) == sum(m.type == "note_off" for m in received) > 3


def test_live_plays_what_it_sends_and_warns_of_loudspeakers(jack: JackServer, tmp_path: Path) -> None:
    live = Live(tmp_path, "--no-midi", "--sound", env=jack.env)
    try:
        live.await_words("listening", 30.0)
        assert "use headphones" in live.said()
        assert any("out_0" in port for port in jack.ports())
        assert live.end(signal.SIGTERM) == 128 + signal.SIGTERM
    finally:
        live.abandon()
    wait_until(lambda: not any("out_0" in port for port in jack.ports()), "the sound's port to go")
