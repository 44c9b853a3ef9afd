"""Hostile data sets: ``python -m tests.fuzz.datasets --count 250 --seed 0``."""

import io
import random
from functools import cache
from pathlib import Path

import mido
import numpy as np
import soundfile

from tests.fuzz.harness import main
from tests.fuzz.mutate import NUMBERS, TEXT, TEXTS, mutated, special

COUNT = 250
RATE_HZ = 16_000
COLUMNS = ("file", "kind", "midi", "cents_dev", "f0_hz", "onset_s", "offset_s", "notes", "source", "licence")


@cache
def sound() -> bytes:
    content = io.BytesIO()
    samples = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ // 2) / RATE_HZ)
    soundfile.write(content, samples, RATE_HZ, format="WAV")
    return content.getvalue()


@cache
def score() -> bytes:
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500_000)])
    for note in (60, 62, 64):
        track.append(mido.Message("note_on", note=note, velocity=64, time=10))
        track.append(mido.Message("note_off", note=note, velocity=64, time=100))
    content = io.BytesIO()
    mido.MidiFile(tracks=[track]).save(file=content)
    return content.getvalue()


def odd_score(rng: random.Random) -> bytes:
    data = score()
    match rng.randrange(7):
        case 0:
            return data[:12] + rng.choice((b"\0\0", b"\xe7\x28", b"\x80\x00", b"\xff\xff")) + data[14:]
        case 1:  # deltas without an end, one or many
            run = b"\xff" * rng.choice((100, 4000, 500_000)) + b"\x7f\x90\x40\x40"
            return mido_file(run * rng.choice((1, 2 if len(run) > 9999 else 200)))
        case 2:
            return mido_file(b"\x00\x90\x40\x40" + b"\x00\x40\x00\x00\x40\x40" * rng.choice((10, 100_000, 400_000)))
        case 3:
            return mido_file(b"\x00\xff\x51\x03\x00\x00\x00" + b"\x10\x90\x40\x40\x10\x40\x00")
        case 4:
            return data[:8] + bytes([0, rng.choice((2, 3, 255))]) + data[10:]
        case _:
            return mutated(data, rng)


def mido_file(events: bytes) -> bytes:
    track = events + b"\x00\xff\x2f\x00"
    return b"MThd\0\0\0\6\0\0\0\1\0\x60" + b"MTrk" + len(track).to_bytes(4, "big") + track


def manifest(rng: random.Random) -> bytes:
    rows = [COLUMNS]
    for _ in range(rng.choice((1, 1, 3))):
        row = [
            "a.wav",
            rng.choice(("note", "", "nonmusic")),
            "69",
            "",
            "",
            *rng.choice((("", ""), ("0.1", "0.4"))),
            "",
            "s",
            "CC0",
        ]
        for _ in range(rng.choice((0, 1, 1, 3))):
            row[rng.randrange(len(row))] = rng.choice(
                (
                    *NUMBERS,
                    *TEXTS,
                    "b.csv",
                    "b.mid",
                    "a.wav",
                    "pipe",
                    "loop",
                    "/dev/zero",
                    "\udcff.wav",
                    ".",
                    "x" * 5000,
                )
            )
        rows.append(tuple(row))
    data = "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogateescape")
    return mutated(data, rng, TEXT) if rng.random() < 0.4 else data


def make(folder: Path, rng: random.Random) -> Path:
    name = rng.choice(("a", "\udcff", "ä"))
    whole = sound() if rng.random() < 0.7 else mutated(sound(), rng)
    (folder / "a.wav").write_bytes(whole)
    (folder / f"{name}.WAV").write_bytes(whole)
    (folder / "b.csv").write_bytes(mutated(b"onset,offset,midi\n0.1,0.2,60\n0.2,0.4,62\n", rng, TEXT))
    special(folder / "pipe", rng)
    (folder / "loop").symlink_to("loop")
    match rng.randrange(8):
        case 0:
            text = b"audio_filename,transcription\na.wav,A4\na.wav,b.csv\na.wav,b.mid\n"
            (folder / "b.mid").write_bytes(odd_score(rng))
            (folder / "set.csv").write_bytes(mutated(text, rng, TEXT))
            return folder / "set.csv"
        case 1 | 2 | 3:
            (folder / f"{name}.MID").write_bytes(odd_score(rng))
        case 4 if rng.random() < 0.5:
            special(folder / "manifest.csv", rng)
        case 5 if rng.random() < 0.5:
            rows = rng.choice((b"a.wav,69\n", b"\n", b",,,,\n", b'"', b"\0")) * rng.choice((10, 400_000))
            header = b"file,midi" + b",x" * rng.choice((0, 150, 100_000))
            (folder / "manifest.csv").write_bytes(header + b"\n" + rows)
        case _:
            (folder / "manifest.csv").write_bytes(manifest(rng))
    return folder


if __name__ == "__main__":
    main("datasets", make, COUNT)
