"""What the page on the structure says exists, and every room of the house is on it.

A path stands in backticks; names in backticks right after it, separated by commas or "and", are of that file.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.test_layers import LAYERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "structure.md").read_text(encoding="utf-8")
PATH = r"(?:streamer|tests|docs|examples)/[\w/.]*"
NAME = r"[A-Za-z_][\w.]*"
PATHS = sorted(set(re.findall(rf"`({PATH})`", PAGE)))
NAMED = sorted(
    {
        (path, name)
        for path, names in re.findall(rf"`({PATH}\.py)`((?:(?:,? (?:and )?)`{NAME}`)+)", PAGE)
        for name in re.findall(rf"`({NAME})`", names)
    }
)


@cache
def names_in(path: str) -> set[str]:
    """What a module defines at its top, and the methods of its classes as ``Class.method``."""
    found: set[str] = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def section(title: str) -> str:
    """What stands under a heading."""
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("path", PATHS)
def test_every_path_exists(path: str) -> None:
    assert (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file()


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_name_is_in_its_file(path: str, name: str) -> None:
    assert name in names_in(path)


@pytest.mark.parametrize("name", sorted(set(re.findall(rf"`({NAME})(?:\([^`]*\))?`", PAGE))))
def test_a_name_without_its_file_is_in_one_that_is_named(name: str) -> None:
    known = {known for path in PATHS if path.endswith(".py") for known in names_in(path)}
    assert name in known | {method.rpartition(".")[2] for method in known}


def test_names_are_found_at_all() -> None:
    assert ("streamer/tracker.py", "Tracker") in NAMED
    assert len(NAMED) > 60


def test_every_room_is_on_the_page() -> None:
    rooms = {
        f"streamer/{path.name}{'/' * path.is_dir()}"
        for path in (ROOT / "streamer").iterdir()
        if (path.is_dir() and any(path.glob("[!_.]*"))) or path.suffix == ".py"
    }
    assert rooms - {"streamer/__init__.py"} - set(PATHS) == set()


def test_the_layers_are_those_that_the_tests_hold() -> None:
    told = [
        {re.sub(r"(/|\.py)$", "", path).removeprefix("streamer/") for path in re.findall(rf"`({PATH})`", line)}
        for line in re.findall(r"^\d+\. (.*)$", section("The layers"), re.MULTILINE)
    ]
    assert told == [set(layer) for layer in LAYERS]
