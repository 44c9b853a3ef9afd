"""The level of the room in which a microphone stands, found while somebody plays in it."""

from collections import deque

from streamer.events import PitchEstimate
from streamer.units import SILENCE_DB, s_to_samples

GATE_DB = -54.0  # RMS; below this nothing begins, however quiet the room
LOUD_DB = -30.0  # above this something begins, however loud the room
ABOVE_ROOM_DB = 10.0
NEAR_ROOM_DB = 6.0
ROOM_S, ROOM_PART_S = 15.0, 0.1  # the room is the quietest part of the last seconds
KNOWN_PARTS = 2  # before them nothing begins


class RoomLevel:
    """How loud it is when nobody plays: the quietest tenth of a second of the last seconds.

    Parameters
    ----------
    rate_hz : int
        Sample rate of the sound.
    """

    def __init__(self, rate_hz: int) -> None:
        self._part = s_to_samples(ROOM_PART_S, rate_hz)
        self._parts: deque[float] = deque(maxlen=round(ROOM_S / ROOM_PART_S))
        self._loudest_db = SILENCE_DB
        self._ends = self._part

    @property
    def is_known(self) -> bool:
        """Whether enough has passed for a note to begin."""
        return len(self._parts) >= KNOWN_PARTS

    @property
    def level_db(self) -> float | None:
        """Level of the room; None until it is known."""
        return min(self._parts) if self._parts else None

    @property
    def begin_db(self) -> float:
        """Above this level a note begins."""
        room_db = self.level_db
        return GATE_DB if room_db is None else min(LOUD_DB, max(GATE_DB, room_db + ABOVE_ROOM_DB))

    @property
    def end_db(self) -> float:
        """Below this level it is over."""
        return self.begin_db - (ABOVE_ROOM_DB - NEAR_ROOM_DB)

    def update(self, estimate: PitchEstimate) -> None:
        """Take the level of the next hop."""
        self._loudest_db = max(self._loudest_db, estimate.level_db)
        if estimate.sample >= self._ends:
            self._parts.append(self._loudest_db)
            self._loudest_db = SILENCE_DB
            self._ends = estimate.sample + self._part
