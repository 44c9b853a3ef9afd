"""The folder of recorded notes, and the command that fills it."""

import csv
import io
import os
import queue
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from rich.console import Console

from streamer.audio.push import PushSource
from streamer.commands.record_dataset import _Dialogue, _meter_line, record_dataset
from streamer.data.datasets import read_manifest
from streamer.data.guide import Guide
from streamer.data.note_folder import NoteFolder
from streamer.data.requests import Request, Take
from streamer.errors import ConfigError, DataError, OutputError
from streamer.units import midi_to_hz, note_name
from tests.tones import pluck

RATE_HZ = 22_050
APP = typer.Typer()
APP.command()(record_dataset)


def take(midi: int, number: int = 1, f0_hz: float | None = None) -> Take:
    samples = np.concatenate([np.zeros(2205, np.float32), pluck(midi, 0.4, RATE_HZ)])
    return Take(Request(midi, number), samples, RATE_HZ, 0.1, 0.5, f0_hz, -8.0)


def scale(path: Path, midis: list[int], duration_s: float = 0.5) -> Path:
    """A recording of notes, each followed by silence."""
    silence = np.zeros(RATE_HZ // 2, np.float32)
    samples = np.concatenate([silence, *(x for midi in midis for x in (pluck(midi, duration_s, RATE_HZ), silence))])
    noise = 1e-4 * np.random.default_rng(0).standard_normal(len(samples))
    soundfile.write(path, samples + noise, RATE_HZ, subtype="PCM_24")
    return path


def run(*words: object) -> int:
    return int(APP([str(word) for word in words], standalone_mode=False))


def test_every_note_makes_the_folder_a_data_set(tmp_path):
    folder = NoteFolder(tmp_path / "mine", "Bass Guitar", licence="CC0")
    assert not (tmp_path / "mine").exists()
    for midi in (42, 41):
        folder.add(take(midi, f0_hz=midi_to_hz(midi + 0.1)))
        recordings = read_manifest(tmp_path / "mine")
    assert [recording.path.name for recording in recordings] == ["041-F2-1.flac", "042-Fs2-1.flac"]
    assert {(r.kind, r.instrument, r.source, r.licence) for r in recordings} == {("note", "Bass Guitar", "mine", "CC0")}
    assert recordings[0].notes[0] == pytest.approx([0.1, 0.5, 41.1], abs=1e-3)
    samples, rate_hz = recordings[0].load()
    assert rate_hz == RATE_HZ
    assert np.allclose(samples, take(41).samples, atol=1e-6)


def test_without_a_measured_pitch_the_asked_one_is_the_label(tmp_path):
    NoteFolder(tmp_path, "flute").add(take(60))
    assert read_manifest(tmp_path)[0].notes[0, 2] == 60


def test_work_is_taken_up_again(tmp_path):
    first = NoteFolder(tmp_path, "guitar")
    for number in (1, 2):
        first.add(take(50, number))
    NoteFolder(tmp_path, "flute").add(take(70))
    again = NoteFolder(tmp_path, "guitar")
    assert again.requests == [Request(50, 1), Request(50, 2)]
    again.add(take(50, 2))  # once more replaces
    assert len(read_manifest(tmp_path)) == 3
    (tmp_path / "guitar" / "050-D3-1.flac").unlink()  # thrown away: to be made again
    assert NoteFolder(tmp_path, "guitar").requests == [Request(50, 2)]
    assert len(read_manifest(tmp_path)) == 2


def test_what_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    folder = NoteFolder(tmp_path, "guitar")
    folder.add(take(50))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="the disk is full"):
        folder.add(take(51))
    monkeypatch.undo()
    assert len(read_manifest(tmp_path)) == 1
    assert not list(tmp_path.rglob("*.part"))


def test_folders_that_cannot_be_used(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.csv").write_text("file,midi\na.wav,60\n")
    with pytest.raises(DataError, match=r"was not made by this command \(no column 'kind'\)"):
        NoteFolder(tmp_path / "other", "flute")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is no folder"):
        NoteFolder(tmp_path / "file", "flute")
    with pytest.raises(ConfigError, match="give it a name"):
        NoteFolder(tmp_path / "new", "?!")
    NoteFolder(tmp_path / "mine", "flute").add(take(60))
    manifest = tmp_path / "mine" / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(",60,", ",sixty,"))
    with pytest.raises(DataError, match="line 2: midi and take must be whole numbers"):
        NoteFolder(tmp_path / "mine", "flute")


