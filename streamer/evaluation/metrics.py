"""How good a transcription is, as counts that add up over recordings.

Conventions: times in seconds, pitches as fractional MIDI numbers, f0 in Hz with 0 for unvoiced. A note is found if its
pitch is within 50 cents and its onset within 50 ms (mir_eval's convention); notes and events are matched one to one, as
many as can be. An event is *in time* if it was also **emitted** at most so long after the true onset: that is what a
person who plays gets. A late event is a miss and a false alarm at once.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from streamer.data.datasets import NoteTable

EventTable = NDArray[
    np.float64
]  # shape (n, 4): onset_s, offset_s, midi, emit_s; emit_s nan where known only at the end
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ONSET_S = 0.05
PITCH = 0.5  # semitones
OFFSET_SHARE = 0.2  # of the note's length, if more than ONSET_S
IN_TIME_S = (0.05, 0.1)
FOUND_S = (-0.05, 0.2)  # an event reported in here is what a listener takes for the note
BIAS_S = (-0.1, 0.3)
HOLD_S = 0.03  # an f0 estimate speaks for no time further away
DECIMALS = 4  # times are compared to 0.1 ms, so that 50 ms is within 50 ms whatever the rounding
REGISTERS = (
    ("<E2", -np.inf, 39.5),
    ("E2-E3", 39.5, 51.5),
    ("E3-E5", 51.5, 75.5),
    ("E5-E6", 75.5, 87.5),
    (">E6", 87.5, np.inf),
)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Fields that add up: numbers are added, arrays joined."""

    def __add__(self, other: Self) -> Self:
        values = []
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            values.append(np.concatenate([mine, theirs]) if isinstance(mine, np.ndarray) else mine + theirs)
        return type(self)(*values)


@dataclass(frozen=True, slots=True, eq=False)
class NoteCounts(_Sums):
    """What was counted in one or more recordings.

    Attributes
    ----------
    duration_s : float
        Their length.
    notes, events : int
        True notes, and note events reported.
    hits, hits_offset, hits_50, hits_100 : int
        Matched by onset and pitch; by offset too; and of those by onset, emitted within 50 and 100 ms.
    octave, false : int
        Events that no note takes: an octave away from a note that sounds, and all others.
    midi, found, latency_s : ndarray, shape (notes,)
        Pitch of each true note, whether an event was found for it, and how long after its onset that was emitted.
    bias_s : ndarray
        Reported minus true onset of events of the right pitch.
    """

    duration_s: float
    notes: int
    events: int
    hits: int
    hits_offset: int
    hits_50: int
    hits_100: int
    octave: int
    false: int
    midi: Floats
    found: Mask
    latency_s: Floats
    bias_s: Floats

    def figures(self) -> dict[str, float]:
        """Percentages, milliseconds and counts per minute; nan where there is nothing to count."""
        minutes = self.duration_s / 60.0
        latency_ms = 1000.0 * self.latency_s[np.isfinite(self.latency_s)]
        figures = {
            "f1_50ms": _f1(self.hits_50, self.notes, self.events),
            "f1_100ms": _f1(self.hits_100, self.notes, self.events),
            "onset_f1": _f1(self.hits, self.notes, self.events),
            "onset_precision": _percent(self.hits, self.events),
            "onset_recall": _percent(self.hits, self.notes),
            "onset_offset_f1": _f1(self.hits_offset, self.notes, self.events),
            "found": _percent(int(self.found.sum()), self.notes),
            "false_per_min": self.false / minutes if minutes else np.nan,
            "octave_per_min": self.octave / minutes if minutes else np.nan,
            "latency_ms": float(np.median(latency_ms)) if len(latency_ms) else np.nan,
            "latency_p95_ms": float(np.percentile(latency_ms, 95)) if len(latency_ms) else np.nan,
            "bias_ms": 1000.0 * float(np.median(self.bias_s)) if len(self.bias_s) else np.nan,
            "events_per_note": self.events / self.notes if self.notes else np.nan,
        }
        for name, low, high in REGISTERS:
            here = (self.midi >= low) & (self.midi < high)
            figures[f"found {name}"] = _percent(int(self.found[here].sum()), int(here.sum()))
        return figures


