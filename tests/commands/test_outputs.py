"""What the commands write, and what they refuse to: nothing that was there is lost by a run that fails."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

GUITAR = Path(__file__).parents[1] / "golden" / "recordings" / "electric_guitar.flac"


def streamer(*words: object, stdin: bytes = b"", **settings: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "streamer", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120, **settings)


def refused(done: subprocess.CompletedProcess[bytes]) -> str:
    err = done.stderr.decode()
    assert done.returncode == 2, err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.wav"
    samples, rate_hz = soundfile.read(GUITAR)
    soundfile.write(path, samples, rate_hz)
    return path


@pytest.fixture
def raw() -> bytes:
    samples, _ = soundfile.read(GUITAR, dtype="int16")
    return samples.tobytes()


@pytest.mark.parametrize("option", ["--midi", "--notes", "--f0", "--jsonl", "--received"])
@pytest.mark.parametrize("how", ["itself", "hard link", "symlink"])
def test_a_recording_is_never_written_over(own, option, how):
    before, other = own.read_bytes(), own
    if how != "itself":
        other = own.with_name("other")
        (os.link if how == "hard link" else os.symlink)(own, other)
    assert "which is read" in refused(streamer("transcribe", own, option, other))
    assert own.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("--model", "absent.model"),
        ("--detector", "magic"),
        ("--hop", "3"),
        ("--tempo", "0"),
        ("--midi-channel", "17"),
        ("--notes", "nowhere/n.csv"),
        ("--jsonl", "precious.mid"),
    ],
)
def test_a_run_that_cannot_work_leaves_every_file_as_it_was(own, words):
    folder = own.parent
    (folder / "precious.mid").write_text("precious")
    refused(streamer("transcribe", own, "--midi", folder / "precious.mid", *words, cwd=folder))
    assert (folder / "precious.mid").read_text() == "precious"
    assert sorted(path.name for path in folder.iterdir()) == ["own.wav", "precious.mid"]


def test_a_rate_that_no_tracker_takes_leaves_every_file_as_it_was(tmp_path):
    soundfile.write(tmp_path / "slow.wav", np.zeros(1000), 4000)
    (tmp_path / "n.csv").write_text("precious")
    assert "4000" in refused(streamer("transcribe", tmp_path / "slow.wav", "--notes", tmp_path / "n.csv"))
    assert (tmp_path / "n.csv").read_text() == "precious"


@pytest.mark.parametrize("option", ["--notes", "--f0", "--midi", "--received"])
def test_a_dash_is_standard_output_and_no_file(own, option):
    name = own.with_name("written.csv" if option in ("--notes", "--f0") else "written.mid")
    assert streamer("transcribe", own, option, name).returncode == 0
    done = streamer("transcribe", own, option, "-", cwd=own.parent)
    assert done.returncode == 0
    # The track is named after the recording, not after the file.
    assert done.stdout == name.read_bytes()
    assert not own.with_name("-").exists()


def test_the_midi_file_has_the_tempo_the_channel_and_the_instrument(own):
    midi = own.with_name("own.mid")
    words = ("--midi", midi, "--tempo", 92, "--midi-channel", 10, "--preset", "guitar")
    done = streamer("transcribe", own, *words)
    file = mido.MidiFile(midi)
    assert file.type == 1
    assert mido.tempo2bpm(next(m.tempo for m in file.tracks[0] if m.type == "set_tempo")) == pytest.approx(92, abs=1e-3)
    assert file.tracks[1].name == "own"
    assert {m.channel for m in file.tracks[1] if not m.is_meta} == {9}
    assert [m.program for m in file.tracks[1] if m.type == "program_change"] == [24]
    err = done.stderr.decode()
    assert err.count("\n") == 1  # nobody watches: no bar
    notes = sum(m.type == "note_on" for m in file.tracks[1])
    assert f"{notes} notes in " in err
    assert "times real time; wrote" in err


def test_live_writes_what_a_receiver_got_when_it_got_it(own, raw, tmp_path):
    rate_hz = soundfile.info(own).samplerate
    live, file = tmp_path / "live.mid", tmp_path / "file.mid"
    done = streamer("--input", "-", "--rate", rate_hz, "--received", live, stdin=raw)
    assert done.returncode == 0, done.stderr
    assert streamer("transcribe", own, "--received", file).returncode == 0
    notes = [[m for m in mido.MidiFile(path) if m.type in ("note_on", "note_off")] for path in (live, file)]
    assert notes[0] == notes[1]
    assert len(notes[0]) > 4


def test_a_take_is_numbered_where_one_is_there(own, raw, tmp_path):
    rate_hz = soundfile.info(own).samplerate
    take = tmp_path / "take.mid"
    for _ in range(2):
        assert streamer("--input", "-", "--rate", rate_hz, "--midi", take, stdin=raw).returncode == 0
    one, two = (mido.MidiFile(path) for path in (take, tmp_path / "take-2.mid"))
    assert [m for m in one if m.type == "note_on"] == [m for m in two if m.type == "note_on"] != []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--midi", "x.wav"), "call it x.mid"),
        (("--record-audio", "x.mid"), "call it x.wav"),
        (("--midi", "x", "--jsonl", "x"), "the same"),
        (("--midi", "-"), "--midi cannot be standard output"),
        (("--no-midi", "--port", "a"), "contradict"),
        (("--no-midi",), "nothing would come of it"),
    ],
)
def test_live_refuses_what_would_spoil_a_file_or_do_nothing(raw, tmp_path, words, message):
    assert message in refused(streamer("--input", "-", *words, stdin=raw, cwd=tmp_path))
    assert not list(tmp_path.iterdir())


def test_without_midi_only_the_files_are_written(own, raw, tmp_path):
    rate_hz = soundfile.info(own).samplerate
    done = streamer("--input", "-", "--rate", rate_hz, "--no-midi", "--jsonl", "-", stdin=raw)
    assert done.returncode == 0, done.stderr
    assert b"note_on" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [(), ("--notes", "-"), ("--midi", "-"), ("--jsonl", "-")])
def test_a_standard_output_that_is_full_is_one_line(words):
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "streamer", "transcribe", str(GUITAR), *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert (
        done.stderr == b"streamer: cannot write standard output: the disk is full; make room or choose another place\n"
    )


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("words", "status"), [("", 0), ("--notes -", 2), ("--midi -", 2), ("--jsonl -", 2), ("--notes n.csv", 0)]
)
def test_a_standard_output_that_is_closed_is_no_traceback(tmp_path, words, status):
    command = f"exec {sys.executable} -m streamer transcribe {GUITAR} {words} >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, cwd=tmp_path, check=False)
    assert done.returncode == status
    assert done.stderr.count(b"\n") <= 1
    assert b"Traceback" not in done.stderr


def test_a_reader_of_the_table_may_leave():
    command = [sys.executable, "-m", "streamer", "transcribe", str(GUITAR)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_of_a_recording_that_is_damaged_further_on_the_rest_is_written(tmp_path):
    samples, rate_hz = soundfile.read(GUITAR)
    soundfile.write(tmp_path / "own.flac", np.tile(samples, 4), rate_hz)
    whole = (tmp_path / "own.flac").read_bytes()
    (tmp_path / "own.flac").write_bytes(whole[: len(whole) // 2] + bytes(2000) + whole[len(whole) // 2 + 2000 :])
    (tmp_path / "n.csv").write_text("of an earlier run")
    done = streamer("transcribe", "own.flac", "--midi", "m.mid", "--notes", "n.csv", cwd=tmp_path)
    err = done.stderr.decode()
    assert done.returncode == 1, err
    at_s = float(re.search(r"breaks off after (\d+\.\d+) s", err)[1])
    assert 0.3 < at_s / (4 * len(samples) / rate_hz) < 0.6
    notes = (tmp_path / "n.csv").read_text().splitlines()[1:]
    assert len(notes) == sum(m.type == "note_on" for m in mido.MidiFile(tmp_path / "m.mid").tracks[1]) > 4
    assert all(float(row.split(",")[1]) <= at_s for row in notes)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
def test_an_interrupted_transcription_leaves_what_was_there(tmp_path):
    samples, rate_hz = soundfile.read(GUITAR)
    soundfile.write(tmp_path / "long.wav", np.tile(samples, 100), rate_hz)
    (tmp_path / "m.mid").write_text("precious")
    command = [sys.executable, "-m", "streamer", "transcribe", "long.wav", "--midi", "m.mid", "--jsonl", "-"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell may have it ignored
    ) as process:
        process.stdout.readline()  # it is at work
        threading.Thread(target=process.stdout.read, daemon=True).start()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert (
            process.stderr.read().decode() == "streamer: interrupted; files that were there before are as they were\n"
        )
    assert (tmp_path / "m.mid").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.wav", "m.mid"]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo terminal")
@pytest.mark.parametrize("words", [(), ("--no-midi",)])
def test_where_there_is_no_midi_system_the_screen_runs_alone(own, raw, words):
    nobody = {"JACK_DEFAULT_SERVER": "streamer-test-nobody", "JACK_NO_START_SERVER": "1", "TERM": "xterm"}
    rate_hz = soundfile.info(own).samplerate
    master, slave = os.openpty()
    seen = bytearray()

    def watch() -> None:
        with contextlib.suppress(OSError):  # how a pseudo terminal ends
            while data := os.read(master, 4096):
                seen.extend(data)

    watching = threading.Thread(target=watch)
    watching.start()
    command = [sys.executable, "-m", "streamer", "--input", "-", "--rate", str(rate_hz), *words]
    done = subprocess.run(
        command, input=raw, stdout=slave, stderr=subprocess.PIPE, env={**os.environ, **nobody}, timeout=60, check=False
    )
    os.close(slave)
    watching.join(10)
    os.close(master)
    err = done.stderr.decode()
    assert done.returncode == 0, err
    assert b"\x1b[?1049h" in seen  # the screen was there
    if not words and "going on without MIDI" not in err:
        pytest.skip("this machine has a MIDI system")
    assert ("going on without MIDI" in err) == (not words)


def test_a_port_that_was_asked_for_is_still_needed(raw, tmp_path):
    err = refused(streamer("--input", "-", "--port", "nobody has this", "--jsonl", tmp_path / "e.jsonl", stdin=raw))
    assert "MIDI" in err
    assert not list(tmp_path.iterdir())


def test_an_explicit_sound_that_cannot_be_had_is_an_error(raw, tmp_path):
    nobody = {**os.environ, "JACK_DEFAULT_SERVER": "streamer-test-nobody", "JACK_NO_START_SERVER": "1"}
    done = streamer("--input", "-", "--no-midi", "--sound", "--jsonl", tmp_path / "e.jsonl", stdin=raw, env=nobody)
    if done.returncode == 0:
        pytest.skip("this machine has a sound output")
    assert "there is no sound output" in refused(done)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set of three notes, with a table that names a file outside."""
    folder = tmp_path / "data"
    folder.mkdir()
    lines = ["file,midi"]
    for midi in (60, 62, 64):
        time_s = np.arange(16_000) / 16_000
        tone = 0.3 * np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * time_s)
        soundfile.write(folder / f"{midi}.wav", tone, 16_000)
        lines.append(f"{midi}.wav,{midi}")
    (folder / "manifest.csv").write_text("\n".join([*lines, ""]))
    return folder


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "data", "-o", "data/60.wav"), "--output data/60.wav lies in data, which is read"),
        (("train", "data", "-o", "data/my.model"), "lies in data"),
        (("train", "data/manifest.csv", "-o", "data/60.wav"), "is part of data/manifest.csv"),
        (("train", "data", "-o", "link"), "lies in data"),
        (("train", "data", "-o", "my.csv"), "call it my.model"),
        (("train", "data", "-o", "my.model", "--start-from", "my.model"), "--output my.model is my.model"),
        (("train", "data", "-o", "nowhere/my.model"), "there is no folder nowhere"),
        (("tune", "data", "-o", "data/tuned.toml"), "lies in data"),
        (("tune", "data", "-o", "tuned.toml", "--csv", "tuned.toml"), "call it tuned.csv"),
        (("tune", "data", "-o", "tuned", "--csv", "tuned"), "the same"),
        (("evaluate", "data", "--json", "data/manifest.csv"), "lies in data"),
        (("evaluate", "data/manifest.csv", "--report", "data/manifest.csv"), "is data/manifest.csv"),
        (("evaluate", "data", "--json", "x", "--report", "x"), "the same"),
        (("record-dataset", "data", "--from-file", "data/60.wav"), "lies in data"),
    ],
)
def test_what_is_learned_or_measured_from_is_never_written_over(data, words, message):
    top = data.parent
    (top / "link").symlink_to(data / "60.wav")
    (top / "my.model").write_text("precious")
    before = {path: path.read_bytes() for path in top.rglob("*") if path.is_file()}
    assert message in refused(streamer(*words, cwd=top))
    assert {path: path.read_bytes() for path in top.rglob("*") if path.is_file()} == before
