"""Files that are readable at every moment, whatever ends the program or fills the disk."""

import errno
import io
import os
from contextlib import suppress
from pathlib import Path

from streamer.errors import OutputError


def output_error(path: str | Path, error: OSError) -> OutputError:
    """The one line for a file that cannot be written, with what to do.

    Parameters
    ----------
    path : str or Path
        What was to be written.
    error : OSError
        Why it cannot be.
    """
    mends = {
        errno.ENOSPC: "the disk is full; make room or choose another place",
        errno.EDQUOT: "your quota of the disk is used up; make room or choose another place",
        errno.ENOENT: f"there is no folder {Path(path).parent}; make it first",
        errno.ENOTDIR: f"{Path(path).parent} is not a folder; choose another place",
        errno.EISDIR: "it is a folder; name a file in it",
        errno.EACCES: "you may not write there; choose another place",
        errno.EPERM: "you may not write there; choose another place",
        errno.EROFS: "the disk is read-only; choose another place",
    }
    reason = mends.get(error.errno or 0, error.strerror or str(error))
    return OutputError(f"cannot write {path}: {reason}")


class RecordFile:
    """A file that grows by whole records: one that does not fit is taken back.

    Each record reaches the operating system before `append` returns, so that it survives the program.

    Parameters
    ----------
    path : str or Path
        An existing file is replaced.
    head : bytes
        What it begins with.

    Raises
    ------
    OutputError
        If it cannot be opened, or has no room for its head.
    """

    def __init__(self, path: str | Path, head: bytes = b"") -> None:
        self.path = Path(path)
        self.size = 0  # bytes of whole records
        try:
            self._file = io.FileIO(self.path, "w")
        except OSError as error:
            raise output_error(path, error) from error
        try:
            self.append(head)
        except OutputError:
            self._file.close()
            raise

    def append(self, record: bytes) -> None:
        """Write a record at the end, or raise and leave the file as it was.

        Raises
        ------
        OutputError
            If it cannot be written.
        BrokenPipeError
            If the path is a named pipe and its reader has left.
        """
        left = memoryview(record)
        try:
            while left:  # a nearly full disk takes a part, and complains at the next
                left = left[self._file.write(left) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            with suppress(OSError):  # a pipe cannot take anything back
                self._file.seek(self.size)
                self._file.truncate()
            raise output_error(self.path, error) from error
        self.size += len(record)

    def patch(self, offset: int, data: bytes) -> None:
        """Write over bytes that are there already. Raises `OutputError` if that fails.

        Parameters
        ----------
        offset : int
            Bytes from the beginning of the file.
        data : bytes
            What is written there.
        """
        try:
            self._file.seek(offset)
            self._file.write(data)
            self._file.seek(self.size)
        except OSError as error:
            raise output_error(self.path, error) from error

    def replace(self, content: bytes) -> None:
        """Let the file have this content instead, at one stroke, and close it.

        Where the disk has no room for both, it is written over; content no longer than before needs no new room.

        Raises
        ------
        OutputError
            If it cannot be written; the old content is then left, if the disk allows.
        """
        target = self.path.resolve()  # what a symbolic link leads to, not the link
        if not target.is_file():  # a device or a pipe has had all, and is not to be replaced
            self._file.close()
            return
        beside = target.with_name(f"{target.name}.part")
        try:
            with beside.open("wb") as part:
                part.write(content)
                part.flush()
                os.fsync(part.fileno())
            self._file.close()  # Windows does not replace an open file
            os.replace(beside, target)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            if self._file.closed:
                raise output_error(self.path, error) from error
            self._write_over(content)

    def close(self) -> None:
        """Let go. May be called twice."""
        self._file.close()

    def _write_over(self, content: bytes) -> None:
        try:
            self.append(bytes(max(0, len(content) - self.size)))  # room first: what does not fit must spoil nothing
            self.patch(0, content)
            with suppress(OSError):
                self._file.truncate(len(content))
        finally:
            self._file.close()
