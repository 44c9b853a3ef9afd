"""What a driver can do wrong, by a stand-in for the sounddevice module in the real capture process.

The real thing is heard in `real/test_real_microphone.py`; here are the faults that no server can be made to show.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from streamer.audio import microphone as microphone_module
from streamer.audio.microphone import Microphone, list_inputs
from streamer.errors import DeviceError
from streamer.events import Block

RATE_HZ = 48_000
BLOCK = 480

DRIVER = """
import array, threading, time
from types import SimpleNamespace

class PortAudioError(Exception):
    pass

default = SimpleNamespace(device=(0, 0))
devices = [
    dict(name="Fake", hostapi=0, max_input_channels=2, default_samplerate=48000.0, default_low_input_latency=0.0)
]

def query_hostapis():
    return [dict(name="Fake API", default_input_device=0)]

def query_devices():
    return devices

class RawInputStream:
    latency = float("nan")
    samplerate = 48000.0
    active = True
    calls = 10 ** 9
    pace_s = 0.01
    flagged = ()
    value = 0.5

    def __init__(self, *, samplerate, blocksize, device, channels, dtype, latency, callback):
        self.callback, self.channels = callback, channels

    def start(self):
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        for k in range(self.calls):
            samples = array.array("f", [k / 1024.0, self.value][: self.channels] * 480)
            if self.channels == 1:
                samples = array.array("f", [self.value]) * 480
            self.callback(memoryview(samples).cast("B"), 480, None, SimpleNamespace(input_overflow=k in self.flagged))
            time.sleep(self.pace_s)

    def close(self):
        pass
"""


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets capture processes have this driver, changed by some lines of code."""

    def have(change: str = "") -> None:
        (tmp_path / "sounddevice.py").write_text(DRIVER + change)
        # Before all else on the path, where the real module would be found first.
        monkeypatch.setenv(
            "PYTHONPATH", os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))
        )

    return have


@pytest.fixture
def opened() -> Iterator[Callable[..., Microphone]]:
    microphones: list[Microphone] = []

    def open_it(**options: int) -> Microphone:
        microphones.append(Microphone(**options))  # type: ignore[arg-type]
        microphones[-1].start()
        return microphones[-1]

    yield open_it
    for microphone in microphones:
        microphone.close()


def next_block(microphone: Microphone) -> Block:
    while (block := microphone.read(0.1)) is None:
        pass
    return block


def test_portaudio_is_not_installed(driver: Callable[[str], None]) -> None:
    driver("raise OSError('PortAudio library not found')")
    for ask in (Microphone, list_inputs):
        with pytest.raises(DeviceError, match="apt install libportaudio2"):
            ask()


def test_what_the_driver_says_of_latency_is_nonsense(
    driver: Callable[[str], None], opened: Callable[..., Microphone]
) -> None:
    driver("")
    assert opened().input_latency_ms is None
    assert [device.latency_ms for device in list_inputs()] == [None]


def test_the_rate_is_refused(driver: Callable[[str], None]) -> None:
    driver(
        "def refuse(self, **_): raise PortAudioError('Error opening RawInputStream: Invalid sample rate', -9997)\n"
        "RawInputStream.__init__ = refuse"
    )
    with pytest.raises(DeviceError, match="Fake does not run at 8000 Hz; leave out --rate to use its own 48000 Hz"):
        Microphone(rate_hz=8_000)


def test_the_device_is_busy(driver: Callable[[str], None]) -> None:
    driver(
        "def refuse(self, **_): raise PortAudioError('Error opening RawInputStream: Device unavailable', -9985)\n"
        "RawInputStream.__init__ = refuse"
    )
    with pytest.raises(DeviceError, match="cannot open the audio input Fake: Device unavailable; is another program"):
        Microphone()


