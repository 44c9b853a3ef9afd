"""``streamer config``, and what the commands that play make of the file."""

import os
import sys
from pathlib import Path

import pytest

from streamer.cli import main
from streamer.commands.options import takes_settings
from streamer.settings.catalogues import PLAYING
from streamer.settings.file import CONFIGURATION
from tests.commands.test_options import run as run_command


@pytest.fixture
def streamer(capsys, tmp_path, monkeypatch):
    """Runs the command line with a configuration folder of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")

    def run(*words):
        with pytest.raises(SystemExit) as left:
            main(list(words))
        captured = capsys.readouterr()
        return left.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def file(streamer):
    return Path(streamer("config", "path")[1].strip())


def rows(out: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}


def test_show_says_where_each_value_comes_from(streamer, file, monkeypatch):
    assert streamer("config", "save", "--preset", "voice", "--low", "E2")[0] == 0
    assert streamer("config", "save", "--profile", "stage", "--gate", "-45")[0] == 0
    monkeypatch.setenv("STREAMER_HOP", "256")
    shown = rows(streamer("config", "show", "--profile", "stage", "--a4", "auto")[1])
    assert shown["eagerness"] == ["0.5", "default"]
    assert shown["preset"] == ["voice", "file,", "line", "2"]
    assert shown["high"] == ["C6", "preset", "voice"]
    assert shown["gate"] == ["-45", "file,", "line", "6"]
    assert shown["hop"] == ["256", "environment:", "STREAMER_HOP"]
    assert shown["a4"] == ["auto", "flag", "--a4"]
    assert rows(streamer("config", "show")[1])["gate"] == ["-50", "preset", "voice"]
    assert f"file: {file}" in streamer("config", "show")[1]


def test_check_tells_everything_and_show_stops(streamer, file):
    file.parent.mkdir()
    file.write_text('gaet = 3\n[profile.a]\nlow = "C6"\nhigh = "C2"\n')
    status, out, err = streamer("config", "check")
    assert (status, out) == (2, "")
    assert "line 1: there is no setting 'gaet' (did you mean gate?)" in err
    file.write_text('[profile.a]\nlow = "C6"\nhigh = "C2"\n')
    status, _, err = streamer("config", "show", "--profile", "a")
    assert status == 2
    assert f"low in {file}, line 2; high in {file}, line 3" in err
    assert streamer("config", "check")[:2] == (0, f"{file} is right; profiles: a\n")


def test_a_file_that_is_not_there_is_right_unless_it_was_named(streamer, file, tmp_path):
    status, out, err = streamer("config", "check")
    assert (status, err) == (0, "")
    assert str(file) in out
    status, out, err = streamer("config", "check", "--config", str(tmp_path / "rig.toml"))
    assert (status, out) == (2, "")
    assert "rig.toml cannot be read" in err


def test_edit_opens_the_editor_on_a_file_and_checks_what_it_left(streamer, file, monkeypatch):
    write = "import sys; open(sys.argv[1], 'a').write('gate = 9')"
    monkeypatch.setenv("VISUAL", f'"{sys.executable}" -c "{write}"')
    status, _, err = streamer("config", "edit")
    assert status == 2
    assert f"{file}, line 2: gate is 9" in err
    monkeypatch.setenv("VISUAL", "no-such-editor")
    assert "set EDITOR" in streamer("config", "edit")[2]


@pytest.fixture
def got():
    """What a command that plays gets for its outputs."""

    @takes_settings(PLAYING, CONFIGURATION)
    def live(*, port: str | None, virtual: str | None, no_midi: bool, midi: Path | None) -> int:
        return port, virtual, no_midi, str(midi or "")  # type: ignore[return-value]

    return lambda *words: run_command(live, *words)


def test_of_outputs_that_exclude_each_other_the_strongest_layer_counts(got, tmp_path, monkeypatch):
    path = tmp_path / "rig.toml"
    path.write_text('port = "Fluid"\n[live]\nmidi = "a.mid"\n[profile.stage]\nvirtual = "mine"\n')
    here = ("--config", str(path))
    assert got(*here) == ("Fluid", None, False, "a.mid")
    assert got(*here, "--profile", "stage") == (None, "mine", False, "a.mid")
    assert got(*here, "--no-midi") == (None, None, True, "a.mid")
    monkeypatch.setenv("STREAMER_NO_MIDI", "1")
    assert got(*here) == (None, None, True, "a.mid")
    assert got(*here, "--virtual", "v") == (None, "v", False, "a.mid")
    monkeypatch.setenv("STREAMER_CONFIG", str(path))
    monkeypatch.setenv("STREAMER_PROFILE", "stage")
    monkeypatch.setenv("STREAMER_NO_MIDI", "")
    assert got() == (None, "mine", False, "a.mid")
    assert got("--config", os.devnull, "--profile", "") == (None, None, False, "")


def test_transcribe_plays_by_the_file(streamer, file, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    file.parent.mkdir()
    file.write_text('[transcribe]\nmidi = "a.csv"\n')
    assert "--midi" in streamer("transcribe", str(tmp_path / "a.wav"))[2]
    assert "'nope'" in streamer("transcribe", str(tmp_path / "a.wav"), "--profile", "nope")[2]
