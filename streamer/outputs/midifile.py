"""A standard MIDI file as a sink: complete and readable after every single note.

Times come from sample indices, never from a clock, so a file says exactly when each message was decided.
"""

import struct
from pathlib import Path
from threading import RLock

import mido
from mido.midifiles.meta import MetaMessage, encode_variable_int

from streamer.errors import OutputError
from streamer.events import Event
from streamer.expression.encoders import Encoder, PlainEncoder
from streamer.outputs.files import RecordFile
from streamer.outputs.sink import Sink

TICKS_PER_BEAT = 960
TEMPO_US_PER_BEAT = 500_000  # 120 beats a minute: a tick lasts 0.52 ms
TICKS_PER_S = TICKS_PER_BEAT * 1_000_000 // TEMPO_US_PER_BEAT
END_OF_TRACK = b"\x00\xff\x2f\x00"
EMPTY_TEXT = 0x01  # in place of 0x2f this makes END_OF_TRACK a text of no letters, at no time
TRACK_AT = 14  # bytes of the file's header
LENGTH_AT = TRACK_AT + 4
DATA_AT = LENGTH_AT + 4


class MidiFileSink(Sink):
    """Writes notes to a MIDI file of type 0.

    Parameters
    ----------
    path : str or Path
        An existing file is replaced.
    rate_hz : int
        Sample rate of the events.
    start : int
        Sample index that is the file's time zero.
    channel : int
        0 to 15.
    encoder : Encoder, optional
        Makes the messages; by default a `PlainEncoder` for the channel.

    Raises
    ------
    OutputError
        If it cannot be written.

    Notes
    -----
    A track's chunk begins with its length and ends with an end-of-track event, so a file cannot simply grow. Three
    writes, each of which leaves a whole file behind it, make it do so: the new event and a new end go after the old
    end, where no reader looks; the length is made to cover them; and one byte turns the old end into an empty text. A
    program that is killed between any two loses no earlier note. `close` writes the file anew without those texts.
    """

    may_block = True

    def __init__(
        self, path: str | Path, rate_hz: int, *, start: int = 0, channel: int = 0, encoder: Encoder | None = None
    ) -> None:
        self.name = str(path)
        self._rate_hz = rate_hz
        self._start = start
        self._encoder = encoder or PlainEncoder(channel)
        self._tick = 0  # of the newest message
        self._now = start
        # What `close` writes: some 7 bytes a message, so hours of playing are kilobytes.
        self._track = bytearray(_encode(MetaMessage("set_tempo", tempo=TEMPO_US_PER_BEAT), 0))
        self._lock = RLock()
        self._closed = False
        self._file = RecordFile(path, _whole(self._track))

    def send(self, event: Event) -> None:
        """Record what the event is in MIDI, see `Sink.send`; after `close`, nothing.

        Raises
        ------
        OutputError
            If the disk takes no more; the file then holds all earlier messages.
        """
        with self._lock:
            if self._closed:
                return
            self._now = max(self._now, event.sample)
            for message in self._encoder.encode(event):
                tick = self._tick_now()
                record = _encode(message, tick - self._tick)
                try:
                    self._grow(record)
                except (OutputError, BrokenPipeError):
                    self._encoder.withdrawn(message)
                    raise
                self._keep(message, record, tick)

    def close(self) -> None:
        """End what sounds at the time of the last event, and complete the file. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for message in self._encoder.end():
                if message.type == "note_off":  # a file has no receiver to convince
                    tick = self._tick_now()
                    self._keep(message, _encode(message, tick - self._tick), tick)
            self._file.replace(_whole(self._track))

    def _tick_now(self) -> int:
        # From the absolute time, so that rounding never adds up.
        return max(self._tick, round((self._now - self._start) * TICKS_PER_S / self._rate_hz))

    def _grow(self, record: bytes) -> None:
        old_end = self._file.size - len(END_OF_TRACK)
        self._file.append(record + END_OF_TRACK)
        self._file.patch(LENGTH_AT, struct.pack(">L", self._file.size - DATA_AT))
        self._file.patch(old_end + END_OF_TRACK.index(0x2F), bytes([EMPTY_TEXT]))

    def _keep(self, message: mido.Message, record: bytes, tick: int) -> None:
        self._track += record
        self._tick = tick
        self._encoder.sent(message)


def _encode(message: mido.Message | MetaMessage, ticks: int) -> bytes:
    return bytes([*encode_variable_int(ticks), *message.bytes()])


def _whole(track: bytes | bytearray) -> bytes:
    data = bytes(track) + END_OF_TRACK
    header = b"MThd" + struct.pack(">LHHH", 6, 0, 1, TICKS_PER_BEAT)
    return header + b"MTrk" + struct.pack(">L", len(data)) + data
