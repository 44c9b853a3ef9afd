"""What the newest samples hold: log-power spectra and normalised autocorrelations, several windows at once.

Window lengths are counted in samples of a level of the pyramid (`streamer.analysis.framing`), so one length spans the
same number of periods in every octave below middle C, and fewer milliseconds the higher the note.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft  # several transforms at once take a third of numpy's time

from streamer.analysis.framing import LEVELS
from streamer.events import FloatArray

POWER_WINDOWS = (256, 512)  # samples; 4 to 7 and 7 to 14 periods of the octave that a level is for
CORRELATION_WINDOWS = (40, 100, 256)  # newest samples; about 1, 2 and 5 periods
MAX_LAG = 152  # two periods of the lowest note on its level
LAG_STEPS = (2, 1, 1, 1)  # correlation values per sample of lag, by level: the first has the short periods
LAG_STARTS = tuple(MAX_LAG * sum(LAG_STEPS[:k]) for k in range(LEVELS))  # of each level in a row of correlations
_SIZE = 432  # a fast FFT length, the longest window + MAX_LAG or a little more
_FLOOR = 1e-9  # power of what counts as silence, -90 dBFS
_QUIET = (np.array(CORRELATION_WINDOWS) * _FLOOR).astype(np.float32)[:, None, None]
_HALF_A_SAMPLE = np.exp(0.5j * np.pi * np.arange(_SIZE // 2 + 1) / (_SIZE / 2)).astype(np.complex64)  # later
# Halfway between two samples the power may be far more than theirs, next to a click: so large a part of it is counted.
_LEAST_BETWEEN = 0.8
_FALL = 0.25  # the share of a window in which it falls towards the newest sample


def asymmetric_window(length: int) -> FloatArray:
    """A Hann window whose peak lies near its newest end: newest last, its power summing to 1."""
    fall = max(1, round(_FALL * length))
    rise = length - fall
    up = np.sin(0.5 * np.pi * (np.arange(rise) + 0.5) / rise) ** 2
    down = np.cos(0.5 * np.pi * (np.arange(fall) + 0.5) / fall) ** 2
    window = np.concatenate([up, down])
    return np.asarray(window / np.sqrt((window**2).sum()), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """Spectra and autocorrelations of the levels after each of some hops.

    Attributes
    ----------
    log_power : tuple of ndarray of float32, each of shape (hops, LEVELS, window // 2 + 1)
        For each of `POWER_WINDOWS`, the natural logarithm of the power in each bin; bin ``i`` lies at
        ``i * rate_of_level / window``.
    correlation : ndarray of float32, shape (hops, windows, MAX_LAG * sum(LAG_STEPS))
        Normalised as in McLeod & Wyvill 2005: the newest samples against those a lag before them, divided by the mean
        of both powers. 1 for an unchanging periodic sound at its period; low while only one of the two has begun to
        sound.
    energy : ndarray of float32, shape (hops, windows, LEVELS)
        Mean power of the newest samples of each correlation window.
    """

    log_power: tuple[FloatArray, ...]
    correlation: FloatArray
    energy: FloatArray


class SpectrumAnalyser:
    """Spectra of hops, one after the other or many at once. It keeps nothing of them but room to work in."""

    def __init__(self) -> None:
        self._windows = [asymmetric_window(n) for n in POWER_WINDOWS]
        self._make_room(1)

    def analyse(self, levels: FloatArray) -> Spectra:
        """Look at the newest samples of every level.

        Parameters
        ----------
        levels : ndarray of float32, shape (hops, LEVELS, >= 512)
            As `streamer.analysis.framing.Pyramid.push` returns them. Each hop's values depend on that hop alone, and
            not on how many are given at once.
        """
        log_power = []
        for window in self._windows:
            power = _power(rfft(levels[:, :, -len(window) :] * window))
            power += _FLOOR
            log_power.append(np.log(power, out=power))
        correlation, energy = self._correlate(levels[:, :, -_SIZE:])
        return Spectra(tuple(log_power), correlation, energy)

    def _make_room(self, hops: int) -> None:
        windows = len(CORRELATION_WINDOWS)
        self._newest = np.zeros((hops, windows, LEVELS, _SIZE), np.float32)
        self._sums = np.zeros((hops, LEVELS, 1 + _SIZE), np.float64)
        self._sums_between = np.zeros((hops, 1 + _SIZE), np.float64)
        self._mean = np.zeros((hops, windows, LEVELS, MAX_LAG), np.float32)
        self._mean_dense = np.zeros((hops, windows, MAX_LAG, LAG_STEPS[0]), np.float32)

    def _correlate(self, recent: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Normalised correlations and energies."""
        hops, windows = len(recent), len(CORRELATION_WINDOWS)
        if hops > len(self._newest):
            self._make_room(hops)
        newest = self._newest[:hops]
        for k, size in enumerate(CORRELATION_WINDOWS):
            newest[:, k, :, -size:] = recent[:, :, -size:]
        spectrum = rfft(recent)
        cross = rfft(newest)
        cross *= np.conj(spectrum)[:, None]
        cross[:, :, 0, -1] *= 0.5  # in the longer inverse transform this is not the highest bin, and counts twice
        energy, mean, mean_dense = self._powers(recent, irfft(spectrum[:, 0] * _HALF_A_SAMPLE, _SIZE))
        correlation = np.empty((hops, windows, MAX_LAG * sum(LAG_STEPS)), np.float32)
        n = MAX_LAG * LAG_STEPS[0]
        dense = irfft(cross[:, :, 0], _SIZE * LAG_STEPS[0])[:, :, :n]
        dense *= LAG_STEPS[0]  # the longer inverse transform spreads the same sum over more values
        np.divide(dense, mean_dense, out=correlation[:, :, :n])
        plain = irfft(cross[:, :, 1:], _SIZE)[..., :MAX_LAG]
        np.divide(plain, mean[:, :, 1:], out=plain)
        correlation[:, :, n:] = plain.reshape(hops, windows, -1)
        return correlation, energy

    def _powers(self, recent: FloatArray, between: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Energies, and means of the powers that are compared; on the first level at half lags, too."""
        hops, windows = len(recent), len(CORRELATION_WINDOWS)
        sums, sums_between = self._sums[:hops], self._sums_between[:hops]
        mean, mean_dense = self._mean[:hops], self._mean_dense[:hops]
        np.cumsum(np.square(recent), axis=2, dtype=np.float64, out=sums[:, :, 1:])
        np.cumsum(np.square(between), axis=1, dtype=np.float64, out=sums_between[:, 1:])
        energy = np.empty((hops, windows, LEVELS), np.float32)
        for k, size in enumerate(CORRELATION_WINDOWS):
            # Power of as many samples as the window has, a lag before it: the sums to its end, less those to its start.
            end = 1 + _SIZE
            behind = sums[:, :, end - MAX_LAG : end] - sums[:, :, end - MAX_LAG - size : end - size]
            behind = behind[:, :, ::-1]
            here = behind[:, :, :1]
            np.divide(here[:, :, 0], float(size), out=energy[:, k], casting="same_kind")
            np.add(behind, here, out=mean[:, k], casting="same_kind")
            # The sample between n - 1 and n is the one before n.
            end -= 1
            behind = sums_between[:, end - MAX_LAG : end] - sums_between[:, end - MAX_LAG - size : end - size]
            np.add(behind[:, ::-1], here[:, 0], out=mean_dense[:, k, :, 1], casting="same_kind")
        mean_dense[..., 0] = mean[:, :, 0]
        mean_dense[..., 1] *= _LEAST_BETWEEN
        np.maximum(mean_dense[..., 1], mean[:, :, 0], out=mean_dense[..., 1])
        for values in (mean, mean_dense):
            values *= 0.5
            values += _QUIET
        return energy, mean, mean_dense.reshape(hops, windows, -1)


def _power(spectrum: NDArray[np.complex64]) -> FloatArray:
    return np.square(spectrum.real) + np.square(spectrum.imag)
