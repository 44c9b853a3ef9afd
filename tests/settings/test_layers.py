"""Where a value comes from, and files and variables that cannot be used."""

import os
import sys

import pytest

from streamer import reading
from streamer.errors import ConfigError
from streamer.settings.description import Setting
from streamer.settings.layers import (
    MOST_TOML_BYTES,
    UNSET,
    Origin,
    Resolved,
    environment_name,
    from_environment,
    from_toml,
    merge,
    read_toml,
)

PACE = Setting(name="pace", kind="float", default=1.0, help="How fast.", low=0.0, high=9.0, environment=True)
SUNG = Setting(name="mixture.sung", kind="float", default=0.0, help="How much.", low=0.0, environment=True)
FILE = Setting(name="file", kind="path", default=None, help="What is written.")
SETTINGS = (PACE, SUNG, FILE)


def test_the_strongest_layer_wins():
    layers = [{"pace": value} for value in (1.0, 2.0, 3.0, 4.0, 5.0)]
    for count, origin in enumerate(Origin, 1):
        assert merge(*layers[:count]) == {"pace": Resolved(float(count), origin)}


def test_what_is_unset_hides_nothing():
    assert merge({"pace": 1.0}, flags={"pace": UNSET}) == {"pace": Resolved(1.0, Origin.DEFAULT)}


def test_a_value_that_equals_the_default_is_still_given():
    assert merge({"pace": 1.0}, {"pace": 2.0}, flags={"pace": 1.0})["pace"] == Resolved(1.0, Origin.FLAG)


def test_the_environment_is_read():
    environ = {"STREAMER_PACE": "3", "PATH": "/bin", "_STREAMER_COMPLETE": "x"}
    assert from_environment(environ, SETTINGS) == {"pace": 3.0}
    assert from_environment({"STREAMER_PACE": ""}, SETTINGS) == {}
    assert environment_name(SUNG) == "STREAMER_MIXTURE_SUNG"


def test_an_unknown_variable_is_refused():
    with pytest.raises(
        ConfigError, match=r"'STREAMER_PASE' is no setting \(did you mean STREAMER_PACE\?\); there are STREAMER_PACE"
    ):
        from_environment({"STREAMER_PASE": "3"}, SETTINGS)


def test_a_variable_of_a_setting_that_reads_none_is_refused():
    with pytest.raises(ConfigError, match="'STREAMER_FILE' is no setting"):
        from_environment({"STREAMER_FILE": "a.mid"}, SETTINGS)


def test_a_wrong_variable_is_named():
    with pytest.raises(ConfigError, match=r"STREAMER_PACE is 10\.0, but must be a number from 0 to 9"):
        from_environment({"STREAMER_PACE": "10"}, SETTINGS)


def test_a_file_is_read(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text("pace = 3\r\n[mixture]\r\nsung = 0.5\r\n")
    assert from_toml(path, SETTINGS) == {"pace": 3.0, "mixture.sung": 0.5}
    assert from_toml({}, SETTINGS) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pase = 3", r"there is no setting 'pase' \(did you mean pace\?\)"),
        ("tempo = 3", "there is no setting 'tempo'; there are pace, mixture, file"),
        ('"mixture.sung" = 3', "there is no setting 'mixture.sung'"),
        ("pace = 10", "pace is 10"),
        ("pace = {}", "pace cannot be {}"),
        ("mixture = 3", "it must be a table of sung"),
        ("[mixture]\nsongs = 3", "it must be a table of sung"),
        ("[mixture]\nsung = -1", "mixture.sung is -1"),
        ("pace = ", "is no TOML"),
        ("pace = " + "9" * 9999, "thousands of digits"),
        ("pace = " + "[" * 90_000, "nested too deeply|no TOML"),
        ("a." * 40_000 + "a = 1", "dots in a line"),
        ("#" * MOST_TOML_BYTES + "\n", "larger than"),
    ],
    ids=lambda text: text[:20],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path, text, message):
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as told:
        from_toml(path, SETTINGS)
    assert str(told.value).startswith(str(path))
    assert "\n" not in str(told.value)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
def test_what_has_no_end_or_no_writer_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_WRITER_WITHIN_S", 0.1)
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    for path in ("pipe.toml", "loop.toml", "/dev/zero", "x" * 300, "a\0\x1b[31m\n"):
        with pytest.raises(ConfigError, match="cannot be read") as told:
            read_toml(tmp_path / path)
        assert str(told.value).isprintable()


def test_what_is_no_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_toml(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_toml(tmp_path)
    (tmp_path / "s.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(ConfigError, match="no TOML"):
        read_toml(tmp_path / "s.toml")
