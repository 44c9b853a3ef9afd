import numpy as np
import pytest

from streamer.decision.contour import NAMES, Contour

HOP_MS = 128 / 44.1
N = 88
NAME = 69 - 21  # candidate


def contour_of(pitches, levels=None, parts=(1,)):
    """Describe the last hop, the hops taken in parts of such sizes in turn."""
    levels = levels or [-20.0] * len(pitches)
    scores = np.full((len(pitches), N), -5.0, np.float32)
    for k, pitch in enumerate(pitches):
        if pitch:
            scores[k, round(pitch) - 21] = 5.0
    contour, at, turn = Contour(HOP_MS), 0, 0
    while at < len(pitches):
        size = min(parts[turn % len(parts)], len(pitches) - at)
        part = scores[at : at + size]
        contour.add(part, part.max(axis=1), pitches[at : at + size], levels[at : at + size])
        at, turn = at + size, turn + 1
    return contour.describe(size - 1, np.array([NAME, NAME + 1]), NAME)


def column(row, name):
    return float(row[NAMES.index(name)])


def test_it_does_not_depend_on_how_hops_are_grouped():
    rng = np.random.default_rng(3)
    pitches = (69.0 + rng.normal(0.0, 0.5, 1500)).tolist()
    for k in range(0, 1500, 7):
        pitches[k] = None
    levels = rng.uniform(-60.0, -10.0, 1500).tolist()
    one = contour_of(pitches, levels)
    for parts in ((4,), (32,), (1, 5, 100, 3)):
        np.testing.assert_array_equal(contour_of(pitches, levels, parts), one)


def test_a_pitch_that_stands_on_the_next_name_is_told_from_a_swing_about_this_one():
    hops = round(400 / HOP_MS)
    step = contour_of([69.0] * hops + [70.0] * round(120 / HOP_MS))
    time_s = np.arange(2 * hops) * HOP_MS / 1000.0
    swing = contour_of((69.0 + 1.2 * np.sin(2 * np.pi * 5.5 * time_s)).tolist())
    assert column(step[1], "stood") > np.log1p(100.0) > column(swing[1], "stood")
    assert abs(column(step[1], "stands_off_name")) < 0.05
    assert column(step[0], "pitch_range_120_ms") < 0.05 < 1.0 < column(swing[0], "pitch_range_120_ms")
    assert abs(column(swing[0], "mean_pitch_off_name_450_ms")) < 0.3
    assert column(swing[0], "turns") >= 3 > column(step[0], "turns")


def test_a_players_tuning_is_known_after_some_notes():
    row = contour_of([69.3] * round(20_000 / HOP_MS), parts=(100,))[0]
    assert column(row, "tuning_known") > 0.9
    assert column(row, "pitch_off_tuned_name") == pytest.approx(0.0, abs=0.02)


def test_hum_that_has_sounded_for_long_is_known_from_what_has_just_begun():
    long = contour_of([69.0] * round(3_000 / HOP_MS), parts=(50,))[0]
    new = contour_of([None] * round(2_900 / HOP_MS) + [69.0] * round(100 / HOP_MS), parts=(50,))[0]
    for name in ("sounding_400_ms_ago_smoothed", "sounding_2400_ms_ago_smoothed"):
        assert column(long, name) > 4.0 > -4.0 > column(new, name)
