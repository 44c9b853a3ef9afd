"""The compiled core's part in decisions, with the interface of the numpy path: the C sources lie in ``core/``."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from streamer.analysis import core, features
from streamer.analysis.evidence import N_CANDIDATES
from streamer.decision.onset_context import NAMES, NoteState, OnsetContext
from streamer.events import FloatArray

_FEATURES = len(features.NAMES)


def make_context(hop_ms: float) -> "OnsetContext | NativeContext":
    """The onset context that the chosen core computes.

    Parameters
    ----------
    hop_ms : float
        Time between two hops.
    """
    lib = core.native()
    return OnsetContext(hop_ms) if lib is None else NativeContext(hop_ms, lib)


class NativeContext:
    """`streamer.decision.onset_context.OnsetContext`, compiled: the same rows, to the bit.

    Parameters
    ----------
    hop_ms : float
        Time between two hops.
    lib : module
        Of `streamer.analysis.core.native`.
    """

    def __init__(self, hop_ms: float, lib: Any) -> None:
        self._ffi, self._lib = lib.ffi, lib.lib
        settings = self._ffi.new("streamer_context_settings *", OnsetContext(hop_ms).settings())
        context = self._lib.streamer_context_new(settings)
        if context == self._ffi.NULL:
            raise MemoryError("the compiled core cannot take the memory that it needs")
        self._context = self._ffi.gc(context, self._lib.streamer_context_free)
        self._state = self._ffi.new("streamer_note_state *")
        nothing = np.zeros((0, 0), np.float32)
        self._scores, self._onset_scores = nothing, nothing
        self._pitches, self._level_db = np.zeros(0), np.zeros(0)
        self._taken = 0  # of these hops

    def add(
        self,
        scores: FloatArray,
        onset_scores: FloatArray,
        pitches: Sequence[float | None],
        level_db: Sequence[float],
    ) -> None:
        """As in `OnsetContext`. The arrays are not to be changed until the next call."""
        self._take(len(self._scores))
        self._scores = np.ascontiguousarray(scores, np.float32)
        self._onset_scores = np.ascontiguousarray(onset_scores, np.float32)
        self._pitches = np.array([pitch or 0.0 for pitch in pitches])
        self._level_db = np.array(level_db, np.float64)
        self._taken = 0
        shape = (len(self._pitches), N_CANDIDATES)
        if self._scores.shape != shape or self._onset_scores.shape != shape or len(self._level_db) != shape[0]:
            raise ValueError(f"scores are of shape {scores.shape}, not {shape}")

    def _take(self, upto: int) -> None:
        """Take those hops that were not yet, so that the last of them is the latest that the core knows."""
        first, count = self._taken, upto - self._taken
        if count <= 0:
            return
        buffer = self._ffi.from_buffer
        self._lib.streamer_context_add(
            self._context,
            buffer("float[]", self._scores[first:]),
            buffer("float[]", self._onset_scores[first:]),
            buffer("double[]", self._pitches[first:]),
            buffer("double[]", self._level_db[first:]),
            count,
        )
        self._taken = upto

    def describe(self, hop: int, candidates: Sequence[int], matrix: FloatArray, state: NoteState) -> FloatArray:
        """As in `OnsetContext`, but hop by hop: none that lies before one that was described."""
        if not self._taken <= hop + 1 <= len(self._scores):
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
            self._context,
            known,
            buffer("float[]", state.sums),
            buffer("int64_t[]", state.ages),
            self._ffi.new("int64_t[]", candidates),
            len(candidates),
            buffer("float[]", np.ascontiguousarray(matrix, np.float32)),
            buffer("float[]", rows),
        )
        return rows
