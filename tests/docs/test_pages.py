"""Commands, options, paths, examples and tables in the README and the documentation are those of the program."""

import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import numpy as np
import pytest
import soundfile
import typer

from streamer.cli import command_line
from streamer.config import PRESETS
from streamer.errors import EXTRAS
from streamer.events import Gap, NoteOff, NoteOn, PitchEstimate
from streamer.model import shipped_model
from streamer.outputs.jsonl import event_fields
from streamer.outputs.tables import F0_HEADER, NOTES_HEADER
from streamer.settings.catalogues import ENVIRONMENT
from streamer.settings.layers import environment_name
from streamer.units import note_name
from tests.docs.pages import ROOT, TEXTS, commands, fenced, options, table_rows
from tests.tones import melody

COMMANDS = sorted({(name, tuple(words)) for name, text in TEXTS.items() for words in commands(text)})
OPTIONS = sorted({(name, tuple(words)) for name, text in TEXTS.items() for words in options(text)})
PYTHON = [(name, code) for name, text in TEXTS.items() for code in fenced("python", text)]
PATHS = sorted(
    {path for text in TEXTS.values() for path in re.findall(r"`((?:streamer|tests|docs|examples)/[\w/.]*)`", text)}
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def leaves(command) -> Iterator:
    """The commands that do something."""
    children = getattr(command, "commands", {})
    for child in children.values():
        yield from leaves(child)
    if not children:
        yield command


def named_leaves(command, path=()) -> Iterator:
    """The same, each with the words that call it."""
    children = getattr(command, "commands", {})
    for name, child in children.items():
        yield from named_leaves(child, (*path, name))
    if not children:
        yield path, command


@pytest.fixture
def parse():
    """Parse a command line just as the program does, but run nothing; gives the command that would have run."""
    program = typer.main.get_command(command_line())
    ran = []
    for leaf in leaves(program):
        leaf.callback = lambda leaf=leaf, **_: ran.append(leaf.name)

    def parsed(words):
        ran.clear()
        program(list(words), prog_name="streamer", standalone_mode=False)
        return ran[-1] if ran else None

    return parsed


@pytest.fixture(scope="module")
def known_options():
    """Each option, and the command lines, complete but for it, that it may stand in."""
    complete = {
        "record-dataset": ["folder"],
        "transcribe": ["a.wav"],
        "evaluate": ["data"],
        "train": ["data", "-o", "a.model"],
        "tune": ["data", "-o", "a.toml"],
        "save": ["--gate", "-50"],
    }
    found: dict[str, list[list[str]]] = {}
    program = typer.main.get_command(command_line())
    for path, leaf in named_leaves(program):
        line = [*path, *complete.get(path[-1], [])]
        for param in leaf.params:
            for option in (*param.opts, *param.secondary_opts):
                found.setdefault(option, []).append(line)
    for param in program.params:
        for option in param.opts:
            found.setdefault(option, []).append([])
    return found


def test_commands_and_options_are_found_at_all():
    assert ("README.md", ("transcribe", "solo.flac", "--midi", "solo.mid")) in COMMANDS
    assert ("docs/install.md", ("demo",)) in COMMANDS
    assert ("README.md", ("--eagerness", "0.8")) in OPTIONS
    assert len(COMMANDS) > 40
    assert len(OPTIONS) > 30


@pytest.mark.parametrize("words", sorted({words for _, words in COMMANDS}), ids=" ".join)
def test_every_command_parses(words, parse):
    program = typer.main.get_command(command_line())
    named_only = len(words) == 1 and words[0] in program.commands  # in a sentence, without what it needs
    if not named_only and "--install-completion" not in words:  # which would, as soon as it is parsed
        parse(words)


@pytest.mark.parametrize("words", sorted({words for _, words in OPTIONS}), ids=" ".join)
def test_every_option_exists_and_takes_the_value_that_is_shown(words, parse, known_options):
    option, *value = words
    assert option in known_options, f"no command has {option}"
    if not value:
        return
    errors = []
    for line in known_options[option]:
        try:
            parse([*line, *words])
        except typer.TyperException as error:
            errors.append(f"{line}: {error.format_message()}")
        else:
            return
    pytest.fail("; ".join(errors))


def test_every_command_is_described():
    program = typer.main.get_command(command_line())
    described = {words[0] for _, words in COMMANDS if words}
    assert set(program.commands) - described == set()


@pytest.mark.parametrize("path", PATHS)
def test_every_path_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("page", "code"), PYTHON, ids=[f"{page}-{number}" for number, (page, _) in enumerate(PYTHON)])
def test_python_runs(page, code, tmp_path):
    samples, _ = melody([52, 55, 59], 48_000)
    soundfile.write(tmp_path / "solo.wav", samples, 48_000)
    script = f"import soundfile\nblocks = [soundfile.read('solo.wav', dtype='float32')[0]]\n{code}"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout, "it shows nothing"


