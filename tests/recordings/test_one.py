"""One recording in, its outputs out: what is written, what a damaged one gives, and what an earlier run left."""

import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamer.audio.file import AudioFile
from streamer.errors import OutputError
from streamer.recordings import kinds
from streamer.recordings.one import Options, Outcome, transcribe_file

GUITAR = Path(__file__).parents[1] / "golden" / "recordings" / "electric_guitar.flac"
SAMPLES, RATE_HZ = soundfile.read(GUITAR, dtype="float32")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_outputs_tell_the_same_notes_under_their_own_names_only(tmp_path: Path) -> None:
    outputs = kinds.OutputNames(tmp_path / "new" / "folder", ("mid", "csv", "json", "jsonl", "f0.csv")).of(
        Path("g.flac")
    )
    outcome = transcribe_file(GUITAR, outputs, pickle.loads(pickle.dumps(Options())))
    assert pickle.loads(pickle.dumps(outcome)) == outcome
    assert set(outcome.written) == set(outputs.values())
    assert outcome.broken is None
    assert outcome.duration_s == len(SAMPLES) / RATE_HZ
    assert names(tmp_path / "new" / "folder") == ["g.csv", "g.f0.csv", "g.json", "g.jsonl", "g.mid"]
    rows = outputs["csv"].read_text().splitlines()[1:]
    notes = json.loads(outputs["json"].read_text())["notes"]
    assert len(rows) == len(notes) == outcome.notes > 3
    assert [note["onset_s"] for note in notes] == [float(row.split(",")[0]) for row in rows]


def test_a_failure_leaves_what_was_there_and_nothing_half_done(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_text("precious")
    (tmp_path / "a.csv.part").write_text("of a run that was killed")
    outputs = {"mid": tmp_path / "a.mid", "csv": tmp_path / "a.csv", "json": tmp_path / "a.mid" / "a.json"}
    with pytest.raises(OutputError, match="cannot write"):
        transcribe_file(GUITAR, outputs, Options())
    assert (tmp_path / "a.mid").read_text() == "precious"
    assert "a.csv" not in names(tmp_path)
    assert "a.mid.part" not in names(tmp_path)
    transcribe_file(GUITAR, {"csv": tmp_path / "a.csv"}, Options())
    assert names(tmp_path) == ["a.csv", "a.mid"]


def test_a_recording_is_no_output_of_its_own(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", SAMPLES, RATE_HZ)
    os.link(tmp_path / "a.wav", tmp_path / "a.csv")
    before = (tmp_path / "a.wav").read_bytes()
    with pytest.raises(OutputError, match="which is read"):
        transcribe_file(tmp_path / "a.wav", {"csv": tmp_path / "a.csv"}, Options())
    assert (tmp_path / "a.wav").read_bytes() == before


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_a_truncated_recording_says_where_it_breaks_off_and_gives_the_notes_before(tmp_path: Path, suffix: str) -> None:
    whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
    soundfile.write(whole, SAMPLES, RATE_HZ)
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) * 6 // 10])
    rows: dict[Path, list[str]] = {}
    outcomes: dict[Path, Outcome] = {}
    for path in (whole, cut):
        outcomes[path] = transcribe_file(path, {"csv": path.with_suffix(".csv")}, Options())
        rows[path] = path.with_suffix(".csv").read_text().splitlines()[1:]
    assert outcomes[whole].broken is None
    broken = outcomes[cut].broken
    assert broken is not None
    assert broken.at_s == outcomes[cut].duration_s
    assert 0.4 < broken.at_s / outcomes[whole].duration_s < 0.7
    before = [row for row in rows[whole] if float(row.split(",")[1]) < broken.at_s - 0.2]
    assert rows[cut][: len(before)] == before != []


def test_headers_that_say_nothing_of_the_length_are_no_damage(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", SAMPLES, RATE_HZ)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    at = content.index(b"data")
    for size in (0, 0xFFFFFFFF):  # of a recorder that was killed, and of a program that writes into a pipe
        content[4:8] = content[at + 4 : at + 8] = struct.pack("<L", size)
        (tmp_path / "a.wav").write_bytes(content)
        recording = AudioFile(tmp_path / "a.wav")
        assert sum(map(len, recording.blocks())) == len(SAMPLES)
        assert recording.broken is None


class FailingDisk:
    """A file whose disk fails after some bytes, as a decoder's callback meets it."""

    def __init__(self, file: object, after: int) -> None:
        self._file = file
        self._after = after

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def readinto(self, buffer: memoryview) -> int:
        if self._file.tell() > self._after:  # type: ignore[attr-defined]
            raise OSError(5, "Input/output error")
        return self._file.readinto(buffer)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_disk_that_fails_is_no_end_of_the_recording(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"long.{suffix}"
    soundfile.write(path, np.tile(SAMPLES, 4), RATE_HZ)
    monkeypatch.setattr("streamer.audio.file.mended", lambda file: FailingDisk(file, path.stat().st_size // 2))
    outcome = transcribe_file(path, {}, Options())
    assert outcome.broken is not None
    assert outcome.broken.reason == "Input/output error"
    assert 0.3 < outcome.duration_s / (4 * len(SAMPLES) / RATE_HZ) < 0.6
