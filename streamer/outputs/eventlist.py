"""Events kept in memory."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator

from streamer.events import Event, PitchEstimate
from streamer.outputs.sink import Sink

_FIELDS = ("sample", "centre", "f0_hz", "confidence", "level_db", "peak", "guess_hz", "brightness_hz")
_WIDTH = len(_FIELDS)


class Estimates:
    """Pitch estimates in order, in a small part of the memory that the objects would take: 64 bytes for each."""

    def __init__(self) -> None:
        self._values = array("d")

    def add(self, event: PitchEstimate) -> None:
        """Keep one.

        Parameters
        ----------
        event : PitchEstimate
            No earlier than those before.
        """
        e = event
        numbers = (e.confidence, e.level_db, e.peak, e.guess_hz, e.brightness_hz)
        self._values.extend((e.sample, e.centre, e.f0_hz or 0.0, *numbers))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._values) // _WIDTH

    def __iter__(self) -> Iterator[PitchEstimate]:
        """All of them, as they were."""
        return self.between(0, len(self))

    def between(self, first: int, end: int) -> Iterator[PitchEstimate]:
        """Some of them, as they were.

        Parameters
        ----------
        first, end : int
            From this one on, and up to before that one.
        """
        values = self._values
        for at in range(first * _WIDTH, end * _WIDTH, _WIDTH):
            sample, centre, f0_hz, *others = values[at : at + _WIDTH]
            yield PitchEstimate(int(sample), int(centre), f0_hz or None, *others)

    def at(self, sample: float) -> int:
        """Which is the first that was decided there or later.

        Parameters
        ----------
        sample : float
            Sample index.
        """
        return bisect_left(range(len(self)), sample, key=lambda k: self._values[k * _WIDTH])

    def column(self, name: str, first: int = 0, end: int | None = None) -> "array[float]":
        """One number of each, or of some of them.

        Parameters
        ----------
        name : str
            A field of `PitchEstimate`; ``f0_hz`` is 0 where unvoiced.
        first, end : int
            As in `between`; all by default.
        """
        end = len(self) if end is None else end
        return self._values[first * _WIDTH + _FIELDS.index(name) : end * _WIDTH : _WIDTH]


class EventList(Sink):
    """Keeps all events, and gives them back just as they came.

    Parameters
    ----------
    pitch : bool
        Whether pitch estimates are kept, too.

    Attributes
    ----------
    estimates : Estimates
        The pitch; none where it is not kept.
    """

    name = ""

    def __init__(self, *, pitch: bool = True) -> None:
        self.wants_pitch = pitch
        self.estimates = Estimates()
        self._others: list[tuple[int, Event]] = []  # and how many estimates there were before each

    def send(self, event: Event) -> None:
        """Take one event."""
        if not isinstance(event, PitchEstimate):
            self._others.append((len(self.estimates), event))
        elif self.wants_pitch:
            self.estimates.add(event)

    def tell(self, sink: Sink) -> None:
        """Send all of them to a sink, which is not closed.

        Parameters
        ----------
        sink : Sink
            Gets no pitch estimates if it does not want them.
        """
        for event in self if sink.wants_pitch else self.others():
            sink.send(event)

    def others(self) -> Iterator[Event]:
        """All that are no pitch estimates."""
        return (event for _, event in self._others)

    def __iter__(self) -> Iterator[Event]:
        """All of them, in the order in which they came."""
        told = 0
        for before, event in self._others:
            yield from self.estimates.between(told, before)
            told = before
            yield event
        yield from self.estimates.between(told, len(self.estimates))

    def close(self) -> None:
        """Nothing to let go of."""
