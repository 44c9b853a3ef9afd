"""The bend of a channel: which movements of a pitch are worth a message."""

WAKE_ST = 0.15  # from where the bend rests; what is nearer is in tune
FAR_ST = 0.35  # what is so far off is heard at once
_FAR_MS = 6.0
_STILL_ST = 0.08  # a pitch that stays within so much
_SETTLED_MS = 25.0  # for so long has settled: one message takes the bend there
_MOVING_MS = 30.0  # one that has not settled by then moves, as a vibrato does, and is followed
_STEP_ST = 0.04  # in such steps
_APART_MS = 8.0  # and no more often
_REST_MS = 80.0  # until it stays for so long
_NEVER = 1 << 62  # a sample index


class BendDial:
    """The bend of one channel: when it is worth a message.

    While a pitch stands, its small movements are not, nor is what an attack does to it; where it settles is, once;
    while it moves, steps that are heard are, a few milliseconds apart.

    Parameters
    ----------
    rate_hz : int
        Samples per second.

    Attributes
    ----------
    at : float
        Semitones, as sent last.
    """

    def __init__(self, rate_hz: int) -> None:
        self.at = 0.0
        self._far, self._settled, self._moving, self._apart, self._rest = (
            round(ms * rate_hz / 1000.0) for ms in (_FAR_MS, _SETTLED_MS, _MOVING_MS, _APART_MS, _REST_MS)
        )
        self.set(0.0, 0)

    def set(self, semitones: float, sample: int) -> None:
        """It is sent now, whatever was before, and rests.

        Parameters
        ----------
        semitones : float
            The bend.
        sample : int
            Now.
        """
        self.at = semitones
        self._sent = sample
        self._moves = False
        self._off_since = self._far_since = _NEVER
        self._still = semitones
        self._still_since = sample

    def jump(self, semitones: float, sample: int, least: float) -> bool:
        """Whether this bend is to be sent now, without waiting for where the pitch goes; it then counts as sent.

        Parameters
        ----------
        semitones : float
            The bend that would be right.
        sample : int
            Now.
        least : float
            Semitones from the last one that are worth a message.
        """
        if abs(semitones - self.at) < least:
            return False
        self.set(semitones, sample)
        return True

    def turn(self, semitones: float, sample: int) -> bool:
        """Whether this bend is to be sent now; it then counts as sent.

        Parameters
        ----------
        semitones : float
            The bend that would be right.
        sample : int
            Now.
        """
        off = abs(semitones - self.at)
        if not self._moves and off < WAKE_ST:
            self._off_since = self._far_since = _NEVER
            return False
        self._off_since = min(self._off_since, sample)
        self._far_since = min(self._far_since, sample) if off >= FAR_ST else _NEVER
        if abs(semitones - self._still) > _STILL_ST:
            self._still, self._still_since = semitones, sample
        stays = sample - max(self._still_since, self._off_since)
        if self._moves:
            return self._follow(semitones, sample, rests=stays >= self._rest)
        if stays >= self._settled:
            self.set(semitones, sample)
            return True
        if sample - self._far_since < self._far and sample - self._off_since < self._moving:
            return False
        self._moves = True
        self.at, self._sent = semitones, sample
        return True

    def _follow(self, semitones: float, sample: int, *, rests: bool) -> bool:
        off = abs(semitones - self.at)
        if rests:
            self._moves = False
            self._off_since = self._far_since = _NEVER
        if off < _STEP_ST or sample - self._sent < self._apart:
            return False
        self.at, self._sent = semitones, sample
        return True
