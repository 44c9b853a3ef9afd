"""The note machine: from what sounds at each hop to decisions that a note has begun or ended.

For every note the evidence that it has begun is added up hop by hop, and falls back to zero whenever it would become
negative: Page's cumulative sum test (Biometrika 1954), which decides on a change sooner than any other test with as few
false alarms (Lorden 1971; Moustakides 1986). What is decided from these sums is a matter of the two machines that
there are: one by thresholds alone (`streamer.decision.by_thresholds`), one that asks a verifier
(`streamer.decision.by_verifier`).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streamer.analysis.evidence import N_CANDIDATES, Evidence
from streamer.config import HIGHEST_MIDI, LOWEST_MIDI, TrackerConfig
from streamer.decision.thresholds import USUAL, Thresholds
from streamer.events import FloatArray
from streamer.units import midi_to_hz

FARTHEST = 0.8  # semitones from a note's name to the pitch that is measured for it
_MOST = np.float32(4.0)  # log odds that one hop may bring
_DOUBTED = np.float32(-1.0)  # log odds at most of a note whose pitch is another one's
_REFERENCE_MS = 60.0  # how fast a note's pitch is followed


@dataclass(frozen=True, slots=True)
class Decision:
    """What changed at this hop: the note that ended, if any, and the note that began, if any.

    ``began_ago`` and ``ended_ago`` are hops before the present one; ``sounds_ago`` is where the sound of the note that
    began is first heard, if before. Its level is yet to rise by ``rise_db``. Where it ``corrects``, it is no new
    note but a better name for the one that ended.
    """

    ended: int | None = None
    ended_ago: int = 0
    began: int | None = None
    began_ago: int = 0
    sounds_ago: int = 0
    rise_db: float = 0.0
    corrects: bool = False


NOTHING = Decision()


class NoteMachine(ABC):
    """Decide when notes begin and end.

    Parameters
    ----------
    config : TrackerConfig
        Range of notes and eagerness.
    hop_ms : float
        Time between two hops.
    thresholds : Thresholds
        How much evidence is asked for.

    Attributes
    ----------
    current : int or None
        Candidate that sounds.
    """

    current: int | None

    def __init__(self, config: TrackerConfig, hop_ms: float, thresholds: Thresholds = USUAL) -> None:
        self.thresholds = thresholds
        self._hop_ms = hop_ms
        self._hop_ms_32, self._newness = np.float32(hop_ms), np.float32(thresholds.newness)
        notes = np.arange(LOWEST_MIDI, HIGHEST_MIDI + 1)
        period_ms = 1000.0 / np.array([midi_to_hz(float(note), config.reference_hz) for note in notes])
        t = thresholds
        self._lags = np.round((t.lag_ms + t.lag_periods * period_ms) / hop_ms).astype(np.int64)
        self.current = None
        self.configure(config)
        self.reset()

    def configure(self, config: TrackerConfig) -> None:
        """Go on with another eagerness and range of notes; what sounds and what was heard stay as they are.

        Parameters
        ----------
        config : TrackerConfig
            Of which all else counts only for a machine that is made of it.
        """
        self._scale = 2.0 ** (2.0 * (0.5 - config.eagerness))  # of the thresholds for beginning
        notes = np.arange(LOWEST_MIDI, HIGHEST_MIDI + 1)
        self._allowed = (notes >= config.low_midi) & (notes <= config.high_midi)
        self._limits_given = {k: self._limits_for(k) for k in (None, *range(N_CANDIDATES))}
        self._limits = self._limits_given[self.current]

    def reset(self) -> None:
        """Forget everything, as if nothing had been heard."""
        self.current = None
        self._sums: FloatArray = np.zeros(N_CANDIDATES, np.float32)
        self._top = 0.0  # the greatest of them
        self._ages = np.zeros(N_CANDIDATES, np.int64)  # hops since each sum last left zero
        self._reference = 0.0  # pitch of what sounds, which may drift
        self._since = 0  # hops since it began, or the last one ended
        self._end_sum = 0.0
        self._end_age = 0
        self._ended: int | None = None  # candidate that ended last
        self._limits = self._limits_given[None]

    def take(self, evidence: Evidence, pitches: Sequence[float | None], audible: Sequence[bool]) -> None:
        """Take the next hops, for `step` to go through.

        Parameters
        ----------
        evidence : Evidence
            Of some hops; it is not changed.
        pitches : sequence of float or None
            Fractional MIDI pitch of each hop's likeliest candidate.
        audible : sequence of bool
            False below the gate.
        """
        self._evidence, self._pitches = evidence, pitches
        doubtful = [
            k
            for k, (pitch, likeliest) in enumerate(zip(pitches, evidence.likeliest.tolist(), strict=True))
            if pitch is None or abs(pitch - (likeliest + LOWEST_MIDI)) > FARTHEST
        ]
        scores = evidence.scores
        if doubtful:  # whatever it is, it is not that note
            scores = scores.copy()
            likeliest = evidence.likeliest[doubtful]
            scores[doubtful, likeliest] = np.minimum(_DOUBTED, scores[doubtful, likeliest])
        self._update_context(scores, evidence, pitches)
        self._scores = np.minimum(np.maximum(scores, -_MOST), _MOST)  # a third of the time of numpy.clip
        self._onset_scores = np.minimum(np.maximum(evidence.onset_scores, -_MOST), _MOST)
        if not all(audible):
            self._scores[np.logical_not(audible)] = -_MOST
        self._gains = self._onset_scores * self._newness
        self._gains += self._scores
        self._gains *= self._hop_ms_32
        self._nothing_rises = (self._gains.max(axis=1, initial=0.0) <= 0.0).tolist()

    def step(self, hop: int) -> Decision:
        """Decide on the next of the hops that were taken; they must be gone through in order, each once."""
        current, pitch, gain = self.current, self._pitches[hop], self._gains[hop]
        stay = 0.0
        if current is None:
            if not self._top and self._nothing_rises[hop]:  # in silence most hops are over here
                self._since += 1
                return NOTHING
        else:
            near = slice(max(0, current - 1), min(N_CANDIDATES, current + 2))
            stay = self._lasting_odds(hop, current, pitch)
            if pitch is not None and abs(pitch - self._reference) < self.thresholds.same_semitones:
                stay = float(self._scores[hop, near].max())
                self._hold(gain, near, pitch)
                self._reference += min(1.0, self._hop_ms / _REFERENCE_MS) * (pitch - self._reference)
        sums, ages = self._sums, self._ages
        sums += gain
        np.maximum(sums, 0.0, out=sums)
        ages += 1
        ages *= sums > 0.0
        self._top = float(sums.max())
        self._since += 1
        return self._beginning(hop) or self._lasting(stay)

    def _lasting_odds(self, hop: int, current: int, pitch: float | None) -> float:  # noqa: ARG002 - others look at the pitch
        """Evidence that the note that sounds goes on, where the pitch is another."""
        return float(self._scores[hop, current])

    def _hold(self, gain: FloatArray, near: slice, pitch: float) -> None:  # noqa: ARG002 - others look at it
        """The pitch is that of the note that sounds: its neighbours gather no evidence."""
        gain[near] = np.minimum(gain[near], -self._hop_ms_32)

    def leave(self) -> None:
        """The note that sounds, if any, has ended."""
        self._ended = self.current
        self.current, self._since = None, 0
        self._sums[:] = 0.0
        self._top = 0.0
        self._ages[:] = 0
        self._limits = self._limits_given[None]

    def _update_context(  # noqa: B027 - a machine without a memory needs none
        self, scores: FloatArray, evidence: Evidence, pitches: Sequence[float | None]
    ) -> None:
        """Take the scores of hops that are to be gone through."""

    @abstractmethod
    def _beginning(self, hop: int) -> Decision | None:
        """What begins at this hop, if anything does."""

    def _lasting(self, stay: float) -> Decision:
        """Nothing begins: end what sounds if it does not go on."""
        current = self.current
        if current is None:
            return NOTHING
        self._end_sum = max(0.0, self._end_sum - stay * self._hop_ms)
        self._end_age = self._end_age + 1 if self._end_sum > 0.0 else 0
        if self._end_sum > self.thresholds.end:
            ago = min(self._end_age, self._since)
            self.leave()
            return Decision(ended=current, ended_ago=ago)
        return NOTHING

    def _enter(self, candidate: int, pitch: float | None) -> None:
        self.current, self._since = candidate, 0
        name = float(candidate + LOWEST_MIDI)
        self._reference = pitch if pitch is not None and abs(pitch - name) < 1.0 else name
        self._end_sum, self._end_age = 0.0, 0
        self._sums[:] = 0.0
        self._top = 0.0
        self._ages[:] = 0
        self._limits = self._limits_given[candidate]

    def _limits_for(self, candidate: int | None) -> FloatArray:
        """The sum at which each note begins, given the one that sounds."""
        t = self.thresholds
        limits = np.full(N_CANDIDATES, t.begin if candidate is None else t.change, np.float32)
        if candidate is not None:
            away = np.abs(np.arange(len(limits)) - candidate)
            limits[np.isin(away, (12, 19, 24, 36))] = t.octave
            limits[away == 1] = t.neighbour
        limits *= self._scale
        if candidate is not None:
            limits[candidate] = np.inf
        limits[~self._allowed] = np.inf
        return limits
