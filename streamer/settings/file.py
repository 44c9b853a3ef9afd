"""The file in which a player's settings are kept: read, laid out in layers, and checked.

::

    preset = "guitar"          # for all commands that play
    input = "USB"
    [live]                     # for one command
    midi = "take.mid"
    [profile.stage]            # comes before what stands above, where --profile stage says so
    gate = -45

`streamer.settings.saving` writes it.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamer.errors import ConfigError, printable
from streamer.settings.archive import ARCHIVE
from streamer.settings.description import Setting, nearest, shown
from streamer.settings.io import FILES
from streamer.settings.layers import from_toml, parse_toml, read_text

PROFILES = "profile"
PLAYING_COMMANDS = ("live", "demo", "transcribe")
FILE_GROUP = "Settings that are kept"
WRITTEN = frozenset(setting.name for setting in (*FILES, *ARCHIVE) if setting.kind == "path")
_FILE_NAME = "streamer.toml"
_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PROFILE_NAME = re.compile(r"[\w-]{1,40}")

CONFIG = Setting(
    name="config",
    kind="path",
    default=None,
    help="File of settings (`streamer config path`).",
    flag="--config",
    environment=True,
    metavar="FILE.toml",
    default_text="the user's own, where there is one",
    group=FILE_GROUP,
)
PROFILE = Setting(
    name="profile",
    kind="str",
    default="",
    help="Take the settings of this profile in that file, too.",
    flag="--profile",
    environment=True,
    metavar="NAME",
    group=FILE_GROUP,
)
CONFIGURATION = (CONFIG, PROFILE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where settings are kept.

    Attributes
    ----------
    path : Path
        The file.
    profile : str
        The profile in it; empty for what holds for all.
    named : bool
        Whether somebody has named the file, which then has to exist.
    """

    path: Path
    profile: str = ""
    named: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """What one table of the file gives.

    Attributes
    ----------
    values : dict
        By the name of the setting.
    where : dict of str to str
        File and line of each.
    """

    values: dict[str, Any] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)


def place_of(config: str | Path | None, profile: str) -> Place:
    """Where settings are kept, by what ``--config`` and ``--profile`` say.

    Parameters
    ----------
    config : str, Path or None
        The file; none for the user's own.
    profile : str
        The profile; empty for none.

    Raises
    ------
    ConfigError
        If no profile can have such a name.
    """
    if profile and not _PROFILE_NAME.fullmatch(profile):
        raise ConfigError(f"no profile can be named {shown(profile)}; use up to 40 letters, digits, - and _")
    if config:
        return Place(Path(config), profile, named=True)
    from platformdirs import user_config_path

    return Place(user_config_path("streamer", appauthor=False) / _FILE_NAME, profile)