def test_notes_from_a_file_then_the_missing_ones_from_another(tmp_path, capsys):
    common = ("--instrument", "lute", "--low", "A3", "--high", "C4", "--takes", 1)
    folder = tmp_path / "mine"
    assert run(folder, *common, "--from-file", scale(tmp_path / "a.wav", [57, 69, 59])) == 1
    out = capsys.readouterr().out
    assert "[1 of 4] play A3" in out
    assert "heard A4, not A#3" in out
    assert "the sound has ended before all notes were found" in out
    assert [round(r.notes[0, 2]) for r in read_manifest(folder)] == [57, 59]
    assert run(folder, *common, "--from-file", scale(tmp_path / "b.wav", [58, 60]), "--audio", "wav") == 0
    out = capsys.readouterr().out
    assert "2 of 4 notes are there already" in out
    assert "now holds 4 of this instrument" in out
    recordings = read_manifest(folder)
    assert [note_name(round(r.notes[0, 2])) for r in recordings] == ["A3", "A#3", "B3", "C4"]
    assert [r.path.suffix for r in recordings] == [".flac", ".wav", ".flac", ".wav"]
    assert all(abs(r.notes[0, 2] - round(r.notes[0, 2])) < 0.05 for r in recordings)


def test_misuse_is_told(tmp_path):
    with pytest.raises(typer.BadParameter, match="low cannot be 'X'; it must be a note such as E2"):
        run(tmp_path, "--low", "X")
    with pytest.raises(ConfigError, match="leave those out"):
        run(tmp_path / "mine", "--from-file", scale(tmp_path / "a.wav", [57]), "--input", "-")
    with pytest.raises(ConfigError, match=r"lies in .*, where the notes are written"):
        run(tmp_path, "--from-file", tmp_path / "a.wav")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize(("ending", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_whatever_ends_the_session_the_folder_is_valid(tmp_path, ending, status):
    # Where the tests run in the background, a shell may have had SIGINT ignored.
    listens = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    script = f"{listens}; import sys; from streamer.cli import main; main(sys.argv[1:])"
    words = ["record-dataset", "mine", "--low", "A3", "--high", "C5", "--takes", "1", "--input", "-", "--rate", RATE_HZ]
    with subprocess.Popen(
        [sys.executable, "-u", "-c", script, *map(str, words)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        samples, _ = soundfile.read(scale(tmp_path / "a.wav", [57, 58]), dtype="int16")
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(samples.tobytes())
        process.stdin.flush()
        lines = io.TextIOWrapper(process.stdout, encoding="utf-8")
        for line in lines:
            if "A#3: good" in line:
                break
        time.sleep(0.2)
        process.send_signal(ending)
        rest = lines.read()
        assert process.wait(20) == status
        process.stdin.close()
    assert len(read_manifest(tmp_path / "mine")) == 2
    if ending is signal.SIGINT:
        assert "the same command goes on with what is missing" in rest
        assert "Traceback" not in rest
    with (tmp_path / "mine" / "manifest.csv").open(newline="") as stream:
        assert {row["midi"] for row in csv.DictReader(stream)} == {"57", "58"}


def test_the_meter_says_what_can_be_pressed():
    console = Console(width=80, file=io.StringIO())
    console.print(_meter_line(Guide([Request(60, 1)], RATE_HZ)))
    line = console.file.getvalue()  # type: ignore[attr-defined]
    assert "-120 dB" in line
    assert "q quit" in line
    assert line.count("\n") == 1  # it fits


def test_keys_skip_keep_go_back_and_quit(tmp_path):
    samples, _ = soundfile.read(scale(tmp_path / "a.wav", [69]), dtype="float32")
    guide = Guide([Request(midi, 1) for midi in (57, 58, 59)], RATE_HZ)
    console = Console(width=100, file=io.StringIO())
    dialogue = _Dialogue(console, guide, NoteFolder(tmp_path / "mine", "lute"))
    source = PushSource(RATE_HZ, buffer_s=10.0)
    pressed: queue.SimpleQueue[str] = queue.SimpleQueue()
    for key in "ks":  # nothing to keep; and on to the second
        pressed.put(key)
    source.push(np.zeros(10, np.float32))
    source.finish()
    dialogue._loop(source, pressed, None)
    source.start()
    source.push(samples)
    source.finish()
    dialogue._loop(source, pressed, None)  # hears another note than the second
    for key in "kbxq":
        pressed.put(key)
    source.start()
    source.push(np.zeros(10, np.float32))
    assert dialogue._loop(source, pressed, None) == 0
    out = console.file.getvalue()  # type: ignore[attr-defined]
    assert "nothing was refused" in out
    assert out.index("heard A4, not A#3") < out.index("A#3: good")
    assert guide.request == Request(58, 1)
    assert [r.path.name for r in read_manifest(tmp_path / "mine")] == ["058-As3-1.flac"]


@pytest.mark.skipif(sys.platform == "win32", reason="names of files are Unicode there")
def test_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = NoteFolder(tmp_path / "\udcff", "fl\udcfbte")
    written = folder.add(take(60, 1))
    again = NoteFolder(tmp_path / "\udcff", "fl\udcfbte")
    assert again.requests == [Request(60, 1)]
    (recording,) = read_manifest(tmp_path / "\udcff")
    assert (recording.path, recording.instrument, recording.source) == (written, "fl\ufffdte", "\ufffd")
