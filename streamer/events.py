"""What travels from the microphone to MIDI: blocks of samples in, events out.

All are frozen, and all times are integer sample indices of the stream, counted from its first sample. A field named
``sample`` is the number of samples that had been consumed when the event was decided, so it can never be smaller than
the time that the event speaks of: that is what makes every latency figure honest.
"""

import operator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.errors import AudioFormatError

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Block:
    """Samples as an audio source hands them over: any number of them.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        Mono, full scale +-1, newest sample last.
    start : int
        Index of the first sample in the stream. Lost samples are counted, so that time goes on through a loss.
    captured_ns : int
        `time.monotonic_ns` when the driver handed over the newest sample.
    lost : int
        Samples that were lost immediately before this block.
    """

    samples: FloatArray
    start: int
    captured_ns: int
    lost: int = 0


@dataclass(frozen=True, slots=True)
class PitchEstimate:
    """What one hop sounds like.

    Attributes
    ----------
    sample : int
        Samples consumed when this was decided: the end of the hop.
    centre : int
        Centre of what was analysed.
    f0_hz : float or None
        Fundamental frequency; None where unvoiced.
    confidence : float
        In [0, 1].
    level_db : float
        RMS level of the hop's shortest window, dB relative to full scale.
    peak : float
        Largest absolute sample since the previous hop; 1.0 and above is clipping.
    guess_hz : float
        As ``f0_hz``, and where unvoiced the likeliest frequency all the same; 0 where there is none.
    brightness_hz : float
        Root mean square of the frequencies in the sound; 0 where there is none, or it was not measured.
    """

    sample: int
    centre: int
    f0_hz: float | None
    confidence: float
    level_db: float
    peak: float
    guess_hz: float = 0.0
    brightness_hz: float = 0.0


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A note has begun.

    Attributes
    ----------
    sample : int
        Samples consumed when this was decided.
    onset : int
        Where the note is believed to have begun.
    note : int
        MIDI note number to send, 0 to 127.
    velocity : int
        1 to 127, from the attack's level.
    midi : float
        Fractional pitch as measured so far.
    since : int or None
        Where its sound is believed to have begun: a sung note sounds before it is at its vowel, where people mark it.
        None for ``onset``.
    note_id : int
        Which note of the stream, counted from 1; 0 where notes are not counted.
    corrects : int
        The ``note_id`` of the note that this one is, under a better name; 0 where it is a note of its own.
    moved : int
        By how many semitones ``note`` and ``midi`` were moved away from what a `PitchEstimate` tells, as by a scale or
        a harmony: a pitch bend is relative to the note without this.
    channel : int or None
        MIDI channel, 0 to 15, where it is not that of the output.
    detuned : float
        By how many semitones the receiver's key of this number sounds above what the number says, of a receiver that
        has a tuning: how far two keys are apart is then not the difference of their numbers.
    """

    sample: int
    onset: int
    note: int
    velocity: int
    midi: float
    since: int | None = None
    note_id: int = 0
    corrects: int = 0
    moved: int = 0
    channel: int | None = None
    detuned: float = 0.0

    @property
    def sounds_from(self) -> int:
        """What latency is counted from: ``since``, or else ``onset``."""
        return self.onset if self.since is None else self.since

    @property
    def latency(self) -> int:
        """Samples from where its sound is believed to have begun to its decision, the one account of how late it is.

        ``sample - onset`` may be less, even 0: ``onset`` is the later moment at which people would mark the note.
        """
        return self.sample - self.sounds_from


@dataclass(frozen=True, slots=True)
class NoteOff:
    """The note that sounded has ended.

    Attributes
    ----------
    sample : int
        Samples consumed when this was decided.
    offset : int
        Where the note is believed to have ended.
    note : int
        MIDI note number, that of the note-on.
    midi : float
        Fractional median pitch of the whole note.
    note_id : int
        That of the note-on.
    settled : int or None
        The name that it should have had, where its median pitch contradicts the one it has.
    followed : bool
        Whether another note begins at once, so that what was played may be a slide or a slur.
    released : bool
        Whether it was ended from outside, as by a mute or the end of the stream: nothing may make it longer.
    channel : int or None
        That of the note-on.
    detuned : float
        As `NoteOn.detuned`, of the key ``settled``.
    """

    sample: int
    offset: int
    note: int
    midi: float
    note_id: int = 0
    settled: int | None = None
    followed: bool = False
    released: bool = False
    channel: int | None = None
    detuned: float = 0.0


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples were lost; the open note, if any, was closed just before.

    Attributes
    ----------
    sample : int
        Samples counted up to the end of the loss.
    lost : int
        How many were lost.
    """

    sample: int
    lost: int


Event = PitchEstimate | NoteOn | NoteOff | Gap

MOST_LOST = 1 << 44
"""Samples at once: two years at 192 kHz. Times stay far from where integers of 64 bits end."""


def sample_count(lost: object) -> int:
    """How many samples were lost, as whoever lost them says.

    Raises
    ------
    AudioFormatError
        If it is no whole number from 0 to `MOST_LOST`.
    """
    try:
        count = operator.index(lost)  # type: ignore[arg-type]
    except TypeError:
        count = -1
    if not 0 <= count <= MOST_LOST:
        raise AudioFormatError(f"lost samples are {lost!r}, but must be a whole number, 0 or more")
    return count
