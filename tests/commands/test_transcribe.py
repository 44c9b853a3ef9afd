"""Recordings on the command line, and the examples: notes, columns, and what a person is told."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from streamer.units import midi_to_hz

RATE_HZ = 22_050
MELODY = (57, 60, 64, 64, 69)
NOTE_S, SPACING_S = 0.35, 0.45
EXAMPLES = Path(__file__).parents[2] / "examples"


def pluck(note):
    time_s = np.arange(round(NOTE_S * RATE_HZ)) / RATE_HZ
    harmonics = np.arange(1, 9)[:, None]
    tone = np.sin(2 * np.pi * midi_to_hz(note) * harmonics * time_s) / harmonics
    return 0.2 * (tone * np.exp(-time_s * (2.0 + harmonics))).sum(axis=0)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    samples = 1e-4 * np.random.default_rng(7).standard_normal(round((len(MELODY) + 1) * SPACING_S * RATE_HZ))
    for index, note in enumerate(MELODY):
        start = round((index + 0.5) * SPACING_S * RATE_HZ)
        tone = pluck(note)
        samples[start : start + len(tone)] += tone
    path = tmp_path_factory.mktemp("recording") / "melody.flac"
    soundfile.write(path, samples, RATE_HZ)
    return path


def streamer(*words, status=0):
    done = subprocess.run(
        [sys.executable, "-m", "streamer", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    return done


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_of_notes_is_printed_when_nothing_is_to_be_written(recording):
    out = streamer("transcribe", recording).stdout
    assert re.findall(r"\b([A-G]#?\d)\b", out) == ["A3", "C4", "E4", "E4", "A4"]
    assert "5 notes" in out


def test_every_file_tells_of_the_same_notes(recording, tmp_path):
    notes, f0, midi, jsonl = (tmp_path / name for name in ("n.csv", "f.csv", "m.mid", "e.jsonl"))
    out = streamer("transcribe", recording, "--notes", notes, "--f0", f0, "--midi", midi, "--jsonl", jsonl).stdout
    assert out == ""

    table = rows(notes)
    assert list(table[0]) == ["onset_s", "offset_s", "midi", "emit_s", "note", "velocity"]
    assert [int(row["note"]) for row in table] == list(MELODY)
    for index, row in enumerate(table):
        assert float(row["midi"]) == pytest.approx(MELODY[index], abs=0.2)
        assert float(row["onset_s"]) == pytest.approx((index + 0.5) * SPACING_S, abs=0.05)
        assert float(row["onset_s"]) <= float(row["emit_s"]) < float(row["offset_s"])
    assert [message.note for message in mido.MidiFile(midi) if message.type == "note_on"] == list(MELODY)
    events = [json.loads(line) for line in jsonl.read_text().splitlines()]
    assert [event["note"] for event in events if event["type"] == "note_on"] == list(MELODY)
    assert [event["time_s"] for event in events if event["type"] == "note_on"] == [
        float(row["emit_s"]) for row in table
    ]


def test_the_pitch_table_has_a_row_a_hop_and_no_look_ahead(recording, tmp_path):
    f0 = tmp_path / "f.csv"
    streamer("transcribe", recording, "--f0", f0, "--hop", "256")
    table = rows(f0)
    assert list(table[0]) == ["time_s", "f0_hz", "emit_s", "confidence", "freq_hz"]
    assert len(table) == soundfile.info(recording).frames // 256
    assert all(float(row["time_s"]) <= float(row["emit_s"]) for row in table)
    assert float(table[0]["f0_hz"]) == 0.0
    assert max(float(row["f0_hz"]) for row in table) == pytest.approx(440.0, rel=0.02)


def test_a_file_whose_end_is_cut_off_decides_no_earlier_note_otherwise(recording, tmp_path):
    samples, _ = soundfile.read(recording)
    cut_s = 3.6 * SPACING_S
    short = tmp_path / "short.wav"
    soundfile.write(short, samples[: round(cut_s * RATE_HZ)], RATE_HZ, subtype="FLOAT")
    long = tmp_path / "long.wav"
    soundfile.write(long, samples, RATE_HZ, subtype="FLOAT")
    events = {}
    for path in (short, long):
        out = streamer("transcribe", path, "--jsonl", "-").stdout
        events[path] = [line for line in out.splitlines() if json.loads(line)["time_s"] < cut_s - 0.02]
    assert events[short] == events[long]


def test_a_reader_that_leaves_is_no_failure(recording):
    command = [sys.executable, "-m", "streamer", "transcribe", str(recording), "--jsonl", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--notes", "absent/n.csv"), "make it first"),
        (("--notes", "same.csv", "--f0", "same.csv"), "the same"),
    ],
)
def test_what_cannot_be_written_is_told_in_one_line(recording, words, message):
    err = streamer("transcribe", recording, *words, status=2).stderr
    assert err.count("\n") == 1
    assert message in err


def test_what_is_no_recording_is_told_in_one_line(tmp_path):
    bad = tmp_path / "song.wav"
    bad.write_text("la la la")
    err = streamer("transcribe", bad, status=2).stderr
    assert err.count("\n") == 1
    assert "song.wav" in err


def test_example_push_samples():
    out = subprocess.run([sys.executable, EXAMPLES / "push_samples.py"], capture_output=True, text=True, check=True)
    assert re.findall(r"([A-G]\d) +on", out.stdout) == ["E3", "G3", "B3", "E4", "E4", "D4"]


def test_example_transcribe_file(recording, tmp_path):
    command = [sys.executable, EXAMPLES / "transcribe_file.py", recording, tmp_path / "song.mid"]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.findall(r"\b([A-G]\d)\b", out.stdout) == ["A3", "C4", "E4", "E4", "A4"]
    assert (tmp_path / "song.mid").stat().st_size > 0


def test_example_watch_events(recording):
    events = streamer("transcribe", recording, "--jsonl", "-").stdout
    command = [sys.executable, EXAMPLES / "watch_events.py"]
    out = subprocess.run(command, input=events, capture_output=True, text=True, check=True)
    assert re.findall(r"\b([A-G]\d)\b", out.stdout) == ["A3", "C4", "E4", "E4", "A4"]
