"""Raw PCM from a pipe, so that any program which records can be the microphone."""

import os
import queue
import select
import sys
import threading
import time

import numpy as np

from streamer.audio.channels import ChannelMixer
from streamer.audio.source import EndOfStream, Source
from streamer.config import RATES_HZ
from streamer.errors import AudioFormatError, ConfigError
from streamer.events import Block, FloatArray
from streamer.settings.io import MOST_CHANNELS

FORMATS: dict[str, np.dtype[np.int16] | np.dtype[np.float32]] = {"s16": np.dtype("<i2"), "f32": np.dtype("<f4")}
_CHUNK_BYTES = 4096
_CHUNKS = 16
_NOTHING_YET_S = 0.05
_HEADER_BYTES = 4
_FILE_HEADERS = {
    b"RIFF": "WAV",
    b"RF64": "WAV",
    b"FORM": "AIFF",
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"ID3\x03": "MP3",
    b"ID3\x04": "MP3",
}


class PipeSource(Source):
    """Interleaved little-endian samples from a file descriptor, made one channel.

    It is never faster than its reader: a full queue lets the writing program wait, so nothing is lost here.

    Parameters
    ----------
    rate_hz : int
        Samples per second and channel, which raw PCM does not say.
    sample_format : str
        A key of `FORMATS`.
    channels : int
        How many are interleaved.
    fd : int
        File descriptor to read; standard input by default. It may be non-blocking.
    channel : int or None
        Which channel to take, counted from 1; None for the rule of `streamer.audio.channels`.

    Attributes
    ----------
    mixer : ChannelMixer
        As of every `Source`.

    Raises
    ------
    ConfigError
        When there is no such rate, format or channel.
    AudioFormatError
        When standard input is closed.
    """

    can_wait = True
    mixer: ChannelMixer

    def __init__(
        self, rate_hz: int, sample_format: str = "s16", channels: int = 1, fd: int = 0, channel: int | None = None
    ) -> None:
        if sample_format not in FORMATS:
            raise ConfigError(f"the format is {sample_format!r}, but must be one of {', '.join(FORMATS)}")
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise ConfigError(f"the sample rate is {rate_hz} Hz, but must be from {RATES_HZ[0]} to {RATES_HZ[1]}")
        if not 1 <= channels <= MOST_CHANNELS:
            raise ConfigError(f"channels is {channels}, but must be from 1 to {MOST_CHANNELS}")
        if fd == 0 and sys.stdin is None:
            raise AudioFormatError("standard input is closed; pipe the samples of a recording program into it")
        self.mixer = ChannelMixer(channels, rate_hz, channel)
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
            except BlockingIOError:  # the program before us left it non-blocking: there is nothing yet
                select.select([self._fd], [], [], _NOTHING_YET_S)
                continue
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
        self._ended = not data
        data = self._rest + data
        if self._time == 0:
            if len(data) < _HEADER_BYTES and not self._ended:
                self._rest = data
                return None
            self._refuse_files(data)
        whole = len(data) - len(data) % (self._dtype.itemsize * self._channels)
        self._rest = data[whole:]  # half a sample that is left over at the end means nothing
        samples = self.mixer.mix(_scaled(np.frombuffer(data[:whole], self._dtype).reshape(-1, self._channels)))
        if self._ended and not len(samples):
            raise EndOfStream
        block = Block(samples, self._time, captured_ns)
        self._time += len(samples)
        return block if len(samples) else None

    def _refuse_files(self, data: bytes) -> None:
        kind = _FILE_HEADERS.get(data[:_HEADER_BYTES])
        if kind:
            raise AudioFormatError(
                f"{self.name} is a {kind} file, not raw PCM: `arecord -t raw` leaves out the header, and "
                "`streamer transcribe` reads files"
            )

    def close(self) -> None:
        """Stop reading. The thread ends with the pipe's next bytes, or with the process."""
        self._closed.set()
        while not self._chunks.empty():  # lets it out of a full queue
            self._chunks.get()


def _scaled(samples: np.ndarray) -> FloatArray:
    """Samples of int16 or float32 as float32 with a full scale of +-1."""
    scaled = samples.astype(np.float32)
    if samples.dtype.kind == "i":
        scaled /= 1 << (8 * samples.dtype.itemsize - 1)
    return scaled
