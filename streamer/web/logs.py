"""A line of JSON for each thing that happened. No sound is ever logged, nor a token, nor what a query says."""

import json
import logging
import sys
import time
from typing import Any, TextIO

from streamer.errors import printable

LOGGER = logging.getLogger("streamer.web")
_CLIENT_LEFT = "ASGI callable returned without completing handshake."  # while it was let in, which is no error


class _JsonFormatter(logging.Formatter):
    """Time, level, logger and message, and what `log` was given."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "event": printable(record.getMessage()),
        }
        fields |= getattr(record, "fields", {})
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def log(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log that something happened.

    Parameters
    ----------
    event : str
        What.
    level : int
        Of `logging`.
    **fields : object
        What is known of it.
    """
    LOGGER.log(level, event, extra={"fields": fields})


def log_to(stream: TextIO | None = None) -> None:
    """Send the lines of this package, and of the server below it, to a stream.

    Parameters
    ----------
    stream : TextIO, optional
        Standard error where it is left out.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonFormatter())
    handler.addFilter(lambda record: record.getMessage() != _CLIENT_LEFT)
    for name, level in (("streamer.web", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
