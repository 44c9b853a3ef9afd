"""Files from anywhere, opened and read within bounds: nothing waits for ever, and nothing fills the memory."""

import errno
import io
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, errno.EISDIR, "it is a folder"),
    (stat.S_ISFIFO, errno.EINVAL, "it is a pipe"),
    (stat.S_ISSOCK, errno.EINVAL, "it is a socket"),
    (stat.S_ISCHR, errno.EINVAL, "it is a device"),
    (stat.S_ISBLK, errno.EINVAL, "it is a device"),
)


def open_file(path: str | Path) -> io.BufferedReader:
    """A regular file, opened for reading.

    Nothing else is opened: a device has no end, and a pipe may have nobody who writes into it.

    Parameters
    ----------
    path : str or Path
        The file, or a link to it.

    Raises
    ------
    OSError
        If it cannot be opened or is no regular file; ``strerror`` says why, in words that fit after a colon.
    """
    try:
        _refuse_unless_regular(os.stat(path).st_mode)
        # What it is may change between two looks; so the file is opened without waiting, and looked at again.
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # a NUL, or on Windows a name that is no Unicode
        raise OSError(errno.EINVAL, "no file can have such a name") from error
    try:
        _refuse_unless_regular(os.fstat(fd).st_mode)
        return os.fdopen(fd, "rb")
    except BaseException:
        os.close(fd)
        raise


def read_at_most(path: str | Path, most_bytes: int) -> bytes:
    """All of a regular file, if that is not more than so many bytes; what its size is said to be does not count.

    Raises
    ------
    OSError
        As by `open_file`, or if it is larger.
    """
    with open_file(path) as file:
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


def _refuse_unless_regular(mode: int) -> None:
    for applies, number, reason in _KINDS:
        if applies(mode):
            raise OSError(number, f"{reason}, not a file")
