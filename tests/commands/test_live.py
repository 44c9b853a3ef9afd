"""`streamer live` from a pipe and `streamer demo`, as programs of their own: what goes in, what comes out."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import time

import mido
import numpy as np
import pytest
import soundfile

from streamer.material.demo import demo_performance

RATE_HZ = 16_000
SECONDS = 6


@pytest.fixture(scope="module")
def sound():
    """The beginning of the demo's performance as 16-bit samples."""
    samples = demo_performance(RATE_HZ).samples[: SECONDS * RATE_HZ]
    return np.round(samples * 32767).astype("<i2")


def streamer(*words, stdin=b""):
    command = [sys.executable, "-m", "streamer", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120)


def test_live_from_a_pipe_tells_just_what_transcribe_tells(sound, tmp_path):
    recording = tmp_path / "sound.wav"
    soundfile.write(recording, sound, RATE_HZ, subtype="PCM_16")
    live = streamer("--input", "-", "--rate", RATE_HZ, "--jsonl", "-", stdin=sound.tobytes())
    assert live.returncode == 0, live.stderr
    assert live.stdout == streamer("transcribe", recording, "--jsonl", "-").stdout
    assert b"note_on" in live.stdout


def test_live_mixes_the_channels_of_a_pipe_of_floats(sound):
    mono = (sound / 32768.0).astype("<f4")
    words = ("--input", "-", "--rate", RATE_HZ, "--format", "f32", "--jsonl", "-")
    one = streamer(*words, stdin=mono.tobytes())
    two = streamer(*words, "--channels", 2, stdin=np.repeat(mono, 2).tobytes())
    assert one.returncode == two.returncode == 0
    assert one.stdout == two.stdout
    assert b"note_on" in one.stdout


def test_live_records_midi_and_sound(sound, tmp_path):
    midi, wav = tmp_path / "take.mid", tmp_path / "take.wav"
    done = streamer("--input", "-", "--rate", RATE_HZ, "--midi", midi, "--record-audio", wav, stdin=sound.tobytes())
    assert done.returncode == 0, done.stderr
    messages = [message for message in mido.MidiFile(midi) if not message.is_meta]
    assert sum(message.type == "note_on" for message in messages) == sum(m.type == "note_off" for m in messages) > 0
    recorded, rate_hz = soundfile.read(wav, dtype="int16")
    assert rate_hz == RATE_HZ
    assert np.abs(recorded.astype(int) - sound).max() <= 1


def test_live_ends_quietly_when_its_reader_leaves(sound):
    command = [sys.executable, "-m", "streamer", "--input", "-", "--rate", str(RATE_HZ), "--jsonl", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(sound[:RATE_HZ].tobytes())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["type"] == "pitch"
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):  # it may have left already
            process.stdin.write(sound[RATE_HZ:].tobytes())
            process.stdin.flush()
        assert process.wait(30) == 0
        assert b"Traceback" not in process.stderr.read()


def test_a_file_where_raw_samples_should_be_is_told_in_one_line(sound, tmp_path):
    recording = tmp_path / "sound.wav"
    soundfile.write(recording, sound, RATE_HZ, subtype="PCM_16")
    done = streamer("--input", "-", "--jsonl", tmp_path / "e.jsonl", stdin=recording.read_bytes())
    assert done.returncode == 2
    assert "WAV" in done.stderr.decode().splitlines()[-1]
    assert b"Traceback" not in done.stderr


def test_the_demo_writes_what_it_heard_and_says_how_much_that_was(tmp_path):
    midi, jsonl = tmp_path / "demo.mid", tmp_path / "demo.jsonl"
    done = streamer("demo", "--midi", midi, "--jsonl", jsonl)
    assert done.returncode == 0, done.stderr
    out = " ".join(done.stdout.decode().split())
    counts = re.search(r"played (\d+), found (\d+), missed (\d+), reported but not played (\d+)", out)
    assert counts, out
    played, heard, missed, extra = map(int, counts.groups())
    assert played == len(demo_performance(RATE_HZ).notes)
    assert heard + missed == played
    assert heard >= 0.9 * played
    assert "no losses" in out
    for part in ("since played", "audio", "queue", "compute", "send", "total", "p95"):
        assert part in out
    sent = [message.note for message in mido.MidiFile(midi) if message.type == "note_on"]
    events = map(json.loads, jsonl.read_text().splitlines())
    begun = [event["note"] for event in events if event["type"] == "note_on" and not event["corrects"]]
    renamed = sum(a != b for a, b in zip(sent, begun, strict=True))  # the file has the names that they settled on
    assert renamed <= 0.1 * played
    assert len(sent) == heard + extra


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_demo_that_is_ended_early_counts_what_was_played(tmp_path):
    command = [sys.executable, "-m", "streamer", "demo", "--no-sound", "--midi", str(tmp_path / "demo.mid")]
    jsonl = tmp_path / "demo.jsonl"
    with subprocess.Popen([*command, "--jsonl", jsonl], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not (jsonl.exists() and jsonl.read_text().count("note_on") >= 3):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, complaints = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM, complaints
    counts = re.search(
        r"played (\d+), found (\d+), missed (\d+), reported but not played (\d+)", " ".join(out.decode().split())
    )
    played, heard, missed, extra = map(int, counts.groups())
    assert 3 <= played <= 6
    assert heard + missed == played
    assert missed + extra <= 1
