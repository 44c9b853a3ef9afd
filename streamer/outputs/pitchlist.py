"""Pitch kept in memory."""

from array import array

import numpy as np
from numpy.typing import NDArray

from streamer.events import Event, PitchEstimate
from streamer.outputs.sink import Sink
from streamer.units import samples_to_s

F0_FIELDS = np.dtype([("time_s", float), ("f0_hz", float), ("emit_s", float), ("confidence", float)])


class PitchList(Sink):
    """Keeps what each hop sounds like.

    Parameters
    ----------
    rate_hz : int
        Sample rate of the events.
    """

    name = ""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._values = array("d")

    def send(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, PitchEstimate):
            time_s, emit_s = samples_to_s(event.centre, self._rate_hz), samples_to_s(event.sample, self._rate_hz)
            self._values.extend((time_s, event.f0_hz or 0.0, emit_s, event.confidence))

    @property
    def f0(self) -> NDArray[np.void]:
        """A row a hop, with the fields `F0_FIELDS`; ``f0_hz`` is 0 where unvoiced."""
        return np.frombuffer(self._values.tobytes(), F0_FIELDS)

    def close(self) -> None:
        """Nothing to let go of."""
