"""Sounds for tests: plucked and sung notes of known pitch."""

import numpy as np

from streamer.events import FloatArray


def pluck(midi: float, duration_s: float, rate_hz: int, level: float = 0.4, a4_hz: float = 440.0) -> FloatArray:
    """A decaying harmonic tone with a fast attack, in which higher harmonics die sooner."""
    f0_hz = a4_hz * 2.0 ** ((midi - 69) / 12)
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    out = np.zeros_like(t)
    for h in range(1, 11):
        if h * f0_hz < 0.4 * min(rate_hz, 16_000):
            out += np.sin(2 * np.pi * h * f0_hz * t) / h * np.exp(-t * (1.5 + 1.5 * h))
    out *= np.minimum(1.0, t / 0.002) * np.minimum(1.0, (t[-1] - t) / 0.005)
    return (level * out / np.abs(out).max()).astype(np.float32)


def melody(
    notes: list[float], rate_hz: int, note_s: float = 0.3, gap_s: float = 0.1, **how: float
) -> tuple[FloatArray, list[float]]:
    """Plucked notes one after the other, with silence around them; samples and onsets in seconds."""
    silence = np.zeros(round(gap_s * rate_hz), np.float32)
    parts, onsets_s, at = [silence, silence, silence], [], 3 * len(silence)
    for note in notes:
        onsets_s.append(at / rate_hz)
        parts += [pluck(note, note_s, rate_hz, **how), silence]
        at += len(parts[-2]) + len(silence)
    return np.concatenate([*parts, silence, silence]), onsets_s
