"""What comes in from outside, as a user gives it to the command: channels, strange names, outputs that are closed."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE_HZ = 48_000
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files and pipes")


def tone(midi: int, seconds: float = 0.5) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * 440.0 * 2 ** ((midi - 69) / 12) * time_s
    wave = sum(np.sin(k * phase + k * k) / k for k in range(1, 7))
    return 0.2 * wave * np.minimum(1.0, time_s / 0.01) * np.minimum(1.0, (seconds - time_s) / 0.05)


def in_channels(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    silence = np.zeros((RATE_HZ // 4, 2))
    return np.concatenate([silence, np.stack([left, right], axis=1), silence])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "opposite.wav", in_channels(tone(69), -tone(69)), RATE_HZ)
    soundfile.write(tmp_path / "two.wav", in_channels(tone(60), tone(69)), RATE_HZ)
    return tmp_path


def run(
    *words: str | Path, cwd: Path, stdin: bytes | None = b"", stdout: object = subprocess.PIPE, shell: str = ""
) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "streamer", *map(str, words)]
    if shell:
        command = ["/bin/sh", "-c", f'exec "$@" {shell}', "sh", *command]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        command, cwd=cwd, input=stdin, stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}
    )
    return done.returncode, (done.stdout or b"").decode(errors="replace"), done.stderr.decode(errors="replace")


def notes_in(path: Path) -> list[int]:
    with path.open(newline="") as file:
        return [int(float(row["note"])) for row in csv.DictReader(file)]


def notes_of(lines: str) -> list[int]:
    events = map(json.loads, lines.splitlines())
    return [event["note"] for event in events if event["type"] == "note_on"]


def test_opposite_channels_of_a_file_are_tracked_and_reported(folder: Path) -> None:
    status, _, err = run("transcribe", "opposite.wav", "--notes", "n.csv", cwd=folder)
    assert (status, notes_in(folder / "n.csv")) == (0, [69])
    said, closing = err.splitlines()
    assert said == "streamer: opposite.wav: took channel 1 of 2, as their mean cancels; --channel chooses"
    assert closing.startswith("streamer: opposite.wav: 1 note in ")


@pytest.mark.parametrize(("channel", "note"), [(1, 60), (2, 69)])
def test_a_channel_is_chosen_in_files_and_pipes(folder: Path, channel: int, note: int) -> None:
    status, _, err = run("transcribe", "two.wav", "--channel", str(channel), "--notes", "n.csv", cwd=folder)
    assert (status, notes_in(folder / "n.csv")) == (0, [note])
    assert "took" not in err
    raw = (folder / "two.wav").read_bytes()[44:]
    pipe = ("live", "--input", "-", "--channels", "2", "--channel", str(channel), "--jsonl", "-", "--no-ui")
    status, out, _ = run(*pipe, cwd=folder, stdin=raw)
    assert status == 0
    assert notes_of(out) == [note]


def test_opposite_channels_of_a_pipe_are_tracked_and_reported(folder: Path) -> None:
    raw = (folder / "opposite.wav").read_bytes()[44:]
    status, out, err = run("live", "--input", "-", "--channels", "2", "--jsonl", "-", "--no-ui", cwd=folder, stdin=raw)
    assert status == 0
    assert notes_of(out) == [69]
    assert "standard input: took channel 1 of 2, as their mean cancels" in err


def test_channels_and_rates_that_cannot_be_are_refused(folder: Path) -> None:
    for words, message in (
        (("transcribe", "two.wav", "--channel", "3"), "there is no channel 3: they are 1 to 2"),
        (("live", "--input", "-", "--channel", "2", "--jsonl", "-"), "there is no channel 2: the only one is 1"),
        (("live", "--input", "-", "--rate", "0", "--jsonl", "-"), "8000 to 192000"),
    ):
        status, out, err = run(*words, cwd=folder)
        assert (status, out, err.count("Traceback")) == (2, "", 0)
        assert message in " ".join(err.split())


def test_names_may_be_anything(folder: Path) -> None:
    odd = os.fsdecode(b"caf\xe9 \x1b[31m.wav")
    (folder / "two.wav").rename(folder / odd)
    outputs = {flag: os.fsdecode(b"\xff." + flag.encode()) for flag in ("notes", "f0", "midi", "jsonl")}
    words = [word for flag, name in outputs.items() for word in (f"--{flag}", name)]
    status, out, err = run("transcribe", odd, "--channel", "1", *words, cwd=folder)
    assert (status, out, err.count("\n")) == (0, "", 1)
    assert err.endswith("; wrote \\xff.notes, \\xff.f0, \\xff.midi, \\xff.jsonl\n")
    assert notes_in(folder / outputs["notes"]) == [60]
    assert all((folder / name).stat().st_size for name in outputs.values())
    status, out, err = run("transcribe", f"no-{odd}", cwd=folder)
    assert (status, out) == (2, "")
    assert err == "streamer: nothing matches no-caf\\xe9 \\x1b[31m.wav\n"


@pytest.mark.parametrize(
    "words", [("transcribe", "two.wav"), ("model", "show"), ("transcribe", "two.wav", "--jsonl", "-")]
)
def test_a_standard_output_that_is_full_is_one_line(folder: Path, words: tuple[str, ...]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "wb") as full:
        status, _, err = run(*words, cwd=folder, stdout=full)
    assert status == 2
    assert err == "streamer: cannot write standard output: the disk is full; make room or choose another place\n"


def test_a_standard_output_that_is_closed_ends_nothing(folder: Path) -> None:
    assert run("transcribe", "two.wav", cwd=folder, shell=">&-")[0] == 0
    status, _, err = run("transcribe", "nowhere.wav", cwd=folder, shell=">&- 2>&-")
    assert (status, err) == (2, "")


def test_a_standard_input_that_is_closed_is_one_line(folder: Path) -> None:
    status, _, err = run("live", "--input", "-", "--jsonl", "-", "--no-ui", cwd=folder, shell="<&-")
    assert status == 2
    assert err.splitlines()[-1].startswith("streamer: standard input is closed")


def test_a_reader_that_has_had_enough_is_no_fault(folder: Path) -> None:
    status, _, err = run("model", "show", "--json", cwd=folder, shell="| head -c 1")
    assert (status, err) == (0, "")


def test_a_data_set_of_any_name_is_evaluated(folder: Path) -> None:
    data = folder / os.fsdecode(b"set\xff")
    data.mkdir()
    soundfile.write(folder / "a.wav", tone(69, 1.0), RATE_HZ)
    (folder / "a.wav").rename(data / os.fsdecode(b"\xfe.wav"))
    (data / "manifest.csv").write_bytes(b"file,midi\n\xfe.wav,69\n")
    report = os.fsdecode(b"r\xff.html")
    status, _, err = run("evaluate", data, "--detector", "yinfast", "--report", report, "-j", "1", cwd=folder)
    assert (status, err.splitlines()[-1]) == (0, "wrote r\\xff.html")
    assert "set\ufffd" in (folder / report).read_text(encoding="utf-8")


def test_a_link_that_leads_to_itself_is_no_output(folder: Path) -> None:
    (folder / "loop.csv").symlink_to("loop.csv")
    status, _, err = run("transcribe", "two.wav", "--notes", "loop.csv", cwd=folder)
    assert (status, err.count("\n")) == (2, 1)
    assert err.startswith("streamer: cannot write loop.csv: ")
