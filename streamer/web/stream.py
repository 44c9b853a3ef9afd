"""``WS /stream``: one client and its engine. What is said goes through the event loop that all clients share."""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from streamer.errors import AudioFormatError, StreamerError
from streamer.events import FloatArray
from streamer.web.blocktimes import BlockTimes
from streamer.web.config import ServerConfig
from streamer.web.engines import EngineBroken, Engines, RemoteEngine
from streamer.web.metrics import Metrics
from streamer.web.protocol import VERSION, Start, parse_set, parse_start, parse_text, samples_of
from streamer.web.wire import Said

NORMAL, GOING_AWAY, BAD_DATA, POLICY, TOO_BIG, BROKEN, TRY_LATER = 1000, 1001, 1003, 1008, 1009, 1011, 1013
STATUS_S = 0.25
_FASTEST = 4.0  # times real time: a client that sends more is not read from until it is due again
_AHEAD_S = 1.0 / _FASTEST  # so much earlier it may send: a second of sound at once
_LEAST_S = 0.002  # what a message counts as at least, however few samples it has
_ENDING_S = 5.0
_LAST_S = 1.0  # what a slow client may take for the last words


class Refused(Exception):  # noqa: N818 - it is said to the client, and ends its stream
    """The stream ends with a line for the client and a close code.

    Parameters
    ----------
    message : str
        One line.
    code : int
        Of the WebSocket protocol.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Session:
    """A stream from its first message to its end.

    Parameters
    ----------
    websocket : WebSocket
        Accepted.
    start : Start
        What the client asked for.
    engine : RemoteEngine
        Ready.
    config : ServerConfig
        Limits.
    metrics : Metrics
        Counts.
    request_id : str
        For logs, and told to the client.
    """

    def __init__(
        self,
        websocket: WebSocket,
        start: Start,
        engine: RemoteEngine,
        config: ServerConfig,
        metrics: Metrics,
        request_id: str,
    ) -> None:
        self._websocket = websocket
        self._start = start
        self._engine = engine
        self._config = config
        self._metrics = metrics
        self._request_id = request_id
        self._times = BlockTimes()
        self._notes = 0
        self._received = start.first_sample
        self._heard_s = time.monotonic()
        self._due_s = self._heard_s - _AHEAD_S
        self._reason = ""

    async def run(self) -> None:
        """Until the client stops or leaves, something is wrong, or the server ends.

        Raises
        ------
        Refused
            If the client is to be told why it ended.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._say(
                {
                    "type": "ready",
                    "protocol": VERSION,
                    "rate_hz": self._start.rate_hz,
                    "settings": self._start.asked.values | {"mute": self._start.muted},
                    "bend_range": self._start.asked.expression.semitones,
                    "request_id": self._request_id,
                }
            )
            tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._send())]
            receiving, sending = tasks
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if receiving.done() and receiving.exception() is None:  # it said stop
                self._engine.finish()  # what has come is decided, notes end, and then `_send` ends
                await asyncio.wait((sending,), timeout=_ENDING_S)
        finally:
            for task in tasks:
                task.cancel()
            endings = await asyncio.gather(*tasks, return_exceptions=True)
            self._engine.finish()
            await self._engine.wait(_ENDING_S)
            self._metrics.stream_ended(self._notes, self._engine.lost)
        errors = [error for error in (*endings, self._engine.error) if isinstance(error, Exception)]
        if not any(isinstance(error, WebSocketDisconnect) for error in errors):
            with contextlib.suppress(TimeoutError):  # note-offs go out before anything else is said
                async with asyncio.timeout(_LAST_S):
                    await self._pass_on(self._engine.take())
        for error in errors:
            raise error
        await self._say({"type": "end", "notes": self._notes, "reason": self._reason or "stop"})

    def end(self, reason: str) -> None:
        """Have it end as if the client had asked for it; the client is told the reason.

        Parameters
        ----------
        reason : str
            One line.
        """
        self._reason = reason
        self._engine.finish()

    # -- from the client ------------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", NORMAL))
            if (data := message.get("bytes")) is not None:
                await self._take(samples_of(data, self._start.sample_format))
            elif await self._obey(parse_text(message.get("text") or "")):
                return

    async def _take(self, samples: FloatArray) -> None:
        if self._engine.overwhelmed:
            raise Refused("the client takes too little of what is sent to it", POLICY)
        self._heard_s = time.monotonic()
        self._received += len(samples)
        if len(samples):
            self._engine.push(samples)
        await self._pace(len(samples) / self._start.rate_hz)

    async def _pace(self, sound_s: float) -> None:
        """Read nothing more until a client that sends faster than anybody plays is due again."""
        now_s = time.monotonic()
        self._due_s = max(self._due_s, now_s - _AHEAD_S) + max(_LEAST_S, sound_s) / _FASTEST
        if self._due_s > now_s:
            await asyncio.sleep(self._due_s - now_s)

    async def _obey(self, message: Mapping[str, Any]) -> bool:
        """Do what a text message says; True where that is to end."""
        match message["type"]:
            case "stop":
                return True
            case "ping":
                sent = message.get("sent")
                await self._say({"type": "pong", "sent": sent if isinstance(sent, int | float) else None})
            case "set":
                name, value = parse_set(message)
                self._engine.set(name, value)
                await self._say({"type": "set", "name": name, "value": value})
            case other:
                raise AudioFormatError(f"there is no message of type {other!r:.60}; there are set, ping and stop")
        await self._pace(0.0)
        return False

    # -- to the client --------------------------------------------------------------------------------------------

    async def _send(self) -> None:
        loop, news = asyncio.get_running_loop(), self._engine.news
        status_s = 0.0
        tick = loop.call_later(STATUS_S, news.set)
        try:
            while True:
                await news.wait()
                news.clear()
                closed = self._engine.closed  # before the last look: nothing comes after it
                await self._pass_on(self._engine.take())
                now_s = time.monotonic()
                if closed or now_s - status_s >= STATUS_S:
                    status_s = now_s
                    tick.cancel()
                    tick = loop.call_later(STATUS_S, news.set)
                    await self._say(self._status())
                if closed:
                    return
                if now_s - self._heard_s > self._config.idle_s:
                    raise Refused(f"no sound came for {self._config.idle_s:g} s", GOING_AWAY)
        finally:
            tick.cancel()

    async def _pass_on(self, said: list[Said]) -> None:
        for one in said:
            if one.text:
                self._notes += one.notes
                await self._websocket.send_text(one.text)
            for _ in range(one.blocks):
                total_ms = self._times.add(one.received_ns, one.taken_ns, one.done_ns, time.monotonic_ns())
                self._metrics.block_done(total_ms)

    def _status(self) -> dict[str, Any]:
        return {
            "type": "status",
            "received": self._received,
            "dropped": self._engine.lost,
            "dropped_events": self._engine.dropped,
            "load": round(self._engine.load, 4),
            "latency": self._times.summary(),
        }

    async def _say(self, message: Any) -> None:
        await self._websocket.send_text(json.dumps(message, allow_nan=False, separators=(",", ":")))


