"""An output of its own, and what is special there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streamer.errors import ConfigError
from streamer.settings import music as settings
from streamer.settings.description import Setting, nearest, shown
from streamer.settings.expression import EXPRESSION

VIRTUAL = "virtual:"
_ZONE = (settings.ZONE_CHANNEL, settings.ZONE_LOW, settings.ZONE_HIGH)
_MUSIC = (*settings.MUSIC, settings.HARMONY, settings.PROGRAM, settings.BANK)
_KEYS = {setting.name: setting for setting in (*_ZONE, *_MUSIC, *EXPRESSION)}


@dataclass(frozen=True, slots=True)
class Output:
    """Where it goes, and what is special there.

    Attributes
    ----------
    name : str
        Part of the name of a port, or an address; with ``virtual:`` before it, the name of a port to make.
    values : mapping of str to object
        By the names of settings.
    """

    name: str
    values: Mapping[str, Any]

    def of(self, catalogue: Iterable[Setting]) -> dict[str, Any]:
        """Its values of a catalogue, by the names of the settings."""
        return {setting.name: self.values[setting.name] for setting in catalogue if setting.name in self.values}


def parse_output(text: str) -> Output:
    """The output that a text describes, such as ``FluidSynth,channel=2,transpose=12,bend=smooth``.

    Parameters
    ----------
    text : str
        A name; after a comma each, what is special there. A comma in a name or a list is one where no key follows.

    Raises
    ------
    ConfigError
        If it is none; what is wrong is named.
    """
    words: list[str] = []
    for part in text.split(","):
        if words and "=" not in part:
            words[-1] += f",{part}"
        else:
            words.append(part)
    name = words.pop(0).strip() if words and "=" not in words[0] else ""
    if not name.removeprefix(VIRTUAL):
        raise ConfigError(f"the output {shown(text)} has no name; begin with one, as in 'FluidSynth,channel=2'")
    values = {}
    for word in words:
        key, _, value = word.partition("=")
        key = key.strip()
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            raise ConfigError(f"the output {shown(name)} cannot have {shown(key)}{near}; it has {', '.join(_KEYS)}")
        values[key] = _KEYS[key].parse(value, f"{key} of the output {shown(name)}")
    return Output(name, values)
