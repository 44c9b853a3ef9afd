"""Files from anywhere, opened and read within bounds: nothing waits for ever, and nothing fills the memory."""

import errno
import io
import os
import select
import stat
import sys
import tempfile
from pathlib import Path
from typing import cast

MOST_PIPED_BYTES = 4_000_000_000
_WRITER_WITHIN_S = 5.0
_PART_BYTES = 1 << 20
_KINDS = (
    (stat.S_ISDIR, errno.EISDIR, "it is a folder"),
    (stat.S_ISSOCK, errno.EINVAL, "it is a socket"),
    (stat.S_ISCHR, errno.EINVAL, "it is a device"),
    (stat.S_ISBLK, errno.EINVAL, "it is a device"),
)


def open_file(path: str | Path, most_piped: int = MOST_PIPED_BYTES) -> io.BufferedReader:
    """A regular file, opened for reading, or all that comes out of a pipe, in a temporary file.

    Nothing else is opened, since a device has no end.

    Parameters
    ----------
    path : str or Path
        The file or named pipe, or a link to it.
    most_piped : int
        No more bytes than these, and one, are taken from a pipe.

    Raises
    ------
    OSError
        If it cannot be opened, is neither, or nobody writes into the pipe for some seconds; ``strerror`` says why, in
        words that fit after a colon.
    """
    try:
        _refuse_others(os.stat(path).st_mode)
        # What it is may change between two looks; so the file is opened without waiting, and looked at again.
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # a NUL, or on Windows a name that is no Unicode
        raise OSError(errno.EINVAL, "no file can have such a name") from error
    try:
        mode = os.fstat(fd).st_mode
        _refuse_others(mode)
        file = os.fdopen(fd, "rb")
    except BaseException:
        os.close(fd)
        raise
    if not stat.S_ISFIFO(mode):
        return file
    with file:
        return _all_piped(file, most_piped)


def standard_input(most_bytes: int = MOST_PIPED_BYTES) -> io.BufferedReader:
    """All that comes on standard input, in a temporary file, so that one can go back and forth in it.

    Parameters
    ----------
    most_bytes : int
        No more bytes than these, and one, are taken.

    Raises
    ------
    OSError
        If it is closed or a terminal, or cannot be read.
    """
    if sys.stdin is None:
        raise OSError(errno.EBADF, "standard input is closed")
    if sys.stdin.isatty():
        raise OSError(errno.EINVAL, "standard input is a terminal; send a file into it")
    return _copied(sys.stdin.fileno(), most_bytes)


def read_at_most(path: str | Path, most_bytes: int) -> bytes:
    """All of a file or pipe, if that is not more than so many bytes; what its size is said to be does not count.

    Parameters
    ----------
    path : str or Path
        As of `open_file`.
    most_bytes : int
        No more memory is taken.

    Raises
    ------
    OSError
        As by `open_file`, or if it is larger.
    """
    with open_file(path, most_bytes) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {most_bytes:,} bytes")
    return content


def is_file(path: str | Path) -> bool:
    """Whether there is a regular file; False also for a name that no file can have."""
    return os.path.isfile(path)


def as_text(name: str | Path) -> str:
    """A file's name as text that can be written anywhere: bytes that are no UTF-8 become the replacement character."""
    return os.fspath(name).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _all_piped(pipe: io.BufferedReader, most_bytes: int) -> io.BufferedReader:
    """What comes out of a pipe, in a file: what reads files goes back and forth in them."""
    if not select.select([pipe], [], [], _WRITER_WITHIN_S)[0]:
        raise OSError(errno.EINVAL, "it is a pipe into which nobody writes")
    os.set_blocking(pipe.fileno(), True)
    return _copied(pipe.fileno(), most_bytes)


def _copied(descriptor: int, most_bytes: int) -> io.BufferedReader:
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - it is for who asked
    left = most_bytes + 1
    while left and (part := os.read(descriptor, min(left, _PART_BYTES))):
        copy.write(part)
        left -= len(part)
    copy.seek(0)
    return cast(io.BufferedReader, copy)


def _refuse_others(mode: int) -> None:
    for applies, number, reason in _KINDS:
        if applies(mode):
            raise OSError(number, f"{reason}, not a file")
