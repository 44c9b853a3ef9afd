"""What the readme says exists, and what exists is in it."""

import re
from pathlib import Path

import pytest

from streamer.cli import command_line, main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
OTHERS_OPTIONS = {"--only-binary", "--check"}  # of pip and ruff


@pytest.fixture(scope="module")
def commands():
    return [command.name for command in command_line().registered_commands]


@pytest.fixture
def all_help(commands, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for words in ([], *([command] for command in commands)):
        with pytest.raises(SystemExit):
            main([*words, "--help"])
    return capsys.readouterr().out


def test_every_command_is_in_the_readme(commands):
    assert [name for name in commands if f"streamer {name}" not in README] == []


def test_every_option_in_the_readme_exists(all_help):
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", README)) - OTHERS_OPTIONS
    there = set(re.findall(r"--[a-z][a-z0-9-]+", all_help))
    assert told - there == set()


def test_every_file_in_the_readme_exists():
    named = re.findall(r"`((?:streamer|tests|docs|examples)/[\w/.]*)`", README)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_link_within_the_project_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert {"docs/structure.md", "docs/settings.md"} <= set(links)
    assert [link for link in links if not (ROOT / link.partition("#")[0]).exists()] == []


def test_the_readme_is_short_and_its_picture_is_there():
    assert len(README.splitlines()) <= 150
    picture = re.search(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert picture
    assert (ROOT / picture[1]).is_file()


@pytest.mark.parametrize("end", ["streamer demo", "pytest"])
def test_the_two_commands_that_ci_runs_are_there_once(end):
    assert len(re.findall(rf"^python3 -m venv .*{end}$", README, re.MULTILINE)) == 1
