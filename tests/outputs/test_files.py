"""Files written by sinks: what stands in them, and that they stay readable when things go wrong."""

import csv
import io
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.errors import ConfigError, OutputError
from streamer.events import Event, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.expression.make import make_encoder
from streamer.outputs.files import RecordFile
from streamer.outputs.jsonl import JsonlSink
from streamer.outputs.midifile import MidiFileSink
from streamer.outputs.notelist import NoteList
from streamer.outputs.sink import Sink
from streamer.outputs.tables import F0CsvSink, NotesCsvSink
from streamer.settings.expression import Expression
from streamer.units import midi_to_hz

RATE_HZ = 48_000
MELODY: tuple[Event, ...] = (
    PitchEstimate(sample=128, centre=64, f0_hz=None, confidence=0.1, level_db=-90.0, peak=0.0, guess_hz=100.0),
    NoteOn(sample=24_000, onset=23_000, note=60, velocity=93, midi=60.12, note_id=1),
    PitchEstimate(sample=24_128, centre=24_000, f0_hz=261.6256, confidence=0.98, level_db=-20.123, peak=0.5),
    NoteOff(sample=48_000, offset=47_000, note=60, midi=60.0371, note_id=1),
    Gap(sample=50_000, lost=500),
    NoteOn(sample=72_001, onset=71_000, note=64, velocity=1, midi=64.0, note_id=2),
)
SINKS: dict[str, Callable[[Path], Sink]] = {
    "midi": lambda path: MidiFileSink(path, RATE_HZ),
    "jsonl": lambda path: JsonlSink(path, RATE_HZ),
    "notes": lambda path: NotesCsvSink(path, RATE_HZ),
    "f0": lambda path: F0CsvSink(path, RATE_HZ),
}


def heard(path: Path) -> list[tuple[float, str, int, int]]:
    """Notes of a MIDI file: seconds, type, note, velocity."""
    messages, now_s = [], 0.0
    for message in mido.MidiFile(path):
        now_s += message.time
        if message.type in ("note_on", "note_off"):
            messages.append((round(now_s, 3), message.type, message.note, message.velocity))
    return messages


def feed(sink: Sink, events: Iterable[Event] = MELODY) -> None:
    for event in events:
        sink.send(event)


def test_midi_file_has_every_note_at_its_time_and_ends_the_last(tmp_path):
    sink = MidiFileSink(tmp_path / "a.mid", RATE_HZ)
    feed(sink)
    sink.send(PitchEstimate(sample=96_000, centre=95_000, f0_hz=None, confidence=0.0, level_db=-90.0, peak=0.0))
    sink.close()
    sink.close()
    sink.send(MELODY[1])  # late events of another thread are dropped
    assert heard(tmp_path / "a.mid") == [
        (0.479, "note_on", 60, 93),
        (0.979, "note_off", 60, 64),
        (1.479, "note_on", 64, 1),
        (2.0, "note_off", 64, 64),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["a.mid"]


def test_what_a_receiver_got_stands_at_the_time_it_was_emitted(tmp_path):
    sink = MidiFileSink(tmp_path / "a.mid", RATE_HZ, received=True)
    feed(sink)
    sink.close()
    rows, now_s = [], 0.0
    for message in mido.MidiFile(tmp_path / "a.mid"):
        now_s += message.time
        if not message.is_meta:
            rows.append((round(now_s * RATE_HZ, 3), message.type))
    assert rows == [  # to the sample
        (24_000, "note_on"),
        (48_000, "note_off"),
        (72_001, "note_on"),
        (72_001, "note_off"),
        (72_001, "control_change"),  # all notes off, as a port sends it at the end
    ]


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 96_000])
def test_no_message_is_received_before_it_was_emitted(tmp_path, rate_hz):
    sink = MidiFileSink(tmp_path / "a.mid", rate_hz, received=True)
    samples = range(1, 20 * rate_hz, 997)
    for sample in samples:
        sink.send(NoteOn(sample, max(0, sample - 500), 60, 64, 60.0))
    times = [time_s for time_s, kind, *_ in exact(tmp_path / "a.mid") if kind == "note_on"]
    late_ms = [1000.0 * (time_s - sample / rate_hz) for time_s, sample in zip(times, samples, strict=True)]
    assert min(late_ms) > -1e-6
    assert max(late_ms) < 0.05
    sink.close()


