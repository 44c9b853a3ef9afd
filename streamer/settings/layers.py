"""Where the value of a setting comes from: default < preset < file < environment < flag.

A layer is a mapping that holds the values that were given there, by the names of the settings. What was not given is
absent, or `UNSET`; so a flag that says what the default says, too, still wins over a preset.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal

from streamer.errors import ConfigError
from streamer.reading import read_at_most
from streamer.settings.description import Setting, nearest, shown

ENVIRONMENT_PREFIX = "STREAMER_"
MOST_TOML_BYTES = 100_000
_MOST_DOTS = 200  # in a line: the time that a key takes to be read grows with the square of the number of its parts


class _Sentinel(Enum):
    UNSET = "unset"


Unset = Literal[_Sentinel.UNSET]
UNSET: Final = _Sentinel.UNSET


class Origin(Enum):
    """The layers, from the weakest to the strongest."""

    DEFAULT = "default"
    PRESET = "preset"
    FILE = "file"
    ENVIRONMENT = "environment"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Resolved:
    """The value of a setting, and the layer that it comes from; of a file, also where in it."""

    value: Any
    origin: Origin
    where: str = ""


def merge(
    default: Mapping[str, Any],
    preset: Mapping[str, Any] | None = None,
    file: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> dict[str, Resolved]:
    """The value of each setting from the strongest layer that gives one.

    Parameters
    ----------
    default : mapping
        A value for every setting, by name.
    preset : mapping, optional
        Of the preset.
    file : mapping, optional
        Of a file.
    environment : mapping, optional
        Of environment variables.
    flags : mapping, optional
        Of the command line; the strongest.
    """
    merged: dict[str, Resolved] = {}
    for origin, layer in zip(Origin, (default, preset, file, environment, flags), strict=True):
        given = {name: value for name, value in (layer or {}).items() if value is not UNSET}
        merged |= {name: Resolved(value, origin) for name, value in given.items()}
    return merged


def defaults_of(settings: Iterable[Setting]) -> dict[str, Any]:
    """The layer of the defaults."""
    return {setting.name: setting.default for setting in settings}


def environment_name(setting: Setting) -> str:
    """The environment variable of a setting, such as ``STREAMER_EAGERNESS``."""
    return ENVIRONMENT_PREFIX + setting.name.replace(".", "_").upper()


def from_environment(environ: Mapping[str, str], settings: Iterable[Setting]) -> dict[str, Any]:
    """The layer of the environment; a variable that is empty counts as not given.

    Parameters
    ----------
    environ : mapping of str to str
        The environment.
    settings : iterable of Setting
        All that there are, of any command; those that read no variable are passed over.

    Raises
    ------
    ConfigError
        If a variable with our prefix is unknown, or a value is of another type or out of range.
    """
    known = {environment_name(setting): setting for setting in settings if setting.environment}
    found: dict[str, Any] = {}
    for variable in sorted(name for name in environ if name.startswith(ENVIRONMENT_PREFIX)):
        if variable not in known:
            what = f"the environment variable {shown(variable)} is no setting{nearest(variable, known)}"
            raise ConfigError(f"{what}; there are {', '.join(known)}; unset it")
        if environ[variable]:
            found[known[variable].name] = known[variable].parse(environ[variable], variable)
    return found


def read_text(path: Path) -> str:
    """The text of a file of settings.

    Raises
    ------
    ConfigError
        If it cannot be read, is too large or is no UTF-8.
    """
    try:
        return read_at_most(path, MOST_TOML_BYTES).decode()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error


def parse_toml(text: str, path: str) -> dict[str, Any]:
    """Plain values of a text in TOML.

    Parameters
    ----------
    text : str
        What the file holds.
    path : str
        Its name, for messages.

    Raises
    ------
    ConfigError
        If it is no TOML, or such that reading it would take for ever.
    """
    try:
        if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
            raise ConfigError(f"{path} has more than {_MOST_DOTS} dots in a line, too many for a file of settings")
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply for a file of settings") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    except ValueError:  # Python's limit on the digits of a number
        raise ConfigError(f"{path} has a number of thousands of digits; shorten it") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Plain values of a TOML file.

    Raises
    ------
    ConfigError
        If it cannot be read, is too large or is no TOML.
    """
    return parse_toml(read_text(path), str(path))


def from_toml(source: Path | Mapping[str, Any], settings: Iterable[Setting], where: str = "") -> dict[str, Any]:
    """The layer of a TOML file.

    Parameters
    ----------
    source : Path or mapping
        The file, or the plain values that were read from it.
    settings : iterable of Setting
        What may stand in it. The settings of a table have its name and a dot before theirs.
    where : str
        With what the message of an error begins; the path if empty and there is one.

    Raises
    ------
    ConfigError
        If the file cannot be read, a name is unknown, or a value is of another type or out of range.
    """
    if isinstance(source, Path):
        where, source = where or str(source), read_toml(source)
    before = f"{where}: " if where else ""
    known = {setting.name: setting for setting in settings}
    tables = {name.partition(".")[0] for name in known if "." in name}
    found: dict[str, Any] = {}
    for name, value in source.items():
        if name in tables:
            found |= _from_table(name, value, known, before)
        elif name in known and "." not in name:
            found[name] = known[name].from_toml(value, before + name)
        else:
            there = list(dict.fromkeys(known_name.partition(".")[0] for known_name in known))
            near = nearest(name, there) or f"; there are {', '.join(there)}"
            raise ConfigError(f"{before}there is no setting {shown(name)}{near}")
    return found


def _from_table(table: str, values: object, known: Mapping[str, Setting], before: str) -> dict[str, Any]:
    there = [name.partition(".")[2] for name in known if name.startswith(f"{table}.")]
    if not isinstance(values, Mapping) or not values.keys() <= set(there):
        wrong = [key for key in values if key not in there] if isinstance(values, Mapping) else []
        near = nearest(wrong[0], there) if wrong else ""
        raise ConfigError(f"{before}{table} cannot be {shown(values)}{near}; it must be a table of {', '.join(there)}")
    names = {key: f"{table}.{key}" for key in values}
    return {name: known[name].from_toml(values[key], before + name) for key, name in names.items()}
