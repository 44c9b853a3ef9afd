"""The application: which path leads where."""

import asyncio
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from streamer import __version__
from streamer.config import DEFAULT_RATE_HZ
from streamer.tracker import make_tracker, model_of
from streamer.web.access import Access, subprotocol_of
from streamer.web.config import ServerConfig
from streamer.web.descriptions import descriptions
from streamer.web.gate import Gate
from streamer.web.metrics import Metrics
from streamer.web.openapi import document, page
from streamer.web.pool import Pool
from streamer.web.predict import Predict
from streamer.web.ratelimit import RateLimit
from streamer.web.stream import Streams

STATIC = Path(__file__).parent / "static"


def _failure(request: Request, error: Exception) -> Response:
    """What Starlette refuses, as JSON."""
    assert isinstance(error, HTTPException)
    body = {"error": error.detail, "request_id": request.state.request_id}
    return JSONResponse(body, error.status_code, error.headers)


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
    pool : Pool
        Processes that transcribe recordings.

    Raises
    ------
    StreamerError
        If it cannot work so.
    """

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self._metrics = Metrics()
        self.streams = Streams(config, self._metrics)
        self.pool = Pool(config.jobs, config.waiting)
        tracker = config.asked({}).tracker
        make_tracker(tracker, DEFAULT_RATE_HZ)  # refuses what cannot work before anything is opened
        self._card = model_of(tracker).card if tracker.detector == "trained" else {"detector": tracker.detector}
        predict = Predict(config, self.pool)
        routes = [
            Route("/", self._page),
            Route("/healthz", self._health),
            Route("/settings", self._settings),
            Route("/metrics", self._metrics_text),
            Route("/model", self._model),
            Route("/openapi.json", self._openapi),
            Route("/docs", self._docs),
            Route("/predict", predict.__call__, methods=["POST"]),
            Route("/transcribe", predict.__call__, methods=["POST"]),
            WebSocketRoute("/stream", self._stream),
            Mount("/static", StaticFiles(directory=STATIC, check_dir=False)),
        ]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _failure})
        self.app: ASGIApp = Gate(app, Access(config), RateLimit(config.requests), self._metrics)

    async def end(self, reason: str) -> None:
        """Take no more, and end what is under way.

        Parameters
        ----------
        reason : str
            What clients are told.
        """
        await asyncio.gather(self.streams.end(reason), self.pool.end(self.config.grace_s))

    async def _page(self, _: Request) -> Response:
        index = STATIC / "index.html"
        if not index.is_file():
            return JSONResponse({"error": "this installation has no page"}, 404)
        return FileResponse(index, headers={"cache-control": "no-cache"})

    async def _health(self, _: Request) -> Response:
        return JSONResponse(
            {"status": "ok", "version": __version__, "streams": self.streams.count, "jobs": self.pool.running}
        )

    async def _model(self, _: Request) -> Response:
        return JSONResponse(self._card)

    async def _settings(self, _: Request) -> Response:
        return JSONResponse({"settings": descriptions(self.config.settings)})

    async def _openapi(self, _: Request) -> Response:
        return JSONResponse(document())

    async def _docs(self, _: Request) -> Response:
        return HTMLResponse(page())

    async def _metrics_text(self, _: Request) -> Response:
        return Response(self._metrics.text(), media_type=self._metrics.content_type)

    async def _stream(self, websocket: WebSocket) -> None:
        subprotocol = subprotocol_of(websocket.scope["subprotocols"])
        await self.streams.serve(websocket, subprotocol, websocket.state.request_id)
