"""How long blocks took from their receipt until their events were sent."""

import numpy as np

PARTS = ("queue", "compute", "send", "total")
_REMEMBERED = 1024  # blocks


class BlockTimes:
    """The latest of them, in three parts and as a whole."""

    def __init__(self) -> None:
        self._latest_ms = np.zeros((_REMEMBERED, len(PARTS)))
        self._count = 0

    def add(self, received_ns: int, taken_ns: int, done_ns: int, sent_ns: int) -> float:
        """Count one block, and return its total in milliseconds.

        Parameters
        ----------
        received_ns, taken_ns, done_ns, sent_ns : int
            `time.monotonic_ns` when it came, when the engine took it, when all was decided, and when that was sent.
        """
        total_ms = (sent_ns - received_ns) / 1e6
        self._latest_ms[self._count % _REMEMBERED] = (
            (taken_ns - received_ns) / 1e6,
            (done_ns - taken_ns) / 1e6,
            (sent_ns - done_ns) / 1e6,
            total_ms,
        )
        self._count += 1
        return total_ms

    def summary(self) -> dict[str, dict[str, float]]:
        """Percentiles in milliseconds of each part, over the last blocks; empty where there was none."""
        if not self._count:
            return {}
        percentiles = np.percentile(self._latest_ms[: min(self._count, _REMEMBERED)], (50, 95), axis=0)
        return {
            f"{part}_ms": {"p50": round(float(percentiles[0, i]), 3), "p95": round(float(percentiles[1, i]), 3)}
            for i, part in enumerate(PARTS)
        }
