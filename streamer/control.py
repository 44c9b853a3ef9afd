"""What an engine can be asked for while it runs."""

import re
from dataclasses import dataclass
from typing import Literal

COMMANDS = ("quit", "mute", "panic", "record", "transpose +1", "transpose -1")
"""What `Engine.command` takes. ``mute`` and ``record`` toggle; ``transpose`` adds any number of semitones."""

MOST_SEMITONES = 60

_TRANSPOSE = re.compile(r"transpose ([+-]?[0-9]{1,3})")
Verb = Literal["quit", "mute", "panic", "record", "transpose", "release"]


@dataclass(frozen=True, slots=True)
class Command:
    """One of them, understood.

    Attributes
    ----------
    verb : str
        What is to be done; ``release`` is the engine's own.
    semitones : int
        For ``transpose``: how many to add.
    """

    verb: Verb
    semitones: int = 0


def parse_command(line: object) -> Command | None:
    """The command that this line is, or None where it is none."""
    match line:
        case "quit" | "mute" | "panic" | "record":
            return Command(line)
        case str():
            found = _TRANSPOSE.fullmatch(line)
            return Command("transpose", int(found[1])) if found else None
        case _:
            return None
