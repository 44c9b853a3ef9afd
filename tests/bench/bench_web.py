"""Live clients of the web service at once: how long the server takes with each block, and from how many on it loses.

    python tests/bench/bench_web.py                     # 16 clients for 20 s
    python tests/bench/bench_web.py --clients 8 16 32   # more and more of them
    python tests/bench/bench_web.py --files DIR         # recordings by POST /predict, from 4 clients

Server and clients share this machine; so the clients, which stand for other machines, go before other programs, too.
The server's figures are its own: from a block's receipt until its events are sent.
"""

import argparse
import contextlib
import http.client
import json
import os
import selectors
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from streamer.audio.priority import TRACKER, before_others
from tests.tones import melody
from tests.web.servers import Server, serving, start_message

RATE_HZ, BLOCK = 48_000, 512
LATE_S = 0.005
HANDSHAKE = (
    b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Client:
    """Plays in real time, as frames that are made beforehand; understands no more of the answers than it must."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(HANDSHAKE % server.port)
        answer = self.socket.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 101"), answer
        self.socket.sendall(frame(start_message(RATE_HZ).encode(), text=True))
        while b'"ready"' not in self.socket.recv(1 << 16):
            pass
        self.notes, self.tail, self.late, self.ended = 0, b"", 0, False

    def take(self) -> None:
        """What has come."""
        data = self.socket.recv(1 << 16)
        self.ended = not data
        self.notes += data.count(b'"type":"note_on"')
        self.tail = (self.tail + data)[-8192:]

    def status(self) -> dict[str, Any]:
        """The last one."""
        text = self.tail[self.tail.rindex(b'{"type":"status"') :].decode("latin-1")
        return json.JSONDecoder().raw_decode(text)[0]


def frame(payload: bytes, *, text: bool = False) -> bytes:
    """A frame under a mask of zeros, which leaves it as it is."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return (b"\x81" if text else b"\x82") + length + bytes(4) + payload


def clients_at_once(server: Server, count: int, seconds: float) -> tuple[list[dict[str, Any]], list[float]]:
    """The last status of each, with its notes and how often it was late itself; and what `cpu_s` tells of that time."""
    samples, _ = melody([60, 64, 67, 72, 55, 59], RATE_HZ)
    frames = [frame(samples[at : at + BLOCK].astype("<f4").tobytes()) for at in range(0, len(samples) - BLOCK, BLOCK)]
    clients = [Client(server) for _ in range(count)]
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ, client)
    block_s = BLOCK / RATE_HZ
    blocks = int(seconds / block_s)
    due = [(k * block_s + i * block_s / count, i, k) for k in range(blocks) for i in range(count)]
    due += [((blocks + 1) * block_s, i, -1) for i in range(count)]
    before_s, began_s = cpu_s(server), time.monotonic() + 0.5
    for due_s, i, k in due:
        while (wait_s := began_s + due_s - time.monotonic()) > 0:
            for key, _ in selector.select(wait_s):
                key.data.take()
        clients[i].late += wait_s < -LATE_S
        if k < 0 and i == 0:
            busy_s = [after - before for before, after in zip(before_s, cpu_s(server), strict=True)]
        clients[i].socket.sendall(frame(b'{"type":"stop"}', text=True) if k < 0 else frames[k % len(frames)])
    while not all(client.ended for client in clients):
        for key, _ in selector.select(1.0):
            key.data.take()
            if key.data.ended:
                selector.unregister(key.fileobj)
                key.data.socket.close()
    return [client.status() | {"notes": client.notes, "late": client.late} for client in clients], busy_s


def cpu_s(server: Server) -> tuple[float, float]:
    """CPU time so far of the server, and of its processes with engines; 0 where the system does not tell."""
    times: dict[bool, float] = {False: 0.0, True: 0.0}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # one that has ended meanwhile
            fields = stat.read_text().rpartition(")")[2].split()
            own, child = stat.parent.name == str(server.process.pid), fields[1] == str(server.process.pid)
            if own or child:
                times[child] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return times[False], times[True]


def measure_streams(counts: list[int], seconds: float) -> None:
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {BLOCK} samples at {RATE_HZ} Hz, {seconds:g} s")
    print("clients | p50 ms | p95 ms of the median client | of the worst | dropped samples | blocks sent late")
    for count in counts:
        with serving("--max-clients", "1000", "--max-requests", "100000") as server, before_others(TRACKER):
            ends, busy_s = clients_at_once(server, count, seconds)
        totals = [end["latency"]["total_ms"] for end in ends]
        p50, p95 = (np.array([total[name] for total in totals]) for name in ("p50", "p95"))
        dropped, late = (sum(end[name] for end in ends) for name in ("dropped", "late"))
        parts = " ".join(
            f"{part} {np.median([end['latency'][f'{part}_ms']['p95'] for end in ends]):.1f}"
            for part in ("queue", "compute", "send")
        )
        loop_ms, engines_ms = (1e3 * part_s * BLOCK / RATE_HZ / seconds / count for part_s in busy_s)
        notes = sorted({end["notes"] for end in ends})
        print(
            f"{count:7} | {np.median(p50):6.2f} | {np.median(p95):6.2f} | {p95.max():6.2f} | {dropped} | {late} | "
            f"p95 of {parts}; CPU ms for a block: loop {loop_ms:.2f}, engines {engines_ms:.2f}; "
            f"load {os.getloadavg()[0]:.1f}; notes of each: {notes}",
            flush=True,
        )


def predict(server: Server, path: Path) -> tuple[str, list[dict[str, float]], float]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("POST", "/predict", path.read_bytes())
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    assert answer.status == 200, body
    return path.name, body["notes"], body["duration_s"]


def measure_files(folder: Path, clients: int) -> None:
    """All sound files below a folder, from several clients at once, against what the library makes of them."""
    from streamer.audio.file import AudioFile
    from streamer.config import TrackerConfig
    from streamer.outputs.jsonfile import note_fields
    from streamer.transcription import track

    paths = sorted(path for kind in ("wav", "flac", "ogg", "mp3") for path in folder.rglob(f"*.{kind}"))
    with serving("--max-requests", "100000") as server, ThreadPoolExecutor(clients) as pool:
        predict(server, paths[0])
        began_s = time.monotonic()
        answers = list(pool.map(lambda path: predict(server, path), paths))
        took_s = time.monotonic() - began_s
    sound_s = sum(duration_s for _, _, duration_s in answers)
    different = 0
    for path, (_, notes, _) in zip(paths, answers, strict=True):
        recording = AudioFile(path)
        known = track(recording.blocks(), recording.rate_hz, TrackerConfig()).pairs
        different += notes != [note_fields(on, off.offset, off.midi, recording.rate_hz) for on, off in known]
    print(
        f"{len(paths)} files, {sum(len(notes) for _, notes, _ in answers)} notes, {sound_s:.0f} s of sound in "
        f"{took_s:.1f} s from {clients} clients: {sound_s / took_s:.1f} times real time; "
        f"{different} files with other notes than `transcribe`"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, nargs="+", default=[16])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--files", type=Path)
    parser.add_argument("--smoke", action="store_true", help="only show that it works")
    given = parser.parse_args()
    if given.smoke:
        measure_streams([2], 1.0)
    elif given.files:
        measure_files(given.files, 4)
    else:
        measure_streams(given.clients, given.seconds)


if __name__ == "__main__":
    main()
