"""Notes computed from scratch, A0 to C8: for the ends of the range, and the timbres, that recordings lack.

Two models: additive (partials with a slope, an inharmonicity, an envelope, vibrato) and a plucked string (Karplus &
Strong 1983, tuned by a fractional delay in the loop as in Jaffe & Smith 1983).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.config import HIGHEST_MIDI, LOWEST_MIDI
from streamer.data.phrase import Phrase
from streamer.material.augment import coloured_noise, from_db, noise_floor
from streamer.material.nonmusic import OWN_LICENCE, OWN_SOURCE
from streamer.material.plans import PlannedNote, Samples, Sound, fade, log_uniform, mix, plan_notes
from streamer.units import midi_to_hz, s_to_samples

SPAN = 28  # semitones that one phrase stays within
STRING_SHARE = 0.3
PLAIN_SHARE = 0.6
_SWELL_SHARE = 0.15  # of the tone generators: so many come up slowly
MOST_PARTIALS = 60


@dataclass(frozen=True, slots=True)
class Timbre:
    """What one additive instrument sounds like.

    Attributes
    ----------
    slope_db : float
        Fall per octave of the partials' levels.
    even_db : float
        Level of the even partials against that slope: far below 0 for a closed pipe.
    first_db : float
        Level of the fundamental against that slope: far below 0 behind a small loudspeaker.
    bumps : ndarray, shape (n, 3)
        Resonances: centre in Hz, gain in dB, width in octaves.
    inharmonicity : float
        Of a stiff string: partial k lies at ``k * sqrt(1 + inharmonicity * k**2)``.
    attack_s : float
        Rise time.
    decay_s : float
        Time to fall by 60 dB at 440 Hz; infinite for a sustained tone.
    vibrato_cents, vibrato_hz : float
        Depth and speed.
    breath_db : float
        Noise in the tone against its level.
    partials : int
        Nothing sounds above this many: a few in an organ's flue pipe or a simple oscillator.
    first_falls : float
        How many times faster the fundamental dies away than the others would have it: its octave is left then.
    """

    slope_db: float
    even_db: float
    first_db: float
    bumps: NDArray[np.float64]
    inharmonicity: float
    attack_s: float
    decay_s: float
    vibrato_cents: float
    vibrato_hz: float
    breath_db: float
    partials: int
    first_falls: float = 1.0


def draw_timbre(rng: np.random.Generator) -> Timbre:
    """An instrument that may never have been built; now and then a tone generator, from a sine to a sawtooth."""
    if rng.random() < PLAIN_SHARE:
        return _plain_timbre(rng)
    plucked = bool(rng.random() < 0.45)
    bumps = np.stack(
        [np.exp(rng.uniform(np.log(150), np.log(5000), 4)), rng.uniform(-14, 14, 4), rng.uniform(0.2, 1, 4)]
    )
    return Timbre(
        slope_db=float(rng.choice([rng.uniform(2, 9), rng.uniform(6, 18)])),
        even_db=float(rng.uniform(-40, -10)) if rng.random() < 0.2 else 0.0,
        first_db=float(rng.uniform(-40, -8)) if rng.random() < 0.2 else 0.0,
        bumps=bumps.T,
        inharmonicity=float(10 ** rng.uniform(-5, -3)) if plucked else 0.0,
        attack_s=float(10 ** (rng.uniform(-3, -2) if plucked else rng.uniform(-2.3, -1.0))),
        decay_s=float(rng.uniform(0.6, 6.0)) if plucked else float("inf"),
        vibrato_cents=0.0 if plucked or rng.random() < 0.5 else float(rng.uniform(5, 40)),
        vibrato_hz=float(rng.uniform(4.0, 7.0)),
        breath_db=float(rng.uniform(-60, -25)),
        partials=_few_partials(2, rng) if rng.random() < 0.2 else MOST_PARTIALS,
        first_falls=float(rng.uniform(2.0, 8.0)) if plucked and rng.random() < 0.25 else 1.0,
    )


def _plain_timbre(rng: np.random.Generator) -> Timbre:
    few = bool(rng.random() < 0.6)
    return Timbre(
        slope_db=float(rng.uniform(0.0, 12.0) if few else rng.choice([60.0, rng.uniform(0.0, 30.0)])),
        even_db=-80.0 if rng.random() < 0.3 else 0.0,
        first_db=0.0,
        bumps=np.zeros((0, 3)),
        inharmonicity=0.0,
        attack_s=float(10 ** (rng.uniform(-1.3, -0.4) if rng.random() < _SWELL_SHARE else rng.uniform(-3, -1.3))),
        decay_s=float("inf"),
        vibrato_cents=0.0 if rng.random() < 0.7 else float(rng.uniform(5, 40)),
        vibrato_hz=float(rng.uniform(4.0, 7.0)),
        breath_db=-70.0,
        partials=_few_partials(1, rng) if few else MOST_PARTIALS,
    )


def _few_partials(least: int, rng: np.random.Generator) -> int:
    """Up to 8, log-uniformly: the fewer there are, the more one of them matters."""
    return int(log_uniform((least, 9.0), rng))


def additive(midi: float, length: int, rate_hz: int, timbre: Timbre, rng: np.random.Generator) -> Samples:
    """One note as a sum of partials.

    Parameters
    ----------
    midi : float
        MIDI pitch.
    length : int
        Samples.
    rate_hz : int
        Samples per second.
    timbre : Timbre
        Levels and courses of the partials.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    f0_hz = midi_to_hz(midi)
    time_s = np.arange(length) / rate_hz
    stiffness = timbre.inharmonicity * min(1.0, (200.0 / f0_hz) ** 2)
    k = np.arange(1, max(2, min(timbre.partials, int(0.45 * rate_hz / f0_hz)) + 1))
    ratio = k * np.sqrt((1.0 + stiffness * k**2) / (1.0 + stiffness))  # the first partial stays in tune
    ratio = ratio[ratio * f0_hz < 0.47 * rate_hz]
    k = k[: len(ratio)]
    level_db = -timbre.slope_db * np.log2(k) + timbre.even_db * (k % 2 == 0) + timbre.first_db * (k == 1)
    for centre_hz, gain_db, width in timbre.bumps:
        level_db = level_db + gain_db * np.exp(-((np.log2(ratio * f0_hz / centre_hz) / width) ** 2))
    # Vibrato begins a little after the note does.
    depth = timbre.vibrato_cents / 1200.0 * np.clip((time_s - 0.15) / 0.25, 0.0, 1.0)
    bend = 2.0 ** (depth * np.sin(2 * np.pi * timbre.vibrato_hz * time_s + rng.uniform(0, 6)))
    cycles = np.cumsum(f0_hz * bend) / rate_hz
    tone = np.zeros(length)
    for number, amplitude in zip(ratio, 10.0 ** (level_db / 20.0), strict=True):
        partial = amplitude * np.sin(2 * np.pi * (number * cycles + rng.random()))
        if np.isfinite(timbre.decay_s):
            fall = 3.0 / timbre.decay_s * (number * f0_hz / 440.0) ** 0.5
            fall *= timbre.first_falls if number == 1.0 else 1.0
            partial *= np.exp(-np.log(10.0) * fall * time_s)
        tone += partial
    tone /= max(float(np.abs(tone).max(initial=0.0)), 1e-9)
    tone += from_db(timbre.breath_db) * coloured_noise(length, 1.0, rng)
    rise = max(2, s_to_samples(timbre.attack_s, rate_hz))
    tone[:rise] *= np.sin(0.5 * np.pi * np.arange(1, rise + 1) / rise)[:length]
    return tone