def test_the_commands_for_a_recording_write_what_they_name(tmp_path):
    samples, _ = melody([52, 55, 59], 48_000)
    for name in ("solo.wav", "solo.flac"):
        soundfile.write(tmp_path / name, samples, 48_000)
    (tmp_path / "takes").mkdir()
    soundfile.write(tmp_path / "takes" / "one.wav", samples, 48_000)
    lines = [words for page, words in COMMANDS if page == "docs/guide/files.md" and words[:1] == ("transcribe",)]
    assert len(lines) >= 2
    for words in lines:
        command = [sys.executable, "-m", "streamer", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        written = [word for word in words if word.endswith((".mid", ".csv", ".jsonl"))]
        assert all((tmp_path / name).stat().st_size for name in written)
        assert written or "3 notes" in done.stdout + done.stderr


@pytest.mark.parametrize("words", [["push_samples.py"], ["transcribe_file.py", "solo.wav", "solo.mid", "guitar"]])
def test_the_examples_run(words, tmp_path):
    samples, _ = melody([52, 55, 59], 48_000)
    soundfile.write(tmp_path / "solo.wav", samples, 48_000)
    command = [sys.executable, str(ROOT / "examples" / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "E3" in done.stdout


def test_the_example_that_reads_events_takes_what_transcribe_writes(tmp_path):
    samples, _ = melody([52, 55, 59], 48_000)
    soundfile.write(tmp_path / "solo.wav", samples, 48_000)
    command = [sys.executable, "-m", "streamer", "transcribe", "solo.wav", "--jsonl", "-"]
    lines = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    watch = [sys.executable, str(ROOT / "examples" / "watch_events.py")]
    shown = subprocess.run(watch, input=lines, capture_output=True, check=True).stdout.decode()
    assert [line.split()[2] for line in shown.splitlines()] == ["E3", "G3", "B3"]


# -- tables -------------------------------------------------------------------------------------------------------


def test_the_presets_are_those_of_the_program():
    rows = table_rows(TEXTS["docs/guide/live.md"], "## Presets")
    assert [row[:4] for row in rows] == [
        [f"`{name}`", note_name(preset.low_midi), note_name(preset.high_midi), f"{preset.gate_db:.0f} dB"]
        for name, preset in PRESETS.items()
    ]


def test_the_columns_of_tables_are_those_that_are_written():
    for header in (NOTES_HEADER, F0_HEADER):
        assert f"`{header}`" in TEXTS["docs/guide/files.md"]


def test_the_fields_of_json_lines_are_those_that_are_written():
    fields: dict[str, set[str]] = {}
    kind = ""
    for lines, names, _ in table_rows(TEXTS["docs/guide/files.md"], "## JSON lines"):
        kind = re.sub(r"`|,.*", "", lines) or kind
        fields.setdefault(kind, set()).update(re.findall(r"`(\w+)`", names))
    events = (
        PitchEstimate(1, 1, 440.0, 0.5, -20.0, 0.1),
        NoteOn(1, 0, 60, 100, 60.0, note_id=1),
        NoteOff(1, 0, 60, 60.0, 1),
        Gap(1, 1),
    )
    for event in events:
        written = event_fields(event, 48_000)
        assert fields["all"] | fields[str(written["type"])] == set(written)


def test_the_data_behind_the_model_are_those_of_its_card():
    rows = table_rows(TEXTS["docs/training.md"], "## The data behind the model")
    assert [f"{source.strip('`')}: {licence}" for source, licence in rows] == shipped_model().card["licences"]
    assert f"{shipped_model().card['recordings']} recordings" in TEXTS["docs/training.md"]


def test_the_extras_are_those_of_the_package():
    extras = PROJECT["optional-dependencies"]
    rows = table_rows(TEXTS["docs/install.md"], "## Extras")
    assert {row[0].strip("`") for row in rows} == set(extras)
    assert set(EXTRAS.values()) == {needed for name in extras.keys() - {"docs", "dev"} for needed in extras[name]}
    assert not set(EXTRAS.values()) & set(PROJECT["dependencies"])


def test_the_environment_variables_are_those_of_the_program():
    names = {name for text in TEXTS.values() for name in re.findall(r"\bSTREAMER_\w+", text)}
    assert names <= {environment_name(setting) for setting in ENVIRONMENT}


# -- the picture --------------------------------------------------------------------------------------------------


def test_the_picture_moves_is_small_and_needs_nothing_from_elsewhere():
    path = ROOT / "docs" / "images" / "screen.svg"
    picture = path.read_text(encoding="utf-8")
    ElementTree.fromstring(picture)
    assert path.stat().st_size < 300_000
    assert "@keyframes" in picture
    assert "url(" not in picture
    assert set(re.findall(r"(?:href|src)=.(.)", picture)) == {"#"}
    for word in ("streamer", "cents", "latency", "note on"):
        assert word in picture


def test_the_picture_can_be_drawn_anew(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import make_screen

    monkeypatch.setattr(make_screen, "FROM_S", 1.0)
    monkeypatch.setattr(make_screen, "TO_S", 2.0)
    frames = list(make_screen.snapshots())
    assert len(frames) == 1 + make_screen.FRAMES_PER_S
    assert np.all(np.diff([frame.time_s for frame in frames]) == 1 / make_screen.FRAMES_PER_S)
    drawn = make_screen.svg(frames)
    ElementTree.fromstring(drawn)
    assert "E4" in drawn
