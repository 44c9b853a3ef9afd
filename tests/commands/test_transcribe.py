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
    notes, f0, midi, received, jsonl = (tmp_path / name for name in ("n.csv", "f.csv", "m.mid", "r.mid", "e.jsonl"))
    files = ("--notes", notes, "--f0", f0, "--midi", midi, "--received", received, "--jsonl", jsonl)
    assert streamer("transcribe", recording, *files).stdout == ""

    table = rows(notes)
    assert list(table[0]) == ["onset_s", "offset_s", "midi", "emit_s", "note", "velocity", "latency_ms"]
    assert [int(row["note"]) for row in table] == list(MELODY)
    for index, row in enumerate(table):
        assert float(row["midi"]) == pytest.approx(MELODY[index], abs=0.2)
        assert float(row["onset_s"]) == pytest.approx((index + 0.5) * SPACING_S, abs=0.05)
        assert float(row["onset_s"]) <= float(row["emit_s"]) < float(row["offset_s"])
        assert 0.0 < float(row["latency_ms"]) < 100.0
    events = [json.loads(line) for line in jsonl.read_text().splitlines()]
    ons = [event for event in events if event["type"] == "note_on"]
    offs = [event for event in events if event["type"] == "note_off"]
    assert [on["note"] for on in ons] == list(MELODY)
    assert [on["time_s"] for on in ons] == [float(row["emit_s"]) for row in table]
    assert [on["latency_ms"] for on in ons] == [float(row["latency_ms"]) for row in table]
    # The MIDI file has notes where they are believed to be, what a receiver got has them when they were emitted.
    assert note_times(midi, "note_on") == pytest.approx([on["onset_s"] for on in ons], abs=5e-4)
    assert note_times(midi, "note_off") == pytest.approx([off["offset_s"] for off in offs], abs=5e-4)
    assert note_times(received, "note_on") == pytest.approx([on["time_s"] for on in ons], abs=5e-5)
    assert note_times(received, "note_off") == pytest.approx([off["time_s"] for off in offs], abs=5e-5)


def note_times(path, kind):
    """Seconds of the messages of a kind, whose notes must be those of the melody."""
    now_s, found = 0.0, []
    for message in mido.MidiFile(path):
        now_s += message.time
        if message.type == kind:
            found.append((now_s, message.note))
    assert [note for _, note in found] == list(MELODY)
    return [time_s for time_s, _ in found]


def test_silence_replaces_what_was_there_before(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE_HZ), RATE_HZ)
    files = {"--notes": tmp_path / "notes.csv", "--midi": tmp_path / "notes.mid", "--jsonl": tmp_path / "notes.jsonl"}
    for path in files.values():
        path.write_text("an earlier song")
    streamer("transcribe", tmp_path / "silence.wav", *(word for pair in files.items() for word in pair))
    assert len(files["--notes"].read_text().splitlines()) == 1  # the header
    assert not [message for message in mido.MidiFile(files["--midi"]) if message.type == "note_on"]
    assert "note_on" not in files["--jsonl"].read_text()
    assert "song" not in files["--jsonl"].read_text()


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
    assert min(map(int, re.findall(r"(\d+) ms after", out.stdout))) > 0


@pytest.mark.parametrize("words", [["transcribe_file.py"], ["transcribe_file.py", "a.wav"], ["article_models.py"]])
def test_an_example_without_its_arguments_says_how_it_is_used(words):
    out = subprocess.run([sys.executable, EXAMPLES / words[0], *words[1:]], capture_output=True, text=True, check=False)
    assert out.returncode == 2
    assert out.stderr.startswith("usage: python examples/")
    assert out.stderr.count("\n") == 1


def test_the_table_the_csv_and_the_json_lines_agree_on_each_latency(recording, tmp_path):
    table = streamer("transcribe", recording).stdout
    streamer("transcribe", recording, "--notes", tmp_path / "n.csv", "--jsonl", tmp_path / "e.jsonl")
    shown = [int(ms) for ms in re.findall(r"(\d+) ms\b", table)]
    assert shown == [round(float(row["latency_ms"])) for row in rows(tmp_path / "n.csv")]
    events = map(json.loads, (tmp_path / "e.jsonl").read_text().splitlines())
    assert shown == [round(event["latency_ms"]) for event in events if event["type"] == "note_on"]
    assert min(shown) > 0


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
