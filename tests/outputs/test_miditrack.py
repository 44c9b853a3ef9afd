"""A long MIDI file: the same bytes as if all of it had been kept in memory, in memory that does not grow with it."""

import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import mido
import pytest

from streamer.events import Event, NoteOff, NoteOn, PitchEstimate
from streamer.expression.make import make_encoder
from streamer.outputs import miditrack
from streamer.outputs.midifile import MidiFileSink
from streamer.settings.expression import Expression
from streamer.units import midi_to_hz

RATE_HZ = 48_000


def playing(notes: int) -> Iterator[Event]:
    """Notes that wander in pitch; some are named anew while they sound, some begin before the last one has ended."""
    chosen, now, note_id = random.Random(1), 0, 0
    for _ in range(notes):
        note = chosen.randrange(40, 90)
        note_id += 1
        yield NoteOn(now + 1_600, now, note, 90, note + 0.2, note_id=note_id)
        pitch, end = float(note), now + chosen.randrange(6_000, 40_000)
        for sample in range(now + 1_700, end, 1_024):
            pitch += chosen.uniform(-0.1, 0.1)
            yield PitchEstimate(sample, sample - 400, midi_to_hz(pitch), 0.9, -20.0, 0.5)
        if chosen.random() < 0.3:
            yield NoteOn(end, now, note + 1, 90, pitch, note_id=note_id + 1, corrects=note_id)
            yield NoteOff(end, end, note, pitch, note_id)
            note, note_id = note + 1, note_id + 1
        yield NoteOff(end + 2_000, end, note, pitch, note_id, settled=note + chosen.choice((0, 0, 1)))
        now = end + chosen.randrange(-1_000, 4_000)


@pytest.mark.parametrize("expression", [Expression(bend="off"), Expression(), Expression(mpe="lower")])
def test_what_was_put_away_stands_where_it_would_have_stood(tmp_path: Path, monkeypatch, expression) -> None:
    written = []
    for longest, batch in ((10_000_000, 1), (300, 30)):
        monkeypatch.setattr(miditrack, "_LONGEST_NOTE", longest)
        monkeypatch.setattr(miditrack, "_BATCH", batch)
        sink = MidiFileSink(tmp_path / "a.mid", RATE_HZ, encoder=make_encoder(expression, RATE_HZ))
        for event in playing(60 if expression.mpe == "lower" else 300):
            sink.send(event)
        sink.complete()
        written.append((tmp_path / "a.mid").read_bytes())
    assert len(mido.MidiFile(tmp_path / "a.mid").tracks[1]) > 550
    assert written[0] == written[1]


def test_where_the_temporary_folder_is_full_the_file_is_whole(tmp_path: Path, monkeypatch) -> None:
    def refuse() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(miditrack, "_LONGEST_NOTE", 100)
    monkeypatch.setattr(miditrack, "_BATCH", 10)
    files = []
    for name in ("a.mid", "b.mid"):
        sink = MidiFileSink(tmp_path / name, RATE_HZ)
        for event in playing(80):
            sink.send(event)
        sink.complete()
        files.append((tmp_path / name).read_bytes())
        monkeypatch.setattr(miditrack.tempfile, "TemporaryFile", refuse)
    assert files[0] == files[1]


def test_hours_of_bends_take_no_memory(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(miditrack, "_LONGEST_NOTE", 500)
    monkeypatch.setattr(miditrack, "_BATCH", 100)
    peaks = []
    for messages in (1_500, 6_000):
        sink = MidiFileSink(tmp_path / "a.mid", RATE_HZ, encoder=make_encoder(Expression(), RATE_HZ))
        tracemalloc.start()
        for index in range(messages):
            midi = 60.0 + (index % 20) / 20
            if index % 200 == 0:
                sink.send(NoteOn(index * 1_000, index * 1_000, 60, 90, 60.0, note_id=1 + index // 200))
            sink.send(PitchEstimate(index * 1_000, index * 1_000, midi_to_hz(midi), 0.9, -20.0, 0.5))
            if index % 200 == 199:
                sink.send(NoteOff(index * 1_000, index * 1_000, 60, 60.0, 1 + index // 200))
        sink.complete()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (tmp_path / "a.mid").stat().st_size > 20_000
    assert peaks[1] < 1.1 * peaks[0] + 65_536
