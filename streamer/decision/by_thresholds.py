"""A note begins when its cumulative sum reaches a threshold, and it began where the sum last left zero."""

from streamer.decision.machine import Decision, NoteMachine


class ThresholdMachine(NoteMachine):
    """Decides by thresholds alone, for detectors that come without a verifier. Parameters as of `NoteMachine`."""

    def reset(self) -> None:
        """As in `NoteMachine`."""
        super().reset()
        self._again_sum = 0.0
        self._again_age = 0
        self._calm = True  # what is struck again must first have stopped beginning

    def _beginning(self, hop: int) -> Decision | None:
        current, pitch = self.current, self._pitches[hop]
        winner = self._winner()
        if winner is not None:
            ago = int(self._ages[winner] + self._lags[winner])
            return self._change_to(winner, ago, pitch)
        if current is not None and self._struck_again(float(self._onset_scores[hop, current])):
            return self._change_to(current, self._again_age + int(self._lags[current]) // 2, pitch)
        return None

    def _change_to(self, candidate: int, ago: int, pitch: float | None) -> Decision:
        ended = self.current
        if ended is not None:
            ago = min(ago, self._since)
        self._enter(candidate, pitch)
        self._again_sum, self._again_age, self._calm = 0.0, 0, False
        return Decision(ended=ended, ended_ago=ago if ended is not None else 0, began=candidate, began_ago=ago)

    def _winner(self) -> int | None:
        excess = self._sums - self._limits
        winner = int(excess.argmax())
        return winner if excess[winner] > 0.0 else None

    def _struck_again(self, log_odds: float) -> bool:
        if not self._calm:
            self._calm = log_odds < 0.0 and self._since * self._hop_ms > self.thresholds.refractory_ms
            self._again_sum, self._again_age = 0.0, 0
            return False
        self._again_sum = max(0.0, self._again_sum + log_odds * self._hop_ms)
        self._again_age = self._again_age + 1 if self._again_sum > 0.0 else 0
        return bool(self._again_sum > self.thresholds.again * self._scale)
