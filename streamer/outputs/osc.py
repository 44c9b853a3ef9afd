"""Open Sound Control out: every event as one UDP message.

This is the reference of the addresses, and later versions only add arguments at the end. ``i`` is a whole number, ``f``
a float.

``/streamer/begin i``
    Sample rate in Hz. At the start, and again when the network was away.
``/streamer/note_on i i f i i i``
    MIDI note number, velocity, fractional pitch, which note of the stream, which note this is under a better name (0
    for a note of its own), MIDI channel from 1.
``/streamer/note_off i f i i``
    MIDI note number, fractional median pitch, which note of the stream, MIDI channel from 1.
``/streamer/pitch f f f``
    Frequency in Hz, 0 where unvoiced; confidence from 0 to 1; level in dB relative to full scale. At most 100 a second.
``/streamer/gap i``
    So many samples were lost.
``/streamer/panic``
    Whatever sounds is to be silent.
"""

import socket
from threading import RLock
from typing import Any

from streamer.errors import ConfigError, OutputError, require_extra
from streamer.events import Event, Gap, NoteOff, NoteOn, PitchEstimate
from streamer.expression.pairing import OpenNotes
from streamer.outputs.sink import Sink

PREFIX = "/streamer/"
LOOPBACK = "127.0.0.1"
_MOST_INT = 2**31 - 1
_PITCHES_PER_S = 100


class OscSink(Sink):
    """Sends events as OSC messages over UDP.

    Parameters
    ----------
    host : str
        Name or address of the receiver.
    port : int
        Its UDP port.
    rate_hz : int
        Sample rate of the events.

    Raises
    ------
    MissingExtraError
        If python-osc is not installed.
    OutputError
        If there is no such host, or no network to it.

    Notes
    -----
    UDP does not tell whether anybody listens. Nothing ever waits here: what the network does not take at once is a
    failure, after which `reopen` may be tried.
    """

    can_reopen = True

    def __init__(self, host: str, port: int, rate_hz: int) -> None:
        require_extra("pythonosc", "OSC")
        self.name = f"OSC {host}:{port}"
        self._host, self._port, self._rate_hz = host, port, rate_hz
        self._lock = RLock()
        self._open: OpenNotes[NoteOn] = OpenNotes()
        self._pitch_from = 0
        self._socket: socket.socket | None = None
        self._address: Any = None
        self.reopen()

    def send(self, event: Event) -> None:
        """Send the event, see `Sink.send`; after `close`, nothing. Raises `OutputError` when the network is gone."""
        with self._lock:
            match event:
                case NoteOn():
                    self._open.begin(event, event)
                    self._write("note_on", *_note_on(event))
                case NoteOff():
                    self._write("note_off", *_note_off(event))
                    self._open.end(event)
                case PitchEstimate() if event.sample >= self._pitch_from:
                    self._pitch_from = event.sample + self._rate_hz // _PITCHES_PER_S
                    self._write("pitch", event.f0_hz or 0.0, event.confidence, event.level_db)
                case Gap():
                    self._write("gap", event.lost)

    def panic(self) -> None:
        """End what sounds, and say so for whatever else the receiver believes to sound."""
        with self._lock:
            self._end()
            self._write("panic")

    def reopen(self) -> None:
        """Look the host up, and end what sounded when the network went. Raises `OutputError` where there is none."""
        with self._lock:
            self.close()
            try:
                family, kind, _, _, self._address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[
                    0
                ]
                self._socket = socket.socket(family, kind)
                self._socket.setblocking(False)
            except OSError as error:
                raise OutputError(f"OSC cannot be sent to {self._host}: {error.strerror or error}") from None
            self._write("begin", self._rate_hz)
            self._end()

    def close(self) -> None:
        """End what sounds, and let go of the socket. May be called twice, and after a failed `send`."""
        with self._lock:
            if self._socket is None:
                return
            try:
                self._end()
            except OutputError:
                pass  # so the notes stay open, for `reopen`
            finally:
                self._socket.close()
                self._socket = None

    def _end(self) -> None:
        for on in self._open.remaining():
            self._write("note_off", on.note, on.midi, on.note_id, _channel(on))
            self._open.forget(on)

    def _write(self, what: str, *arguments: float) -> None:
        if self._socket is None:
            return
        from pythonosc.osc_message_builder import OscMessageBuilder

        builder = OscMessageBuilder(PREFIX + what)
        for argument in arguments:
            whole = isinstance(argument, int)
            value: Any = max(-_MOST_INT, min(_MOST_INT, argument)) if whole else argument
            builder.add_arg(value, "i" if whole else "f")
        try:
            self._socket.sendto(builder.build().dgram, self._address)
        except OSError as error:
            raise OutputError(f"{self.name} cannot be reached: {error.strerror or error}") from None


def osc_address(text: str, default_host: str = "") -> tuple[str, int]:
    """Host and port of a text such as ``192.168.1.20:9000`` or ``[::1]:9000``.

    Parameters
    ----------
    text : str
        As people write it.
    default_host : str
        Where the text may be a port alone: the host that is meant.

    Raises
    ------
    ConfigError
        If it is none.
    """
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else default_host
    if not host or not port.isascii() or not port.isdecimal() or not 1 <= int(port[:6]) <= 65_535:
        raise ConfigError(f"{text[:80]!r} is no address for OSC; write host:port, as in 127.0.0.1:9000")
    return host, int(port)


def _channel(event: NoteOn | NoteOff) -> int:
    return 1 + (event.channel or 0)


def _note_on(event: NoteOn) -> tuple[float, ...]:
    return event.note, event.velocity, float(event.midi), event.note_id, event.corrects, _channel(event)


def _note_off(event: NoteOff) -> tuple[float, ...]:
    return event.note, float(event.midi), event.note_id, _channel(event)
