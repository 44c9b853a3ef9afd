"""Sounds in which nothing is a note: what a tracker has to stay silent at."""

from collections.abc import Callable

import numpy as np

from streamer.data.phrase import NO_NOTES, Phrase
from streamer.material.augment import Samples, coloured_noise, from_db, hum, machine, noise_floor

Maker = Callable[[int, int, np.random.Generator], Samples]
OWN_SOURCE = "synthetic"
OWN_LICENCE = "made by this program"


def _band(length: int, rate_hz: int, low_hz: float, high_hz: float, rng: np.random.Generator) -> Samples:
    """Noise between two frequencies, of unit RMS, with soft edges."""
    size = 1 << max(length - 1, 1).bit_length()
    spectrum = np.fft.rfft(rng.standard_normal(size))
    hz = np.fft.rfftfreq(size, 1.0 / rate_hz)
    gain = 1.0 / (1.0 + (low_hz / np.maximum(hz, 1e-3)) ** 6) / (1.0 + (hz / high_hz) ** 6)
    noise: Samples = np.fft.irfft(spectrum * gain, size)[:length]
    noise /= max(float(np.sqrt(np.mean(noise**2))), 1e-12)
    return noise


def _scatter(length: int, rate_hz: int, per_s: float, make: Callable[[], Samples], rng: np.random.Generator) -> Samples:
    """Sum sounds made one by one, at random times."""
    out = np.zeros(length)
    for start in rng.integers(0, max(1, length), rng.poisson(per_s * length / rate_hz)):
        sound = make()[: length - start]
        out[start : start + len(sound)] += sound
    return out