class SettingsFile:
    """A file of settings that was read; one that is not there is empty, unless somebody has named it.

    Parameters
    ----------
    place : Place
        Where it is; the null device counts as an empty file.
    settings : iterable of Setting
        What may stand in it.
    text : str, optional
        What is to be taken for its text, instead of reading it.

    Attributes
    ----------
    path : Path
        The file.
    text : str
        What it holds.

    Raises
    ------
    ConfigError
        If it cannot be read or is no TOML.
    """

    def __init__(self, place: Place, settings: Iterable[Setting], text: str | None = None) -> None:
        self.path = place.path
        self._settings = tuple(settings)
        absent = str(place.path) == os.devnull or not (place.named or place.path.exists())
        self.text = text if text is not None else "" if absent else read_text(place.path)
        self._plain = parse_toml(self.text, str(place.path))
        self._lines = dict(_lines(self.text))

    @property
    def profiles(self) -> dict[str, Mapping[str, Any]]:
        """The tables of the profiles, by name.

        Raises
        ------
        ConfigError
            If one is no table.
        """
        found = self._plain.get(PROFILES, {})
        if not isinstance(found, Mapping):
            raise ConfigError(f"{self._at(PROFILES)}: {PROFILES} must be a table for each profile: [{PROFILES}.NAME]")
        for name, table in found.items():
            if not isinstance(table, Mapping):
                raise ConfigError(f"{self._at(PROFILES, name)}: write [{PROFILES}.{printable(name)}] for a profile")
        return dict(found)

    def layers(self, command: str, profile: str = "") -> list[Layer]:
        """What it gives a command, the weakest first: for all, for the command, and the same of the profile.

        Parameters
        ----------
        command : str
            One of `PLAYING_COMMANDS`.
        profile : str
            Name of the profile; empty for none.

        Raises
        ------
        ConfigError
            If there is no such profile, a name is unknown, or a value is of another type or out of range. It says file,
            line and key.
        """
        profiles = self.profiles
        if profile and profile not in profiles:
            there = f"; there are {', '.join(map(printable, profiles))}" if profiles else ", nor any other"
            raise ConfigError(f"{self.path} has no profile {shown(profile)}{nearest(profile, profiles)}{there}")
        found = self._tables({name: value for name, value in self._plain.items() if name != PROFILES}, (), command)
        if profile:
            found += self._tables(profiles[profile], (PROFILES, profile), command)
        return found

    def complaints(self) -> list[str]:
        """Everything that is wrong with it, each in one line."""
        found: dict[str, None] = {}
        try:
            names = ["", *self.profiles]
        except ConfigError as error:
            return [str(error)]
        for profile in names:
            table = self.profiles[profile] if profile else {n: v for n, v in self._plain.items() if n != PROFILES}
            for part in _single(table):  # one by one: an error hides nothing
                for command in PLAYING_COMMANDS:
                    try:
                        self._tables(part, (PROFILES, profile) if profile else (), command)
                    except ConfigError as error:
                        found[str(error)] = None
        return list(found)

    def _tables(self, table: Mapping[str, Any], path: tuple[str, ...], command: str) -> list[Layer]:
        common = {name: value for name, value in table.items() if name not in PLAYING_COMMANDS}
        for name in sorted(WRITTEN & common.keys()):
            tables = ", ".join(f"[{'.'.join((*path, of))}]" for of in PLAYING_COMMANDS)
            raise ConfigError(f"{self._at(*path, name)}: {name} is a file to write: say for which command, in {tables}")
        own = table.get(command, {})
        if not isinstance(own, Mapping):
            raise ConfigError(f"{self._at(*path, command)}: {command} must be a table: [{'.'.join((*path, command))}]")
        return [self._layer(common, path), self._layer(own, (*path, command))]

    def _layer(self, table: Mapping[str, Any], path: tuple[str, ...]) -> Layer:
        layer = Layer()
        for name, value in table.items():
            parts = value.items() if isinstance(value, Mapping) else ()
            for key, part in parts:  # of a table of settings, each with a line of its own
                found = from_toml({name: {key: part}}, self._settings, self._at(*path, name, key))
                layer.values.update(found)
                layer.where.update(dict.fromkeys(found, self._at(*path, name, key)))
            if not parts:
                found = from_toml({name: value}, self._settings, self._at(*path, name))
                layer.values.update(found)
                layer.where.update(dict.fromkeys(found, self._at(*path, name)))
        return layer

    def _at(self, *path: str) -> str:
        line = next((self._lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self._lines), None)
        return str(self.path) + (f", line {line}" if line else "")


def _single(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The same as tables of one value each."""
    for name, value in table.items():
        if name in PLAYING_COMMANDS and isinstance(value, Mapping):
            yield from ({name: {key: part}} for key, part in value.items())
        else:
            yield {name: value}


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Where each key and table begins; the last one of the same name is meant, as it is the one that is wrong."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _path(header[1])
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_path(key[1])), number


def _path(key: str) -> tuple[str, ...]:
    """The parts of a key with dots, as TOML reads them."""
    try:
        inner: Any = tomllib.loads(f"{key} = 0")
    except (tomllib.TOMLDecodeError, RecursionError):
        return ()
    parts = []
    while isinstance(inner, dict):
        ((part, inner),) = inner.items()
        parts.append(part)
    return tuple(parts)
