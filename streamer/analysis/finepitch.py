"""From a note to cents: where exactly the correlation of a candidate peaks."""

from streamer.analysis.features import Features
from streamer.analysis.framing import ANALYSIS_RATE_HZ
from streamer.analysis.spectrum import CORRELATION_WINDOWS, LAG_STARTS, LAG_STEPS, MAX_LAG, Spectra
from streamer.events import FloatArray

_WINDOW = 2  # the longest of CORRELATION_WINDOWS


def fine_pitch(spectra: Spectra, features: Features, candidate: int) -> tuple[float, float]:
    """Frequency of a candidate and how long ago it was so.

    The peak of the normalised autocorrelation nearest to as many of the candidate's periods as fit into the lags,
    by a parabola through its three highest values.

    Returns
    -------
    f0_hz : float
        Frequency.
    age_s : float
        Seconds from the centre of what was measured to the newest sample.
    """
    level = int(features.level[candidate])
    rate = ANALYSIS_RATE_HZ / 2**level
    period = rate / float(features.f0_hz[candidate]) * float(features.period_ratio[candidate])  # samples of its level
    steps, start = LAG_STEPS[level], LAG_STARTS[level]
    row = spectra.correlation[_WINDOW, start : start + MAX_LAG * steps]
    lag = _peak(row, period * steps, 0.03 * period * steps) / steps
    periods = 1
    # Each doubling of the lag halves the error, and starts from an estimate that is too good to slip by a period.
    while 2 * periods * lag < MAX_LAG - 2 and periods < 8:
        periods *= 2
        lag = _peak(row, periods * lag * steps, 0.3 * lag * steps) / steps / periods
    return rate / lag, (CORRELATION_WINDOWS[_WINDOW] + periods * lag) / 2 / rate


def _peak(row: FloatArray, position: float, reach: float) -> float:
    """Position of the highest value within ``reach`` of ``position``, interpolated."""
    first = min(max(1, int(position - max(reach, 1.0))), len(row) - 2)
    last = min(len(row) - 2, int(position + max(reach, 1.0)) + 1)
    top = first + int(row[first : last + 1].argmax())
    before, here, after = float(row[top - 1]), float(row[top]), float(row[top + 1])
    curve = before - 2.0 * here + after
    if curve >= 0.0:
        return top
    return top + min(0.5, max(-0.5, 0.5 * (before - after) / curve))  # at an edge there may be no peak
