"""What the readme says exists, and what exists is in it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from streamer.cli import app, main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
OTHERS_OPTIONS = {"--only-binary", "--check"}  # of pip and ruff


@pytest.fixture(scope="module")
def commands():
    return [command.name for command in app.registered_commands]


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
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_python_of_the_readme_runs(tmp_path):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    script = "import numpy as np\nblocks = [np.zeros(1000, np.float32)] * 3\n" + code[1]
    subprocess.run([sys.executable, "-c", script], check=True)
