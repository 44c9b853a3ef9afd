"""Processes that transcribe recordings beside the event loop, shared fairly among clients.

`streamer.jobs` spreads the parts of one piece of work; here, each job is somebody else's: it has a client that may
leave, a time after which it is ended, and it may bring down its process without harm to the others.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from streamer.jobs import interrupts_blocked
from streamer.threads import one_thread
from streamer.web.transcribing import Cancelled, Job, Message, transcribe

_POLITE = 10  # niceness: what is played live goes first
_POLL_S = 0.1
_OVERDUE_S = 5.0  # what a process that is asked to stop may take, before it is killed
_ENDED = "the server ends, and the time for what was under way is over"
_MEMORY_BYTES = 2_000_000_000  # beside what it has when it begins
_TOLD = 256  # messages that wait for a slow client; then its process waits


class Full(Exception):  # noqa: N818 - the client may come again
    """So many recordings wait already that no other is taken; or the server ends."""


class Pool:
    """Processes for jobs. Each starts when it is first needed, and is started anew if it dies.

    Parameters
    ----------
    processes : int
        Jobs at once; 0 for one on each core.
    waiting : int
        Jobs that may wait.
    """

    def __init__(self, processes: int, waiting: int) -> None:
        self._size = processes or os.cpu_count() or 1
        self._most_waiting = waiting
        self._threads = ThreadPoolExecutor(self._size, "job")
        self._idle = [_Worker() for _ in range(self._size)]
        self._waiting: OrderedDict[str, deque[asyncio.Future[_Worker]]] = OrderedDict()  # by client, whose turn first
        self._running: set[threading.Event] = set()
        self._ending = False

    @property
    def running(self) -> int:
        """Jobs under way."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Jobs that wait for a process."""
        return sum(map(len, self._waiting.values()))

    async def run(self, job: Job, client: str) -> AsyncGenerator[Message, None]:
        """What comes of a job, as `streamer.web.transcribing.transcribe` tells it.

        When the caller stops early, or is cancelled, the job is ended.

        Parameters
        ----------
        job : Job
            What is to be done.
        client : str
            For whom: clients take turns, however many jobs each of them has.

        Yields
        ------
        dict of str to object
            Its messages; the last is of type ``done`` or ``refused``.

        Raises
        ------
        Full
            If too many jobs wait, or the server ends.
        """
        worker = await self._acquire(client)
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Message | None] = asyncio.Queue()
        room = threading.Semaphore(_TOLD)
        stop = threading.Event()
        self._running.add(stop)

        def tell(message: Message | None) -> None:
            while message is not None and not room.acquire(timeout=_POLL_S):
                if stop.is_set():
                    return
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(told.put_nowait, message)

        def work() -> None:
            try:
                worker.run(job, tell, stop)
            finally:
                tell(None)

        done = loop.run_in_executor(self._threads, work)
        try:
            while (message := await told.get()) is not None:
                room.release()
                yield message
        finally:
            stop.set()
            done.add_done_callback(lambda _: self._release(worker, stop))

    async def end(self, grace_s: float) -> None:
        """Take no more; jobs under way are finished, or ended when the time is over. Those that wait are told.

        Parameters
        ----------
        grace_s : float
            Seconds.
        """
        self._ending = True
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(Full("the server ends"))
        self._waiting.clear()
        until_s = time.monotonic() + grace_s
        while self._running and time.monotonic() < until_s:
            await asyncio.sleep(0.02)
        for stop in self._running:
            stop.set()
        while self._running and time.monotonic() < until_s + 2 * _OVERDUE_S:
            await asyncio.sleep(0.02)
        for worker in self._idle:
            worker.close()
        self._threads.shutdown(wait=False)

    async def _acquire(self, client: str) -> "_Worker":
        if self._ending:
            raise Full("the server ends")
        if self._idle:
            return self._idle.pop()
        if self.waiting >= self._most_waiting:
            raise Full(f"{self._size} recordings are transcribed and {self.waiting} wait; try again later")
        future: asyncio.Future[_Worker] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._hand_on(future.result())
            raise

    def _release(self, worker: "_Worker", stop: threading.Event) -> None:
        self._running.discard(stop)
        self._hand_on(worker)

    def _hand_on(self, worker: "_Worker") -> None:
        while self._waiting:
            client, futures = next(iter(self._waiting.items()))
            future = futures.popleft()
            if futures:
                self._waiting.move_to_end(client)
            else:
                del self._waiting[client]
            if not future.done():
                future.set_result(worker)
                return
        self._idle.append(worker)


class _Worker:
    """A process, and how it is spoken to; used by one thread at a time."""

    def __init__(self) -> None:
        self._process: Any = None
        self._pipe: Connection | None = None

    def run(self, job: Job, tell: Any, stop: threading.Event) -> None:
        """Have a job done; returns when it is."""
        try:
            pipe = self._ready()
            pipe.send(job)
            overdue_s = job.limits.until_s + _OVERDUE_S
            asked = False
            while True:
                if pipe.poll(_POLL_S):
                    message = pipe.recv()
                    if message["type"] == "idle":
                        return
                    tell(message)
                if stop.is_set() and not asked:
                    asked = True
                    overdue_s = time.monotonic() + _OVERDUE_S
                    pipe.send("stop")
                if time.monotonic() > overdue_s:
                    self.close()
                    tell(_failure(_ENDED if asked else "the request took longer than this server allows", 503))
                    return
        except (EOFError, OSError):
            self.close()
            tell(_failure("the recording could not be decoded: it brought its decoder down", 422))

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    def _ready(self) -> Connection:
        if self._pipe is None or not self._process.is_alive():
            self.close()
            context = multiprocessing.get_context("spawn")
            self._pipe, other = context.Pipe()
            self._process = context.Process(target=_serve, args=(other,), name="transcriber", daemon=True)
            with interrupts_blocked():
                self._process.start()
            other.close()
        return self._pipe


def _failure(line: str, status: int) -> Message:
    return {"type": "refused", "status": status, "error": line}


# In each process.


def _serve(pipe: Connection) -> None:
    """Do one job after the other, until the pipe is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the server, which lets jobs be finished
        signal.signal(number, signal.SIG_IGN)
    one_thread()
    if hasattr(os, "nice"):
        os.nice(_POLITE)
    _bound_memory()

    def cancelled() -> bool:
        if not pipe.poll():
            return False
        pipe.recv()
        return True

    with contextlib.suppress(EOFError, OSError):  # the server is gone
        while True:
            job = pipe.recv()
            if not isinstance(job, Job):  # an end that came too late
                continue
            try:
                transcribe(job, pipe.send, cancelled)
            except Cancelled:
                pipe.send(_failure(_ENDED, 503))
            except (EOFError, OSError):
                raise
            except Exception as error:
                pipe.send(_failure(f"the tracker failed ({type(error).__name__}); this is a defect of the server", 500))
            pipe.send({"type": "idle"})


def _bound_memory() -> None:
    """A recording that would take more memory fails, alone."""
    with contextlib.suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        with open("/proc/self/statm", encoding="ascii") as pages:
            used = int(pages.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY_BYTES, resource.RLIM_INFINITY))
