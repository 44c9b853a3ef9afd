"""What a command gets for its parameters: from flags, environment variables and defaults."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest
import typer

from streamer.commands.options import Given, takes_settings
from streamer.config import TrackerConfig
from streamer.errors import ConfigError
from streamer.settings.catalogues import CHAPTERS, ENVIRONMENT
from streamer.settings.description import Setting
from streamer.settings.io import FILES, INPUT, OUTPUT, SCREEN
from streamer.settings.layers import environment_name
from streamer.settings.tracker import TRACKER

LOUD = Setting(name="loud", kind="bool", default=True, help="Play loud; the flag makes it soft.", flag="--soft")
WORDS = Setting(name="words", kind="str", default=(), help="Any.", length=(0, 3), flag="--word", repeated=True)
ROOM = Setting(name="room", kind="size", default=100, help="Room.", low=64, high=9000, flag="--room", short="-r")
OWN = (LOUD, WORDS, ROOM)


def run(command, *words):
    app = typer.Typer()
    app.command()(command)
    return app(list(words), standalone_mode=False)


@pytest.fixture
def got():
    """A command that takes one setting of each shape, and what it got."""
    found = {}

    @takes_settings(INPUT, OUTPUT, FILES, SCREEN, OWN)
    def command(
        *,
        own: Annotated[int, typer.Option()] = 3,
        input_: str | None,
        rate: int | None,
        format_: str,
        port: str | None,
        virtual: str | None,
        jsonl: Path | None,
        no_ui: bool,
        loud: bool,
        words: tuple[str, ...],
        room: int,
    ) -> int:
        found.update(locals())
        return 0

    def of(*words):
        run(command, *words)
        return {name: value for name, value in found.items() if name != "found"}

    return of


DEFAULTS = {
    "own": 3, "input_": None, "rate": None, "format_": "s16", "port": None, "virtual": None, "jsonl": None,
    "no_ui": False, "loud": True, "words": (), "room": 100,
}  # fmt: skip


def test_with_nothing_given_it_is_the_defaults(got):
    assert got() == DEFAULTS


def test_every_shape_of_flag_arrives(got):
    words = "--own 4 -i USB --rate 44100 --format f32 --jsonl - --no-ui --soft --word a --word b,c -r 2G"
    assert got(*words.split()) == DEFAULTS | {
        "own": 4, "input_": "USB", "rate": 44_100, "format_": "f32", "jsonl": Path("-"),
        "no_ui": True, "loud": False, "words": ("a", "b,c"), "room": 2000,
    }  # fmt: skip


def test_variables_are_read_and_a_flag_wins(got, monkeypatch):
    for name, text in {"INPUT": "USB", "RATE": "44100", "FORMAT": "f32", "NO_UI": "yes", "PORT": ""}.items():
        monkeypatch.setenv(f"STREAMER_{name}", text)
    read = {"input_": "USB", "rate": 44_100, "format_": "f32", "no_ui": True}
    assert got() == DEFAULTS | read
    assert got("--input", "-", "--rate", "8000") == DEFAULTS | read | {"input_": "-", "rate": 8000}


def test_a_flag_takes_the_place_of_the_variable_of_another(got, monkeypatch):
    monkeypatch.setenv("STREAMER_PORT", "FluidSynth")
    assert got()["port"] == "FluidSynth"
    assert got("--virtual", "v") == DEFAULTS | {"virtual": "v"}
    monkeypatch.setenv("STREAMER_PORT", "")
    monkeypatch.setenv("STREAMER_VIRTUAL", "v")
    assert got("--port", "o") == DEFAULTS | {"port": "o"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rate", "100"], "rate is 100, but must be a whole number from 8000 to 192000"),
        (["--format", "u8"], "choose from s16, f32"),
        (["--room", "9"], "500M or 2G"),
        (["--room", "1M"], "room is 1, but must be"),
        (["--word", "a"] * 4, "a list of 0 to 3 texts"),
    ],
)
def test_a_wrong_flag_is_refused(got, words, message):
    with pytest.raises((ConfigError, typer.BadParameter), match=message):
        got(*words)


def test_a_wrong_variable_of_another_command_is_refused(got, monkeypatch):
    monkeypatch.setenv("STREAMER_A4", "loud")
    with pytest.raises(ConfigError, match="STREAMER_A4 cannot be 'loud'"):
        got()


def test_a_command_may_have_a_default_of_its_own():
    @takes_settings(FILES, [replace(s, default="a.mid") for s in FILES if s.name == "midi"])
    def command(*, midi: Path) -> int:
        return midi.name  # type: ignore[return-value]

    assert run(command) == "a.mid"
    assert run(command, "--midi", "b.mid") == "b.mid"


def test_what_was_given_is_told_from_what_was_not():
    @takes_settings(OWN, SCREEN)
    def command(*, given: Given, room: int) -> int:
        return dict(given), room  # type: ignore[return-value]

    assert run(command) == ({}, 100)
    assert run(command, "--soft", "--room", "64M") == ({"loud": False}, 64)
    assert run(command, "--word", "a", "--no-ui") == ({"words": ("a",), "no_ui": True}, 100)


def test_a_setting_without_a_flag_is_still_read(monkeypatch):
    @takes_settings([replace(setting, flag="") for setting in TRACKER])
    def command(*, config: TrackerConfig) -> int:
        return config.a4_hz  # type: ignore[return-value]

    monkeypatch.setenv("STREAMER_A4", "442")
    assert run(command) == 442.0
    with pytest.raises(typer.TyperException, match="--a4"):
        run(command, "--a4", "443")


def test_a_parameter_that_is_no_setting_is_refused_at_once():
    with pytest.raises(TypeError, match="inptu is no setting"):

        @takes_settings(INPUT)
        def command(*, inptu: str) -> int:
            return 0


def test_the_core_of_the_computation_is_accepted(got, monkeypatch):
    for name in ("auto", "numpy", "native"):
        monkeypatch.setenv("STREAMER_CORE", name)
        assert got() == DEFAULTS
    monkeypatch.setenv("STREAMER_CORE", "abacus")
    with pytest.raises(ConfigError, match="choose from auto, numpy, native"):
        got()


def test_variables_are_distinct_and_every_default_is_in_its_range():
    names = [environment_name(setting) for setting in ENVIRONMENT]
    assert len(set(names)) == len(names)
    for chapter in CHAPTERS:
        for setting in chapter.settings:
            if setting.default is not None:
                setting.check(setting.default)
