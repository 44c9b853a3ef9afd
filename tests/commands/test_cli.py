"""The command line as a person meets it: help, misuse, exit status."""

import re

import pytest

from streamer.cli import main
from streamer.commands.files import Files
from streamer.config import PRESETS
from streamer.detectors import DETECTORS
from streamer.outputs.midiform import MidiForm

COMMANDS = ("live", "demo", "devices", "doctor", "transcribe")


@pytest.fixture
def run(capsys, monkeypatch):
    """Run a command line; its exit status, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*words):
        with pytest.raises(SystemExit) as left:
            main(list(words))
        captured = capsys.readouterr()
        return left.value.code or 0, captured.out, captured.err

    return run


def test_version(run):
    status, out, _ = run("--version")
    assert status == 0
    assert re.fullmatch(r"streamer \d+\.\d+\.\d+\ncomputed by .+\n", out)


def test_help_groups_every_command(run):
    status, out, _ = run("--help")
    assert status == 0
    for command in COMMANDS:
        assert command in out
    assert out.index("Play") < out.index("live") < out.index("Check") < out.index("doctor")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_that_names_it(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert re.search(rf"Examples?\b.*streamer {command}", out, re.DOTALL)


@pytest.mark.parametrize(
    "option",
    [
        "--input", "--port", "--virtual", "--midi-api", "--midi", "--record-audio", "--jsonl", "--no-ui",
        "--list-presets", "--list-detectors", "--preset", "--block", "--hop", "--rate", "--format", "--channels",
        "--detector", "--eagerness",
    ],
)  # fmt: skip
def test_live_tells_of_its_options(run, option):
    _, out, _ = run("live", "--help")
    assert re.search(rf"{option}\b", out)


def test_presets_and_detectors_are_listed_without_a_command(run):
    status, out, _ = run("--list-presets")
    assert status == 0
    assert all(name in out for name in PRESETS)
    status, out, _ = run("--list-detectors")
    assert status == 0
    assert all(name in out for name in DETECTORS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("lvie",), "'live'"),
        (("--inptu", "3"), "--input"),
        (("live", "extra"), "extra"),
        (("--preset", "oboe"), "guitar"),
        (("--detector", "magic"), "yinfft"),
        (("--eagerness", "3"), "eagerness"),
        (("--hop", "2"), "hop"),
        (("--hop", "many"), "--hop"),
        (("--low", "H3"), "E2"),
        (("--low", "C5", "--high", "C4"), "must be below"),
        (("--a4", "1"), "a4"),
        (("--rate", "100"), "rate"),
        (("--input", "-", "--format", "u8"), "u8"),
        (("--port", "a", "--virtual", "b"), "not both"),
        (("demo", "--hop", "2"), "hop"),
        (("transcribe",), "FILE"),
        (("transcribe", "absent.wav"), "absent.wav"),
    ],
)
def test_misuse_gets_one_line_and_status_2(run, words, message):
    status, out, err = run(*words)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("streamer")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("streamer de", {"demo", "devices"}),
        ("streamer --re", {"--received", "--record-audio"}),
        ("streamer live --preset g", {"guitar", "guitar7"}),
        ("streamer --detector yinf", {"yinfast", "yinfft"}),
    ],
)
def test_the_shell_completes(run, monkeypatch, typed, offered):
    monkeypatch.setenv("_STREAMER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    _, out, _ = run()
    assert set(out.split()) == offered


def test_a_take_never_overwrites_another(tmp_path):
    (tmp_path / "song-2.wav").write_text("of an earlier session")
    files = Files(MidiForm(120.0), midi=tmp_path / "song.mid", record_audio=tmp_path / "song.wav", takes=True)
    recorders = files.recorders(48_000)
    for take in (1, 2):
        for open_take in recorders:
            open_take(take, 0).close()
    # Numbers that are free for both: sound and notes of a take have the same.
    assert {path.name for path in tmp_path.iterdir()} == {
        "song.mid",
        "song.wav",
        "song-2.wav",
        "song-3.mid",
        "song-3.wav",
    }
    assert (tmp_path / "song-2.wav").read_text() == "of an earlier session"


def test_a_group_without_a_command_shows_its_help(run):
    status, out, err = run("model")
    assert "Usage" in out
    assert "show" in out
    assert err == ""
    assert status == 2


def test_the_range_is_refused_in_the_words_of_the_flags(run):
    _, _, err = run("--low", "C5", "--high", "C3")
    assert "--low C5" in err
    assert "--high C3" in err
    assert "midi" not in err
