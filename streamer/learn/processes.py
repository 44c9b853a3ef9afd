"""Work spread over processes, with nothing left of them whatever ends the program."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from streamer.learn.shards import one_thread

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(work: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Iterator[Result]:
    """Results of ``work`` in the order of the items, however many processes there are; 1 works in this one."""
    if jobs <= 1 or len(items) <= 1:
        yield from map(work, items)
        return
    with process_pool(min(jobs, len(items))) as pool:
        yield from pool.map(work, items)


@contextmanager
def process_pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes for numeric work, each with one thread. When they are let go, what has not begun never will."""
    context = multiprocessing.get_context("spawn")  # a fork would copy threads that numeric libraries hold
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, which ends this
    one_thread()
    parent = multiprocessing.parent_process()
    if parent is not None:  # killed, it could not end this
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)
