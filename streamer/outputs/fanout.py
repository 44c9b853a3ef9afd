"""All sinks of an engine: one that fails ends alone, and whatever ends, its notes end first."""

import contextlib
import time
from collections.abc import Callable, Sequence

from streamer.errors import OutputError, StreamerError
from streamer.events import Block, Event
from streamer.outputs.queued import QueuedSink
from streamer.outputs.sink import Sink

Recorder = Callable[[int, int], Sink]
"""``recorder(take, start)`` opens the sink of take 1, 2, ... whose time zero is the sample index ``start``."""

_REOPEN_S = 1.0
_WRITING_S = 3.0


class Fanout:
    """Sends to all sinks, in their order.

    A sink that fails is closed and reported; the others go on. One that can be reopened is tried again every second.

    Parameters
    ----------
    sinks : sequence of Sink
        From beginning to end.
    recorders : sequence of Recorder
        What opens the sinks of a take.
    report : callable
        Gets each line for people.
    patience_s : float
        How long `send` may wait for a slow file or pipe before its events are lost.

    Attributes
    ----------
    failed : bool
        Whether a sink has failed for good.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        recorders: Sequence[Recorder],
        report: Callable[[str], None],
        patience_s: float = 0.0,
    ) -> None:
        self.failed = False
        self._patience_s = patience_s
        self._report = report
        self._recorders = recorders
        self._sinks = [self._queued(sink) for sink in sinks]
        self._sinks.sort(key=lambda sink: isinstance(sink, QueuedSink))  # stable: what may not wait goes first
        self._take: list[Sink] = []
        self._takes = 0
        self._away: list[Sink] = []
        self._retried_s = 0.0
        self._finishing: list[QueuedSink] = []  # of ended takes
        self._lost = 0  # by sinks that are gone

    @property
    def names(self) -> tuple[str, ...]:
        """Of the sinks that live as long as the engine."""
        return tuple(sink.name for sink in self._sinks)

    @property
    def recording(self) -> str | None:
        """What is being written by the present take, or None."""
        return ", ".join(sink.name for sink in self._take) or None

    @property
    def lost(self) -> int:
        """Events and blocks that a sink was too slow for."""
        return self._lost + sum(sink.lost for sink in self._all() if isinstance(sink, QueuedSink))

    @property
    def exhausted(self) -> bool:
        """Whether sinks have failed and none is left, nor may come back."""
        return self.failed and not self._all() and not self._away

    @property
    def stuck(self) -> bool:
        """Whether a thread still waits in a sink; to be asked after `close`."""
        return any(sink.stuck for sink in self._finishing)

    def send(self, event: Event) -> int:
        """Send one event to all, and return when the first had taken it, as `time.monotonic_ns`.

        Raises
        ------
        BrokenPipeError
            When who reads a sink has left.
        """
        first_ns = 0
        for sink in self._all():
            self._guard(sink, sink.send, event)
            first_ns = first_ns or time.monotonic_ns()
        return first_ns or time.monotonic_ns()

    def write_audio(self, block: Block) -> None:
        """Give the samples to all that record them."""
        for sink in self._all():
            if sink.wants_audio:
                self._guard(sink, sink.write_audio, block)

    def panic(self) -> None:
        """Silence every receiver."""
        for sink in self._all():
            self._guard(sink, sink.panic)

    def begin_take(self, start: int) -> None:
        """Open a file for each recorder.

        Raises
        ------
        OutputError
            When one cannot be opened; none is then open.
        """
        self._takes += 1
        opened: list[Sink] = []
        try:
            opened.extend(recorder(self._takes, start) for recorder in self._recorders)
        except StreamerError:
            for sink in opened:
                sink.close()
            raise
        self._take = [self._queued(sink) for sink in opened]

    def end_take(self) -> None:
        """Have the files of the take completed; does not wait for the disk."""
        take, self._take = self._take, []
        for sink in take:
            self._finish(sink)

    def reopen(self) -> None:
        """Try to bring back what is away, once a second."""
        if not self._away or time.monotonic() - self._retried_s < _REOPEN_S:
            return
        self._retried_s = time.monotonic()
        for sink in list(self._away):
            with contextlib.suppress(StreamerError):  # it was reported when it went
                sink.reopen()
                self._away.remove(sink)
                self._sinks = [sink, *self._sinks]  # replaced, not changed: another thread may be reading it
                self._report(f"{sink.name} is back")

    def close(self) -> None:
        """Close all: first what may sound, then the files."""
        sinks, self._sinks, self._take = self._all(), [], []
        for sink in sinks:
            self._finish(sink)
        deadline = time.monotonic() + _WRITING_S
        for queued in self._finishing:
            self._close(queued, queued.close, max(0.0, deadline - time.monotonic()))
            self._lost += queued.lost
        self.failed = self.failed or bool(self._away)

    def _queued(self, sink: Sink) -> Sink:
        return QueuedSink(sink, self._patience_s) if sink.may_block else sink

    def _all(self) -> list[Sink]:
        return self._sinks + self._take

    def _finish(self, sink: Sink) -> None:
        if isinstance(sink, QueuedSink):
            sink.finish()
            self._finishing.append(sink)
        else:
            self._close(sink, sink.close)

    def _guard(self, sink: Sink, call: Callable[..., None], *arguments: Event | Block) -> None:
        """Let a failing sink end alone."""
        try:
            call(*arguments)
        except BrokenPipeError:
            raise
        except Exception as error:  # a sink may be anybody's code, and none may cost another its note-offs
            self._drop(sink, error)

    def _drop(self, sink: Sink, error: Exception) -> None:
        self._sinks = [other for other in self._sinks if other is not sink]
        self._take = [other for other in self._take if other is not sink]
        self._close(sink, sink.close)
        if isinstance(sink, QueuedSink):
            self._lost += sink.lost
        if sink.can_reopen:
            self._away.append(sink)
            self._report(f"{_line(sink, error)}; trying to open it again")
        else:
            self.failed = True
            self._report(_line(sink, error))

    def _close(self, sink: Sink, close: Callable[..., None], *arguments: float) -> None:
        try:
            close(*arguments)
        except BrokenPipeError:
            return  # nobody is left to miss the rest
        except Exception as error:  # as above
            self.failed = True
            self._report(_line(sink, error))


def _line(sink: Sink, error: Exception) -> str:
    """What to say: the error's own line where it is one of ours."""
    if isinstance(error, StreamerError):
        return str(error)
    return str(OutputError(f"{sink.name} failed: {type(error).__name__}: {error}"))
