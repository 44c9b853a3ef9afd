"""Sound files, and anything else made of blocks, at full speed or at the pace of real time."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from streamer.audio.channels import ChannelMixer
from streamer.audio.damage import Watched, is_cut_short
from streamer.audio.source import EndOfStream, Source
from streamer.audio.wavheader import mended
from streamer.errors import EXTRAS, AudioFormatError
from streamer.events import Block, FloatArray
from streamer.interrupts import interrupts_deferred
from streamer.outputs.quiet import quiet_stderr
from streamer.reading import open_file, standard_input

_ESTIMATED_S = 0.1  # so exact is the length of an MP3 file known beforehand


@dataclass(frozen=True, slots=True)
class Break:
    """Where a recording could be read no further.

    Attributes
    ----------
    at_s : float
        Seconds of sound before it.
    reason : str
        For people, to stand after a colon.
    """

    at_s: float
    reason: str

    def __str__(self) -> str:
        return f"after {self.at_s:.3f} s ({self.reason})"

    @property
    def fields(self) -> dict[str, float | str]:
        """The same for programs."""
        return {"at_s": round(self.at_s, 6), "reason": self.reason}


class AudioFile:
    """A WAV, FLAC, Ogg or MP3 file, decoded in blocks to one channel.

    A WAV file that was never closed, or that was cut short, is read as far as there is sound.

    Parameters
    ----------
    path : str or Path
        The file; ``-`` is standard input.
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
    broken : Break or None
        After `blocks`: where it ended too early; None where it was read whole.

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
        self.broken: Break | None = None
        self._failure = soundfile.LibsndfileError
        try:
            file = standard_input() if str(path) == "-" else open_file(self.path)
            self._cut_short = is_cut_short(file)
            self._bytes = Watched(mended(file))
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
                self._file = self._container(error.error_string.rstrip("."))
            if not self._file.frames:
                raise AudioFormatError(f"{self.path} holds no sound")
            self.rate_hz: int = self._file.samplerate
            self.length: int = self._file.frames
            self.channels: int = self._file.channels
            self.mixer = ChannelMixer(self.channels, self.rate_hz, channel)
            failing.pop_all()

    def blocks(self, size: int = 4096, *, until_damage: bool = False) -> Iterator[FloatArray]:
        """All samples in blocks of ``size``, the last one shorter; closes the file at its end.

        Parameters
        ----------
        size : int
            Samples per block.
        until_damage : bool
            Whether a file that is damaged further on ends there; `broken` then tells where.

        Yields
        ------
        ndarray of float32, shape (size,)
            One channel, full scale +-1.

        Raises
        ------
        AudioFormatError
            When the file is damaged further on, or holds no sound after all.
        """
        done = 0
        reason = ""
        with self._bytes, self._file:
            while not reason:
                samples, reason = self._read(size)
                if not len(samples):
                    break
                done += len(samples)
                yield self.mixer.mix(samples)
        if not done:
            raise AudioFormatError(f"{self.path} {f'cannot be read: {reason}' if reason else 'holds no sound'}")
        if reason and not until_damage:
            raise AudioFormatError(f"{self.path} is damaged: {reason}")
        if not reason and (self._cut_short or self.length - done > _ESTIMATED_S * self.rate_hz):
            reason = "the file is shorter than it says"
        if reason:
            self.broken = Break(done / self.rate_hz, reason)

    def _container(self, reason: str) -> Any:
        """What libsndfile does not know, decoded by PyAV where that is installed."""
        if self._bytes.failure is not None:
            raise AudioFormatError(f"{self.path} cannot be read: {_why(self._bytes.failure)}")
        try:
            from streamer.audio.container import Container

            made = Container(self._bytes)
        except ModuleNotFoundError:
            more = f"; with PyAV ({EXTRAS['av']}) also m4a, mp4 and the sound of video"
        except ValueError as error:
            reason, more = f"{reason}; {error}", ""
        else:
            self._failure = made.error
            return made
        bare = ", while bare samples go to `streamer live --input -`" if str(self.path) == "-" else ""
        raise AudioFormatError(
            f"{self.path} cannot be read as audio ({reason}); WAV, FLAC, Ogg and MP3 can{bare}{more}"
        ) from None

    def _read(self, size: int) -> tuple[FloatArray, str]:
        """The next samples, shape (n, channels), and why there are no more after them; empty where there may be."""
        chatters = self._file.format == "MP3"
        try:
            with interrupts_deferred(), quiet_stderr() if chatters else nullcontext():
                samples, reason = self._file.read(size, dtype="float32", always_2d=True), ""
        except self._failure as error:
            samples, reason = np.zeros((0, self.channels), np.float32), _text(error)
        return samples, _why(self._bytes.failure) if self._bytes.failure else reason

    def close(self) -> None:
        """Let go of the file. May be called twice, and after `blocks`."""
        self._file.close()
        self._bytes.close()

    def __del__(self) -> None:
        if hasattr(self, "mixer"):  # it was opened whole, and perhaps never read
            self.close()


def _text(error: Exception) -> str:
    text = getattr(error, "error_string", "") or getattr(error, "strerror", "") or str(error)
    return str(text).removeprefix("Error : ").strip(".\n ")


def _why(error: OSError) -> str:
    return error.strerror or str(error)


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


class FileSource(Source):
    """A sound file as fast as it can be read.

    Parameters
    ----------
    path : Path
        The file.
    channel : int or None
        As of `AudioFile`.
    """

    can_wait = True

    def __init__(self, path: Path, channel: int | None) -> None:
        file = AudioFile(path, channel)
        self.mixer = file.mixer
        self.rate_hz = file.rate_hz
        self.name = str(path)
        self._blocks = file.blocks()
        self._time = 0

    def start(self) -> None:
        """Nothing to start."""

    def read(self, timeout_s: float) -> Block | None:  # noqa: ARG002 - a file is always ready
        """The next samples. See `Source.read`."""
        samples = next(self._blocks, None)
        if samples is None:
            raise EndOfStream
        block = Block(samples, self._time, 0)
        self._time += len(samples)
        return block

    def close(self) -> None:
        """Let go of the file."""
        self._blocks.close()  # type: ignore[attr-defined] # it is a generator
