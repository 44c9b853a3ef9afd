"""Every public function and class says what its parameters are; arrays with their shape.

The docstrings are read by griffe, which makes the API reference of them, too. A function of one
parameter may say it in a sentence where it is no array and not in that reference; one that overrides another, or
delegates to it, may refer to it: "As in `Source.read`". Fields of dataclasses are described as attributes.
The commands of the command line are left out: their docstrings are their help, and each option has its own.
"""

import re
from pathlib import Path

import pytest

griffe = pytest.importorskip("griffe", reason="griffe comes with the extra `docs`")
PACKAGE = griffe.load("streamer", docstring_parser="numpy", search_paths=["."])
REFERS = re.compile(r"\b(?:[Aa]s|[Aa]s in|[Ss]ee) `([\w.]+)`")
IS_ARRAY = re.compile(r"FloatArray|IntArray|NDArray|Samples\b|Signal\b|NoteTable|EventTable|Floats|Mask\b")
REFERENCE = Path(__file__).parent.parent / "docs" / "api"
SHOWN = [re.findall(r"^::: ([\w.]+)$", page.read_text("utf-8"), re.MULTILINE) for page in REFERENCE.glob("*.md")]
IN_REFERENCE = [name for names in SHOWN for name in names]
COMMANDS = ("streamer.cli", "streamer.commands")


def public(owner):
    for name, member in owner.members.items():
        if name.startswith("_") or member.is_alias or member.path.startswith(COMMANDS):
            continue
        if member.is_module or member.is_class:
            yield from public(member)
        if member.is_function or (member.is_class and "dataclass" not in member.labels):
            yield member


def parameters(item):
    function = item.members.get("__init__") if item.is_class else item
    if function is None or not function.is_function:
        return []
    return [one for one in function.parameters if one.name not in ("self", "cls") and not one.name.startswith("_")]


def section(item):
    """The parameters that the docstring has, by name, and what was wrong in reading it."""
    if item.docstring is None:
        return {}
    found = {}
    for part in item.docstring.parse("numpy"):
        if part.kind is griffe.DocstringSectionKind.parameters:
            for one in part.value:
                found |= {name.strip(" *"): one for name in one.name.split(",")}
    return found


ITEMS = [item for item in public(PACKAGE) if parameters(item)]
DESCRIBED = [item.path for item in ITEMS if section(item)]


def is_described(reference, name):
    """Whether what a docstring refers to, or the method of the same name in it, has its parameters described."""
    return any(path.endswith((f".{reference}", f".{reference}.{name}")) for path in DESCRIBED)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.path)
def test_parameters_are_described(item):
    wanted, described = parameters(item), section(item)
    text = item.docstring.value if item.docstring else ""
    assert text, "it has no docstring"
    if not described and any(is_described(name, item.name) for name in REFERS.findall(text)):
        return
    names = [one.name.strip("*") for one in wanted]
    arrays = [one.name for one in wanted if one.annotation and IS_ARRAY.search(str(one.annotation))]
    shown = any(f"{item.path}.".startswith(f"{name}.") for name in IN_REFERENCE)
    if len(names) == 1 and not arrays and not described and not shown:
        return
    assert [name for name in names if name not in described] == []
    assert [name for name in described if name not in names] == []
    for name in names:
        assert described[name].description.strip(), f"{name} is not described"
