"""The file of settings: what it gives, what is wrong with it, and what is written to it."""

import os
import tomllib
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.cli import command_line
from streamer.errors import ConfigError
from streamer.settings.catalogues import PLAYING
from streamer.settings.file import CONFIGURATION, PLAYING_COMMANDS, Place, SettingsFile, place_of
from streamer.settings.saving import save

BY_NAME = {setting.name: setting for setting in PLAYING}


@pytest.fixture
def file(tmp_path):
    """Makes a file of settings of a text."""
    path = tmp_path / "rig.toml"

    def made(text: str) -> SettingsFile:
        path.write_text(text)
        return SettingsFile(Place(path, named=True), PLAYING)

    return made


def test_every_flag_of_what_plays_has_its_key():
    known = {flag for setting in (*PLAYING, *CONFIGURATION) for flag in (setting.flag, setting.short) if flag}
    known |= {"--list-presets", "--list-detectors", "--help", "-h"}
    program = typer.main.get_command(command_line())
    for name in PLAYING_COMMANDS:
        options = {option for param in program.commands[name].params for option in param.opts if option[:1] == "-"}
        assert options <= known


def test_profiles_and_commands_have_tables_of_their_own(file):
    layers = file(
        'gate = -50\nlow = "E2"\n[live]\nmidi = "take.mid"\n'
        "[profile.stage]\ngate = -40.5\n[profile.stage.demo]\nrate = 8000\n"
    )
    assert [layer.values for layer in layers.layers("live")] == [{"gate": -50.0, "low": 40}, {"midi": "take.mid"}]
    assert [layer.values for layer in layers.layers("demo", "stage")][1:] == [{}, {"gate": -40.5}, {"rate": 8000}]
    assert layers.layers("live")[1].where["midi"].endswith("rig.toml, line 4")
    assert layers.layers("live", "stage")[2].where["gate"].endswith("rig.toml, line 6")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a4 = 442\ngaet = -50", r"line 2: there is no setting 'gaet' \(did you mean gate\?\)"),
        (
            '\npreset = "gitar"',
            r"line 2: preset: there is no preset 'gitar' \(did you mean guitar\?\); choose from def",
        ),
        ("[live]\nformat = 'u8'", "line 2: format: there is no format 'u8'.*choose from s16, f32"),
        ("eagerness = 2", "line 1: eagerness is 2.0, but must be a number from 0 to 1"),
        ("eagerness = '0.5'", "line 1: eagerness cannot be '0.5'; it must be a number from 0 to 1"),
        ("midi = 'a.mid'", r"line 1: midi is a file to write: say for which command, in \[live\], \[demo\]"),
        ("live = 3", r"line 1: live must be a table: \[live\]"),
        ("profile = 'stage'", r"line 1: profile must be a table for each profile"),
        ("[profile]\nstage = 3", r"line 2: write \[profile.stage\]"),
        ("[profil.stage]\ngate = -50", "line 1: there is no setting 'profil'"),
        ("gate = -50\nlow =\n", "no TOML: .*line 2"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(file, text, message):
    with pytest.raises(ConfigError, match=f"rig.toml.*{message}") as told:
        file(text).layers("live")
    assert "\n" not in str(told.value)


def test_all_that_is_wrong_is_told_at_once(file):
    found = file('gate = 1\nlow = "E2"\n[demo]\nformat = "u8"\n[profile.a]\nhigh = "H"\n').complaints()
    assert [line.partition("rig.toml, ")[2].partition(":")[0] for line in found] == ["line 1", "line 4", "line 6"]


def test_a_profile_that_is_not_there_is_told_with_those_that_are(file):
    with pytest.raises(ConfigError, match=r"no profile 'stag' \(did you mean stage\?\); there are home, stage"):
        file("[profile.home]\n[profile.stage]\n").layers("live", "stag")
    with pytest.raises(ConfigError, match="no profile can be named"):
        place_of(None, "a.b")


def test_a_file_that_is_not_there_is_empty_unless_it_is_named(tmp_path):
    absent = tmp_path / "absent.toml"
    assert SettingsFile(Place(absent), PLAYING).layers("live")[0].values == {}
    with pytest.raises(ConfigError, match=r"absent\.toml cannot be read"):
        SettingsFile(Place(absent, named=True), PLAYING)
    assert SettingsFile(Place(Path(os.devnull), named=True), PLAYING).text == ""


def test_what_is_saved_leaves_all_else_as_it_was(tmp_path):
    place = Place(tmp_path / "new" / "rig.toml", "stage")
    save(Place(place.path), {"gate": -50.0, "port": "Fluid", "a4": 0.0}, PLAYING)
    place.path.write_text(place.path.read_text().replace("gate = -50.0", "gate = -50.0  # my room"))
    save(place, {"virtual": "mine", "low": 40, "midi": "a.mid"}, PLAYING)
    save(Place(place.path), {"eagerness": 0.7, "virtual": "mine", "a4": None}, PLAYING)
    text = place.path.read_text()
    assert "gate = -50.0  # my room" in text
    assert tomllib.loads(text) == {
        "gate": -50.0,
        "eagerness": 0.7,
        "virtual": "mine",  # in the place of the port
        "profile": {"stage": {"virtual": "mine", "low": "E2", "live": {"midi": "a.mid"}}},
    }
    assert [path.name for path in place.path.parent.iterdir()] == ["rig.toml"]


def test_what_contradicts_itself_or_is_wrong_is_not_saved(file):
    path = file("gate = 1\n").path
    with pytest.raises(ConfigError, match="port and virtual contradict each other"):
        save(Place(path), {"port": "a", "virtual": "b"}, PLAYING)
    with pytest.raises(ConfigError, match="line 1: gate is 1"):
        save(Place(path), {"eagerness": 1.0}, PLAYING)
    assert path.read_text() == "gate = 1\n"


VALUES = {
    "float": lambda s: st.floats(s.low, s.high),
    "int": lambda s: st.integers(int(s.low), int(s.high)),
    "note": lambda s: st.integers(int(s.low), int(s.high)),
    "choice": lambda s: st.sampled_from(s.choices),
    "bool": lambda s: st.booleans(),
    "str": lambda s: st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
}
SINGLE = [s for s in PLAYING if s.kind in VALUES and s.length is None and not s.replaces]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_what_is_saved_is_what_is_read(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("kept") / "rig.toml"
    expected: dict[str, dict[str, object]] = {"": {}, "stage": {}}
    for _ in range(data.draw(st.integers(1, 3))):
        profile = data.draw(st.sampled_from(["", "stage"]))
        chosen = data.draw(st.lists(st.sampled_from(SINGLE), max_size=5, unique_by=lambda s: s.name))
        values = {s.name: data.draw(VALUES[s.kind](s), s.name) for s in chosen}
        save(Place(path, profile), values, PLAYING)
        expected[profile] |= values
    profile = "stage" if "profile" in tomllib.loads(path.read_text()) else ""
    layers = SettingsFile(Place(path, named=True), PLAYING).layers("live", profile)
    assert [layer.values for layer in layers[::2]] == [expected[""], expected["stage"]][: len(layers) // 2]
