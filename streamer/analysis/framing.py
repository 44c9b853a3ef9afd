"""Samples in, hops out: any chunking gives the same hops, any sample rate the same picture.

What comes in at the stream's own rate is brought to one analysis rate, and from there halved three times, so that a
period of the lowest octave is as many samples long on its level as a period of middle C is on the first. Everything
after this module is therefore the same for every sample rate, and the same for every octave.

The filters are short: the first delays by half a millisecond, and the halvings are minimum-phase, so that what
they add is a small part of a period of the notes that are looked for on their level.
"""

from functools import cache, lru_cache
from math import gcd

import numpy as np

from streamer.errors import AudioFormatError
from streamer.events import FloatArray

ANALYSIS_RATE_HZ = 16_000
LEVELS = 4
HISTORY = 512  # samples kept on every level
_PASS_HZ = 6_400.0
_HALF_WIDTH_S = 0.57e-3
_HALVING_TAPS = 24


class Hopper:
    """Cut a stream into hops of one size, however it arrives.

    Parameters
    ----------
    hop : int
        Samples per hop.
    """

    def __init__(self, hop: int) -> None:
        self._hop = hop
        self._pending: FloatArray = np.zeros(0, np.float32)

    def push(self, samples: FloatArray) -> FloatArray:
        """The hops that these samples complete, shape (n, hop).

        Parameters
        ----------
        samples : ndarray of float32, shape (n,)
            Mono, full scale +-1.

        Raises
        ------
        AudioFormatError
            If the array is not one-dimensional float32.
        """
        if samples.ndim != 1 or samples.dtype != np.float32:
            raise AudioFormatError(
                f"samples are {samples.dtype} of shape {samples.shape}; give mono float32 of shape (n,)"
            )
        # A copy: the caller may reuse its buffer.
        samples = np.concatenate([self._pending, samples]) if len(self._pending) else samples.copy()
        whole = len(samples) // self._hop * self._hop
        self._pending = samples[whole:]
        return samples[:whole].reshape(-1, self._hop)

    def clear(self) -> int:
        """Forget what has not filled a hop; returns how many samples that were."""
        dropped, self._pending = len(self._pending), self._pending[:0]
        return dropped


class Pyramid:
    """The newest samples at the analysis rate and at a half, a quarter and an eighth of it.

    Parameters
    ----------
    rate_hz : int
        Rate of what `push` is given.
    hop : int
        Samples of a hop.

    Attributes
    ----------
    up, down, half : int
        Output ``n`` lies at input position ``n * down / up`` and needs ``half`` samples on either side of it.
    taps : ndarray of float32, shape (up, 2 * half)
        Of the resampling filter, for each phase.
    halving : ndarray of float32
        Taps of the filter for halving, newest last.
    """

    def __init__(self, rate_hz: int, hop: int) -> None:
        self._hop = hop
        common = gcd(rate_hz, ANALYSIS_RATE_HZ)
        self.up, self.down = ANALYSIS_RATE_HZ // common, rate_hz // common
        half = max(2, round(_HALF_WIDTH_S * rate_hz))
        self.half = half
        self.taps = _resampling_taps(rate_hz, self.up, half)
        self._tap_index = np.arange(2 * half)
        self._input = np.zeros(4 * half, np.float32)  # the newest samples so far
        self._consumed = 0  # input samples
        self._made = [0] * LEVELS  # samples on each level
        self._recent = [np.zeros(HISTORY, np.float32) for _ in range(LEVELS)]
        self.halving = _halving_taps()

    def push(self, hops: FloatArray) -> FloatArray:
        """Take hops and return what every level holds after each of them.

        Parameters
        ----------
        hops : ndarray of float32, shape (n, hop)
            The next samples.

        Returns
        -------
        ndarray of float32, shape (n, LEVELS, HISTORY)
            The newest samples of each level, newest last; level ``k`` runs at ``ANALYSIS_RATE_HZ / 2**k``.
        """
        windows = np.empty((len(hops), LEVELS, HISTORY), np.float32)
        consumed = [self._consumed + self._hop * (k + 1) for k in range(len(hops))]
        made = [max(((n - self.half) * self.up - 1) // self.down + 1, self._made[0]) for n in consumed]
        new = self._resample(hops, made[-1])
        for level in range(LEVELS):
            before = self._made[level]
            stream = np.concatenate([self._recent[level], new])
            for window, samples in zip(windows, made, strict=True):
                window[level] = stream[samples - before : samples - before + HISTORY]
            self._made[level] = made[-1]
            self._recent[level] = stream[-HISTORY:].copy()
            if level + 1 < LEVELS:
                made = [(samples + 1) // 2 for samples in made]
                new = self._halve(level + 1, stream, before, made[-1])
        return windows

    def _resample(self, hops: FloatArray, made: int) -> FloatArray:
        """The samples of the first level that become known with these hops."""
        kept = len(self._input)
        buffer = np.concatenate([self._input, hops.reshape(-1)])
        start = self._consumed - kept
        self._consumed += hops.size
        self._input = buffer[-kept:].copy()
        n = np.arange(self._made[0], made)
        if not len(n):
            return np.zeros(0, np.float32)
        position, phase = np.divmod(n * self.down, self.up)
        first = position - self.half + 1 - start
        window = buffer[first[:, None] + self._tap_index]
        return np.asarray((window * self.taps[phase]).sum(axis=1), np.float32)

    def _halve(self, level: int, above: FloatArray, made_above: int, made: int) -> FloatArray:
        """The samples of a level that become known with ``above``: the history of the level above and what is new."""
        count = made - self._made[level]
        if count <= 0:
            return np.zeros(0, np.float32)
        # The next sample here lies at twice its index on the level above.
        first = 2 * self._made[level] - made_above + HISTORY
        window = above[first - _HALVING_TAPS + 1 : first + 2 * count - 1]
        return np.correlate(window, self.halving, "valid")[::2]


@lru_cache(maxsize=2)
def _resampling_taps(rate_hz: int, phases: int, half: int) -> FloatArray:
    """Polyphase windowed-sinc low-pass, shape (phases, 2 * half); each row sums to 1."""
    cutoff = min(ANALYSIS_RATE_HZ / 2, 0.5 * rate_hz) / rate_hz  # cycles per input sample
    offset = np.arange(1 - half, half + 1)[None, :] - np.arange(phases)[:, None] / phases
    window = np.i0(6.0 * np.sqrt(np.clip(1.0 - (offset / half) ** 2, 0.0, 1.0)))
    taps = np.sinc(2.0 * cutoff * offset) * window
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)


@cache
def _halving_taps() -> FloatArray:
    """Minimum-phase low-pass for halving the rate, newest tap last.

    Passes the eight lowest harmonics of its level's notes and stops what would fold onto them. Made from a
    linear-phase design by the homomorphic method (Oppenheim & Schafer, Discrete-Time Signal Processing, section 13).
    """
    n, size = 41, 4096
    t = np.arange(n) - (n - 1) / 2
    linear = np.sinc(2 * 0.25 * t) * np.kaiser(n, 5.0)
    log_magnitude = np.log(np.maximum(np.abs(np.fft.fft(linear / linear.sum(), size)), 1e-4))
    cepstrum = np.fft.ifft(log_magnitude).real
    fold = np.zeros(size)
    fold[0] = fold[size // 2] = 1.0
    fold[1 : size // 2] = 2.0
    minimum = np.fft.ifft(np.exp(np.fft.fft(cepstrum * fold))).real[:_HALVING_TAPS]
    return np.asarray((minimum / minimum.sum())[::-1], np.float32)
