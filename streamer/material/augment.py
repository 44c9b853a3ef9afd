"""What happens to a sound between the instrument and the samples: room, microphone, hum, noise, gain, clipping."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streamer.data.datasets import NoteTable
from streamer.data.phrase import Phrase
from streamer.units import s_to_samples

Samples = NDArray[np.float64]
Range = tuple[float, float]

MOST_TEARS = 8
_MACHINES = 0.3  # of what hums: other machines than the mains
_GATE_BLOCK_S = 0.001


@dataclass(frozen=True, slots=True)
class Conditions:
    """How probable each condition is, and how strong it may be.

    Attributes
    ----------
    room : float
        Probability of a room, with a decay (RT60) within ``room_s`` and a direct-to-reverberant ratio within
        ``room_ratio_db``.
    tilt : float
        Probability of a microphone's colour: up to ``tilt_db`` at the ends of the spectrum.
    hum : float
        Probability of mains hum, or another machine's tone, at a level within ``hum_db``.
    noise : float
        Probability of noise of any colour at a signal-to-noise ratio within ``snr_db``.
    babble : float
        Probability of other sound, given to `apply`, at a ratio within ``babble_snr_db``.
    gate : float
        Probability of a noise gate, as telephones and meeting software have: what is softer than the softest note by
        an amount within ``gate_below_db`` is turned down by an amount within ``gate_depth_db``.
    gain_db : (float, float)
        Gain, always.
    clip : float
        Probability of clipping by up to ``clip_db``.
    narrow : float
        Probability that nothing above a frequency within ``narrow_hz`` is left, as of telephones and old recordings.
    torn : float
        Probability of dropouts, as of an overloaded driver: silences of a length within ``torn_ms``.
    """

    room: float = 0.35
    room_s: Range = (0.15, 0.8)
    room_ratio_db: Range = (0.0, 18.0)
    tilt: float = 0.5
    tilt_db: float = 12.0
    hum: float = 0.2
    hum_db: Range = (-75.0, -35.0)
    noise: float = 0.4
    snr_db: Range = (12.0, 45.0)
    babble: float = 0.0
    babble_snr_db: Range = (15.0, 35.0)
    gate: float = 0.2
    gate_below_db: Range = (8.0, 30.0)
    gate_depth_db: Range = (10.0, 60.0)
    gain_db: Range = (-18.0, 6.0)
    clip: float = 0.12
    clip_db: float = 15.0
    narrow: float = 0.15
    narrow_hz: Range = (3200.0, 9000.0)
    torn: float = 0.06
    torn_ms: Range = (0.5, 12.0)


def from_db(level_db: float) -> float:
    """Amplitude of a level in dB relative to full scale."""
    return float(10.0 ** (level_db / 20.0))


def rms(samples: Samples) -> float:
    """Root mean square, never quite 0.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        The sound.
    """
    return max(float(np.sqrt(np.mean(samples**2))), 1e-12)


def _unit_rms(samples: Samples) -> Samples:
    unit: Samples = samples / rms(samples)
    return unit


def coloured_noise(length: int, exponent: float, rng: np.random.Generator) -> Samples:
    """Noise of unit RMS whose power falls with frequency to the power ``exponent``: 0 white, 1 pink, 2 brown.

    Parameters
    ----------
    length : int
        Samples.
    exponent : float
        0 to 2.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    size = 1 << max(int(length) - 1, 1).bit_length()  # a length that is quick to transform
    spectrum = np.fft.rfft(rng.standard_normal(size))
    bins = np.arange(len(spectrum), dtype=np.float64)
    # Below 20 Hz of a 44.1 kHz stream brown noise would be all that there is.
    weight: Samples = np.maximum(bins, 20.0 / 44_100.0 * size) ** (-exponent / 2.0)
    noise: Samples = np.fft.irfft(spectrum * weight, size)[:length]
    return _unit_rms(noise)


def noise_floor(length: int, rate_hz: int, level_db: float, rng: np.random.Generator) -> Samples:
    """Noise of a colour drawn at random, now and then with mains hum in it, at an RMS level.

    Parameters
    ----------
    length : int
        Samples.
    rate_hz : int
        Samples per second.
    level_db : float
        RMS level, dB relative to full scale.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    noise = coloured_noise(length, float(rng.uniform(-0.5, 2.0)), rng)
    if rng.random() < 0.2:
        noise = noise + rng.uniform(0.3, 1.5) * hum(length, rate_hz, rng)
    return from_db(level_db) * _unit_rms(noise)


def hum(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """Mains hum of unit RMS: 50 or 60 Hz with harmonics, the odd ones stronger, or the octave of a rectifier.

    Parameters
    ----------
    length : int
        Samples.
    rate_hz : int
        Samples per second.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    base_hz = float(rng.choice([50.0, 60.0])) * (1.0 + rng.normal(0.0, 0.0005)) * float(rng.choice([1.0, 1.0, 2.0]))
    phase = 2.0 * np.pi * base_hz * np.arange(length) / rate_hz
    total = np.zeros(length)
    for k in range(1, int(rng.integers(2, 16))):
        strength = rng.uniform(0.2, 1.0) / k * (1.0 if k % 2 else 0.5)
        total += strength * np.sin(k * phase + rng.uniform(0.0, 2.0 * np.pi))
    return _unit_rms(total)


