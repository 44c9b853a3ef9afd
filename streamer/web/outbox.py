"""Between the engine of a client and its socket: samples in, events out, both bounded, with the time that each took."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from streamer.audio.push import PushSource
from streamer.errors import OutputError
from streamer.events import Block, Event, Gap, PitchEstimate
from streamer.outputs.sink import Sink

MOST_PITCHES = 4096  # that wait for a slow client, some ten seconds of them; more are lost, and counted
MOST_EVENTS = 8192  # notes included, none of which may be lost: a client that lets so many wait is given up
PARTS = ("queue", "compute", "send", "total")
_REMEMBERED = 1024  # blocks


class ClientSource(PushSource):
    """What a client sends; knows of which block the engine is at work.

    Parameters
    ----------
    rate_hz : int
        Samples per second.
    name : str
        For people.
    buffer_s : float
        How much may wait.

    Attributes
    ----------
    received_ns, taken_ns : int
        `time.monotonic_ns` when the block came in, and when the engine took it.
    """

    def __init__(self, rate_hz: int, name: str, buffer_s: float) -> None:
        super().__init__(rate_hz, name, buffer_s)
        self.received_ns = self.taken_ns = 0

    def read(self, timeout_s: float) -> Block | None:
        """See `Source.read`."""
        block = super().read(timeout_s)
        if block is not None:
            self.received_ns, self.taken_ns = block.captured_ns, time.monotonic_ns()
        return block


@dataclass(frozen=True, slots=True)
class Decided:
    """An event that waits to be sent, and when the block that decided it was received, by `time.monotonic_ns`."""

    event: Event
    received_ns: int


@dataclass(frozen=True, slots=True)
class Done:
    """A block whose events are all out, with its times by `time.monotonic_ns`."""

    received_ns: int
    taken_ns: int
    done_ns: int


class Outbox(Sink):
    """Takes events in the engine's thread, and hands them over to another.

    Parameters
    ----------
    source : ClientSource
        Tells of which block an event is.
    wake : callable
        Called, in the engine's thread, when there is something to be sent, and not again before `take`.
    first_sample : int
        Index of the first sample that will come: what lies before it is no loss.

    Attributes
    ----------
    dropped : int
        Events that were lost because the client was slow.
    closed : bool
        Whether nothing will follow.
    """

    name = "client"
    wants_audio = True

    def __init__(self, source: ClientSource, wake: Callable[[], None], first_sample: int) -> None:
        self.dropped = 0
        self.closed = False
        self._source = source
        self._wake = wake
        self._first_sample = first_sample
        self._waiting: deque[Decided | Done] = deque()
        self._woken = threading.Event()

    def send(self, event: Event) -> None:
        """Take one event. Raises `OutputError` when so many wait that the client must be given up."""
        is_pitch = isinstance(event, PitchEstimate)
        if isinstance(event, Gap) and event.sample == event.lost == self._first_sample:
            return
        if is_pitch and len(self._waiting) >= MOST_PITCHES:
            self.dropped += 1
            return
        if len(self._waiting) >= MOST_EVENTS:
            raise OutputError(f"the client takes nothing; {MOST_EVENTS} events wait for it")
        self._waiting.append(Decided(event, self._source.received_ns))
        if not is_pitch:
            self._notify()

    def write_audio(self, block: Block) -> None:
        """All events of this block are out."""
        if len(self._waiting) < MOST_PITCHES:
            self._waiting.append(Done(block.captured_ns, self._source.taken_ns, time.monotonic_ns()))
        self._notify()

    def close(self) -> None:
        """Nothing will follow. May be called twice."""
        self.closed = True
        self._woken.clear()
        self._notify()

    def take(self) -> list[Decided | Done]:
        """All that waits, in order."""
        self._woken.clear()
        taken: list[Decided | Done] = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return taken

    def _notify(self) -> None:
        if not self._woken.is_set():
            self._woken.set()
            self._wake()


class BlockTimes:
    """How long blocks took from their receipt until their events were sent, in three parts."""

    def __init__(self) -> None:
        self._latest_ms = np.zeros((_REMEMBERED, len(PARTS)))
        self._count = 0

    def add(self, block: Done, sent_ns: int) -> float:
        """Count one block, and return its total in milliseconds.

        Parameters
        ----------
        block : Done
            Its times.
        sent_ns : int
            When its events were sent.
        """
        total_ms = (sent_ns - block.received_ns) / 1e6
        self._latest_ms[self._count % _REMEMBERED] = (
            (block.taken_ns - block.received_ns) / 1e6,
            (block.done_ns - block.taken_ns) / 1e6,
            (sent_ns - block.done_ns) / 1e6,
            total_ms,
        )
        self._count += 1
        return total_ms

    def summary(self) -> dict[str, dict[str, float]]:
        """Percentiles in milliseconds of each part, over the last blocks; empty where there was none."""
        if not self._count:
            return {}
        percentiles = np.percentile(self._latest_ms[: min(self._count, _REMEMBERED)], (50, 95), axis=0)
        return {
            f"{part}_ms": {"p50": round(float(percentiles[0, i]), 3), "p95": round(float(percentiles[1, i]), 3)}
            for i, part in enumerate(PARTS)
        }
