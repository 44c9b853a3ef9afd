"""A sink that may have to wait, in a thread of its own."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from streamer.errors import OutputError
from streamer.events import Block, Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.pairing import OpenNotes
from streamer.outputs.sink import Sink

CAPACITY = 4096  # some ten seconds of events, or five of the shortest blocks
_FLUSH_S = 1.0
_LINGER_S = 0.01  # what pitches and sound may wait: waking a thread for each would cost more than writing it


class QueuedSink(Sink):
    """Hands everything to a sink in order, behind a bounded queue, so that a slow disk or pipe delays no note.

    A failure is raised by the next call, once; by then the sink is closed. The thread starts with the first call.

    Parameters
    ----------
    sink : Sink
        From now on used by the thread alone.
    patience_s : float
        How long a call may wait for room, once in a stall; for sources that lose nothing by waiting.
    capacity : int
        What comes while so much waits is lost; but no note-off whose note-on was taken, or a note would not end.

    Attributes
    ----------
    lost : int
        Events and blocks lost so far.
    """

    def __init__(self, sink: Sink, patience_s: float = 0.0, capacity: int = CAPACITY) -> None:
        self.name = sink.name
        self.wants_audio = sink.wants_audio
        self.lost = 0
        self._sink = sink
        self._capacity = capacity
        self._patience_s = patience_s
        self._stalled = False
        self._refused: OpenNotes[NoteOn] = OpenNotes()  # lost, and not ended yet
        self._waiting: deque[tuple[Callable[[Any], None], Any]] = deque()  # both its ends may be used at once
        self._news = threading.Lock()  # a flag with a wait, as in `streamer.audio.ring`
        self._news.acquire()
        self._error: Exception | None = None
        self._finished = False
        self._thread = threading.Thread(target=self._work, name=f"writer of {sink.name}", daemon=True)

    @property
    def stuck(self) -> bool:
        """Whether the thread still waits for its sink, after `finish`."""
        return self._thread.is_alive()

    def send(self, event: Event) -> None:
        """See `Sink.send`."""
        if isinstance(event, NoteOff):
            if self._refused.end(event) is not None:
                self.lost += 1
                return
            self._put(self._sink.send, event, at_once=True)
        elif not self._put(self._sink.send, event) and isinstance(event, NoteOn):
            self._refused.begin(event, event)
        if not isinstance(event, PitchEstimate):
            self._wake()

    def write_audio(self, block: Block) -> None:
        """See `Sink.write_audio`."""
        self._put(self._sink.write_audio, block)

    def panic(self) -> None:
        """See `Sink.panic`."""
        self._put(lambda _: self._sink.panic(), None, at_once=True)
        self._wake()

    def set_bend(self, mode: str) -> None:
        """See `Sink.set_bend`."""
        self._put(self._sink.set_bend, mode, at_once=True)
        self._wake()

    def flush(self) -> None:
        """See `Sink.flush`."""
        flushed = threading.Event()

        def flush(_: None) -> None:
            self._sink.flush()
            flushed.set()

        self._put(flush, None, at_once=True)
        self._wake()
        flushed.wait(_FLUSH_S)

    def finish(self) -> None:
        """Let it close once all that waits is written; returns at once."""
        if not self._finished:
            self._finished = True
            self._start()
            self._wake()

    def close(self, timeout_s: float = 2.0) -> None:
        """Finish, and wait for it.

        Raises
        ------
        OutputError
            When it failed, or does not get done in this time.
        """
        self.finish()
        self._thread.join(timeout_s)
        self._raise_failure()
        if self._thread.is_alive():
            raise OutputError(f"{self.name} takes no more; {len(self._waiting)} events for it are lost")

    def _put(self, call: Callable[[Any], None], item: Any, *, at_once: bool = False) -> bool:
        """Have ``call(item)`` done in its turn; False where there was no room.

        What goes in at once takes as much room again at the most: each note-on that waits has one end.
        """
        self._start()
        self._raise_failure()
        if (at_once and len(self._waiting) < 2 * self._capacity) or self._has_room():
            self._waiting.append((call, item))
            return True
        self.lost += 1
        return False

    def _start(self) -> None:
        if self._thread.ident is None:
            self._thread.start()

    def _has_room(self) -> bool:
        deadline_s = 0.0 if self._stalled else time.monotonic() + self._patience_s
        while len(self._waiting) >= self._capacity:
            if time.monotonic() >= deadline_s:
                self._stalled = True
                return False
            time.sleep(0.001)
        self._stalled = False
        return True

    def _raise_failure(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _work(self) -> None:
        try:
            try:
                finished = False
                while not finished:
                    self._news.acquire(timeout=_LINGER_S)
                    finished = self._finished  # before the last look: nothing comes after it
                    while self._waiting:
                        call, argument = self._waiting.popleft()
                        call(argument)
            finally:
                self._sink.close()
        except Exception as error:  # whatever it is, it is raised to whoever uses this sink
            self._error = error

    def _wake(self) -> None:
        if self._news.locked():
            self._news.release()
