"""Make hostile files of good ones."""

import os
import random
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

SIZES = (0, 1, 2, 7, 255, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
NUMBERS = ("inf", "-inf", "nan", "1e999", "9" * 400, "-" + "9" * 5000, "0", "-1", "1e-300", "0x7fffffffffffffff", "1_0")
TEXTS = (
    "\0",
    "\x1b[31m",
    "\r",
    "\n",
    "é\u202e",
    "x" * 300,
    "../" * 2000,
    "/dev/zero",
    "/dev/stdin",
    '"' * 3,
    "[" * 5000,
)


def flipped(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20, 200))):
        if out:
            out[rng.randrange(len(out))] = rng.randrange(256)
    return bytes(out)


def flipped_early(data: bytes, rng: random.Random) -> bytes:
    """Headers stand at the beginning."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 2, 4, 8))):
        if out:
            out[rng.randrange(min(len(out), 120))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(out)


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def cut_out(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 2, 16, 1000)) :]


def extended(data: bytes, rng: random.Random) -> bytes:
    return data + rng.choice((b"\0", b"\xff", rng.randbytes(64))) * rng.choice((1, 100, 3000))


def put_in(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice((b"\0", b"\xff", b"\x80", rng.randbytes(64))) * rng.choice((1, 40, 3000)) + data[at:]


def wild_size(data: bytes, rng: random.Random) -> bytes:
    """A number of two, four or eight bytes becomes another."""
    form = rng.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
    width = struct.calcsize(form)
    if len(data) < width:
        return data
    at = rng.randrange(min(len(data) - width, rng.choice((60, 400, len(data)))) + 1)
    return data[:at] + struct.pack(form, rng.choice(SIZES) & (256**width - 1)) + data[at + width :]


def doubled(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data + data[start:] if rng.random() < 0.5 else data[:start] + data


def other_tokens(data: bytes, rng: random.Random) -> bytes:
    """Words and numbers of a text become others."""
    parts = data.decode("utf-8", "surrogateescape").replace(",", " , ").replace("=", " = ").split(" ")
    for _ in range(rng.choice((1, 1, 2, 5))):
        parts[rng.randrange(len(parts))] = rng.choice(NUMBERS + TEXTS)
    return " ".join(parts).replace(" , ", ",").encode("utf-8", "surrogateescape")


BINARY: Sequence[Callable[[bytes, random.Random], bytes]] = (
    *(flipped, flipped_early, flipped_early, cut, cut_out, extended, put_in, wild_size, wild_size, doubled),
)
TEXT = (*BINARY, *(other_tokens,) * 10)


def mutated(data: bytes, rng: random.Random, ways: Sequence[Callable[[bytes, random.Random], bytes]] = BINARY) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(ways)(data, rng)
    return data


def special(path: Path, rng: random.Random) -> None:
    """Something that is no regular file, or nothing, where a file is looked for."""
    match rng.randrange(6):
        case 0:
            os.mkfifo(path)
        case 1:
            path.symlink_to("/dev/zero")
        case 2:
            path.symlink_to(path.name)
        case 3:
            path.mkdir()
        case 4:
            path.write_bytes(b"")
        case _:
            path.symlink_to("/proc/self/mem")