@dataclass(frozen=True, slots=True, eq=False)
class PitchCounts(_Sums):
    """What was counted of f0 estimates, at the times for which the truth is listed.

    Attributes
    ----------
    voiced, unvoiced : int
        True times with and without a pitch.
    within_50, within_25, within_50_folded : int
        Voiced times with an estimate so near, in cents; the last with octaves folded.
    recalled, false_voiced : int
        Voiced times called voiced; unvoiced times called voiced.
    right : int
        Pitch right where voiced, silent where not.
    cents : ndarray
        Absolute error wherever both are voiced.
    """

    voiced: int
    unvoiced: int
    within_50: int
    within_25: int
    within_50_folded: int
    recalled: int
    false_voiced: int
    right: int
    cents: Floats

    def figures(self) -> dict[str, float]:
        """Raw pitch and chroma accuracy, voicing recall and false alarm, overall accuracy in percent; cents."""
        return {
            "rpa_50": _percent(self.within_50, self.voiced),
            "rpa_25": _percent(self.within_25, self.voiced),
            "rca_50": _percent(self.within_50_folded, self.voiced),
            "voicing_recall": _percent(self.recalled, self.voiced),
            "voicing_false_alarm": _percent(self.false_voiced, self.unvoiced),
            "overall_accuracy": _percent(self.right, self.voiced + self.unvoiced),
            "median_cents": float(np.median(self.cents)) if len(self.cents) else np.nan,
        }


def score_notes(truth: NoteTable, events: EventTable, duration_s: float) -> NoteCounts:
    """Compare the events of one recording with its notes.

    Parameters
    ----------
    truth : ndarray, shape (n, 3)
        Onset, offset, pitch; in order of onset.
    events : ndarray, shape (m, 4)
        Onset, offset, pitch, and the time at which the event was emitted.
    duration_s : float
        Length of the recording.
    """
    events = events[np.argsort(events[:, 0], kind="stable")]
    late_s = np.round(events[None, :, 0] - truth[:, None, 0], DECIMALS)
    emitted_s = np.round(events[None, :, 3] - truth[:, None, 0], DECIMALS)  # nan is never in time
    pitch = np.abs(events[None, :, 2] - truth[:, None, 2]) <= PITCH
    onset = pitch & (np.abs(late_s) <= ONSET_S)
    leeway_s = np.maximum(ONSET_S, OFFSET_SHARE * (truth[:, 1] - truth[:, 0]))[:, None]
    offset = np.round(np.abs(events[None, :, 1] - truth[:, None, 1]), DECIMALS) <= leeway_s
    taken, octaves = follow(truth, events)
    free = len(events) - int((taken >= 0).sum())
    octave = int(octaves.sum())
    near = pitch & (events[None, :, 0] >= truth[:, None, 0] + BIAS_S[0])
    near &= events[None, :, 0] <= truth[:, None, 0] + BIAS_S[1]
    first = events[near.argmax(axis=1), 0] - truth[:, 0] if len(events) else np.zeros(len(truth))
    latency_s = np.full(len(truth), np.nan)
    latency_s[taken >= 0] = events[taken[taken >= 0], 3] - truth[taken >= 0, 0]
    return NoteCounts(
        duration_s=duration_s,
        notes=len(truth),
        events=len(events),
        hits=_matching(onset),
        hits_offset=_matching(onset & offset),
        hits_50=_matching(onset & (emitted_s <= IN_TIME_S[0])),
        hits_100=_matching(onset & (emitted_s <= IN_TIME_S[1])),
        octave=octave,
        false=free - octave,
        midi=truth[:, 2].copy(),
        found=taken >= 0,
        latency_s=latency_s,
        bias_s=first[near.any(axis=1)] if len(events) else np.zeros(0),
    )


def follow(truth: NoteTable, events: EventTable) -> tuple[NDArray[np.int64], Mask]:
    """What a listener takes each event for.

    Parameters
    ----------
    truth, events : ndarray
        As in `score_notes`; both in order of onset.

    Returns
    -------
    taken : ndarray of int, shape (n,)
        For each note, the event that is taken for it; -1 where there is none.
    octave : ndarray of bool, shape (m,)
        Which of the other events are an octave, or several, away from a note that sounds.
    """
    pitch = np.abs(events[None, :, 2] - truth[:, None, 2]) <= PITCH
    taken = _take_in_turn(pitch, events[:, 0], truth[:, 0])
    octave = _an_octave_away(truth, events)
    octave[taken[taken >= 0]] = False
    return taken, octave


