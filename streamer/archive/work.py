"""What is done with one file, where the work runs: look whether it is done already, or convert it."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from streamer import __version__
from streamer.archive.places import OutputFolder, content_hash, fetched, safe_target, stamp
from streamer.archive.task import DONE, FAILED, UNCHANGED, Outcome, Task
from streamer.errors import StreamerError, printable

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Converted:
    """What was made of one file.

    Attributes
    ----------
    duration_s : float
        Of the sound.
    notes : int
        How many were found.
    warning : str
        What is to be said of it in a line; empty if nothing.
    """

    duration_s: float
    notes: int
    warning: str = ""


class Convert(Protocol):
    """Makes the outputs of one file; it is sent to other processes and machines."""

    def __call__(self, source: Path, folder: Path, stem: str) -> Converted:
        """Write the outputs.

        Parameters
        ----------
        source : Path
            The sound file.
        folder : Path
            Where to; nothing else is in it.
        stem : str
            With what the names of the outputs begin.

        Raises
        ------
        StreamerError
            If the file cannot be used.
        """
        ...


class StopRunError(StreamerError):
    """Nothing of what is left could be done either."""


@dataclass(frozen=True, slots=True)
class Work:
    """All that is the same for the files of a run; called with each.

    Attributes
    ----------
    convert : callable
        Makes the outputs.
    folder : str
        Where to, a path or URL.
    made_by : str
        Stands for all that outputs depend on but the input.
    model : (str, str)
        Path of the model and its SHA-256, which is compared where the work runs; the path is empty for the one that
        comes with the package.
    version : str
        Of this package; another would perhaps find other notes.
    """

    convert: Callable[[Path, Path, str], Converted]
    folder: str
    made_by: str
    model: tuple[str, str] = ("", "")
    version: str = __version__

    def __call__(self, task: Task) -> Outcome:
        """Work on one file. Whatever is wrong with it becomes its reason.

        Parameters
        ----------
        task : Task
            The file.

        Raises
        ------
        StopRunError
            If this process could do no other file either.
        """
        self._check()
        names = {task.path: task.path}
        try:
            return self._done(task, names)
        except Exception as error:
            number = _errno(error)
            reason = _reason(error, names)
            if number in _NO_ROOM:
                raise StopRunError(f"{self.folder}: {os.strerror(number)}; {reason}") from error
            return Outcome(task.path, FAILED, reason)

    def _done(self, task: Task, names: dict[str, str]) -> Outcome:
        folder = OutputFolder(self.folder)
        known = task.known
        now = stamp(task.path)
        again = known is not None and known.made_by == self.made_by and folder.has(known.outputs)
        if again and known is not None and now and known.stamp == now:
            return Outcome(task.path, UNCHANGED, stamp=now)
        with fetched(task.path) as source:
            names[str(source)] = task.path
            sha256 = content_hash(source)
            if again and known is not None and known.sha256 == sha256:
                return Outcome(task.path, UNCHANGED, stamp=now)
            with folder.unfinished() as unfinished:
                names[str(unfinished)] = self.folder
                below, stem = safe_target(task.target)
                made = self.convert(source, unfinished, stem)
                outputs = folder.put(sorted(unfinished.iterdir()), below)
        return Outcome(task.path, DONE, _line(made.warning), now, sha256, outputs, made.duration_s, made.notes)

    def _check(self) -> None:
        if self.version != __version__:
            raise StopRunError(
                f"the run was started by streamer {self.version}, but where it works there is {__version__}; "
                "install the same on all machines"
            )
        path, sha256 = self.model
        if path and _hash_of_model(path) != sha256:
            raise StopRunError(f"where the work runs, {path} is absent or another model; put the same there")


@lru_cache(maxsize=4)
def _hash_of_model(path: str) -> str:
    try:
        return content_hash(Path(path))
    except OSError:
        return ""


def _errno(error: BaseException | None) -> int:
    """Of the first error of the system in a chain of causes."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        error = error.__cause__
    return 0


def _reason(error: Exception, names: dict[str, str]) -> str:
    if isinstance(error, StreamerError):
        reason = str(error)
    elif isinstance(error, FileNotFoundError):
        reason = "there is no such file"
    elif isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
    elif isinstance(error, MemoryError):
        reason = "there is not enough memory for it"
    else:
        reason = f"{type(error).__name__}: {error}"
    for inside, outside in names.items():  # copies have names that say nothing to anybody
        reason = reason.replace(inside, outside)
    return _line(reason)


def _line(text: str) -> str:
    return printable(" ".join(text.split()))[:_LONGEST_REASON]
