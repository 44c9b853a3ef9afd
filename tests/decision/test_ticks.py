"""A tick has a pitch for a moment, and is no note; one that is struck as short, and rings on, is told."""

import numpy as np
import pytest

from streamer import NoteOn, TrackerConfig, make_tracker

RATE_HZ = 48_000
HALF_S = RATE_HZ // 2


def told(sound):
    """The notes of eight such sounds, half a second apart."""
    apart = np.concatenate([sound, np.zeros(HALF_S - len(sound))])
    tracker = make_tracker(TrackerConfig(hop=128), RATE_HZ)
    samples = np.concatenate([np.zeros(HALF_S), *[apart] * 8]).astype(np.float32)
    return [event.note for event in tracker.process(samples) + tracker.flush() if isinstance(event, NoteOn)]


@pytest.mark.parametrize("hz", [500.0, 800.0, 1200.0])
def test_the_ticks_of_a_metronome_are_no_notes(hz):
    t = np.arange(round(0.04 * RATE_HZ)) / RATE_HZ
    assert told(0.3 * np.sin(2 * np.pi * hz * t) * np.minimum(1.0, np.exp(-(t - 0.008) / 0.0015))) == []


def test_what_is_struck_and_rings_on_is_a_note():
    t = np.arange(round(0.3 * RATE_HZ)) / RATE_HZ
    assert told(0.3 * np.sin(2 * np.pi * 784.0 * t) * np.exp(-t / 0.06)) == [79] * 8
