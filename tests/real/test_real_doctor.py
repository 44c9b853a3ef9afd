"""What `streamer doctor` and `streamer devices` say of a JACK server whose microphone nobody has connected."""

import subprocess
import sys


def streamer(jack, *words):
    command = [sys.executable, "-m", "streamer", *words]
    env = {**jack.env, "COLUMNS": "200"}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_an_exactly_silent_microphone_is_a_fault(jack):
    done = streamer(jack, "doctor", "--seconds", "1")
    assert done.returncode == 1, done.stdout
    silent = next(line for line in done.stdout.splitlines() if "exact zeros" in line)
    assert silent.startswith("fault")
    assert "alsamixer" in silent


def test_devices_lists_the_server_s_input(jack):
    done = streamer(jack, "devices")
    assert done.returncode == 0
    line = next(line for line in done.stdout.splitlines() if "JACK Audio Connection Kit" in line)
    assert "48000 Hz" in line
    assert "(default)" in line
