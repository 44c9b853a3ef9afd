"""Correlations are those of the samples, and bounded, at every rate and over near-silence."""

import numpy as np
import pytest

from streamer.analysis.spectrum import CORRELATION_WINDOWS, LAG_STARTS, LAG_STEPS, MAX_LAG, SpectrumAnalyser
from streamer.analysis.stream import FeatureStream
from streamer.config import TrackerConfig
from streamer.events import NoteOn
from streamer.tracker import make_tracker

RATES_HZ = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)
MOST = 1.25  # at half lags, 1 at whole ones, and what rounding adds


def metronome() -> np.ndarray:
    x = np.zeros(2453, np.float32)
    x[[38, 62]] = 1.0
    x[2065] = -1.0
    return np.tile(x, 20)


def test_at_whole_lags_they_are_mcleods() -> None:
    levels = np.random.default_rng(3).standard_normal((1, 4, 512)).astype(np.float32)
    found = SpectrumAnalyser().analyse(levels).correlation[0]
    for k, size in enumerate(CORRELATION_WINDOWS):
        for level, samples in enumerate(levels[0].astype(np.float64)):
            newest = samples[-size:]
            before = [samples[512 - size - lag : 512 - lag] for lag in range(MAX_LAG)]
            expected = [2.0 * newest @ b / (newest @ newest + b @ b) for b in before]
            start, step = LAG_STARTS[level], LAG_STEPS[level]
            row = found[k, start : start + MAX_LAG * step : step]
            assert np.abs(row - expected).max() < 1e-5


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_clicks_leave_them_bounded(rate_hz: int) -> None:
    hop = TrackerConfig().hop_at(rate_hz)
    x = metronome()
    batch = FeatureStream(TrackerConfig(hop=hop), rate_hz).analyse(x[: len(x) // hop * hop].reshape(-1, hop))
    assert np.abs(batch.matrix[:, :, :18]).max() < MOST + 0.01


@pytest.mark.parametrize("rate_hz", RATES_HZ[:-1])  # at 192 kHz it is no metronome but a buzz of 78 Hz
def test_a_metronome_of_single_samples_gives_no_note(rate_hz: int) -> None:
    tracker = make_tracker(TrackerConfig(), rate_hz, hops_at_once=4)
    assert not [event for event in tracker.process(metronome()) if isinstance(event, NoteOn)]
