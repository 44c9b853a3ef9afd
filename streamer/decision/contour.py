"""What pitch and level did over the last seconds: what tells a note from a swing, a slide, a voice that speaks, or hum.

A pitch that stands on a name is that note, however it came there. A vibrato swings about one name several times a
second, a slide passes through names without standing on any, and who speaks hardly ever stands. Mains hum and machines
have sounded since long before, and come up without any rise in level.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.columns import Columns
from streamer.analysis.evidence import N_CANDIDATES
from streamer.analysis.past import Past
from streamer.config import LOWEST_MIDI
from streamer.events import FloatArray

_AGES_MS = (12.0, 24.0, 36.0, 50.0, 65.0, 80.0, 100.0, 125.0, 150.0, 180.0, 220.0, 270.0, 330.0, 400.0)
_LEVEL_AGES_MS = (6.0, 12.0, 24.0, 48.0, 96.0, 200.0, 400.0, 800.0, 1600.0)
_WINDOWS_MS = (120.0, 250.0, 450.0)
_SLOW_AGES_MS = (250.0, 400.0, 700.0, 1200.0, 2400.0)
_SLOW_STEP_MS = 45.0
_STANDS = 0.3  # semitones about its own mean within which a pitch stands
_NEAR = 0.5  # semitones from a name to its border
_MOST = 3.0  # semitones that are told apart
_SURE = np.float32(6.0)
_LEVEL_UNIT_DB = 20.0
_MOST_LEVELS = 2.0  # in such units
_HABIT_MS = 1500.0  # over which the habits of a voice are averaged
_TUNING_MS = 6000.0  # of notes that stand, over which a player's tuning is averaged
_GLIDE_MS = 24.0
_STANDING_MS = 70.0  # after which a pitch counts as standing
_OLDEST_MS = 5000.0

_columns = Columns()
_PITCH_AGO = _columns.add(*(f"pitch_off_name_{ms:g}_ms_ago" for ms in _AGES_MS))
_SURE_AGO = _columns.add(*(f"best_sounding_{ms:g}_ms_ago" for ms in _AGES_MS))
_MEANS = _columns.add(*(f"mean_pitch_off_name_{ms:g}_ms" for ms in _WINDOWS_MS))
_RANGES = _columns.add(*(f"pitch_range_{ms:g}_ms" for ms in _WINDOWS_MS))
_AT_NAME = _columns.add(*(f"share_at_name_{ms:g}_ms" for ms in _WINDOWS_MS))
_AT_SOUNDING = _columns.add(*(f"share_at_what_sounds_{ms:g}_ms" for ms in _WINDOWS_MS))
_TURNS = _columns.one("turns")
_STOOD = _columns.one("stood")
_STANDS_OFF = _columns.one("stands_off_name")
_OFF_SOUNDING = _columns.one("pitch_off_what_sounds")
_SINCE_SOUNDING = _columns.one("since_at_what_sounds")
_LEVELS = _columns.add("level", *(f"level_rise_in_{ms:g}_ms" for ms in _LEVEL_AGES_MS))
_SLOW = _columns.add(*(f"sounding_{ms:g}_ms_ago_smoothed" for ms in _SLOW_AGES_MS))
_HABITS = _columns.add("voiced_share", "glide_habit", "standing_share", "level_unrest")
_TUNING = _columns.add("tuning_known", "pitch_off_tuned_name", "pitch_off_tuned_names")
_AGE = _columns.one("stream_age")
NAMES = tuple(_columns.names)

# Columns of what is kept of each hop.
_PITCH, _BEST, _LEVEL, _STOOD_MS, _RUN, _VOICED, _GLIDE, _STANDING, _UNREST, _COSINE, _SINE = range(11)
_KEPT = 11


class Contour:
    """Remember pitch and level, and describe candidates by them.

    Parameters
    ----------
    hop_ms : float
        Time between two hops.
    """

    def __init__(self, hop_ms: float) -> None:
        self._hop_ms = hop_ms
        self._ages = np.array([max(1, round(ms / hop_ms)) for ms in _AGES_MS])
        self._level_ages = np.array([max(1, round(ms / hop_ms)) for ms in _LEVEL_AGES_MS])
        self._windows = [max(2, round(ms / hop_ms)) for ms in _WINDOWS_MS]
        self._depth = max(int(self._level_ages[-1]), self._windows[-1]) + 1
        self._past = Past(self._depth, (_KEPT,), 0.0)
        self._past.values[:, _BEST] = -_SURE
        self._past.values[:, _LEVEL] = -120.0
        self._slow_step = max(1, round(_SLOW_STEP_MS / hop_ms))
        self._slow_ages = np.array([round(ms / (hop_ms * self._slow_step)) for ms in _SLOW_AGES_MS])
        self._slow_depth = int(self._slow_ages[-1]) + 1
        self._slow = Past(self._slow_depth, (N_CANDIDATES,), -float(_SURE))
        self._slow_sum = np.zeros(N_CANDIDATES, np.float32)
        self._hops = 0  # in the stream so far
        self._glide_hops = max(1, round(_GLIDE_MS / hop_ms))
        self._weight = hop_ms / _HABIT_MS
        self._tuning_weight = hop_ms / _TUNING_MS
        self._state = [0.0] * _KEPT
        self._state[_BEST], self._state[_LEVEL] = -float(_SURE), -120.0
        self._level_mean = -120.0

    def settings(self) -> dict[str, float | list[int]]:
        """How many hops back things lie, as the compiled core takes them."""
        return {
            "hop_ms": self._hop_ms,
            "weight": self._weight,
            "tuning_weight": self._tuning_weight,
            "contour_ages": self._ages.tolist(),
            "level_ages": self._level_ages.tolist(),
            "windows": self._windows,
            "slow_ages": self._slow_ages.tolist(),
            "slow_step": self._slow_step,
            "glide_hops": self._glide_hops,
        }

    def add(
        self, scores: FloatArray, best: FloatArray, pitches: Sequence[float | None], level_db: Sequence[float]
    ) -> None:
        """Take the next hops.

        Parameters
        ----------
        scores : ndarray of float32, shape (hops, 88)
            Log odds that each candidate sounds.
        best : ndarray of float32, shape (hops,)
            The highest of them.
        pitches : sequence of float or None
            MIDI pitch of each hop's likeliest candidate.
        level_db : sequence of float
            Level of each hop.
        """
        hops = len(pitches)
        room = self._past.room(hops)
        before = self._past.values  # what was added before stands in front
        glides = self._glide_hops
        recent: list[float] = before[self._depth - glides : self._depth, _PITCH].tolist()
        recent_best: list[float] = before[self._depth - glides : self._depth, _BEST].tolist()
        weight = self._weight
        _, _, _, stood, run, voiced, glide, standing, unrest, cosine, sine = self._state
        level_mean = self._level_mean
        sure = best.tolist()
        pitch_values = np.array([pitch or 0.0 for pitch in pitches], np.float32).tolist()  # as precise as those kept
        rows = []
        for k in range(hops):
            pitch, score, level = pitch_values[k], min(6.0, max(-6.0, sure[k])), max(-120.0, level_db[k])
            is_voiced = pitch > 0.0 and score > 0.0
            if is_voiced and stood > 0.0 and abs(pitch - run) < _STANDS:
                stood += self._hop_ms
                run += (pitch - run) * max(0.05, self._hop_ms / stood)
            else:
                stood, run = (self._hop_ms if is_voiced else 0.0), pitch
            voiced += weight * (is_voiced - voiced)
            if is_voiced:
                earlier = recent[k]
                if earlier > 0.0 and recent_best[k] > 0.0:
                    glide += weight * (min(1.0, abs(pitch - earlier)) - glide)
                standing += weight * ((stood > _STANDING_MS) - standing)
                if stood > _STANDING_MS:
                    cosine += self._tuning_weight * (math.cos(2.0 * math.pi * run) - cosine)
                    sine += self._tuning_weight * (math.sin(2.0 * math.pi * run) - sine)
            level_mean += weight * (level - level_mean)
            unrest += weight * (min(30.0, abs(level - level_mean)) / _LEVEL_UNIT_DB - unrest)
            recent.append(pitch)
            recent_best.append(score)
            rows.append((pitch, score, level, stood, run, voiced, glide, standing, unrest, cosine, sine))
        room[:] = rows
        self._state, self._level_mean = list(rows[-1]) if rows else self._state, level_mean
        self._remember(scores)

    def _remember(self, scores: FloatArray) -> None:
        """Keep the mean of each few hops' scores, for seconds."""
        self._first = self._hops
        at, hops = 0, len(scores)
        done = []
        while at < hops:
            upto = min(hops, at + self._slow_step - self._hops % self._slow_step)
            for row in scores[at:upto]:  # one by one, so that sums do not depend on how hops are grouped
                self._slow_sum += np.minimum(np.maximum(row, -_SURE), _SURE)
            self._hops += upto - at
            at = upto
            if self._hops % self._slow_step == 0:
                done.append(self._slow_sum / np.float32(self._slow_step))
                self._slow_sum = np.zeros(N_CANDIDATES, np.float32)
        self._slow.add(np.array(done, np.float32).reshape(-1, N_CANDIDATES))

    def describe(self, hop: int, candidates: NDArray[np.intp], current: int | None) -> FloatArray:
        """One row per candidate.

        Parameters
        ----------
        hop : int
            Which of the hops that were added last.
        candidates : ndarray of int
            What may be beginning.
        current : int or None
            The candidate that sounds.

        Returns
        -------
        ndarray of float32, shape (candidates, len(NAMES))
        """
        at, past = self._depth + hop, self._past.values
        out = np.zeros((len(candidates), len(NAMES)), np.float32)
        names = (candidates + LOWEST_MIDI).astype(np.float32)[:, None]
        now = past[at]
        ago = past[at - self._ages]
        known = ago[:, _PITCH] > 0.0
        out[:, _PITCH_AGO] = np.where(known, np.clip(ago[:, _PITCH] - names, -_MOST, _MOST), 0.0)
        out[:, _SURE_AGO] = ago[:, _BEST]
        self._windows_of(out, past[at - self._windows[-1] + 1 : at + 1], names, current)
        out[:, _STOOD] = math.log1p(float(now[_STOOD_MS]))
        if now[_STOOD_MS] > 0.0:
            out[:, _STANDS_OFF] = np.clip(now[_RUN] - names[:, 0], -_MOST, _MOST)
        level = float(now[_LEVEL])
        out[:, _LEVELS] = [
            (level + 60.0) / _LEVEL_UNIT_DB,
            *np.clip((level - past[at - self._level_ages, _LEVEL]) / _LEVEL_UNIT_DB, -_MOST_LEVELS, _MOST_LEVELS),
        ]
        index = self._first + hop + 1  # hops up to and with this one
        slow = self._slow.values
        newest = len(slow) - (self._hops // self._slow_step - index // self._slow_step) - 1
        out[:, _SLOW] = slow[newest - self._slow_ages][:, candidates].T
        out[:, _HABITS] = now[_VOICED : _UNREST + 1]
        self._tuning_of(out, now, names[:, 0])
        out[:, _AGE] = math.log1p(min(_OLDEST_MS, index * self._hop_ms))
        return out

    def _tuning_of(self, out: FloatArray, now: FloatArray, names: FloatArray) -> None:
        """How the pitch lies to where this player's notes have stood so far."""
        cosine, sine, pitch = float(now[_COSINE]), float(now[_SINE]), float(now[_PITCH])
        offset = math.atan2(sine, cosine) / (2.0 * math.pi)
        out[:, _TUNING.start] = math.sqrt(cosine * cosine + sine * sine)  # as any C library has it
        if pitch > 0.0:
            out[:, _TUNING.start + 1] = np.clip(pitch - offset - names, -_MOST, _MOST)
            out[:, _TUNING.start + 2] = (pitch - offset + 0.5) % 1.0 - 0.5

    def _windows_of(self, out: FloatArray, window: FloatArray, names: FloatArray, current: int | None) -> None:
        """What the pitch did within each of the windows, shape (hops, columns), oldest first."""
        voiced = (window[:, _PITCH] > 0.0) & (window[:, _BEST] > 0.0)
        pitch = window[:, _PITCH][voiced]
        sounding = np.float32(current + LOWEST_MIDI if current is not None else 0.0)
        near_name, near_sounding = np.abs(pitch - names) < _NEAR, np.abs(pitch - sounding) < _NEAR
        mean = 0.0
        for k, hops in enumerate(self._windows):
            known = int(np.count_nonzero(voiced[-hops:]))
            if not known:
                mean = 0.0
                continue
            first = len(pitch) - known
            latest = pitch[first:]
            mean = float(np.add.reduce(latest, dtype=np.float64)) / known  # exact, so in any order
            if mean:
                out[:, _MEANS.start + k] = np.clip(mean - names[:, 0], -_MOST, _MOST)
            out[:, _RANGES.start + k] = min(2.0 * _MOST, float(latest.max() - latest.min()))
            out[:, _AT_NAME.start + k] = np.count_nonzero(near_name[:, first:], axis=1) / hops
            out[:, _AT_SOUNDING.start + k] = np.count_nonzero(near_sounding[first:]) / hops
        if mean:
            above = pitch > mean
            out[:, _TURNS] = np.count_nonzero(above[1:] != above[:-1])
        if current is None:
            return
        if voiced[-1]:
            out[:, _OFF_SOUNDING] = max(-_MOST, min(_MOST, float(pitch[-1]) - float(sounding)))
        near = np.flatnonzero(voiced)[near_sounding]
        since = len(window) - 1 - int(near[-1]) if len(near) else len(window)
        out[:, _SINCE_SOUNDING] = math.log1p(since * self._hop_ms)
