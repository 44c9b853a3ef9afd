"""All sinks of an engine: one that fails ends alone, and whatever ends, its notes end first."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from streamer.errors import OutputError, StreamerError
from streamer.events import Block, Event
from streamer.outputs.away import AwaySink
from streamer.outputs.queued import QueuedSink
from streamer.outputs.sink import Sink

Recorder = Callable[[int, int], Sink]
"""``recorder(take, start)`` opens the sink of take 1, 2, ... whose time zero is the sample index ``start``."""

_REOPEN_S = 1.0
_REOPEN_AT_THE_END_S = 2.0
_WRITING_S = 3.0


class Fanout:
    """Sends to all sinks, in their order.

    A sink that fails is closed and reported; the others go on. One that can be reopened is tried again every second,
    and once more at the end: something may still sound at its receiver.

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
        self._away: list[AwaySink] = []
        self._retried_s = 0.0
        self._failures: list[str] = []  # of sinks that have failed for good
        self._finishing: list[QueuedSink] = []  # of ended takes
        self._lost = 0  # by sinks that are gone

    @property
    def names(self) -> tuple[str, ...]:
        """Of the sinks that live as long as the engine; those without a name are nothing that people would know."""
        return tuple(sink.name for sink in self._sinks if sink.name)

    @property
    def trouble(self) -> str:
        """Which sink is away, or else has failed, in a line for people; empty where none is."""
        return next((away.trouble for away in self._away), "") or next(reversed(self._failures), "")

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
        return any(sink.stuck for sink in self._finishing) or any(away.trying for away in self._away)

    def send(self, event: Event) -> int:
        """Send one event to all, and return when the first had taken it, as `time.monotonic_ns`.

        Raises
        ------
        BrokenPipeError
            When who reads a sink has left.
        """
        first_ns = 0
        failed: list[tuple[Sink, Exception]] = []
        for sink in self._all():
            try:
                sink.send(event)
            except Exception as error:  # a sink may be anybody's code, and none may cost another its note-offs
                failed.append((sink, error))
            else:
                first_ns = first_ns or time.monotonic_ns()
        self._drop(failed)  # last: closing may take its time
        return first_ns or time.monotonic_ns()

    def write_audio(self, block: Block) -> None:
        """Give the samples to all that record them."""
        self._each([(sink, sink.write_audio, block) for sink in self._all() if sink.wants_audio])

    def panic(self) -> None:
        """Silence every receiver."""
        self._each([(sink, sink.panic) for sink in self._all()])

    def set_bend(self, mode: str) -> None:
        """Have all that send bends do so in another way from now on."""
        self._each([(sink, sink.set_bend, mode) for sink in self._all()])

    def flush(self) -> None:
        """Wait until what was sent has left this process."""
        self._each([(sink, sink.flush) for sink in self._all()])

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
        except BaseException:
            for sink in opened:
                self._close(sink, sink.close)
            raise
        self._failures.clear()
        self._take = [self._queued(sink) for sink in opened]

    def end_take(self) -> None:
        """Have the files of the take completed; does not wait for the disk."""
        take, self._take = self._take, []
        for sink in take:
            self._finish(sink)

    def reopen(self) -> None:
        """Try to bring back what is away, once a second; never waits."""
        for away in [away for away in self._away if away.back]:
            self._away.remove(away)
            self._sinks = [away.sink, *self._sinks]  # replaced, not changed: another thread may be reading it
            self._report(f"{away.sink.name} is back")
        if self._away and time.monotonic() - self._retried_s >= _REOPEN_S:
            self._retried_s = time.monotonic()
            for away in self._away:
                away.retry()

    def close(self) -> None:
        """Close all: first what may sound, then the files."""
        sinks, self._sinks, self._take = self._all(), [], []
        for sink in sinks:
            self._finish(sink)
        until_s = time.monotonic() + _REOPEN_AT_THE_END_S
        trying = [away for away in self._away if away.trying]  # perhaps since before they could be opened
        for away in self._away:  # a last time, so that they end what sounds at their receivers
            away.retry()
        deadline_s = time.monotonic() + _WRITING_S
        for queued in self._finishing:
            self._close(queued, queued.close, max(0.0, deadline_s - time.monotonic()))
            self._lost += queued.lost
        for away in trying:
            away.wait(max(0.0, until_s - time.monotonic()))
            away.retry()
        for away in self._away:
            away.wait(max(0.0, until_s - time.monotonic()))
            if away.give_up():
                self.failed = True
            else:
                self._close(away.sink, away.sink.close)

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

    def _each(self, calls: Sequence[tuple[Any, ...]]) -> None:
        """Call each: a sink, what to call, and its arguments. One that fails ends alone."""
        failed: list[tuple[Sink, Exception]] = []
        for sink, call, *arguments in calls:
            try:
                call(*arguments)
            except Exception as error:  # as in `send`
                failed.append((sink, error))
        self._drop(failed)

    def _drop(self, failed: Sequence[tuple[Sink, Exception]]) -> None:
        """Close what has failed.

        Raises
        ------
        BrokenPipeError
            When one was a sink whose reader has left.
        """
        gone = [sink for sink, _ in failed]
        self._sinks = [sink for sink in self._sinks if sink not in gone]
        self._take = [sink for sink in self._take if sink not in gone]
        for sink, error in failed:
            self._drop_one(sink, error)
        for _, error in failed:
            if isinstance(error, BrokenPipeError):
                raise error

    def _drop_one(self, sink: Sink, error: Exception) -> None:
        self._close(sink, sink.close)
        if isinstance(sink, QueuedSink):
            self._lost += sink.lost
        if isinstance(error, BrokenPipeError):
            return  # as its reader wished
        line = _line(sink, error)
        if sink.can_reopen:
            line = f"{line}; trying to open it again"
            self._away.append(AwaySink(sink, line))
        else:
            self.failed = True
            self._failures.append(line)
        self._report(line)

    def _close(self, sink: Sink, close: Callable[..., None], *arguments: float) -> None:
        try:
            close(*arguments)
        except BrokenPipeError:
            return  # nobody is left to miss the rest
        except Exception as error:  # as in `send`
            self.failed = True
            self._report(_line(sink, error))


def _line(sink: Sink, error: Exception) -> str:
    """What to say: the error's own line where it is one of ours."""
    if isinstance(error, StreamerError):
        return str(error)
    return str(OutputError(f"{sink.name} failed: {type(error).__name__}: {error}"))
