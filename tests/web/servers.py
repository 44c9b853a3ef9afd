"""Real servers of this package for tests, and clients of theirs."""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from streamer.events import FloatArray
from tests.real.waiting import end_process, wait_until


@dataclass
class Server:
    """A process that serves, and where."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Any = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log_lines(self) -> list[dict[str, Any]]:
        self.log.flush()
        with open(self.log.name, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.startswith("{")]

    def socket(self, **how: Any) -> ClientConnection:
        return connect(f"ws://127.0.0.1:{self.port}/stream", compression=None, max_size=None, proxy=None, **how)


@contextlib.contextmanager
def serving(*words: str, **environment: str) -> Iterator[Server]:
    """A server with these flags, on a free port, until the block ends."""
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        command = [sys.executable, "-m", "streamer", "serve", "--port", "0", *words]
        process = subprocess.Popen(command, stderr=log, env=os.environ | environment)
        try:

            def port() -> int:
                with open(log.name, encoding="utf-8") as said:
                    text = said.read()
                assert process.poll() is None, text
                found = re.search(r"serving http://\S+:(\d+)/", text)
                return int(found[1]) if found else 0

            yield Server(process, wait_until(port, "the server", 30.0), log)
        finally:
            end_process(process)


@dataclass
class Heard:
    """What a server has said on a socket."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    code: int | None = None
    last: str = ""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    def names(self) -> list[str]:
        return [note["name"] for note in self.of("note_on") if not note["corrects"]]


def start_message(rate_hz: int = 48_000, **more: Any) -> str:
    return json.dumps({"type": "start", "protocol": 1, "rate_hz": rate_hz, "format": "f32"} | more)


def listen_to_end(socket: ClientConnection, heard: Heard | None = None) -> Heard:
    """All that a socket says until it is closed."""
    heard = heard or Heard()
    with contextlib.suppress(ConnectionClosed):  # its code is kept
        for text in socket:
            message = json.loads(text)
            heard.messages += message if isinstance(message, list) else [message]
    heard.code = socket.close_code
    return heard


def play(socket: ClientConnection, samples: FloatArray, block: int = 512) -> None:
    """Send samples at once, in blocks."""
    for at in range(0, len(samples), block):
        socket.send(samples[at : at + block].astype("<f4").tobytes())


def whole_stream(server: Server, samples: FloatArray, rate_hz: int = 48_000, **start: Any) -> Heard:
    """A client that sends all of it and says stop."""
    with server.socket() as socket:
        socket.send(start_message(rate_hz, **start))
        play(socket, samples)
        socket.send('{"type": "stop"}')
        return listen_to_end(socket)
