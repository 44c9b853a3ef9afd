"""Hundreds of uploads and sockets that nobody should send: no 5xx, no hang, and no memory that grows with them.

``MALFORMED=500 python -m pytest tests/web/test_malformed.py`` sends more.
"""

import contextlib
import http.client
import io
import json
import os
import random
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from websockets.exceptions import ConnectionClosed

from tests.tones import melody
from tests.web.servers import Heard, listen_to_end, start_message, whole_stream
from tests.web.test_predict import form, post, wav

COUNT = int(os.environ.get("MALFORMED", "150"))
UPLOADS, SOCKETS, CLIENTS = COUNT * 4 // 5, COUNT // 5, 8
MOST_MORE_MB = 150
SAMPLES, _ = melody([60], 8_000)


def flac(samples, rate_hz=8_000):
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format="FLAC")
    return file.getvalue()


def wav_that_says(rate_hz=8_000, channels=1, bits=16, kind=1, size=0xFFFFFFFF, data=b"\0" * 4_000):
    """A WAV file with whatever header."""
    block = max(1, channels * bits // 8)
    head = struct.pack("<HHIIHH", kind, channels & 0xFFFF, rate_hz, rate_hz * block & 0xFFFFFFFF, block & 0xFFFF, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", size & 0xFFFFFFFF) + data
    return b"RIFF" + struct.pack("<I", len(body) & 0xFFFFFFFF) + body


def bomb():
    """Minutes of silence in a few kilobytes."""
    return flac(np.zeros(8_000 * 600, np.float32))


def mutated(whole, random_):
    """One of the many ways in which bytes go wrong."""
    content = bytearray(whole)
    for _ in range(random_.choice((1, 3, 30))):
        content[random_.randrange(len(content))] = random_.randrange(256)
    if random_.random() < 0.3:
        del content[random_.randrange(len(content)) :]
    if random_.random() < 0.1:
        content *= 2
    return bytes(content)


def uploads(random_):
    """Body, path and headers of each."""
    samples = [wav(SAMPLES, 8_000), flac(SAMPLES)]
    nan = wav_that_says(kind=3, bits=32, data=np.tile(np.array([np.nan, np.inf, -1e38], "<f4"), 3_000).tobytes())
    lies = [
        wav_that_says(rate_hz=1),
        wav_that_says(rate_hz=0xFFFFFFFF),
        wav_that_says(channels=65_535),
        wav_that_says(channels=0),
        wav_that_says(bits=0),
        wav_that_says(size=0),
        nan,
        bomb(),
        wav_that_says()[:44],
        b"RIFF",
        b"\0",
        b"ID3" + b"\xff" * 3_000,
        b"\xff\xfb\x90\x00" * 2_000,
    ]
    texts = [
        b"[]",
        b"{}",
        b"null",
        b"[[]]",
        b"[1e400]",
        b'{"samples": [], "sample_rate": 8000}',
        b'{"samples": [1e400, -1e400, 1e38], "sample_rate": 8000}',
        b'{"samples": [[0]], "sample_rate": 8000}',
        b'{"samples": {}, "sample_rate": []}',
        b'{"samples": [' + b"1" * 5_000 + b'], "sample_rate": 8000}',
        b'{"samples": [0], "sample_rate": 191999.5}',
        b"[" * 400_000,
        b'{"a":' * 50_000,
        b"\xff\xfe",
        b"[" + b"[0]," * 100_000 + b"[0]]",
    ]
    forms = [form("a", b""), form("\\..\\..\\etc", samples[0]), b"--cut", b"--cut--", b"", b"--cut\r\n\r\n" * 5_000]
    for k in range(UPLOADS):
        path = random_.choice(
            ("/predict", "/predict?preset=", "/predict?channel=2", "/predict?%00=%ff", "/transcribe?low=C9")
        )
        path = path if k % 5 == 0 else "/predict"
        accept = random_.choice(("", "*/*", "audio/midi", "text/csv", "application/x-ndjson", ";;q=x,,", "x" * 5_000))
        match k % 4:
            case 0:
                yield random_.choice(lies), path, {"accept": accept}
            case 1:
                yield random_.choice(texts), path, {"content_type": "application/json", "accept": accept}
            case 2:
                kind = random_.choice(
                    ("multipart/form-data; boundary=cut", "multipart/form-data", "multipart/form-data; boundary=")
                )
                yield random_.choice(forms), path, {"content_type": kind}
            case _:
                yield mutated(random_.choice(samples), random_), path, {"accept": accept}


def sockets(random_):
    """What is sent on each."""
    start = start_message(8_000)
    ends = [
        '{"type": "stop"}',
        '{"type":',
        "x" * 70_000,
        b"",
        b"\0" * 3,
        b"\0" * (1 << 20),
        '{"type": "ping", "sent": {}}',
    ]
    for _ in range(SOCKETS):
        first = random_.choice((start, start, start, "", "[]", '{"type": "start", "rate_hz": 1e99}', b"\xff", "\0"))
        floods = (
            [b"\0\0\0\0"] * 300,
            [np.full(2_000, np.nan, "<f4").tobytes()] * 3,
            ['{"type": "set", "name": "transpose", "value": 99}'],
            ['{"type": "set", "name": "scale", "value": "H minor"}'],
            ['{"type": "ping", "sent": 1}'] * 50,
            [random_.randbytes(4_000)],
            [],
        )
        yield [first, *random_.choice(floods), random_.choice(ends)]


def memory_mb(pid):
    """Of the server, without its pool."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    return 0.0


@pytest.fixture(scope="module", autouse=True)
def _bounded(server):
    """All of this together costs the server no memory worth the name, and it is as well as before."""
    if not Path("/proc/self/status").exists():
        pytest.skip("how much memory a process has is not told here")
    before_mb = memory_mb(server.process.pid)
    yield
    assert memory_mb(server.process.pid) - before_mb < MOST_MORE_MB
    assert whole_stream(server, melody([60, 64], 48_000)[0]).names() == ["C4", "E4"]
    failed = [line for line in server.log_lines() if line["level"] == "error"]
    assert failed == []


def test_uploads_are_used_or_refused(server):
    random_ = random.Random(0)
    with ThreadPoolExecutor(CLIENTS) as clients:
        jobs = [clients.submit(post, server, body, path, **headers) for body, path, headers in uploads(random_)]
        statuses = [job.result(timeout=60)[0] for job in jobs]
    assert len(statuses) == UPLOADS
    assert {status for status in statuses if status >= 500 or 300 <= status < 400} <= {503}, statuses
    assert statuses.count(503) == 0, "so many can wait"
    assert {200, 400, 422} <= set(statuses)


def test_sockets_end_with_a_reason(server):
    def one(messages):
        with server.socket(close_timeout=0.2, open_timeout=30) as socket, contextlib.suppress(ConnectionClosed):
            for message in messages:
                socket.send(message)
            heard = listen_to_end(socket, Heard())
            return heard.code
        return 0

    with ThreadPoolExecutor(CLIENTS) as clients:
        jobs = [clients.submit(one, messages) for messages in sockets(random.Random(1))]
        codes = [job.result(timeout=60) for job in jobs]
    assert len(codes) == SOCKETS
    assert set(codes) <= {0, 1000, 1001, 1003, 1006, 1008, 1009}
    assert {1000, 1003} <= set(codes)


def test_a_body_that_says_no_length_is_refused_when_it_is_too_long(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest("POST", "/predict")
    connection.putheader("transfer-encoding", "chunked")
    connection.endheaders()
    sent = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while sent < 20_000_000:
            connection.send(b"10000\r\n" + b"\0" * 0x10000 + b"\r\n")
            sent += 0x10000
    with contextlib.suppress(ConnectionResetError, http.client.RemoteDisconnected, BrokenPipeError):  # it may be cut
        answer = connection.getresponse()
        assert (answer.status, "2 MB" in json.loads(answer.read())["error"]) == (413, True)
    connection.close()
