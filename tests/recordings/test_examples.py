"""The examples run, and are short enough to be read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.tones import melody

EXAMPLES = Path(__file__).parents[2] / "examples"
RATE_HZ = 22_050
SHORT = ("microphone_to_midi", "transcribe_file", "own_sink", "own_source", "train_model", "push_samples")


def example(folder: Path, name: str, *words: str) -> str:
    command = [sys.executable, str(EXAMPLES / name), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def solo(tmp_path: Path) -> Path:
    samples, _ = melody([52, 55, 59], RATE_HZ)
    soundfile.write(tmp_path / "solo.wav", samples, RATE_HZ)
    return tmp_path


@pytest.mark.parametrize("name", SHORT)
def test_an_example_has_less_than_sixty_lines(name: str) -> None:
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 60


def test_a_sink_of_ones_own(solo: Path) -> None:
    assert example(solo, "own_sink.py", "solo.wav").splitlines() == ["minor third up", "third up"]


def test_a_source_of_ones_own(tmp_path: Path) -> None:
    assert example(tmp_path, "own_source.py").split() == ["A3", "B3", "C4", "D4", "E4"]


def test_a_model_of_ones_own(solo: Path) -> None:
    (solo / "data").mkdir()
    for name, midi in (("C4", 60), ("E4", 64), ("G4", 67)):
        samples, _ = melody([midi], RATE_HZ)
        soundfile.write(solo / "data" / f"{name}.wav", samples, RATE_HZ)
    lines = ["audio_filename,transcription", *(f"{name}.wav,{name}" for name in ("C4", "E4", "G4"))]
    (solo / "data" / "notes.csv").write_text("\n".join([*lines, ""]))
    out = example(solo, "train_model.py", "data/notes.csv", "my.model", "solo.wav")
    assert "wrote my.model" in out
    assert "notes in" in out


def test_the_notebook(solo: Path) -> None:
    cells = json.loads((EXAMPLES / "notebook.ipynb").read_text())["cells"]
    code = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code")
    command = [sys.executable, "-W", "error", "-c", code]
    environment = {**os.environ, "MPLBACKEND": "agg", "MPLCONFIGDIR": str(solo)}
    done = subprocess.run(command, cwd=solo, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "3 notes" in done.stdout
    assert (solo / "solo.mid").stat().st_size > 0
