"""Makes the options of a command from the descriptions of its settings."""

import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_origin

import typer

from streamer.config import TRACKER_GROUP, TrackerConfig
from streamer.errors import ConfigError
from streamer.settings.catalogues import ENVIRONMENT, PLAYING
from streamer.settings.description import Setting, settings_of
from streamer.settings.file import (
    CONFIG,
    CONFIGURATION,
    PLAYING_COMMANDS,
    PROFILE,
    Layer,
    Place,
    SettingsFile,
    place_of,
)
from streamer.settings.layers import UNSET, Origin, Resolved, defaults_of, from_environment, merge
from streamer.settings.tracker import TRACKER, config_of, resolve_tracker

_MAKE_PROFILES = ("setup", "calibrate")
_NO_REAL_BOUND = 1_000_000  # help need not tell a greatest value that nobody will reach
_TRACKER_NAMES = {setting.name for setting in TRACKER}


class Given(dict[str, Any]):
    """The values that were given, in the environment or as flags, by the names of their settings."""


class Flags(dict[str, Any]):
    """The values that were given as flags, by the names of their settings; the file of settings is not read."""


class Settled(dict[str, Resolved]):
    """Every value with the layer that it comes from, by the names of the settings."""


def takes_settings(*catalogues: Iterable[Setting]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options that its parameters ask for, and its parameters the values.

    A parameter takes the setting of its name, where ``input_`` is ``input``; its value is that of the flag, else of the
    environment variable, else of the file of settings, where the catalogues hold `CONFIGURATION`, else the default; a
    path that is empty is None. Some parameters take several, by their type:

    - `TrackerConfig`: all settings of the tracker that the catalogues hold. The presets and the detectors can then be
      listed, too, if all are there.
    - `Given`: all other settings with a flag, as far as they were given.
    - `Flags`: all settings, as far as there was a flag; the file of settings is not read then.
    - `Settled`: all settings, with where each value comes from.
    - `Place`: where settings are kept.
    - Another dataclass whose fields carry settings, such as `MusicConfig`: all of those.

    What is annotated for typer stays as it is. Options appear in the order of the parameters.

    Parameters
    ----------
    *catalogues : iterable of Setting
        What there is to be taken. Of settings of the same name, the last is meant.

    Raises
    ------
    TypeError
        If a parameter is neither a setting nor annotated for typer.
    ConfigError
        When the command runs, if a value is unknown or out of range.
    """
    settings = {setting.name: setting for catalogue in catalogues for setting in catalogue}

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = inspect.signature(command).parameters.values()
        taken = _Taken(own, settings)
        shown = [option for parameter in own for option in taken.options_of(parameter)]
        shown += map(_option, taken.kept)

        @wraps(command)
        def with_settings(**values: Any) -> int:
            flags = {name: values.pop(name) for name in taken.flags}
            for name in _LISTS:
                values.pop(f"list_{name}", None)
            return command(**values, **taken.values(_resolve(settings, taken, flags, command.__name__)))

        with_settings.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
        with_settings.__annotations__ = {p.name: p.annotation for p in shown}
        return with_settings

    return decorate


class _Taken:
    """Which parameter of a command takes which settings.

    Parameters
    ----------
    parameters : iterable of inspect.Parameter
        All that the command has.
    settings : mapping of str to Setting
        What it can take, by name.
    """

    def __init__(self, parameters: Iterable[inspect.Parameter], settings: Mapping[str, Setting]) -> None:
        parameters = list(parameters)
        self._config = next((p.name for p in parameters if p.annotation is TrackerConfig), None)
        self._given = next((p.name for p in parameters if p.annotation is Given), None)
        self._flags = next((p.name for p in parameters if p.annotation is Flags), None)
        self._settled = next((p.name for p in parameters if p.annotation is Settled), None)
        self._place = next((p.name for p in parameters if p.annotation is Place), None)
        self.kept = [setting for setting in CONFIGURATION if setting.name in settings]
        self._several = {p.name: p.annotation for p in parameters if p.name != self._config and _carried(p.annotation)}
        self._single: dict[str, Setting] = {}
        for parameter in parameters:
            name = parameter.name.rstrip("_")
            if parameter.annotation in _SEVERAL or get_origin(parameter.annotation) is Annotated:
                continue
            if parameter.name in self._several:
                continue
            if name not in settings:
                raise TypeError(f"the parameter {parameter.name} is no setting, and is not annotated for typer")
            self._single[parameter.name] = settings[name]
        every = self._settled or self._flags
        self.tracked = [s for s in settings.values() if (self._config or every) and s.name in _TRACKER_NAMES]
        carried = [s for several in self._several.values() for s in _carried(several).values()]
        taken = [*self._single.values(), *self.tracked, *carried, *self.kept]
        self._others = [s for s in settings.values() if (self._given or every) and s not in taken]
        there = [*taken, *self._others]
        self.flags = list(dict.fromkeys(setting.name for setting in there if setting.flag))
        self.reads_file = bool(self.kept) and len(there) > len(self.kept) and not self._flags

    def options_of(self, parameter: inspect.Parameter) -> list[inspect.Parameter]:
        """The options that stand in the place of a parameter."""
        if parameter.name == self._config:
            lists = _LISTS if len(self.tracked) == len(TRACKER) else ()
            return [*(_option(setting) for setting in self.tracked if setting.flag), *map(_list_option, lists)]
        if parameter.name == self._given:
            return [_option(setting) for setting in self._others if setting.flag]
        if parameter.name in (self._settled, self._flags):
            return [_option(setting) for setting in (*self.tracked, *self._others) if setting.flag]
        if parameter.name == self._place:
            return []
        if parameter.name in self._several:
            return [_option(setting) for setting in _carried(parameter.annotation).values() if setting.flag]
        setting = self._single.get(parameter.name)
        if setting is None:
            return [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
        return [_option(setting)] if setting.flag and setting not in self.tracked else []

    def values(self, resolved: Mapping[str, Resolved]) -> dict[str, Any]:
        """What each parameter gets."""
        made: dict[str, Any] = {name: _value(setting, resolved) for name, setting in self._single.items()}
        if self._config:
            made[self._config] = config_of(resolved)
        for name, several in self._several.items():
            made[name] = several(**{field: _value(s, resolved) for field, s in _carried(several).items()})
        if self._given:
            there = {setting.name: resolved[setting.name] for setting in self._others}
            made[self._given] = Given({n: v.value for n, v in there.items() if v.origin is not Origin.DEFAULT})
        if self._flags:
            made[self._flags] = Flags({n: v.value for n, v in resolved.items() if v.origin is Origin.FLAG})
        if self._settled:
            kept = {setting.name for setting in self.kept}
            made[self._settled] = Settled({name: found for name, found in resolved.items() if name not in kept})
        if self._place:
            made[self._place] = place_of(resolved[CONFIG.name].value, resolved[PROFILE.name].value)
        return made


def _carried(annotation: Any) -> dict[str, Setting]:
    """The settings that the fields of a dataclass carry, by field; none where it is something else."""
    return settings_of(annotation) if is_dataclass(annotation) else {}


def _resolve(
    settings: Mapping[str, Setting], taken: _Taken, flags: Mapping[str, Any], command: str
) -> dict[str, Resolved]:
    given = {name: _of_flag(settings[name], value) for name, value in flags.items()}
    given = {name: value for name, value in given.items() if value is not UNSET}
    read = {name for name, setting in settings.items() if setting.environment}
    environment = {name: value for name, value in from_environment(os.environ, ENVIRONMENT).items() if name in read}
    default = defaults_of(settings.values())
    tables = _tables(merge(default, None, None, environment, given), command) if taken.reads_file else []
    tables = [Layer({n: v for n, v in table.values.items() if n in settings}, table.where) for table in tables]
    _leave_out_replaced([*(table.values for table in tables), environment, given], settings)
    file = {name: value for table in tables for name, value in table.values.items()}
    where = {name: table.where[name] for table in tables for name in table.values}
    resolved = merge(default, None, file, environment, given)
    if taken.tracked:
        names = {setting.name for setting in taken.tracked}
        layers = ({name: layer[name] for name in names & layer.keys()} for layer in (file, environment, given))
        resolved |= resolve_tracker(*layers)
    return {
        name: replace(found, where=where[name]) if found.origin is Origin.FILE else found
        for name, found in resolved.items()
    }


def _tables(resolved: Mapping[str, Resolved], command: str) -> list[Layer]:
    """What the file of settings gives this command."""
    place = place_of(resolved[CONFIG.name].value, resolved[PROFILE.name].value)
    file = SettingsFile(place, PLAYING)
    profile = "" if command in _MAKE_PROFILES and place.profile not in file.profiles else place.profile
    return file.layers(command if command in PLAYING_COMMANDS else PLAYING_COMMANDS[0], profile)


def _leave_out_replaced(layers: Sequence[dict[str, Any]], settings: Mapping[str, Setting]) -> None:
    """Of settings that exclude each other, leave out what weaker layers say, the first being the weakest."""
    for height, layer in enumerate(layers):
        replaced = {other for name, value in layer.items() if value for other in settings[name].replaces}
        for weaker in layers[:height]:
            for name in replaced & weaker.keys():
                del weaker[name]


def _of_flag(setting: Setting, value: Any) -> Any:
    """The value that a flag has given; typer gives None, or an empty list, where there was none."""
    if value is None or (setting.repeated and not value):
        return UNSET
    if setting.kind == "bool":
        return not setting.default
    if setting.kind == "path":
        return str(value)
    if setting.repeated:
        setting.check(tuple(value), setting.flag)
        return tuple(value)
    return value


def _value(setting: Setting, resolved: Mapping[str, Resolved]) -> Any:
    value = resolved[setting.name].value
    if setting.kind == "path":
        return Path(value) if value else None
    return value


def _option(setting: Setting) -> inspect.Parameter:
    """What typer makes an option of. Its default is None, which means: not given."""
    kind, parser = _type(setting)
    tells_default = setting.kind != "bool" and (setting.default_text or setting.default not in (None, "", ()))
    option = typer.Option(
        *filter(None, (setting.flag, setting.short)),
        parser=parser,
        metavar=_metavar(setting),
        help=setting.help,
        show_default=setting.shown_default if tells_default else False,
        rich_help_panel=setting.group or None,
        autocompletion=_completion(setting),
    )
    return _keyword(setting.name, Annotated[kind | None, option], None)


def _metavar(setting: Setting) -> str | None:
    if setting.kind == "bool":
        return ""
    low, high = setting.low, setting.high
    single_number = setting.kind in ("int", "float") and setting.length is None
    if single_number and low is not None and high is not None and high < _NO_REAL_BOUND:
        return f"{setting.metavar} {low:g}..{high:g}".strip()
    return setting.metavar or "|".join(setting.choices) or None


def _type(setting: Setting) -> tuple[Any, Callable[[str], Any] | None]:
    if setting.kind == "bool":
        return bool, None
    if setting.kind == "path":  # a shell completes paths
        return Path, None
    if setting.repeated:
        return list[str], None
    return str, _parser(setting)


def _parser(setting: Setting) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return setting.parse(text)
        except ConfigError as error:
            raise typer.BadParameter(str(error)) from error

    return parse


def _completion(setting: Setting) -> Callable[[], list[str]] | None:
    if setting.choices:
        return lambda: list(setting.choices)
    return _detectors if setting.name == "detector" else None


def _detectors() -> list[str]:
    from streamer.detectors import DETECTORS

    return list(DETECTORS)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _list_presets(wanted: bool) -> None:
    if wanted:
        from streamer.commands.printing import presets_table, show

        show(presets_table())
        raise typer.Exit


def _list_detectors(wanted: bool) -> None:
    if wanted:
        from streamer.commands.printing import detectors_table, show

        show(detectors_table())
        raise typer.Exit


_SEVERAL = (TrackerConfig, Given, Flags, Settled, Place)
_LISTS = {"presets": _list_presets, "detectors": _list_detectors}


def _list_option(what: str) -> inspect.Parameter:
    """An option that only shows what there is, and leaves."""
    option = typer.Option(
        f"--list-{what}",
        callback=_LISTS[what],
        is_eager=True,
        metavar="",
        help=f"Show the {what} and leave.",
        rich_help_panel=TRACKER_GROUP,
    )
    return _keyword(f"list_{what}", Annotated[bool, option], False)
