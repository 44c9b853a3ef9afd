"""WAV files that were never closed: their writer was killed before it could write down how long they are."""

import io
import struct
from collections.abc import Mapping
from typing import BinaryIO

_MOST_CHUNKS = 100
_TO_THE_END = b"\xff\xff\xff\xff"  # a size that libsndfile takes for "as far as the file goes"
_HEAD = struct.Struct("<4sI")


def mended(file: BinaryIO) -> BinaryIO | io.RawIOBase:
    """The file, which stands at its beginning; if it is a WAV file that was never closed, with sizes that fit it."""
    patches = _sizes_of_an_unclosed(file)
    file.seek(0)
    return _Patched(file, patches) if patches else file


def _sizes_of_an_unclosed(file: BinaryIO) -> dict[int, bytes]:
    """What is to stand where in the header; nothing where all is well, or this is something else."""
    length = file.seek(0, io.SEEK_END)
    file.seek(0)
    riff = file.read(12)
    if riff[:4] not in (b"RIFF", b"RF64") or riff[8:] != b"WAVE":
        return {}
    said, large_at = _HEAD.unpack(riff[:8])[1] + 8, 0
    at = len(riff)
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return {}
        name, size = _HEAD.unpack(head)
        at += _HEAD.size
        if name == b"ds64":
            large_at = at
        if name == b"data":
            break
        at += size + size % 2
    else:
        return {}
    if large_at:  # sizes of 64 bits: of the whole, and of the sound
        file.seek(large_at)
        sizes = file.read(16)
        large, size = struct.unpack("<QQ", sizes) if len(sizes) == 16 else (0, 0)
        said = large + 8
    if size or said == length or at >= length:  # a file that was closed without any sound says so in both places
        return {}
    if large_at:
        return {large_at: struct.pack("<QQ", length - 8, length - at)}
    return {4: _TO_THE_END, at - 4: _TO_THE_END}


class _Patched(io.RawIOBase):
    """A file some bytes of which read differently."""

    def __init__(self, file: BinaryIO, patches: Mapping[int, bytes]) -> None:
        self._file = file
        self._patches = patches

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        at = self._file.tell()
        content = bytearray(self._file.read(len(buffer)))
        for start, patch in self._patches.items():
            for offset, byte in enumerate(patch, start - at):
                if 0 <= offset < len(content):
                    content[offset] = byte
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()
