"""What the scorer sees: one function, for training and for live.

Every note from A0 to C8 is a candidate, and each gets the same features, gathered at that candidate: how alike the
newest samples are to those one period before, how strong its harmonics are and what lies between them, and how these
have risen in the last milliseconds. Lags and frequencies are counted in the candidate's own period, so what is
learned of one note holds for all.

A candidate first moves to the best period within 60 cents of its name: so an instrument may be out of tune.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.columns import Columns
from streamer.analysis.framing import ANALYSIS_RATE_HZ, LEVELS
from streamer.analysis.past import Past
from streamer.analysis.spectrum import CORRELATION_WINDOWS, LAG_STARTS, LAG_STEPS, MAX_LAG, POWER_WINDOWS, Spectra
from streamer.config import HIGHEST_MIDI, LOWEST_MIDI
from streamer.events import FloatArray
from streamer.units import A4_HZ

_Array = NDArray[np.float64]
CANDIDATES = np.arange(LOWEST_MIDI, HIGHEST_MIDI + 1)
_LOWEST_OCTAVE = np.array([21, 33, 45, 57])  # first candidate of levels 3, 2, 1, 0
_CENTS = np.arange(-60, 61, 12)
_TIE = 1e-5  # sums of correlations that differ by less differ by rounding, and the shortest period is taken
_LAGS_ALL = (1.0, 0.5, 2.0)  # in periods, in every correlation window
_LAGS_LONG = (1 / 3, 2 / 3, 1.5)  # in the two longer ones
_HARMONICS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
_BETWEEN = (1 / 3, 0.5, 2 / 3, 4 / 3, 1.5, 2.5, 3.5)
_PASS_HZ = 6_400.0  # above, the first filter has begun to fall
_MISSING = -12.0  # stands for a harmonic that no microphone at this rate could bring, nepers of power
_RISE_MS = (6.0, 12.0, 24.0, 48.0)
_TROUGH_MS = (24.0, 60.0)  # what is struck again dips first, or changes its spectrum at once
_MIDDLE_MS = _RISE_MS[1:3]
_UPPER = 4  # the harmonics from here on are the upper ones
_MEMORY_MS = 200.0
_FLOOR = 1e-9  # power of what counts as silence, -90 dBFS

_columns = Columns()
_LAGS = _columns.add(
    *(f"correlation_{w}_at_{lag:.2f}" for w in CORRELATION_WINDOWS for lag in _LAGS_ALL),
    *(f"correlation_{w}_at_{lag:.2f}" for w in CORRELATION_WINDOWS[1:] for lag in _LAGS_LONG),
    *(f"correlation_{w}_at_base" for w in CORRELATION_WINDOWS),
)
_POWERS = _columns.add(*(f"power_{w}_at_{h:.2f}" for w in POWER_WINDOWS for h in _HARMONICS + _BETWEEN))
_BELOW_BEST = _columns.add(
    "correlation_100_below_best",
    "correlation_256_below_best",
    "harmonics_256_below_best",
    "harmonics_512_below_best",
)
_HARMONICS_RISE = _columns.add(*(f"harmonics_rise_{ms:g}_ms" for ms in _RISE_MS))
_CORRELATION_RISE = _columns.add(*(f"correlation_rise_{ms:g}_ms" for ms in _MIDDLE_MS))
_GLIDE = _columns.add(*(f"glide_{ms:g}_ms" for ms in _MIDDLE_MS))
_FLUX = _columns.add(*(f"flux_{ms:g}_ms" for ms in _MIDDLE_MS))
_UPPER_RISE = _columns.add(*(f"upper_harmonics_rise_{ms:g}_ms" for ms in _MIDDLE_MS))
_HARMONICS_TROUGH = _columns.add(*(f"harmonics_above_trough_{ms:g}_ms" for ms in _TROUGH_MS))
_CORRELATION_TROUGH = _columns.add(*(f"correlation_above_trough_{ms:g}_ms" for ms in _TROUGH_MS))
_DETUNE = _columns.one("detune")
_REGISTER = _columns.one("register")
_LEVEL_SHARE = _columns.one("level_share")
_COMMON = _columns.add(  # to all candidates
    *(f"level_rise_{ms:g}_ms" for ms in _RISE_MS),
    *(f"level_above_trough_{ms:g}_ms" for ms in _TROUGH_MS),
    "level_below_recent_peak",
    "brightness",
    *(f"brightness_rise_{ms:g}_ms" for ms in _RISE_MS[:3]),
    "level_above_floor",
)
NAMES = tuple(_columns.names)
VERSION = 3
_CORRELATION_100 = NAMES.index("correlation_100_at_1.00")
_CORRELATION_256 = NAMES.index("correlation_256_at_1.00")


class FeatureExtractor:
    """Features of every candidate, for consecutive hops.

    Parameters
    ----------
    hop_s : float
        Seconds between two hops.
    a4_hz : float
        Frequency of A4.

    Attributes
    ----------
    f0_hz : ndarray of float64, shape (88,)
        Frequency of each candidate's name.
    level : ndarray of int, shape (88,)
        Level of the pyramid on which each candidate is looked for.
    rise_hops, trough_hops : list of int
        How many hops before the latest one it is compared with.
    depth : int
        Hops of the past that are kept.
    floor_climb : float
        Nepers per hop by which what counts as the floor of the level may rise.
    """

    tie = _TIE

    def __init__(self, hop_s: float, a4_hz: float = A4_HZ) -> None:
        n = len(CANDIDATES)
        self.f0_hz, self.level, multiple, steps = _candidates(a4_hz)
        period = ANALYSIS_RATE_HZ / 2.0**self.level / self.f0_hz  # in samples of the candidate's level
        self._gather = _gather_for(a4_hz)
        lag_steps = np.array(LAG_STEPS)[self.level]
        search = period * multiple * lag_steps * steps[:, None]
        floor = np.floor(search).astype(np.intp)
        self._search_at = np.array(LAG_STARTS)[self.level] + floor
        self._search_mix = (search - floor).astype(np.float32)
        self._steps = steps.astype(np.float32)
        self._detune = (_CENTS / 60.0).astype(np.float32)
        self._register = ((CANDIDATES - 60) / 40.0).astype(np.float32)
        self.rise_hops = [max(1, round(ms / 1000.0 / hop_s)) for ms in _RISE_MS]
        self.trough_hops = [max(1, round(ms / 1000.0 / hop_s)) for ms in _TROUGH_MS]
        depth = max(round(_MEMORY_MS / 1000.0 / hop_s), self.rise_hops[-1]) + 1
        silence = float(np.log(_FLOOR))
        self._traces = Past(depth, (3, n), 0.0)  # harmonics, correlation, detuning
        self._traces.values[:, 0] = silence
        self._strengths = Past(depth, (n, len(_HARMONICS)), silence)
        self._common_traces = Past(depth, (3,), silence, np.float64)  # level, that of a longer window, brightness
        self._common_traces.values[:, 2] = 0.0
        self.depth = depth
        self._floor = silence
        self.floor_climb = hop_s * 0.7  # nepers per hop: 3 dB a second

    def extract(self, spectra: Spectra, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Gather the features of the next hops.

        Parameters
        ----------
        spectra : Spectra
            Of these hops.
        levels : ndarray of float32, shape (hops, LEVELS, n)
            What they were made of.

        Returns
        -------
        features : ndarray of float32, shape (hops, 88, len(NAMES))
            One row per candidate, A0 first.
        period_ratio : ndarray of float32, shape (hops, 88)
            Refined period over the period of the candidate's name.
        """
        hops = len(spectra.energy)
        out = np.empty((hops, len(CANDIDATES), len(NAMES)), np.float32)
        best = self._best_period(spectra.correlation)
        self._gather.take(spectra, best, out[:, :, : _POWERS.stop])
        energy = np.log(spectra.energy + _FLOOR)
        own = energy[:, 2][:, self.level]
        powers = out[:, :, _POWERS]
        second = len(_HARMONICS) + len(_BETWEEN)
        harmonics_short = np.add.reduce(powers[:, :, :4], axis=2) * 0.25
        harmonics_long = np.add.reduce(powers[:, :, second : second + 4], axis=2) * 0.25
        strengths = powers[:, :, : len(_HARMONICS)].copy()
        powers -= own[:, :, None]
        np.maximum(powers, _MISSING, out=powers)
        np.copyto(powers, _MISSING, where=self._gather.missing)
        mid, long = out[:, :, _CORRELATION_100], out[:, :, _CORRELATION_256]
        rivals = np.stack((mid, long, harmonics_short, harmonics_long), axis=1)
        rivals -= np.maximum.reduce(rivals, axis=2, keepdims=True)
        out[:, :, _BELOW_BEST] = rivals.transpose(0, 2, 1)
        detune = self._detune.take(best)
        self._changes(out, harmonics_short, mid, detune, strengths)
        np.abs(detune, out=out[:, :, _DETUNE])
        out[:, :, _REGISTER] = self._register
        out[:, :, _LEVEL_SHARE] = own - energy[:, 2, :1]
        out[:, :, _COMMON] = self._common(energy, levels[:, 0, -CORRELATION_WINDOWS[0] :])[:, None]
        return out, self._steps.take(best)

    def tables(self) -> dict[str, NDArray[Any]]:
        """Where features are read, by the compiled core's names."""
        return {
            "search_at": self._search_at,
            "search_mix": self._search_mix,
            "gather_at": self._gather.at,
            "gather_mix": self._gather.mix,
            "missing": self._gather.missing,
            "level": self.level,
            "steps": self._steps,
            "detune": self._detune,
            "registers": self._register,
        }

    def _best_period(self, correlation: FloatArray) -> NDArray[np.intp]:
        """Which of `_CENTS` each candidate moves to, shape (hops, 88)."""
        total = correlation[:, 0] + correlation[:, 1] + correlation[:, 2]
        low = total.take(self._search_at, axis=1)
        near = low + self._search_mix * (total.take(self._search_at + 1, axis=1) - low)
        best: NDArray[np.intp] = (near >= np.maximum.reduce(near, axis=1, keepdims=True) - np.float32(_TIE)).argmax(
            axis=1
        )
        return best

    def _changes(
        self, out: FloatArray, harmonics: FloatArray, correlation: FloatArray, detune: FloatArray, strengths: FloatArray
    ) -> None:
        """What has risen, glided or left a trough in the last milliseconds."""
        now = self._traces.room(len(out))
        now[:, 0], now[:, 1], now[:, 2] = harmonics, correlation, detune
        self._strengths.add(strengths)
        for k, back in enumerate(self.rise_hops):
            rise = now - self._traces.ago(back)
            out[:, :, _HARMONICS_RISE.start + k] = rise[:, 0]
            if k - 1 in (0, 1):  # those of _MIDDLE_MS
                out[:, :, _CORRELATION_RISE.start + k - 1] = rise[:, 1]
                out[:, :, _GLIDE.start + k - 1] = rise[:, 2]
        for k, back in enumerate(self.rise_hops[1:3]):
            gain = strengths - self._strengths.ago(back)
            out[:, :, _UPPER_RISE.start + k] = np.add.reduce(gain[:, :, _UPPER:], axis=2) / len(_HARMONICS[_UPPER:])
            np.maximum(gain, 0.0, out=gain)
            out[:, :, _FLUX.start + k] = np.add.reduce(gain, axis=2) / len(_HARMONICS)
        for k, back in enumerate(self.trough_hops):
            above = now - self._traces.extreme(np.minimum, back + 1)
            out[:, :, _HARMONICS_TROUGH.start + k] = above[:, 0]
            out[:, :, _CORRELATION_TROUGH.start + k] = above[:, 1]

    def _common(self, energy: FloatArray, newest: FloatArray) -> _Array:
        """What is the same for all candidates, shape (hops, columns)."""
        out = np.empty((len(energy), _COMMON.stop - _COMMON.start))
        steep = newest[:, 1:] - newest[:, :-1]
        power = np.array([row.dot(row) for row in steep], np.float32) / steep.shape[1]
        now = self._common_traces.room(len(out))
        now[:, :2] = energy[:, :2, 0]
        now[:, 2] = np.log(power + _FLOOR)
        now[:, 2] -= now[:, 0]
        rises, troughs = len(self.rise_hops), len(self.trough_hops)
        for k, back in enumerate(self.rise_hops):
            rise = now - self._common_traces.ago(back)
            out[:, k] = rise[:, 0]
            if k < rises - 1:
                out[:, rises + troughs + 2 + k] = rise[:, 2]
        for k, back in enumerate(self.trough_hops):
            out[:, rises + k] = (now - self._common_traces.extreme(np.minimum, back + 1))[:, 1]
        out[:, rises + troughs] = (now - self._common_traces.extreme(np.maximum, self.depth + 1))[:, 0]
        out[:, rises + troughs + 1] = now[:, 2]
        for k, slow in enumerate(energy[:, 2, 0].tolist()):
            self._floor = min(slow, self._floor + self.floor_climb)
            out[k, -1] = min(slow - self._floor, 8.0)
        return out


