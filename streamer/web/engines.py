"""Engines of live streams in processes beside the event loop: one interpreter would not be enough for all of them."""

import asyncio
import json
import multiprocessing
import os
import socket
import threading
import time
from collections import deque
from multiprocessing.connection import Connection
from typing import Any

from streamer.errors import StreamerError
from streamer.events import FloatArray
from streamer.jobs import interrupts_blocked
from streamer.web.enginehost import serve_engines
from streamer.web.protocol import Start
from streamer.web.wire import Frames, Kind, Said, block_frame, frame, said_of

MOST_PITCHES = 4096  # that wait for a slow client, some ten seconds of them; more are lost, and counted
MOST_MESSAGES = 8192  # that wait; of those with notes none may be lost, so the client is given up
_MOST_SILENT = 64  # messages that wait and only say when a block was done: who is so slow learns no times
_BUFFER_S = 2.0  # of sound that may wait for an engine
_BUFFER_BLOCKS = 4096
_FEW = 2  # streams, for which no other process is started
_STARTING_S = 60.0


class EngineBroken(Exception):  # noqa: N818 - the client is told, and may start again
    """An engine has failed, or its process has died."""


class RemoteEngine(asyncio.Protocol):
    """The server's end of an engine: samples in, texts for the client out, both bounded.

    Parameters
    ----------
    start : Start
        What its client asked for.

    Attributes
    ----------
    news : asyncio.Event
        Set when there is something to be taken.
    lost : int
        Samples that it could not take.
    dropped : int
        Pitch estimates that were lost because the client was slow.
    load : float
        Time that the engine takes, of the time that the sound lasts.
    closed : bool
        Whether nothing will follow.
    overwhelmed : bool
        Whether more messages wait for the client than may.
    error : Exception or None
        What has ended it, where that was not asked for.
    """

    def __init__(self, start: Start) -> None:
        self.news = asyncio.Event()
        self.lost = self.dropped = 0
        self.load = 0.0
        self.closed = self.overwhelmed = False
        self.error: Exception | None = None
        self._rate_hz = start.rate_hz
        self._pending = start.first_sample  # samples that it is told to have missed before the next block
        self._ready = asyncio.Event()
        self._done = asyncio.Event()
        self._frames = Frames()
        self._transport: asyncio.WriteTransport | None = None
        self._samples = self._blocks = 0  # with the engine
        self._said: deque[Said] = deque()
        self._pitches = 0  # in what waits
        self._last_words = ""
        self._ended = False

    # -- for the session -------------------------------------------------------------------------------------------

    async def ready(self) -> None:
        """Wait until it can take samples.

        Raises
        ------
        StreamerError, EngineBroken
            If it never will.
        """
        await self._ready.wait()
        if self.error is not None:
            raise self.error

    def push(self, samples: FloatArray) -> None:
        """Hand over a block; where too much waits, it is lost and counted.

        Parameters
        ----------
        samples : ndarray of float32, shape (n,)
            Mono, full scale +-1.
        """
        if self._transport is None or self.closed:
            return
        if self._samples + len(samples) > _BUFFER_S * self._rate_hz or self._blocks >= _BUFFER_BLOCKS:
            self.lost += len(samples)
            self._pending += len(samples)
            return
        self._samples += len(samples)
        self._blocks += 1
        lost, self._pending = self._pending, 0
        self._transport.write(block_frame(samples, time.monotonic_ns(), lost))

    def set(self, name: str, value: Any) -> None:
        """Let a setting hold from the next block on.

        Parameters
        ----------
        name : str
            One of `streamer.web.protocol.LIVE`.
        value : object
            Checked.
        """
        if self._transport is not None:
            self._transport.write(frame(Kind.SET, json.dumps([name, value]).encode()))

    def finish(self) -> None:
        """No more will come: what has come is decided, notes end, and then it is closed."""
        if self._transport is not None and not self.closed:
            self._transport.write(frame(Kind.FINISH))

    async def wait(self, timeout_s: float) -> None:
        """Wait until it is closed, or the time is over; then it is closed from here.

        Parameters
        ----------
        timeout_s : float
            Seconds.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._done.wait()
        except TimeoutError:
            self._close(EngineBroken("the engine does not end"))
        self.abandon()

    def abandon(self) -> None:
        """Let go of it; it ends by itself."""
        if self._transport is not None:
            self._transport.abort()

    def take(self) -> list[Said]:
        """All that waits, in order."""
        taken, self._said = list(self._said), deque()
        self._pitches = 0
        return taken

    # -- of the event loop -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        for kind, payload in self._frames.feed(data):
            match kind:
                case Kind.SAID:
                    self._take(said_of(payload))
                case Kind.LAST_WORDS:
                    self._last_words = str(payload, "ascii")
                case Kind.READY:
                    self._ready.set()
                case Kind.ENDED:
                    self._close(StreamerError(str(payload, "utf-8")) if len(payload) else None)
                case Kind.BROKEN:
                    self._close(EngineBroken(str(payload, "utf-8")))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the line is what is said
        """See `asyncio.Protocol`."""
        if not self.closed:
            if self._last_words:  # notes end, whatever dies
                self._said.append(Said(self._last_words))
            self._close(EngineBroken("the process that listened to this stream has died; start again"))

    def _take(self, said: Said) -> None:
        if said.samples:
            self._samples -= said.samples
            self._blocks -= said.blocks
            block_s = said.samples / self._rate_hz
            load = (said.done_ns - said.taken_ns) / 1e9 / block_s
            self.load += (load - self.load) * min(1.0, block_s)
        if said.only_pitches and self._pitches + said.pitches > MOST_PITCHES:
            self.dropped += said.pitches
            return
        if not said.text and len(self._said) >= _MOST_SILENT:
            return
        if len(self._said) >= MOST_MESSAGES:
            self.overwhelmed = True
            return
        self._pitches += said.pitches
        self._said.append(said)
        self.news.set()

    def _close(self, error: Exception | None) -> None:
        if not self.closed:
            self.closed, self.error = True, error
            for event in (self._ready, self._done, self.news):
                event.set()


class Engines:
    """The processes in which engines run: each starts when it is first needed, and is replaced if it dies.

    Parameters
    ----------
    clients : int
        Streams at once: there are no more processes than that, nor than cores.
    """

    def __init__(self, clients: int) -> None:
        self._size = max(1, min(os.cpu_count() or 1, clients))
        self._hosts: list[_Host] = []
        self._starting = asyncio.Lock()

    async def start(self, start: Start) -> RemoteEngine:
        """An engine that is ready.

        Parameters
        ----------
        start : Start
            What its client asks for.

        Raises
        ------
        StreamerError
            If it cannot be made of that.
        EngineBroken
            If its process cannot be started.
        """
        host = await self._host()
        engine = RemoteEngine(start)
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                await asyncio.to_thread(host.give, theirs, start)
            await asyncio.get_running_loop().create_connection(lambda: engine, sock=ours)
        except BaseException as error:
            host.streams -= 1
            ours.close()
            if isinstance(error, OSError | EOFError):
                raise EngineBroken("the process that was to listen has died; start again") from None
            raise
        asyncio.create_task(self._count_out(engine, host))  # noqa: RUF006 - the engine's end ends it
        try:
            await engine.ready()
        except BaseException:
            engine.abandon()
            raise
        return engine

    def close(self) -> None:
        """End all processes."""
        for host in self._hosts:
            host.close()
        self._hosts.clear()

    async def _host(self) -> "_Host":
        """The process with the fewest streams, with this one counted in."""
        async with self._starting:
            self._hosts = [host for host in self._hosts if host.alive]
            least = min(self._hosts, key=lambda host: host.streams, default=None)
            if least is None or (least.streams >= _FEW and len(self._hosts) < self._size):
                least = await asyncio.to_thread(_Host)
                self._hosts.append(least)
            least.streams += 1
            return least

    async def _count_out(self, engine: RemoteEngine, host: "_Host") -> None:
        await engine._done.wait()
        host.streams -= 1


class _Host:
    """One of the processes.

    Attributes
    ----------
    streams : int
        That it has.
    """

    def __init__(self) -> None:
        self.streams = 0
        self._lock = threading.Lock()
        context = multiprocessing.get_context("spawn")
        self._pipe: Connection
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=serve_engines, args=(other,), name="engines", daemon=True)
        with interrupts_blocked():
            self._process.start()
        other.close()
        if not self._pipe.poll(_STARTING_S):
            self.close()
            raise EngineBroken("no process could be started that listens; try again later")

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def give(self, line: socket.socket, start: Start) -> None:
        """Have it run an engine."""
        with self._lock:
            self._pipe.send((line, start))

    def close(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()