class Streams:
    """All streams of a server.

    Parameters
    ----------
    config : ServerConfig
        Limits.
    metrics : Metrics
        Counts.
    """

    def __init__(self, config: ServerConfig, metrics: Metrics) -> None:
        self._config = config
        self._metrics = metrics
        self._count = 0
        self._engines = Engines(config.clients)
        self._sessions: set[Session] = set()
        self._ending = ""

    @property
    def count(self) -> int:
        """How many there are."""
        return self._count

    async def serve(self, websocket: WebSocket, subprotocol: str | None, request_id: str) -> None:
        """One client, from its connection to its end.

        Parameters
        ----------
        websocket : WebSocket
            Not yet accepted; who it is was looked at before.
        subprotocol : str or None
            Which one to accept.
        request_id : str
            For logs, and told to the client.
        """
        await websocket.accept(subprotocol)
        self._count += 1
        self._metrics.streams(self._count)
        code = NORMAL
        try:
            if self._count > self._config.clients:
                raise Refused(f"{self._config.clients} clients are served already; try again later", TRY_LATER)
            await self._run(websocket, request_id)
        except (WebSocketDisconnect, WebSocketDisconnected):
            return
        except (Refused, StreamerError, EngineBroken) as error:
            code = (
                error.code if isinstance(error, Refused) else BAD_DATA if isinstance(error, StreamerError) else BROKEN
            )
            await _tell(websocket, {"type": "error", "message": str(error), "request_id": request_id})
        finally:
            self._count -= 1
            self._metrics.streams(self._count)
        with contextlib.suppress(WebSocketDisconnect, WebSocketDisconnected, TimeoutError):
            async with asyncio.timeout(_LAST_S):
                await websocket.close(code if not self._ending else GOING_AWAY)

    async def end(self, reason: str) -> None:
        """End all streams, their notes first, and take no more.

        Parameters
        ----------
        reason : str
            What clients are told.
        """
        self._ending = reason
        for session in self._sessions:
            session.end(reason)
        deadline_s = time.monotonic() + _ENDING_S
        while self._count and time.monotonic() < deadline_s:
            await asyncio.sleep(0.02)
        self._engines.close()

    async def _run(self, websocket: WebSocket, request_id: str) -> None:
        if self._ending:
            raise Refused(self._ending, GOING_AWAY)
        try:
            async with asyncio.timeout(self._config.idle_s):
                message = await websocket.receive()
        except TimeoutError:
            raise Refused(f"no first message came for {self._config.idle_s:g} s", POLICY) from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", NORMAL))
        if message.get("text") is None:
            raise AudioFormatError("the first message must be a text that says what will come")
        start = parse_start(parse_text(message["text"]), self._config)
        engine = await self._engines.start(start)
        session = Session(websocket, start, engine, self._config, self._metrics, request_id)
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)


async def _tell(websocket: WebSocket, message: Mapping[str, Any]) -> None:
    with contextlib.suppress(WebSocketDisconnect, WebSocketDisconnected, TimeoutError):
        async with asyncio.timeout(_LAST_S):
            await websocket.send_text(json.dumps(message))
