"""What was heard and what was found, to be compared by ear: the recording left, the notes right."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from streamer.audio.file import AudioFile
from streamer.errors import OutputError
from streamer.outputs.synth import Synth
from streamer.transcription import Transcription

_BLOCK = 4096


def sonify(path: Path, made: Transcription, source: Path, channel: int | None) -> None:
    """Write a stereo WAV file, in memory that does not depend on its length.

    Parameters
    ----------
    path : Path
        Where to.
    made : Transcription
        The notes.
    source : Path
        The recording, which is read once more.
    channel : int or None
        Its channel, as of `AudioFile`.

    Raises
    ------
    OutputError
        If it cannot be written.
    AudioFormatError
        If the recording cannot be read any more.
    """
    import soundfile

    recording = AudioFile(source, channel)
    synth = Synth(recording.rate_hz)
    changes = _changes(made)
    upcoming = next(changes, None)
    at = 0
    try:
        with soundfile.SoundFile(path, "w", recording.rate_hz, 2, "PCM_16", format="WAV") as file:
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


def _changes(made: Transcription) -> Iterator[tuple[int, int, int]]:
    """Sample, note, and velocity, 0 where it ends, in order of time."""
    found = [(on.onset, on.note, on.velocity) for on, _ in made.pairs]
    found += [(off.offset, on.note, 0) for on, off in made.pairs]
    yield from sorted(found, key=lambda change: (change[0], change[2] > 0))
