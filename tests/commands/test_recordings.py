"""`streamer transcribe` over several recordings, and what programs are told of it."""

import json
import subprocess
import sys
from pathlib import Path

import soundfile

GUITAR = Path(__file__).parents[1] / "golden" / "recordings" / "electric_guitar.flac"


def streamer(folder: Path, *words: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "streamer", "transcribe", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120, cwd=folder)


def test_what_is_wrong_with_one_recording_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("la la la")
    (tmp_path / "b.flac").write_bytes(GUITAR.read_bytes())
    done = streamer(tmp_path, "bad.wav", "absent.wav", "*.ogg", "b.flac", "--to", "csv,mid", "-o", "out")
    err = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert [line.split(": ")[1].split(" ")[0] for line in err] == ["bad.wav", "there", "nothing", "b.flac"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b.csv", "b.mid"]


def test_standard_input_is_a_recording_and_programs_are_told_what_came_of_it(tmp_path: Path) -> None:
    content = GUITAR.read_bytes()
    done = streamer(tmp_path, "-", "-o", "out", "--json-progress", stdin=content[: len(content) // 2])
    told = [json.loads(line) for line in done.stderr.decode().splitlines()]
    assert done.returncode == 1
    assert [line["event"] for line in told if line["event"] != "progress"] == ["begin", "done"]
    assert told[-1]["written"] == ["out/stdin.mid"]
    assert told[-1]["broken"]["at_s"] == told[-1]["duration_s"] < soundfile.info(GUITAR).duration
    assert (tmp_path / "out" / "stdin.mid").read_bytes().startswith(b"MThd")


def test_one_file_for_several_recordings_is_refused(tmp_path: Path) -> None:
    for name in ("a.flac", "b.flac"):
        (tmp_path / name).write_bytes(GUITAR.read_bytes())
    done = streamer(tmp_path, ".", "--midi", "m.mid")
    assert done.returncode == 2
    assert b"--to mid,csv --output FOLDER" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.flac", "b.flac"]
