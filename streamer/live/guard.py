"""Ends a program that cannot end itself: ``python -I -S guard.py PID SECONDS NUMBER...``, a process of its own.

A C library that waits for ever while it holds the interpreter keeps every thread from running, and every signal's
handler with them: RtMidi does so once a JACK server has stopped answering. But the interpreter writes each signal's
number into a pipe before any Python runs, see `signal.set_wakeup_fd`; and here is who reads it. When one of the signals
that end the program has come, and so many seconds later the pipe is still open, the program is killed.

Only the standard library, and little of it: this starts within milliseconds.
"""

import os
import select
import signal
import sys
import time

_LINE = b"streamer: the audio or MIDI system hangs; ended without it\n"


def main(watched: int, grace_s: float, endings: set[int]) -> None:
    """Read numbers of signals from standard input until it ends, or time is up.

    Parameters
    ----------
    watched : int
        Process id of the program, which has started this.
    grace_s : float
        How long its end may take.
    endings : set of int
        Numbers of the signals that ask for the end.
    """
    until_s: float | None = None
    while True:
        left_s = None if until_s is None else max(0.0, until_s - time.monotonic())
        if not select.select([0], [], [], left_s)[0]:
            break
        numbers = os.read(0, 64)
        if not numbers:
            return
        if until_s is None and endings & set(numbers):
            until_s = time.monotonic() + grace_s
    if os.getppid() == watched:
        os.kill(watched, signal.SIGKILL)
        os.write(2, _LINE)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), set(map(int, sys.argv[3:])))
