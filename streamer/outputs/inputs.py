"""MIDI inputs: opened by the system and library that MIDI outputs are opened by."""

from collections.abc import Callable
from typing import Any

import mido

from streamer.errors import MidiError
from streamer.outputs.midi_apis import choose_api
from streamer.outputs.quiet import quiet_stderr, silence_jack
from streamer.settings.learned import VIRTUAL

CONTROL_NAME = "streamer control"
CLOCK_NAME = "streamer clock"


def open_input(wanted: str, callback: Callable[[Any], None], name: str = CONTROL_NAME) -> Any:
    """A MIDI input, as mido has it.

    Parameters
    ----------
    wanted : str
        Part of the name of an existing input in any case; ``virtual`` makes one.
    callback : callable
        Gets each message, in the library's thread.
    name : str
        Of ours, for other programs.

    Raises
    ------
    MidiError
        If there is no such input, or more than one, or it cannot be opened.
    """
    answer = choose_api(None)
    backend = mido.Backend(answer.backend, api=answer.api.constant)
    try:
        with quiet_stderr():
            backend.load()
            silence_jack()
            if not hasattr(backend.module, "Input"):
                raise MidiError("MIDI inputs need python-rtmidi, which this Python has no wheel for; use 3.12")
            names = [] if wanted == VIRTUAL else list(dict.fromkeys(backend.get_input_names()))
            exact = [name for name in names if name.casefold() == wanted.casefold()]
            found = exact or [name for name in names if wanted.casefold() in name.casefold()]
            if wanted == VIRTUAL:
                how = {"virtual": True, "client_name": name}
                return backend.open_input(name, callback=callback, **how)
            if len(found) == 1:
                return backend.open_input(found[0], callback=callback, client_name=name)
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        raise MidiError(f"the MIDI input {wanted!r} cannot be opened: {error}") from error
    there = ", ".join(names) or "none"
    if found:
        raise MidiError(f"{wanted!r} fits more than one MIDI input: {', '.join(found)}; write more of the name")
    raise MidiError(f"no MIDI input is called {wanted!r}; there is {there}; `virtual` makes one")
