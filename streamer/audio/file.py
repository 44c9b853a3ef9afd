"""Sound files, and anything else made of blocks, at full speed or at the pace of real time."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path

import numpy as np

from streamer.audio.channels import ChannelMixer
from streamer.audio.source import EndOfStream, Source
from streamer.audio.wavheader import mended
from streamer.errors import AudioFormatError
from streamer.events import Block, FloatArray
from streamer.interrupts import interrupts_deferred
from streamer.outputs.quiet import quiet_stderr
from streamer.reading import open_file


class AudioFile:
    """A WAV, FLAC, Ogg or MP3 file, decoded in blocks to one channel.

    A WAV file that was never closed, or that was cut short, is read as far as there is sound.

    Parameters
    ----------
    path : str or Path
        The file.
    channel : int or None
        Which channel to take, counted from 1; None for the rule of `streamer.audio.channels`.

    Attributes
    ----------
    rate_hz : int
        Its sample rate.
    length : int
        Samples per channel as its header says.
    channels : int
        How many it has.
    mixer : ChannelMixer
        Knows what was taken of them.

    Raises
    ------
    AudioFormatError
        When it is absent, no sound file, or holds no sound.
    ConfigError
        When it has no such channel.
    """

    def __init__(self, path: str | Path, channel: int | None = None) -> None:
        import soundfile  # heavy, and not needed on the live path

        class Stream(soundfile.SoundFile):  # type: ignore[misc]
            """Forward only: soundfile seeks after each read where it can, which makes an MP3 decoder fall silent."""

            def seekable(self) -> bool:
                return False

        self.path = Path(path)
        self._failure = soundfile.LibsndfileError
        try:
            self._bytes = mended(open_file(self.path))
        except FileNotFoundError:
            raise AudioFormatError(f"there is no file {self.path}") from None
        except OSError as error:
            raise AudioFormatError(f"{self.path} cannot be read as audio: {error.strerror or error}") from None
        with ExitStack() as failing:
            failing.callback(self._bytes.close)
            try:
                with interrupts_deferred(), quiet_stderr():  # of the MP3 decoder, which may be asked what this is
                    self._file = Stream(self._bytes)
            except soundfile.LibsndfileError as error:
                raise AudioFormatError(
                    f"{self.path} cannot be read as audio ({error.error_string.rstrip('.')}); "
                    "WAV, FLAC, Ogg and MP3 can, while bare samples go to `streamer live --input -`"
                ) from None
            if not self._file.frames:
                raise AudioFormatError(f"{self.path} holds no sound")
            self.rate_hz: int = self._file.samplerate
            self.length: int = self._file.frames
            self.channels: int = self._file.channels
            self.mixer = ChannelMixer(self.channels, self.rate_hz, channel)
            failing.pop_all()

    def blocks(self, size: int = 4096) -> Iterator[FloatArray]:
        """All samples in blocks of ``size``, the last one shorter; closes the file at its end.

        Parameters
        ----------
        size : int
            Samples per block.

        Yields
        ------
        ndarray of float32, shape (size,)
            One channel, full scale +-1.

        Raises
        ------
        AudioFormatError
            When the file is damaged further on, or holds no sound after all.
        """
        chatters = self._file.format == "MP3"
        begun = False
        with self._bytes, self._file as file:
            while True:
                try:
                    with interrupts_deferred(), quiet_stderr() if chatters else nullcontext():
                        samples = file.read(size, dtype="float32", always_2d=True)
                except self._failure as error:
                    raise AudioFormatError(f"{self.path} is damaged: {error.error_string}") from None
                if not len(samples):
                    break
                begun = True
                yield self.mixer.mix(samples)
        if not begun:
            raise AudioFormatError(f"{self.path} holds no sound")

    def close(self) -> None:
        """Let go of the file. May be called twice, and after `blocks`."""
        self._file.close()
        self._bytes.close()

    def __del__(self) -> None:
        if hasattr(self, "mixer"):  # it was opened whole, and perhaps never read
            self.close()


class PacedSource(Source):
    """Blocks handed over at the pace of real time, as a driver would.

    A block's capture time is when its newest sample was due, so that whatever delays it after that is seen as latency.
    Nothing is lost: when the reader is late, the blocks wait.

    Parameters
    ----------
    blocks : iterable of ndarray of float32, shape (n,)
        Mono, full scale +-1, of any lengths.
    rate_hz : int
        Samples per second.
    name : str
        For people.
    """

    def __init__(self, blocks: Iterable[FloatArray], rate_hz: int, name: str) -> None:
        self.rate_hz = rate_hz
        self.name = name
        self._blocks = iter(blocks)
        self._next: FloatArray | None = None
        self._time = 0
        self._began_ns = 0

    def start(self) -> None:
        """Let time run. See `Source.start`."""
        self._began_ns = time.monotonic_ns() - self._time * 1_000_000_000 // self.rate_hz

    def read(self, timeout_s: float) -> Block | None:
        """The next block once it is due. See `Source.read`."""
        if self._next is None:
            self._next = next(self._blocks, None)
            if self._next is None:
                raise EndOfStream
        end = self._time + len(self._next)
        due_ns = self._began_ns + end * 1_000_000_000 // self.rate_hz
        wait_s = (due_ns - time.monotonic_ns()) / 1e9
        if wait_s > timeout_s:
            time.sleep(timeout_s)
            return None
        if wait_s > 0.0:
            time.sleep(wait_s)
        block = Block(np.ascontiguousarray(self._next, np.float32), self._time, due_ns)
        self._time, self._next = end, None
        return block

    def close(self) -> None:
        """Nothing to let go of."""
