"""What the README and the pages of the documentation say in code: commands, options, paths, Python."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
GENERATED = {"settings.md"}
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.name not in GENERATED),
]
TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAM = re.compile(r"(?:\.venv[/\\](?:bin|Scripts)[/\\])?streamer")


def fenced(language: str, text: str) -> list[str]:
    """Blocks of code in one language."""
    return [code for name, code in _FENCE.findall(text) if name == language]


def inline(text: str) -> list[str]:
    """What stands in single backticks."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", _FENCE.sub("", text))


def commands(text: str) -> Iterator[list[str]]:
    """The words that follow each ``streamer``, in blocks for a shell and in backticks."""
    lines = [line for code in fenced("sh", text) for line in code.replace("\\\n", " ").splitlines()]
    lines += [code.replace("\\", "/") for code in inline(text) if "streamer" in code]
    for line in lines:
        for part in re.split(r"&&|\||(?<=\s);", line):
            words = shlex.split(part, comments=True)
            starts = [number for number, word in enumerate(words) if _PROGRAM.fullmatch(word)]
            before = words[: starts[0]] if starts else []
            if (starts and all(re.match(r"[A-Z_0-9]+=", word) for word in before)) or words[:1] == ["uvx"]:
                yield words[starts[0] + 1 :]


def options(text: str) -> list[list[str]]:
    """Options that stand in backticks on their own, with their value if they have one."""
    return [shlex.split(code) for code in inline(text) if code.startswith("--")]


def table_rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    part = text.split(f"\n{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\|\n)+", part, re.MULTILINE)
    assert table, f"no table under {heading}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]
