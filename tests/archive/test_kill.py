"""A run that is killed again and again ends with what one makes that is not."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = 250
KILLS = 5
JOBS = 2
UNDER_WAY = 4 * JOBS  # at most, when a run is killed


def start(inputs, out, *more):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    words = [sys.executable, "-m", "tests.archive.program", str(inputs), str(out), str(JOBS), *more]
    return subprocess.Popen(words, env=environment, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE)


def finish(inputs, out, *more):
    running = start(inputs, out, *more)
    _, err = running.communicate(timeout=200)
    assert running.returncode == 0, err


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("manifest.sqlite")
    }


def count(folder):
    return sum(len(names) for top, _, names in os.walk(folder) if ".unfinished" not in top)


def settled(out):
    database = sqlite3.connect(out / "manifest.sqlite")
    try:
        return [Path(os.fsdecode(path)) for (path,) in database.execute("SELECT path FROM entries WHERE settled = 1")]
    except sqlite3.OperationalError:  # it was killed before there was a table
        return []
    finally:
        database.close()


def calls(path):
    called = path.with_suffix(".called")
    return called.stat().st_size if called.exists() else 0


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "in"
    for number in range(FILES):
        path = folder / f"{number % 10}" / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"bad" if number % 50 == 20 else b"%d" % number)
    return folder


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_run_that_is_killed_five_times_makes_what_one_makes_that_is_not(inputs, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    finish(inputs, whole)
    files = sorted(inputs.rglob("*.wav"))
    assert all(calls(path) == 1 for path in files)
    rng = random.Random(20)
    for turn, share in enumerate(sorted(rng.uniform(0.05, 0.9) for _ in range(KILLS))):
        running = start(inputs, killed)
        until = time.monotonic() + 60.0
        while count(killed) < 2 * share * FILES and running.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        if turn % 2:
            running.kill()  # its processes see that, and end
        else:
            os.killpg(running.pid, signal.SIGKILL)  # nobody is left, as after a power failure
        running.communicate()
        assert running.returncode == -signal.SIGKILL
        done = settled(killed)
        before = [calls(path) for path in done]
    finish(inputs, killed)
    assert [calls(path) for path in done] == before  # what was settled was not begun again
    assert tree(killed) == tree(whole)
    assert len(settled(killed)) == FILES
    assert sum(map(calls, files)) - FILES <= FILES + KILLS * UNDER_WAY
