"""A dry run: counted is what is there, and the rest is in proportion to it."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

from streamer.archive import predict as module
from streamer.archive.predict import predict
from streamer.archive.work import Converted

RATE_HZ = 8000


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(12):
        soundfile.write(folder / f"{number}.wav", np.zeros(RATE_HZ * (1 + number % 3)), RATE_HZ)
    return folder


def ten_bytes_a_second(source, folder, stem):
    duration_s = soundfile.info(source).duration
    (folder / f"{stem}.mid").write_bytes(bytes(round(10 * duration_s)))
    return Converted(duration_s, 1)


def found(folder):
    return [(str(path), path.name) for path in sorted(folder.iterdir())]


def test_files_and_hours_are_counted(inputs):
    told = predict(found(inputs), ten_bytes_a_second)
    assert (told.files, told.measured, told.unreadable, told.duration_s) == (12, 12, 0, 24.0)
    assert told.bytes_per_s == pytest.approx(10.0)
    assert told.speed > 0.0


def test_of_many_a_sample_stands_for_all(inputs, monkeypatch):
    monkeypatch.setattr(module, "MEASURED", 6)
    told = predict(found(inputs) * 10, ten_bytes_a_second)
    assert (told.files, told.measured) == (120, 6)
    assert 120.0 <= told.duration_s <= 360.0


def test_the_command_writes_nothing(inputs):
    (inputs / "bad.wav").write_bytes(b"bad")
    before = sorted(inputs.parent.rglob("*"))
    words = [sys.executable, "-m", "streamer", "transcribe", str(inputs), "--dry-run", "--jobs", "2"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "13 recordings, 24 seconds of sound" in done.stdout
    assert "1 of 13 cannot be read" in done.stdout
    assert "with 2 processes" in done.stdout
    assert sorted(inputs.parent.rglob("*")) == before
