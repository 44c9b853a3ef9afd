"""How loud a note will be that has only just begun."""

from collections import deque

from streamer.units import amplitude_to_db

_LOUDEST_MS = 30.0  # over which the level of an attack is taken
_CLIMB_MS = 5.0
_CLIMB_DB = (1.0, 5.0)  # in that time: from where on the level counts as still climbing, and as doing nothing else
_MOST_UNKNOWN = 0.85
_USUAL_DB = -20.0  # what a note reaches, until more is known
_NEWEST = 0.3  # weight of the newest note in what is usual
_PEAK_MS = 350.0  # after which a note is not expected to become louder


class Loudness:
    """Tell from the level so far, and from what the player's notes have reached before, what a note will reach.

    The beginning of a slow attack looks like that of a quick one that is softer: only its level still climbs. So the
    more it climbs, the more the notes before decide.

    Parameters
    ----------
    hop_ms : float
        Time between two hops.
    """

    def __init__(self, hop_ms: float) -> None:
        self._powers: deque[float] = deque(maxlen=max(1, round(_LOUDEST_MS / hop_ms)))
        self._climb_hops = max(1, round(_CLIMB_MS / hop_ms))
        self._peak_hops = round(_PEAK_MS / hop_ms)
        self.reset()

    def reset(self) -> None:
        """Forget the player."""
        self._powers.clear()
        self._usual_db = _USUAL_DB
        self._most, self._left = 0.0, 0

    def add(self, power: float) -> None:
        """Take the mean square of the next hop."""
        self._powers.append(power)
        if self._left:
            self._left -= 1
            self._most = max(self._most, power)
            if not self._left:
                self.leave()

    def begin(self, rise_db: float) -> float:
        """A note begins: the level that it will probably reach, RMS in dB relative to full scale.

        Parameters
        ----------
        rise_db : float
            By how much its level is expected to rise yet, whatever the notes before have reached.
        """
        self.leave()
        self._most, self._left = max(self._powers), self._peak_hops
        expected_db = _db(self._most) + rise_db
        before = self._powers[max(0, len(self._powers) - 1 - self._climb_hops)]
        low, high = _CLIMB_DB
        climb_db = _db(self._powers[-1]) - _db(before)
        unknown = _MOST_UNKNOWN * min(1.0, max(0.0, (climb_db - low) / (high - low)))
        return expected_db + unknown * max(0.0, self._usual_db - expected_db)

    def leave(self) -> None:
        """The note has ended, or is as loud as it will be."""
        if self._most > 0.0:
            self._usual_db += _NEWEST * (_db(self._most) - self._usual_db)
        self._most, self._left = 0.0, 0


def _db(power: float) -> float:
    return amplitude_to_db(power**0.5)
