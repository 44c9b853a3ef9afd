"""Which core runs: the environment chooses, and what cannot be had is said in one line."""

import os
import subprocess
import sys

import pytest

from streamer.analysis import core
from streamer.analysis.native import NativeStream, make_stream
from streamer.analysis.stream import FeatureStream
from streamer.config import TrackerConfig
from streamer.errors import ConfigError


def streamer(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streamer", *words]
    env = {**os.environ, "COLUMNS": "300", **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_numpy_can_always_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(core.VARIABLE, core.NUMPY)
    assert core.native() is None
    assert isinstance(make_stream(TrackerConfig(), 48_000), FeatureStream)
    assert "numpy" in core.describe()


@pytest.mark.skipif(not core.is_built(), reason="the compiled core is not built")
@pytest.mark.parametrize("value", ["", core.AUTO, core.NATIVE])
def test_the_compiled_core_runs_where_it_is(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(core.VARIABLE, value)
    assert isinstance(make_stream(TrackerConfig(), 48_000), NativeStream)
    assert "compiled" in core.describe()


def test_without_a_compiled_core_numpy_runs_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "_native", None)
    monkeypatch.delenv(core.VARIABLE, raising=False)
    assert isinstance(make_stream(TrackerConfig(), 48_000), FeatureStream)
    assert "C compiler" in core.describe()
    monkeypatch.setenv(core.VARIABLE, core.NATIVE)
    with pytest.raises(ConfigError, match="C compiler"):
        core.native()


def test_another_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(core.VARIABLE, "fortran")
    with pytest.raises(ConfigError, match="native, numpy or auto"):
        core.native()


def test_version_and_doctor_say_which_core_runs() -> None:
    assert "computed by numpy, as STREAMER_CORE says" in streamer("--version", STREAMER_CORE="numpy").stdout
    line = next(
        x for x in streamer("doctor", "--seconds", "1", STREAMER_CORE="numpy").stdout.splitlines() if "core" in x
    )
    assert "numpy, as STREAMER_CORE says" in line
