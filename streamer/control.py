"""What an engine can be asked for while it runs."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from streamer.errors import ConfigError
from streamer.settings.live import LIVE, STEPS
from streamer.settings.music import MOST_SEMITONES

__all__ = ["COMMANDS", "MOST_SEMITONES", "Command", "parse_command"]

COMMANDS = (
    "quit",
    "mute",
    "hold",
    "panic",
    "record",
    "save",
    "transpose +1",
    "transpose -1",
    "set NAME VALUE",
    "step NAME +1",
)
"""What `Engine.command` takes. ``mute``, ``hold`` and ``record`` toggle; ``transpose`` adds any number of semitones;
``set`` gives a setting of `streamer.settings.live.LIVE` another value, and ``step`` moves it so many steps up or down.
``save`` asks whoever runs the engine to keep what was changed."""

_LONGEST = 200  # characters of a line
_STEP = re.compile(r"(?:step ([a-z_]{1,40})|(transpose)) ([+-]?[0-9]{1,3})")
_SET = re.compile(r"set ([a-z_]{1,40}) (.+)")
Verb = Literal["quit", "mute", "hold", "panic", "record", "save", "set", "step", "release"]


@dataclass(frozen=True, slots=True)
class Command:
    """One of them, understood.

    Attributes
    ----------
    verb : str
        What is to be done; ``release`` is the engine's own.
    name : str
        For ``set`` and ``step``: of the setting.
    value : object
        For ``set``: within its range.
    steps : int
        For ``step``: how many up, or down if negative.
    """

    verb: Verb
    name: str = ""
    value: Any = None
    steps: int = 0


def parse_command(line: object) -> Command | None:
    """The command that this line is, or None where it is none."""
    match line:
        case "quit" | "mute" | "hold" | "panic" | "record" | "save":
            return Command(line)
        case str() if len(line) <= _LONGEST:
            if found := _STEP.fullmatch(line):
                name = found[1] or found[2]
                return Command("step", name, steps=int(found[3])) if name in STEPS else None
            found = _SET.fullmatch(line)
            return _set(found[1], found[2]) if found and found[1] in LIVE else None
        case _:
            return None


def _set(name: str, text: str) -> Command | None:
    try:
        return Command("set", name, LIVE[name].parse(text))
    except ConfigError:
        return None
