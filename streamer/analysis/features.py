"""What the classifier sees: one function, for training and for live.

Every note from A0 to C8 is a candidate, and each gets the same features, gathered at that candidate: how alike the
newest samples are to those one period before, how strong its harmonics are and what lies between them, and how these
have risen in the last milliseconds. Lags and frequencies are counted in the candidate's own period, so what is
learned of one note holds for all.

A candidate first moves to the best period within 60 cents of its name: so an instrument may be out of tune.
"""

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.framing import ANALYSIS_RATE_HZ, LEVELS
from streamer.analysis.spectrum import CORRELATION_WINDOWS, LAG_STARTS, LAG_STEPS, MAX_LAG, POWER_WINDOWS, Spectra
from streamer.config import HIGHEST_MIDI, LOWEST_MIDI
from streamer.events import FloatArray
from streamer.units import A4_HZ

_Array = NDArray[np.float64]
CANDIDATES = np.arange(LOWEST_MIDI, HIGHEST_MIDI + 1)
_LOWEST_OCTAVE = np.array([21, 33, 45, 57])  # first candidate of levels 3, 2, 1, 0
_CENTS = np.arange(-60, 61, 12)
_LAGS_ALL = (1.0, 0.5, 2.0)  # in periods, in every correlation window
_LAGS_LONG = (1 / 3, 2 / 3, 1.5)  # in the two longer ones
_HARMONICS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
_BETWEEN = (1 / 3, 0.5, 2 / 3, 4 / 3, 1.5, 2.5, 3.5)
_PASS_HZ = 6_400.0  # above, the first filter has begun to fall
_MISSING = -12.0  # stands for a harmonic that no microphone at this rate could bring, nepers of power
_RISE_MS = (6.0, 12.0, 24.0, 48.0)
_TROUGH_MS = (24.0, 60.0)  # what is struck again dips first, or changes its spectrum at once
_UPPER = 4  # the harmonics from here on are the upper ones
_MEMORY_MS = 200.0
_FLOOR = 1e-9  # power of what counts as silence, -90 dBFS

NAMES: tuple[str, ...] = (
    *(f"correlation_{w}_at_{lag:.2f}" for w in CORRELATION_WINDOWS for lag in _LAGS_ALL),
    *(f"correlation_{w}_at_{lag:.2f}" for w in CORRELATION_WINDOWS[1:] for lag in _LAGS_LONG),
    *(f"correlation_{w}_at_base" for w in CORRELATION_WINDOWS),
    *(f"power_{w}_at_{h:.2f}" for w in POWER_WINDOWS for h in _HARMONICS + _BETWEEN),
    "correlation_100_below_best",
    "correlation_256_below_best",
    "harmonics_256_below_best",
    "harmonics_512_below_best",
    *(f"harmonics_rise_{ms:g}_ms" for ms in _RISE_MS),
    *(f"correlation_rise_{ms:g}_ms" for ms in _RISE_MS[1:3]),
    *(f"glide_{ms:g}_ms" for ms in _RISE_MS[1:3]),
    *(f"flux_{ms:g}_ms" for ms in _RISE_MS[1:3]),
    *(f"upper_harmonics_rise_{ms:g}_ms" for ms in _RISE_MS[1:3]),
    *(f"harmonics_above_trough_{ms:g}_ms" for ms in _TROUGH_MS),
    *(f"correlation_above_trough_{ms:g}_ms" for ms in _TROUGH_MS),
    "detune",
    "register",
    "level_share",
    *(f"level_rise_{ms:g}_ms" for ms in _RISE_MS),
    *(f"level_above_trough_{ms:g}_ms" for ms in _TROUGH_MS),
    "level_below_recent_peak",
    "brightness",
    *(f"brightness_rise_{ms:g}_ms" for ms in _RISE_MS[:3]),
    "level_above_floor",
)
VERSION = 3


