"""A process with engines of live streams, each with a socket to the server for both of its ends."""

import contextlib
import gc
import json
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection

import numpy as np

from streamer.audio.priority import TRACKER, before_others
from streamer.audio.source import EndOfStream, Source
from streamer.engine import Engine
from streamer.errors import StreamerError
from streamer.events import Block, Event, FloatArray, Gap, PitchEstimate
from streamer.live.realtime import SWITCH_INTERVAL_S
from streamer.outputs.jsonl import Fields, event_fields
from streamer.outputs.sink import Sink
from streamer.threads import one_thread
from streamer.tracker import LIVE_HOPS, make_tracker
from streamer.web.bends import make_bender
from streamer.web.protocol import Start
from streamer.web.wire import Frames, Kind, Said, block_of, frame, said_frame

_TOGETHER = 64  # pitch estimates in one message at most
_RECEIVED_BYTES = 65_536
_JOINED = 2_048  # samples of blocks that wait are taken as one, which costs less than one by one


class LineSource(Source):
    """Blocks from the server's socket, and between them what is to be set.

    Parameters
    ----------
    line : socket.socket
        Connected.
    rate_hz : int
        Samples per second.
    setting : callable
        Gets name and value of what is set, in the engine's thread.

    Attributes
    ----------
    received_ns, taken_ns : int
        `time.monotonic_ns` when the latest block came to the server, and when the engine took it.
    blocks : int
        How many that have waited are joined in the latest block; `received_ns` is that of the first of them.
    """

    def __init__(self, line: socket.socket, rate_hz: int, setting: Callable[[str, object], None]) -> None:
        self.rate_hz = rate_hz
        self.name = "client"
        self.received_ns = self.taken_ns = self.blocks = 0
        self._line = line
        self._setting = setting
        self._frames = Frames()
        self._waiting: deque[tuple[Kind, memoryview]] = deque()
        self._time = 0

    def start(self) -> None:
        """Nothing is to be opened."""

    def read(self, timeout_s: float) -> Block | None:  # noqa: ARG002 - see there
        """See `Source.read`; but it waits without end, since whatever is asked of its engine comes this way."""
        while not self._waiting:
            self._receive()
        kind, payload = self._waiting.popleft()
        if kind is Kind.FINISH:
            raise EndOfStream
        if kind is Kind.SET:
            self._setting(*json.loads(bytes(payload)))
            return None  # so that it holds before the next block
        samples, self.received_ns, lost = block_of(payload)
        self.taken_ns = time.monotonic_ns()
        samples = self._joined(samples)
        if lost:
            self.lost += lost
            self.losses += 1
        block = Block(samples, self._time + lost, self.received_ns, lost)
        self._time += lost + len(samples)
        return block

    def close(self) -> None:
        """The socket is closed by who has opened it."""

    def _joined(self, samples: FloatArray) -> FloatArray:
        """With the blocks that wait behind these samples, unless something was lost between them."""
        parts, count = [samples], len(samples)
        while self._waiting and self._waiting[0][0] is Kind.BLOCK:
            more, _, lost = block_of(self._waiting[0][1])
            count += len(more)
            if lost or count > _JOINED:
                break
            self._waiting.popleft()
            parts.append(more)
        self.blocks = len(parts)
        return np.concatenate(parts) if len(parts) > 1 else samples

    def _receive(self) -> None:
        try:
            data = self._line.recv(_RECEIVED_BYTES)
        except OSError:
            data = b""
        if not data:
            raise EndOfStream
        self._waiting.extend(self._frames.feed(data))


