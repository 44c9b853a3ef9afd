"""Which note was detected for which, hop by hop.

Conventions: a hop is classed by what sounds at the centre of what was analysed, so a detector's delay is no error here
(the latency of notes shows that). The classes are the 128 MIDI notes and `NOTHING`. A pitch within 50 cents of the true
one is that note, however the two round; one further away is as many notes off as it is nearest to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.data.datasets import NoteTable
from streamer.evaluation.metrics import Floats

NOTHING = 128
CLASSES = 129
ERRORS = ("octave", "neighbour", "other", "missed", "false")  # of those, the last is of hops in which nothing sounds
Matrix = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Hops counted by what sounded and what was detected; only the pairs that occurred.

    Attributes
    ----------
    pairs : ndarray of int, shape (k,)
        ``true * CLASSES + detected``, ascending.
    hops : ndarray of int, shape (k,)
        How often.
    """

    pairs: Matrix
    hops: Matrix

    def matrix(self) -> Matrix:
        """All pairs, shape (129, 129): a row for each true class, a column for each detected."""
        whole = np.zeros(CLASSES * CLASSES, dtype=np.int64)
        whole[self.pairs] = self.hops
        return whole.reshape(CLASSES, CLASSES)

    def figures(self) -> dict[str, float]:
        """Accuracy over all hops, macro F1 over the notes that occur, and each kind of error, in percent.

        Octave, neighbour and other errors and missed hops are shares of the hops in which a note sounds; false ones of
        those in which none does.
        """
        matrix = self.matrix()
        right = np.diag(matrix)
        sounding, silent = int(matrix[:NOTHING].sum()), int(matrix[NOTHING].sum())
        true, detected = matrix.sum(axis=1)[:NOTHING], matrix.sum(axis=0)[:NOTHING]
        there = true > 0
        f1 = 200.0 * right[:NOTHING][there] / (true[there] + detected[there])
        notes = matrix[:NOTHING, :NOTHING]
        away = np.abs(np.subtract.outer(np.arange(NOTHING), np.arange(NOTHING)))
        octave = int(notes[(away > 0) & (away % 12 == 0)].sum())
        neighbour = int(notes[away == 1].sum())
        wrong = int(notes[away > 0].sum())
        return {
            "hop_accuracy": _percent(int(right.sum()), sounding + silent),
            "hop_macro_f1": float(f1.mean()) if len(f1) else float("nan"),
            "hop_octave": _percent(octave, sounding),
            "hop_neighbour": _percent(neighbour, sounding),
            "hop_other": _percent(wrong - octave - neighbour, sounding),
            "hop_missed": _percent(int(matrix[:NOTHING, NOTHING].sum()), sounding),
            "hop_false": _percent(silent - int(right[NOTHING]), silent),
        }


def confuse(truth: NoteTable, centres_s: Floats, f0_midi: Floats) -> Confusion:
    """Class the hops of one recording.

    Parameters
    ----------
    truth : ndarray, shape (n, 3)
        Onset, offset and pitch; in order of onset, never overlapping.
    centres_s : ndarray, shape (m,)
        Times that the estimates speak of.
    f0_midi : ndarray, shape (m,)
        Fractional MIDI pitch estimated; nan where nothing was.
    """
    true_midi = pitch_at(truth, centres_s)
    sounds, voiced = np.isfinite(true_midi), np.isfinite(f0_midi)
    true = np.full(len(centres_s), NOTHING, dtype=np.int64)
    true[sounds] = np.rint(true_midi[sounds])
    estimated = np.full(len(centres_s), NOTHING, dtype=np.int64)
    estimated[voiced] = np.rint(f0_midi[voiced])
    both = sounds & voiced
    estimated[both] = true[both] + np.rint(f0_midi[both] - true_midi[both]).astype(np.int64)
    estimated[voiced] = estimated[voiced].clip(0, NOTHING - 1)
    pairs, hops = np.unique(true * CLASSES + estimated, return_counts=True)
    return Confusion(pairs, hops)


def join(parts: Sequence[Confusion]) -> Confusion:
    """The sum of several."""
    whole = np.zeros(CLASSES * CLASSES, dtype=np.int64)
    for part in parts:
        whole[part.pairs] += part.hops
    pairs = np.flatnonzero(whole)
    return Confusion(pairs, whole[pairs])


def pitch_at(truth: NoteTable, times_s: Floats) -> Floats:
    """Pitch of the note that sounds at each time; nan where none does.

    Parameters
    ----------
    truth : ndarray, shape (n, 3)
        Onset and offset (s), and MIDI pitch, in order of onset.
    times_s : ndarray, shape (m,)
        When.
    """
    if not len(truth):
        return np.full(len(times_s), np.nan)
    newest = np.searchsorted(truth[:, 0], times_s, side="right") - 1
    inside = (newest >= 0) & (times_s < truth[newest, 1])
    return np.where(inside, truth[newest, 2], np.nan)


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else float("nan")
