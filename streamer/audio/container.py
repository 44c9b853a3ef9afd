"""Sound in containers that libsndfile does not know, such as m4a, mp4 and other video: PyAV decodes it."""

import io
import math
from collections.abc import Iterator
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

# Only these are tried: others, such as playlists, would have further files and addresses opened.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,asf,avi,flv,mpegts,mpeg,amr,ac3,eac3,caf,ape,wv,tta,w64,mp3,ogg,wav"
)


class Container:
    """The first stream of sound in a file, with what is used of `soundfile.SoundFile`.

    Parameters
    ----------
    file : binary file
        That can be sought in; it is not closed.

    Attributes
    ----------
    samplerate : int
        Samples per second.
    channels : int
        How many there are.
    frames : int
        Samples per channel as the container says; 1 where it does not.
    format : str
        Name of the container.

    Raises
    ------
    ValueError
        If there is no sound in it that can be decoded, with the reason.
    """

    def __init__(self, file: BinaryIO | io.RawIOBase) -> None:
        import av

        av.logging.set_level(None)
        self.error: type[Exception] = av.FFmpegError
        file.seek(0)
        self._container: Any
        try:
            self._container = av.open(file, options={"format_whitelist": _FORMATS, "protocol_whitelist": "none"})
        except (av.FFmpegError, ValueError) as error:
            raise ValueError(_reason(error)) from None
        if not self._container.streams.audio:
            self._container.close()
            raise ValueError("there is no sound in it")
        stream: Any = self._container.streams.audio[0]
        stream.thread_type = "NONE"  # one recording takes one core, as with any other kind
        self.samplerate = int(getattr(stream, "rate", 0) or 0)  # neither is there where no decoder knows it
        self.channels = int(getattr(stream, "channels", 0) or 0)
        if self.samplerate <= 0 or self.channels <= 0:
            self._container.close()
            raise ValueError("it tells neither rate nor channels")
        self.format = str(self._container.format.name)
        said_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        if not said_s and self._container.duration and len(self._container.streams) == 1:
            said_s = self._container.duration / av.time_base
        self.frames = max(1, math.floor(said_s * self.samplerate))
        self._resampler = av.AudioResampler(format="fltp", layout=stream.layout, rate=self.samplerate)
        self._decoded = self._decode()
        self._rest: NDArray[np.float32] = np.zeros((0, self.channels), np.float32)

    def read(self, frames: int, dtype: str = "float32", always_2d: bool = True) -> NDArray[np.float32]:
        """The next samples; fewer at the end, none after it. Raises ``error`` where they cannot be decoded.

        Parameters
        ----------
        frames : int
            Samples per channel.
        dtype : str
            ``float32``.
        always_2d : bool
            True.

        Returns
        -------
        ndarray of float32, shape (n, channels)
            Full scale +-1.
        """
        del dtype, always_2d  # there is but one answer
        parts, there = [self._rest], len(self._rest)
        while there < frames and (part := next(self._decoded, None)) is not None:
            parts.append(part)
            there += len(part)
        whole = np.concatenate(parts)
        self._rest = whole[frames:]
        return whole[:frames]

    def close(self) -> None:
        """Let go of the decoder. May be called twice."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _decode(self) -> Iterator[NDArray[np.float32]]:
        for frame in self._container.decode(audio=0):
            for made in self._resampler.resample(frame):
                yield made.to_ndarray().T.astype(np.float32, copy=False)
        for made in self._resampler.resample(None):
            yield made.to_ndarray().T.astype(np.float32, copy=False)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error)
