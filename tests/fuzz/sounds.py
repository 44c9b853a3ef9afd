"""Hostile sound files: ``python -m tests.fuzz.sounds --count 850 --seed 0``."""

import io
import random
import struct
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from tests.fuzz.harness import main
from tests.fuzz.mutate import SIZES, mutated, special

COUNT = 850
FORMATS = (
    *(("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"), ("WAV", "ULAW"), ("WAV", "MS_ADPCM")),
    *(("RF64", "PCM_16"), ("W64", "PCM_16"), ("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16")),
    *(("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")),
)


@cache
def good(form: str, subtype: str, channels: int, rate_hz: int) -> bytes:
    time_s = np.arange(round(0.6 * rate_hz)) / rate_hz
    tone = 0.3 * np.sin(2 * np.pi * 330 * time_s)
    content = io.BytesIO()
    samples = np.stack([tone * (-1) ** k for k in range(channels)], axis=1)
    soundfile.write(content, samples, rate_hz, format=form, subtype=subtype)
    return content.getvalue()


def odd_floats(rng: random.Random) -> bytes:
    """A good file of numbers that are no samples."""
    values = np.random.default_rng(rng.randrange(2**32)).choice(
        np.array([0, 0.1, -0.3, np.nan, np.inf, -np.inf, 3e38, 1e30, 1e-45], np.float32), (4000, rng.choice((1, 2, 5)))
    )
    content = io.BytesIO()
    soundfile.write(content, values, 16_000, format=rng.choice(("WAV", "AIFF", "AU")), subtype="FLOAT")
    return content.getvalue()


def odd_header(rng: random.Random) -> bytes:
    """A WAV file whose header says something else than there is."""
    data = bytearray(good("WAV", "PCM_16", 2, 16_000))
    for at, width in ((4, 4), (16, 4), (20, 2), (22, 2), (24, 4), (28, 4), (32, 2), (34, 2), (40, 4)):
        if rng.random() < 0.25:
            data[at : at + width] = struct.pack("<I", rng.choice((*SIZES, 8, 3, 44_100)))[:width]
    for _ in range(rng.choice((0, 0, 1, 200))):
        data[12:12] = b"JUNK" + struct.pack("<I", rng.choice((0, 4, 5))) + bytes(4)
    return bytes(data)


def make(folder: Path, rng: random.Random) -> Path:
    path = folder / rng.choice(("a.wav", "a.raw", "a.mp3", "a", "\udcff.flac", "a\x1b[31m\nb.wav"))
    match rng.randrange(10):
        case 0:
            special(path, rng)
        case 1:
            path.write_bytes(odd_floats(rng))
        case 2 | 3:
            path.write_bytes(odd_header(rng))
        case 4:
            path.write_bytes(rng.randbytes(rng.choice((0, 3, 100, 5000))))
        case _:
            path.write_bytes(mutated(good(*rng.choice(FORMATS), rng.choice((1, 2)), rng.choice((16_000, 48_000))), rng))
    return path


if __name__ == "__main__":
    main("sounds", make, COUNT)
