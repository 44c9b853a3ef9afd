"""Work spread over processes, with nothing left of them whatever ends the program."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from streamer.errors import OutputError, StreamerError

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[str, int, int], None]  # what is being done, how much of it is done, how much there is


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody is told of."""


def one_thread() -> None:
    """Keep numeric libraries from starting threads of their own: sums then do not depend on the number of cores."""
    import threadpoolctl  # type: ignore[import-untyped]

    threadpoolctl.threadpool_limits(1)


def in_processes(work: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Iterator[Result]:
    """Results of ``work`` in the order of the items, however many processes there are; 1 works in this one."""
    if jobs <= 1 or len(items) <= 1:
        yield from map(work, items)
        return
    with process_pool(min(jobs, len(items))) as pool:
        yield from pool.map(work, items)


def make_missing(wanted: Sequence[Path], work: Callable[[int], None], jobs: int, progress: Progress, what: str) -> None:
    """Make the files of one folder that are not there yet.

    Parameters
    ----------
    wanted : sequence of Path
        All of them.
    work : callable
        Makes one, given its place in ``wanted``.
    jobs : int
        Processes; 1 works in this one.
    progress : callable
        Told after each.
    what : str
        What it is told.

    Raises
    ------
    OutputError
        If the folder cannot be made.
    StreamerError
        If a process is killed.
    """
    try:
        wanted[0].parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {wanted[0].parent}: {error.strerror}") from error
    missing = [k for k, path in enumerate(wanted) if not path.is_file()]
    there = len(wanted) - len(missing)
    progress(what, there, len(wanted))
    if jobs <= 1 or len(missing) <= 1:
        for done, index in enumerate(missing, there + 1):
            work(index)
            progress(what, done, len(wanted))
        return
    with process_pool(min(jobs, len(missing)), work) as pool:
        try:
            for done, ended in enumerate(as_completed([pool.submit(_work, k) for k in missing]), there + 1):
                ended.result()
                progress(what, done, len(wanted))
        except BrokenProcessPool as error:
            raise StreamerError(
                "a process that makes features was killed, perhaps for want of memory; the same command goes on "
                "from here, with --jobs 1 in less memory"
            ) from error


@contextmanager
def process_pool(jobs: int, work: Callable[[int], Any] | None = None) -> Iterator[ProcessPoolExecutor]:
    """Processes for numeric work, each with one thread. When they are let go, what has not begun never will.

    What ``work`` knows is sent to each of them once, not with each item; `_work` calls it.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy threads that numeric libraries hold
    pool = ProcessPoolExecutor(jobs, context, _begin, (work,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


_works: list[Callable[[int], Any] | None] = []  # of this process


def _begin(work: Callable[[int], Any] | None) -> None:
    _works.append(work)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, which ends this
    one_thread()
    parent = multiprocessing.parent_process()
    if parent is not None:  # killed, it could not end this
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _work(index: int) -> None:
    (work,) = _works
    assert work is not None
    work(index)


def _end_with(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)
