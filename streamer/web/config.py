"""What a server is told: where it listens, who may use it, and how much of it."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamer.config import TrackerConfig
from streamer.errors import ConfigError
from streamer.music.config import MusicConfig
from streamer.settings import web
from streamer.settings.description import Setting, described, settings_of
from streamer.settings.expression import EXPRESSION, Expression
from streamer.settings.music import MUSIC
from streamer.settings.tracker import TRACKER, config_of, resolve_tracker

_TOKEN = re.compile(r"[A-Za-z0-9._~+-]{16,256}")  # what may stand in a WebSocket subprotocol
_NOT_FOR_CLIENTS = ("model", "detector")  # they name files, and libraries that may be missing
BENDING = tuple(setting for setting in EXPRESSION if setting.name in ("bend", "bend_range"))
"""What of the expression means something without a MIDI receiver."""

FOR_CLIENTS = {
    setting.name: setting for setting in (*TRACKER, *MUSIC, *BENDING) if setting.name not in _NOT_FOR_CLIENTS
}
"""What a client may choose, by name."""


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
    requests : int
        Of one client in a minute.
    body_mb, json_mb : int
        Largest file, and largest JSON, in megabytes.
    duration_s : float
        Longest recording, in seconds.
    most_rate_hz : int
        Highest sample rate that is taken.
    jobs : int
        Recordings that are transcribed at once; 0 for one on each core.
    waiting : int
        Recordings that may wait for that.
    request_s : float
        Longest time for a request, in seconds.
    idle_s : float
        After how many seconds a silent connection is closed.
    grace_s : float
        How many seconds jobs may take at the end.
    settings : mapping of str to object
        Values of settings of `TRACKER`, `MUSIC` and `BENDING` that hold where a client says nothing, by name.

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
    requests: int = described(web.REQUESTS)
    body_mb: int = described(web.BODY)
    json_mb: int = described(web.JSON_BODY)
    duration_s: float = described(web.DURATION)
    most_rate_hz: int = described(web.MAX_RATE)
    jobs: int = described(web.JOBS)
    waiting: int = described(web.WAITING)
    request_s: float = described(web.REQUEST_TIME)
    idle_s: float = described(web.IDLE)
    grace_s: float = described(web.GRACE)
    settings: Mapping[str, Any] = field(default_factory=dict)

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

    def asked(self, wanted: Mapping[str, Any], *, texts: bool = False) -> "Asked":
        """What a client asks for.

        Parameters
        ----------
        wanted : mapping of str to object
            Values of settings by name.
        texts : bool
            Whether they are texts, as a query has them, or plain values, as JSON has them.

        Raises
        ------
        ConfigError
            If a name is unknown or not for clients, or a value is of another type or out of range.
        """
        given: dict[str, Any] = {}
        for name, value in wanted.items():
            if name not in FOR_CLIENTS:
                raise ConfigError(f"there is no option {name!r:.60}; choose from {', '.join(FOR_CLIENTS)}")
            given[name] = FOR_CLIENTS[name].parse(value, name) if texts else FOR_CLIENTS[name].from_toml(value, name)
        wanted_now = {**self.settings, **given}
        music = MusicConfig(**_of(MUSIC, wanted_now))
        expression = Expression(**_of(BENDING, wanted_now))
        resolved = resolve_tracker(_of(TRACKER, self.settings), None, _of(TRACKER, given))
        others = asdict(music) | asdict(expression)
        values = {name: resolved[name].value if name in resolved else others[name] for name in FOR_CLIENTS}
        return Asked(config_of(resolved), music, expression, resolved["preset"].value, values)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asked for, with the server's own choice where it said nothing.

    Attributes
    ----------
    tracker : TrackerConfig
        Settings of its tracker.
    music : MusicConfig
        Which notes it is sent.
    expression : Expression
        Its bends.
    preset : str
        Name of the preset.
    values : dict of str to object
        All that a client may choose, by name.
    """

    tracker: TrackerConfig
    music: MusicConfig
    expression: Expression
    preset: str
    values: dict[str, Any]


def server_config(given: Mapping[str, Any]) -> ServerConfig:
    """The configuration of a server from values that were given, by the names of their settings.

    Parameters
    ----------
    given : mapping of str to object
        Values of `streamer.settings.web.WEB`, and of `TRACKER`, `MUSIC` and `BENDING`.

    Raises
    ------
    ConfigError
        If they cannot be used together.
    """
    fields = {name: setting.name for name, setting in settings_of(ServerConfig).items()}
    served = _of((*TRACKER, *MUSIC, *BENDING), given)
    return ServerConfig(
        **{name: given[setting] for name, setting in fields.items() if setting in given}, settings=served
    )


def _of(catalogue: Iterable[Setting], values: Mapping[str, Any]) -> dict[str, Any]:
    return {setting.name: values[setting.name] for setting in catalogue if setting.name in values}


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # half an address of IPv6
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme in ("http", "https") and parts.netloc else ""
