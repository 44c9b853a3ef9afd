"""What the screen is to know, of events."""

import pytest

from streamer.events import NoteOff, NoteOn, PitchEstimate
from streamer.latency import LatencyStats
from streamer.live.snapshots import SnapshotBuilder
from streamer.units import midi_to_hz

RATE_HZ = 48_000


def pitch(midi: float, sample: int = 480) -> PitchEstimate:
    return PitchEstimate(sample, sample, midi_to_hz(midi), 1.0, -20.0, 0.1)


def test_cents_are_counted_from_the_note_that_is_shown() -> None:
    builder = SnapshotBuilder(RATE_HZ)
    builder.estimate(pitch(68.93))  # 438.2 Hz
    shown = builder.snapshot(480, LatencyStats())
    assert (shown.note, shown.tuned_to) == (None, 69)
    assert shown.cents == pytest.approx(-7.0)
    builder.note_on(NoteOn(480, 0, 68, 90, 68.4, note_id=1), 10.0)
    shown = builder.snapshot(480, LatencyStats())
    assert (shown.note, shown.tuned_to) == (68, 68)
    assert shown.cents == pytest.approx(93.0)


def test_a_transposed_note_is_in_tune_when_what_is_played_is() -> None:
    semitones = 12
    builder = SnapshotBuilder(RATE_HZ, moved=lambda: semitones)
    builder.note_on(NoteOn(480, 0, 81, 90, 81.0, note_id=1), 10.0)
    semitones = -5  # for the notes to come
    builder.estimate(pitch(69.1))
    shown = builder.snapshot(480, LatencyStats())
    assert (shown.note, shown.tuned_to) == (81, 81)
    assert shown.cents == pytest.approx(10.0)
    builder.note_off(NoteOff(960, 960, 81, 81.0, 1))
    assert builder.snapshot(960, LatencyStats()).tuned_to == 69


def test_a_corrected_note_is_one_note_under_its_better_name() -> None:
    builder = SnapshotBuilder(RATE_HZ)
    latency = LatencyStats()
    builder.note_on(NoteOn(480, 0, 68, 90, 68.4, note_id=1), 10.0)
    builder.correction(NoteOn(2400, 0, 69, 90, 69.0, note_id=2, corrects=1))
    builder.note_off(NoteOff(2400, 2400, 68, 68.4, 1))
    shown = builder.snapshot(2400, latency)
    assert (shown.note, shown.corrections) == (69, 1)
    assert [(note.note, note.end_s) for note in shown.roll] == [(69, None)]
    builder.note_off(NoteOff(48_000, 48_000, 69, 69.0, 2))
    assert [note.end_s for note in builder.snapshot(48_000, latency).roll] == [1.0]


def test_cents_are_counted_from_the_players_own_a4() -> None:
    builder = SnapshotBuilder(RATE_HZ, a4_hz=lambda: 450.0)
    builder.estimate(PitchEstimate(480, 480, 450.0, 1.0, -20.0, 0.1))
    shown = builder.snapshot(480, LatencyStats())
    assert (shown.tuned_to, shown.a4_hz) == (69, 450.0)
    assert shown.cents == pytest.approx(0.0)
