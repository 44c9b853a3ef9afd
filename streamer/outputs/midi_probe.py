"""Ask one MIDI API for its output ports, and print the answer as one line of JSON.

Run as a program of its own: a MIDI library may print, hang, or end its process when the system's side is absent or of
another version, and none of that may happen to the program that only wants to know.
"""

import json
import sys

import mido


def ask(module: str, api: str) -> dict[str, object]:
    """``{"ports": [...]}``, or what went wrong as ``import_error`` or ``error``."""
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
    print(json.dumps(ask(sys.argv[1], sys.argv[2])))
