"""Files that are readable at every moment, whatever ends the program or fills the disk."""

import errno
import io
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from streamer.errors import OutputError

Content = Callable[[], Iterable[bytes]]
STANDARD_OUTPUT = "-"
_MOST_BESIDE = 1000  # unfinished files of one name
_READER_WITHIN_S = 5.0
_READER_POLL_S = 0.05


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

    Each record reaches the operating system before `append` returns, so that it survives the program. A file that is
    there already stays as it is until this one is closed: until then the records are in a file beside it, of the same
    name with ``.part`` after it.

    Parameters
    ----------
    path : str or Path
        An existing file is replaced.
    head : bytes
        What it begins with.
    at_once : bool
        Replace an existing file at the first record after the head, for who reads along; where an open file cannot be
        renamed (Windows), when it is closed.

    Attributes
    ----------
    size : int
        Bytes of whole records.
    seekable : bool
        False for a pipe, where nothing can be patched.

    Raises
    ------
    OutputError
        If it cannot be opened, or has no room for its head.
    """

    def __init__(self, path: str | Path, head: bytes = b"", *, at_once: bool = False) -> None:
        self.path = Path(path)
        self.size = 0
        self._at_once = False
        try:
            self._target = self.path.resolve()  # what a symbolic link leads to, not the link
            self._beside, self._file = _open(self.path, self._target)
        except (OSError, RuntimeError) as error:  # RuntimeError: links that lead round in a ring, before Python 3.13
            raise output_error(path, error if isinstance(error, OSError) else OSError(str(error))) from error
        self.seekable = self._file.seekable()
        try:
            self.append(head)
        except OutputError:
            self.close(keep=False)
            raise
        self._at_once = at_once and os.name == "posix"

    @property
    def replaces(self) -> bool:
        """Whether a file that was there before will be replaced."""
        return self._beside is not None

    def append(self, record: bytes) -> None:
        """Write a record at the end, or raise and leave the file as it was.

        Raises
        ------
        OutputError
            If it cannot be written.
        BrokenPipeError
            If the path is a named pipe and its reader has left.
        """
        try:
            _write_all(self._file, record)
        except BrokenPipeError:
            raise
        except OSError as error:
            with suppress(OSError):  # a pipe cannot take anything back
                self._file.seek(self.size)
                self._file.truncate()
            raise output_error(self.path, error) from error
        self.size += len(record)
        if self._at_once:
            self._at_once = False
            self._settle()

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

    def replace(self, content: bytes | Content) -> None:
        """Let the file have this content instead, at one stroke, and close it.

        Where the disk has no room for both, it is written over; content no longer than before needs no new room. A
        pipe, which has had nothing yet, gets the content; another device has had all.

        Parameters
        ----------
        content : bytes or callable
            All of it, or what gives it in pieces, as often as it is called.

        Raises
        ------
        OutputError
            If it cannot be written; the old content is then left, if the disk allows.
        """
        if not self.seekable:
            for piece in _pieces(content):
                self.append(piece)
        if self._target.exists() and not self._target.is_file():  # a device or a pipe is not to be replaced
            self._file.close()
            return
        try:
            beside, file = _open_beside(self._target)
        except OSError:
            self._write_over(content)
            return
        try:
            with file:
                for piece in _pieces(content):
                    _write_all(file, piece)
                os.fsync(file.fileno())
            self._file.close()  # Windows does not replace an open file
            os.replace(beside, self._target)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            if self._file.closed:
                raise output_error(self.path, error) from error
            self._write_over(content)
            return
        self._drop_beside()

    def close(self, *, keep: bool = True) -> None:
        """Let go. May be called twice.

        Parameters
        ----------
        keep : bool
            False where nothing came of it: a file that was there before is then left as it was.
        """
        self._file.close()
        if keep:
            self._settle()
        self._drop_beside()

    def _settle(self) -> None:
        """Put what was written beside the target in its place."""
        if self._beside is not None:
            try:
                os.replace(self._beside, self._target)
            except OSError as error:
                raise output_error(self.path, error) from error
            self._beside = None

    def _drop_beside(self) -> None:
        beside, self._beside = self._beside, None
        if beside is not None:
            with suppress(OSError):
                beside.unlink()

    def _write_over(self, content: bytes | Content) -> None:
        try:
            length, at = sum(map(len, _pieces(content))), 0
            self.append(bytes(max(0, length - self.size)))  # room first: what does not fit must spoil nothing
            for piece in _pieces(content):
                self.patch(at, piece)
                at += len(piece)
            with suppress(OSError):
                self._file.truncate(length)
        finally:
            self.close()


class StandardOutput:
    """Standard output with the methods of a `RecordFile`.

    Raises
    ------
    OutputError
        If it is closed.
    """

    seekable = False
    replaces = False

    def __init__(self) -> None:
        if sys.stdout is None:
            raise OutputError("cannot write to standard output: it is closed; name a file")
        self.size = 0
        self._stream: BinaryIO = sys.stdout.buffer

    def append(self, record: bytes) -> None:
        """Write a record, which is with its reader before this returns. Raises as `RecordFile.append` does."""
        try:
            self._stream.write(record)
            self._stream.flush()
        except OSError as error:
            raise standard_output_error(error) from None
        self.size += len(record)

    def patch(self, offset: int, data: bytes) -> None:
        """Nothing that is out can be changed. See `RecordFile.patch`.

        Parameters
        ----------
        offset : int
            Bytes from the beginning.
        data : bytes
            What was to be written there.
        """
        raise OutputError(f"standard output takes nothing back ({len(data)} bytes at {offset})")

    def replace(self, content: bytes | Content) -> None:
        """Write the content, of which nothing is out yet. See `RecordFile.replace`."""
        for piece in _pieces(content):
            self.append(piece)

    def close(self, *, keep: bool = True) -> None:
        """It is not ours to close."""


def standard_output_error(error: OSError) -> OutputError | BrokenPipeError:
    """What to raise where standard output could not be written; nothing more is written to it.

    Parameters
    ----------
    error : OSError
        How it failed.
    """
    if sys.stdout is not None:
        # The interpreter flushes once more when it ends, and would then complain on its own.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError, ValueError):
            os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    if error.errno in (errno.EPIPE, errno.EINVAL):  # the latter is Windows' word for a closed pipe
        return BrokenPipeError(errno.EPIPE, "the reader has left")
    return output_error("standard output", error)


def open_output(path: str | Path, head: bytes = b"", *, at_once: bool = False) -> RecordFile | StandardOutput:
    """A `RecordFile`, or `StandardOutput` for ``-``. Raises as these do.

    Parameters
    ----------
    path : str or Path
        Where to.
    head : bytes
        What it begins with.
    at_once : bool
        As of `RecordFile`.
    """
    if str(path) != STANDARD_OUTPUT:
        return RecordFile(path, head, at_once=at_once)
    output = StandardOutput()
    output.append(head)
    return output


def output_name(path: str | Path) -> str:
    """For people: what `open_output` writes to."""
    return "standard output" if str(path) == STANDARD_OUTPUT else str(path)


def write_text(path: str | Path, text: str) -> None:
    """Write a whole text file, or leave what is there. Raises `OutputError`.

    Parameters
    ----------
    path : str or Path
        Where to.
    text : str
        All of it.
    """
    RecordFile(path).replace(text.encode("utf-8", "replace"))  # names of files may be any bytes


def _open(path: Path, target: Path) -> tuple[Path | None, io.FileIO]:
    """The file to write to, and its path where that is not the target itself."""
    with suppress(FileExistsError):
        return None, io.FileIO(target, "x")
    if path.is_fifo():
        return None, _open_pipe(path)
    if not target.is_file():
        return None, io.FileIO(path, "w")
    if not os.access(target, os.W_OK):  # a rename would ask only for the folder's leave
        raise PermissionError(errno.EACCES, "you may not write there")
    try:
        return _open_beside(target)
    except OSError:  # the folder takes no new file, but the file may be written
        return None, io.FileIO(path, "w")


def _open_pipe(path: Path) -> io.FileIO:
    """A named pipe, once somebody reads it."""
    until_s = time.monotonic() + _READER_WITHIN_S
    while True:
        try:
            number = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() > until_s:
                raise OSError(errno.ENXIO, "nobody reads this pipe; start its reader first") from None
            time.sleep(_READER_POLL_S)
        else:
            os.set_blocking(number, True)
            return io.FileIO(number, "w")


def _open_beside(target: Path) -> tuple[Path, io.FileIO]:
    """A new file in the same folder; what an earlier program left unfinished there is not touched."""
    for number in range(1, _MOST_BESIDE):
        beside = target.with_name(f"{target.name}.part{'' if number == 1 else number}")
        with suppress(FileExistsError):
            file = io.FileIO(beside, "x")
            with suppress(OSError):
                os.chmod(beside, target.stat().st_mode & 0o7777)
            return beside, file
    raise FileExistsError(errno.EEXIST, f"too many unfinished files {target.name}.part are there")


def _pieces(content: bytes | Content) -> Iterable[bytes]:
    return [content] if isinstance(content, bytes) else content()


def _write_all(file: io.FileIO, content: bytes) -> None:
    left = memoryview(content)
    while left:  # a nearly full disk takes a part, and complains at the next
        left = left[file.write(left) :]
