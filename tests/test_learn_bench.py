"""The tracker over labelled phrases: the same whatever the number of processes, and counted as emitted."""

import numpy as np
import pytest

from streamer.config import TrackerConfig
from streamer.events import NoteOff, NoteOn, PitchEstimate
from streamer.learn.bench import MUSIC, f0_table, hear, note_table, run_tracker
from streamer.learn.nonmusic import nonmusic
from streamer.learn.synthesis import synthesise

EVENTS = [
    PitchEstimate(sample=200, centre=100, f0_hz=None, confidence=0.0, level_db=-60.0, peak=0.0),
    NoteOn(sample=1_400, onset=1_000, note=60, velocity=90, midi=60.2),
    PitchEstimate(sample=1_600, centre=1_500, f0_hz=261.6, confidence=0.9, level_db=-20.0, peak=0.1),
    NoteOff(sample=3_000, offset=2_500, note=60, midi=60.05),
    NoteOff(sample=3_000, offset=2_500, note=61, midi=61.0),
]


def test_events_become_tables_in_seconds() -> None:
    assert note_table(EVENTS, 1_000).tolist() == [[1.0, 2.5, 60.05, 1.4]]
    assert note_table(EVENTS, 1_000, as_begun=True).tolist() == [[1.0, 2.5, 60.2, 1.4]]
    assert f0_table(EVENTS, 1_000).tolist() == [[0.1, 0.0, 0.2], [1.5, 261.6, 1.6]]
    assert note_table([], 1_000).shape == (0, 4)
    assert f0_table([], 1_000).shape == (0, 3)


@pytest.fixture(scope="module")
def phrases() -> list:
    made = [synthesise(style, np.random.default_rng(8), 44_100, 3.0, 55, 75) for style in ("slow", "scales")]
    return [*made, nonmusic("silence", np.random.default_rng(0), 44_100, 1.0)]


def test_processes_change_nothing(phrases: list) -> None:
    alone, spread = (run_tracker(TrackerConfig(), phrases, jobs=jobs) for jobs in (1, 2))
    for one, other in zip(alone.heard, spread.heard, strict=True):
        assert np.array_equal(one.events, other.events)
        assert np.array_equal(one.f0, other.f0)
    assert str(alone).splitlines()[:-1] == str(spread).splitlines()[:-1]


def test_rows_are_by_kind_and_style(phrases: list) -> None:
    table = run_tracker(TrackerConfig(), phrases, jobs=1)
    assert list(table.rows) == [
        MUSIC,
        "nonmusic",
        "synthetic",
        "nonmusic silence",
        "synthetic scales",
        "synthetic slow",
    ]
    assert table.rows[MUSIC].notes == sum(len(phrase.notes) for phrase in phrases)
    assert table.rows[MUSIC].duration_s == pytest.approx(6.0)
    assert table.rows["nonmusic"].false == 0


def test_nothing_is_emitted_before_it_was_heard(phrases: list) -> None:
    heard = hear(phrases[0], TrackerConfig())
    assert len(heard.events) > 0
    assert (heard.events[:, 3] >= heard.events[:, 0]).all()
    assert (heard.f0[:, 2] >= heard.f0[:, 0]).all()
    assert heard.counts.notes == len(phrases[0].notes)
