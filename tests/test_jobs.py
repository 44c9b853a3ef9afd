"""Work on many cores: the same results whatever their number, and no process left behind."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from streamer.data.arrays import make_missing
from streamer.errors import DataError, StreamerError
from streamer.jobs import Workers

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


def square(number: int) -> int:
    return number**2


def late_first(number: int) -> int:
    time.sleep(0.5 if number == 0 else 0.0)
    return number


def process_of(item: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def refuse_three(number: int) -> int:
    if number == 3:
        raise DataError("three cannot be read")
    return number


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def note(folder: Path, number: int) -> None:
    (folder / str(number)).write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(0.05)


def threads_of(item: int) -> list[int]:
    import threadpoolctl

    assert np.ones((4, 4)) @ np.ones(4) is not None  # BLAS is loaded
    return [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]


class Heavy:
    """Counts how often it is sent."""

    pickled = 0
    loaded = 0

    def __getstate__(self) -> dict[str, int]:
        Heavy.pickled += 1
        return {"is": 1}

    def __setstate__(self, state: dict[str, int]) -> None:
        Heavy.loaded += 1

    def __call__(self, number: int) -> tuple[int, int]:
        time.sleep(0.01)
        return os.getpid(), Heavy.loaded


@pytest.fixture(autouse=True)
def no_process_is_left():
    yield
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("jobs", [0, 1, 2, 3])
def test_results_come_in_the_order_of_the_items(jobs):
    with Workers(jobs) as workers:
        assert list(workers.map(square, range(20))) == [k**2 for k in range(20)]
        assert list(workers.map(late_first, range(4))) == [0, 1, 2, 3]


@pytest.mark.parametrize("jobs", [1, 2])
def test_unordered_results_tell_their_place(jobs):
    with Workers(jobs) as workers:
        assert sorted(workers.unordered(square, [5, 4, 3])) == [(0, 25), (1, 16), (2, 9)]


def test_unordered_results_come_as_they_end():
    with Workers(2) as workers:
        places = [place for place, _ in workers.unordered(late_first, range(4))]
    assert places[-1] == 0
    assert sorted(places) == [0, 1, 2, 3]


def test_two_processes_compute_what_one_does():
    matrices = list(np.random.default_rng(0).normal(size=(6, 80, 80)))
    found = []
    for jobs in (1, 2):
        with Workers(jobs) as workers:
            found.append([values.tobytes() for values in workers.map(np.tanh, matrices)])
    assert found[0] == found[1]


@pytest.mark.parametrize(("jobs", "items"), [(1, 5), (4, 1), (4, 0)])
def test_no_process_is_started_without_need(jobs, items):
    with Workers(jobs) as workers:
        assert set(workers.map(process_of, range(items))) <= {os.getpid()}
        assert multiprocessing.active_children() == []


def test_processes_serve_every_call():
    with Workers(2) as workers:
        before = set(workers.map(process_of, range(8)))
        after = set(workers.map(process_of, range(8)))
    assert os.getpid() not in before | after
    assert len(before | after) <= 2


def test_the_work_is_sent_once_to_each_process():
    Heavy.pickled = 0
    with Workers(2) as workers:
        results = list(workers.map(Heavy(), range(30)))
    assert Heavy.pickled <= 2
    assert {loaded for _, loaded in results} == {1}


def test_processes_have_one_numeric_thread():
    with Workers(2) as workers:
        for threads in workers.map(threads_of, range(2)):
            assert set(threads) <= {1}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("name", ["map", "unordered"])
def test_an_error_in_the_work_reaches_the_caller(jobs, name):
    with Workers(jobs) as workers:
        with pytest.raises(DataError, match="three cannot be read"):
            list(getattr(workers, name)(refuse_three, range(30)))
        assert list(workers.map(square, [1, 2])) == [1, 4]  # it goes on


def test_work_that_cannot_be_sent_is_told_at_once():
    with Workers(2) as workers, pytest.raises((pickle.PicklingError, AttributeError)):
        list(workers.map(lambda number: number, range(2)))


@POSIX
@pytest.mark.parametrize("name", ["map", "unordered"])
def test_a_killed_process_is_one_error_in_a_line(name):
    with Workers(2) as workers, pytest.raises(StreamerError, match=r"was killed.*--jobs 1") as reported:
        list(getattr(workers, name)(die_at_three, range(10)))
    assert "\n" not in str(reported.value)


@pytest.mark.parametrize("jobs", [1, 2])
def test_only_what_is_missing_is_made_and_counted(jobs, tmp_path):
    wanted = [tmp_path / "made" / str(k) for k in range(6)]
    wanted[0].parent.mkdir()
    wanted[1].touch()
    wanted[4].touch()
    reported: list[tuple[str, int, int]] = []
    make_missing(wanted, partial(note, wanted[0].parent), jobs, lambda *words: reported.append(words), "making")
    assert reported == [("making", done, 6) for done in (2, 3, 4, 5, 6)]
    assert [path.stat().st_size > 0 for path in wanted] == [True, False, True, True, False, True]


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_an_interrupt_nothing_more_is_begun(jobs, tmp_path):
    with pytest.raises(KeyboardInterrupt), Workers(jobs) as workers:  # noqa: PT012 - it is raised among results
        for _ in workers.unordered(partial(note, tmp_path), range(200)):
            raise KeyboardInterrupt
    assert multiprocessing.active_children() == []
    assert len(list(tmp_path.iterdir())) < 20


PROGRAM = """
import sys
from functools import partial
from pathlib import Path

from streamer.jobs import Workers
from tests.test_jobs import note

if __name__ == "__main__":
    with Workers(2) as workers:
        list(workers.map(partial(note, Path(sys.argv[1])), range(100000)))
"""


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 60.0
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_program(end, tmp_path):
    program, folder = tmp_path / "program.py", tmp_path / "notes"
    program.write_text(PROGRAM, encoding="utf-8")
    folder.mkdir()
    root = str(Path(__file__).parent.parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    words = [sys.executable, str(program), str(folder)]
    running = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def workers() -> set[int]:
        found = set()
        for path in folder.iterdir():
            with contextlib.suppress(ValueError):  # just being written
                found.add(int(path.read_text(encoding="utf-8")))
        return found

    wait_for(lambda: len(workers()) == 2)
    known = workers()
    if end == signal.SIGINT:
        os.killpg(running.pid, end)  # as Ctrl-C does, to all processes of the terminal
    else:
        running.kill()
    _, err = running.communicate(timeout=60)  # closed only when the processes have ended too
    assert running.returncode == -end
    assert err.count("Traceback") == (1 if end == signal.SIGINT else 0), err  # the program's own
    wait_for(lambda: not any(is_running(process) for process in known))
