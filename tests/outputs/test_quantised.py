"""The second track of a MIDI file: the played notes on the grid."""

from itertools import pairwise

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.events import NoteOff, NoteOn
from streamer.music.config import MusicConfig
from streamer.outputs.midiform import MidiForm
from streamer.outputs.quantised import Span, on_grid

RATE_HZ = 1000  # at 120 beats a minute a sixteenth is 125 samples


def absolute(track):
    now = 0
    for message in track:
        now += message.time
        if message.type in ("note_on", "note_off"):
            yield message.type, now, message.note


def written(path, notes, **music):
    sink = MidiForm(part=MusicConfig(**music).part(), title="solo").file(path, RATE_HZ)
    for note_id, (onset, offset, note) in enumerate(notes, 1):
        sink.send(NoteOn(onset + 20, onset, note, 90, float(note), note_id=note_id))
        sink.send(NoteOff(offset + 20, offset, note, float(note), note_id))
    sink.close()
    return mido.MidiFile(path)


# Played samples, and sixteenths: a hair early, late, too short to be heard on the grid, and the same note again.
PLAYED = [(120, 260, 60), (260, 370, 64), (505, 515, 67), (630, 700, 67), (1010, 1490, 60)]
SIXTEENTHS = [(1, 2, 60), (2, 3, 64), (4, 5, 67), (5, 6, 67), (8, 12, 60)]


def test_the_second_track_is_on_the_grid_and_the_played_one_is_as_it_was(tmp_path):
    plain = written(tmp_path / "plain.mid", PLAYED)
    file = written(tmp_path / "grid.mid", PLAYED, grid="1/16", program=5)
    assert [track.name for track in file.tracks] == ["", "solo", "solo quantised"]
    assert list(absolute(file.tracks[1])) == list(absolute(plain.tracks[1]))
    step = file.ticks_per_beat // 4
    events = [(kind, tick / step, note) for kind, tick, note in absolute(file.tracks[2])]
    assert sorted(events) == sorted(
        event for start, end, note in SIXTEENTHS for event in (("note_on", start, note), ("note_off", end, note))
    )
    assert [m.program for m in file.tracks[2] if m.type == "program_change"] == [4]


def test_zones_keep_their_channels_on_the_grid(tmp_path):
    zones = ("-B3:channel=2", "C4-:channel=3")
    file = written(tmp_path / "grid.mid", [(0, 100, 50), (130, 260, 60)], grid="1/8t", zones=zones)
    begun = [(m.channel + 1, m.note) for m in file.tracks[2] if m.type == "note_on"]
    assert begun == [(2, 50), (3, 60)]


@pytest.mark.parametrize("music", [{}, {"grid": "off"}])
def test_without_a_grid_there_is_no_second_track(tmp_path, music):
    assert len(written(tmp_path / "plain.mid", PLAYED, **music).tracks) == 2


SPANS = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 200), st.integers(60, 62)), max_size=12)


@given(SPANS, st.sampled_from([10, 37, 240]))
def test_on_the_grid_no_note_overlaps_its_like_and_none_is_empty(played, step):
    spans = [Span(start, start + length, 0, note, 90) for start, length, note in sorted(played)]
    moved = on_grid(spans, step)
    for note in (60, 61, 62):
        of_note = sorted((span for span in moved if span.note == note), key=lambda span: span.start)
        assert all(span.end > span.start and span.start % step == span.end % step == 0 for span in of_note)
        assert all(a.end <= b.start for a, b in pairwise(of_note))
    starts = {(round((2 * span.start + step) // (2 * step)) * step, span.note) for span in spans}
    assert {(span.start, span.note) for span in moved} == starts
