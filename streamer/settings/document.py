"""The page of the documentation that tells every setting, made from the descriptions."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamer.settings.description import Setting
from streamer.settings.layers import environment_name

_COLUMNS = ("Name and TOML key", "Flag", "Environment variable", "Type", "Range", "Unit", "Default", "What it is")
_TYPES = {
    "int": "whole number",
    "float": "number",
    "str": "text",
    "note": "note name or MIDI number",
    "size": "megabytes, or a size such as 2G",
    "path": "path",
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
    """

    title: str
    intro: str
    settings: tuple[Setting, ...]


def settings_page(chapters: Sequence[Chapter]) -> str:
    """The whole page, as Markdown."""
    parts = [_TITLE, _NOTICE]
    for chapter in chapters:
        rows = map(_row, chapter.settings)
        table = [_line(_COLUMNS), _line(["---"] * len(_COLUMNS)), *map(_line, rows)]
        parts += [f"## {chapter.title}", chapter.intro, "\n".join(table)]
    return "\n\n".join(parts) + "\n"


def _row(setting: Setting) -> list[str]:
    return [
        f"`{setting.name}`",
        ", ".join(f"`{flag}`" for flag in (setting.flag, setting.short) if flag),
        f"`{environment_name(setting)}`" if setting.environment else "",
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
    words = "".join(f", or {word}" for word, _ in setting.words)
    return setting.range + (f", or {setting.automatic}: automatic" if setting.automatic is not None else words)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
