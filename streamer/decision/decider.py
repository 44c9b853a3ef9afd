"""The note machine: from what sounds at each hop to note-on and note-off.

For every note the evidence that it has begun is added up hop by hop, and falls back to zero whenever it would become
negative: Page's cumulative sum test (Biometrika 1954), which decides on a change sooner than any other test with as few
false alarms (Lorden 1971; Moustakides 1986). Notes with some evidence are put to the verifier
(`streamer.decision.verifier`), which also knows what came before; without one, a note has begun when its sum reaches a
threshold, and it began where the sum last left zero. Either way ``eagerness`` sets how much is asked for.
"""

from dataclasses import dataclass

import numpy as np

from streamer.analysis.evidence import N_CANDIDATES, Hearing
from streamer.config import HIGHEST_MIDI, LOWEST_MIDI, TrackerConfig
from streamer.decision.thresholds import USUAL, Thresholds
from streamer.decision.verifier import LEAST_ODDS, Cases, State, Weigh, began_ms_ago
from streamer.events import FloatArray
from streamer.units import midi_to_hz

_OCTAVES = (-24, -12, 12)
_THIRD_HARMONIC = 19  # semitones above the first
_PROPOSED = 3  # notes at most that are put to the judge beside the one that sounds
_MOST = np.float32(4.0)  # log odds that one hop may bring
_REFERENCE_MS = 60.0  # how fast a note's pitch is followed
_MARKED_LATER_MS = 8.0  # than a note is first heard, people mark its beginning; more where it is sung


@dataclass(frozen=True, slots=True)
class Decision:
    """What changed at this hop: the note that ended, if any, and the note that began, if any.

    ``began_ago`` and ``ended_ago`` are hops before the present one; ``sounds_ago`` is where the sound of the note that
    began is first heard, if before.
    """

    ended: int | None = None
    ended_ago: int = 0
    began: int | None = None
    began_ago: int = 0
    sounds_ago: int = 0


