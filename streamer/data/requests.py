"""The notes that a person is asked to play, and what was recorded of each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from streamer.config import HIGHEST_MIDI, LOWEST_MIDI
from streamer.errors import ConfigError
from streamer.events import FloatArray
from streamer.units import note_name

MANNERS = ("", "softly", "loudly", "short")


@dataclass(frozen=True, slots=True)
class Request:
    """One note to be played.

    Attributes
    ----------
    midi : int
        Which.
    take : int
        For which time, from 1.
    """

    midi: int
    take: int

    @property
    def manner(self) -> str:
        """How: empty for as usual."""
        return MANNERS[(self.take - 1) % len(MANNERS)]

    def __str__(self) -> str:
        """Words for people: ``E2 again, softly``."""
        words = [note_name(self.midi) + (" again" if self.take > 1 else ""), self.manner]
        return ", ".join(word for word in words if word)


def plan_requests(low_midi: int, high_midi: int, step: int, takes: int) -> list[Request]:
    """All notes from the lowest to the highest, each in all its manners.

    Parameters
    ----------
    low_midi : int
        Lowest note.
    high_midi : int
        Highest note.
    step : int
        Semitones from one to the next.
    takes : int
        How often each is asked for.

    Raises
    ------
    ConfigError
        If the range is empty or beyond what can be tracked, or a number is below 1.
    """
    for name, value, low, high in (
        ("the lowest note", low_midi, LOWEST_MIDI, HIGHEST_MIDI),
        ("the highest note", high_midi, LOWEST_MIDI, HIGHEST_MIDI),
    ):
        if not low <= value <= high:
            raise ConfigError(f"{name} is {note_name(value)}, but must be from {note_name(low)} to {note_name(high)}")
    if low_midi > high_midi:
        raise ConfigError(f"the lowest note ({note_name(low_midi)}) is above the highest ({note_name(high_midi)})")
    if step < 1 or takes < 1:
        raise ConfigError(f"step is {step} and takes is {takes}, but each must be at least 1")
    return [Request(midi, take) for midi in range(low_midi, high_midi + 1, step) for take in range(1, takes + 1)]


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """What was played in answer to a request.

    Attributes
    ----------
    request : Request
        What it is taken for.
    samples : ndarray of float32, shape (n,)
        Mono, with a little of what was before and after the note.
    rate_hz : int
        Their rate.
    onset_s, offset_s : float
        Where in them the note sounds, see `streamer.data.datasets.sounding_span`.
    f0_hz : float or None
        Its pitch; None where it is not known to be the one that was asked for.
    peak_db : float
        Its largest sample, dB relative to full scale.
    problem : str or None
        Why it is not good, in words for the person who played it; None for a good one.
    """

    request: Request
    samples: FloatArray
    rate_hz: int
    onset_s: float
    offset_s: float
    f0_hz: float | None
    peak_db: float
    problem: str | None = None


def still_missing(requests: Sequence[Request], had: Collection[Request]) -> list[Request]:
    """The requests that are not answered yet, in order.

    Parameters
    ----------
    requests : sequence of Request
        What was planned.
    had : collection of Request
        What is there.
    """
    return [request for request in requests if request not in had]