class Features:
    """Features of every candidate, hop by hop.

    Parameters
    ----------
    hop_s : float
        Seconds between two calls of `update`.
    a4_hz : float
        Frequency of A4.

    Attributes
    ----------
    matrix : ndarray of float32, shape (88, len(NAMES))
        One row per candidate, A0 first. Overwritten by the next `update`.
    period_ratio : ndarray of float32, shape (88,)
        Refined period over the period of the candidate's name.
    """

    def __init__(self, hop_s: float, a4_hz: float = A4_HZ) -> None:
        n = len(CANDIDATES)
        self.matrix: FloatArray = np.zeros((n, len(NAMES)), np.float32)
        self.period_ratio: FloatArray = np.ones(n, np.float32)
        self.f0_hz: _Array = a4_hz * 2.0 ** ((CANDIDATES - 69) / 12.0)
        self.level = LEVELS - np.searchsorted(_LOWEST_OCTAVE, CANDIDATES, side="right")
        period = ANALYSIS_RATE_HZ / 2.0**self.level / self.f0_hz  # in samples of the candidate's level
        # Above the first level's octave a period is only a few samples: compare several periods back.
        multiple = 2.0 ** np.clip(np.floor(np.log2(76.0 / period)), 0, 3)
        steps = 2.0 ** (_CENTS / 1200.0)
        self._gather = _Gather(self.f0_hz, self.level, multiple, steps)
        lag_steps = np.array(LAG_STEPS)[self.level]
        search = (period * multiple * lag_steps)[:, None] * steps
        floor = np.floor(search).astype(np.intp)
        self._search_at = np.array(LAG_STARTS)[self.level][:, None] + floor
        self._search_next = self._search_at + 1
        self._search_mix = (search - floor).astype(np.float32)
        self._steps = steps.astype(np.float32)
        self._detune = (_CENTS / 60.0).astype(np.float32)
        self._register = ((CANDIDATES - 60) / 40.0).astype(np.float32)
        self._rise_hops = [max(1, round(ms / 1000.0 / hop_s)) for ms in _RISE_MS]
        depth = max(round(_MEMORY_MS / 1000.0 / hop_s), self._rise_hops[-1]) + 1
        self._past = np.zeros((depth, 3, n), np.float32)  # harmonics, correlation, detuning
        self._past[:, 0] = np.log(_FLOOR)
        self._past_powers = np.full((depth, n, len(_HARMONICS)), np.log(_FLOOR), np.float32)
        self._troughs = [max(1, round(ms / 1000.0 / hop_s)) for ms in _TROUGH_MS]
        self._past_slower = [float(np.log(_FLOOR))] * depth
        self._past_level = [float(np.log(_FLOOR))] * depth
        self._past_brightness = [0.0] * depth
        self._compared = np.zeros((4, n), np.float32)
        places = range(depth)  # in the rings, and for each those some hops back
        self._back = [[(at - hops) % depth for hops in self._rise_hops] for at in places]
        self._recent = [[(at - hops) % depth for hops in range(self._troughs[-1] + 1)] for at in places]
        self._floor = float(np.log(_FLOOR))
        self._floor_climb = hop_s * 0.7  # nepers per hop: 3 dB a second
        self._at = 0

    def update(self, spectra: Spectra, levels: FloatArray) -> FloatArray:
        """Gather the features of one hop; returns `matrix`."""
        out, correlation = self.matrix, spectra.correlation
        total = correlation[0] + correlation[1] + correlation[2]
        low = total.take(self._search_at)
        near = low + self._search_mix * (total.take(self._search_next) - low)
        best = near.argmax(axis=1)
        self.period_ratio = self._steps.take(best)
        lags = self._gather.n_lags
        width = lags + self._gather.missing.shape[1]
        self._gather.take(spectra, best, out[:, :width])

        energy = np.log(spectra.energy + _FLOOR)
        own = energy[2][self.level]
        harmonics_short = np.add.reduce(out[:, lags : lags + 4], axis=1) * 0.25
        second = lags + len(_HARMONICS) + len(_BETWEEN)
        harmonics_long = np.add.reduce(out[:, second : second + 4], axis=1) * 0.25
        powers = out[:, lags:width]
        at, depth = self._at, len(self._past)
        strengths = self._past_powers[at]
        strengths[:] = powers[:, : len(_HARMONICS)]
        powers -= own[:, None]
        np.maximum(powers, _MISSING, out=powers)
        powers[self._gather.missing] = _MISSING
        mid, long = out[:, len(_LAGS_ALL)], out[:, 2 * len(_LAGS_ALL)]
        detune = self._detune.take(best)
        compared = self._compared
        for row, values in zip(compared, (mid, long, harmonics_short, harmonics_long), strict=True):
            row[:] = values
        compared -= np.maximum.reduce(compared, axis=1)[:, None]
        out[:, width : width + 4] = compared.T
        column = width + 4

        now = self._past[at]
        now[0], now[1], now[2] = harmonics_short, mid, detune
        back = self._back[at]
        rise = now - self._past[back]  # shape (steps back, kinds, candidates)
        out[:, column : column + 4] = rise[:, 0].T
        out[:, column + 4 : column + 6] = rise[1:3, 1].T
        out[:, column + 6 : column + 8] = rise[1:3, 2].T
        column += 8
        gain = strengths - self._past_powers[back[1:3]]  # shape (steps back, candidates, harmonics)
        out[:, column + 2 : column + 4] = (np.add.reduce(gain[:, :, _UPPER:], axis=2) / len(_HARMONICS[_UPPER:])).T
        np.maximum(gain, 0.0, out=gain)
        out[:, column : column + 2] = (np.add.reduce(gain, axis=2) / len(_HARMONICS)).T
        column += 4
        recent = self._recent[at]
        behind = self._past[recent, :2]  # newest first
        for hops in self._troughs:
            low = np.minimum.reduce(behind[: hops + 1], axis=0)
            out[:, column] = harmonics_short - low[0]
            out[:, column + len(self._troughs)] = mid - low[1]
            column += 1
        column += len(self._troughs)
        np.abs(detune, out=out[:, column])
        out[:, column + 1] = self._register
        out[:, column + 2] = own - energy[2][0]
        column += 3

        level, slower = float(energy[0][0]), float(energy[1][0])
        newest = levels[0, -CORRELATION_WINDOWS[0] :]
        steep = newest[1:] - newest[:-1]
        brightness = float(np.log(steep.dot(steep) / len(steep) + _FLOOR)) - level
        past_level, past_brightness = self._past_level, self._past_brightness
        self._past_slower[at] = slower
        common = [level - past_level[i] for i in back]
        before = [self._past_slower[i] for i in recent]
        common.extend(slower - min(before[: hops + 1]) for hops in self._troughs)
        common.append(level - max(level, *past_level))
        common.append(brightness)
        common.extend(brightness - past_brightness[i] for i in back[:3])
        slow = float(energy[2][0])
        self._floor = min(slow, self._floor + self._floor_climb)
        common.append(min(slow - self._floor, 8.0))
        out[:, column:] = common

        self._past_level[at] = level
        self._past_brightness[at] = brightness
        self._at = (at + 1) % depth
        return out


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
        self._at = (starts + whole.astype(np.intp)).reshape(shape)
        self._mix = (positions - whole).astype(np.float32).reshape(shape)
        self._values = np.zeros(start_of_powers, np.float32)
        self._rows = np.arange(len(level))

    def take(self, spectra: Spectra, step: NDArray[np.intp], out: FloatArray) -> None:
        """Write the values at each candidate's period, ``step`` of the steps away from its name's."""
        values, at = self._values, 0
        for part in (spectra.correlation, *spectra.log_power):
            values[at : at + part.size] = part.reshape(-1)
            at += part.size
        rows = step * len(self._rows) + self._rows
        where = self._at.take(rows, axis=0)
        low = values.take(where)
        where += 1
        high = values.take(where)
        high -= low
        high *= self._mix.take(rows, axis=0)
        np.add(low, high, out=out)
