"""Raw PCM from a pipe, so that any program which records can be the microphone."""

import os
import queue
import threading
import time

import numpy as np

from streamer.audio.source import EndOfStream, Source
from streamer.errors import AudioFormatError, ConfigError
from streamer.events import Block, FloatArray

FORMATS: dict[str, np.dtype[np.int16] | np.dtype[np.float32]] = {"s16": np.dtype("<i2"), "f32": np.dtype("<f4")}
_CHUNK_BYTES = 4096
_CHUNKS = 16
_FILE_HEADERS = {b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3\x03": "MP3", b"ID3\x04": "MP3"}


class PipeSource(Source):
    """Interleaved little-endian samples from a file descriptor, mixed to mono.

    It is never faster than its reader: a full queue lets the writing program wait, so nothing is lost here.

    Parameters
    ----------
    rate_hz : int
        Samples per second and channel, which raw PCM does not say.
    sample_format : str
        A key of `FORMATS`.
    channels : int
        How many are interleaved; their mean is heard.
    fd : int
        File descriptor to read; standard input by default.

    Raises
    ------
    ConfigError
        When there is no such format or number of channels.
    """

    can_wait = True

    def __init__(self, rate_hz: int, sample_format: str = "s16", channels: int = 1, fd: int = 0) -> None:
        if sample_format not in FORMATS:
            raise ConfigError(f"the format is {sample_format!r}, but must be one of {', '.join(FORMATS)}")
        if channels < 1:
            raise ConfigError(f"channels is {channels}, but must be at least 1")
        self.rate_hz = rate_hz
        self.name = "standard input" if fd == 0 else f"file descriptor {fd}"
        self._dtype = FORMATS[sample_format]
        self._channels = channels
        self._fd = fd
        self._chunks: queue.Queue[tuple[bytes, int]] = queue.Queue(_CHUNKS)
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._rest = b""
        self._time = 0
        self._ended = False

    def start(self) -> None:
        """Begin to read. See `Source.start`."""
        if self._thread is None:
            # A thread, since Windows cannot wait for a pipe with a time limit.
            self._thread = threading.Thread(target=self._fill, name="pipe", daemon=True)
            self._thread.start()

    def _fill(self) -> None:
        data = b"-"
        while data and not self._closed.is_set():
            try:
                data = os.read(self._fd, _CHUNK_BYTES)
            except OSError:  # closed by somebody else, or a terminal that hung up: no more will come
                data = b""
            self._chunks.put((data, time.monotonic_ns()))

    def read(self, timeout_s: float) -> Block | None:
        """The next samples. See `Source.read`.

        Raises
        ------
        AudioFormatError
            When this is a sound file rather than bare samples.
        """
        if self._ended:
            raise EndOfStream
        try:
            data, captured_ns = self._chunks.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if not data:
            self._ended = True  # half a sample that may be left over means nothing
            raise EndOfStream
        data = self._rest + data
        if self._time == 0 and data[:4] in _FILE_HEADERS:
            kind = _FILE_HEADERS[data[:4]]
            raise AudioFormatError(
                f"{self.name} is a {kind} file, not raw PCM: `arecord -t raw` leaves out the header, and "
                "`streamer transcribe` reads files"
            )
        whole = len(data) - len(data) % (self._dtype.itemsize * self._channels)
        self._rest = data[whole:]
        samples = mono(np.frombuffer(data[:whole], self._dtype).reshape(-1, self._channels))
        block = Block(samples, self._time, captured_ns)
        self._time += len(samples)
        return block if len(samples) else None

    def close(self) -> None:
        """Stop reading. The thread ends with the pipe's next bytes, or with the process."""
        self._closed.set()
        while not self._chunks.empty():  # lets it out of a full queue
            self._chunks.get()


def mono(samples: np.ndarray) -> FloatArray:
    """The mean of all channels, full scale +-1, with 0 for what is no number.

    Parameters
    ----------
    samples : ndarray of int16 or float32, shape (n, channels)
        Interleaved channels as they came.
    """
    scaled = samples.astype(np.float32)
    if samples.dtype.kind == "i":
        scaled /= 1 << (8 * samples.dtype.itemsize - 1)
    mixed: FloatArray = scaled[:, 0].copy() if scaled.shape[1] == 1 else scaled.mean(axis=1, dtype=np.float32)
    mixed[~np.isfinite(mixed)] = 0.0
    return mixed
