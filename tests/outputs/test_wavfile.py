"""The sound as a WAV file."""

from pathlib import Path

import numpy as np
import soundfile

from streamer.events import Block
from streamer.outputs.wavfile import WavFileSink
from tests.scripted import BLOCK, RATE_HZ


def test_the_sound_is_recorded_with_its_losses(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    sink = WavFileSink(path, RATE_HZ, start=100)
    ramp = np.linspace(-1.2, 1.2, 200, dtype=np.float32)
    sink.write_audio(Block(ramp, 0, 0))  # 100 of these are before the take
    sink.write_audio(Block(ramp, 250, 0, lost=50))
    sink.close()
    sink.close()
    samples, rate_hz = soundfile.read(path, dtype="float32")
    expected = np.concatenate([ramp[100:], np.zeros(50), ramp]).clip(-1.0, 1.0)
    assert rate_hz == RATE_HZ
    assert len(samples) == len(expected)
    assert np.abs(samples - expected).max() < 1e-6


def test_a_recording_is_readable_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    sink = WavFileSink(path, RATE_HZ)
    for k in range(100):
        sink.write_audio(Block(np.full(BLOCK, 0.5, np.float32), k * BLOCK, 0))
        samples, _ = soundfile.read(path)  # as after kill -9 at this moment
        assert len(samples) >= k * BLOCK - RATE_HZ // 4
        assert (abs(samples - 0.5) < 1e-6).all()
    sink.close()