def machine(length: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    """The steady tone of a fan, a transformer, a drive or a screen, of unit RMS. Parameters as in `hum`."""
    base_hz = log_uniform_hz((40.0, 4000.0), rng)
    drift = 0.002 * np.sin(2.0 * np.pi * rng.uniform(0.02, 0.5) * np.arange(length) / rate_hz + rng.uniform(0.0, 6.0))
    phase = 2.0 * np.pi * base_hz * np.cumsum(1.0 + drift * rng.uniform(0.0, 1.0)) / rate_hz
    total = np.zeros(length)
    for k in range(1, int(rng.integers(2, 9))):
        if k * base_hz < 0.45 * rate_hz:
            total += rng.uniform(0.0, 1.0) / k * np.sin(k * phase + rng.uniform(0.0, 2.0 * np.pi))
    beats = 1.0 + rng.uniform(0.0, 0.3) * np.sin(2.0 * np.pi * rng.uniform(0.3, 9.0) * np.arange(length) / rate_hz)
    return _unit_rms(_unit_rms(total * beats) + rng.uniform(0.0, 1.5) * coloured_noise(length, 1.0, rng))


def room_response(rate_hz: int, decay_s: float, ratio_db: float, rng: np.random.Generator) -> Samples:
    """Impulse response of a simple room: the direct sound, then sparse reflections that decay exponentially.

    Parameters
    ----------
    rate_hz : int
        Samples per second.
    decay_s : float
        Time to fall by 60 dB.
    ratio_db : float
        Energy of the direct sound over that of all the rest.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    length = max(2, int(decay_s * rate_hz))
    time_s = np.arange(length) / rate_hz
    gap = int(rng.uniform(0.001, 0.008) * rate_hz)
    density = np.minimum(1.0, 0.002 + 0.2 * time_s / max(decay_s, 1e-3))  # reflections crowd as time goes on
    tail = rng.standard_normal(length) * (rng.random(length) < density) * 10.0 ** (-3.0 * time_s / decay_s)
    tail[:gap] = 0.0
    absorbed = np.convolve(tail, [0.25, 0.5, 0.25], mode="same")  # walls take the highs first
    energy = float((absorbed**2).sum())
    response: Samples = absorbed * np.sqrt(10.0 ** (-ratio_db / 10.0) / max(energy, 1e-12))
    response[0] += 1.0
    return response


def microphone_tilt(samples: Samples, rate_hz: int, rng: np.random.Generator, tilt_db: float) -> Samples:
    """Colour a sound as a cheap microphone does: a slope over the octaves, a resonance, a high-pass.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        The sound.
    rate_hz : int
        Samples per second.
    rng : numpy.random.Generator
        Decides everything that is random.
    tilt_db : float
        The slope is drawn from minus to plus this, in dB over five octaves.
    """
    from scipy.signal import firwin2, oaconvolve

    points_hz = np.geomspace(30.0, 0.49 * rate_hz, 12)
    octaves = np.log2(points_hz / 600.0) / 5.0
    gain_db = octaves * rng.uniform(-tilt_db, tilt_db)
    centre, width = rng.uniform(-0.6, 0.9), rng.uniform(0.08, 0.3)
    gain_db += rng.uniform(-6.0, 8.0) * np.exp(-(((octaves - centre) / width) ** 2))
    gain = 10.0 ** (gain_db / 20.0)
    taps = firwin2(
        257,
        np.concatenate([[0.0], points_hz, [rate_hz / 2]]),
        np.concatenate([[gain[0]], gain, [gain[-1]]]),
        fs=rate_hz,
    )
    # Linear phase, moved back by its constant delay: the labels stay true.
    coloured: Samples = oaconvolve(samples, taps)[128 : 128 + len(samples)]
    return coloured


def log_uniform_hz(bounds: Range, rng: np.random.Generator) -> float:
    """A frequency between two, each octave as likely.

    Parameters
    ----------
    bounds : (float, float)
        The lowest and the highest, in Hz.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    return float(bounds[0] * (bounds[1] / bounds[0]) ** rng.random())


def low_passed(samples: Samples, rate_hz: int, edge_hz: float) -> Samples:
    """A sound without what lies above a frequency, without any delay.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        The sound.
    rate_hz : int
        Samples per second.
    edge_hz : float
        Where its band ends.
    """
    from scipy.signal import firwin, oaconvolve

    if edge_hz >= 0.45 * rate_hz:
        return samples
    low: Samples = oaconvolve(samples, firwin(257, edge_hz, fs=rate_hz))[128 : 128 + len(samples)]
    return low


def gated(
    samples: Samples, rate_hz: int, notes: NoteTable, below_db: float, depth_db: float, rng: np.random.Generator
) -> Samples:
    """Turn a sound down wherever it is softer than the softest of its notes by more than ``below_db``.

    The gate opens within 1 to 12 ms of a sound that is loud enough, so a beginning may lose a little, and stays open
    for 50 to 300 ms after it.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        The sound.
    rate_hz : int
        Samples per second.
    notes : ndarray, shape (m, 3)
        Onset and offset (s), and MIDI pitch of its notes.
    below_db : float
        How far below its softest note the gate closes.
    depth_db : float
        By how much what is softer is turned down.
    rng : numpy.random.Generator
        Decides everything that is random.
    """
    from scipy.ndimage import maximum_filter1d

    block = s_to_samples(_GATE_BLOCK_S, rate_hz)
    blocks = np.pad(samples, (0, -len(samples) % block)).reshape(-1, block)
    level_db = 20.0 * np.log10(np.sqrt((blocks**2).mean(axis=1)) + 1e-9)
    spans = np.rint(notes[:, :2] / _GATE_BLOCK_S).astype(np.intp)
    softest_db = min(level_db[start : max(stop, start + 1)].max(initial=-180.0) for start, stop in spans)
    hold = max(1, round(rng.uniform(0.05, 0.3) / _GATE_BLOCK_S))
    # Open at each block that is loud enough, and for some blocks after it.
    loud = level_db > softest_db - below_db
    is_open = maximum_filter1d(loud, hold, origin=(hold - 1) // 2, mode="constant")
    gain = np.where(is_open, 1.0, from_db(-depth_db))
    opening = max(1, round(rng.uniform(0.001, 0.012) / _GATE_BLOCK_S))
    ramp = np.convolve(np.pad(gain, (opening - 1, 0), mode="edge"), np.full(opening, 1.0 / opening), mode="valid")
    middle = (np.arange(len(ramp)) + 0.5) * block
    gated_samples: Samples = samples * np.interp(np.arange(len(samples)), middle, ramp)
    return gated_samples


def apply(phrase: Phrase, rng: np.random.Generator, conditions: Conditions, babble: Samples | None = None) -> Phrase:
    """Put a phrase into a room, before a microphone, among noise; its labels stay.

    Parameters
    ----------
    phrase : Phrase
        What is played.
    rng : numpy.random.Generator
        Decides everything.
    conditions : Conditions
        What may happen.
    babble : ndarray or None
        Other sound at the same rate, of any length.
    """
    from scipy.signal import oaconvolve

    rate_hz = phrase.rate_hz
    out = phrase.samples.astype(np.float64)
    if rng.random() < conditions.room:
        response = room_response(rate_hz, rng.uniform(*conditions.room_s), rng.uniform(*conditions.room_ratio_db), rng)
        out = oaconvolve(out, response)[: len(out)]
    if rng.random() < conditions.tilt:
        out = microphone_tilt(out, rate_hz, rng, conditions.tilt_db)
    if rng.random() < conditions.narrow:
        out = low_passed(out, rate_hz, log_uniform_hz(conditions.narrow_hz, rng))
    level = rms(out)
    if rng.random() < conditions.noise:
        noise = coloured_noise(len(out), float(rng.uniform(-0.5, 2.0)), rng)
        out = out + noise * level * from_db(-rng.uniform(*conditions.snr_db))
    if babble is not None and len(babble) and rng.random() < conditions.babble:
        other = np.resize(np.roll(babble, -int(rng.integers(len(babble)))), len(out))
        ratio = level / rms(other)
        out = out + other * ratio * from_db(-rng.uniform(*conditions.babble_snr_db))
    if rng.random() < conditions.hum:
        steady = machine if rng.random() < _MACHINES else hum
        out = out + steady(len(out), rate_hz, rng) * from_db(rng.uniform(*conditions.hum_db))
    if len(phrase.notes) and rng.random() < conditions.gate:
        below_db, depth_db = rng.uniform(*conditions.gate_below_db), rng.uniform(*conditions.gate_depth_db)
        out = gated(out, rate_hz, phrase.notes, below_db, depth_db, rng)
    out = out * from_db(rng.uniform(*conditions.gain_db))
    peak = float(np.abs(out).max(initial=1e-9))
    if rng.random() < conditions.clip:
        out = out * (from_db(rng.uniform(0.0, conditions.clip_db)) / peak)
    elif peak > 0.99:
        out = out * (0.99 / peak)
    if rng.random() < conditions.torn:
        for start in rng.integers(len(out), size=int(rng.integers(1, MOST_TEARS + 1))):
            out[start : start + s_to_samples(rng.uniform(*conditions.torn_ms) / 1000.0, rate_hz)] = 0.0
    return replace(phrase, samples=np.clip(out, -1.0, 1.0).astype(np.float32))
