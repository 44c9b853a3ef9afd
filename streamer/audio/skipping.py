"""Sound that has waited too long to be played."""

import time
from dataclasses import replace

from streamer.events import Block


class Skipper:
    """Leaves blocks out after a pause, and has time go on by them.

    Attributes
    ----------
    lost : int
        Samples left out so far; the source counts those that it lost itself.
    losses : int
        How many pauses there were.
    """

    def __init__(self) -> None:
        self.lost = self.losses = 0
        self._stale_ns = 0
        self._skipping = 0

    def skip_to_now(self) -> None:
        """What has been captured so far is too old."""
        self._stale_ns = time.monotonic_ns()
        self.losses += 1

    def pass_on(self, block: Block) -> Block | None:
        """The block, with what was left out before it; None where it is left out itself.

        Parameters
        ----------
        block : Block
            The next from the source.
        """
        if block.captured_ns < self._stale_ns:
            self.lost += len(block.samples)
            self._skipping += block.lost + len(block.samples)
            return None
        if self._skipping:
            block, self._skipping = replace(block, lost=block.lost + self._skipping), 0
        return block
