"""Arrays on disk, whole or not at all, and made only once."""

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.errors import DataError, OutputError
from streamer.jobs import Jobs, Progress, Workers
from streamer.reading import open_file

_SHARED = "name a folder that all of them share with --cache"


def write_whole(path: Path, **arrays: NDArray[Any]) -> None:
    """Write arrays so that there is either all of the file or none.

    Parameters
    ----------
    path : Path
        An existing file is replaced.
    **arrays : ndarray
        By the name that each has in the file.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


def read_whole(path: Path, *needed: str) -> dict[str, NDArray[Any]]:
    """The arrays of a file that `write_whole` wrote.

    Parameters
    ----------
    path : Path
        The file.
    *needed : str
        Arrays that must be among them.

    Raises
    ------
    DataError
        If it is absent, damaged or something else.
    """
    try:
        with open_file(path) as file, np.load(file, allow_pickle=False) as archive:
            arrays = dict(archive)
        if not arrays.keys() >= set(needed):
            raise KeyError
        return arrays
    except (OSError, EOFError, ValueError, LookupError, TypeError, ArithmeticError, RuntimeError) as error:
        raise _damaged(path) from error
    except (AttributeError, MemoryError, SyntaxError, struct.error, zipfile.BadZipFile, zlib.error) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> DataError:
    return DataError(f"{path} is damaged; delete it and start again, it is then made anew")


def make_missing(
    wanted: Sequence[Path], work: Callable[[int], None], jobs: Jobs, progress: Progress, what: str
) -> None:
    """Make the files of one folder that are not there yet.

    Parameters
    ----------
    wanted : sequence of Path
        All of them.
    work : callable
        Makes one, given its place in ``wanted``.
    jobs : int or str
        Processes; 1 works in this one.
    progress : callable
        Called after each.
    what : str
        What the work is called there.

    Raises
    ------
    OutputError
        If the folder cannot be made.
    DataError
        If a cluster made it where this machine does not see it.
    StreamerError
        If a process is killed.
    """
    try:
        wanted[0].parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {wanted[0].parent}: {error.strerror}") from error
    missing = [k for k, path in enumerate(wanted) if not path.is_file()]
    there = len(wanted) - len(missing)
    progress(what, there, len(wanted))
    with Workers(jobs) as workers:
        for done, (place, _) in enumerate(workers.unordered(work, missing), there + 1):
            if isinstance(jobs, str) and not wanted[missing[place]].is_file():
                raise DataError(
                    f"the cluster made {wanted[missing[place]]} where this machine does not see it; {_SHARED}"
                )
            progress(what, done, len(wanted))
