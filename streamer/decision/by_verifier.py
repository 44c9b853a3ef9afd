"""Notes with some evidence are put to the verifier, which says whether they begin and since when."""

import math
from collections.abc import Sequence

import numpy as np

from streamer.analysis.evidence import N_CANDIDATES, Evidence
from streamer.config import LOWEST_MIDI, USUAL_CORRECT_MS, TrackerConfig
from streamer.decision.machine import NOTHING, Decision, NoteMachine
from streamer.decision.native import NativeSums, make_context, make_sums
from streamer.decision.onset_context import LEAST_SCORE, LIKELY, NAMES, NoteState
from streamer.decision.thresholds import USUAL, Thresholds
from streamer.decision.verifier import OLDEST_MS, Verify, began_ms_ago, rises_by_db
from streamer.events import FloatArray

_STOOD, _STANDS_OFF = NAMES.index("stood"), NAMES.index("stands_off_name")
_OCTAVES = (-24, -12, 12)
_THIRD_HARMONIC = 19  # semitones above the first
_NEAR = 2  # semitones
_AT_NAME, _STOOD_MS = 0.3, 35.0  # a note that lay so near to its name for so long was that note
_LONGER_MS = 10.0  # than the note before it, a better name has lasted; a new note is told before that
_PROPOSED = 3  # notes at most that are put to the verifier beside the one that sounds
_MARKED_LATER_MS = 8.0  # than a note is first heard, people mark its beginning; more where it is sung