def exact(path: Path) -> list[tuple[float, str]]:
    """Seconds, not rounded, and type of each message."""
    found, now_s = [], 0.0
    for message in mido.MidiFile(path):
        now_s += message.time
        if not message.is_meta:
            found.append((now_s, message.type))
    return found


def test_a_daw_finds_two_tracks_a_tempo_a_name_and_an_instrument(tmp_path):
    sink = MidiFileSink(tmp_path / "a.mid", RATE_HZ, channel=9, tempo_bpm=90.0, track_name="My Gïtar\x1b", program=24)
    feed(sink)
    for _ in range(2):  # while it grows, and when it is done
        file = mido.MidiFile(tmp_path / "a.mid", charset="utf-8")
        assert file.type == 1
        conductor, notes = file.tracks
        assert [m.type for m in conductor] == ["set_tempo", "time_signature", "end_of_track"]
        assert mido.tempo2bpm(conductor[0].tempo) == pytest.approx(90.0, abs=1e-3)
        assert (conductor[1].numerator, conductor[1].denominator) == (4, 4)
        assert notes.name == "My Gïtar"
        assert [(m.program, m.channel, m.time) for m in notes if m.type == "program_change"] == [(24, 9, 0)]
        assert {m.channel for m in notes if m.type == "note_on"} == {9}
        sink.close()
    assert heard(tmp_path / "a.mid")[0] == (0.479, "note_on", 60, 93)  # the tempo moves no note


@pytest.mark.parametrize("tempo_bpm", [19.9, 1000.0, float("nan"), float("inf"), -120.0])
def test_a_tempo_that_is_none_is_refused_before_anything_is_written(tmp_path, tempo_bpm):
    with pytest.raises(ConfigError, match="20 to 999 beats a minute"):
        MidiFileSink(tmp_path / "a.mid", RATE_HZ, tempo_bpm=tempo_bpm)
    assert not list(tmp_path.iterdir())


def test_a_note_that_is_believed_to_begin_before_what_is_written_stands_in_its_place(tmp_path):
    """A panic ends notes where it comes, in the midst of what the tracker is about to date further back."""
    sink = MidiFileSink(tmp_path / "a.mid", RATE_HZ)
    feed(
        sink,
        [
            NoteOn(9_600, 4_800, 60, 90, 60.0, note_id=1),
            NoteOff(48_000, 48_000, 60, 60.0, note_id=1),
            NoteOn(50_400, 45_600, 67, 90, 67.0, note_id=2),
            NoteOn(52_800, 45_600, 60, 90, 60.0, note_id=3),  # the same key as the one that has just ended
        ],
    )
    assert [row[2] for row in heard(tmp_path / "a.mid")] == [60, 60, 67, 60]  # what a crash would leave
    sink.close()
    assert heard(tmp_path / "a.mid")[:4] == [
        (0.1, "note_on", 60, 90),
        (0.95, "note_on", 67, 90),
        (1.0, "note_off", 60, 64),
        (1.0, "note_on", 60, 90),
    ]


CORRECTED: tuple[Event, ...] = (
    NoteOn(9_600, 8_000, 60, 90, 60.4, note_id=1),
    NoteOn(12_000, 8_000, 61, 90, 60.8, note_id=2, corrects=1),
    NoteOff(12_000, 12_000, 60, 60.4, note_id=1),
    NoteOff(48_000, 47_000, 61, 61.1, note_id=2),
    NoteOn(60_000, 59_000, 65, 80, 65.0, note_id=3),
    NoteOn(64_000, 59_000, 66, 80, 66.0, note_id=4, corrects=3),
    NoteOff(64_000, 64_000, 65, 65.0, note_id=3),
)


