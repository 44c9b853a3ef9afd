"""Signals of a live session: whatever would end or stop the program asks for that here, so that notes end first.

``kill -9`` cannot be answered by any program, nor can ``kill -STOP``; and the signals of a defect (SIGSEGV and its
like) must not be, for what they tell of cannot be gone on with.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

from streamer.live import guard

# What people and systems send to end a program: taken from whoever had it.
_ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
# What would end it as well, but may be somebody's own: taken only where nobody has a use for it.
_OTHER_ENDINGS = (
    *("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU", "SIGPWR", "SIGSTKFLT"),
    *("SIGABRT", "SIGTRAP", "SIGSYS", "SIGEMT"),
    *(("SIGIO",) if sys.platform == "linux" else ()),  # elsewhere it ends nothing
)
_STOPS = ("SIGTSTP", "SIGTTIN", "SIGTTOU")
_LEAVING_S = 1.0


class Signals:
    """Takes the signals of the process, where this is its main thread; elsewhere they are somebody else's.

    Parameters
    ----------
    end : callable
        Is called when the first of those comes that end a program.
    grace_s : float
        How long the end may take; after that the process is killed from outside, see `streamer.live.guard`.

    Attributes
    ----------
    ended_by : int
        Number of the first signal that asked for the end; 0 where none did.
    stop_asked : threading.Event
        Set when the process is asked to stop until it is continued, as by Ctrl-Z.
    """

    def __init__(self, end: Callable[[], None], grace_s: float) -> None:
        self.ended_by = 0
        self.stop_asked = threading.Event()
        self._end = end
        self._grace_s = grace_s

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """While this lasts."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with contextlib.ExitStack() as kept:
            endings = _endings()
            kept.enter_context(_guarded(self._grace_s, endings))
            for number in endings:
                kept.callback(signal.signal, number, signal.signal(number, self._on_ending))
            for number in _numbers(_STOPS):
                if signal.getsignal(number) == signal.SIG_DFL:
                    kept.callback(signal.signal, number, signal.signal(number, lambda *_: self.stop_asked.set()))
            yield

    def stop_process(self) -> None:
        """Stand still until SIGCONT comes."""
        self.stop_asked.clear()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _on_ending(self, number: int, _: object) -> None:
        self.ended_by = self.ended_by or number
        self._end()


@contextlib.contextmanager
def plain_interrupts() -> Iterator[None]:
    """Let Ctrl-C just end the process, without a word: for as long as nothing sounds yet that would have to end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _numbers(names: tuple[str, ...]) -> list[int]:
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _endings() -> list[int]:
    """All that would end the process; not SIGHUP where it is ignored, as ``nohup`` wants it."""
    asked = [
        number
        for number in _numbers(_ENDINGS)
        if signal.getsignal(number) is not None
        and not (number == getattr(signal, "SIGHUP", 0) and signal.getsignal(number) == signal.SIG_IGN)
    ]
    real_time = range(signal.SIGRTMIN, signal.SIGRTMAX + 1) if sys.platform == "linux" else range(0)
    others = [*_numbers(_OTHER_ENDINGS), *real_time]
    return asked + [number for number in others if signal.getsignal(number) == signal.SIG_DFL]


@contextlib.contextmanager
def _guarded(grace_s: float, endings: list[int]) -> Iterator[None]:
    """Have each signal's number written to a guard, which needs nothing of this interpreter."""
    if sys.platform == "win32":  # there only a socket can take the numbers
        yield
        return
    import subprocess  # here, since the command line starts with this module

    command = [sys.executable, "-I", "-S", guard.__file__, *map(str, (os.getpid(), grace_s, *endings))]
    process = None
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # inherited: it outlives them all
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    except OSError:  # no process is to be had: without, then
        pass
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    if process is None:
        yield
        return
    assert process.stdin is not None
    os.set_blocking(process.stdin.fileno(), False)
    before = signal.set_wakeup_fd(process.stdin.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        process.stdin.close()
        try:
            process.wait(_LEAVING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
