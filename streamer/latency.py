"""Latency of notes in its four parts, in bounded memory."""

from dataclasses import dataclass

import numpy as np

PARTS = ("audio", "queue", "compute", "send", "total")
REMEMBERED = 4096  # notes
BINS_MS = tuple(float(edge) for edge in (*range(5, 55, 5), 60, 70, 80, 90, 100, 125, 150, 200, 300, 500))


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """Percentiles of one part of the latency, in milliseconds, over the notes so far."""

    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    jitter_ms: float = 0.0  # standard deviation


class LatencyStats:
    """What became of each note-on: where its time went.

    Percentiles and jitter are those of the last `REMEMBERED` notes; the maximum and the histogram are of all.

    Notes
    -----
    The parts, for a note whose sound begins at a sample index ``onset``:

    audio
        From the onset to the newest sample of the driver's block that decided the note. It holds the tracker's own
        need for signal and the length of the block; not the sound card's converters, which `Source.input_latency_ms`
        tells where the driver does.
    queue
        From the driver's callback with that block, once Python runs it, to the tracker's taking it.
    compute
        From there until the note was decided.
    send
        From there until the first sink has taken the note-on; not what the receiver makes of it.
    total
        Their sum.
    """

    def __init__(self) -> None:
        self.count = 0
        self._latest_ms = np.zeros((REMEMBERED, len(PARTS)))
        self._max_ms = np.zeros(len(PARTS))
        self._histogram = np.zeros(len(BINS_MS), np.int64)

    def add(self, audio_ms: float, queue_ms: float, compute_ms: float, send_ms: float) -> float:
        """Count one note-on, and return its total.

        Parameters
        ----------
        audio_ms : float
            From the note's beginning to the newest sample.
        queue_ms : float
            Until the tracker took it.
        compute_ms : float
            Until the note was decided.
        send_ms : float
            Until it was sent.
        """
        total_ms = audio_ms + queue_ms + compute_ms + send_ms
        row = self._latest_ms[self.count % REMEMBERED]
        row[:] = (audio_ms, queue_ms, compute_ms, send_ms, total_ms)
        np.maximum(self._max_ms, row, out=self._max_ms)
        self._histogram[min(int(np.searchsorted(BINS_MS, total_ms)), len(BINS_MS) - 1)] += 1
        self.count += 1
        return total_ms

    def summaries(self) -> dict[str, LatencySummary]:
        """One summary for each of `PARTS`."""
        known = self._latest_ms[: min(self.count, REMEMBERED)]
        if not len(known):
            return {part: LatencySummary() for part in PARTS}
        p50, p95, p99 = np.percentile(known, (50, 95, 99), axis=0)
        jitter = known.std(axis=0)
        return {
            part: LatencySummary(*(round(float(value[i]), 3) for value in (p50, p95, p99, self._max_ms, jitter)))
            for i, part in enumerate(PARTS)
        }

    def histogram(self) -> tuple[int, ...]:
        """Notes per bin of the total; the upper edges are `BINS_MS`, and what lies above the last is in the last."""
        return tuple(self._histogram.tolist())
