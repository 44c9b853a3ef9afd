"""How often one client may ask, in bounded memory."""

import ipaddress
import time
from collections import OrderedDict

_REMEMBERED = 10_000  # clients


class RateLimit:
    """A bucket of tokens for each client, filled evenly; a full one lets a minute's requests in at once.

    Parameters
    ----------
    per_minute : int
        Requests of one client.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and when there were so many

    def wait_s(self, client: str) -> float:
        """Take a token: 0 where there was one, else the seconds until there is.

        Parameters
        ----------
        client : str
            Its address. All of a network that one household or host has counts as one.
        """
        client, now_s = _network_of(client), time.monotonic()
        tokens, before_s = self._buckets.pop(client, (float(self._per_minute), now_s))
        tokens = min(float(self._per_minute), tokens + (now_s - before_s) * self._per_minute / 60.0)
        allowed = tokens >= 1.0
        self._buckets[client] = (tokens - 1.0 if allowed else tokens, now_s)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - tokens) * 60.0 / self._per_minute


def _network_of(client: str) -> str:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    return str(ipaddress.ip_network((client, 64), strict=False)) if address.version == 6 else client