@pytest.mark.parametrize("ended", [True, False])
def test_a_corrected_note_is_one_note_under_its_last_name(tmp_path, ended):
    rows, midi, received = (
        NotesCsvSink(tmp_path / "n.csv", RATE_HZ),
        MidiFileSink(tmp_path / "a.mid", RATE_HZ),
        NoteList(),
    )
    events = (*CORRECTED, NoteOff(80_000, 79_000, 66, 66.2, note_id=4)) if ended else CORRECTED
    for sink in (rows, midi, received):
        feed(sink, events)
        sink.close()
    table = [line.split(",") for line in (tmp_path / "n.csv").read_text().splitlines()[1:]]
    assert [(row[4], row[3]) for row in table] == [("61", "0.200000"), ("66", "1.250000")]
    ends = [79_000, "note_off"] if ended else [64_000, "note_off"]
    assert heard(tmp_path / "a.mid")[:4] == [
        (pytest.approx(8_000 / RATE_HZ, abs=1e-3), "note_on", 61, 90),
        (pytest.approx(47_000 / RATE_HZ, abs=1e-3), "note_off", 61, 64),
        (pytest.approx(59_000 / RATE_HZ, abs=1e-3), "note_on", 66, 80),
        (pytest.approx(ends[0] / RATE_HZ, abs=1e-3), "note_off", 66, 64),
    ]
    assert [on.note for on, _ in received.notes] == ([61, 66] if ended else [61])


def test_what_was_received_keeps_both_names(tmp_path):
    sink = MidiFileSink(tmp_path / "a.mid", RATE_HZ, received=True)
    feed(sink, CORRECTED[:4])
    sink.close()
    assert [row[1:3] for row in heard(tmp_path / "a.mid")][:4] == [
        ("note_on", 60),
        ("note_on", 61),
        ("note_off", 60),
        ("note_off", 61),
    ]


def test_no_row_has_a_name_that_its_own_median_contradicts(tmp_path):
    sink = NotesCsvSink(tmp_path / "n.csv", RATE_HZ)
    feed(
        sink, [NoteOn(9_600, 8_000, 60, 90, 60.4, note_id=1), NoteOff(48_000, 47_000, 60, 60.9, note_id=1, settled=61)]
    )
    sink.close()
    assert (tmp_path / "n.csv").read_text().splitlines()[1].split(",")[4] == "61"


def test_a_bent_note_that_was_renamed_sounds_as_it_did(tmp_path):
    encoder = make_encoder(Expression(bend="smooth", bend_range=4), RATE_HZ)
    sink = MidiFileSink(tmp_path / "a.mid", RATE_HZ, encoder=encoder)
    on = NoteOn(2_400, 1_200, 60, 90, 60.0, note_id=1)
    better = NoteOn(4_800, 1_200, 61, 90, 61.2, note_id=2, corrects=1)
    feed(sink, [on, better, NoteOff(4_800, 4_800, 60, 60.0, 1), NoteOff(24_000, 24_000, 61, 61.2, 2, 61)])
    before = NoteOn(30_000, 29_000, 70, 90, 70.0, note_id=3)
    late = [PitchEstimate(sample, sample - 400, midi_to_hz(70.4), 1.0, -20.0, 0.5) for sample in (30_600, 31_000)]
    after = NoteOn(31_200, 30_500, 72, 90, 72.0, note_id=4)
    feed(sink, [before, *late, NoteOff(31_200, 30_500, 70, 70.0, 3), after])
    sink.close()
    rows, now_s = [], 0.0
    for message in mido.MidiFile(tmp_path / "a.mid"):
        now_s += message.time
        if message.type in ("note_on", "note_off"):
            rows.append((round(now_s, 3), message.type, message.note))
        elif message.type == "pitchwheel":
            rows.append((round(now_s, 3), message.type, round(4 * message.pitch / 8192, 2)))
    assert rows == [
        (0.0, "pitchwheel", 0.0),
        (0.025, "note_on", 61),
        (0.025, "pitchwheel", -1.0),  # as it sounded before its name was put right
        (0.1, "pitchwheel", 0.2),
        (0.5, "note_off", 61),
        (0.604, "pitchwheel", 0.0),
        (0.604, "note_on", 70),
        (0.635, "note_off", 70),
        (0.635, "pitchwheel", 0.0),  # what was bent later was the beginning of the next note
        (0.635, "note_on", 72),
        (0.65, "note_off", 72),
    ]


