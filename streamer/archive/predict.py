"""What a run would take, from a sample of its recordings."""

import random
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from streamer.archive.places import fetched
from streamer.archive.work import Convert
from streamer.audio.file import AudioFile
from streamer.errors import StreamerError

MEASURED = 200  # recordings whose length is looked at
CONVERTED = 5  # of which a part is converted
_PART_S = 20.0


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is known of a run before it is begun.

    Attributes
    ----------
    files : int
        How many recordings there are.
    measured, unreadable : int
        How many of them were looked at, and how many of those cannot be read.
    duration_s : float
        Of all sound; exact where all were looked at.
    speed : float
        Seconds of sound that one process does in a second; 0 where nothing could be converted.
    bytes_per_s : float
        Of outputs, for a second of sound.
    """

    files: int
    measured: int
    unreadable: int
    duration_s: float
    speed: float
    bytes_per_s: float


def predict(found: Iterable[tuple[str, str]], convert: Convert, seed: int = 0) -> Prediction:
    """Count recordings, and predict the rest from a sample that is drawn from all of them.

    Parameters
    ----------
    found : iterable of (str, str)
        As `streamer.archive.places.find` yields; not held in memory.
    convert : callable
        What would be done with each.
    seed : int
        Decides the sample.
    """
    rng = random.Random(seed)
    files, sample = 0, list[str]()
    for path, _ in found:
        files += 1
        if len(sample) < MEASURED:
            sample.append(path)
        elif (place := rng.randrange(files)) < MEASURED:
            sample[place] = path
    rng.shuffle(sample)
    lengths_s: list[float] = []
    sound_s = took_s = 0.0
    size = 0
    for path in sample:
        try:
            with fetched(path) as source:
                lengths_s.append(_length_s(source))
                if sound_s < CONVERTED * _PART_S:
                    part_s, part_took_s, part_size = _convert_part(source, convert)
                    sound_s, took_s, size = sound_s + part_s, took_s + part_took_s, size + part_size
        except (StreamerError, OSError):
            continue
    duration_s = files * sum(lengths_s) / max(1, len(sample))
    speed = sound_s / took_s if took_s else 0.0
    return Prediction(files, len(sample), len(sample) - len(lengths_s), duration_s, speed, size / max(sound_s, 1e-9))


def _length_s(source: Path) -> float:
    file = AudioFile(source)
    file.close()
    return file.length / file.rate_hz


def _convert_part(source: Path, convert: Convert) -> tuple[float, float, int]:
    """Seconds of sound, seconds that they took, and bytes that came of them."""
    import soundfile

    with tempfile.TemporaryDirectory(prefix="streamer-") as folder:
        file = AudioFile(source)
        part = Path(folder, "part.wav")
        most = round(_PART_S * file.rate_hz)
        with soundfile.SoundFile(part, "w", file.rate_hz, 1) as copy:
            for block in takewhile(lambda _: copy.frames < most, file.blocks(until_damage=True)):
                copy.write(block)
        file.close()
        outputs = Path(folder, "out")
        outputs.mkdir()
        began_s = time.monotonic()
        made = convert(part, outputs, "part")
        took_s = time.monotonic() - began_s
        return made.duration_s, took_s, sum(path.stat().st_size for path in outputs.iterdir())
