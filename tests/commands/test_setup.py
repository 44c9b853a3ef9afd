"""``streamer setup`` and ``calibrate`` from files: what they write, and that a failure writes nothing."""

import io
import sys

import pytest
import soundfile

from streamer.cli import main
from tests.test_calibration import RATE_HZ, session


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "session.wav"
    soundfile.write(path, session(), RATE_HZ)
    return str(path)


@pytest.fixture
def streamer(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMER_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "kept"))

    def run(*words):
        with pytest.raises(SystemExit) as left:
            main(list(words))
        captured = capsys.readouterr()
        return left.value.code or 0, captured.out, captured.err

    return run


def test_calibrate_writes_the_profile_that_the_next_command_uses(streamer, recording):
    assert streamer("config", "save", "--preset", "guitar")[0] == 0
    status, out, err = streamer("calibrate", "--from-file", recording, "--profile", "stage")
    assert (status, err) == (0, "")
    assert "lowest: play your lowest note" in out
    assert "E2 +20 cents" in out
    changes = {line.split()[0]: line.split()[1:] for line in out.splitlines() if len(line.split()) == 3}
    assert changes["low"] == ["C2", "D#2"]
    assert changes["gate"][0] == "-56"
    shown = {line.split()[0]: line for line in streamer("config", "show", "--profile", "stage")[1].splitlines()}
    assert "D#2" in shown["low"]
    assert "file" in shown["a4"]
    assert "guitar" in shown["preset"]
    assert "C2 " in streamer("config", "show")[1]  # what holds for all is as it was


def test_a_recording_that_ends_before_anything_was_played_writes_nothing(streamer, tmp_path):
    path = tmp_path / "short.wav"
    soundfile.write(path, session()[: 2 * RATE_HZ], RATE_HZ)
    status, out, _ = streamer("calibrate", "--from-file", str(path))
    assert status == 1
    assert "the sound has ended before all was played" in out
    assert "nothing was written" in out
    assert "which is not there" in streamer("config", "show")[1]


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a machine sure to be without MIDI")
def test_setup_asks_until_it_has_an_answer_and_without_one_writes_nothing(streamer, recording, monkeypatch):
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody")
    status, out, err = streamer("setup", "--from-file", recording, "--yes", "--profile", "mine")
    assert (status, err) == (0, "")
    assert "heard E3" in out
    assert "now play: streamer --profile mine" in out
    assert "default" in streamer("config", "show", "--profile", "mine")[1]
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    status, out, _ = streamer("setup", "--from-file", recording)
    assert status == 1
    assert "nothing was written" in out
