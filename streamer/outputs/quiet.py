"""Keep what C libraries print off the user's terminal: what matters of it we print in one line of our own."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

STDERR = 2
_redirecting = Lock()  # two overlapping redirections would restore the wrong file


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what is written to file descriptor 2 meanwhile, by whom ever in this process.

    `contextlib.redirect_stderr` would not do: it moves Python's own file object, and C code does not ask that.
    Keep it short, for another thread's words are lost too.
    """
    with _redirecting:
        if sys.stderr is not None:
            sys.stderr.flush()
        try:
            kept = os.dup(STDERR)
        except OSError:  # there is no standard error: nothing can clutter it
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, STDERR)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)


def silence_jack() -> None:
    """Turn off what the JACK client libraries of this process print, for good.

    When a server dies its clients' own threads say so on standard error, in the midst of the screen and long after the
    port was opened, so redirecting for a while does not help. The library offers `jack_set_error_function`; the
    function given must be safe in any thread and without the interpreter, so it is C's ``strlen``: it takes a string
    and does nothing with it.
    """
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:  # not Linux: no JACK library is used
        return
    ignore = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
    for path in {line.split(maxsplit=5)[5] for line in maps.splitlines() if "/libjack" in line}:
        library = ctypes.CDLL(path)  # already loaded: this is the copy in use
        for setter in ("jack_set_error_function", "jack_set_info_function"):
            if hasattr(library, setter):
                getattr(library, setter)(ignore)
