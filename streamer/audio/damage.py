"""What is wrong with a sound file that a decoder does not tell: it was cut short, or the disk failed."""

import io
import struct
from typing import BinaryIO

_LAST_PAGE = 1 << 17  # bytes from the end in which an Ogg file's last page begins; a page has 65,307 at most
_OGG_HEAD = 27
_OGG_END = 4  # the flag of a stream's last page
_UNKNOWN_SIZES = (0, 0x7FFFFFFF, 0xFFFFFFFF)  # what stands in the header of a file that was never closed
_SLACK = 65_536  # bytes: sizes that say a little too much are some program's habit, and nothing is lost


def is_cut_short(file: BinaryIO) -> bool:
    """Whether a WAV, AIFF or Ogg file ends earlier than it says itself; it is left at its beginning.

    Parameters
    ----------
    file : binary file
        That can be sought in.
    """
    length = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(12)
    try:
        if head[:4] in (b"RIFF", b"FORM") and len(head) == 12:
            (size,) = struct.unpack("<L" if head[:4] == b"RIFF" else ">L", head[4:8])
            if size in _UNKNOWN_SIZES or size >= _UNKNOWN_SIZES[1] - _SLACK:
                return False
            return bool(size + 8 > length + 1)  # some leave out the last byte, which only pads
        if head[:4] == b"OggS":
            file.seek(max(0, length - _LAST_PAGE))
            tail = file.read(_LAST_PAGE)
            return not _ends_with_last_page(tail)
    finally:
        file.seek(0)
    return False


def _ends_with_last_page(tail: bytes) -> bool:
    """Whether bytes end with a page of an Ogg file that says it is the last, and is all there."""
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + _OGG_HEAD:
        return False
    segments = tail[at + 26]
    sizes = tail[at + _OGG_HEAD : at + _OGG_HEAD + segments]
    whole = len(sizes) == segments and len(tail) >= at + _OGG_HEAD + segments + sum(sizes)
    return whole and bool(tail[at + 5] & _OGG_END)


class Watched(io.RawIOBase):
    """A file for a C library that calls Python back: an exception would be printed there, and taken for the end.

    Parameters
    ----------
    file : binary file
        What is read; closed with this.

    Attributes
    ----------
    failure : OSError or None
        The first error of the disk, after which there is nothing more to read.
    """

    def __init__(self, file: BinaryIO | io.RawIOBase) -> None:
        self._file = file
        self.failure: OSError | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, as in any file; after a failure nothing does.

        Parameters
        ----------
        offset : int
            Bytes from there.
        whence : int
            Where that is.
        """
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.failure = self.failure or error
            return 0

    def tell(self) -> int:
        """As of any file."""
        return self.seek(0, io.SEEK_CUR)

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        """Read, as from any file; after a failure there is nothing.

        Parameters
        ----------
        buffer : writable buffer
            Takes the bytes.
        """
        if self.failure is not None:
            return 0
        try:
            return self._file.readinto(buffer) or 0  # type: ignore[union-attr]
        except OSError as error:
            self.failure = error
            return 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
