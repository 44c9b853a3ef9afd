"""From a note to cents: where exactly the correlation of a candidate peaks."""

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.features import FeatureExtractor
from streamer.analysis.framing import ANALYSIS_RATE_HZ
from streamer.analysis.spectrum import CORRELATION_WINDOWS, LAG_STARTS, LAG_STEPS, MAX_LAG
from streamer.events import FloatArray

_WINDOW = 2  # the longest of CORRELATION_WINDOWS
_TIE = np.float32(
    1e-5
)  # correlations that differ by less differ by rounding: the one nearest to what is expected counts


class FinePitches:
    """Fine pitch of any candidate at any of some hops.

    Parameters
    ----------
    correlation : ndarray of float32, shape (hops, lags)
        `streamer.analysis.spectrum.Spectra.correlation` of the longest window.
    features : FeatureExtractor
        Knows where the candidates lie.
    period_ratio : ndarray of float32, shape (hops, 88)
        Refined period of each candidate over the period of its name.
    rate_hz : int
        Sample rate of the stream, for ages.
    """

    def __init__(
        self, correlation: FloatArray, features: FeatureExtractor, period_ratio: FloatArray, rate_hz: int
    ) -> None:
        self.correlation = correlation
        self.level = features.level
        self.f0_hz = features.f0_hz
        self.period_ratio = period_ratio
        self.rate_hz = rate_hz

    def of_each(self, candidates: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Frequencies in Hz and ages in samples of one candidate at each hop.

        Parameters
        ----------
        candidates : ndarray of int, shape (hops,)
            One for each hop.
        """
        found = [self.at(hop, candidate) for hop, candidate in enumerate(candidates.tolist())]
        return np.array([f0_hz for f0_hz, _ in found]), np.array([age for _, age in found], np.int64)

    def at(self, hop: int, candidate: int) -> tuple[float, int]:
        """Frequency in Hz and age in samples, see `fine_pitch`.

        Parameters
        ----------
        hop : int
            Index of the hop.
        candidate : int
            0 to 87.
        """
        f0_hz, age_s = fine_pitch(
            self.correlation[hop],
            int(self.level[candidate]),
            float(self.f0_hz[candidate]),
            float(self.period_ratio[hop, candidate]),
        )
        return f0_hz, round(age_s * self.rate_hz)


def fine_pitch(correlation: FloatArray, level: int, name_hz: float, period_ratio: float) -> tuple[float, float]:
    """Frequency of a candidate and how long ago it was so.

    The peak of the normalised autocorrelation nearest to as many of the candidate's periods as fit into the lags,
    by a parabola through its three highest values.

    Parameters
    ----------
    correlation : ndarray of float32, shape (lags,)
        Of the longest window, all levels.
    level : int
        Of the pyramid, on which the candidate is looked for.
    name_hz : float
        Frequency of the candidate's name.
    period_ratio : float
        Its refined period over that of its name.

    Returns
    -------
    f0_hz : float
        Frequency.
    age_s : float
        Seconds from the centre of what was measured to the newest sample.
    """
    rate = ANALYSIS_RATE_HZ / 2**level
    period = rate / name_hz * period_ratio  # samples of its level
    steps, start = LAG_STEPS[level], LAG_STARTS[level]
    row = correlation[start : start + MAX_LAG * steps]
    lag = _peak(row, period * steps, 0.03 * period * steps) / steps
    periods = 1
    # Each doubling of the lag halves the error, and starts from an estimate that is too good to slip by a period.
    while 2 * periods * lag < MAX_LAG - 2 and periods < 8:
        periods *= 2
        lag = _peak(row, periods * lag * steps, 0.3 * lag * steps) / steps / periods
    return rate / lag, (CORRELATION_WINDOWS[_WINDOW] + periods * lag) / 2 / rate


def _peak(row: FloatArray, position: float, reach: float) -> float:
    """Position of the highest value within ``reach`` of ``position``, the nearest if several are; interpolated."""
    first = min(max(1, int(position - max(reach, 1.0))), len(row) - 2)
    last = min(len(row) - 2, int(position + max(reach, 1.0)) + 1)
    near = row[first : last + 1]
    good = np.flatnonzero(near >= near.max() - _TIE)
    top = first + int(good[0])
    if len(good) > 1:  # before a note fills the window there may be no peak at all
        top = first + int(good[np.abs(good + first - position).argmin()])
    before, here, after = float(row[top - 1]), float(row[top]), float(row[top + 1])
    curve = before - 2.0 * here + after
    if curve >= -_TIE:
        return top
    return top + min(0.5, max(-0.5, 0.5 * (before - after) / curve))  # at an edge there may be no peak
