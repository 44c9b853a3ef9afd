"""MIDI learn: controllers and keys of another MIDI device do what the keys of the screen do.

A binding is a line: ``cc 1 20 set gate`` (a knob, its value spread over the setting's range), ``cc 1 64 mute`` (a pedal
or button, when it goes down) or ``note 1 60 step octave +1``; channel and number come first.
"""

import re
from collections.abc import Callable, Iterable

from streamer.control import parse_command
from streamer.errors import ConfigError
from streamer.settings.description import shown
from streamer.settings.live import LIVE

_BINDING = re.compile(r"(cc|note) ([0-9]{1,2}) ([0-9]{1,3}) (.{1,100})")
_NOTE_ON, _CONTROL = 0x90, 0xB0
_DOWN = 64  # a button's or a pedal's value
_MOST = 127
_NEVER = ("quit", "save", "learn")  # what no controller is taught by accident
Event = tuple[str, int, int]  # cc or note, channel from 1, number


class Learned:
    """Makes commands of MIDI messages, and learns which.

    Parameters
    ----------
    bindings : iterable of str
        Those that are known.

    Raises
    ------
    ConfigError
        If one is none.
    """

    def __init__(self, bindings: Iterable[str] = ()) -> None:
        self._known: dict[Event, str] = {}
        self._armed = False  # the next message is to be learned
        self._waiting: Event | None = None  # for the key that says what it is to do
        self._down: set[Event] = set()
        for binding in bindings:
            self._add(binding)
        self._before = self.bindings
        self._obey: Callable[[str], object] = lambda _: None
        self._show: Callable[[str], object] = lambda _: None

    def connect(self, obey: Callable[[str], object], show: Callable[[str], object]) -> None:
        """Say who obeys.

        Parameters
        ----------
        obey, show : callable
            Get the commands, and lines for people; any thread may call them.
        """
        self._obey, self._show = obey, show

    def receive(self, message: bytes) -> None:
        """Obey a MIDI message, or learn it."""
        before = self._waiting
        line = self.take(message)
        if line is not None:
            self._obey(line)
        elif self._waiting != before:
            self._show(self.heard)

    @property
    def bindings(self) -> tuple[str, ...]:
        """All that are known, a line each."""
        return tuple(f"{kind} {channel} {number} {line}" for (kind, channel, number), line in self._known.items())

    @property
    def changed(self) -> bool:
        """Whether anything was learned."""
        return self.bindings != self._before

    def begin(self) -> str:
        """Learn the next message; returns a line for people."""
        self._armed, self._waiting = True, None
        return "learn: move a controller, or press a key, on the MIDI input"

    def take(self, message: bytes) -> str | None:
        """The command that a MIDI message asks for; None for none.

        Parameters
        ----------
        message : bytes
            As it came in, status first.
        """
        if len(message) != 3 or message[0] & 0xF0 not in (_NOTE_ON, _CONTROL):
            return None
        kind = "cc" if message[0] & 0xF0 == _CONTROL else "note"
        event, value = (kind, (message[0] & 0x0F) + 1, message[1]), message[2]
        if self._armed:
            if kind == "cc" or value:
                self._armed, self._waiting = False, event
            return None
        line = self._known.get(event)
        if line is None:
            return None
        if line.startswith("set ") and line[4:] in LIVE:
            return self._spread(line[4:], value)
        return line if self._goes_down(event, value) else None

    def teach(self, line: str) -> str | None:
        """Bind what was heard to this command; a line for people, None where nothing waits for a command.

        Parameters
        ----------
        line : str
            What a key of the screen asks for.
        """
        event = self._waiting
        if event is None or line in _NEVER:
            return None
        self._waiting = None
        found = re.fullmatch(r"step (\w+) [+-]1", "step transpose +1" if line.startswith("transpose") else line)
        if event[0] == "cc" and found and LIVE[found[1]].kind != "choice":
            line = f"set {found[1]}"
        self._known[event] = line
        return f"learned: {event[0]} {event[2]} on channel {event[1]} does {line!r}; s saves it"

    @property
    def heard(self) -> str:
        """What waits for a key, for people; empty where nothing does."""
        if self._waiting is None:
            return ""
        kind, channel, number = self._waiting
        return f"learn: {kind} {number} on channel {channel}; now press the key of what it is to do"

    def _add(self, binding: str) -> None:
        found = _BINDING.fullmatch(binding)
        line = found[4] if found else ""
        spread = line.startswith("set ") and line[4:] in LIVE and LIVE[line[4:]].high is not None
        if not found or not (parse_command(line) or spread) or not 1 <= int(found[2]) <= 16 or int(found[3]) > _MOST:
            raise ConfigError(f"learned: {shown(binding)} is no binding; write such as 'cc 1 20 set gate'")
        self._known[found[1], int(found[2]), int(found[3])] = line

    def _goes_down(self, event: Event, value: int) -> bool:
        if event[0] == "note":
            return value > 0
        before = event in self._down
        (self._down.add if value >= _DOWN else self._down.discard)(event)
        return value >= _DOWN and not before

    def _spread(self, name: str, value: int) -> str:
        setting = LIVE[name]
        low, high = setting.low or 0.0, setting.high or 0.0
        at = low + (high - low) * value / _MOST
        return f"set {name} {at:.3f}" if setting.kind == "float" else f"set {name} {round(at)}"
