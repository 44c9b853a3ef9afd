"""The application: which path leads where."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from streamer import __version__
from streamer.web.access import Access, subprotocol_of
from streamer.web.config import ServerConfig
from streamer.web.descriptions import descriptions
from streamer.web.gate import Gate
from streamer.web.metrics import Metrics
from streamer.web.stream import Streams

STATIC = Path(__file__).parent / "static"


class Service:
    """All that one server has, and the ASGI application that offers it.

    Parameters
    ----------
    config : ServerConfig
        What it is told.

    Attributes
    ----------
    app : ASGIApp
        The application.
    streams : Streams
        Its live streams.
    """

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self._metrics = Metrics()
        self.streams = Streams(config, self._metrics)
        routes = [
            Route("/", self._page),
            Route("/healthz", self._health),
            Route("/settings", self._settings),
            Route("/metrics", self._metrics_text),
            WebSocketRoute("/stream", self._stream),
            Mount("/static", StaticFiles(directory=STATIC, check_dir=False)),
        ]
        self.app: ASGIApp = Gate(Starlette(routes=routes), Access(config), self._metrics)

    async def end(self, reason: str) -> None:
        """Take no more, and end what is under way.

        Parameters
        ----------
        reason : str
            What clients are told.
        """
        await self.streams.end(reason)

    async def _page(self, _: Request) -> Response:
        page = STATIC / "index.html"
        if not page.is_file():
            return JSONResponse({"error": "this installation has no page"}, 404)
        return FileResponse(page, headers={"cache-control": "no-cache"})

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__, "streams": self.streams.count})

    async def _settings(self, _: Request) -> Response:
        return JSONResponse({"settings": descriptions()})

    async def _metrics_text(self, _: Request) -> Response:
        return Response(self._metrics.text(), media_type=self._metrics.content_type)

    async def _stream(self, websocket: WebSocket) -> None:
        subprotocol = subprotocol_of(websocket.scope["subprotocols"])
        await self.streams.serve(websocket, subprotocol, websocket.state.request_id)