class NoteMachine:
    """Decide when notes begin and end.

    Parameters
    ----------
    config : TrackerConfig
        Range of notes and eagerness.
    hop_ms : float
        Time between two calls of `step`.
    thresholds : Thresholds or None
        None for the usual ones.
    weigh : callable or None
        The judge: from candidates and their cases to log odds, shape (n, outputs of `streamer.decision.verifier`).
    """

    def __init__(
        self,
        config: TrackerConfig,
        hop_ms: float,
        thresholds: Thresholds | None = None,
        weigh: Weigh | None = None,
    ) -> None:
        self.thresholds = thresholds or USUAL
        self._hop_ms = hop_ms
        self._scale = 2.0 ** (2.0 * (0.5 - config.eagerness))  # of the thresholds for beginning
        notes = np.arange(LOWEST_MIDI, HIGHEST_MIDI + 1)
        self._allowed = (notes >= config.low_midi) & (notes <= config.high_midi)
        self._notes = notes
        self._sums = np.zeros(N_CANDIDATES, np.float32)
        self._ages = np.zeros(N_CANDIDATES, np.int64)  # hops since each sum last left zero
        self.current: int | None = None  # candidate that sounds
        self._reference = 0.0  # its pitch, which may drift
        self._since = 0  # hops since it began, or the last one ended
        self._end_sum = 0.0
        self._end_age = 0
        self._ended: int | None = None  # candidate that ended last
        self._cases = Cases(hop_ms) if weigh else None
        self._weigh = weigh
        self._right = self.thresholds.right + self.thresholds.right_per_eagerness * (0.5 - config.eagerness)
        self._again_sum = 0.0
        self._again_age = 0
        self._calm = True  # what is struck again must first have stopped beginning
        self._limits = self._limits_for(None)
        t = self.thresholds
        period_ms = 1000.0 / np.array([midi_to_hz(float(note), config.a4_hz) for note in notes])
        self._lags = np.round((t.lag_ms + t.lag_periods * period_ms) / hop_ms).astype(np.int64)

    def step(self, hearing: Hearing, pitch: float | None, audible: bool) -> Decision:
        """Weigh one hop.

        Parameters
        ----------
        hearing : Hearing
            What the detector made of it.
        pitch : float or None
            Fractional MIDI pitch of the likeliest candidate.
        audible : bool
            False below the gate.
        """
        t = self.thresholds
        sounding = np.minimum(np.maximum(hearing.sounding, -_MOST), _MOST)  # a third of the time of numpy.clip
        begun = np.minimum(np.maximum(hearing.begun, -_MOST), _MOST)
        if not audible:
            sounding[:] = -_MOST
        gain = sounding + np.float32(t.newness) * begun
        stay = 0.0
        if self.current is not None:
            near = slice(max(0, self.current - 1), self.current + 2)
            stay = float(sounding[self.current])
            if pitch is not None and abs(pitch - self._reference) < t.same_semitones:
                stay = float(sounding[near].max())
                gain[near] = np.minimum(gain[near], -1.0)
                self._reference += min(1.0, self._hop_ms / _REFERENCE_MS) * (pitch - self._reference)
        self._sums += gain * np.float32(self._hop_ms)
        self._ages += 1
        rest = self._sums <= 0.0
        self._sums[rest] = 0.0
        self._ages[rest] = 0
        self._since += 1
        if self._cases is not None:
            self._cases.hear(hearing, pitch)
            return self._judged(sounding, begun, pitch) or self._lasting(stay)
        if self.current is None:
            return self._from_silence(pitch)
        return self._from_note(float(begun[self.current]), stay, pitch)

    def reset(self) -> None:
        """Forget everything: silence."""
        self._leave()

    def _from_silence(self, pitch: float | None) -> Decision:
        winner = self._winner()
        if winner is None:
            return Decision()
        ago = int(self._ages[winner] + self._lags[winner])
        self._enter(winner, pitch)
        return Decision(began=winner, began_ago=ago)

    def _from_note(self, begun: float, stay: float, pitch: float | None) -> Decision:
        current = self.current
        assert current is not None
        winner = self._winner()
        if winner is not None:
            ago = min(int(self._ages[winner] + self._lags[winner]), self._since)
            self._enter(winner, pitch)
            return Decision(ended=current, ended_ago=ago, began=winner, began_ago=ago)
        if self._struck_again(begun):
            ago = min(self._again_age + int(self._lags[current]) // 2, self._since)
            self._enter(current, pitch)
            return Decision(ended=current, ended_ago=ago, began=current, began_ago=ago)
        return self._lasting(stay)

    def _judged(self, sounding: FloatArray, begun: FloatArray, pitch: float | None) -> Decision | None:
        """What the judge makes of the notes that are worth it; None if it believes in none."""
        assert self._cases is not None
        assert self._weigh is not None
        current = self.current
        proposed = self._proposed(sounding, begun)
        if not proposed:
            return None
        state = State(self._sums, self._ages, current, self._since, self._reference, self._end_sum, self._ended)
        odds = self._weigh(proposed, self._cases.describe(proposed, state))
        excess = [float(o) - self._asked(c, sounding) for c, o in zip(proposed, odds[:, 0], strict=True)]
        best = int(np.argmax(excess))
        if not excess[best] > 0.0:
            return None
        age_ms = began_ms_ago(odds[best])
        ago = round(max(0.0, age_ms - _MARKED_LATER_MS) / self._hop_ms)
        sounds_ago = round(age_ms / self._hop_ms)
        self._enter(proposed[best], pitch)
        if current is None:
            return Decision(began=proposed[best], began_ago=ago, sounds_ago=sounds_ago)
        ago, sounds_ago = min(ago, state.since), min(sounds_ago, state.since)
        return Decision(ended=current, ended_ago=ago, began=proposed[best], began_ago=ago, sounds_ago=sounds_ago)

    def _asked(self, candidate: int, sounding: FloatArray) -> float:
        """Log odds of being right at which the judge is believed."""
        asked = self._right
        if self.current is not None:
            asked += self.thresholds.right_again if candidate == self.current else self.thresholds.right_change
        if candidate != self.current and self._sums[candidate] > self.thresholds.evident * self._limits[candidate]:
            asked -= self.thresholds.right_evident
        third_of = candidate - _THIRD_HARMONIC
        if third_of >= 0 and sounding[third_of] > self.thresholds.third_likely:
            return asked + self.thresholds.right_third
        octaves = [candidate + away for away in _OCTAVES if 0 <= candidate + away < N_CANDIDATES]
        if sounding[octaves].max() > self.thresholds.octave_likely:
            asked += self.thresholds.right_octave
        return asked

    def _proposed(self, sounding: FloatArray, begun: FloatArray) -> list[int]:
        t, current = self.thresholds, self.current
        likely = self._allowed & (sounding > LEAST_ODDS)
        worth = np.where(likely, self._sums, 0.0)
        if current is not None:
            worth[current] = 0.0
        proposed: list[int] = []
        if worth.max() > t.propose:
            proposed = [int(k) for k in np.argpartition(worth, -_PROPOSED)[-_PROPOSED:] if worth[k] > t.propose]
        if current is not None and likely[current] and begun[current] > t.propose_again:
            proposed += [current] * (self._since * self._hop_ms >= t.propose_again_ms)
        return proposed

    def _lasting(self, stay: float) -> Decision:
        """Nothing begins: end what sounds if it does not go on."""
        current = self.current
        if current is None:
            return Decision()
        self._end_sum = max(0.0, self._end_sum - stay * self._hop_ms)
        self._end_age = self._end_age + 1 if self._end_sum > 0.0 else 0
        if self._end_sum > self.thresholds.end:
            ago = min(self._end_age, self._since)
            self._leave()
            return Decision(ended=current, ended_ago=ago)
        return Decision()

    def _struck_again(self, log_odds: float) -> bool:
        if not self._calm:
            self._calm = log_odds < 0.0 and self._since * self._hop_ms > self.thresholds.refractory_ms
            self._again_sum, self._again_age = 0.0, 0
            return False
        self._again_sum = max(0.0, self._again_sum + log_odds * self._hop_ms)
        self._again_age = self._again_age + 1 if self._again_sum > 0.0 else 0
        return bool(self._again_sum > self.thresholds.again * self._scale)

    def _winner(self) -> int | None:
        excess = self._sums - self._limits
        winner = int(excess.argmax())
        return winner if excess[winner] > 0.0 else None

    def _enter(self, candidate: int, pitch: float | None) -> None:
        self.current, self._since = candidate, 0
        name = float(candidate + LOWEST_MIDI)
        self._reference = pitch if pitch is not None and abs(pitch - name) < 1.0 else name
        self._end_sum, self._end_age = 0.0, 0
        self._again_sum, self._again_age, self._calm = 0.0, 0, False
        self._sums[:] = 0.0
        self._ages[:] = 0
        self._limits = self._limits_for(candidate)

    def _leave(self) -> None:
        self._ended = self.current
        self.current, self._since = None, 0
        self._sums[:] = 0.0
        self._ages[:] = 0
        self._limits = self._limits_for(None)

    def _limits_for(self, candidate: int | None) -> FloatArray:
        """The sum at which each note begins, given the one that sounds."""
        t = self.thresholds
        limits = np.full(len(self._notes), t.begin if candidate is None else t.change, np.float32)
        if candidate is not None:
            away = np.abs(np.arange(len(limits)) - candidate)
            limits[np.isin(away, (12, 19, 24, 36))] = t.octave
            limits[away == 1] = t.neighbour
        limits *= self._scale
        if candidate is not None:
            limits[candidate] = np.inf
        limits[~self._allowed] = np.inf
        return limits
