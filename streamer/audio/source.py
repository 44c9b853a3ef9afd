"""The seam between anything that makes samples and the engine that takes them."""

from abc import ABC, abstractmethod

from streamer.audio.channels import ChannelMixer
from streamer.events import Block


class Source(ABC):
    """A stream of mono samples at one rate.

    Attributes
    ----------
    rate_hz : int
        Samples per second; fixed once the source exists.
    name : str
        For people: the device, file or pipe.
    input_latency_ms : float or None
        What the driver says lies between the sound and its delivery here; None where it says nothing believable.
    lost : int
        Samples lost so far.
    losses : int
        How many times something was lost; overruns of unknown length that the driver reports are among them.
    can_wait : bool
        True where nothing is lost however late it is read, and where it may be faster than real time.
    mixer : ChannelMixer or None
        What made one channel of several, and knows what it took; None where there is but one from the start.
    """

    rate_hz: int
    name: str
    input_latency_ms: float | None = None
    lost: int = 0
    losses: int = 0
    can_wait: bool = False
    mixer: ChannelMixer | None = None

    @abstractmethod
    def start(self) -> None:
        """Begin to deliver. Raises `DeviceError` when the device cannot be had."""

    @abstractmethod
    def read(self, timeout_s: float) -> Block | None:
        """The next samples, or None when ``timeout_s`` has passed without any.

        Parameters
        ----------
        timeout_s : float
            Seconds to wait at most.

        Raises
        ------
        EndOfStream
            When there will be no more, as planned: the end of a file or pipe.
        DeviceError
            When the device died; `start` may be tried again.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the device or file. May be called twice."""


class EndOfStream(Exception):  # noqa: N818 - as StopIteration: not an error
    """A source has delivered all it had."""
