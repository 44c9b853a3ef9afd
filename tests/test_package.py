import json
import subprocess
import sys
from importlib.metadata import version

import pytest

import streamer

HEAVY = [
    "aubio",
    "mido",
    "rtmidi",
    "rtmidi2",
    "sounddevice",
    "soundfile",
    "sklearn",
    "scipy",
    "rich",
    "typer",
    "pydantic",
]


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_brings_no_heavy_library():
    code = "import sys, json, streamer; print(json.dumps(sorted(sys.modules)))"
    assert not set(HEAVY) & set(json.loads(python(code)))


def test_help_needs_no_audio_or_midi_library():
    code = """
import sys
for name in ("sounddevice", "rtmidi", "rtmidi2", "aubio", "sklearn"):
    sys.modules[name] = None  # an import of it raises
import streamer.cli
streamer.cli.main(["live", "--help"])
"""
    assert "--input" in python(code)


def test_public_names_exist():
    for name in streamer.__all__:
        assert hasattr(streamer, name)


def test_public_names_stay_what_they_are_whatever_is_imported():
    code = """
import importlib, pkgutil
import streamer
known = {name: getattr(streamer, name) for name in streamer.__all__}
for module in pkgutil.iter_modules(streamer.__path__):
    if module.name != "__main__":
        importlib.import_module(f"streamer.{module.name}")
assert callable(streamer.track)
print([name for name, value in known.items() if getattr(streamer, name) is not value])
"""
    assert python(code) == "[]\n"


def test_public_names_are_listed_before_they_are_used():
    code = "import streamer; print(sorted(set(streamer.__all__) - set(dir(streamer))))"
    assert python(code) == "[]\n"


def test_version_is_that_of_the_distribution():
    try:
        installed = version("pitch-streamer")
    except ModuleNotFoundError:
        pytest.skip("the package is not installed, only importable")
    assert streamer.__version__ == installed
