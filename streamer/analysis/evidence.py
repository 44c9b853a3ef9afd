"""What a detector makes of one hop: all that the note machine knows of the sound."""

from dataclasses import dataclass

from streamer.config import HIGHEST_MIDI, LOWEST_MIDI
from streamer.events import FloatArray

BEGUN_MS = 45.0
N_CANDIDATES = HIGHEST_MIDI - LOWEST_MIDI + 1


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a detector makes of one hop.

    Attributes
    ----------
    sounding : ndarray of float32, shape (88,)
        For each note from A0 to C8, the log odds that it sounds at the newest sample.
    begun : ndarray of float32, shape (88,)
        For each note, the log odds that it has begun, or been struck again, within the last `BEGUN_MS`.
    features : ndarray of float32, shape (88, features), or None
        What that was told from, where it is that of `streamer.analysis.features`.
    """

    sounding: FloatArray
    begun: FloatArray
    features: FloatArray | None = None
