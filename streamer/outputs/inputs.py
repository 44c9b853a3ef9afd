"""MIDI inputs: opened by the system and library that MIDI outputs are opened by."""

import threading
from collections.abc import Callable
from typing import Any

from streamer.errors import MidiError
from streamer.outputs.midi_apis import choose_api
from streamer.outputs.ports import abandon
from streamer.outputs.quiet import quiet_stderr, silence_jack
from streamer.settings.learned import VIRTUAL

CONTROL_NAME = "streamer control"
CLOCK_NAME = "streamer clock"
_LOOK_S = 0.004  # between two looks; a MIDI clock's smoothing takes out more than that
_WAITING = 4096  # messages that may wait for a look; the library drops what is more
_CLOSE_S = 1.0


class InputPort:
    """A MIDI input whose messages are fetched, and handed over, by a thread of its own.

    The library could call back instead. Then its own thread, JACK's of real time, waits for the interpreter at each
    message, and sound is lost.

    Parameters
    ----------
    wanted : str
        Part of the name of an existing input in any case; ``virtual`` makes one.
    take : callable
        Gets each message's bytes; must return at once.
    name : str
        Of ours, for other programs.

    Attributes
    ----------
    name : str
        Of the input that is listened to.

    Raises
    ------
    MidiError
        If there is no such input, or more than one, or it cannot be opened.
    """

    def __init__(self, wanted: str, take: Callable[[bytes], object], name: str) -> None:
        self._take = take
        self.name, self._port, self._speaks_jack = _opened(wanted, name)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=f"listener to {self.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of it. May be called twice."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._thread.join(_CLOSE_S)
        if self._speaks_jack:  # closing waits for the server, and holds the interpreter meanwhile
            abandon(self._port)
        else:
            self._port.close_port()

    def _listen(self) -> None:
        while not self._closing.wait(_LOOK_S):
            while (found := self._port.get_message()) is not None:
                self._take(bytes(found[0]))


def _opened(wanted: str, name: str) -> tuple[str, Any, bool]:
    """The input's name, the library's object for it, and whether that is JACK's."""
    answer = choose_api(None)
    jack = answer.api.name == "jack"
    try:
        import rtmidi
    except ImportError:
        raise MidiError("MIDI inputs need python-rtmidi, which this Python has no wheel for; use 3.12") from None
    try:
        with quiet_stderr():
            port = rtmidi.MidiIn(getattr(rtmidi, f"API_{answer.api.constant}"), name, _WAITING)
            silence_jack()
            port.ignore_types(sysex=True, timing=False, active_sense=True)
            names = [] if wanted == VIRTUAL else list(port.get_ports())
            exact = [k for k, there in enumerate(names) if there.casefold() == wanted.casefold()]
            found = exact[:1] or [k for k, there in enumerate(names) if wanted.casefold() in there.casefold()]
            if wanted == VIRTUAL:
                port.open_virtual_port(name)
                return name, port, jack
            if len({names[k] for k in found}) == 1:
                port.open_port(found[0], name)
                return str(names[found[0]]), port, jack
    except (rtmidi.RtMidiError, OSError, RuntimeError, ValueError, MemoryError) as error:
        raise MidiError(f"the MIDI input {wanted!r} cannot be opened: {error}") from error
    port.delete()
    if found:
        fitting = ", ".join(dict.fromkeys(names[k] for k in found))
        raise MidiError(f"{wanted!r} fits more than one MIDI input: {fitting}; write more of the name")
    raise MidiError(
        f"no MIDI input is called {wanted!r}; there is {', '.join(dict.fromkeys(names)) or 'none'}; `virtual` makes one"
    )
