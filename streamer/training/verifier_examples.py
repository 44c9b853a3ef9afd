"""From labelled recordings to cases that the verifier of beginnings learns from.

The note machine is run over what the scorer made of a phrase, and each case it brings up is labelled by what was
really played. Which cases come up depends on what was decided before, so the machine has to be led through good
decisions and bad ones: at first by chance, with the truth known; then by a verifier that has learned from those cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.network import Network
from streamer.config import LOWEST_MIDI, TrackerConfig
from streamer.decision.by_verifier import VerifierMachine
from streamer.decision.machine import Decision
from streamer.decision.onset_context import AGES_MS, NAMES, OUTPUTS, RISES_DB
from streamer.decision.thresholds import Thresholds
from streamer.evaluation.replay import EvidenceRecord, hop_ms_of, replay_machine
from streamer.events import FloatArray

_SAME = 0.6  # semitones
_GRACE_S = 0.03  # a note that has just ended may still be reported
_AHEAD_S = 0.025  # a note reported so shortly before its onset is right: a singer is at the pitch before the vowel
_PEAK_S = 0.35  # from its onset until a note is at its loudest
_LOUDEST_MS = 30.0  # over which the level of an attack is taken
_EARLY_S = 0.12  # a note reported so long before its onset is an earlier one
_PROMPT = 0.12  # of the right cases, led by chance, are taken
_RASH = 0.004  # of the wrong ones
# Bolder than live, so that more comes up: notes begun an octave off, and what follows. What the live thresholds are is
# chosen afterwards, and does not change what is learned.
_BOLDER = Thresholds(
    propose=5.0,
    propose_again=-3.0,
    right=1.75,
    right_again=0.0,
    evident=2.0,
    right_evident=1.0,
    octave_likely=-2.0,
    right_near=1.0,
    right_correct=0.0,
    right_outlasts=1.0,
    right_young=0.0,
    youngest_ms=0.0,
    right_third=2.0,
    third_likely=-2.0,
    # What has been left ends at once: led with more patience, verifiers took swings for notes, and notes for swings.
    swing_semitones=0.0,
    right_stands=0.0,
    left_ms=1e5,
)
_SPREAD = 1.5  # log odds by which a verifier's decisions are shifted from one phrase to the next


@dataclass(frozen=True, eq=False)
class VerifierExamples:
    """Rows for training.

    Attributes
    ----------
    rows : ndarray of float16, shape (n, len(NAMES))
        As `streamer.decision.onset_context.OnsetContext` describes them.
    targets : ndarray of uint8, shape (n, len(OUTPUTS))
        Whether to begin the note was right, and whether it was so young.
    """

    rows: NDArray[np.float16]
    targets: NDArray[np.uint8]


def verifier_examples_of(
    record: EvidenceRecord, config: TrackerConfig, verifier: Network | None, seed: int
) -> VerifierExamples:
    """Cases of one phrase.

    Parameters
    ----------
    record : EvidenceRecord
        From `streamer.evaluation.replay.record_evidence`.
    config : TrackerConfig
        Settings.
    verifier : Network or None
        Who decides; None for chance, with the truth known.
    seed : int
        Decides what is left to chance.
    """
    led = _LedMachine(config, hop_ms_of(record, config), record, verifier, np.random.default_rng(seed))
    replay_machine(record, config, led)
    rows = [np.zeros((0, len(NAMES)), np.float16), *led.rows]
    targets = [np.zeros((0, len(OUTPUTS)), np.uint8), *led.targets]
    return VerifierExamples(np.concatenate(rows), np.concatenate(targets))


class _LedMachine(VerifierMachine):
    """Knows what was played: keeps proposals with what would have been right, and decides by chance or a verifier."""

    def __init__(
        self,
        config: TrackerConfig,
        hop_ms: float,
        record: EvidenceRecord,
        verifier: Network | None,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(config, hop_ms, self._note, _BOLDER)
        phrase = record.phrase
        self._level_db = np.array(record.evidence.levels.level_db)
        self._velocity_hops = round(_LOUDEST_MS / hop_ms)
        self._hop_s = hop_ms / 1000.0
        self._time_s = 0.0
        self._onsets_s, self._offsets_s = phrase.notes[:, 0], phrase.notes[:, 1]
        self._note_pitches = phrase.notes[:, 2] - LOWEST_MIDI
        self._emitted = np.zeros(len(phrase.notes), bool)
        self._verifier = verifier
        self._rng = rng
        self._shift = rng.uniform(-_SPREAD, _SPREAD)
        self.rows: list[NDArray[np.float16]] = []
        self.targets: list[NDArray[np.uint8]] = []

    def step(self, hop: int) -> Decision:
        self._time_s += self._hop_s
        decision = super().step(hop)
        if decision.began is not None:
            meant = self._meant(decision.began, _EARLY_S)
            if meant is not None:
                self._emitted[meant] = True
        return decision

    def _note(self, candidates: Sequence[int], cases: FloatArray) -> FloatArray:
        targets = np.zeros((len(candidates), len(OUTPUTS)), np.uint8)
        for row, candidate in zip(targets, candidates, strict=True):
            i = self._meant(candidate, 0.0 if candidate == self.current else _AHEAD_S)
            if i is not None and not self._emitted[i]:
                row[0] = 1
                row[1 : 1 + len(AGES_MS)] = 1000.0 * (self._time_s - self._onsets_s[i]) < np.array(AGES_MS)
                row[1 + len(AGES_MS) :] = self._rise_db(i) > np.array(RISES_DB)
        self.rows.append(cases.astype(np.float16))
        self.targets.append(targets)
        if self._verifier is not None:
            odds = self._verifier.log_odds(cases)
            odds[:, 0] += self._shift
            return odds
        odds = np.where(targets, 3.0, -3.0).astype(np.float32)
        taken = self._rng.random(len(candidates)) < np.where(targets[:, 0], _PROMPT, _RASH)
        odds[:, 0] = np.where(taken, 20.0, -20.0)
        return odds

    def _rise_db(self, index: int) -> float:
        """By how much a note is still to become louder, within its first few tenths of a second."""
        now = round(self._time_s / self._hop_s) - 1
        until_s = min(self._onsets_s[index] + _PEAK_S, self._offsets_s[index])
        later = self._level_db[now : max(now + 1, round(until_s / self._hop_s))]
        return float(later.max() - self._level_db[max(0, now - self._velocity_hops) : now + 1].max())

    def _meant(self, candidate: int, ahead_s: float) -> int | None:
        """The note of that pitch that sounds now, or else begins so soon."""
        i = int(np.searchsorted(self._onsets_s, self._time_s, side="right")) - 1
        if i >= 0 and self._time_s < self._offsets_s[i] + _GRACE_S and self._is(i, candidate):
            return i
        i += 1
        if i < len(self._onsets_s) and self._onsets_s[i] - self._time_s <= ahead_s and self._is(i, candidate):
            return i
        return None

    def _is(self, index: int, candidate: int) -> bool:
        return bool(abs(self._note_pitches[index] - candidate) <= _SAME)
