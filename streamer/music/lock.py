"""What becomes of notes that lie outside the scale."""

from collections.abc import Callable

from streamer.music.scales import Scale

NoteLock = Callable[[int, float], int | None]
"""``lock(note, midi)`` gives the MIDI note to send for one of this number and fractional pitch, None for none."""

_CLEARLY_SHARP = 0.2  # semitones


def snap(scale: Scale) -> NoteLock:
    """Move what is outside to the nearest note of the scale.

    One that lies just between two goes down, or up where it was played clearly sharp, so that a note in tune always
    goes the same way.

    Parameters
    ----------
    scale : Scale
        What is let through as it is.
    """

    def lock(note: int, midi: float) -> int | None:
        for distance in range(7):
            below, above = note - distance, note + distance
            if below in scale and above in scale:
                return above if midi - note > _CLEARLY_SHARP else below
            if below in scale or above in scale:
                return below if below in scale else above
        return None

    return lock


def drop(scale: Scale) -> NoteLock:
    """Leave out what is outside.

    Parameters
    ----------
    scale : Scale
        What is let through.
    """
    return lambda note, _: note if note in scale else None


LOCKS = {"snap": snap, "drop": drop}
"""What there is to be done with notes outside, by the name of the setting."""
