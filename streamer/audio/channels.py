"""Several channels in, one out: the same rule for files, pipes and microphones.

Where nobody asks for a channel, it is the mean of all, as long as the mean says what they say:

* A channel that does not come within 40 dB of the loudest is left out, so that a silent side halves nothing.
* Where the mean cancels, as that of a miswired cable in opposite phase does, the strongest channel is taken. It stays,
  since one channel is more like itself than like a mean; only where it falls silent while another sounds, that one is.

This is decided at the end of every 2.5 ms, counted from the first sample, for what follows. So it depends on no later
sample, and not on how the samples are cut into blocks.
"""

import math

import numpy as np
from numpy.typing import NDArray

from streamer.errors import ConfigError
from streamer.events import FloatArray

_SEGMENTS_PER_S = 400
_POWER_SEGMENTS = 20  # powers are those of the last 50 ms
_PEAK_FALL = math.exp(-1.0 / (3.0 * _SEGMENTS_PER_S))  # peaks are forgotten in some seconds
_LEFT_OUT = 1e-2  # amplitude, as part of the loudest channel's
_CANCELS = 0.05  # power of the mean, as part of the mean power; two channels that have nothing in common have 0.5
_FALLEN_SILENT = 1e-3  # power, as part of the strongest channel's
_NOTHING = 1e-7  # power; -70 dB, below which no mean is said to cancel
_LOUDEST = 1e3  # full scale +-1; no sound is beyond it, and its square would overflow


class ChannelMixer:
    """Makes one channel of several.

    Parameters
    ----------
    channels : int
        How many there are.
    rate_hz : int
        Samples per second of each.
    channel : int or None
        Which one to take, counted from 1; None for the rule above.

    Raises
    ------
    ConfigError
        If there is no such channel.
    """

    def __init__(self, channels: int, rate_hz: int, channel: int | None = None) -> None:
        if channel is not None and not 1 <= channel <= channels:
            there = "the only one is 1" if channels == 1 else f"they are 1 to {channels}"
            raise ConfigError(f"there is no channel {channel}: {there}")
        self._channels = channels
        self._fixed = 0 if channels == 1 else None if channel is None else channel - 1
        self._segment = max(1, rate_hz // _SEGMENTS_PER_S)
        self._rest: FloatArray = np.zeros((0, channels), np.float32)  # of the segment that is not complete
        self._peaks = np.zeros(channels)
        self._products = np.zeros((channels, channels))  # mean of one channel times the other, over the last segments
        self._cancelled = False
        self._used: tuple[int, ...] = tuple(range(channels))

    @property
    def taken(self) -> str:
        """What is taken now, for people, such as ``channel 1 of 2, as their mean cancels``."""
        if self._fixed is not None:
            return f"channel {self._fixed + 1} of {self._channels}"
        numbers = ", ".join(str(channel + 1) for channel in self._used)
        if self._cancelled:
            return f"channel {numbers} of {self._channels}, as their mean cancels"
        if self.is_usual:
            return f"the mean of {self._channels} channels"
        one = len(self._used) == 1
        return f"{'channel' if one else 'the mean of channels'} {numbers} of {self._channels}, as the rest is silent"

    @property
    def is_usual(self) -> bool:
        """Whether that is what was asked for, or the mean of all channels."""
        return self._fixed is not None or len(self._used) == self._channels

    def mix(self, samples: FloatArray) -> FloatArray:
        """The next samples as one channel.

        Parameters
        ----------
        samples : ndarray of float32, shape (n, channels)
            Full scale +-1.

        Returns
        -------
        ndarray of float32, shape (n,)
            What was no number is 0 in it, and nothing is beyond +-1000.
        """
        if self._fixed is not None:
            return _bounded(samples[:, self._fixed].copy())
        samples = _bounded(samples)
        seen, size = len(self._rest), self._segment
        whole = np.concatenate([self._rest, samples])
        complete = len(whole) // size
        # Channel by channel, so that sums run along memory, the same way however many segments there are.
        segments = whole[: complete * size].reshape(complete, size, self._channels).transpose(0, 2, 1).copy()
        peaks = np.abs(segments).max(axis=2)
        parts, start = [], seen
        for k in range(complete):
            used = self._choose(segments[k].astype(np.float64), peaks[k])
            if used != self._used:
                end = (k + 1) * size
                parts.append(self._mean(whole[start:end]))
                start, self._used = end, used
        parts.append(self._mean(whole[start:]))
        self._rest = whole[complete * size :].copy()
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def skip(self) -> None:
        """Samples were lost, so that what follows does not complete what came before."""
        self._rest = self._rest[:0]

    def _mean(self, samples: FloatArray) -> FloatArray:
        if len(self._used) == 1:
            return samples[:, self._used[0]].copy()
        kept = samples if self.is_usual else samples[:, self._used]
        return np.asarray(kept.mean(axis=1, dtype=np.float32))

    def _choose(self, segment: NDArray[np.float64], peaks: FloatArray) -> tuple[int, ...]:
        """Take account of a segment, shape (channels, n): which channels are to be used after it."""
        self._peaks = np.maximum(_PEAK_FALL * self._peaks, peaks)
        self._products += (segment @ segment.T / segment.shape[1] - self._products) / _POWER_SEGMENTS
        powers = self._products.diagonal()
        strongest = int(powers.argmax())
        if self._cancelled:
            stays = powers[self._used[0]] >= _FALLEN_SILENT * powers[strongest] or powers[strongest] < _NOTHING
            return self._used if stays else (strongest,)
        used = np.flatnonzero(self._peaks >= _LEFT_OUT * self._peaks.max())
        mean_power = self._products[np.ix_(used, used)].mean()
        if powers[strongest] >= _NOTHING and mean_power < _CANCELS * powers[used].mean():
            self._cancelled = True
            return (strongest,)
        return tuple(used.tolist())


def _bounded(samples: FloatArray) -> FloatArray:
    """Samples with 0 for what is no number, and none beyond all bounds: either would stay in running sums."""
    if np.abs(samples).max(initial=0.0) <= _LOUDEST:
        return samples
    return np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0).clip(-_LOUDEST, _LOUDEST)
