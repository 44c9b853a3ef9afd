"""Singing computed from scratch: more singers, and more ways from a consonant to its vowel, than were recorded.

A voice as source and filter (Fant 1960): harmonics of a gliding pitch, weighed by the resonances of a vocal tract. What
makes singing hard to follow is between the vowels. Nasals, laterals and voiced stops sound at the pitch already, but
without their upper harmonics; unvoiced ones hiss, or are silent. The beat, and the onset that people mark, is where the
vowel begins (Sundberg & Bauer-Huppmann 2007).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.data.phrase import Phrase
from streamer.material.augment import coloured_noise, from_db, noise_floor
from streamer.material.melodies import MELODIES, with_unisons
from streamer.material.nonmusic import OWN_LICENCE, OWN_SOURCE
from streamer.material.plans import LEAD_S, TAIL_S, Range, log_uniform
from streamer.units import A4_HZ, s_to_samples

Array = NDArray[np.float64]

_FRAME_S = 0.002
_BOTTOM_MIDI = (40, 64)  # of a singer's range
_SPAN = (8, 18)  # semitones of it that a phrase uses
_MELODIES = {"walk": 0.4, "scale": 0.25, "arpeggio": 0.15, "repeat": 0.1, "leap": 0.1}
_STRETCH = (4, 12)  # syllables of one melody
_SYLLABLE_S = (0.2, 0.9)
_PACE = (0.7, 1.5)  # of a singer: syllables are so many times as long
_SLIDE_S = (0.01, 0.08)  # in which a third of the way to the pitch is left
_HUMMED = 0.2  # of the phrases: with closed lips, where vowels sound as nasals otherwise do
_OF_HUMMING = ("unvoiced stop", "fricative", "none", "breath")
_SILENT_DB = -120.0
_CHANGE_S = (0.008, 0.04)  # from one sound to the next
_RELEASE_S = (0.02, 0.1)  # in which a voice that ends falls by 60 dB

_LOWEST_HZ, _BINS_PER_OCTAVE, _BINS = 30.0, 12, 110  # where a tract's gain is known: up to 16 kHz
_GRID_HZ = _LOWEST_HZ * 2.0 ** (np.arange(_BINS) / _BINS_PER_OCTAVE)
_HIGHEST_HZ = 8_000.0
_FORMANTS_HZ = ((250, 850), (750, 2400), (2300, 3100), (3200, 3900), (4100, 4900), (5100, 5900), (6100, 6900))
_BANDWIDTHS_HZ = (60.0, 90.0, 130.0, 200.0, 300.0, 400.0, 500.0)


@dataclass(frozen=True, slots=True)
class Consonant:
    """How one kind of consonant sounds. Ranges are drawn from uniformly.

    Attributes
    ----------
    share : float
        Of all syllables.
    length_s : (float, float)
        From the end of one vowel to the beginning of the next.
    voice_db : (float, float)
        Level of the voice in it against the vowel.
    muffled_db : (float, float)
        So much weaker are the harmonics above ``corner_hz``.
    corner_hz : (float, float)
        Where the upper harmonics begin.
    hiss_db : (float, float)
        Level of noise in it against the vowel.
    burst_db : (float, float)
        Level of a short noise at its end.
    """

    share: float
    length_s: Range
    voice_db: Range = (_SILENT_DB, _SILENT_DB)
    muffled_db: Range = (20.0, 40.0)
    corner_hz: Range = (300.0, 900.0)
    hiss_db: Range = (_SILENT_DB, _SILENT_DB)
    burst_db: Range = (_SILENT_DB, _SILENT_DB)


CONSONANTS: dict[str, Consonant] = {
    "nasal or lateral": Consonant(0.40, (0.04, 0.16), (-9.0, 0.0), (8.0, 32.0), (350.0, 1400.0)),
    "voiced stop": Consonant(0.15, (0.03, 0.1), (-24.0, -5.0), (25.0, 50.0), (200.0, 500.0), burst_db=(-30.0, -10.0)),
    "unvoiced stop": Consonant(0.10, (0.04, 0.15), burst_db=(-25.0, -6.0)),
    "fricative": Consonant(0.17, (0.06, 0.22), hiss_db=(-32.0, -8.0)),
    "none": Consonant(0.08, (0.02, 0.06), (-8.0, 0.0), (0.0, 6.0)),
    "breath": Consonant(0.10, (0.15, 0.9), hiss_db=(-60.0, -26.0)),
}


@dataclass(frozen=True, slots=True)
class Syllable:
    """A consonant and the vowel after it.

    Attributes
    ----------
    start_s, onset_s, end_s : float
        Beginning of the consonant, beginning and end of the vowel.
    midi : float
        Pitch of the vowel.
    level_db : float
        Its level.
    consonant : str
        One of `CONSONANTS`.
    """

    start_s: float
    onset_s: float
    end_s: float
    midi: float
    level_db: float
    consonant: str


def sing(rng: np.random.Generator, rate_hz: int = 44_100, duration_s: float = 12.0) -> Phrase:
    """Make a phrase of computed singing.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides everything.
    rate_hz : int
        Rate of the phrase.
    duration_s : float
        Its length.

    Returns
    -------
    Phrase
        Of kind ``synthetic``. Its notes are the vowels.
    """
    top_db = rng.uniform(-22.0, -8.0)
    hummed = bool(rng.random() < _HUMMED)
    syllables = _plan(rng, duration_s, top_db, _OF_HUMMING if hummed else tuple(CONSONANTS))
    time_s = np.asarray(_FRAME_S * np.arange(int(duration_s / _FRAME_S) + 1), np.float64)
    length = s_to_samples(duration_s, rate_hz)
    gain_db = _gain(syllables, time_s, hummed, rng)
    samples = _voice(_pitch(syllables, time_s, rng), gain_db, time_s, length, rate_hz)
    samples += _noises(syllables, time_s, length, rng)
    samples *= from_db(top_db) / max(float(np.abs(samples).max(initial=0.0)), 1e-9)
    samples += noise_floor(length, rate_hz, rng.uniform(-90.0, top_db - 35.0), rng)
    return Phrase(
        samples=np.clip(samples, -1.0, 1.0).astype(np.float32),
        rate_hz=rate_hz,
        notes=np.array([(s.onset_s, s.end_s, s.midi) for s in syllables]).reshape(-1, 3),
        instrument="computed voice",
        source=OWN_SOURCE,
        licence=OWN_LICENCE,
        kind="synthetic",
        style="sung",
    )


def _plan(rng: np.random.Generator, duration_s: float, top_db: float, kinds: Sequence[str]) -> list[Syllable]:
    bottom = int(rng.integers(*_BOTTOM_MIDI))
    pitches = np.arange(bottom, bottom + int(rng.integers(*_SPAN)))
    tuning = rng.uniform(-0.5, 0.5)
    astray = rng.uniform(0.0, 0.3)  # semitones by which this singer misses
    pace = log_uniform(_PACE, rng)
    shares = np.array([CONSONANTS[kind].share for kind in kinds]) * rng.dirichlet(np.full(len(kinds), 3.0))
    shares /= shares.sum()
    planned: list[Syllable] = []
    clock = LEAD_S
    while clock < duration_s - TAIL_S:
        melody = with_unisons(MELODIES[str(rng.choice(list(_MELODIES), p=list(_MELODIES.values())))](pitches, rng), rng)
        for _ in range(int(rng.integers(*_STRETCH))):
            midi = next(melody) + tuning + rng.normal(0.0, astray)
            kind = str(rng.choice(kinds, p=shares))
            if kind == "none" and (not planned or abs(midi - planned[-1].midi) < 0.7):
                kind = kinds[0]  # else there is nothing to hear
            start_s = clock
            onset_s = start_s + rng.uniform(*CONSONANTS[kind].length_s)
            end_s = onset_s + pace * log_uniform(_SYLLABLE_S, rng)
            if onset_s > duration_s - TAIL_S:
                return planned
            end_s = min(end_s, duration_s - 0.1)
            planned.append(Syllable(start_s, onset_s, end_s, midi, top_db - rng.uniform(0.0, 8.0), kind))
            clock = end_s
    return planned


def _voice(midi: Array, gain_db: Array, time_s: Array, length: int, rate_hz: int) -> Array:
    """What is sung, harmonic by harmonic."""
    sample_s = np.arange(length) / rate_hz
    f0_hz = A4_HZ * 2.0 ** ((midi - 69.0) / 12.0)
    cycles = np.cumsum(np.interp(sample_s, time_s, f0_hz)) / rate_hz
    highest_hz = min(_HIGHEST_HZ, 0.45 * rate_hz)
    frame = np.arange(len(time_s))
    out = np.zeros(length)
    for k in range(1, int(highest_hz / f0_hz.min()) + 1):
        place = np.clip(_BINS_PER_OCTAVE * np.log2(k * f0_hz / _LOWEST_HZ), 0.0, _BINS - 1.001)
        left = place.astype(np.intp)
        level_db = gain_db[frame, left] + (place - left) * (gain_db[frame, left + 1] - gain_db[frame, left])
        amplitude = np.where(k * f0_hz < highest_hz, 10.0 ** (level_db / 20.0), 0.0)
        out += np.interp(sample_s, time_s, amplitude) * np.sin(2.0 * np.pi * k * cycles)
    return out


def _pitch(syllables: Sequence[Syllable], time_s: Array, rng: np.random.Generator) -> Array:
    """MIDI pitch over time: held in vowels with a slide into them, and moving to the next in the consonant."""
    midi = np.full(len(time_s), syllables[0].midi if syllables else 60.0)
    vibrato_hz = rng.uniform(4.5, 7.0)
    vibrato = rng.choice([0.0, rng.uniform(0.05, 0.7), rng.uniform(0.6, 1.5)])
    vibrato_after_s, vibrato_within_s = rng.uniform(0.0, 0.2), rng.uniform(0.1, 0.3)
    phase = rng.uniform(0.0, 2.0 * np.pi)
    last = midi[0]
    for s in syllables:
        here = time_s >= s.start_s
        after_s = time_s[here] - s.onset_s
        slide = float(np.clip(rng.normal(-0.3, 0.5), -2.0, 1.0))
        decay_s = log_uniform(_SLIDE_S, rng)
        held = s.midi + slide * np.exp(-np.maximum(after_s, 0.0) / decay_s)
        depth = vibrato * np.clip((after_s - vibrato_after_s) / vibrato_within_s, 0.0, 1.0)
        held = held + depth * np.sin(2.0 * np.pi * vibrato_hz * time_s[here] + phase)
        # The pitch is reached anywhere from the beginning of the consonant to a little after that of the vowel.
        arrived_s = (s.onset_s - s.start_s) * rng.uniform(0.3, 1.1) + rng.uniform(0.0, 0.02)
        progress = np.clip((time_s[here] - s.start_s) / arrived_s, 0.0, 1.0)
        moved = progress * progress * (3.0 - 2.0 * progress)
        midi[here] = last + (held - last) * moved
        last = s.midi
        ending = (time_s > s.end_s - 0.06) & (time_s < s.end_s)
        midi[ending] += rng.uniform(-0.5, 0.2) * (time_s[ending] - s.end_s + 0.06) / 0.06
    knots = rng.normal(0.0, rng.uniform(0.02, 0.12), len(time_s) // 20 + 2)
    drift: Array = np.interp(time_s, np.arange(len(knots)) * 20 * _FRAME_S, knots)
    return midi + drift


def _gain(syllables: Sequence[Syllable], time_s: Array, hummed: bool, rng: np.random.Generator) -> Array:
    """Gain of the voice over time and frequency, shape (frames, bins), dB."""
    gain_db = np.full((len(time_s), _BINS), _SILENT_DB)
    size = rng.uniform(0.85, 1.25)
    slope_db = rng.uniform(4.0, 12.0)
    lips_db = _muffled(CONSONANTS["nasal or lateral"], rng) if hummed else np.zeros(_BINS)
    for s in syllables:
        sound = CONSONANTS[s.consonant]
        vowel_db = s.level_db + _vowel(size, slope_db, rng) - lips_db
        consonant_db = vowel_db + rng.uniform(*sound.voice_db) - _muffled(sound, rng)
        start, over = np.searchsorted(time_s, (s.start_s, s.end_s + 2.0 * _RELEASE_S[1]))
        since_s = time_s[start:over, None] - s.onset_s
        opening = np.clip(since_s / rng.uniform(*_CHANGE_S) + rng.uniform(0.0, 0.5), 0.0, 1.0)
        voice = (1.0 - opening) * 10.0 ** (consonant_db / 20.0) + opening * 10.0 ** (vowel_db / 20.0)
        voice_db = 20.0 * np.log10(voice) - rng.uniform(0.0, 8.0) * np.clip(since_s / 0.5, 0.0, 1.0)
        # It begins as the vowel before left off, which had been dying away since.
        begun = np.clip((since_s + s.onset_s - s.start_s) / rng.uniform(*_CHANGE_S), 0.0, 1.0)
        voice_db = gain_db[start:over] + begun * (voice_db - gain_db[start:over])
        released_s = np.maximum(since_s + s.onset_s - s.end_s, 0.0)
        gain_db[start:] = _SILENT_DB
        gain_db[start:over] = voice_db - 60.0 * released_s / rng.uniform(*_RELEASE_S)
    return np.asarray(np.maximum(gain_db, _SILENT_DB))


def _muffled(sound: Consonant, rng: np.random.Generator) -> Array:
    """By how much each frequency is weaker, dB."""
    octaves = np.log2(_GRID_HZ / rng.uniform(*sound.corner_hz))
    return np.asarray(rng.uniform(*sound.muffled_db) * np.clip(octaves / 0.7, 0.0, 1.0))


def _vowel(size: float, slope_db: float, rng: np.random.Generator) -> Array:
    """Gain of a vocal tract in dB, 0 at its strongest: a vowel of no language.

    Its resonances lie ``size`` times as high as an average man's.
    """
    gain_db = -slope_db * np.log2(np.maximum(_GRID_HZ, 100.0) / 100.0)
    for (low_hz, high_hz), width_hz in zip(_FORMANTS_HZ, _BANDWIDTHS_HZ, strict=True):
        centre_hz = size * rng.uniform(low_hz, high_hz)
        width_hz = width_hz * rng.uniform(0.8, 3.0)
        resonance = centre_hz**2 / np.hypot(centre_hz**2 - _GRID_HZ**2, width_hz * _GRID_HZ)
        gain_db = gain_db + 20.0 * np.log10(resonance)
    return np.asarray(gain_db - gain_db.max())


def _noises(syllables: Sequence[Syllable], time_s: Array, length: int, rng: np.random.Generator) -> Array:
    """Hissing consonants, bursts, breaths, and the breath in the voice."""
    hiss, burst, breath = (np.full(len(time_s), _SILENT_DB) for _ in range(3))
    breathy_db = rng.uniform(-55.0, -22.0)
    for s in syllables:
        sound = CONSONANTS[s.consonant]
        middle_s, half_s = 0.5 * (s.start_s + s.onset_s), 0.5 * (s.onset_s - s.start_s)
        shape_db = -40.0 * np.clip(np.abs(time_s - middle_s) / half_s - 0.8, 0.0, None) ** 2 * 10.0
        hiss = np.maximum(hiss, s.level_db + rng.uniform(*sound.hiss_db) + shape_db)
        since_s = time_s - s.onset_s + rng.uniform(0.0, 0.012)
        fall_db = np.where(since_s < 0.0, _SILENT_DB, -since_s * 60.0 / rng.uniform(0.02, 0.08))
        burst = np.maximum(burst, s.level_db + rng.uniform(*sound.burst_db) + fall_db)
        vowel = (time_s >= s.onset_s) & (time_s < s.end_s)
        breath[vowel] = s.level_db + breathy_db
    total = np.zeros(length)
    sample_s = np.linspace(0.0, time_s[-1], length)
    for level_db, exponent in ((hiss, rng.uniform(-1.5, 0.5)), (burst, 0.0), (breath, rng.uniform(0.0, 1.5))):
        amplitude = np.interp(sample_s, time_s, 10.0 ** (level_db / 20.0))
        total += coloured_noise(length, float(exponent), rng) * amplitude * 0.3
    return total
