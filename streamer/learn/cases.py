"""From labelled recordings to cases that the judge of beginnings learns from.

The note machine is run over what the classifier made of a phrase, and each case it brings up is labelled by what was
really played. Which cases come up depends on what was decided before, so the machine has to be led through good
decisions and bad ones: at first by chance, with the truth known; then by a judge that has learned from those cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.config import LOWEST_MIDI, TrackerConfig
from streamer.events import FloatArray
from streamer.hearing import Hearing
from streamer.judge import AGES_MS, NAMES, OUTPUTS
from streamer.learn.phrase import Phrase
from streamer.learn.replay import Memory, replay_with
from streamer.network import Network
from streamer.notes import Decision, NoteMachine

_SAME = 0.6  # semitones
_GRACE_S = 0.03  # a note that has just ended may still be told
_NEAR_S = 0.05  # an onset reported so near to the true one is right
_EARLY_S = 0.12  # a note told so long before its onset has been told
_PROMPT = 0.12  # of the right cases, led by chance, are taken
_RASH = 0.004  # of the wrong ones
_SPREAD = 1.5  # log odds by which a judge's decisions are shifted from one phrase to the next


@dataclass(frozen=True, eq=False)
class LabelledCases:
    """Rows for training.

    Attributes
    ----------
    rows : ndarray of float16, shape (n, len(NAMES))
        As `streamer.judge.Cases` describes them.
    targets : ndarray of uint8, shape (n, len(OUTPUTS))
        Whether to begin the note was right, and whether it was so young.
    """

    rows: NDArray[np.float16]
    targets: NDArray[np.uint8]


def cases_of(memory: Memory, config: TrackerConfig, judge: Network | None, seed: int) -> LabelledCases:
    """Cases of one phrase.

    Parameters
    ----------
    memory : Memory
        From `streamer.learn.replay.listen`.
    config : TrackerConfig
        Settings.
    judge : Network or None
        Who decides; None for chance, with the truth known.
    seed : int
        Decides what is left to chance.
    """
    led: list[_Led] = []

    def make(config: TrackerConfig, hop_ms: float) -> NoteMachine:
        led.append(_Led(config, hop_ms, memory.phrase, judge, np.random.default_rng(seed)))
        return led[-1]

    replay_with(memory, config, make)
    rows = [np.zeros((0, len(NAMES)), np.float16), *led[0].rows]
    targets = [np.zeros((0, len(OUTPUTS)), np.uint8), *led[0].targets]
    return LabelledCases(np.concatenate(rows), np.concatenate(targets))


class _Led(NoteMachine):
    """Knows what was played: notes each case with what would have been right, and decides by chance or as a judge."""

    def __init__(
        self, config: TrackerConfig, hop_ms: float, phrase: Phrase, judge: Network | None, rng: np.random.Generator
    ) -> None:
        super().__init__(config, hop_ms, weigh=self._note)
        self._hop_s = hop_ms / 1000.0
        self._time_s = 0.0
        self._onsets_s, self._offsets_s = phrase.notes[:, 0], phrase.notes[:, 1]
        self._pitches = phrase.notes[:, 2] - LOWEST_MIDI
        self._told = np.zeros(len(phrase.notes), bool)
        self._judge = judge
        self._rng = rng
        self._shift = rng.uniform(-_SPREAD, _SPREAD)
        self.rows: list[NDArray[np.float16]] = []
        self.targets: list[NDArray[np.uint8]] = []

    def step(self, hearing: Hearing, pitch: float | None, audible: bool) -> Decision:
        self._time_s += self._hop_s
        decision = super().step(hearing, pitch, audible)
        if decision.began is not None:
            self._tell(decision.began, self._time_s - decision.began_ago * self._hop_s)
        return decision

    def _note(self, candidates: Sequence[int], cases: FloatArray) -> FloatArray:
        i = int(np.searchsorted(self._onsets_s, self._time_s, side="right")) - 1
        targets = np.zeros((len(candidates), len(OUTPUTS)), np.uint8)
        if i >= 0 and self._time_s < self._offsets_s[i] + _GRACE_S and not self._told[i]:
            targets[:, 0] = np.abs(self._pitches[i] - np.asarray(candidates)) <= _SAME
            targets[:, 1:] = 1000.0 * (self._time_s - self._onsets_s[i]) < np.array(AGES_MS)
            targets[:, 1:] *= targets[:, :1]
        self.rows.append(cases.astype(np.float16))
        self.targets.append(targets)
        if self._judge is not None:
            odds = self._judge.log_odds(cases)
            odds[:, 0] += self._shift
            return odds
        odds = np.where(targets, 3.0, -3.0).astype(np.float32)
        taken = self._rng.random(len(candidates)) < np.where(targets[:, 0], _PROMPT, _RASH)
        odds[:, 0] = np.where(taken, 20.0, -20.0)
        return odds

    def _tell(self, candidate: int, onset_s: float) -> None:
        """Note which of the notes that were played is told with the one that has been begun."""
        same = np.abs(self._pitches - candidate) <= _SAME
        sounds = (self._onsets_s <= self._time_s) & (self._time_s < self._offsets_s + _GRACE_S)
        near = np.abs(self._onsets_s - onset_s) <= _NEAR_S
        soon = (self._onsets_s > self._time_s) & (self._onsets_s - onset_s <= _EARLY_S)
        self._told |= same & (sounds | near | soon)
