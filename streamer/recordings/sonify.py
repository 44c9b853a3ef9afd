"""What was heard and what was found, to be compared by ear: the recording left, the notes right."""

from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from streamer.audio.file import AudioFile
from streamer.errors import OutputError
from streamer.events import Event, NoteOff, NoteOn
from streamer.expression.pairing import SettledNotes
from streamer.outputs.files import RecordFile, output_name
from streamer.outputs.sink import Sink
from streamer.outputs.synth import Synth

_BLOCK = 4096
_LARGEST_WAV = 0xF000_0000  # bytes; a longer one has a header that says so, RF64
_NOTE_BITS = 7  # of a note number, and of a velocity


class SonifiedSink(Sink):
    """Writes a stereo WAV file when all notes are known; of each it keeps 16 bytes until then.

    Parameters
    ----------
    path : Path
        An existing file is replaced.
    source : Path
        The recording, which is read once more.
    channel : int or None
        Its channel, as of `AudioFile`.

    Raises
    ------
    OutputError
        If it cannot be written.
    """

    may_block = True
    wants_pitch = False

    def __init__(self, path: Path, source: Path, channel: int | None) -> None:
        self.name = output_name(path)
        RecordFile(path).close(keep=False)  # refuses at once what could not be written in the end
        self._path = path
        self._source = source
        self._channel = channel
        self._notes = SettledNotes()
        self._changes = array("q")  # sample, whether a note begins there, note, velocity: in order once sorted
        self._now = 0

    def send(self, event: Event) -> None:
        """Take one event."""
        self._now = max(self._now, event.sample)
        if isinstance(event, NoteOn):
            self._notes.begin(event)
        elif isinstance(event, NoteOff) and (begun := self._notes.end(event)) is not None:
            self._keep(begun, event.offset)

    def complete(self) -> None:
        """Write it. Raises `OutputError`, or `AudioFormatError` if the recording cannot be read any more."""
        for begun in self._notes.remaining():
            self._keep(begun, self._now)
        _sonify(self._path, self._sorted(), self._source, self._channel)

    def close(self) -> None:
        """Nothing to let go of."""

    def _keep(self, begun: NoteOn, offset: int) -> None:
        for sample, velocity in ((begun.onset, begun.velocity), (offset, 0)):
            value = 2 * max(0, sample) + (velocity > 0)  # at one time, notes end before others begin
            self._changes.append((((value << _NOTE_BITS) | begun.note) << _NOTE_BITS) | velocity)

    def _sorted(self) -> Iterator[tuple[int, int, int]]:
        """Sample, note, and velocity, 0 where it ends, in order of time."""
        values = np.frombuffer(self._changes, np.int64)
        values.sort()
        most = (1 << _NOTE_BITS) - 1
        for value in map(int, values):
            yield value >> (2 * _NOTE_BITS + 1), value >> _NOTE_BITS & most, value & most


def _sonify(path: Path, changes: Iterator[tuple[int, int, int]], source: Path, channel: int | None) -> None:
    import soundfile

    recording = AudioFile(source, channel)
    synth = Synth(recording.rate_hz)
    upcoming = next(changes, None)
    at = 0
    form = "WAV" if 4 * recording.length < _LARGEST_WAV else "RF64"
    try:
        with soundfile.SoundFile(path, "w", recording.rate_hz, 2, "PCM_16", format=form) as file:
            for samples in recording.blocks(_BLOCK, until_damage=True):
                both = np.zeros((len(samples), 2), np.float32)
                both[:, 0] = samples
                done = 0
                while upcoming is not None and upcoming[0] < at + len(samples):
                    until = max(done, upcoming[0] - at)
                    synth.render(both[done:until, 1])
                    synth.note_on(*upcoming[1:]) if upcoming[2] else synth.note_off(upcoming[1])
                    done, upcoming = until, next(changes, None)
                synth.render(both[done:, 1])
                file.write(both)
                at += len(samples)
    except (OSError, soundfile.LibsndfileError) as error:
        raise OutputError(f"cannot write {path}: {error}") from error
