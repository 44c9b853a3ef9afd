"""Writes the file of settings; what stands there already, comments included, stays as it is."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamer.errors import ConfigError
from streamer.settings.description import Setting
from streamer.settings.file import PLAYING_COMMANDS, PROFILES, WRITTEN, Place, SettingsFile

if TYPE_CHECKING:
    from tomlkit.container import Container
    from tomlkit.items import Table

HEAD = "# Settings of streamer. `streamer config show` tells which there are, `streamer config check` what is wrong.\n"


def save(place: Place, values: Mapping[str, Any], settings: Iterable[Setting], command: str = "live") -> None:
    """Write values into the table of a profile, or where there is none above all tables.

    A value that takes the place of another removes it there, and None removes the value itself. The file is replaced as
    a whole, or stays as it was.

    Parameters
    ----------
    place : Place
        File and profile; both are made where they are not there yet.
    values : mapping
        By the names of the settings.
    settings : iterable of Setting
        What may stand in the file.
    command : str
        Whose table takes the names of files to write.

    Raises
    ------
    ConfigError
        If the file cannot be read or written, or has something in it that is wrong.
    """
    import tomlkit

    known = {setting.name: setting for setting in settings}
    fresh = Place(place.path, place.profile)
    text = SettingsFile(fresh, known.values()).text
    document = tomlkit.parse(text or HEAD)
    table: Container | Table = document
    if place.profile:
        table = _table(_table(document, PROFILES, hidden=True), place.profile)
    for setting in [known[name] for name, value in values.items() if value]:
        for replaced in setting.replaces:
            if values.get(replaced):
                raise ConfigError(f"{setting.name} and {replaced} contradict each other; leave one out")
            _put(table, replaced, None)
    for name, value in values.items():
        where = _table(table, command) if name in WRITTEN and value is not None else table
        _put(where, name, known[name].to_toml(value))
    made = tomlkit.dumps(document)
    written = SettingsFile(fresh, known.values(), made)
    for of in PLAYING_COMMANDS:  # nobody is to find out at the next start
        written.layers(of, place.profile)
    _replace(place.path, made)


def make(place: Place) -> None:
    """Begin the file where it is not there yet.

    Raises
    ------
    ConfigError
        If it cannot be written.
    """
    if not place.path.exists():
        _replace(place.path, HEAD)


def _table(parent: "Container | Table", name: str, *, hidden: bool = False) -> "Table":
    import tomlkit

    if name not in parent:
        parent[name] = tomlkit.table(is_super_table=hidden)
    found: Table = parent[name]
    return found


def _put(table: "Container | Table", name: str, value: Any) -> None:
    """Set or remove a value; one whose name has a dot stands in a table of its own."""
    outer, dot, inner = name.partition(".")
    if dot:
        if value is None and outer not in table:
            return
        table, name = _table(table, outer), inner
    if value is not None:
        table[name] = value
    elif name in table:
        table.remove(name)


def _replace(path: Path, text: str) -> None:
    """Write a file beside it, and let that take its place."""
    beside = ""
    try:
        target = path.resolve()  # what a link leads to, not the link
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with open(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if target.exists():
            os.chmod(beside, target.stat().st_mode & 0o777)
        os.replace(beside, target)
    except (OSError, RuntimeError) as error:
        with suppress(OSError):
            os.unlink(beside)
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"cannot write {path}: {reason}; choose another file by --config") from error
