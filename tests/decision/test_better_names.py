"""A first name that was wrong is corrected, and fast notes stay notes: what the tracker makes of scoops and of runs."""

from itertools import pairwise

import numpy as np
import pytest

from streamer import NoteOn, TrackerConfig, make_tracker
from streamer.outputs.notelist import NoteList
from tests.tones import melody

RATE_HZ = 48_000


def sung(curve):
    """A held tone along a curve of MIDI pitch, one value a sample, with silence around it."""
    phase = 2 * np.pi * np.cumsum(440.0 * 2.0 ** ((curve - 69) / 12)) / RATE_HZ
    tone = sum(np.sin(k * phase) / k**1.3 for k in range(1, 12))
    t = np.arange(len(tone)) / RATE_HZ
    tone *= np.minimum(1.0, t / 0.03) * np.minimum(1.0, (t[-1] - t) / 0.05)
    silence = np.zeros(RATE_HZ // 3)
    return np.concatenate([silence, 0.3 * tone / np.abs(tone).max(), silence]).astype(np.float32)


def tracked(samples, **config):
    tracker = make_tracker(TrackerConfig(hop=128, **config), RATE_HZ)
    events = tracker.process(samples) + tracker.flush()
    notes = NoteList()
    for event in events:
        notes.send(event)
    return notes.notes, [event for event in events if isinstance(event, NoteOn)]


def scoop(midi, depth, reaches_s, stands_s=0.0):
    """The pitch stands below a note, and then rises to it."""
    t = np.arange(round(0.8 * RATE_HZ)) / RATE_HZ
    return midi - depth * np.clip(1.0 - (t - stands_s) / reaches_s, 0.0, 1.0)


@pytest.mark.parametrize("midi", [57, 60, 65])
@pytest.mark.parametrize(("depth", "reaches_s", "stands_s"), [(1.0, 0.08, 0.0), (1.0, 0.1, 0.05), (1.4, 0.12, 0.0)])
def test_a_scoop_is_one_note_under_the_name_it_reaches(midi, depth, reaches_s, stands_s):
    notes, told = tracked(sung(scoop(midi, depth, reaches_s, stands_s)))
    assert [on.note for on, _ in notes] == [midi]
    assert told[-1].note == midi
    assert all(better.corrects == before.note_id for before, better in pairwise(told))


def test_a_corrected_note_keeps_its_onset_and_its_velocity():
    [(on, off)], told = tracked(sung(scoop(60, 1.4, 0.1)))
    assert len(told) > 1
    assert (on.onset, on.velocity) == (told[0].onset, told[0].velocity)
    assert off.midi == pytest.approx(60.0, abs=0.05)


@pytest.mark.parametrize("correct_ms", [0.0, 120.0])
def test_fast_notes_a_step_apart_are_notes_of_their_own(correct_ms):
    tune = [60, 62, 64, 65, 64, 62, 60, 62]
    notes, told = tracked(melody(tune, RATE_HZ, note_s=0.085, gap_s=0.003)[0], correct_ms=correct_ms)
    assert [on.note for on, _ in notes] == tune
    assert not any(on.corrects for on in told)


def test_without_corrections_no_note_on_is_one():
    _, told = tracked(sung(scoop(60, 1.4, 0.1)), correct_ms=0.0)
    assert not any(on.corrects for on in told)
    assert told[-1].note == 60  # in the end it is told, as a note of its own