def test_midi_file_is_whole_after_every_event(tmp_path):
    path = tmp_path / "a.mid"
    sink = MidiFileSink(path, RATE_HZ)
    assert heard(path) == []
    notes = 0
    for event in MELODY:
        sink.send(event)
        notes += isinstance(event, NoteOn | NoteOff)
        assert len(heard(path)) == notes
    sink.close()


def test_midi_file_is_whole_between_any_two_writes(tmp_path, monkeypatch):
    """A program can be killed between any two writes: copy the file before each, and read the copies."""
    path, copies = tmp_path / "a.mid", []

    class Watched(io.FileIO):
        def write(self, data):
            copies.append(path.read_bytes())
            return super().write(data)

    monkeypatch.setattr("streamer.outputs.files.io.FileIO", Watched)
    sink = MidiFileSink(path, RATE_HZ)
    feed(sink)
    assert len(copies) > 6
    seen = [len(list(mido.MidiFile(file=io.BytesIO(copy)))) for copy in copies[1:]]
    assert seen == sorted(seen)
    sink.close()


@pytest.mark.parametrize(("rate_hz", "tempo_bpm"), [(8_000, 120), (44_100, 20), (192_000, 133.7)])
def test_midi_times_do_not_drift(tmp_path, rate_hz, tempo_bpm):
    """Of an hour of short notes every one stands within a millisecond of its sample, counted from the take's start."""
    start, step = 12_345, rate_hz // 3 + 1
    samples = range(start, start + 3600 * rate_hz, step)
    sink = MidiFileSink(tmp_path / "a.mid", rate_hz, start=start, tempo_bpm=tempo_bpm)
    for index, sample in enumerate(samples):
        on = NoteOn(sample, sample, 60, 64, 60.0)
        sink.send(NoteOff(sample, sample, 60, 60.0) if index % 2 else on)
    sink.close()
    times = [time_s for time_s, *_ in heard(tmp_path / "a.mid")]
    expected = [(sample - start) / rate_hz for sample in samples]
    assert max(abs(a - b) for a, b in zip(times, expected, strict=False)) < 1e-3


@given(
    notes=st.lists(
        st.tuples(st.integers(0, 100_000), st.integers(0, 127), st.integers(1, 127), st.booleans()), max_size=30
    )
)
def test_midi_file_of_any_events_is_read_back(tmp_path_factory, notes):
    path = tmp_path_factory.mktemp("any") / "a.mid"
    sink = MidiFileSink(path, RATE_HZ)
    sent = []
    now = 0
    for later, note, velocity, on in notes:
        now += later
        sink.send(NoteOn(now, now, note, velocity, note) if on else NoteOff(now, now, note, note))
        sent.append(("note_on", note, velocity) if on else ("note_off", note, 64))
    before = [row[1:] for row in heard(path)]
    sink.close()
    after = [row[1:] for row in heard(path)]
    assert before == sent
    assert after[: len(sent)] == sent
    sounding: set[int] = set()
    for kind, note, _ in after:
        (sounding.add if kind == "note_on" else sounding.discard)(note)
    assert not sounding


