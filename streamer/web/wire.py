"""What a server and a process with engines say to each other, as frames on a socket of their own for each stream."""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from streamer.events import FloatArray

_HEAD = struct.Struct("<IB")
_BLOCK = struct.Struct("<qI")
_SAID = struct.Struct("<qqqIIII?")


class Kind(IntEnum):
    """Of a frame. The first three go to the engine, the others come from it."""

    BLOCK = 0
    SET = 1  # a name and a value, as JSON
    FINISH = 2
    READY = 3
    SAID = 4
    LAST_WORDS = 5  # what the client is to be told if nothing more comes: the ends of what sounds now
    ENDED = 6  # a line, where something was wrong
    BROKEN = 7  # the same, where that is a defect


def frame(kind: Kind, *parts: bytes) -> bytes:
    """One frame.

    Parameters
    ----------
    kind : Kind
        Its kind.
    *parts : bytes
        What it says.
    """
    return b"".join((_HEAD.pack(sum(map(len, parts)), kind), *parts))


class Frames:
    """Cuts what comes in pieces of any length into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[Kind, memoryview]]:
        """The frames that are complete.

        Parameters
        ----------
        data : bytes
            What has come.
        """
        whole = self._rest + data if self._rest else data
        view, at = memoryview(whole), 0
        while len(whole) - at >= _HEAD.size:
            length, kind = _HEAD.unpack_from(whole, at)
            end = at + _HEAD.size + length
            if end > len(whole):
                break
            yield Kind(kind), view[at + _HEAD.size : end]
            at = end
        self._rest = whole[at:]


def block_frame(samples: FloatArray, received_ns: int, lost: int) -> bytes:
    """Sound for an engine.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
        Mono, full scale +-1.
    received_ns : int
        `time.monotonic_ns` when they came.
    lost : int
        Samples that were lost just before.
    """
    return frame(Kind.BLOCK, _BLOCK.pack(received_ns, lost), samples.tobytes())


def block_of(payload: memoryview) -> tuple[FloatArray, int, int]:
    """What `block_frame` was given."""
    received_ns, lost = _BLOCK.unpack_from(payload)
    return np.frombuffer(payload, np.float32, offset=_BLOCK.size), received_ns, lost


class Said(NamedTuple):
    """Events for the client, or only that a block is done.

    Attributes
    ----------
    text : str
        JSON that the client is to be sent; empty where there is nothing.
    received_ns, taken_ns, done_ns : int
        `time.monotonic_ns` when their block was received, taken, and done.
    samples, blocks : int
        How many are done with this: all of a block, or of several that were joined; otherwise 0.
    notes, pitches : int
        How many of them are notes of their own, and pitch estimates.
    only_pitches : bool
        Whether they are pitch estimates and nothing else, which a slow client can do without.
    """

    text: str
    received_ns: int = 0
    taken_ns: int = 0
    done_ns: int = 0
    samples: int = 0
    blocks: int = 0
    notes: int = 0
    pitches: int = 0
    only_pitches: bool = False


def said_frame(said: Said) -> bytes:
    """Events for the client.

    Parameters
    ----------
    said : Said
        Its text is ASCII.
    """
    return frame(Kind.SAID, _SAID.pack(*said[1:]), said.text.encode("ascii"))


def said_of(payload: memoryview) -> Said:
    """What `said_frame` was given."""
    return Said(str(payload[_SAID.size :], "ascii"), *_SAID.unpack_from(payload))
