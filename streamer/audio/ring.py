"""The ring between a driver's callback and the tracker: preallocated, one writer, one reader, no shared lock.

Each call of `Ring.write` stays one `Block`, with its own capture time, so that the time a block waited here is known
exactly. The writer owns the write counters and the reader owns the read counters; each only looks at the other's. A
block is published by one assignment after all its parts stand, which the interpreter makes atomic.

When the ring is full the **newest** block is refused whole and counted: the writer would have to move the reader's
counter to drop the oldest. The next block that is accepted carries the count, so that time goes on through the loss.
"""

import threading

import numpy as np

from streamer.events import Block, FloatArray


class Ring:
    """Blocks of samples, passed from exactly one thread to exactly one other.

    Parameters
    ----------
    samples : int
        How many samples fit.
    blocks : int
        How many blocks fit, however short.

    Attributes
    ----------
    lost : int
        Samples lost so far, those announced to `write` included.
    losses : int
        How many times something was lost.
    """

    def __init__(self, samples: int, blocks: int = 4096) -> None:
        self._samples = np.zeros(samples, np.float32)
        self._lengths = [0] * blocks
        self._captured_ns = [0] * blocks
        self._losses_before = [0] * blocks
        self._put = 0  # blocks; written by the writer alone
        self._head = 0  # samples; written by the writer alone
        self._pending = 0  # samples lost since the last accepted block; the writer's
        self._got = 0  # blocks; written by the reader alone
        self._tail = 0  # samples; written by the reader alone
        self._time = 0  # sample index of the next block; the reader's
        self.lost = 0
        self.losses = 0
        # A lock used as a flag with a wait: released by the writer when there is news, taken by the reader alone. The
        # writer never waits for it.
        self._news = threading.Lock()
        self._news.acquire()

    def write(self, samples: FloatArray, captured_ns: int, lost: int = 0) -> bool:
        """Copy one block in; never waits.

        Parameters
        ----------
        samples : ndarray of float32, shape (n,)
            May be a strided view.
        captured_ns : int
            `time.monotonic_ns` when the driver handed them over.
        lost : int
            Samples that the driver lost just before these.

        Returns
        -------
        bool
            False where the ring was full and the block was lost.
        """
        count = len(samples)
        if lost:
            self._pending += lost
            self.lost += lost
            self.losses += 1
        size = len(self._samples)
        if self._head - self._tail + count > size or self._put - self._got == len(self._lengths):
            self._pending += count
            self.lost += count
            self.losses += 1
            return False
        at = self._head % size
        first = min(count, size - at)
        self._samples[at : at + first] = samples[:first]
        if first < count:
            self._samples[: count - first] = samples[first:]
        slot = self._put % len(self._lengths)
        self._lengths[slot] = count
        self._captured_ns[slot] = captured_ns
        self._losses_before[slot] = self._pending
        self._pending = 0
        self._head += count
        self._put += 1
        self.wake()
        return True

    def wake(self) -> None:
        """Let `wait` return: there is news, or an end."""
        if self._news.locked():  # only the writer releases, so this cannot change before the next line
            self._news.release()

    def wait(self, timeout_s: float) -> bool:
        """Until something was written since the last call, or the time is over (False)."""
        return self._news.acquire(timeout=timeout_s)

    def read(self) -> Block | None:
        """The oldest block, as a copy; None where there is none."""
        if self._got == self._put:
            return None
        slot = self._got % len(self._lengths)
        count = self._lengths[slot]
        size = len(self._samples)
        at = self._tail % size
        first = min(count, size - at)
        samples = np.empty(count, np.float32)
        samples[:first] = self._samples[at : at + first]
        samples[first:] = self._samples[: count - first]
        lost = self._losses_before[slot]
        block = Block(samples, self._time + lost, self._captured_ns[slot], lost)
        self._time += lost + count
        self._tail += count
        self._got += 1
        return block
