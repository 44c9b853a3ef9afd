"""Flags, presets and environment variables on the command line: which of them wins."""

import numpy as np
import pytest
import soundfile

from streamer import transcription
from streamer.cli import main
from streamer.config import TrackerConfig

RATE_HZ = 22_050


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "tone.wav"
    time_s = np.arange(RATE_HZ) / RATE_HZ
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 440.0 * time_s), RATE_HZ)
    return str(path)


def run(capsys, *words):
    with pytest.raises(SystemExit) as left:
        main(list(words))
    captured = capsys.readouterr()
    return left.value.code or 0, captured.out, captured.err


@pytest.fixture
def config_of(recording, capsys, monkeypatch):
    """The configuration that `transcribe` works with."""
    seen = []

    def process(blocks, rate_hz, config, sinks, progress):
        seen.append(config)
        raise BrokenPipeError  # no more is needed

    monkeypatch.setattr("streamer.tracker.make_tracker", lambda config, rate_hz: None)  # nor need the model be there
    monkeypatch.setattr(transcription, "transcribe", process)

    def of(*words):
        status, _, err = run(capsys, "transcribe", recording, *words)
        assert status == 0, err
        return seen.pop()

    return of


def test_with_nothing_said_it_is_the_default(config_of):
    assert config_of() == TrackerConfig()


def test_every_flag_arrives(config_of):
    words = "--detector yinfft --eagerness 0.7 --low E2 --high 80 --gate -40 --a4 442 --hop 256"
    wanted = {"eagerness": 0.7, "low_midi": 40, "high_midi": 80, "gate_db": -40.0, "a4_hz": 442.0, "hop": 256}
    assert config_of(*words.split()) == TrackerConfig(detector="yinfft", **wanted)
    assert config_of("--model", "my.model") == TrackerConfig(model="my.model")


def test_a_flag_that_says_the_default_wins_over_a_preset(config_of):
    assert config_of("--preset", "voice").gate_db == -50.0
    assert config_of("--preset", "voice", "--gate", "-56").gate_db == -56.0


def test_the_environment_wins_over_a_preset_and_a_flag_over_both(config_of, monkeypatch):
    monkeypatch.setenv("STREAMER_PRESET", "voice")
    monkeypatch.setenv("STREAMER_GATE", "-40")
    monkeypatch.setenv("STREAMER_A4", "")
    assert config_of() == TrackerConfig(low_midi=36, high_midi=84, gate_db=-40.0)
    assert config_of("--gate", "-50", "--preset", "bass") == TrackerConfig(low_midi=23, high_midi=67, gate_db=-50.0)


def test_the_tuning_in_the_environment_is_heard(recording, capsys, monkeypatch):
    words = ("transcribe", recording, "--detector", "yinfast")
    assert " A4 " in run(capsys, *words)[1]
    monkeypatch.setenv("STREAMER_A4", "466.16")
    out = run(capsys, *words)[1]
    assert " G#4 " in out
    assert " A4 " not in out


@pytest.mark.parametrize("command", ["live", "demo", "transcribe", "evaluate"])
@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("STREAMER_EAGERNESS", "2", "STREAMER_EAGERNESS is 2.0, but must be a number from 0 to 1"),
        ("STREAMER_LOW", "H3", "STREAMER_LOW cannot be 'H3'"),
        ("STREAMER_PRESET", "oboe", "guitar"),
        ("STREAMER_GAIN", "2", "there are STREAMER_PRESET"),
    ],
)
def test_a_wrong_variable_gets_one_line_and_status_2(recording, capsys, monkeypatch, command, variable, text, message):
    monkeypatch.setenv(variable, text)
    words = [command, recording] if command in ("transcribe", "evaluate") else [command]
    status, out, err = run(capsys, *words)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
