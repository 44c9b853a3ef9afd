"""What the newest samples hold: log-power spectra and normalised autocorrelations, several windows at once.

Window lengths are counted in samples of a level of the pyramid (`streamer.analysis.framing`), so one length spans the
same number of periods in every octave below middle C, and fewer milliseconds the higher the note.
"""

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
_FALL = 0.25  # the share of a window in which it falls towards the newest sample


def asymmetric_window(length: int) -> FloatArray:
    """A Hann window whose peak lies near its newest end: newest last, its power summing to 1."""
    fall = max(1, round(_FALL * length))
    rise = length - fall
    up = np.sin(0.5 * np.pi * (np.arange(rise) + 0.5) / rise) ** 2
    down = np.cos(0.5 * np.pi * (np.arange(fall) + 0.5) / fall) ** 2
    window = np.concatenate([up, down])
    return np.asarray(window / np.sqrt((window**2).sum()), np.float32)


class Spectra:
    """Spectra and autocorrelations of the levels, brought up to date once a hop.

    Attributes
    ----------
    log_power : list of ndarray of float32, each of shape (LEVELS, window // 2 + 1)
        Natural logarithm of the power in each bin; bin ``i`` lies at ``i * rate_of_level / window``.
    correlation : ndarray of float32, shape (windows, MAX_LAG * sum(LAG_STEPS))
        Normalised as in McLeod & Wyvill 2005: the newest samples against those a lag before them, divided by the mean
        of both powers. 1 for an unchanging periodic sound at its period; low while only one of the two has begun to
        sound.
    energy : ndarray of float32, shape (windows, LEVELS)
        Mean power of the newest samples of each correlation window.
    """

    def __init__(self) -> None:
        self._windows = [asymmetric_window(n) for n in POWER_WINDOWS]
        self.log_power: list[FloatArray] = [np.zeros((LEVELS, n // 2 + 1), np.float32) for n in POWER_WINDOWS]
        n = len(CORRELATION_WINDOWS)
        self.correlation: FloatArray = np.zeros((n, MAX_LAG * sum(LAG_STEPS)), np.float32)
        self.energy: FloatArray = np.zeros((n, LEVELS), np.float32)
        self._newest = np.zeros((n, LEVELS, _SIZE), np.float32)
        self._squares = np.zeros((LEVELS, 1 + _SIZE), np.float64)
        self._mean = np.zeros((n, LEVELS, MAX_LAG), np.float32)
        rows = np.arange(LEVELS)[:, None] * self._squares.shape[1]
        ends = rows + _SIZE - np.arange(MAX_LAG)
        sizes = np.array(CORRELATION_WINDOWS)
        self._ends = np.repeat(ends[None], n, axis=0)
        self._starts = self._ends - sizes[:, None, None]
        self._sizes = sizes[:, None].astype(np.float64)
        self._quiet = (sizes * _FLOOR).astype(np.float32)[:, None, None]

    def update(self, levels: FloatArray) -> None:
        """Look at the newest samples of every level, shape (LEVELS, >= 512)."""
        for window, log_power in zip(self._windows, self.log_power, strict=True):
            power = _power(rfft(levels[:, -len(window) :] * window))
            power += _FLOOR
            np.log(power, out=log_power)
        recent = levels[:, -_SIZE:]
        for newest, size in zip(self._newest, CORRELATION_WINDOWS, strict=True):
            newest[:, -size:] = recent[:, -size:]
        cross = rfft(self._newest)
        cross *= np.conj(rfft(recent))
        np.cumsum(np.square(recent), axis=1, dtype=np.float64, out=self._squares[:, 1:])
        # Power of as many samples as each window has, a lag before it: the sums to its end, less those to its start.
        sums = self._squares.reshape(-1)
        behind = sums.take(self._ends)
        behind -= sums.take(self._starts)
        here = behind[:, :, :1]
        np.divide(here[:, :, 0], self._sizes, out=self.energy, casting="same_kind")
        mean = self._mean
        np.add(behind, here, out=mean, casting="same_kind")
        mean *= 0.5
        mean += self._quiet
        dense = irfft(cross[:, 0], _SIZE * LAG_STEPS[0])[:, : MAX_LAG * LAG_STEPS[0]]
        dense *= LAG_STEPS[0]  # the longer inverse transform spreads the same sum over more values
        n = dense.shape[1]
        np.divide(dense, mean[:, 0].repeat(LAG_STEPS[0], axis=1), out=self.correlation[:, :n])
        plain = irfft(cross[:, 1:], _SIZE)[:, :, :MAX_LAG]
        np.divide(plain, mean[:, 1:], out=plain)
        self.correlation[:, n:] = plain.reshape(len(plain), -1)


def _power(spectrum: NDArray[np.complex64]) -> FloatArray:
    return np.square(spectrum.real) + np.square(spectrum.imag)
