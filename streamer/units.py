"""Conversions between the units that names in this package carry.

Pitches are MIDI note numbers, possibly fractional: 69 is A4. Inside, time is an integer sample index; seconds and
milliseconds appear at the edges only.
"""

import math
import re

A4_MIDI = 69
A4_HZ = 440.0
SILENCE_DB = -120.0
NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def hz_to_midi(f0_hz: float, a4_hz: float = A4_HZ) -> float:
    """Fractional MIDI note number of a frequency.

    Parameters
    ----------
    f0_hz : float
        Frequency, above 0.
    a4_hz : float
        Tuning: frequency of A4.
    """
    return A4_MIDI + 12.0 * math.log2(f0_hz / a4_hz)


def midi_to_hz(midi: float, a4_hz: float = A4_HZ) -> float:
    """Frequency of a possibly fractional MIDI note number.

    Parameters
    ----------
    midi : float
        MIDI note number; A4 is 69.
    a4_hz : float
        Tuning: frequency of A4.
    """
    return float(a4_hz * 2.0 ** ((midi - A4_MIDI) / 12.0))


def note_name(note: int) -> str:
    """Name with octave, C4 being MIDI 60: ``note_name(61) == "C#4"``.

    Parameters
    ----------
    note : int
        MIDI note number.
    """
    return f"{NOTE_NAMES[note % 12]}{note // 12 - 1}"


def note_number(text: str) -> int:
    """MIDI note number of a name or a number: ``"C#4"``, ``"Db4"`` and ``"61"`` are 61.

    Parameters
    ----------
    text : str
        Accidentals are ``#`` and ``b``.

    Raises
    ------
    ValueError
        If the text is neither.
    """
    if text.isdecimal() and int(text) <= 127:
        return int(text)
    match = re.fullmatch(r"([A-Ga-g])([#b]?)(-?\d)", text)
    number = -1
    if match:
        letter, sign, octave = match.groups()
        number = 12 * (int(octave) + 1) + NOTE_NAMES.index(letter.upper()) + {"#": 1, "b": -1, "": 0}[sign]
    if not 0 <= number <= 127:
        raise ValueError(f"{text!r} is not a note; write one as E2, C#4, Bb3 or 40")
    return number


def amplitude_to_db(amplitude: float) -> float:
    """Decibels relative to full scale, never below `SILENCE_DB`.

    Parameters
    ----------
    amplitude : float
        1 is full scale.
    """
    return max(SILENCE_DB, 20.0 * math.log10(amplitude)) if amplitude > 0.0 else SILENCE_DB


def samples_to_s(samples: int, rate_hz: int) -> float:
    """Seconds that so many samples last.

    Parameters
    ----------
    samples : int
        How many.
    rate_hz : int
        Samples per second.
    """
    return samples / rate_hz


def samples_to_ms(samples: int, rate_hz: int) -> float:
    """Milliseconds that so many samples last.

    Parameters
    ----------
    samples : int
        How many.
    rate_hz : int
        Samples per second.
    """
    return 1000.0 * samples / rate_hz


def s_to_samples(seconds: float, rate_hz: int) -> int:
    """The nearest sample index to a time.

    Parameters
    ----------
    seconds : float
        The time.
    rate_hz : int
        Samples per second.
    """
    return round(seconds * rate_hz)