def test_jsonl_lines_are_the_documented_ones(tmp_path):
    sink = JsonlSink(tmp_path / "e.jsonl", RATE_HZ)
    feed(sink)
    lines = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]  # flushed: not yet closed
    sink.close()
    sink.close()
    sink.send(MELODY[0])
    note = {"note": 60, "name": "C4", "note_id": 1}
    assert lines[0] == {
        "type": "pitch",
        "sample": 128,
        "time_s": 0.002667,
        "centre_s": 0.001333,
        "f0_hz": None,
        "confidence": 0.1,
        "level_db": -90.0,
        "peak_db": -120.0,
    }
    assert lines[1] == {
        "type": "note_on",
        "sample": 24_000,
        "time_s": 0.5,
        "onset_s": 0.479167,
        "latency_ms": 20.833,
        "corrects": 0,
        **note,
        "velocity": 93,
        "midi": 60.12,
    }
    assert lines[3] == {
        "type": "note_off",
        "sample": 48_000,
        "time_s": 1.0,
        "offset_s": 0.979167,
        **note,
        "midi": 60.0371,
    }
    assert lines[4] == {"type": "gap", "sample": 50_000, "time_s": 1.041667, "lost": 500}
    assert len(lines) == len(MELODY) == len((tmp_path / "e.jsonl").read_text().splitlines())


def test_jsonl_never_writes_what_json_does_not_know(tmp_path):
    sink = JsonlSink(tmp_path / "e.jsonl", RATE_HZ)
    nan = float("nan")
    sink.send(PitchEstimate(sample=1, centre=0, f0_hz=nan, confidence=nan, level_db=-float("inf"), peak=float("inf")))
    line = json.loads((tmp_path / "e.jsonl").read_text(), parse_constant=lambda word: pytest.fail(word))
    assert line["f0_hz"] is line["confidence"] is line["level_db"] is line["peak_db"] is None
    sink.close()


WRITER = """
import sys
from streamer.events import Gap
from streamer.outputs.jsonl import JsonlSink
sink = JsonlSink("-", 48_000)
try:
    for sample in range(1_000_000):
        sink.send(Gap(sample, 1))
except BrokenPipeError:
    sink.close()
    sys.exit(7)
"""