def _candidates(a4_hz: float) -> tuple[_Array, NDArray[np.intp], _Array, _Array]:
    """Frequencies and levels of the candidates, how many periods back each is compared, and the ratios of the steps."""
    f0_hz = a4_hz * 2.0 ** ((CANDIDATES - 69) / 12.0)
    level = LEVELS - np.searchsorted(_LOWEST_OCTAVE, CANDIDATES, side="right")
    period = ANALYSIS_RATE_HZ / 2.0**level / f0_hz
    # Above the first level's octave a period is only a few samples: compare several periods back.
    multiple = 2.0 ** np.clip(np.floor(np.log2(76.0 / period)), 0, 3)
    return f0_hz, level, multiple, 2.0 ** (_CENTS / 1200.0)


@lru_cache(maxsize=2)
def _gather_for(a4_hz: float) -> "_Gather":
    """Kept, since each stream needs it, and a gap begins a new one."""
    return _Gather(*_candidates(a4_hz))


class _Gather:
    """Where in the spectra and correlations each candidate's values lie, for every period that it may move to."""

    def __init__(self, f0_hz: _Array, level: NDArray[np.intp], multiple: _Array, steps: _Array) -> None:
        rate = ANALYSIS_RATE_HZ / 2.0**level
        period = rate / f0_hz
        row = MAX_LAG * sum(LAG_STEPS)
        lag_steps, lag_start = np.array(LAG_STEPS)[level], np.array(LAG_STARTS)[level]
        places: list[tuple[NDArray[np.intp], _Array]] = []  # start in the flat values, position behind it

        def add_lags(window: int, lags: tuple[float | _Array, ...]) -> None:
            start = window * row + lag_start
            places.extend((start, period * lag * lag_steps) for lag in lags)

        every = range(len(CORRELATION_WINDOWS))
        for window in every:
            add_lags(window, _LAGS_ALL)
        for window in every[1:]:
            add_lags(window, _LAGS_LONG)
        for window in every:
            add_lags(window, (multiple,))
        self.n_lags = len(places)
        missing = []
        start_of_powers = len(CORRELATION_WINDOWS) * row
        for window in POWER_WINDOWS:
            for h in _HARMONICS + _BETWEEN:
                places.append((start_of_powers + level * (window // 2 + 1), f0_hz * h / rate * window))
                missing.append((f0_hz * h > _PASS_HZ) | (f0_hz * h > 0.45 * rate))
            start_of_powers += LEVELS * (window // 2 + 1)
        self.missing = np.stack(missing, axis=1)
        starts = np.stack([start for start, _ in places], axis=1)
        positions = np.stack([position for _, position in places], axis=1)
        # A longer period is a larger lag and a lower frequency.
        power = np.where(np.arange(len(places)) < self.n_lags, 1.0, -1.0)
        positions = positions * steps[:, None, None] ** power
        last_lag = np.repeat((MAX_LAG * lag_steps - 1.001)[:, None], self.n_lags, axis=1)
        last_bin = np.repeat([window / 2 - 1.0 for window in POWER_WINDOWS], len(_HARMONICS) + len(_BETWEEN))
        positions[:, :, : self.n_lags] = np.minimum(positions[:, :, : self.n_lags], last_lag)
        positions[:, :, self.n_lags :] = np.minimum(positions[:, :, self.n_lags :], last_bin)
        whole = np.floor(positions)
        shape = (-1, positions.shape[2])  # one row for each candidate at each step
        self.at = (starts + whole.astype(np.intp)).reshape(shape)
        self.mix = (positions - whole).astype(np.float32).reshape(shape)
        self._rows = np.arange(len(level))

    def take(self, spectra: Spectra, step: NDArray[np.intp], out: FloatArray) -> None:
        """Write the values at each candidate's period, ``step`` of the steps away from its name's.

        Parameters
        ----------
        spectra : Spectra
            Of some hops.
        step : ndarray of int, shape (hops, 88)
            Which step each candidate takes.
        out : ndarray of float32, shape (hops, 88, places)
            Gets the values.
        """
        hops = len(step)
        parts = (spectra.correlation, *spectra.log_power)
        values = np.concatenate([part.reshape(hops, -1) for part in parts], axis=1)
        rows = step * len(self._rows) + self._rows
        for hop in range(hops):  # at once, the indices of many would not fit into a processor's caches
            where = self.at.take(rows[hop], axis=0)
            low = values[hop].take(where)
            where += 1
            high = values[hop].take(where)
            high -= low
            high *= self.mix.take(rows[hop], axis=0)
            np.add(low, high, out=out[hop])
