"""The files of the page: whole, the browser's own, and from nobody else."""

import re
from pathlib import Path

import streamer

STATIC = Path(streamer.__file__).parent / "web" / "static"
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
MOST_LINES = 400


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_all_that_is_named_is_there():
    page = text(STATIC / "index.html")
    named = [STATIC / name for name in re.findall(r'(?:src|href)="static/([^"]+)"', page)]
    for script in SCRIPTS:
        named += [script.parent / name for name in re.findall(r'(?:from |URL\()"([^"]+\.js)"', text(script))]
    assert len(named) > len(SCRIPTS)
    assert [path for path in named if not path.is_file()] == []
    assert {path.resolve() for path in named if path.suffix == ".js"} == set(SCRIPTS), "scripts that nobody uses"


def test_every_element_that_scripts_look_for_is_on_the_page():
    ids = re.findall(r'\bid="([^"]+)"', text(STATIC / "index.html"))
    assert len(ids) == len(set(ids))
    looked_for = {name for script in SCRIPTS for name in re.findall(r'byId\("([^"]+)"\)', text(script))}
    assert looked_for
    assert looked_for <= set(ids)


def test_nothing_comes_from_elsewhere_and_nothing_stands_inline():
    for path in (*SCRIPTS, *STATIC.glob("*.*")):
        urls = set(re.findall(r"https?://[^\s\"'`)]+", text(path)))
        assert {url for url in urls if "localhost" not in url} <= {"http://www.w3.org/2000/svg"}, path.name
    page = text(STATIC / "index.html")
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]
    for script in SCRIPTS:
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(", text(script)), script.name


def test_scripts_are_short():
    assert [script.name for script in SCRIPTS if len(text(script).splitlines()) > MOST_LINES] == []
