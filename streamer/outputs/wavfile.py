"""The sound itself as a WAV file: readable at every moment, whatever ends the program or fills the disk."""

import struct
from pathlib import Path
from threading import RLock

import numpy as np

from streamer.errors import OutputError
from streamer.events import Block, Event, FloatArray
from streamer.outputs.files import RecordFile
from streamer.outputs.sink import Sink

_HEADER = struct.Struct("<4sL4s4sLHHLLHH4sL")
_SAMPLE_BYTES = 3
_FULL_SCALE = (1 << 23) - 1
_RECORD_S = 0.25  # what a crash may cost
_LONGEST_SILENCE_S = 60.0
_LARGEST = (1 << 32) - 1024  # bytes; a WAV file says its size in 32 bits


class WavFileSink(Sink):
    """Records what the tracker is given, mono in 24 bits.

    Parameters
    ----------
    path : str or Path
        An existing file is replaced when this one is closed.
    rate_hz : int
        Sample rate of the blocks.
    start : int
        Sample index that is the file's time zero.

    Raises
    ------
    OutputError
        If it cannot be written.

    Notes
    -----
    Lost samples are silence in the file, up to a minute at once, so that its times are those of the events.
    """

    may_block = True
    wants_audio = True

    def __init__(self, path: str | Path, rate_hz: int, *, start: int = 0) -> None:
        self.name = str(path)
        self._rate_hz = rate_hz
        self._start = start
        self._waiting = bytearray()
        self._lock = RLock()
        self._closed = False
        self._began = False
        self._file = RecordFile(path, self._header(0))

    def send(self, event: Event) -> None:
        """Events are not sound."""

    def write_audio(self, block: Block) -> None:
        """Record one block; after `close`, nothing.

        Raises
        ------
        OutputError
            If the disk takes no more; the file then holds all but the last quarter of a second.
        """
        with self._lock:
            if self._closed:
                return
            self._began = True
            lost = min(block.lost, max(0, block.start - self._start), round(_LONGEST_SILENCE_S * self._rate_hz))
            self._waiting += bytes(_SAMPLE_BYTES * lost) + _as_24_bits(
                block.samples[max(0, self._start - block.start) :]
            )
            if len(self._waiting) >= _RECORD_S * self._rate_hz * _SAMPLE_BYTES:
                self._write()

    def close(self) -> None:
        """Write what waits, and let go. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._write()
            finally:
                self._file.close(keep=self._began)

    def _write(self) -> None:
        record, self._waiting = bytes(self._waiting), bytearray()
        if self._file.size + len(record) > _LARGEST:
            raise OutputError(f"cannot write more to {self.name}: a WAV file ends at 4 GiB; start another recording")
        self._file.append(record)
        self._file.patch(0, self._header(self._file.size - _HEADER.size))

    def _header(self, data_bytes: int) -> bytes:
        padded = data_bytes + data_bytes % 2
        return _HEADER.pack(
            *(b"RIFF", _HEADER.size - 8 + padded, b"WAVE"),
            *(b"fmt ", 16, 1, 1, self._rate_hz, self._rate_hz * _SAMPLE_BYTES, _SAMPLE_BYTES, 8 * _SAMPLE_BYTES),
            *(b"data", data_bytes),
        )


def _as_24_bits(samples: FloatArray) -> bytes:
    whole = np.rint(np.clip(samples, -1.0, 1.0) * _FULL_SCALE).astype("<i4")
    return whole.view(np.uint8).reshape(-1, 4)[:, :_SAMPLE_BYTES].tobytes()
