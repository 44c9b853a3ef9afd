"""What the newest samples hold: log-power spectra and normalised autocorrelations, several windows at once.

Window lengths are counted in samples of a level of the pyramid (`streamer.analysis.framing`), so one length spans the
same number of periods in every octave below middle C, and fewer milliseconds the higher the note.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.framing import LEVELS
from streamer.events import FloatArray

POWER_WINDOWS = (256, 512)  # samples; 4 to 7 and 7 to 14 periods of the octave that a level is for
CORRELATION_WINDOWS = (40, 100, 256)  # newest samples; about 1, 2 and 5 periods
MAX_LAG = 152  # two periods of the lowest note on its level
LAG_STEPS = (2, 1, 1, 1)  # correlation values per sample of lag, by level: the first has the short periods
LAG_STARTS = tuple(MAX_LAG * sum(LAG_STEPS[:k]) for k in range(LEVELS))  # of each level in a row of correlations
_SIZE = 432  # a fast FFT length, the longest window + MAX_LAG or a little more
_FLOOR = 1e-9  # power of what counts as silence, -90 dBFS
_SIZES = np.array(CORRELATION_WINDOWS)
_QUIET = (_SIZES * _FLOOR).astype(np.float32)[:, None, None]
_OF_ROW = np.array([*range(LEVELS), 0])  # the level of each row of powers; the last row is between the first's samples
_HALF_A_SAMPLE = np.exp(1j * np.pi * np.arange(_SIZE // 2 + 1) / _SIZE).astype(np.complex64)  # later
# Halfway between two samples the power may be far more than theirs, next to a click: so large a part of it is counted.
LEAST_BETWEEN = 0.8
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
        from scipy.fft import irfft, rfft  # slow to import; several transforms at once take a third of numpy's time

        self._rfft, self._irfft = rfft, irfft
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
            power = _power(self._rfft(levels[:, :, -len(window) :] * window))
            power += _FLOOR
            log_power.append(np.log(power, out=power))
        correlation, energy = self._correlate(levels[:, :, -_SIZE:])
        return Spectra(tuple(log_power), correlation, energy)

    def _make_room(self, hops: int) -> None:
        windows = len(CORRELATION_WINDOWS)
        self._samples = np.zeros((hops, windows + 1, LEVELS, _SIZE), np.float32)  # the newest of each window, then all
        # After the levels, the first one's samples half a sample earlier.
        self._squares = np.zeros((hops, LEVELS + 1, _SIZE), np.float32)
        self._sums = np.zeros((hops, LEVELS + 1, 1 + _SIZE), np.float64)
        self._mean = np.zeros((hops, windows, LEVELS + 1, MAX_LAG), np.float32)
        self._mean_dense = np.zeros((hops, windows, MAX_LAG, LAG_STEPS[0]), np.float32)

    def _correlate(self, recent: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Normalised correlations and energies."""
        hops, windows = len(recent), len(CORRELATION_WINDOWS)
        if hops > len(self._samples):
            self._make_room(hops)
        samples = self._samples[:hops]
        for k, size in enumerate(CORRELATION_WINDOWS):
            samples[:, k, :, -size:] = recent[:, :, -size:]
        samples[:, windows] = recent
        spectrum = self._rfft(samples)  # few large transforms: each call costs more than it computes
        between = spectrum[:, windows, 0] * _HALF_A_SAMPLE
        spectrum[:, :windows] *= np.conj(spectrum[:, windows:])
        spectrum[:, windows, 1] = between
        spectrum[:, :, 0, -1] *= 0.5  # in the longer inverse transform this is not the highest bin, and counts twice
        plain = self._irfft(spectrum[:, :, 1:], _SIZE)
        energy, mean = self._powers(recent, plain[:, windows, 0])
        mean_dense = self._mean_dense[:hops]
        mean_dense[..., 0] = mean[:, :, 0]
        np.maximum(mean[:, :, 0], mean[:, :, LEVELS], out=mean_dense[..., 1])
        correlation = np.empty((hops, windows, MAX_LAG * sum(LAG_STEPS)), np.float32)
        n = MAX_LAG * LAG_STEPS[0]
        dense = self._irfft(spectrum[:, :windows, 0], _SIZE * LAG_STEPS[0])[:, :, :n]
        dense *= LAG_STEPS[0]  # the longer inverse transform spreads the same sum over more values
        np.divide(dense, mean_dense.reshape(hops, windows, n), out=correlation[:, :, :n])
        rest = correlation[:, :, n:].reshape(hops, windows, LEVELS - 1, MAX_LAG)
        np.divide(plain[:, :windows, :, :MAX_LAG], mean[:, :, 1:LEVELS], out=rest)
        return correlation, energy

    def _powers(self, recent: FloatArray, between: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Energies, and the means of the powers that are compared; for the first level at half lags, too, last."""
        hops = len(recent)
        squares, sums, mean = self._squares[:hops], self._sums[:hops], self._mean[:hops]
        np.square(recent, out=squares[:, :LEVELS])
        np.square(between[:, :-1], out=squares[:, LEVELS, 1:])
        np.cumsum(squares, axis=2, dtype=np.float64, out=sums[:, :, 1:])
        here = sums[:, None, :LEVELS, _SIZE] - sums[:, :LEVELS, _SIZE - _SIZES].transpose(0, 2, 1)
        energy = (here / _SIZES[:, None]).astype(np.float32)
        here = here[:, :, _OF_ROW, None]
        for k, size in enumerate(CORRELATION_WINDOWS):
            # Power of as many samples as the window has, a lag before it: the sums to its end, less those to its start.
            end = 1 + _SIZE
            behind = sums[:, :, end - MAX_LAG : end] - sums[:, :, end - MAX_LAG - size : end - size]
            np.add(behind[:, :, ::-1], here[:, k], out=mean[:, k], casting="same_kind")
        mean[:, :, LEVELS] *= LEAST_BETWEEN
        mean *= 0.5
        mean += _QUIET
        return energy, mean


@cache
def shift_by_half_a_sample() -> NDArray[np.complex128]:
    """What brings samples that correlations look at to half a sample later, for each bin of every fourth sample.

    Returns
    -------
    ndarray of complex128, shape (_SIZE // 8 + 1, 4, 4)
        From the spectrum of every fourth sample, beginning at sample ``r``, to that of every fourth, beginning at
        ``s``: element ``[bin, r, s]``. The scale of an inverse transform is in it.
    """
    pulse = np.zeros(_SIZE)
    pulse[0] = 1.0
    later = np.fft.irfft(np.fft.rfft(pulse) * _HALF_A_SAMPLE, _SIZE)
    quarter = _SIZE // 4
    out = np.empty((quarter // 2 + 1, 4, 4), np.complex128)
    for r in range(4):
        for s in range(4):
            out[:, r, s] = np.fft.rfft(later[(4 * np.arange(quarter) + s - r) % _SIZE]) / quarter
    return out


def _power(spectrum: NDArray[np.complex64]) -> FloatArray:
    return np.square(spectrum.real) + np.square(spectrum.imag)
