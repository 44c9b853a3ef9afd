"""Commands that need a library which a bare install leaves out."""

import subprocess
import sys

import pytest
import soundfile

from streamer.errors import EXTRAS
from tests.tones import melody


@pytest.fixture
def data(tmp_path):
    """A data set of one note, labelled with its name alone, so that its octave is to be measured."""
    samples, _ = melody([60], 16_000)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    (tmp_path / "plain.csv").write_text("audio_filename,transcription\na.wav,C4\n")
    (tmp_path / "no-octave.csv").write_text("audio_filename,transcription\na.wav,C\n")
    return tmp_path


def without(module, words, folder):
    code = f"import sys\nsys.modules[{module!r}] = None  # an import of it raises\n"
    code += f"from streamer.cli import main\nmain({words!r})"
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("sklearn", ["train", "plain.csv", "-o", "a.model"]),
        ("sklearn", ["tune", "plain.csv", "-o", "a.toml"]),
        ("sklearn", ["evaluate", "plain.csv", "--baseline", "article-mlp", "--baseline-data", "plain.csv"]),
        ("aubio", ["transcribe", "a.wav", "--detector", "yinfft"]),
        ("aubio", ["evaluate", "plain.csv", "--detector", "yin"]),
        ("aubio", ["evaluate", "no-octave.csv"]),
    ],
)
def test_what_is_missing_is_said_in_one_line_with_the_command_that_installs_it(module, words, data):
    done = without(module, words, data)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert f'{sys.executable} -m pip install --only-binary=:all: "{EXTRAS[module]}"' in line
    assert sorted(path.name for path in data.iterdir()) == ["a.wav", "no-octave.csv", "plain.csv"]


@pytest.mark.parametrize("module", EXTRAS)
def test_playing_transcribing_and_evaluating_need_no_extra(module, data):
    assert "C4" in without(module, ["transcribe", "a.wav"], data).stdout
    assert without(module, ["evaluate", "plain.csv", "--jobs", "1"], data).returncode == 0


def test_the_doctor_says_which_command_brings_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    done = without("aubio", ["doctor", "--seconds", "1"], tmp_path)
    (line,) = (line for line in done.stdout.splitlines() if "aubio" in line and "detectors" in line)
    assert line.startswith("note")
    assert EXTRAS["aubio"] in line