def silence(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """Nothing, or almost.

    Parameters
    ----------
    length : int
        Samples.
    rate_hz : int
        Samples per second.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    return np.zeros(length) if rng.random() < 0.3 else noise_floor(length, rate_hz, rng.uniform(-95.0, -75.0), rng)


def hiss(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """A preamplifier turned up: white noise, or high-passed. Parameters as in `silence`."""
    return _band(length, rate_hz, rng.uniform(20.0, 3000.0), 0.45 * rate_hz, rng) * from_db(rng.uniform(-60, -25))


def noise(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """White, pink, brown or anything between, its level slowly changing. Parameters as in `silence`."""
    swell = 10.0 ** (0.15 * np.sin(2 * np.pi * rng.uniform(0.05, 0.5) * np.arange(length) / rate_hz))
    return coloured_noise(length, float(rng.uniform(-0.5, 2.2)), rng) * swell * from_db(rng.uniform(-50, -15))


def mains_hum(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """50 or 60 Hz with harmonics and a little noise. Parameters as in `silence`."""
    return hum(length, rate_hz, rng) * from_db(rng.uniform(-60, -25)) + noise_floor(length, rate_hz, -75.0, rng)


def machines(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """A machine's steady tone, from before one listened. Parameters as in `silence`."""
    return machine(length, rate_hz, rng) * from_db(rng.uniform(-60, -25)) + noise_floor(length, rate_hz, -75.0, rng)


def clicks(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """Plugs, switches, keys of an instrument or a keyboard: impulses, each with its own resonance.

    Parameters as in `silence`.
    """

    def click() -> Samples:
        span = int(rng.uniform(0.001, 0.012) * rate_hz)
        decay = np.exp(-np.arange(span) / (span / 5.0))
        tone = np.sin(2 * np.pi * rng.uniform(800, 6000) * np.arange(span) / rate_hz + rng.uniform(0, 6))
        return (rng.standard_normal(span) * rng.uniform(0, 1) + tone) * decay * from_db(rng.uniform(-30, -6))

    return _scatter(length, rate_hz, rng.uniform(0.5, 6.0), click, rng) + noise_floor(length, rate_hz, -75.0, rng)


def thumps(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """Feet, a bumped stand, a closed door: low noise that dies within a few tenths of a second.

    Parameters as in `silence`.
    """

    def thump() -> Samples:
        span = int(rng.uniform(0.08, 0.35) * rate_hz)
        low = _band(span, rate_hz, 15.0, rng.uniform(50.0, 250.0), rng)
        return low * np.exp(-np.arange(span) / (span / rng.uniform(4, 9))) * from_db(rng.uniform(-30, -8))

    return _scatter(length, rate_hz, rng.uniform(0.4, 3.0), thump, rng) + noise_floor(length, rate_hz, -72.0, rng)


def handling(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """Hands and cables on a microphone or strings: bursts of rubbing noise. Parameters as in `silence`."""

    def rub() -> Samples:
        span = int(rng.uniform(0.05, 0.6) * rate_hz)
        low_hz = rng.uniform(40.0, 1500.0)
        body = _band(span, rate_hz, low_hz, low_hz * rng.uniform(2.0, 12.0), rng)
        rough = 1.0 + rng.uniform(0.0, 0.9) * np.sin(2 * np.pi * rng.uniform(5, 40) * np.arange(span) / rate_hz)
        return body * rough * np.hanning(span) * from_db(rng.uniform(-40, -14))

    return _scatter(length, rate_hz, rng.uniform(0.8, 4.0), rub, rng) + noise_floor(length, rate_hz, -70.0, rng)


def breath(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """Breaths in and out, and blown air without a tone: noise with broad resonances. Parameters as in `silence`."""

    def puff() -> Samples:
        span = int(rng.uniform(0.15, 1.2) * rate_hz)
        air = _band(span, rate_hz, rng.uniform(150, 800), rng.uniform(2500, 9000), rng)
        for _ in range(int(rng.integers(1, 4))):
            centre_hz = rng.uniform(400.0, 3500.0)
            air += 0.7 * _band(span, rate_hz, 0.8 * centre_hz, 1.25 * centre_hz, rng)
        return air * np.hanning(span) ** rng.uniform(0.3, 1.2) * from_db(rng.uniform(-45, -20))

    return _scatter(length, rate_hz, rng.uniform(0.4, 1.5), puff, rng) + noise_floor(length, rate_hz, -70.0, rng)


def fricatives(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """Consonants without a voice: s, sh, f, and the bursts of t, k, p. Parameters as in `silence`."""

    def consonant() -> Samples:
        plosive = rng.random() < 0.4
        span = int((rng.uniform(0.01, 0.05) if plosive else rng.uniform(0.06, 0.25)) * rate_hz)
        low_hz = float(rng.choice([300.0, 1200.0, 2500.0, 4000.0]))
        body = _band(span, rate_hz, low_hz, low_hz * rng.uniform(2.0, 4.0), rng)
        shape = np.exp(-np.arange(span) / (span / 4.0)) if plosive else np.hanning(span) ** 0.5
        return body * shape * from_db(rng.uniform(-40, -14))

    return _scatter(length, rate_hz, rng.uniform(1.0, 5.0), consonant, rng) + noise_floor(length, rate_hz, -70.0, rng)


def applause(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """Hands clapping, a few or many. Parameters as in `silence`."""

    def clap() -> Samples:
        span = int(rng.uniform(0.004, 0.02) * rate_hz)
        centre_hz = rng.uniform(600.0, 2500.0)
        body = _band(span, rate_hz, 0.6 * centre_hz, 2.0 * centre_hz, rng)
        return body * np.exp(-np.arange(span) / (span / 4.0)) * from_db(rng.uniform(-40, -18))

    return _scatter(length, rate_hz, 10 ** rng.uniform(0.7, 2.3), clap, rng) + noise_floor(length, rate_hz, -65.0, rng)


def drums(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """A drum beat: kicks whose pitch falls, snares, hats and toms on a grid of sixteenths.

    Parameters as in `silence`.
    """
    step = int(60.0 / rng.uniform(80, 170) / 4.0 * rate_hz)
    pattern = {hit: rng.random(16) < chance for hit, chance in ((0, 0.3), (1, 0.2), (2, 0.6), (3, 0.12))}
    loud = from_db(rng.uniform(-22, -8))
    out = np.zeros(length)
    for k, start in enumerate(range(int(0.1 * rate_hz), length, step)):
        for hit, when in pattern.items():
            if when[k % 16]:
                sound = _drum(hit, rate_hz, rng)[: length - start] * loud * from_db(rng.uniform(-8, 0))
                out[start : start + len(sound)] += sound
    return out + noise_floor(length, rate_hz, -75.0, rng)


def _drum(hit: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """One hit: 0 kick, 1 snare, 2 hat, 3 tom. Peak about 1."""
    span = int((0.3, 0.2, 0.07, 0.3)[hit] * rng.uniform(0.7, 1.3) * rate_hz)
    time_s = np.arange(span) / rate_hz
    decay = np.exp(-time_s / (span / rate_hz / 5.0))
    if hit == 2:
        return 0.3 * _band(span, rate_hz, 5000.0, 14000.0, rng) * decay
    end_hz = (rng.uniform(40, 65), rng.uniform(150, 220), 0.0, rng.uniform(80, 200))[hit]
    sweep_hz = end_hz * (1.0 + rng.uniform(0.5, 3.0) * np.exp(-time_s / rng.uniform(0.01, 0.05)))
    tone = np.sin(2 * np.pi * np.cumsum(sweep_hz) / rate_hz) * decay
    rattle = _band(span, rate_hz, 800.0, 9000.0, rng) * decay
    mix = (0.03, 0.35, 0.0, 0.08)[hit]
    return (1.0 - mix) * tone + mix * rattle


MAKERS: dict[str, Maker] = {
    "silence": silence,
    "hiss": hiss,
    "noise": noise,
    "hum": mains_hum,
    "machine": machines,
    "clicks": clicks,
    "thumps": thumps,
    "handling": handling,
    "breath": breath,
    "fricatives": fricatives,
    "applause": applause,
    "drums": drums,
}


def nonmusic(style: str, rng: np.random.Generator, rate_hz: int = 44_100, duration_s: float = 12.0) -> Phrase:
    """Make one of `MAKERS`'s sounds.

    Parameters
    ----------
    style : str
        A key of `MAKERS`.
    rng : numpy.random.Generator
        Decides everything.
    rate_hz : int
        Samples per second.
    duration_s : float
        Length in seconds.

    Returns
    -------
    Phrase
        Of kind ``nonmusic``, without notes.
    """
    samples = MAKERS[style](round(duration_s * rate_hz), rate_hz, rng)
    return Phrase(
        samples=np.clip(samples, -1.0, 1.0).astype(np.float32),
        rate_hz=rate_hz,
        notes=NO_NOTES,
        instrument=style,
        source=OWN_SOURCE,
        licence=OWN_LICENCE,
        kind="nonmusic",
        style=style,
    )