class LineSink(Sink):
    """Makes of events what the client is to be sent, and hands it to the server, block by block; notes at once.

    Parameters
    ----------
    line : socket.socket
        Connected.
    source : LineSource
        Tells of which block an event is.
    start : Start
        What the client asked for.
    """

    name = "client"
    wants_audio = True

    def __init__(self, line: socket.socket, source: LineSource, start: Start) -> None:
        self._line = line
        self._source = source
        self._rate_hz = start.rate_hz
        self._first_sample = start.first_sample
        self._bender = make_bender(start.asked, start.rate_hz)
        self._fields: list[Fields] = []
        self._notes = self._pitches = 0
        self._sounding: dict[object, Fields] = {}  # by id
        self._closed = False

    def send(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, Gap) and event.sample == event.lost == self._first_sample:
            return  # what lies before the first sample is no loss
        before = len(self._sounding)
        for fields in self._bender.fields_of(event) if self._bender else (event_fields(event, self._rate_hz),):
            self._add(fields)
        is_pitch = isinstance(event, PitchEstimate)
        self._pitches += is_pitch
        if not is_pitch or before != len(self._sounding) or self._pitches >= _TOGETHER:
            self._pass_on()

    def write_audio(self, block: Block) -> None:
        """All events of this block are out."""
        self._pass_on(len(block.samples), self._source.blocks)

    def close(self) -> None:
        """Nothing will follow. May be called twice."""
        if not self._closed:
            self._closed = True
            for fields in self._bender.end() if self._bender else ():
                self._add(fields)
            self._pass_on()

    def _add(self, fields: Fields) -> None:
        if fields["type"] == "note_on":
            fields["server_ms"] = round((time.monotonic_ns() - self._source.received_ns) / 1e6, 3)
            self._notes += not fields["corrects"]
            self._sounding[fields["note_id"]] = fields
        elif fields["type"] == "note_off":
            self._sounding.pop(fields["note_id"], None)
        self._fields.append(fields)

    def _pass_on(self, samples: int = 0, blocks: int = 0) -> None:
        if not self._fields and not samples:
            return
        text = _json(self._fields) if self._fields else ""
        times_ns = self._source.received_ns, self._source.taken_ns, time.monotonic_ns()
        only_pitches = 0 < self._pitches == len(self._fields)
        said = said_frame(Said(text, *times_ns, samples, blocks, self._notes, self._pitches, only_pitches))
        if any(fields["type"] in ("note_on", "note_off") for fields in self._fields):
            said += frame(Kind.LAST_WORDS, self._last_words())
        self._fields, self._notes, self._pitches = [], 0, 0
        with contextlib.suppress(OSError):  # the server has ended, and the source will tell; else it always reads
            self._line.sendall(said)

    def _last_words(self) -> bytes:
        ends = [
            {name: fields[name] for name in ("sample", "time_s", "note", "name", "midi", "note_id")}
            | {"type": "note_off", "offset_s": fields["time_s"]}
            for fields in self._sounding.values()
        ]
        return _json(ends).encode("ascii") if ends else b""


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def serve_engines(pipe: Connection) -> None:
    """Run an engine for each socket that comes, until the pipe is closed; the body of a process.

    Parameters
    ----------
    pipe : Connection
        Gives a socket and a `Start` for each stream.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the server, which lets notes end
        signal.signal(number, signal.SIG_IGN)
    one_thread()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()  # what was imported need not be looked through again while somebody plays
    with contextlib.suppress(EOFError, OSError):  # the server is gone
        pipe.send(None)
        while True:
            line, start = pipe.recv()
            threading.Thread(target=_stream, args=(line, start), name="stream", daemon=True).start()


def _stream(line: socket.socket, start: Start) -> None:
    with line:
        line.settimeout(None)
        error: BaseException | None
        try:
            engine = _engine(line, start)
            line.sendall(frame(Kind.READY))
            engine.start()
            engine.join()
            error = engine.error
        except Exception as failure:
            error = failure
        last = frame(Kind.ENDED)
        if isinstance(error, StreamerError):
            last = frame(Kind.ENDED, str(error).encode())
        elif error is not None:
            last = frame(Kind.BROKEN, f"the tracker failed ({type(error).__name__}); this is a defect".encode())
        with contextlib.suppress(OSError):
            line.sendall(last)


def _engine(line: socket.socket, start: Start) -> Engine:
    music = start.asked.music
    ledger = music.ledger()
    ledger.muted = start.muted

    def setting(name: str, value: object) -> None:
        nonlocal music
        if name == "mute":
            if value != ledger.muted:
                engine.command("mute")
            return
        music = replace(music, **{name: value})  # type: ignore[arg-type]
        ledger.semitones, ledger.lock = music.semitones, music.note_lock()

    source = LineSource(line, start.rate_hz, setting)
    with before_others(TRACKER):  # it holds the interpreter, for which other engines wait
        tracker = make_tracker(start.asked.tracker, start.rate_hz, hops_at_once=LIVE_HOPS)
    engine = Engine(source, tracker, [LineSink(line, source, start)], ledger=ledger)
    return engine
