"""Where a player's notes lie: the A4 of people who sing or play without anything to tune to."""

import math

_STANDS = 0.3  # semitones about its own mean within which a pitch stands
_STANDING_MS = 70.0  # after which it does
_LASTS_MS = 12_000.0  # over which standing pitch is averaged
_KNOWN_MS = 2_500.0  # of standing pitch, after which its mean is relied on


class Tuning:
    """Follow how far above the grid of notes the pitches lie that a player stands on.

    Parameters
    ----------
    hop_ms : float
        Time between two hops.

    Attributes
    ----------
    semitones : float
        So far above, from -0.5 to 0.5; 0 until enough is known.
    """

    def __init__(self, hop_ms: float) -> None:
        self._hop_ms = hop_ms
        self.reset()

    def reset(self) -> None:
        """Forget the player."""
        self.semitones = 0.0
        self._known_ms = 0.0
        self._cosine = self._sine = 0.0
        self.leave()

    def leave(self) -> None:
        """The note has ended."""
        self._stood_ms = self._mean = 0.0

    def add(self, pitch: float) -> None:
        """Take the MIDI pitch of a hop of a note that sounds."""
        if self._stood_ms and abs(pitch - self._mean) < _STANDS:
            self._stood_ms += self._hop_ms
            self._mean += (pitch - self._mean) * max(0.05, self._hop_ms / self._stood_ms)
        else:
            self._stood_ms, self._mean = self._hop_ms, pitch
        if self._stood_ms < _STANDING_MS:
            return
        self._known_ms += self._hop_ms
        weight = self._hop_ms / min(_LASTS_MS, self._known_ms)
        self._cosine += weight * (math.cos(2.0 * math.pi * pitch) - self._cosine)
        self._sine += weight * (math.sin(2.0 * math.pi * pitch) - self._sine)
        if self._known_ms >= _KNOWN_MS:
            self.semitones = math.atan2(self._sine, self._cosine) / (2.0 * math.pi)
