"""The microphone on a real audio server: every sample arrives, and it survives the server."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from jackserver import JackServer
from waiting import end_process

from streamer.audio.microphone import Microphone, list_inputs
from streamer.errors import DeviceError
from streamer.events import Block

pytestmark = pytest.mark.jack


@pytest.fixture
def here(jack: JackServer, monkeypatch: pytest.MonkeyPatch) -> JackServer:
    """The server, for this process too."""
    for name, value in jack.env.items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    return jack


@pytest.fixture
def microphone(here: JackServer) -> Iterator[Microphone]:
    microphone = Microphone()
    yield microphone
    microphone.close()


def read_until_it_dies(microphone: Microphone) -> str:
    try:
        while True:
            microphone.read(0.1)
    except DeviceError as error:
        return str(error)


def first_block_after(microphone: Microphone) -> Block:
    while (block := microphone.read(0.1)) is None:
        pass
    return block


def pieces_in(samples: np.ndarray, noise: np.ndarray) -> int:
    """How many of twenty pieces of the noise are in the samples, as they were."""
    found = 0
    for start in range(0, len(noise) - 480, 4800):
        piece = noise[start : start + 480]
        match = np.abs(np.convolve(samples, piece[::-1], "valid") / np.dot(piece, piece))
        found += abs(match.max() - 1.0) < 0.01
    return found


@pytest.mark.parametrize("jack", [True], indirect=True, ids=["synchronous"])
def test_it_hears_what_is_played(here: JackServer, microphone: Microphone, tmp_path: Path) -> None:
    # Without what is near half the rate, which the player filters.
    noise = 0.05 * np.convolve(np.random.default_rng(1).standard_normal(2 * here.rate_hz), np.hanning(16), "same")
    recording = tmp_path / "noise.wav"
    # The player ends before its last samples are out.
    soundfile.write(recording, np.concatenate([noise, np.zeros(3 * here.rate_hz)]), here.rate_hz, subtype="FLOAT")
    assert microphone.rate_hz == here.rate_hz
    microphone.start()
    here.free_microphone()
    time_index, best = 0, 0
    for _ in range(3):  # a busy machine may cost even such a server some periods, but not every time
        player = here.play(recording)
        heard = []
        while player.poll() is None:
            block = microphone.read(0.1)
            if block is not None:
                assert block.start == time_index + block.lost
                assert block.captured_ns <= time.monotonic_ns()
                time_index = block.start + len(block.samples)
                heard.append(block.samples)
        end_process(player)
        best = max(best, pieces_in(np.concatenate(heard), noise))
        if best >= 18:
            break
    assert best >= 18  # of 20


def test_the_server_is_killed_and_comes_back(here: JackServer, microphone: Microphone) -> None:
    microphone.start()
    before = first_block_after(microphone)
    here.kill()
    line = read_until_it_dies(microphone)
    assert "\n" not in line
    assert "system is gone" in line
    microphone.close()
    with pytest.raises(DeviceError, match="no audio input"):
        microphone.start()
    here.start()
    microphone.start()
    after = first_block_after(microphone)
    assert after.lost > here.rate_hz // 10
    assert after.start >= before.start + len(before.samples) + after.lost
    assert microphone.lost == after.lost


def test_it_is_not_started_at_another_rate(here: JackServer, microphone: Microphone, tmp_path: Path) -> None:
    """What runs downstream counts in the first rate."""
    microphone.start()
    here.stop()
    read_until_it_dies(microphone)
    microphone.close()
    here.rate_hz = 44_100
    here.start()
    with pytest.raises(DeviceError, match="does not run at 48000 Hz"):
        microphone.start()


def test_a_capture_process_that_dies_is_a_dead_device(microphone: Microphone) -> None:
    microphone.start()
    first_block_after(microphone)
    subprocess.run(["kill", "-9", str(microphone.process_id)], check=True)
    assert "has ended" in read_until_it_dies(microphone)
    microphone.close()
    microphone.start()
    assert len(first_block_after(microphone).samples)


def test_inputs_are_listed_and_chosen(here: JackServer) -> None:
    devices = list_inputs()
    assert [(d.name, d.host_api, d.rate_hz, d.is_default) for d in devices] == [
        ("system", "JACK Audio Connection Kit", here.rate_hz, True)
    ]
    with pytest.raises(DeviceError, match="there is 0: system"):
        Microphone("no such thing")
    with pytest.raises(DeviceError, match="leave out --rate"):
        Microphone(rate_hz=16_000)
    with pytest.raises(DeviceError, match="its channels are 1 to 2"):
        Microphone(channel=3)
    for wanted in ("0", "SYS", "jack"):
        Microphone(wanted).close()


def test_the_example_that_goes_from_the_microphone_to_midi(jack: JackServer, jack_midi: None) -> None:
    example = Path(__file__).parents[2] / "examples" / "microphone_to_midi.py"
    command = [sys.executable, str(example), "1"]
    done = subprocess.run(command, env=jack.env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "listening to" in done.stdout
