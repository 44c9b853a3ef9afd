"""Outputs that are made of all notes at once, when the recording is at its end."""

from collections.abc import Callable
from pathlib import Path

from streamer.events import Event
from streamer.outputs.eventlist import EventList
from streamer.outputs.files import RecordFile, output_name
from streamer.outputs.sink import Sink
from streamer.transcription import Transcription
from streamer.units import samples_to_s


class WholeSink(Sink):
    """Keeps all events, pitch only where it is wanted, and writes what is made of them in the end.

    Parameters
    ----------
    path : Path
        An existing file is replaced.
    rate_hz : int
        Sample rate of the events.
    write : callable
        Gets the path and what was transcribed.
    pitch : bool
        Whether the pitch is wanted.

    Raises
    ------
    OutputError
        If it cannot be written.
    """

    may_block = True

    def __init__(
        self, path: Path, rate_hz: int, write: Callable[[Path, Transcription], None], *, pitch: bool = False
    ) -> None:
        self.name = output_name(path)
        self.wants_pitch = pitch
        RecordFile(path).close(keep=False)  # refuses at once what could not be written in the end
        self._path = path
        self._rate_hz = rate_hz
        self._write = write
        self._events = EventList(pitch=pitch)
        self._now = 0

    def send(self, event: Event) -> None:
        """Take one event."""
        self._now = max(self._now, event.sample)
        self._events.send(event)

    def complete(self) -> None:
        """Write it. Raises `OutputError`."""
        duration_s = samples_to_s(self._now, self._rate_hz)
        self._write(self._path, Transcription(self._events, self._rate_hz, duration_s))

    def close(self) -> None:
        """Nothing to let go of."""


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file, or leave what is there. Raises `OutputError`.

    Parameters
    ----------
    path : Path
        Where to.
    content : bytes
        All of it.
    """
    RecordFile(path).replace(content)
