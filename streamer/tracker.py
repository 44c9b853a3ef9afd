"""Samples in, events out: no I/O, no threads, no clock."""

from streamer.config import TrackerConfig
from streamer.events import Event, FloatArray


class Tracker:
    """Follow one voice or instrument.

    Parameters
    ----------
    config : TrackerConfig
        Settings.
    rate_hz : int
        Sample rate of what `process` will be given.
    """

    def __init__(self, config: TrackerConfig, rate_hz: int) -> None:
        self.config = config
        self.rate_hz = rate_hz
        self.consumed = 0  # samples, lost ones included

    def process(self, samples: FloatArray) -> list[Event]:
        """Take any number of samples and return what they decide, in order.

        However a recording is cut into calls, the events are the same, bit for bit.

        Parameters
        ----------
        samples : ndarray of float32, shape (n,)
            Mono, full scale +-1, newest sample last.

        Raises
        ------
        AudioFormatError
            If the array is not one-dimensional float32.
        """
        raise NotImplementedError

    def gap(self, lost: int) -> list[Event]:
        """Samples were lost: end the open note, forget the past, and let time go on by ``lost`` samples."""
        raise NotImplementedError

    def flush(self) -> list[Event]:
        """End the open note: the stream is over."""
        raise NotImplementedError
