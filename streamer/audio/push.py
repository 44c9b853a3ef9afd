"""A source that is pushed to: by tests, by a server, by any program that has samples of its own."""

import time

from streamer.audio.ring import Ring
from streamer.audio.source import EndOfStream, Source
from streamer.errors import StreamerError
from streamer.events import Block, FloatArray, sample_count


class PushSource(Source):
    """Samples come in by `push` from one thread and out by `read` in another.

    Parameters
    ----------
    rate_hz : int
        Samples per second.
    name : str
        For people.
    buffer_s : float
        How much may wait; what comes beyond it is lost and counted.
    """

    def __init__(self, rate_hz: int, name: str = "pushed", buffer_s: float = 2.0) -> None:
        self.rate_hz = rate_hz
        self.name = name
        self._ring = Ring(round(buffer_s * rate_hz))
        self._end: Exception | None = None

    def start(self) -> None:
        """Forget an earlier failure; but not that no more will come."""
        if not isinstance(self._end, EndOfStream):
            self._end = None

    def push(self, samples: FloatArray, captured_ns: int | None = None, lost: int = 0) -> bool:
        """Hand over one block.

        Parameters
        ----------
        samples : ndarray of float32, shape (n,)
            Mono, full scale +-1.
        captured_ns : int, optional
            `time.monotonic_ns` of the newest sample; now, where it is left out.
        lost : int
            Samples known to be lost just before.

        Returns
        -------
        bool
            False where it did not fit and was lost.

        Raises
        ------
        AudioFormatError
            If ``lost`` is no whole number, or negative.
        """
        lost = sample_count(lost)
        taken = self._ring.write(samples, time.monotonic_ns() if captured_ns is None else captured_ns, lost)
        self.lost = self._ring.lost
        self.losses = self._ring.losses
        return taken

    def finish(self) -> None:
        """No more will come: `read` raises `EndOfStream` when all is read."""
        self._end = EndOfStream()
        self._ring.wake()

    def fail(self, error: StreamerError) -> None:
        """Let `read` raise this when all is read, as a device that dies; not after `finish`.

        Parameters
        ----------
        error : StreamerError
            What is raised.
        """
        if not isinstance(self._end, EndOfStream):
            self._end = error
        self._ring.wake()

    def read(self, timeout_s: float) -> Block | None:
        """See `Source.read`."""
        block = self._ring.read()
        if block is None and self._end is None and self._ring.wait(timeout_s):
            block = self._ring.read()
        if block is None and self._end is not None:
            # The end may have been said between the two looks, with a block before it.
            block = self._ring.read()
            if block is None:
                raise self._end
        return block

    def close(self) -> None:
        """Nothing to let go of."""
