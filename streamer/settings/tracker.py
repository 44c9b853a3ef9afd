"""The catalogue of the tracker's settings, and the configuration that their layers make."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from streamer.config import PRESETS, TRACKER_GROUP, Preset, TrackerConfig
from streamer.errors import ConfigError
from streamer.settings.description import Setting, settings_of
from streamer.settings.layers import Origin, Resolved, defaults_of, environment_name, merge

PRESET = Setting(
    name="preset",
    kind="choice",
    default="default",
    help="Instrument: its range and thresholds (--list-presets).",
    choices=tuple(PRESETS),
    flag="--preset",
    environment=True,
    metavar="NAME",
    group=TRACKER_GROUP,
)
_FIELDS = settings_of(TrackerConfig)
BY_NAME = {PRESET.name: PRESET} | {setting.name: setting for setting in _FIELDS.values()}
_ORDER = (
    "preset",
    "detector",
    "model",
    "eagerness",
    "correct",
    "low",
    "high",
    "gate",
    "a4",
    "hop",
)  # as help shows them
TRACKER: tuple[Setting, ...] = tuple(BY_NAME[name] for name in _ORDER)


def preset_values(name: str) -> dict[str, Any]:
    """The layer of a preset; that of the preset ``default`` is empty.

    Raises
    ------
    ConfigError
        If there is no such preset.
    """
    PRESET.check(name)
    if name == PRESET.default:
        return {}
    return {_FIELDS[f.name].name: getattr(PRESETS[name], f.name) for f in fields(Preset) if f.name in _FIELDS}


def resolve_tracker(
    file: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> dict[str, Resolved]:
    """Every setting of the tracker with its origin. The preset may itself come from any of the layers.

    Parameters
    ----------
    file : mapping, optional
        Values of a file, by name of the setting.
    environment : mapping, optional
        Values of environment variables.
    flags : mapping, optional
        Values of the command line.

    Raises
    ------
    ConfigError
        If there is no such preset.
    """
    default = defaults_of(TRACKER)
    chosen = merge(default, None, file, environment, flags)[PRESET.name].value
    return merge(default, preset_values(chosen), file, environment, flags)


def config_of(resolved: Mapping[str, Resolved]) -> TrackerConfig:
    """The configuration that the settings make.

    Raises
    ------
    ConfigError
        If values contradict each other; it names the environment variables and lines of the file that take part.
    """
    try:
        return TrackerConfig(**{field: resolved[setting.name].value for field, setting in _FIELDS.items()})
    except ConfigError as error:
        there = [(s, resolved[s.name]) for s in TRACKER if s.name in str(error)]
        variables = [environment_name(s) for s, found in there if found.origin is Origin.ENVIRONMENT]
        lines = [f"{s.name} in {found.where}" for s, found in there if found.origin is Origin.FILE and found.where]
        told = [f"set in the environment: {', '.join(variables)}"] * bool(variables) + lines
        if not told:
            raise
        raise ConfigError(f"{error} ({'; '.join(told)})") from error
