"""What becomes of notes that lie outside the scale."""

from streamer.expression.ledger import Lock, Moved
from streamer.music.scales import Scale

_CLEARLY_SHARP = 0.2  # semitones


def snap(scale: Scale) -> Lock:
    """Move what is outside to the nearest note of the scale.

    One that lies just between two goes down, or up where it was played clearly sharp, so that a note in tune always
    goes the same way.

    Parameters
    ----------
    scale : Scale
        What is let through as it is.
    """

    def lock(note: int, midi: float) -> Moved | None:
        for distance in range(7):
            below, above = note - distance in scale, note + distance in scale
            if above and (not below or midi - note > _CLEARLY_SHARP):
                return Moved(note + distance, distance)
            if below:
                return Moved(note - distance, -distance)
        return None

    return lock


def drop(scale: Scale) -> Lock:
    """Leave out what is outside.

    Parameters
    ----------
    scale : Scale
        What is let through.
    """
    return lambda note, _: Moved(note, 0) if note in scale else None


LOCKS = {"snap": snap, "drop": drop}
"""What there is to be done with notes outside, by the name of the setting."""
