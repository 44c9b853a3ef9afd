"""Peak and level of hops, and samples that a driver should never deliver made harmless."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from streamer.events import FloatArray
from streamer.units import amplitude_to_db

_LEVEL_MS = 8.0
LOUDEST = 16.0  # full scale +-1; what a driver delivers beyond is a fault


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """How loud consecutive hops are.

    Attributes
    ----------
    peak : ndarray of float32, shape (hops,)
        Largest absolute sample of each hop.
    power : list of float
        Mean square of each hop without its mean.
    level_db : list of float
        RMS level of the last 8 ms at the end of each hop, dB relative to full scale.
    """

    peak: FloatArray
    power: list[float]
    level_db: list[float]


class LevelMeter:
    """Measure hops, one after the other.

    Parameters
    ----------
    hop : int
        Samples per hop.
    rate_hz : int
        Sample rate of the hops.
    """

    def __init__(self, hop: int, rate_hz: int) -> None:
        self._powers: deque[float] = deque(maxlen=max(1, round(_LEVEL_MS / 1000.0 * rate_hz / hop)))

    def measure(self, hops: FloatArray) -> tuple[FloatArray, Levels]:
        """Levels of the next hops, shape (n, hop), and the hops without what is no number or beyond all bounds.

        Parameters
        ----------
        hops : ndarray of float32, shape (n, hop)
            Consecutive hops, mono, full scale +-1.
        """
        peak, power = self._peaks_and_powers(hops)
        if len(power) < len(hops):
            faulty = ~(peak <= LOUDEST)  # also where it is no number
            hops = hops.copy()
            hops[faulty] = np.nan_to_num(hops[faulty], nan=0.0, posinf=0.0, neginf=0.0).clip(-LOUDEST, LOUDEST)
            peak, power = self._peaks_and_powers(hops)
        level_db = []
        for one in power:
            self._powers.append(one)
            level_db.append(amplitude_to_db((sum(self._powers) / len(self._powers)) ** 0.5))
        return hops, Levels(peak, power, level_db)

    def _peaks_and_powers(self, hops: FloatArray) -> tuple[FloatArray, list[float]]:
        """Peak and mean square of each hop; without the latter where a peak is no number, or too large."""
        size = hops.shape[1]
        peak = np.abs(hops).max(axis=1)
        if not (peak <= LOUDEST).all():
            return peak, []
        mean = np.add.reduce(hops, axis=1).astype(np.float64) / size
        return peak, [float(centred.dot(centred)) / size for centred in hops - mean.astype(np.float32)[:, None]]
