"""`streamer live` between other programs: raw PCM in, JSON lines out."""

import json
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from livecommand import COMMAND, Live
from melody import Melody

RATE_HZ = 48_000
# No MIDI system need be there; where one is, a server of audio must not be started for the asking.
ENV = {**os.environ, "JACK_NO_START_SERVER": "1"}


def hear(directory: Path, samples: np.ndarray, *arguments: str) -> Live:
    """Have it hear raw samples to their end; its exit status must be 0."""
    raw = directory / "raw"
    raw.write_bytes(samples.tobytes())
    with raw.open("rb") as sound:
        live = Live(directory, "--input", "-", *arguments, env=ENV, stdin=sound)
    try:
        assert live.wait(60.0) == 0, live.said()
    finally:
        live.abandon()
    assert "Traceback" not in live.said()
    return live


@pytest.mark.parametrize(
    ("encoding", "arguments"),
    [
        (("-e", "signed", "-b", "16", "-c", "1", "-r", "48000"), ("--rate", "48000")),
        (
            ("-e", "float", "-b", "32", "-c", "2", "-r", "44100"),
            ("--rate", "44100", "--format", "f32", "--channels", "2"),
        ),
    ],
    ids=["s16 mono 48000", "f32 stereo 44100"],
)
def test_sox_pipes_a_melody_in(
    encoding: tuple[str, ...], arguments: tuple[str, ...], melody: Melody, tmp_path: Path
) -> None:
    sox = subprocess.Popen(
        ["sox", str(melody.recording), "-t", "raw", *encoding, "-"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert sox.stdout is not None
    with sox:
        live = Live(tmp_path, "--input", "-", *arguments, env=ENV, stdin=sox.stdout)
        sox.stdout.close()
        try:
            status = live.wait(60.0)
        finally:
            live.abandon()
    assert status == 0, live.said()
    assert [e["note"] for e in live.events("note_on")] == list(melody.notes)
    assert [e["note"] for e in live.events("note_off")] == list(melody.notes)


def test_the_reader_of_its_lines_leaves(melody: Melody, tmp_path: Path) -> None:
    samples, _ = soundfile.read(melody.recording, dtype="int16")
    raw = tmp_path / "raw"
    raw.write_bytes(samples.tobytes())
    command = [*COMMAND, "--no-ui", "--input", "-", "--rate", str(RATE_HZ), "--jsonl", "-"]
    with (
        raw.open("rb") as sound,
        subprocess.Popen(command, env=ENV, stdin=sound, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as live,
    ):
        assert live.stdout is not None
        assert live.stderr is not None
        json.loads(live.stdout.readline())
        live.stdout.close()
        complaints = live.stderr.read()
        assert live.wait(60) == 0
    assert b"Traceback" not in complaints
    assert b"roken pipe" not in complaints


def test_lines_come_as_they_happen(melody: Melody) -> None:
    """Each event is flushed: it can be read while the sound's end is not even written yet."""
    samples, _ = soundfile.read(melody.recording, dtype="int16")
    command = [*COMMAND, "--no-ui", "--input", "-", "--rate", str(RATE_HZ), "--jsonl", "-"]
    live = subprocess.Popen(
        command, env=ENV, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=False
    )
    assert live.stdin is not None
    assert live.stdout is not None
    with live:
        live.stdin.write(samples[: RATE_HZ * 3].tobytes())
        live.stdin.flush()
        for line in live.stdout:
            if json.loads(line)["type"] == "note_off":
                break
        else:
            pytest.fail("it ended without a note-off")
        os.kill(live.pid, signal.SIGTERM)
        assert live.wait(20) == -signal.SIGTERM or live.returncode == 128 + signal.SIGTERM


def _never_a_note() -> dict[str, np.ndarray]:
    n = 3 * RATE_HZ
    rng = np.random.default_rng(1)
    spoilt = (0.001 * rng.standard_normal(n)).astype(np.float32)
    spoilt[::1000] = np.nan
    spoilt[1::1000] = np.inf
    spoilt[2::1000] = -np.inf
    return {
        "silence": np.zeros(n),
        "constant": np.full(n, 0.7),
        "a constant that sets in at once": np.concatenate([np.zeros(n // 2), np.full(n // 2, 0.9)]),
        "a drifting constant": np.linspace(0.0, 1.0, n),
        "denormals": np.full(n, 1e-42),
        "nothing but NaN": np.full(n, np.nan),
        "NaN and infinity in hiss": spoilt,
        "clipped noise": np.clip(20.0 * rng.standard_normal(n), -1.0, 1.0),
    }


@pytest.mark.parametrize("kind", _never_a_note())
def test_what_is_no_music_makes_no_note(kind: str, tmp_path: Path) -> None:
    samples = _never_a_note()[kind].astype(np.float32)
    live = hear(tmp_path, samples, "--rate", str(RATE_HZ), "--format", "f32")
    assert live.events("note_on") == []


@pytest.mark.parametrize("spoil", ["clipping", "constant", "NaN"])
def test_a_melody_is_heard_through_a_bad_input(
    spoil: str, melody: Melody, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    samples, _ = soundfile.read(melody.recording, dtype="float32")
    if spoil == "clipping":
        samples = np.clip(samples * (4.0 / np.abs(samples).max()), -1.0, 1.0)
    elif spoil == "constant":
        samples = samples + np.float32(0.3)
    else:
        samples[:: RATE_HZ * 10] = np.nan  # before the first note
    live = hear(tmp_path, samples, "--rate", str(RATE_HZ), "--format", "f32")
    assert [e["note"] for e in live.events("note_on")] == list(melody.notes)
    assert len(live.events("note_off")) == len(melody.notes)


def test_a_strange_pipe_is_refused_in_one_line() -> None:
    command = [*COMMAND, "--no-ui", "--input", "-", "--format", "s24"]
    done = subprocess.run(command, env=ENV, input=b"", capture_output=True, text=False, timeout=30, check=False)
    assert done.returncode == 2
    assert len(done.stderr.decode().strip().splitlines()) == 1
    assert b"s16" in done.stderr
