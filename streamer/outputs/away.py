"""A sink that has failed and may come back."""

import contextlib
import threading

from streamer.outputs.sink import Sink


class AwaySink:
    """Is tried again in a thread of its own: a server may take seconds to answer, and others play on meanwhile.

    Parameters
    ----------
    sink : Sink
        Closed, and from now on used by the thread alone, until it is `back`.
    trouble : str
        Why it is away, a line for people.

    Attributes
    ----------
    sink : Sink
    trouble : str
    back : bool
        Whether it was opened again.
    """

    def __init__(self, sink: Sink, trouble: str) -> None:
        self.sink = sink
        self.trouble = trouble
        self.back = False
        self._given_up = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def trying(self) -> bool:
        """Whether the thread is at it."""
        return self._thread is not None and self._thread.is_alive()

    def retry(self) -> None:
        """Try once more, unless that goes on; returns at once."""
        if not self.trying and not self.back:
            self._thread = threading.Thread(target=self._try, name=f"reopens {self.sink.name}", daemon=True)
            self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Whether it is back, once the thread has ended or this time is over."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self.back

    def give_up(self) -> bool:
        """No longer wait for it; one that comes back all the same is closed. False where it is back already."""
        with self._lock:
            self._given_up = not self.back
            return self._given_up

    def _try(self) -> None:
        # A sink may be anybody's code, and any failure means the same: it is still away. Why was said when it went.
        with contextlib.suppress(Exception):
            self.sink.reopen()
            with self._lock:
                self.back = not self._given_up
            if not self.back:
                self.sink.close()
