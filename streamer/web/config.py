"""What a server is told: where it listens, who may use it, and how much of it."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamer.config import TrackerConfig
from streamer.errors import ConfigError
from streamer.settings import web
from streamer.settings.description import described, settings_of
from streamer.settings.tracker import TRACKER, config_of, resolve_tracker

_TOKEN = re.compile(r"[A-Za-z0-9._~+-]{16,256}")  # what may stand in a WebSocket subprotocol
_NOT_FOR_CLIENTS = ("model", "detector")  # they name files, and libraries that may be missing
FOR_CLIENTS = tuple(setting for setting in TRACKER if setting.name not in _NOT_FOR_CLIENTS)
"""The tracker's settings that clients may choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """How to serve. What is open by accident is refused.

    Attributes
    ----------
    host : str
        Address to listen on.
    port : int
        TCP port; 0 for any that is free.
    proxies : tuple of str
        Reverse proxies whose ``X-Forwarded-For`` is believed.
    token : str
        What clients must know; empty where they need not.
    insecure_open : bool
        Whether an address that others reach may do without a token.
    origins : tuple of str
        Other web sites whose pages may use the service.
    clients : int
        Live streams at once.
    most_rate_hz : int
        Highest sample rate that is taken.
    idle_s : float
        After how many seconds a silent connection is closed.
    grace_s : float
        How many seconds jobs may take at the end.
    tracker : mapping of str to object
        Values of the tracker's settings that hold where a client says nothing, by name.

    Raises
    ------
    ConfigError
        If it would be open to others without a token, or the token or an origin cannot be used.
    """

    host: str = described(web.HOST)
    port: int = described(web.PORT)
    proxies: tuple[str, ...] = described(web.PROXY)
    token: str = described(web.TOKEN)
    insecure_open: bool = described(web.INSECURE_OPEN)
    origins: tuple[str, ...] = described(web.ORIGIN)
    clients: int = described(web.CLIENTS)
    most_rate_hz: int = described(web.MAX_RATE)
    idle_s: float = described(web.IDLE)
    grace_s: float = described(web.GRACE)
    tracker: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.token and not _TOKEN.fullmatch(self.token):
            raise ConfigError(
                "the token must be 16 to 256 letters, digits or . _ ~ + -; `openssl rand -hex 16` makes one"
            )
        if not (self.token or self.insecure_open or self.is_local):
            raise ConfigError(
                f"{self.host} can be reached by others: give a --token that clients must know, "
                "or say --insecure-open if anyone may use it"
            )
        for origin in self.origins:
            if _origin_of(origin) != origin.lower().rstrip("/"):
                raise ConfigError(f"{origin} is no origin; give scheme and host, such as https://my.site")

    @property
    def is_local(self) -> bool:
        """Whether only programs on this machine reach the address."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def tracker_for(self, wanted: Mapping[str, Any]) -> tuple[TrackerConfig, dict[str, Any]]:
        """The tracker that a client asks for.

        Parameters
        ----------
        wanted : mapping of str to object
            Values of settings by name, plain as JSON or TOML has them.

        Returns
        -------
        config : TrackerConfig
            The settings in force.
        values : dict of str to object
            Those that a client may choose, by name.

        Raises
        ------
        ConfigError
            If a name is unknown or not for clients, or a value is of another type or out of range.
        """
        known = {setting.name: setting for setting in FOR_CLIENTS}
        given: dict[str, Any] = {}
        for name, value in wanted.items():
            if name not in known:
                raise ConfigError(f"there is no option {name!r:.60}; choose from {', '.join(known)}")
            given[name] = known[name].from_toml(value)
        resolved = resolve_tracker(self.tracker, None, given)
        return config_of(resolved), {name: resolved[name].value for name in known}


def server_config(given: Mapping[str, Any]) -> ServerConfig:
    """The configuration of a server from values that were given, by the names of their settings.

    Parameters
    ----------
    given : mapping of str to object
        Values of `streamer.settings.web.WEB` and of the tracker's settings.

    Raises
    ------
    ConfigError
        If they cannot be used together.
    """
    fields = {name: setting.name for name, setting in settings_of(ServerConfig).items()}
    tracker = {setting.name: given[setting.name] for setting in TRACKER if setting.name in given}
    return ServerConfig(
        **{name: given[setting] for name, setting in fields.items() if setting in given}, tracker=tracker
    )


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme in ("http", "https") and parts.netloc else ""
