"""The page of the documentation that tells every setting, made from the descriptions."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamer.settings.description import Setting
from streamer.settings.layers import environment_name
from streamer.settings.tracker import TRACKER

_COLUMNS = ("Name and TOML key", "Flag", "Environment variable", "Type", "Range", "Unit", "Default", "What it is")
_TYPES = {
    "int": "whole number",
    "float": "number",
    "str": "text",
    "note": "note name or MIDI number",
    "path": "path of a file",
    "choice": "name",
    "bool": "true or false",
}
_TITLE = "# Settings"
_NOTICE = "<!-- Made from the descriptions of the settings by docs/make_settings.py; do not edit by hand. -->"


@dataclass(frozen=True, slots=True)
class Chapter:
    """Settings that belong together.

    Attributes
    ----------
    title : str
        Its heading.
    intro : str
        What is said before the table, as Markdown.
    settings : tuple of Setting
        The rows of the table.
    has_environment : bool
        Whether environment variables are read for these settings.
    """

    title: str
    intro: str
    settings: tuple[Setting, ...]
    has_environment: bool = False


TRACKER_CHAPTER = Chapter(
    title="Tracker",
    intro=(
        "The settings of `streamer live`, `demo` and `transcribe`; `streamer evaluate` takes `preset` and `eagerness`. "
        "A value comes from the strongest of these layers that gives one: default < preset < file < environment < "
        "flag. The commands read no file of these settings yet; the keys are those that it will have. An environment "
        "variable that is empty counts as not given."
    ),
    settings=TRACKER,
    has_environment=True,
)


def settings_page(chapters: Sequence[Chapter] = (TRACKER_CHAPTER,)) -> str:
    """The whole page, as Markdown."""
    parts = [_TITLE, _NOTICE]
    for chapter in chapters:
        rows = [_row(setting, chapter.has_environment) for setting in chapter.settings]
        table = [_line(_COLUMNS), _line(["---"] * len(_COLUMNS)), *map(_line, rows)]
        parts += [f"## {chapter.title}", chapter.intro, "\n".join(table)]
    return "\n\n".join(parts) + "\n"


def _row(setting: Setting, has_environment: bool) -> list[str]:
    return [
        f"`{setting.name}`",
        f"`{setting.flag}`" if setting.flag else "",
        f"`{environment_name(setting)}`" if has_environment else "",
        _type(setting),
        _range(setting),
        setting.unit,
        setting.shown_default,
        setting.help,
    ]


def _type(setting: Setting) -> str:
    if setting.length is None:
        return _TYPES[setting.kind]
    least, most = setting.length
    return f"list of {least if least == most else f'{least} to {most}'}: {_TYPES[setting.kind]}"


def _range(setting: Setting) -> str:
    if setting.choices:
        return ", ".join(setting.choices)
    return setting.range + (f", or {setting.automatic}: automatic" if setting.automatic is not None else "")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
