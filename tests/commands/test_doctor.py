"""`streamer doctor` and `streamer devices` on machines that lack something."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def without_portaudio(tmp_path):
    """An environment in which sounddevice behaves as where its C library is absent."""
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")\n')
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}


def streamer(env, *words):
    command = [sys.executable, "-m", "streamer", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_each_finding_is_a_line_and_the_status_tells_of_faults():
    done = streamer({**os.environ, "COLUMNS": "200"}, "doctor", "--seconds", "1")
    *findings, _, verdict = done.stdout.splitlines()
    states = [line.split()[0] for line in findings]
    assert set(states) <= {"ok", "note", "fault"}
    assert done.returncode == (1 if "fault" in states else 0)
    assert verdict == (f"{states.count('fault')} to mend" if "fault" in states else "ready to play")
    for what in ("streamer", "aubio", "audio input", "MIDI", "terminal", "timing"):
        assert what in done.stdout
    assert done.stderr == ""


def test_without_portaudio_the_doctor_names_the_package(without_portaudio):
    done = streamer(without_portaudio, "doctor", "--seconds", "1")
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if "PortAudio" in line)
    assert line.startswith("fault")
    assert "sudo apt install libportaudio2" in line


def test_without_portaudio_devices_says_so_and_still_lists_midi(without_portaudio):
    done = streamer(without_portaudio, "devices")
    assert done.returncode == 0
    assert "sudo apt install libportaudio2" in done.stdout
    assert "MIDI" in done.stdout


def test_without_portaudio_live_says_what_mends_it(without_portaudio, tmp_path):
    done = streamer(without_portaudio, "live", "--no-ui", "--jsonl", str(tmp_path / "events.jsonl"))
    assert done.returncode == 2
    assert "sudo apt install libportaudio2" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
