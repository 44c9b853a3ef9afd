"""Recordings in which nothing is a note: people who speak, and everyday sounds, one after another."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from streamer.data.datasets import Recording
from streamer.data.phrase import NO_NOTES, Phrase
from streamer.material.assemble import resample
from streamer.material.augment import Samples, from_db, noise_floor
from streamer.units import s_to_samples

KIND = "nonmusic"
_GAP_S = (0.05, 0.8)
_FADE_S = 0.01
_SPEED = 0.15  # clips are played up to so much faster or slower


def recorded_nonmusic(
    recordings: Sequence[Recording], rng: np.random.Generator, rate_hz: int = 44_100, duration_s: float = 10.0
) -> Phrase:
    """Clips of recordings of kind ``nonmusic``, as many as fit, at levels of their own.

    Parameters
    ----------
    recordings : sequence of Recording
        At least one, all of kind ``nonmusic``.
    rng : numpy.random.Generator
        Decides everything.
    rate_hz : int
        Rate of the phrase.
    duration_s : float
        Its length.

    Raises
    ------
    DataError
        If a recording cannot be read.
    """
    out = np.zeros(s_to_samples(duration_s, rate_hz))
    clock = s_to_samples(rng.choice([0.0, rng.uniform(*_GAP_S)]), rate_hz)
    first = recordings[int(rng.integers(len(recordings)))]
    alike = [r for r in recordings if r.instrument == first.instrument]
    recording = first
    while clock < len(out):
        clip = _clip(recording, rate_hz, rng)[: len(out) - clock]
        out[clock : clock + len(clip)] += clip
        clock += len(clip) + s_to_samples(rng.uniform(*_GAP_S), rate_hz)
        # The same speakers for a while, or something else.
        pool = alike if rng.random() < 0.5 else recordings
        recording = pool[int(rng.integers(len(pool)))]
    out += noise_floor(len(out), rate_hz, rng.uniform(-95.0, -60.0), rng)
    return Phrase(
        samples=np.clip(out, -1.0, 1.0).astype(np.float32),
        rate_hz=rate_hz,
        notes=NO_NOTES,
        instrument=first.instrument,
        source=first.source,
        licence=first.licence,
        kind=KIND,
        style=first.instrument,
    )


def one_after_the_other(first: Phrase, second: Phrase, rng: np.random.Generator) -> Phrase:
    """Half of a phrase, then half of another at the same rate: somebody speaks, then plays, or the other way round.

    Parameters
    ----------
    first, second : Phrase
        What comes first, and what follows.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    half = s_to_samples(0.5 * first.duration_s * rng.uniform(0.6, 1.4), first.rate_hz)
    rest = max(0, len(first.samples) - half)
    at_s = half / first.rate_hz
    ends = [first.samples[:half].copy(), second.samples[:rest].copy()]
    fade = s_to_samples(_FADE_S, first.rate_hz)
    for samples, slope in zip(ends, (np.linspace(1.0, 0.0, fade), np.linspace(0.0, 1.0, fade)), strict=True):
        if len(samples) >= fade:
            part = samples[-fade:] if slope[0] > 0.5 else samples[:fade]
            part *= slope.astype(np.float32)
    early = first.notes[first.notes[:, 0] < at_s - 0.02].copy()
    early[:, 1] = np.minimum(early[:, 1], at_s)
    late = second.notes[second.notes[:, 0] < rest / first.rate_hz - 0.02] + [at_s, at_s, 0.0]
    late[:, 1] = np.minimum(late[:, 1], first.duration_s)
    return replace(
        second,
        samples=np.concatenate(ends),
        notes=np.concatenate([early, late]),
        style=f"{first.style}, {second.style}",
    )


def _clip(recording: Recording, rate_hz: int, rng: np.random.Generator) -> Samples:
    samples, source_hz = recording.load()
    speed = source_hz / rate_hz * (1.0 + rng.uniform(-_SPEED, _SPEED))
    clip = resample(samples.astype(np.float64), Fraction(speed).limit_denominator(40))
    fade = min(len(clip), s_to_samples(_FADE_S, rate_hz))
    clip[:fade] *= np.linspace(0.0, 1.0, fade)
    clip[len(clip) - fade :] *= np.linspace(1.0, 0.0, fade)
    clip *= from_db(rng.uniform(-18.0, 0.0))
    return clip
