"""Where a player's notes lie."""

import numpy as np
import pytest

from streamer.decision.tuning import Tuning

HOP_MS = 128 / 48.0


def play(tuning: Tuning, notes: list[float], length_s: float = 0.4) -> None:
    for note in notes:
        for _ in range(round(1000.0 * length_s / HOP_MS)):
            tuning.add(note)
        tuning.leave()


@pytest.mark.parametrize("offset", [-0.45, -0.2, 0.0, 0.3, 0.48])
def test_it_settles_within_ten_seconds_of_playing(offset: float) -> None:
    tuning = Tuning(HOP_MS)
    errors = np.random.default_rng(1).normal(0.0, 0.08, 24)
    play(tuning, [60 + int(step) + offset + error for step, error in zip([0, 2, 4, 5, 7, 9] * 4, errors, strict=True)])
    assert tuning.semitones == pytest.approx(offset, abs=0.06)


def test_nothing_is_known_at_first_and_after_a_reset() -> None:
    tuning = Tuning(HOP_MS)
    play(tuning, [60.3])
    assert tuning.semitones == 0.0
    play(tuning, [60.3] * 10)
    assert tuning.semitones != 0.0
    tuning.reset()
    assert tuning.semitones == 0.0


def test_slides_count_for_nothing() -> None:
    tuning = Tuning(HOP_MS)
    for pitch in np.linspace(50.0, 70.0, 750):  # twenty semitones in two seconds
        tuning.add(float(pitch))
    assert tuning.semitones == 0.0