def test_the_driver_hangs_when_it_is_opened(driver: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    driver("def hang(): time.sleep(1000)\nquery_devices = hang")
    monkeypatch.setattr(microphone_module, "_OPENING_S", 1.0)
    with pytest.raises(DeviceError, match="did not answer"):
        Microphone()


def test_the_driver_falls_silent(driver: Callable[[str], None], opened: Callable[..., Microphone]) -> None:
    """As on macOS, where an unplugged device ends nothing: its callbacks just stop."""
    driver("RawInputStream.calls = 5")
    microphone = opened()
    assert sum(len(next_block(microphone).samples) for _ in range(5)) == 5 * BLOCK
    with pytest.raises(DeviceError, match="the audio input Fake is gone"):
        next_block(microphone)


def test_the_driver_hangs_when_it_is_closed(driver: Callable[[str], None], opened: Callable[..., Microphone]) -> None:
    driver("def hang(self): time.sleep(1000)\nRawInputStream.close = hang")
    microphone = opened()
    next_block(microphone)
    process_id = microphone.process_id
    microphone.close()
    assert process_id is not None
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
    microphone.start()
    assert next_block(microphone).lost == 0


def test_no_number_from_the_driver_is_zero(driver: Callable[[str], None], opened: Callable[..., Microphone]) -> None:
    driver("RawInputStream.value = float('nan')")
    assert not next_block(opened()).samples.any()


def test_opposite_channels_are_heard(driver: Callable[[str], None], opened: Callable[..., Microphone]) -> None:
    driver(
        "import math\n"
        "def run(self):\n"
        "    for k in range(self.calls):\n"
        "        wave = [0.5 * math.sin(0.1 * (480 * k + n)) for n in range(480)]\n"
        "        samples = array.array('f', [value for x in wave for value in (x, -x)[: self.channels]])\n"
        "        self.callback(memoryview(samples).cast('B'), 480, None, SimpleNamespace(input_overflow=False))\n"
        "        time.sleep(self.pace_s)\n"
        "RawInputStream.run = run"
    )
    microphone = opened()
    heard = np.concatenate([next_block(microphone).samples for _ in range(3)])
    assert len(heard) == 3 * BLOCK
    assert np.allclose(heard[120:], 0.5 * np.sin(0.1 * np.arange(120, 3 * BLOCK)), atol=1e-6)
    assert microphone.mixer.taken == "channel 1 of 2, as their mean cancels"


def test_a_channel_is_heard(driver: Callable[[str], None], opened: Callable[..., Microphone]) -> None:
    driver("")
    assert (next_block(opened(channel=2)).samples == np.float32(0.5)).all()


def test_an_overrun_is_counted_but_ends_no_note(
    driver: Callable[[str], None], opened: Callable[..., Microphone]
) -> None:
    driver("RawInputStream.flagged = (3, 5)")
    microphone = opened()
    blocks = [next_block(microphone) for _ in range(8)]
    assert microphone.losses == 2
    assert [block.lost for block in blocks if block.lost > 0.5 * RATE_HZ] == []


def test_an_overrun_with_a_pause_is_a_loss(driver: Callable[[str], None], opened: Callable[..., Microphone]) -> None:
    driver("RawInputStream.flagged = (3,)\nRawInputStream.pace_s = 0.2")
    microphone = opened()
    blocks = [next_block(microphone) for _ in range(5)]
    lost = [block.lost for block in blocks]
    assert [count > 0 for count in lost] == [False, False, False, True, False]
    assert lost[3] > 0.15 * RATE_HZ
    assert microphone.lost == lost[3]
    assert blocks[3].start == 3 * BLOCK + lost[3]


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_the_capture_process_does_not_outlive_its_program(driver: Callable[[str], None]) -> None:
    driver("")
    program = (
        "import time\nfrom streamer.audio.microphone import Microphone\n"
        "m = Microphone(); m.start()\nprint(m.process_id, flush=True)\ntime.sleep(1000)"
    )
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(Path(__file__).parents[2])])
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout is not None
        capture = int(process.stdout.readline())
        process.kill()
    deadline = time.monotonic() + 20.0
    while _is_alive(capture):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_alive(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc").exists()
    return state != "Z"
