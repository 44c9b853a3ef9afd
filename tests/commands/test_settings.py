"""Flags, presets and environment variables on the command line: which of them wins."""

import numpy as np
import pytest
import soundfile

from streamer.cli import main
from streamer.config import TrackerConfig
from streamer.data import formats
from streamer.errors import StreamerError
from streamer.evaluation import evaluate as evaluation
from streamer.model import shipped_model
from streamer.recordings import one
from streamer.training import train as training

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

    def process(blocks, rate_hz, config, *_):
        seen.append(config)
        raise BrokenPipeError  # no more is needed

    monkeypatch.setattr(one, "make_tracker", lambda config, rate_hz: None)  # nor need the model be there
    monkeypatch.setattr(one, "follow", process)

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
    assert config_of("--gate", "-50", "--preset", "bass") == TrackerConfig(low_midi=26, high_midi=67, gate_db=-50.0)


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


@pytest.fixture
def systems_of(capsys, monkeypatch):
    """The names of the systems that `evaluate` compares, and the configuration of each."""
    seen = []

    def evaluate(recordings, systems, *_):
        seen.extend(systems)
        raise StreamerError("no more is needed")

    monkeypatch.setattr(formats, "read_dataset", lambda path: [])
    monkeypatch.setattr(evaluation, "evaluate", evaluate)

    def of(*words):
        seen.clear()
        _, _, err = run(capsys, "evaluate", "any", *words)
        assert "no more is needed" in err
        return {system.name: (system.config.detector, system.config.model) for system in seen}

    return of


def test_evaluate_measures_what_the_environment_names_unless_flags_name_systems(systems_of, tmp_path, monkeypatch):
    mine = str(tmp_path / "mine.model")
    shipped_model().save(tmp_path / "mine.model")
    assert systems_of() == {"trained": ("trained", "")}
    monkeypatch.setenv("STREAMER_MODEL", mine)
    assert systems_of() == {"mine": ("trained", mine)}
    assert systems_of("--detector", "yinfft", "--detector", "trained") == {
        "yinfft": ("yinfft", ""),
        "trained": ("trained", ""),
    }
    monkeypatch.setenv("STREAMER_MODEL", "")
    monkeypatch.setenv("STREAMER_DETECTOR", "yinfast")
    assert systems_of() == {"yinfast": ("yinfast", "")}
    assert systems_of("--model", mine) == {"mine": ("trained", mine)}


def test_tune_searches_the_thresholds_of_the_model_in_the_environment(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(formats, "read_dataset", lambda path: [])
    monkeypatch.setattr(training, "check_recordings", lambda recordings: None)
    monkeypatch.setenv("STREAMER_MODEL", "absent.model")
    words = ("tune", "any", "--thresholds", "-o", str(tmp_path / "tuned.model"))
    assert "absent.model cannot be read" in run(capsys, *words)[2]
    assert "other.model cannot be read" in run(capsys, *words, "--model", "other.model")[2]


def test_a_recording_takes_the_place_of_the_microphone_in_the_environment(recording, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("STREAMER_INPUT", "a microphone")
    monkeypatch.setenv("STREAMER_RATE", "44100")
    words = ("record-dataset", str(tmp_path / "mine"), "--low", "A4", "--high", "A4", "--takes", "1")
    status, out, err = run(capsys, *words, "--from-file", recording)
    assert status == 1, err  # it has no silence before its note, which is therefore refused
    assert "[1 of 1] play A4" in out
    assert "the sound has ended" in out


def test_train_refuses_a_variable_that_no_command_reads(recording, capsys, monkeypatch):
    monkeypatch.setenv("STREAMER_GAIN", "2")
    status, _, err = run(capsys, "train", recording, "-o", "a.model")
    assert status == 2
    assert "'STREAMER_GAIN' is no setting" in err
