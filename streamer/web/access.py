"""Who may use the service: token, Origin, Host; and the headers that keep a page to itself."""

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from streamer.web.config import ServerConfig
from streamer.web.protocol import SUBPROTOCOL

_BEARER = "bearer."
_PUBLIC = ("/", "/healthz", "/favicon.ico")  # without a token: the page asks for it, and tells nothing
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "permissions-policy": "microphone=(self), midi=(self), camera=(), geolocation=()",
}


class Access:
    """Decides whether a request is let in.

    Parameters
    ----------
    config : ServerConfig
        Token, origins and address.
    """

    def __init__(self, config: ServerConfig) -> None:
        self._token = config.token.encode("ascii")
        self._origins = {origin.lower().rstrip("/") for origin in config.origins}
        # A site whose name is made to lead to this machine would else be of the same origin as the page.
        self._hosts: set[str] | None = None
        if config.is_local and not config.token:
            named = {urlsplit(origin).hostname or "" for origin in self._origins}
            self._hosts = {*_LOCAL_HOSTS, config.host.lower(), *named}

    def refusal(self, path: str, headers: Headers, subprotocols: list[str]) -> tuple[int, str] | None:
        """Status and reason where a request is refused; None where it is let in.

        Parameters
        ----------
        path : str
            What is asked for.
        headers : Headers
            Of the request.
        subprotocols : list of str
            That a WebSocket offers.
        """
        host = headers.get("host", "")
        if self._hosts is not None and _hostname(host) not in self._hosts:
            return 403, "this server is for its own machine; to serve it under another name, name it by --origin"
        origin = headers.get("origin")
        if origin is not None and not self.allows(origin, host):
            return 403, "pages of this origin may not use this server; --origin allows them"
        if self._token and not is_free(path):
            given = _token_of(headers, subprotocols)
            if not hmac.compare_digest(given.encode("utf-8", "replace"), self._token):
                return 401, "a token is needed: Authorization: Bearer TOKEN, or the WebSocket subprotocol bearer.TOKEN"
        return None

    def allows(self, origin: str, host: str) -> bool:
        """Whether pages of an origin may use a server that they reach under this name.

        Parameters
        ----------
        origin : str
            As a browser says it.
        host : str
            The request's Host.
        """
        origin, host = origin.lower(), host.lower()
        return origin in self._origins or (host != "" and origin in (f"http://{host}", f"https://{host}"))

    def add_headers(self, headers: MutableHeaders, origin: str | None) -> None:
        """The headers of every answer.

        Parameters
        ----------
        headers : MutableHeaders
            Of the answer.
        origin : str or None
            That the request named.
        """
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if origin is not None and origin.lower() in self._origins:
            headers["access-control-allow-origin"] = origin
            headers["access-control-expose-headers"] = "x-request-id"
            headers.add_vary_header("origin")


def is_free(path: str) -> bool:
    """Whether a path needs no token and is not counted: the page, and whether the server lives.

    Parameters
    ----------
    path : str
        What is asked for.
    """
    return path in _PUBLIC or path.startswith("/static/")


def subprotocol_of(offered: list[str]) -> str | None:
    """The subprotocol that is accepted: never the one that is a token."""
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


def _token_of(headers: Headers, subprotocols: list[str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return next((name.removeprefix(_BEARER) for name in subprotocols if name.startswith(_BEARER)), "")


def _hostname(host: str) -> str:
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