def score_f0(truth: Floats, times_s: Floats, f0_hz: Floats) -> PitchCounts:
    """Compare f0 estimates with the truth, at the truth's times, by the nearest estimate within 30 ms.

    Parameters
    ----------
    truth : ndarray, shape (n, 2)
        Time and f0; 0 is unvoiced.
    times_s, f0_hz : ndarray, shape (m,)
        Centres of what was analysed, ascending, and f0 there: 0 is unvoiced; a negative f0 is unvoiced with this guess.
    """
    true_hz = truth[:, 1]
    estimated_hz = _nearest(times_s, f0_hz, truth[:, 0])
    voiced, detected = true_hz > 0.0, estimated_hz > 0.0
    guessed = voiced & (estimated_hz != 0.0)
    cents = 1200.0 * np.log2(np.abs(estimated_hz[guessed]) / true_hz[guessed])
    folded = cents - 1200.0 * np.round(cents / 1200.0)
    both = np.abs(cents[detected[guessed]])
    return PitchCounts(
        voiced=int(voiced.sum()),
        unvoiced=int((~voiced).sum()),
        within_50=int((np.abs(cents) <= 50.0).sum()),
        within_25=int((np.abs(cents) <= 25.0).sum()),
        within_50_folded=int((np.abs(folded) <= 50.0).sum()),
        recalled=int((voiced & detected).sum()),
        false_voiced=int((~voiced & detected).sum()),
        right=int((both <= 50.0).sum() + (~voiced & ~detected).sum()),
        cents=both,
    )


def _f1(hits: int, notes: int, events: int) -> float:
    return 200.0 * hits / (notes + events) if notes + events else float("nan")


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else float("nan")


def _matching(allowed: Mask) -> int:
    """Size of the largest one-to-one matching of notes (rows) and events (columns)."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not allowed.any():
        return 0
    return int((maximum_bipartite_matching(csr_matrix(allowed), perm_type="column") >= 0).sum())


def _take_in_turn(pitch: Mask, reported_s: Floats, true_s: Floats) -> NDArray[np.int64]:
    """Each note in turn takes the first free event of its pitch reported about its onset; -1 where there is none."""
    taken = np.full(len(true_s), -1, dtype=np.int64)
    free = np.ones(len(reported_s), dtype=bool)
    for note, onset_s in enumerate(true_s):
        first = np.searchsorted(reported_s, onset_s + FOUND_S[0])
        last = np.searchsorted(reported_s, onset_s + FOUND_S[1], side="right")
        fits = np.flatnonzero(pitch[note, first:last] & free[first:last])
        if len(fits):
            taken[note] = first + fits[0]
            free[taken[note]] = False
    return taken


def _an_octave_away(truth: NoteTable, events: EventTable) -> Mask:
    """Whether a note sounds, when an event begins, that is one or more octaves away from it."""
    onset_s = events[:, None, 0]
    sounds = (onset_s >= truth[None, :, 0] + FOUND_S[0]) & (onset_s <= truth[None, :, 1] + 0.1)
    away = events[:, None, 2] - truth[None, :, 2]
    octaves = np.round(away / 12.0)
    octave: Mask = (sounds & (octaves != 0.0) & (np.abs(away - 12.0 * octaves) <= PITCH)).any(axis=1)
    return octave


def _nearest(times_s: Floats, values: Floats, grid_s: Floats) -> Floats:
    """The value nearest in time, 0 where none is near."""
    if not len(times_s):
        return np.zeros(len(grid_s))
    right = np.clip(np.searchsorted(times_s, grid_s), 0, len(times_s) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(times_s[right] - grid_s) < np.abs(times_s[left] - grid_s), right, left)
    return np.where(np.abs(times_s[nearest] - grid_s) <= HOLD_S, np.nan_to_num(values[nearest]), 0.0)
