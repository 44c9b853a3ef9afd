"""Every public function and class says what its parameters are; arrays with their shape.

The docstrings are read by griffe, which makes the API reference of them, too. A function of one parameter that is no
array may say it in a sentence; one that overrides another, or delegates to it, may refer to it: "As in `Source.read`".
The commands of the command line are left out: their docstrings are their help, and each option has its own.
"""

import re

import pytest

griffe = pytest.importorskip("griffe", reason="griffe comes with the extra `docs`")
PACKAGE = griffe.load("streamer", docstring_parser="numpy", search_paths=["."])
REFERS = re.compile(r"\b(?:As in|See|As|as) `[\w.]+`")
IS_ARRAY = re.compile(r"FloatArray|NDArray|Signal\b|NoteTable|EventTable|Floats|Mask\b")
IS_SHAPED = re.compile(r"shape \(|ndarray|array")
COMMANDS = ("streamer.cli", "streamer.commands")


def public(owner):
    for name, member in owner.members.items():
        if name.startswith("_") or member.is_alias:
            continue
        if member.is_module or member.is_class:
            if not member.path.startswith(COMMANDS):
                yield from public(member)
        if member.is_class or member.is_function:
            yield member


def parameters(item):
    function = item.members.get("__init__") if item.is_class else item
    if function is None or not function.is_function:
        return []
    names = [one for one in function.parameters if one.name not in ("self", "cls") and not one.name.startswith("_")]
    return names[:]


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


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.path)
def test_parameters_are_described(item):
    wanted, described = parameters(item), section(item)
    text = item.docstring.value if item.docstring else ""
    assert text, "it has no docstring"
    if REFERS.search(text) and not described:
        return
    names = [one.name.strip("*") for one in wanted]
    arrays = [one.name for one in wanted if one.annotation and IS_ARRAY.search(str(one.annotation))]
    if len(names) == 1 and not arrays and not described:
        return
    assert [name for name in names if name not in described] == []
    assert [name for name in described if name not in names] == []
    for name in names:
        assert described[name].description.strip(), f"{name} is not described"