def test_jsonl_is_quiet_when_its_reader_leaves():
    with subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert json.loads(writer.stdout.readline())["type"] == "gap"
        writer.stdout.close()
        assert writer.stderr.read() == b""
        assert writer.wait(30) == 7


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_jsonl_tells_when_the_reader_of_a_named_pipe_has_left(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    sink = JsonlSink(tmp_path / "pipe", RATE_HZ)
    sink.send(MELODY[0])
    assert json.loads(os.read(reader, 1000))["type"] == "pitch"
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        sink.send(MELODY[1])
    sink.close()


def test_notes_table(tmp_path):
    sink = NotesCsvSink(tmp_path / "n.csv", RATE_HZ)
    feed(sink)
    sink.send(Gap(sample=96_000, lost=1))
    sink.close()
    sink.close()
    with (tmp_path / "n.csv").open() as table:
        assert list(csv.reader(table)) == [
            ["onset_s", "offset_s", "midi", "emit_s", "note", "velocity", "latency_ms"],
            ["0.479167", "0.979167", "60.0371", "0.500000", "60", "93", "20.833"],
            ["1.479167", "2.000000", "64.0000", "1.500021", "64", "1", "20.854"],
        ]


def test_f0_table(tmp_path):
    sink = F0CsvSink(tmp_path / "f.csv", RATE_HZ)
    feed(sink)
    sink.close()
    sink.close()
    with (tmp_path / "f.csv").open() as table:
        assert list(csv.reader(table)) == [
            ["time_s", "f0_hz", "emit_s", "confidence", "freq_hz"],
            ["0.001333", "0.0000", "0.002667", "0.1000", "-100.0000"],
            ["0.500000", "261.6256", "0.502667", "0.9800", "261.6256"],
        ]


@pytest.mark.parametrize("kind", SINKS)
def test_a_missing_folder_is_one_clear_line(tmp_path, kind):
    path = tmp_path / "nowhere" / "file"
    with pytest.raises(OutputError) as caught:
        SINKS[kind](path)
    assert str(caught.value) == f"cannot write {path}: there is no folder {path.parent}; make it first"


@pytest.mark.parametrize("kind", SINKS)
def test_a_folder_in_place_of_a_file_is_one_clear_line(tmp_path, kind):
    with pytest.raises(OutputError) as caught:
        SINKS[kind](tmp_path)
    assert str(caught.value) == f"cannot write {tmp_path}: it is a folder; name a file in it"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
@pytest.mark.parametrize("kind", SINKS)
def test_a_forbidden_folder_is_one_clear_line(tmp_path, kind):
    tmp_path.chmod(0o500)
    user = os.geteuid()
    if user == 0:  # who may write everywhere
        os.seteuid(65_534)
    try:
        with pytest.raises(OutputError, match="you may not write there; choose another place"):
            SINKS[kind](tmp_path / "file")
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("kind", ["midi", "notes", "f0"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_disk_that_is_full_from_the_start_is_one_clear_line(kind):
    with pytest.raises(OutputError, match="the disk is full; make room or choose another place"):
        SINKS[kind](Path("/dev/full"))


def test_a_device_is_written_to_and_never_replaced():
    sink = MidiFileSink(os.devnull, RATE_HZ)
    feed(sink)
    sink.close()
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("kind", SINKS)
def test_a_file_that_is_there_stays_until_the_new_one_is_done(tmp_path, kind):
    path = tmp_path / "file"
    path.write_text("precious")
    (tmp_path / "file.part").write_text("of a program that was killed")
    SINKS[kind](path).close()  # nothing came
    assert path.read_text() == "precious"
    sink = SINKS[kind](path)
    if kind != "jsonl":  # which is read along
        feed(sink, MELODY[:3])
        assert path.read_text() == "precious"
    feed(sink, MELODY[3:])
    sink.close()
    assert len(READERS[kind](path)) > 1
    assert (tmp_path / "file.part").read_text() == "of a program that was killed"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "file.part"]


def test_json_lines_can_be_read_along_though_the_file_was_there(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_text("precious")
    sink = JsonlSink(path, RATE_HZ)
    assert path.read_text() == "precious"
    sink.send(MELODY[1])
    assert json.loads(path.read_text())["type"] == "note_on"
    sink.close()


def test_what_was_recorded_over_a_file_survives_a_killed_program(tmp_path):
    path = tmp_path / "a.mid"
    path.write_text("precious")
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert path.read_text() == "precious"
    assert [note for _, _, note, _ in heard(tmp_path / "a.mid.part")] == list(range(60, 110))


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path):
    path = tmp_path / "a.mid"
    path.write_text("precious")
    path.chmod(0o400)
    user = os.geteuid()
    if user == 0:
        tmp_path.chmod(0o777)
        os.seteuid(65_534)
    try:
        with pytest.raises(OutputError, match="you may not write there"):
            MidiFileSink(path, RATE_HZ)
    finally:
        os.seteuid(user)
    assert path.read_text() == "precious"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_a_replaced_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "n.csv"
    path.write_text("old")
    path.chmod(0o640)
    sink = NotesCsvSink(path, RATE_HZ)
    feed(sink)
    sink.close()
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_text().startswith("onset_s")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_midi_goes_through_a_pipe_whole(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    sink = MidiFileSink(tmp_path / "pipe", RATE_HZ)
    feed(sink)
    sink.close()
    (tmp_path / "read.mid").write_bytes(os.read(reader, 10_000))
    os.close(reader)
    assert len(heard(tmp_path / "read.mid")) == 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_that_nobody_reads_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setattr("streamer.outputs.files._READER_WITHIN_S", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="nobody reads this pipe"):
        JsonlSink(tmp_path / "pipe", RATE_HZ)


@pytest.mark.parametrize("kind", ["midi", "notes", "f0"])
def test_a_dash_is_standard_output(tmp_path, kind):
    program = f"""
from tests.outputs.test_files import feed, SINKS
sink = SINKS[{kind!r}]("-")
feed(sink)
sink.close()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    (tmp_path / "read").write_bytes(done.stdout)
    sink = SINKS[kind](tmp_path / "written")
    feed(sink)
    sink.close()
    assert (tmp_path / "read").read_bytes() == (tmp_path / "written").read_bytes()


def test_a_file_is_written_through_a_link(tmp_path):
    (tmp_path / "link.mid").symlink_to(tmp_path / "real.mid")
    sink = MidiFileSink(tmp_path / "link.mid", RATE_HZ)
    feed(sink)
    sink.close()
    assert (tmp_path / "link.mid").is_symlink()
    assert len(heard(tmp_path / "real.mid")) == 4


@pytest.fixture
def small_disk(tmp_path: Path, skip_unless_ci: Callable[[str], None]) -> Iterator[Path]:
    """A disk of 64 kB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)]
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only the superuser may mount a small disk")
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def endless() -> Iterator[Event]:
    for sample in itertools.count(0, 4800):
        yield PitchEstimate(sample, sample, 440.0, 0.9, -20.0, 0.5)
        yield NoteOn(sample + 100, sample, 69, 100, 69.0)
        yield NoteOff(sample + 4000, sample + 3900, 69, 69.0)


def rows(path: Path) -> list[list[str]]:
    text = path.read_text()
    assert text.endswith("\n")
    table = list(csv.reader(io.StringIO(text)))
    assert {len(row) for row in table} == {len(table[0])}
    return table


def json_lines(path: Path) -> list[object]:
    text = path.read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


READERS: dict[str, Callable[[Path], list]] = {"midi": heard, "jsonl": json_lines, "notes": rows, "f0": rows}


@pytest.mark.parametrize("kind", SINKS)
def test_a_disk_that_fills_leaves_a_readable_file_and_one_line(small_disk, kind):
    path = small_disk / "file"
    sink = SINKS[kind](path)
    with pytest.raises(OutputError) as caught:
        feed(sink, endless())
    assert str(caught.value) == f"cannot write {path}: the disk is full; make room or choose another place"
    before = READERS[kind](path)
    assert len(before) > 400
    sink.close()
    after = READERS[kind](path)
    assert after[: len(before)] == before
    if kind == "midi":
        assert [row[1] for row in after[-2:]] == ["note_on", "note_off"]
    assert [p.name for p in small_disk.iterdir()] == ["file"]


KILLED = """
import os, signal, sys
from streamer.events import NoteOff, NoteOn
from streamer.outputs.midifile import MidiFileSink
sink = MidiFileSink(sys.argv[1], 48_000)
for index in range(50):
    sink.send(NoteOn(index * 4800, index * 4800, 60 + index, 90, 60.0))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_program_leaves_every_note_in_its_midi_file(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.mid")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [note for _, _, note, _ in heard(tmp_path / "a.mid")] == list(range(60, 110))


def test_record_file_takes_back_what_a_failing_disk_cut_off(tmp_path, monkeypatch):
    """A fake disk that takes half a record: what the real ones do cannot be had at a chosen byte."""

    class Failing(io.FileIO):
        def write(self, data):
            if bytes(data).startswith(b"second"):
                return super().write(bytes(data)[:3])
            if bytes(data).startswith(b"ond"):
                raise OSError(5, "Input/output error")
            return super().write(data)

    monkeypatch.setattr("streamer.outputs.files.io.FileIO", Failing)
    file = RecordFile(tmp_path / "f")
    file.append(b"first\n")
    with pytest.raises(OutputError, match="Input/output error"):
        file.append(b"second\n")
    file.append(b"third\n")
    file.close()
    assert (tmp_path / "f").read_bytes() == b"first\nthird\n"


def test_at_the_end_of_a_file_the_pedal_is_up_and_controllers_are_back(tmp_path):
    encoder = make_encoder(Expression(sustain=400.0, control=("cc11=level",)), RATE_HZ)
    sink = MidiFileSink(tmp_path / "a.mid", RATE_HZ, encoder=encoder)
    feed(sink, [NoteOn(2_400, 1_200, 60, 60, 60.0, note_id=1), NoteOff(4_800, 4_800, 60, 60.0, 1)])
    sink.close()
    last = {message.control: message.value for message in mido.MidiFile(tmp_path / "a.mid") if message.is_cc()}
    assert (last[64], last[11]) == (0, 127)
    assert 123 not in last
