"""Ask one MIDI API for its output ports, and print the answer as one line of JSON.

Run as a program of its own: a MIDI library may print, hang, or end its process when the system's side is absent or of
another version, and none of that may happen to the program that only wants to know.
"""

import json
import sys
from typing import TypedDict

ANSWER_MARK = "streamer-midi-probe "  # the line that follows is ours, whatever the library has printed


class Answer(TypedDict, total=False):
    """One of these, and only one."""

    ports: list[str]
    import_error: str
    error: str
    crash: str


def ask(module: str, api: str) -> Answer:
    """The names of the output ports, or what went wrong.

    Parameters
    ----------
    module : str
        The library, as Python imports it.
    api : str
        The API, as that library calls it.
    """
    import mido  # here, for the parent needs nothing of this module but its words

    backend = mido.Backend(module, api=api)
    try:
        backend.load()
    except (ImportError, AttributeError) as error:  # the latter: another package of the same import name
        return {"import_error": str(error)}
    try:
        return {"ports": backend.get_output_names()}
    except (OSError, RuntimeError, ValueError) as error:
        return {"error": str(error)}


if __name__ == "__main__":
    print(ANSWER_MARK + json.dumps(ask(sys.argv[1], sys.argv[2])))
