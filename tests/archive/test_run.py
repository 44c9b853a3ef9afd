"""Many files: each ends as done, failed or not started, and what is done and unchanged is not done again."""

import csv
import os

import pytest

from streamer.archive.manifest import Manifest
from streamer.archive.places import find
from streamer.archive.report import summary, write_report
from streamer.archive.run import run
from streamer.archive.task import DONE, FAILED, UNCHANGED
from streamer.archive.work import StopRunError, Work
from streamer.errors import DataError, OutputError
from streamer.jobs import Workers
from tests.archive.converters import digest


@pytest.fixture
def archive(tmp_path):
    """Files in folders, and one beside them that is no sound."""
    folder = tmp_path / "in"
    for name in ("a.wav", "b/a.wav", "b/c/d.flac", "z.mp3"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (folder / "notes.txt").write_text("none", encoding="utf-8")
    (folder / ".hidden.wav").write_text("none", encoding="utf-8")
    return folder


class Runs:
    """Runs over one folder, with what came of each file."""

    def __init__(self, tmp_path, inputs):
        self.inputs = [str(path) for path in inputs]
        self.out = tmp_path / "out"
        self.out.mkdir()
        self.troubles = []
        self.manifest = self.out / "manifest.sqlite"

    def __call__(self, jobs=1, made_by="one", apart=False, **more):
        outcomes = {}
        work = Work(digest, str(self.out), made_by, **more)
        with Manifest(self.manifest) as manifest, Workers(jobs, apart=apart) as workers:
            manifest.begin(made_by)
            manifest.add(find(self.inputs, str(self.out), self.troubles.append))
            self.counts = run(work, manifest, workers, lambda outcome: outcomes.update({outcome.path: outcome}))
            self.entries = list(manifest.entries())
            write_report(self.out / "report.csv", manifest.entries())
        return {os.path.relpath(path, self.inputs[0]): outcome for path, outcome in outcomes.items()}

    def outputs(self):
        return {
            str(path.relative_to(self.out)): path.read_bytes()
            for path in sorted(self.out.rglob("*"))
            if path.is_file() and path.name not in ("manifest.sqlite", "report.csv")
        }


def states(outcomes):
    return {path: outcome.state for path, outcome in outcomes.items()}


@pytest.mark.parametrize("jobs", [1, 2])
def test_folders_are_kept_and_nothing_else_is_left(archive, tmp_path, jobs):
    runs = Runs(tmp_path, [archive])
    assert set(states(runs(jobs)).values()) == {DONE}
    stems = ("a", "b/a", "b/c/d", "z")
    assert set(runs.outputs()) == {f"{stem}.{suffix}" for stem in stems for suffix in ("mid", "csv")}
    assert not (runs.out / ".unfinished").exists()
    assert (runs.counts.done, runs.counts.notes, runs.counts.duration_s) == (4, 8, 6.0)


def test_what_is_done_and_unchanged_is_not_done_again(archive, tmp_path):
    runs = Runs(tmp_path, [archive])
    runs()
    assert set(states(runs()).values()) == {UNCHANGED}
    (archive / "a.wav").touch()  # its content is what counts
    (archive / "z.mp3").write_bytes(b"another")
    (runs.out / "b" / "a.mid").unlink()
    (archive / "new.wav").write_bytes(b"new")
    assert states(runs()) == {
        "a.wav": UNCHANGED,
        "b/a.wav": DONE,
        "b/c/d.flac": UNCHANGED,
        "new.wav": DONE,
        "z.mp3": DONE,
    }
    assert (runs.out / "b" / "a.mid").is_file()
    assert set(states(runs(made_by="two")).values()) == {DONE}


def test_the_same_size_and_time_hide_no_change(archive, tmp_path):
    runs = Runs(tmp_path, [archive])
    runs()
    path = archive / "a.wav"
    before = path.stat()
    path.write_bytes(b"A.wav")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert states(runs())["a.wav"] == DONE


def test_a_bad_file_never_stops_the_run(archive, tmp_path):
    (archive / "bad.wav").write_bytes(b"bad")
    (archive / "defect.wav").write_bytes(b"defect")
    (archive / "short.wav").write_bytes(b"short")
    runs = Runs(tmp_path, [archive, archive / "absent.wav"])
    outcomes = runs()
    failed = {path: outcome.reason for path, outcome in outcomes.items() if outcome.state == FAILED}
    assert failed == {
        "bad.wav": f"{archive}/bad.wav cannot be read as audio",
        "defect.wav": "ZeroDivisionError: a defect in two lines",
        "absent.wav": "there is no such file",
    }
    assert outcomes["short.wav"].reason == "it was cut short"
    assert summary(runs.counts, 0) == (
        "8 files: 5 done, 1 with a warning, 3 failed, 0 not started; 10 notes in 0.1 minutes of sound"
    )
    with (runs.out / "report.csv").open(newline="", encoding="utf-8") as file:
        rows = {os.path.basename(row["file"]): row for row in csv.DictReader(file)}
    assert rows["short.wav"]["state"] == "done"
    assert rows["short.wav"]["outputs"] == "short.csv; short.mid"
    assert rows["bad.wav"] | {"sha256": ""} == {
        "file": str(archive / "bad.wav"),
        "state": "failed",
        "reason": failed["bad.wav"],
        "outputs": "",
        "duration_s": "",
        "notes": "",
        "sha256": "",
    }


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_file_that_kills_the_process_fails_and_the_others_are_done(archive, tmp_path):
    (archive / "b" / "fatal.wav").write_bytes(b"fatal")
    runs = Runs(tmp_path, [archive])
    outcomes = runs(1, apart=True)
    assert [path for path, outcome in outcomes.items() if outcome.state == FAILED] == ["b/fatal.wav"]
    assert "was killed" in outcomes["b/fatal.wav"].reason
    assert runs.counts.done == 4


def test_a_full_disk_stops_the_run_and_the_file_is_not_started(archive, tmp_path):
    (archive / "full.wav").write_bytes(b"full")
    runs = Runs(tmp_path, [archive])
    with pytest.raises(StopRunError, match="No space left on device"):
        runs()
    (archive / "full.wav").write_bytes(b"there is room")
    assert states(runs()) == {"full.wav": DONE, "z.mp3": DONE}  # resumed: the others are not looked at again


def test_inputs_of_one_name_keep_their_suffixes(archive, tmp_path):
    for name in ("a.flac", "b/a.flac", "a.flac.wav"):
        (archive / name).write_bytes(name.encode())
    runs = Runs(tmp_path, [archive])
    runs()
    assert {name for name in runs.outputs() if name.endswith(".mid")} == {
        "a.mid",  # of a.flac, which comes first
        "a.flac.mid",
        "a.wav.mid",
        "b/a.mid",
        "b/a.wav.mid",
        "b/c/d.mid",
        "z.mid",
    }
    assert runs.counts.done == 7


@pytest.mark.skipif(os.name == "nt", reason="names of files are Unicode there")
def test_hostile_names_do_no_harm(archive, tmp_path):
    names = [b"\xff\xfe.wav", b"a\nb.wav", b"\x1b[31m.wav", b"-rf.wav", b"x" * 251 + b".wav", "ひ ?*.wav".encode()]
    for name in names:
        (archive / os.fsdecode(name)).write_bytes(name)
    runs = Runs(tmp_path, [archive])
    runs()
    assert (runs.counts.done, runs.counts.failed) == (10, 0)
    assert len(runs.outputs()) == 20


def test_outputs_inside_the_inputs_are_no_inputs(archive, tmp_path):
    runs = Runs(archive, [archive])
    runs()
    (runs.out / "sound.wav").write_bytes(b"sound")
    assert len(runs()) == 4


def test_two_runs_at_once_are_refused(archive, tmp_path):
    path = tmp_path / "manifest.sqlite"
    with Manifest(path), pytest.raises(OutputError, match="another run is at work"):
        Manifest(path)


@pytest.mark.parametrize(
    "content", [b"something else, and long enough to be looked at" * 100, b"SQLite format 3\0" * 50]
)
def test_what_is_no_manifest_is_refused_and_kept(tmp_path, content):
    path = tmp_path / "manifest.sqlite"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no manifest"):
        Manifest(path)
    assert path.read_bytes() == content


def test_another_version_or_model_where_the_work_runs_stops_the_run(archive, tmp_path):
    runs = Runs(tmp_path, [archive])
    with pytest.raises(StopRunError, match="install the same"):
        runs(version="0.0.0")
    with pytest.raises(StopRunError, match="another model"):
        runs(model=(str(archive / "a.wav"), "0" * 64))