class VerifierMachine(NoteMachine):
    """Proposes notes to a verifier.

    Parameters
    ----------
    config : TrackerConfig
        Range of notes and eagerness.
    hop_ms : float
        Time between two hops.
    verify : callable
        From candidates and their onset contexts to log odds, see `streamer.decision.verifier.Verify`.
    thresholds : Thresholds
        How much evidence is asked for.
    """

    def __init__(self, config: TrackerConfig, hop_ms: float, verify: Verify, thresholds: Thresholds = USUAL) -> None:
        self._verify = verify
        self._corrects = config.correct_ms > 0.0
        self._young_ms = config.correct_ms or USUAL_CORRECT_MS  # while it is, a name may be doubted
        super().__init__(config, hop_ms, thresholds)

    def configure(self, config: TrackerConfig) -> None:
        """As in `NoteMachine`."""
        super().configure(config)
        self._asked_at_all = self.thresholds.right + self.thresholds.right_per_eagerness * (0.5 - config.eagerness)

    def reset(self) -> None:
        """As in `NoteMachine`."""
        super().reset()
        self._stood_ms = 0.0  # of the note that sounds, near its name
        self._near_at = 0  # hops after it began when its pitch was last near
        self._context = make_context(self._hop_ms)
        self._native = make_sums(self._hop_ms, self.thresholds, self._young_ms, self._context, self._sums, self._ages)

    def take(self, evidence: Evidence, pitches: Sequence[float | None], audible: Sequence[bool]) -> None:
        """As in `NoteMachine`."""
        if self._native is None:
            super().take(evidence, pitches, audible)
            return
        self._evidence, self._pitches = evidence, pitches
        self._scores, self._onset_scores = self._native.take(evidence, pitches, audible)
        self._stop = -1  # the hops until here were gone through

    def _update_context(self, scores: FloatArray, evidence: Evidence, pitches: Sequence[float | None]) -> None:
        self._context.add(scores, evidence.onset_scores, pitches, evidence.levels.level_db)

    def _lasting_odds(self, hop: int, current: int, pitch: float | None) -> float:
        """As in `NoteMachine`, but a pitch that swings widely about a held note is that note, until another begins."""
        t = self.thresholds
        young = self._since * self._hop_ms < t.swing_after_ms
        if pitch is None or young or self._away_ms > t.swing_ms or abs(pitch - self._reference) >= t.swing_semitones:
            return super()._lasting_odds(hop, current, pitch)
        return float(self._scores[hop, max(0, current - _NEAR) : current + _NEAR + 1].max())

    @property
    def _away_ms(self) -> float:
        """For how long the pitch has been elsewhere than that of the note that sounds."""
        return (self._since - self._near_at) * self._hop_ms

    def _hold(self, gain: FloatArray, near: slice, pitch: float) -> None:
        """As in `NoteMachine`, but for a name that the pitch is nearer to: the verifier tells a note from a swing."""
        self._near_at = self._since
        nearest = round(pitch) - LOWEST_MIDI
        kept = gain[nearest] if near.start <= nearest < near.stop and nearest != self.current else None
        gain[near] = np.minimum(gain[near], -1.0)
        if kept is not None:
            gain[nearest] = kept

    def _beginning(self, hop: int) -> Decision | None:
        proposed = self._proposed(hop)
        if not proposed:
            return None
        current, since = self.current, self._since
        state = NoteState(self._sums, self._ages, current, since, self._reference, self._end_sum, self._ended)
        features = self._evidence.features_of(hop, proposed)
        contexts = self._context.describe(hop, proposed, features, state)
        odds = self._verify(proposed, contexts)
        excess = [
            float(o[0]) - self._asked(c, hop, o) + self._stands(c, context)
            for c, o, context in zip(proposed, odds, contexts, strict=True)
        ]
        best = excess.index(max(excess))
        if not excess[best] > 0.0:
            return None
        age_ms = began_ms_ago(odds[best])
        if age_ms < self.thresholds.youngest_ms and proposed[best] != current:
            return None
        if excess[best] < self.thresholds.right_young * (1.0 - age_ms / self.thresholds.young_ms):
            return None
        corrects = self._outlasts(proposed[best], age_ms)
        if corrects and not self._corrects:
            if self._is_young:
                return None
            corrects = False
        ago = round(max(0.0, age_ms - _MARKED_LATER_MS) / self._hop_ms)
        sounds_ago = round(age_ms / self._hop_ms)
        self._enter(proposed[best], self._pitches[hop])
        rise_db = rises_by_db(odds[best])
        if current is None:
            return Decision(began=proposed[best], began_ago=ago, sounds_ago=sounds_ago, rise_db=rise_db)
        ago, sounds_ago = min(ago, since), min(sounds_ago, since)
        return Decision(current, ago, proposed[best], ago, sounds_ago, rise_db, corrects)

    def step(self, hop: int) -> Decision:
        """As in `NoteMachine`."""
        if self._native is not None:
            if hop > self._stop:
                self._run(self._native, hop)
            return NOTHING if hop < self._stop else self._beginning(hop) or self._lasting(self._stay)
        pitch, current = self._pitches[hop], self.current
        if current is not None and pitch is not None and abs(pitch - (current + LOWEST_MIDI)) < _AT_NAME:
            self._stood_ms += self._hop_ms
        return super().step(hop)

    def _run(self, native: NativeSums, hop: int) -> None:
        """Go on to the next hop at which there may be something to decide."""
        state = native.state
        state.current = -1 if self.current is None else self.current
        state.since, state.reference, state.stood_ms = self._since, self._reference, self._stood_ms
        state.near_at = self._near_at
        state.end_sum, state.end_age = self._end_sum, self._end_age
        self._stop = native.run(hop)
        self._since, self._reference, self._stood_ms = state.since, state.reference, state.stood_ms
        self._near_at = state.near_at
        self._end_sum, self._end_age = state.end_sum, state.end_age
        self._top, self._stay = state.top, state.stay

    def _enter(self, candidate: int, pitch: float | None) -> None:
        super()._enter(candidate, pitch)
        self._stood_ms, self._near_at = 0.0, 0

    def _is_correction(self, candidate: int) -> bool:
        """Whether this may be what sounds, under a better name: that has just begun, and hardly stood on its own."""
        return self._is_young and self._stood_ms <= _STOOD_MS and self._is_near(candidate)

    @property
    def _is_young(self) -> bool:
        """Whether the note that sounds was told a moment ago."""
        return self._since * self._hop_ms <= self._young_ms

    def _may_outlast(self, candidate: int) -> bool:
        """Whether it is worth asking how old this is: a date costs more than a hop may at which nothing begins."""
        return self._is_near(candidate) and self._since * self._hop_ms <= self._young_ms + OLDEST_MS

    def _outlasts(self, candidate: int, age_ms: float) -> bool:
        """Whether this is what sounded before, under a better name: that was young, and lasted less than this has."""
        lasted_ms = self._since * self._hop_ms - age_ms
        return self._may_outlast(candidate) and lasted_ms <= min(self._young_ms, age_ms - _LONGER_MS)

    def _is_near(self, candidate: int) -> bool:
        """Whether it is one of the two nearest names on either side of what sounds."""
        return self.current is not None and 1 <= abs(candidate - self.current) <= _NEAR

    def _proposed(self, hop: int) -> list[int]:
        """The notes that are worth asking about."""
        t, current = self.thresholds, self.current
        struck = current is not None and self._onset_scores.item(hop, current) > t.propose_again
        better = self._better(hop)
        if not struck and not self._top > t.propose:
            return better
        proposed = self._worth_most(hop) if self._top > t.propose else []
        if current is not None and struck and self._is_likely(hop, current):
            proposed += [current] * (self._since * self._hop_ms >= t.propose_again_ms)
        return [*proposed, *(k for k in better if k not in proposed)]

    def _worth_most(self, hop: int) -> list[int]:
        """The likely notes with the greatest sums, and the neighbours of the one with the greatest."""
        current, sums, propose = self.current, self._sums, self.thresholds.propose
        over = [k for k in np.flatnonzero(sums > propose).tolist() if k != current and self._is_likely(hop, k)]
        if not over:
            return []
        if len(over) == 1:  # nothing to choose from, and sooner than what follows
            return over + self._beside(hop, over[0], over)
        worth = np.where(self._allowed & (self._scores[hop] > LEAST_SCORE), sums, 0.0)
        if current is not None:
            worth[current] = 0.0
        over = [int(k) for k in np.argpartition(worth, -_PROPOSED)[-_PROPOSED:] if worth[k] > propose]
        return over + self._beside(hop, int(worth.argmax()), over)

    def _is_likely(self, hop: int, candidate: int) -> bool:
        return bool(self._allowed[candidate]) and self._scores.item(hop, candidate) > LEAST_SCORE

    def _better(self, hop: int) -> list[int]:
        """For a note that is young, the name on that side of its own to which its pitch lies."""
        current, pitch = self.current, self._pitches[hop]
        if current is None or pitch is None:
            return []
        off = pitch - (current + LOWEST_MIDI)
        if not _AT_NAME < abs(off) <= _NEAR:
            return []
        candidate = current + (1 if off > 0 else -1) * (1 if abs(off) < 1.5 else 2)
        return [candidate] * (self._is_correction(candidate) and self._may_begin(hop, candidate))

    def _may_begin(self, hop: int, candidate: int) -> bool:
        """As `streamer.decision.onset_context.may_begin`."""
        if not (0 <= candidate < N_CANDIDATES and self._allowed[candidate]):
            return False
        beside = range(max(0, candidate - 1), min(N_CANDIDATES, candidate + 2))
        likely = self._scores.item
        return likely(hop, candidate) > LEAST_SCORE or any(likely(hop, k) > LIKELY for k in beside)

    def _beside(self, hop: int, likeliest: int, proposed: Sequence[int]) -> list[int]:
        """Its neighbours, if they are not among those: who sings often begins on one, and settles on the next."""
        beside = (likeliest - 1, likeliest + 1)
        return [k for k in beside if k != self.current and k not in proposed and self._may_begin(hop, k)]

    def _stands(self, candidate: int, context: FloatArray) -> float:
        """So much less is asked for where the pitch has left what sounds for a neighbour, and stands there."""
        t = self.thresholds
        if not self._is_near(candidate):
            return 0.0
        stands = context[_STOOD] > math.log1p(t.stands_ms) and abs(context[_STANDS_OFF]) < t.stands_semitones
        return t.right_stands if stands else 0.0

    def _asked(self, candidate: int, hop: int, odds: FloatArray) -> float:
        """Log odds of being right at which the verifier, which gave these odds, is believed."""
        t, likely = self.thresholds, self._scores.item
        asked = self._asked_at_all
        if self.current is not None:
            if self._is_correction(candidate):
                asked += t.right_correct
            elif self._may_outlast(candidate) and self._outlasts(candidate, began_ms_ago(odds)):
                asked += t.right_outlasts
            elif candidate == self.current:
                asked += t.right_again
            elif self._away_ms <= t.left_ms:
                asked += t.right_near if self._is_near(candidate) else t.right_change
        if candidate != self.current and self._sums[candidate] > t.evident * self._limits[candidate]:
            asked -= t.right_evident
        third_of = candidate - _THIRD_HARMONIC
        if third_of >= 0 and likely(hop, third_of) > t.third_likely:
            return asked + t.right_third
        for octave in (candidate + away for away in _OCTAVES):
            if 0 <= octave < N_CANDIDATES and likely(hop, octave) > t.octave_likely:
                return asked + t.right_octave
        return asked
