"""Ends a program that cannot end itself: ``python -I -S guard.py PID SECONDS``, a process of its own.

A C library that waits for ever while it holds the interpreter keeps every thread from running, and every signal's
handler with them: RtMidi does so once a JACK server has stopped answering. But the interpreter writes each signal's
number into a pipe before any Python runs, see `signal.set_wakeup_fd`; and here is who reads it. When a signal that ends
the program has come, and so many seconds later the pipe is still open, the program is killed.

Only the standard library, and little of it: this starts within milliseconds.
"""

import os
import select
import signal
import sys
import time

PASSING = {"SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT", "SIGCHLD", "SIGWINCH", "SIGURG"}  # end nothing
_LINE = b"streamer: the audio or MIDI system hangs; ended without it\n"


def main(watched: int, grace_s: float) -> None:
    """Read numbers of signals from standard input until it ends, or time is up."""
    passing = {getattr(signal, name, 0) for name in PASSING}
    until_s: float | None = None
    while True:
        left_s = None if until_s is None else max(0.0, until_s - time.monotonic())
        if not select.select([0], [], [], left_s)[0]:
            break
        numbers = os.read(0, 64)
        if not numbers:
            return
        if until_s is None and set(numbers) - passing:
            until_s = time.monotonic() + grace_s
    if os.getppid() == watched:
        os.kill(watched, signal.SIGKILL)
        os.write(2, _LINE)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