def plucked_string(midi: float, length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """One note of a string: a burst of noise goes round a loop that delays it by one period and dulls it.

    Parameters
    ----------
    midi : float
        MIDI pitch.
    length : int
        Samples.
    rate_hz : int
        Samples per second.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    from scipy.signal import lfilter

    f0_hz = midi_to_hz(midi)
    period = rate_hz / f0_hz
    omega = 2.0 * np.pi / period
    # The loop's averager delays by a phase that depends on the frequency: choose its weight so that f0 is exact.
    weights = np.linspace(0.02, 0.98, 2000)
    delays = np.arctan2(weights * np.sin(omega), 1.0 - weights + weights * np.cos(omega)) / omega
    whole = int(period - delays[len(delays) // 8])
    weight = float(np.interp(period - whole, delays, weights))
    loss = 10.0 ** (-3.0 * period / rate_hz / rng.uniform(1.0, 6.0))
    burst = rng.standard_normal(max(2, whole))
    burst = lfilter([1.0 - (dull := rng.uniform(0.0, 0.85))], [1.0, -dull], burst)
    position = max(1, int(rng.uniform(0.05, 0.5) * whole))
    excitation = np.zeros(length)
    size = min(length, len(burst))
    excitation[:size] = (burst - np.roll(burst, position))[:size]
    feedback = np.zeros(whole + 2)
    feedback[0] = 1.0
    feedback[whole] -= loss * (1.0 - weight)
    feedback[whole + 1] -= loss * weight
    string: Samples = lfilter([1.0], feedback, excitation)
    return string


def synthesise(
    style: str,
    rng: np.random.Generator,
    rate_hz: int = 44_100,
    duration_s: float = 12.0,
    low_midi: int = LOWEST_MIDI,
    high_midi: int = HIGHEST_MIDI,
) -> Phrase:
    """Make a phrase of computed notes.

    Parameters
    ----------
    style : str
        One of `streamer.material.plans.STYLE_NAMES`.
    rng : numpy.random.Generator
        Decides everything.
    rate_hz, duration_s : int, float
        Samples per second, and length in seconds.
    low_midi, high_midi : int
        Notes stay within; a phrase uses at most 28 semitones of it.

    Returns
    -------
    Phrase
        Of kind ``synthetic``.

    Raises
    ------
    DataError
        If the style is unknown.
    """
    bottom = int(rng.integers(low_midi, max(low_midi, high_midi - SPAN) + 1))
    pitches = np.arange(bottom, min(high_midi, bottom + SPAN) + 1)
    string = bool(rng.random() < STRING_SHARE) or style == "ringing"
    timbre = draw_timbre(rng)
    tuning, top_db = rng.uniform(-0.5, 0.5), rng.uniform(-18.0, -6.0)
    planned = plan_notes(style, pitches, rng, duration_s, top_db, string or bool(np.isfinite(timbre.decay_s)))

    def make(plan: PlannedNote) -> Sound:
        length = s_to_samples(plan.end_s - plan.onset_s + plan.ring_s, rate_hz)
        midi = plan.midi + tuning
        note = plucked_string(midi, length, rate_hz, rng) if string else additive(midi, length, rate_hz, timbre, rng)
        note *= from_db(plan.level_db) / max(float(np.abs(note).max(initial=0.0)), 1e-9)
        fade(note, plan, rate_hz)
        audible = np.flatnonzero(np.abs(note) >= from_db(plan.level_db - 34.0))
        decayed_s = plan.onset_s + (int(audible[-1]) + 1 if len(audible) else length) / rate_hz
        return Sound(note, 0, min(plan.end_s, decayed_s), midi)

    out, notes = mix(planned, make, rate_hz, duration_s)
    out += noise_floor(len(out), rate_hz, rng.uniform(-90.0, -60.0), rng)
    return Phrase(
        samples=np.clip(out, -1.0, 1.0).astype(np.float32),
        rate_hz=rate_hz,
        notes=notes,
        instrument="string" if string else "additive",
        source=OWN_SOURCE,
        licence=OWN_LICENCE,
        kind="synthetic",
        style=style,
    )
