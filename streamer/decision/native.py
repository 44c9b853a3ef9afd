"""The compiled core's part in decisions, with the interface of the numpy path: the C sources lie in ``core/``."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.analysis import core, features
from streamer.analysis.evidence import N_CANDIDATES, Evidence
from streamer.decision.onset_context import NAMES, NoteState, OnsetContext
from streamer.decision.thresholds import Thresholds
from streamer.events import FloatArray

_FEATURES = len(features.NAMES)
_SHARED_THRESHOLDS = (
    "newness",
    "same_semitones",
    "swing_semitones",
    "swing_ms",
    "swing_after_ms",
    "propose",
    "propose_again",
    "end",
)


def make_context(hop_ms: float) -> "OnsetContext | NativeContext":
    """The onset context that the chosen core computes.

    Parameters
    ----------
    hop_ms : float
        Time between two hops.
    """
    lib = core.native()
    return OnsetContext(hop_ms) if lib is None else NativeContext(hop_ms, lib)


def make_sums(
    hop_ms: float,
    thresholds: Thresholds,
    correct_within_ms: float,
    context: "OnsetContext | NativeContext",
    sums: FloatArray,
    ages: NDArray[np.int64],
) -> "NativeSums | None":
    """What of the note machine the compiled core computes, see `NativeSums`; None where numpy computes."""
    if not isinstance(context, NativeContext):
        return None
    return NativeSums(core.native(), hop_ms, thresholds, correct_within_ms, context, sums, ages)


class NativeContext:
    """`streamer.decision.onset_context.OnsetContext`, compiled: the same rows, to the bit.

    Parameters
    ----------
    hop_ms : float
        Time between two hops.
    lib : module
        Of `streamer.analysis.core.native`.

    Attributes
    ----------
    core : cdata
        Its ``streamer_context``.
    """

    def __init__(self, hop_ms: float, lib: Any) -> None:
        self._ffi, self._lib = lib.ffi, lib.lib
        settings = self._ffi.new("streamer_context_settings *", OnsetContext(hop_ms).settings())
        context = self._lib.streamer_context_new(settings)
        if context == self._ffi.NULL:
            raise MemoryError("the compiled core cannot take the memory that it needs")
        self.core = self._ffi.gc(context, self._lib.streamer_context_free)
        self._state = self._ffi.new("streamer_note_state *")
        nothing = np.zeros((0, 0), np.float32)
        self._scores, self._onset_scores = nothing, nothing
        self._pitches, self._level_db = np.zeros(0), np.zeros(0)
        self._given = 0  # so many hops,
        self._taken = 0  # of which the core knows so many

    def add(
        self,
        scores: FloatArray,
        onset_scores: FloatArray,
        pitches: Sequence[float | None],
        level_db: Sequence[float],
    ) -> None:
        """As in `OnsetContext`. The arrays are not to be changed until the next call."""
        count = len(pitches)
        shape = (count, N_CANDIDATES)
        if scores.shape != shape or onset_scores.shape != shape or len(level_db) != count:
            raise ValueError(f"scores are of shape {scores.shape}, not {shape}")
        self._take(self._given)
        self._scores = np.ascontiguousarray(scores, np.float32)
        self._onset_scores = np.ascontiguousarray(onset_scores, np.float32)
        self._pitches = np.array([pitch or 0.0 for pitch in pitches], np.float64)
        self._level_db = np.array(level_db, np.float64)
        self._given, self._taken = count, 0

    def _take(self, upto: int) -> None:
        """Take those hops that were not yet, so that the last of them is the latest that the core knows."""
        first, count = self._taken, upto - self._taken
        if count <= 0:
            return
        buffer = self._ffi.from_buffer
        self._lib.streamer_context_add(
            self.core,
            buffer("float[]", self._scores[first:]),
            buffer("float[]", self._onset_scores[first:]),
            buffer("double[]", self._pitches[first:]),
            buffer("double[]", self._level_db[first:]),
            count,
        )
        self._taken = upto

    def is_at(self, hop: int) -> None:
        """The core has taken this hop, and those before it, by another way than `add`."""
        self._given = self._taken = hop + 1

    def describe(self, hop: int, candidates: Sequence[int], matrix: FloatArray, state: NoteState) -> FloatArray:
        """As in `OnsetContext`, but hop by hop: none that lies before one that was described."""
        if not self._taken <= hop + 1 <= self._given:
            raise ValueError(f"hop {hop} is past, or not there")
        if matrix.shape != (len(candidates), _FEATURES):
            raise ValueError(f"features are of shape {matrix.shape}, not {(len(candidates), _FEATURES)}")
        self._take(hop + 1)
        rows = np.empty((len(candidates), len(NAMES)), np.float32)
        known = self._state
        known.current = -1 if state.current is None else state.current
        known.ended = -1 if state.ended is None else state.ended
        known.since, known.reference, known.end_sum = state.since, state.reference, state.end_sum
        buffer = self._ffi.from_buffer
        self._lib.streamer_context_describe(
            self.core,
            known,
            buffer("float[]", state.sums),
            buffer("int64_t[]", state.ages),
            self._ffi.new("int64_t[]", candidates),
            len(candidates),
            buffer("float[]", np.ascontiguousarray(matrix, np.float32)),
            buffer("float[]", rows),
        )
        return rows


class NativeSums:
    """`NoteMachine.take` and `NoteMachine.step` of a machine with a verifier, up to where something may be decided.

    Parameters
    ----------
    lib : module
        Of `streamer.analysis.core.native`.
    hop_ms : float
        Time between two hops.
    thresholds : Thresholds
        The machine's.
    correct_within_ms : float
        Age until which a note may be given a better name.
    context : NativeContext
        It is given the hops that are gone through.
    sums : ndarray of float32, shape (88,)
        The machine's; changed where they are.
    ages : ndarray of int64, shape (88,)
        As well.

    Attributes
    ----------
    state : cdata
        What else of the machine changes from hop to hop, a ``streamer_machine_state``.
    """

    def __init__(
        self,
        lib: Any,
        hop_ms: float,
        thresholds: Thresholds,
        correct_within_ms: float,
        context: NativeContext,
        sums: FloatArray,
        ages: NDArray[np.int64],
    ) -> None:
        self._ffi, self._lib = lib.ffi, lib.lib
        shared = {name: getattr(thresholds, name) for name in _SHARED_THRESHOLDS}
        settings = {"hop_ms": hop_ms, "correct_within_ms": correct_within_ms, **shared}
        self._settings = self._ffi.new("streamer_machine_settings *", settings)
        self._hops = self._ffi.new("streamer_machine_hops *")
        self.state = self._ffi.new("streamer_machine_state *")
        self._context = context
        buffer = self._ffi.from_buffer
        self._sums, self._ages = buffer("float[]", sums), buffer("int64_t[]", ages)
        self._count = 0
        self._kept: list[Any] = []

    def take(
        self, evidence: Evidence, pitches: Sequence[float | None], audible: Sequence[bool]
    ) -> tuple[FloatArray, FloatArray]:
        """The next hops, as in `NoteMachine`.

        Returns
        -------
        scores, onset_scores : ndarray of float32, shape (hops, 88)
            As the machine weighs them; those of each hop are there once it was gone through.
        """
        n = len(pitches)
        scores = np.ascontiguousarray(evidence.scores, np.float32)
        onset_scores = np.ascontiguousarray(evidence.onset_scores, np.float32)
        likeliest = np.ascontiguousarray(evidence.likeliest, np.int64)
        level_db = evidence.levels.level_db
        if scores.shape != (n, N_CANDIDATES) or onset_scores.shape != scores.shape:
            raise ValueError(f"scores are of shape {scores.shape}, not {(n, N_CANDIDATES)}")
        if not len(likeliest) == len(level_db) == len(audible) == n:
            raise ValueError(f"not everything is of {n} hops")
        clipped = np.empty((2, n, N_CANDIDATES), np.float32)
        new, buffer, hops = self._ffi.new, self._ffi.from_buffer, self._hops
        self._kept = [
            buffer("float[]", scores),
            buffer("float[]", onset_scores),
            buffer("int64_t[]", likeliest),
            new("double[]", [math.nan if pitch is None else pitch for pitch in pitches]),
            new("uint8_t[]", audible),
            new("double[]", level_db),
            buffer("float[]", clipped[0]),
            buffer("float[]", clipped[1]),
        ]
        hops.scores, hops.onset_scores, hops.likeliest, hops.pitches = self._kept[:4]
        hops.audible, hops.level_db, hops.clipped_scores, hops.clipped_onset_scores = self._kept[4:]
        self._count = n
        return clipped[0], clipped[1]

    def run(self, first: int) -> int:
        """Go through the hops from this one on, and stop at one where a note may begin or end.

        Returns
        -------
        int
            Which hop that is; how many hops there are if there is none.
        """
        if not 0 <= first < self._count:
            raise ValueError(f"there is no hop {first}")
        stop: int = self._lib.streamer_machine_run(
            self._settings, self.state, self._context.core, self._hops, self._sums, self._ages, first, self._count
        )
        self._context.is_at(stop)
        return stop
