"""Listening, and ending well."""

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from streamer.audio.priority import TRACKER, before_others
from streamer.errors import DeviceError
from streamer.live.realtime import SWITCH_INTERVAL_S
from streamer.web.app import Service
from streamer.web.config import ServerConfig
from streamer.web.logs import log
from streamer.web.protocol import MOST_BINARY_BYTES

_BACKLOG = 256
_LOOP = TRACKER + 1  # all engines wait for it, and it does little for each
_PING_S = 20.0
_UNREAD_S = 30  # a peer that takes nothing for so long is cut off by the system
_HEADERS_BYTES = 32_768


def listen(config: ServerConfig) -> socket.socket:
    """A socket that listens where it is wanted.

    Parameters
    ----------
    config : ServerConfig
        Host and port.

    Raises
    ------
    DeviceError
        If the address is not of this machine, is taken, or may not be had.
    """
    where = f"{config.host}:{config.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise DeviceError(f"cannot listen on {where}: {error.strerror or error}; choose another --host") from None
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError, AttributeError):  # Linux
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_S * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise DeviceError(
            f"cannot listen on {where}: {error.strerror or error}; choose another --port or --host"
        ) from None
    return listener


def run(service: Service, listener: socket.socket, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until a signal asks to end; streams are then ended, notes first, and jobs have their time.

    Parameters
    ----------
    service : Service
        What is served.
    listener : socket
        Of `listen`; closed at the end.
    ready : callable
        Called once requests are answered.
    """
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)  # the event loop must not wait for other threads
    try:
        server = _Server(service, ready)
        with before_others(_LOOP):
            server.run([listener])
    finally:
        sys.setswitchinterval(interval_s)


class _Server(uvicorn.Server):
    """Tells streams and jobs of the end before their connections are closed."""

    def __init__(self, service: Service, ready: Callable[[], None]) -> None:
        self._service, config = service, service.config
        self._ready = ready

        class Http(H11Protocol):
            """Closes connections on which no request comes."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                self.loop.call_later(config.idle_s, self._close_if_idle)

            def _close_if_idle(self) -> None:
                if self.cycle is None and self.transport.get_protocol() is self:
                    self.transport.close()

        super().__init__(
            uvicorn.Config(
                self._service.app,
                http=Http,
                ws="websockets-sansio",
                ws_max_size=MOST_BINARY_BYTES,
                ws_ping_interval=_PING_S,
                ws_ping_timeout=_PING_S,
                ws_per_message_deflate=False,  # sound does not become shorter, only later
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=bool(config.proxies),
                forwarded_allow_ips=list(config.proxies),
                timeout_keep_alive=max(1, min(5, round(config.idle_s))),
                timeout_graceful_shutdown=5,
                h11_max_incomplete_event_size=_HEADERS_BYTES,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server`."""
        await super().startup(sockets)
        log("listening", address=[one.getsockname()[:2] for one in sockets or []])
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server`."""
        log("ending")
        for server in self.servers:
            server.close()
        await self._service.end("the server ends")
        await super().shutdown(sockets)
