"""Keys as they are pressed, for dialogues in the terminal."""

import contextlib
import queue
import sys
import threading
from collections.abc import Iterator

from streamer.live.keys import raw_keys, read_keys


@contextlib.contextmanager
def pressed_keys() -> Iterator["queue.SimpleQueue[str]"]:
    """Keys as they are pressed."""
    fd = sys.stdin.fileno()
    pressed: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        while text := read_keys(fd):
            for character in text:
                pressed.put(character)

    with raw_keys(fd):
        # A thread, since Windows cannot wait for a key with a time limit; it ends with the program.
        threading.Thread(target=read, name="keys", daemon=True).start()
        yield pressed
