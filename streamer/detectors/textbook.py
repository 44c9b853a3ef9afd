"""The two detectors that every tutorial begins with, made to work as well as they can: baselines, not for playing.

Both look at the magnitude spectrum alone, so both report a harmonic wherever it is stronger than the fundamental.
"""

import numpy as np
from numpy.typing import NDArray

from streamer.detectors.base import PitchOnlyDetector
from streamer.events import FloatArray

_WINDOW_S = 0.046
_RANGE_HZ = (25.0, 4_500.0)
_FLOOR_DB = -60.0  # of a sine, relative to full scale
_SHARP_DB = 12.0  # a peak so far above the mean of its surroundings is as likely a tone as not


class PeakDetector(PitchOnlyDetector):
    """The highest peak of the FFT, refined by a parabola through its logarithm."""

    def reset(self) -> None:
        """As in `PitchOnlyDetector`."""
        super().reset()
        self._window = np.hanning(max(256, round(_WINDOW_S * self.rate_hz))).astype(np.float32)
        self._window *= 2.0 / self._window.sum()
        self._samples = np.zeros(len(self._window), np.float32)
        bins = np.array(_RANGE_HZ) * len(self._window) / self.rate_hz
        self._low, self._high = max(1, int(bins[0])), min(len(self._window) // 2 - 1, int(bins[1]))

    def estimate(self, hop: FloatArray) -> tuple[float, float]:
        """As in `PitchOnlyDetector`."""
        spectrum = self._transform(hop)
        magnitude = (np.abs(spectrum) + 1e-9).astype(np.float32)
        peak = self._low + int(magnitude[self._low : self._high].argmax())
        return self._refine(spectrum, magnitude, peak), self._confidence(magnitude, peak)

    def _transform(self, hop: FloatArray) -> NDArray[np.complex64]:
        n = min(len(hop), len(self._samples))
        self._samples[:-n] = self._samples[n:]
        self._samples[-n:] = hop[-n:]
        return np.fft.rfft(self._samples * self._window).astype(np.complex64)

    def _refine(self, spectrum: NDArray[np.complex64], magnitude: FloatArray, peak: int) -> float:  # noqa: ARG002
        before, here, after = np.log(magnitude[peak - 1 : peak + 2])
        curve = before - 2.0 * here + after
        shift = 0.5 * (before - after) / curve if curve < 0.0 else 0.0
        return float((peak + shift) * self.rate_hz / len(self._samples))

    def _confidence(self, magnitude: FloatArray, peak: int) -> float:
        level_db = 20.0 * np.log10(magnitude[peak])
        sharpness_db = level_db - 20.0 * np.log10(magnitude[self._low : self._high].mean())
        return float(1.0 / (1.0 + np.exp(-0.5 * (sharpness_db - _SHARP_DB)))) if level_db > _FLOOR_DB else 0.0

    @property
    def age(self) -> int:
        """As in `PitchOnlyDetector`."""
        return len(self._samples) // 2


class PhaseDetector(PeakDetector):
    """The peak that has risen most since the last hop, its frequency from how far its phase has turned.

    Source: Flanagan & Golden 1966, instantaneous frequency; the choice by spectral flux is that of the tutorials.
    While nothing rises, the choice stays.
    """

    def reset(self) -> None:
        """As in `PitchOnlyDetector`."""
        super().reset()
        self._before = np.zeros(len(self._window) // 2 + 1, np.complex64)
        self._chosen = 0

    def estimate(self, hop: FloatArray) -> tuple[float, float]:
        """As in `PitchOnlyDetector`."""
        spectrum = self._transform(hop)
        magnitude = (np.abs(spectrum) + 1e-9).astype(np.float32)
        flux = np.maximum(magnitude - np.abs(self._before), 0.0)[self._low : self._high]
        loudest = float(magnitude[self._low : self._high].max())
        if self._chosen == 0 or magnitude[self._chosen] < 0.1 * loudest or flux.max() > 0.1 * loudest:
            self._chosen = self._low + int(flux.argmax())
        near = slice(max(self._low, self._chosen - 2), self._chosen + 3)
        self._chosen = near.start + int(magnitude[near].argmax())
        estimate = self._refine(spectrum, magnitude, self._chosen), self._confidence(magnitude, self._chosen)
        self._before = spectrum
        return estimate

    def _refine(self, spectrum: NDArray[np.complex64], magnitude: FloatArray, peak: int) -> float:  # noqa: ARG002
        turn = float(np.angle(spectrum[peak] * np.conj(self._before[peak]))) / (2.0 * np.pi)
        expected = peak * self.config.hop / len(self._samples)
        return (expected + (turn - expected + 0.5) % 1.0 - 0.5) * self.rate_hz / self.config.hop
