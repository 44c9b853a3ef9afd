"""What the tracker says of a phrase becomes tables in seconds, and is counted as it was emitted."""

import numpy as np

from streamer.config import TrackerConfig
from streamer.evaluation.tracking import f0_table, note_table, track
from streamer.events import NoteOff, NoteOn, PitchEstimate
from streamer.material.synthesis import synthesise

EVENTS = [
    PitchEstimate(sample=200, centre=100, f0_hz=None, confidence=0.0, level_db=-60.0, peak=0.0),
    NoteOn(sample=1_400, onset=1_000, note=60, velocity=90, midi=60.2),
    PitchEstimate(sample=1_600, centre=1_500, f0_hz=261.6, confidence=0.9, level_db=-20.0, peak=0.1),
    NoteOff(sample=3_000, offset=2_500, note=60, midi=60.05),
    NoteOff(sample=3_000, offset=2_500, note=61, midi=61.0),
]


def test_events_become_tables_in_seconds() -> None:
    assert note_table(EVENTS, 1_000).tolist() == [[1.0, 2.5, 60.05, 1.4]]
    assert f0_table(EVENTS, 1_000).tolist() == [[0.1, 0.0, 0.2], [1.5, 261.6, 1.6]]
    assert note_table([], 1_000).shape == (0, 4)
    assert f0_table([], 1_000).shape == (0, 3)


def test_nothing_is_emitted_before_it_was_heard() -> None:
    phrase = synthesise("slow", np.random.default_rng(8), 44_100, 3.0, 55, 75)
    heard = track(phrase, TrackerConfig())
    assert len(heard.events) > 0
    assert (heard.events[:, 3] >= heard.events[:, 0]).all()
    assert (heard.f0[:, 2] >= heard.f0[:, 0]).all()
    assert heard.counts.notes == len(phrase.notes)
