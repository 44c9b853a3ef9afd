"""Notice at once that the server behind a client library has died.

A JACK client's writes into shared memory go on as if nothing had happened when its server is killed, and RtMidi waits
for ever, holding the interpreter, once that memory is full. The socket between the two knows better.
"""

import os
import select
import socket
import stat
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def _local_sockets() -> dict[int, int]:
    """Connected Unix sockets of this process: inode to descriptor. Empty where there is no ``/proc``."""
    found: dict[int, int] = {}
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return found
    for number in numbers:
        try:
            status = os.fstat(number)
            if not stat.S_ISSOCK(status.st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as twin:
                # A pair made by `socket.socketpair` has no name at either end, and no server.
                if twin.family == socket.AF_UNIX and (twin.getsockname() or twin.getpeername()):
                    found[status.st_ino] = number
        except OSError:  # closed meanwhile, or listening
            continue
    return found


class ServerWatch:
    """Holds twins of the sockets that some call has opened.

    Attributes
    ----------
    watching : bool
        False where the call opened no socket: nothing is then known of the server.
    """

    def __init__(self) -> None:
        self._twins: list[int] = []
        self._poll = select.poll() if hasattr(select, "poll") else None

    @property
    def watching(self) -> bool:  # noqa: D102 - see the class
        return bool(self._twins)

    def during(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns, and watch the servers that it got connected to."""
        before = _local_sockets()
        result = call()
        for inode, number in _local_sockets().items():
            if inode not in before and self._poll is not None:
                twin = os.dup(number)
                self._twins.append(twin)
                self._poll.register(twin, 0)  # hang-ups and errors are reported unasked
        return result

    def died(self) -> bool:
        """Whether a server has hung up. Costs a microsecond and never waits."""
        return self._poll is not None and bool(self._twins) and bool(self._poll.poll(0))

    def close(self) -> None:
        """Let go. To be called before the client closes, or the server would see it linger."""
        for twin in self._twins:
            if self._poll is not None:
                self._poll.unregister(twin)
            os.close(twin)
        self._twins.clear()
