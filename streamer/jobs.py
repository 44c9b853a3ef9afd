"""Work on many cores: one way for all of the package, with no process left behind whatever ends the program."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, Self, TypeVar

from streamer.cluster import LOST, Cluster
from streamer.errors import ProcessKilledError
from streamer.threads import one_thread

Item = TypeVar("Item")
Result = TypeVar("Result")
Jobs = int | str  # processes on this machine, or the address of a cluster
Progress = Callable[[str, int, int], None]  # what is being done, how much of it is done, how much there is

KILLED = (
    "a process was killed, perhaps for want of memory; run the same command again with --jobs 1, which needs less of it"
)
_AHEAD = 4  # items a process that are under way or wait for one


def silent(what: str, done: int, total: int) -> None:
    """Progress that is reported to nobody.

    Parameters
    ----------
    what : str
        What is done.
    done : int
        How much of it.
    total : int
        Of how much.
    """


class Workers:
    """Processes that apply a function to many items; a context manager, at whose end none of them is left.

    The backend is chosen here and nowhere else: callers know `map` and `unordered` only.

    The processes start when there is first more than one item, and serve all calls after that. Each is spawned, uses
    one numeric thread, ignores Ctrl-C, which is for the program, and ends with it even if that is killed. After Ctrl-C
    or an error, items under way are finished, so that no file is left half written, and no others are begun.

    Parameters
    ----------
    jobs : int or str
        Processes; 1 or less works in this one. Or the address of a cluster that does the work instead, see
        `streamer.cluster.Cluster`.
    apart : bool
        Never work in this process, not even with one job: what kills a process then does not kill the program.

    Raises
    ------
    ConfigError, MissingExtraError, ClusterError
        If the cluster cannot be reached.
    """

    def __init__(self, jobs: Jobs, apart: bool = False) -> None:
        self._jobs = 1 if isinstance(jobs, str) else max(1, jobs)
        self._apart = apart
        self._cluster = Cluster(jobs) if isinstance(jobs, str) else None
        self._resources = contextlib.ExitStack()
        self._pool: ProcessPoolExecutor | None = None
        self._first: Callable[[Any], Any] | None = None  # what the processes were started with

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        if self._cluster is not None:
            self._cluster.close()

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results in the order of the items, however many processes there are.

        Parameters
        ----------
        work : callable
            What is done with each; a process must be able to get it from another. That of the first call is sent to
            each process once, not with each item: so what is large belongs into it, for example by
            `functools.partial`.
        items : iterable
            Each is sent to one process. No more are taken from it than are soon needed.

        Raises
        ------
        ProcessKilledError
            If a process is killed. Whatever ``work`` raises is raised here as well.
        """
        early: dict[int, Result] = {}
        wanted = 0
        for place, result in self.unordered(work, items):
            early[place] = result
            while wanted in early:
                yield early.pop(wanted)
                wanted += 1

    def unordered(
        self,
        work: Callable[[Item], Result],
        items: Iterable[Item],
        killed: Callable[[Item], Result] | None = None,
    ) -> Iterator[tuple[int, Result]]:
        """Results as they come, each with the place of its item; begun in the order of the items. Else as `map`.

        Parameters
        ----------
        work : callable
            As of `map`.
        items : iterable
            As of `map`.
        killed : callable, optional
            Gives the result of an item whose process was killed, twice, the second time with no other beside it; the
            others are not disturbed. Without it that is an error.
        """
        numbered: Iterator[tuple[int, Item]] = enumerate(items)
        if self._cluster is not None:
            for place, item, result in self._cluster.unordered(work, numbered):
                yield place, _or_killed(item, killed) if result is LOST else result
            return
        if not self._apart:
            first = list(islice(numbered, 2))
            numbered = chain(first, numbered)
            if self._jobs == 1 or len(first) < 2:
                for place, item in numbered:
                    yield place, work(item)
                return
        begun: dict[int, Item] = {}
        while True:
            try:
                for place, result in self._attempt(work, numbered, begun):
                    del begun[place]
                    yield place, result
                return
            except BrokenProcessPool as error:
                self._end()
                if killed is None:
                    raise ProcessKilledError(KILLED) from error
            for place, item in list(begun.items()):
                yield place, self._alone(work, item, killed)
            begun.clear()

    def _attempt(
        self, work: Callable[[Item], Result], numbered: Iterator[tuple[int, Item]], begun: dict[int, Item]
    ) -> Iterator[tuple[int, Result]]:
        under_way: dict[Future[Result], int] = {}
        try:
            while True:
                for place, item in islice(numbered, _AHEAD * self._jobs - len(under_way)):
                    begun[place] = item
                    under_way[self._submit(work, item)] = place
                if not under_way:
                    return
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    yield under_way.pop(future), future.result()
        finally:
            for future in under_way:
                future.cancel()

    def _alone(self, work: Callable[[Item], Result], item: Item, killed: Callable[[Item], Result]) -> Result:
        try:
            return self._submit(work, item).result()
        except BrokenProcessPool:
            self._end()
            return killed(item)

    def _submit(self, work: Callable[[Item], Result], item: Item) -> "Future[Result]":
        with interrupts_blocked():  # submitting starts processes
            if self._pool is None:
                self._pool = self._start(work)
            run: Callable[[Item], Result] = _call_first if work is self._first else work
            return self._pool.submit(run, item)

    def _start(self, work: Callable[[Any], Any]) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # a fork would copy threads that numeric libraries hold
        pool = ProcessPoolExecutor(self._jobs, context, _begin, (work,))
        self._first = work
        self._resources.callback(pool.shutdown, cancel_futures=True)
        return pool

    def _end(self) -> None:
        self._pool = None
        self._resources.close()


def _or_killed(item: Item, killed: Callable[[Item], Result] | None) -> Result:
    if killed is None:
        raise ProcessKilledError(KILLED)
    return killed(item)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Hold Ctrl-C back: a process that starts meanwhile never sees it, this one does afterwards."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# In each process.

_first: list[Callable[[Any], Any]] = []


def _begin(work: Callable[[Any], Any]) -> None:
    _first.append(work)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be blocked
    one_thread()
    parent = multiprocessing.parent_process()
    if parent is not None:  # killed, it could not end this
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _call_first(item: Any) -> Any:
    return _first[0](item)


def _end_with(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)
