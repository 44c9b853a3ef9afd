"""The engine's end of the terminal screen: it hands over snapshots and collects what the keys ask for.

The screen itself runs in a process of its own, `streamer.live.screen_process`: one that shares the interpreter with the
audio costs input overflows. Two pipes join them: snapshots as JSON lines one way, commands as lines the other way.
Nothing here waits for the screen, and nothing that befalls it reaches the engine.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from streamer.live.keys import COMMANDS
from streamer.live.snapshot import Snapshot

_RESTORE = "\x1b[?1049l\x1b[?25h\x1b[0m"  # leave the alternate screen, show the cursor, plain text
_GRACE_S = 2.0


def _print_line(message: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # standard error may be gone with the terminal
        print(message, file=sys.stderr, flush=True)


class Screen:
    """A terminal screen in a process of its own.

    Every method returns at once (`close` within seconds) and raises nothing: the music matters more than its picture.

    Parameters
    ----------
    notify : callable, optional
        Is called, with one line, when the screen could not be started or died. By default that goes to standard error.
    command : sequence of str, optional
        What to run as the screen.
    """

    def __init__(self, notify: Callable[[str], None] = _print_line, command: Sequence[str] | None = None) -> None:
        self._notify = notify
        self._command = tuple(command or (sys.executable, "-m", "streamer.live.screen_process"))
        self._process: subprocess.Popen[bytes] | None = None
        self._newest: queue.Queue[Snapshot | None] = queue.Queue(maxsize=1)
        self._asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._terminal_mode: list[Any] | None = None

    @property
    def pid(self) -> int | None:
        """The process that draws; None where it was never started."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process on the terminal that is standard output; again after `close`."""
        self._closing = threading.Event()
        self._newest = queue.Queue(maxsize=1)
        self._threads = []
        self._terminal_mode = _terminal_mode()
        try:
            with _signals_held():
                self._process = subprocess.Popen(
                    (*self._command, _terminal_name()), stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
        except OSError as error:
            self._notify(f"the screen could not be started ({error}); going on without it")
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for work, pipe in ((self._write, self._process.stdin), (self._read, self._process.stdout)):
            thread = threading.Thread(target=work, args=(pipe,), name=f"screen{work.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def show(self, snapshot: Snapshot) -> None:
        """Have ``snapshot`` drawn soon; one that is still waiting is replaced, since only the newest matters."""
        self._put(snapshot)

    def commands(self) -> list[str]:
        """What the keys have asked for since the last call, in order: names from `streamer.live.keys.COMMANDS`."""
        asked = []
        with contextlib.suppress(queue.Empty):
            while True:
                asked.append(self._asked.get_nowait())
        return asked

    def close(self) -> None:
        """End the screen and give the terminal back as it was. May be called twice."""
        self._closing.set()
        if self._process is None:
            return
        self._put(None)
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.returncode != 0:
            self._restore_terminal()
        for thread in self._threads:
            thread.join(_GRACE_S)

    def _put(self, item: Snapshot | None) -> None:
        with contextlib.suppress(queue.Empty):
            self._newest.get_nowait()
        with contextlib.suppress(queue.Full):
            self._newest.put_nowait(item)

    def _write(self, pipe: IO[bytes]) -> None:
        newest = self._newest
        # The other thread reports a broken pipe, as the end of the commands.
        with contextlib.suppress(OSError), pipe:
            while (snapshot := newest.get()) is not None:
                pipe.write(snapshot.to_json().encode() + b"\n")
                pipe.flush()

    def _read(self, pipe: IO[bytes]) -> None:
        closing = self._closing
        with pipe:
            for line in pipe:
                command = line.decode("ascii", "replace").strip()
                if command in COMMANDS:
                    self._asked.put(command)
        if closing is self._closing:
            self._put(None)  # lets the writer go
        # A signal to the whole group ends the screen a moment before the engine closes it: that is no failure.
        if not closing.wait(0.5):
            self._restore_terminal()
            self._notify("the screen has ended unexpectedly; going on without it (Ctrl-C quits)")

    def _restore_terminal(self) -> None:
        """Do what the screen would have done, had it lived."""
        mode, self._terminal_mode = self._terminal_mode, None  # once: leaving twice would move the cursor
        if mode is None or sys.platform == "win32":
            return
        import termios

        with contextlib.suppress(OSError, ValueError, termios.error):
            fd = sys.__stdout__.fileno() if sys.__stdout__ else 1
            termios.tcsetattr(fd, termios.TCSANOW, mode)
            os.write(fd, _RESTORE.encode())


def _terminal_name() -> str:
    if sys.platform == "win32":
        return "CONOUT$"
    try:
        return os.ttyname(1)
    except OSError:  # none, or one from outside a container, which has no name here
        return "/dev/tty"


def _terminal_mode() -> list[Any] | None:
    if sys.platform == "win32":
        return None
    import termios

    try:
        return termios.tcgetattr(1)
    except (OSError, termios.error):
        return None


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Start a process that the terminal's own signals do not reach.

    Ctrl-C goes to every process of the terminal, but it is the engine that ends the screen, once all notes are off. A
    process inherits the signals its parent holds back, so that not even its first moments can be interrupted.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGQUIT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
