"""The seam between the tracker and whatever takes its events."""

from abc import ABC, abstractmethod

from streamer.events import Event


class Sink(ABC):
    """Takes events as they are decided; what it does not care for it ignores.

    Attributes
    ----------
    name : str
        For people: the port or file.
    """

    name: str

    @abstractmethod
    def send(self, event: Event) -> None:
        """Take one event. Raises `MidiError` or `OutputError` when it cannot go on."""

    @abstractmethod
    def close(self) -> None:
        """End what sounds, then let go. May be called twice, and after a failed `send`."""
