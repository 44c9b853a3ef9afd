"""Peak and level of hops, and samples that a driver should never deliver made harmless."""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from streamer.events import FloatArray
from streamer.units import SILENCE_DB, amplitude_to_db

_LEVEL_MS = 8.0
_TURN = 2.0 * math.pi
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
    brightness_hz : list of float
        Where the energy of the last 8 ms lies: the root mean square of its frequencies; 0 in silence. Empty where it
        was not measured.
    """

    peak: FloatArray
    power: list[float]
    level_db: list[float]
    brightness_hz: list[float] = field(default_factory=list)


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
        self._count = max(1, round(_LEVEL_MS / 1000.0 * rate_hz / hop))
        self._powers: deque[float] = deque(maxlen=self._count)
        self._slopes: deque[float] = deque(maxlen=self._count)
        self._rate_hz = rate_hz

    def measure(self, hops: FloatArray) -> tuple[FloatArray, Levels]:
        """Levels of the next hops, shape (n, hop), and the hops without what is no number or beyond all bounds.

        Parameters
        ----------
        hops : ndarray of float32, shape (n, hop)
            Consecutive hops, mono, full scale +-1.
        """
        levels = self._levels(hops)
        if levels is None:
            faulty = ~(np.abs(hops).max(axis=1) <= LOUDEST)  # also where it is no number
            hops = hops.copy()
            hops[faulty] = np.nan_to_num(hops[faulty], nan=0.0, posinf=0.0, neginf=0.0).clip(-LOUDEST, LOUDEST)
            levels = self._levels(hops)
            assert levels is not None
        return hops, levels

    def _levels(self, hops: FloatArray) -> Levels | None:
        """Levels of the next hops; None, and nothing is remembered, where a sample is no number or too large."""
        size = hops.shape[1]
        peak = np.abs(hops).max(axis=1)
        if not (peak <= LOUDEST).all():
            return None
        mean = np.add.reduce(hops, axis=1).astype(np.float64) / size
        power = [float(centred.dot(centred)) / size for centred in hops - mean.astype(np.float32)[:, None]]
        level_db, brightness_hz = [], []
        for one, slope in zip(power, self._slope_powers(hops), strict=True):
            self._powers.append(one)
            self._slopes.append(slope)
            total = sum(self._powers)
            level_db.append(amplitude_to_db((total / len(self._powers)) ** 0.5))
            sounds = level_db[-1] > SILENCE_DB
            brightness_hz.append(self._rate_hz / _TURN * math.sqrt(sum(self._slopes) / total) if sounds else 0.0)
        return Levels(peak, power, level_db, brightness_hz)

    def _slope_powers(self, hops: FloatArray) -> list[float]:
        """Mean square of the steps from each sample to the next: a derivative weighs energy by its frequency."""
        steps = np.zeros_like(hops)
        np.subtract(hops[:, 1:], hops[:, :-1], out=steps[:, 1:])
        return [float(row.dot(row)) / (hops.shape[1] - 1) for row in steps]
