"""Which pitch comes next: endless melodies over the pitches that can be had."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Melody = Callable[[IntArray, np.random.Generator], Iterator[int]]

SCALES = ((2, 2, 1, 2, 2, 2, 1), (2, 1, 2, 2, 1, 2, 2), (1,), (2, 2, 3, 2, 3), (2,))
AGAIN = 0.15  # of the notes of any melody are sounded once more
CHORDS = ((4, 3, 5), (3, 4, 5), (3, 3, 6), (4, 3, 3, 2), (5, 2, 5), (12,))


def _step(now: int, low: int, high: int, pitches: IntArray, rng: np.random.Generator) -> int:
    """A pitch from ``low`` to ``high`` semitones away from this one, or any if there is none."""
    away = np.abs(pitches - now)
    near = pitches[(away >= low) & (away <= high)]
    return int(rng.choice(near if len(near) else pitches))


def walk(pitches: IntArray, rng: np.random.Generator) -> Iterator[int]:
    """Steps of one to four semitones.

    Parameters
    ----------
    pitches : ndarray of int, shape (n,)
        MIDI note numbers that may be used, ascending.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    now = int(rng.choice(pitches))
    while True:
        yield now
        now = _step(now, 1, 4, pitches, rng)


def leap(pitches: IntArray, rng: np.random.Generator) -> Iterator[int]:
    """Leaps of 5 to 19 semitones. Parameters as in `walk`."""
    now = int(rng.choice(pitches))
    while True:
        yield now
        now = _step(now, 5, 19, pitches, rng)


def repeat(pitches: IntArray, rng: np.random.Generator) -> Iterator[int]:
    """Runs of three to eight times the same pitch. Parameters as in `walk`."""
    now = int(rng.choice(pitches))
    while True:
        for _ in range(rng.integers(3, 9)):
            yield now
        now = _step(now, 1, 12, pitches, rng)


def _climb(pitches: IntArray, rng: np.random.Generator, intervals: tuple[int, ...]) -> Iterator[int]:
    """Up and down by intervals in turn, turning where the range or the run ends."""
    now, up, degree, run = int(rng.choice(pitches)), bool(rng.random() < 0.5), 0, int(rng.integers(5, 17))
    low, high = int(pitches.min()), int(pitches.max())
    while True:
        yield int(pitches[np.argmin(np.abs(pitches - now))])
        run -= 1
        interval = intervals[degree % len(intervals)] if up else -intervals[(degree - 1) % len(intervals)]
        if run <= 0 or not low <= now + interval <= high:
            up, run = not up, int(rng.integers(5, 17))
            interval = intervals[degree % len(intervals)] if up else -intervals[(degree - 1) % len(intervals)]
        now = int(np.clip(now + interval, low, high))
        degree += 1 if up else -1


def scale(pitches: IntArray, rng: np.random.Generator) -> Iterator[int]:
    """A major, minor, chromatic, pentatonic or whole-tone scale, up and down. Parameters as in `walk`."""
    return _climb(pitches, rng, SCALES[rng.integers(len(SCALES))])


def arpeggio(pitches: IntArray, rng: np.random.Generator) -> Iterator[int]:
    """A broken chord, up and down. Parameters as in `walk`."""
    return _climb(pitches, rng, CHORDS[rng.integers(len(CHORDS))])


def with_unisons(melody: Iterator[int], rng: np.random.Generator) -> Iterator[int]:
    """A melody in which any note may be followed by itself, as in most that are sung.

    Parameters
    ----------
    melody : iterator of int
        MIDI note numbers.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    for midi in melody:
        yield midi
        while rng.random() < AGAIN:
            yield midi


MELODIES: dict[str, Melody] = {"walk": walk, "leap": leap, "repeat": repeat, "scale": scale, "arpeggio": arpeggio}
