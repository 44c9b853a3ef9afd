"""What each request goes through first and each answer last: an id, access, headers, counts, a line in the log."""

import logging
import math
import secrets
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamer.web.access import Access, is_free
from streamer.web.logs import LOGGER, log
from streamer.web.metrics import Metrics
from streamer.web.ratelimit import RateLimit

_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "authorization, content-type, accept",
    "access-control-max-age": "600",
}


class Gate:
    """An ASGI application around another.

    Parameters
    ----------
    app : ASGIApp
        Gets what is let in.
    access : Access
        Who may use it.
    rate_limit : RateLimit
        How often.
    metrics : Metrics
        Counts.
    """

    def __init__(self, app: ASGIApp, access: Access, rate_limit: RateLimit, metrics: Metrics) -> None:
        self._app = app
        self._access = access
        self._rate_limit = rate_limit
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, as ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        origin = Headers(scope=scope).get("origin")
        began_s, status = time.monotonic(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start", "websocket.accept"):
                status = message.get("status", 101)
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                self._access.add_headers(headers, origin)
            await send(message)

        try:
            refusal = self._refusal(scope)
            await (refusal or self._app)(scope, receive, answer)
        except Exception:
            LOGGER.exception("failed", extra={"fields": {"request_id": request_id, "path": _path(scope)}})
            if status:  # it has begun: it can only be cut short
                raise
            failure = JSONResponse({"error": "the server failed; its log says why", "request_id": request_id}, 500)
            await failure(scope, receive, answer)
        finally:
            took_s = time.monotonic() - began_s
            self._metrics.request(_route(scope), status, took_s)
            self._log(scope, request_id, status, took_s)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        refused = self._access.refusal(scope["path"], headers, scope.get("subprotocols", []))
        if refused is not None and not (refused[0] == 401 and _is_preflight(scope, headers)):
            status, reason = refused
            extra = {"www-authenticate": "Bearer"} if status == 401 else None
            return JSONResponse({"error": reason, "request_id": scope["state"]["request_id"]}, status, extra)
        wait_s = 0.0 if is_free(scope["path"]) else self._rate_limit.wait_s(_client(scope))
        if wait_s:
            reason = "that is more often than this server allows one client; --max-requests sets it"
            body = {"error": reason, "request_id": scope["state"]["request_id"]}
            return JSONResponse(body, 429, {"retry-after": str(math.ceil(wait_s))})
        return Response(status_code=204, headers=_PREFLIGHT) if _is_preflight(scope, headers) else None

    def _log(self, scope: Scope, request_id: str, status: int, took_s: float) -> None:
        log(
            scope["type"],
            logging.ERROR if status >= 500 and status != 503 else logging.INFO,
            request_id=request_id,
            client=_client(scope),
            method=scope.get("method", "GET"),
            path=_path(scope),
            status=status,
            took_ms=round(took_s * 1e3, 1),
        )


def _is_preflight(scope: MutableMapping[str, Any], headers: Headers) -> bool:
    return scope.get("method") == "OPTIONS" and "access-control-request-method" in headers and "origin" in headers


def _client(scope: MutableMapping[str, Any]) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _path(scope: MutableMapping[str, Any]) -> str:
    return str(scope["path"])[:200]


def _route(scope: MutableMapping[str, Any]) -> str:
    """What counts are kept under: a few names, whatever clients ask for."""
    endpoint = scope.get("endpoint")
    if endpoint is None:
        return "none"
    return str(scope["path"]) if "path_params" in scope and not scope["path_params"] else "/static"
