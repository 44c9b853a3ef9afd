"""Keys of the terminal, one at a time and without Enter, and what they ask for."""

import contextlib
import os
import sys
from collections.abc import Iterator

UP, DOWN = "transpose +1", "transpose -1"
_ARROWS = {"A": UP, "B": DOWN, "C": "step octave +1", "D": "step octave -1"}
_ASKING = {"q": "quit", "Q": "quit", " ": "mute", "p": "panic", "r": "record", "+": UP, "-": DOWN, "s": "save"}
_ASKING |= {"e": "step eagerness +1", "E": "step eagerness -1", "g": "step gate +1", "G": "step gate -1"}
_ASKING |= {"o": "hold", "b": "step bend +1", "l": "learn"}
_ASKING |= {"i": "step preset +1", "I": "step preset -1", "k": "step lock +1"}
_KEYS = _ASKING | {"?": "help", "h": "help", "\x0c": "repaint"}  # Ctrl-L
COMMANDS = tuple(dict.fromkeys((*_ASKING.values(), *_ARROWS.values())))
"""What the screen may ask the engine, or the session that keeps it, to do."""


class KeyDecoder:
    """Turn what a terminal sends into commands, however it is cut into pieces."""

    def __init__(self) -> None:
        self._pending = ""  # the begin of an escape sequence

    def feed(self, text: str) -> list[str]:
        """Commands of the keys in ``text``: `COMMANDS`, ``help`` and ``repaint``; other keys mean nothing."""
        found: list[str] = []
        for character in text:
            if self._pending in ("\x1b[", "\x1bO"):
                if character in "0123456789;":  # a modifier, as of Shift with an arrow: the final letter is yet to come
                    continue
                self._pending = ""
                if character in _ARROWS:
                    found.append(_ARROWS[character])
            elif self._pending == "\x1b" and character in "[O":
                self._pending += character
            elif character == "\x1b":
                self._pending = character
            else:
                self._pending = ""
                if character in _KEYS:
                    found.append(_KEYS[character])
        return found


if sys.platform == "win32":
    import msvcrt

    @contextlib.contextmanager
    def raw_keys(_fd: int) -> Iterator[None]:
        """Windows hands over single keys without being asked."""
        yield

    def read_keys(_fd: int) -> str:
        """Wait for a key."""
        key = msvcrt.getwch()
        if key in "\x00\xe0":
            return {"H": "\x1b[A", "P": "\x1b[B", "M": "\x1b[C", "K": "\x1b[D"}.get(msvcrt.getwch(), "")
        return key

else:
    import termios

    @contextlib.contextmanager
    def raw_keys(fd: int) -> Iterator[None]:
        """Have single keys delivered, unechoed, while this lasts; Ctrl-C still interrupts.

        Ctrl-Z is switched off: a suspended screen would leave the terminal in this state, and the audio lost.
        """
        before = termios.tcgetattr(fd)
        mode = termios.tcgetattr(fd)
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        mode[6][termios.VSUSP] = os.fpathconf(fd, "PC_VDISABLE").to_bytes()
        termios.tcsetattr(fd, termios.TCSADRAIN, mode)
        try:
            yield
        finally:
            with contextlib.suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(fd, termios.TCSAFLUSH, before)

    def read_keys(fd: int) -> str:
        """Wait for keys; empty when the terminal is gone."""
        try:
            return os.read(fd, 64).decode("utf-8", "replace")
        except OSError:
            return ""
