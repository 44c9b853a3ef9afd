"""Where inputs and outputs lie: on this machine, or behind a URL that fsspec knows (s3://, gs://, ...).

Paths of this machine, and file:// URLs, never need fsspec.
"""

import hashlib
import os
import posixpath
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from streamer.errors import DataError, StreamerError, require_extra
from streamer.outputs.files import output_error
from streamer.reading import open_file
from streamer.recordings.inputs import SOUND, find_inputs

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_COLLAPSED = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]+):/(?!/)")
_LOCAL = "file://"
_UNFINISHED = ".unfinished"
# Where a file appears whole or not at all, whatever becomes of who puts it there.
_ATOMIC = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "memory"}
_SETTLED_S = 2.0  # a file that is younger may change once more within what its times can tell
_PART_BYTES = 1 << 20
_LONGEST_NAME = 100  # characters, each of four bytes at most


def is_url(path: str) -> bool:
    """Whether it leads somewhere that only fsspec can reach."""
    return bool(_URL.match(path)) and not path.startswith(_LOCAL)


def local(path: str) -> str:
    """A path of this machine without ``file://`` before it, if that is there; a URL as it is."""
    return path.removeprefix(_LOCAL)


def filesystem(url: str) -> tuple[Any, str]:
    """What reads and writes where a URL leads, and the path there.

    Parameters
    ----------
    url : str
        Of any protocol that fsspec knows.

    Raises
    ------
    MissingExtraError
        If fsspec, or what it needs for this protocol, is not installed.
    DataError
        If the protocol is unknown.
    """
    require_extra("fsspec", f"{_protocol(url)}://")
    import fsspec

    try:
        return cast(tuple[Any, str], fsspec.core.url_to_fs(url, use_listings_cache=False))
    except ImportError:
        module = {"s3": "s3fs", "gs": "gcsfs"}.get(_protocol(url))
        if module:
            require_extra(module, f"{_protocol(url)}://")
        raise DataError(f"{url} needs another library: see what fsspec says of {_protocol(url)}://") from None
    except ValueError as error:
        raise DataError(f"{url} cannot be reached: {error}") from error


def as_given(path: str | Path) -> str:
    """A path or URL as it was written: ``Path`` makes one slash of the two in ``s3://``."""
    return _COLLAPSED.sub(r"\1://", os.fspath(path))


def find(inputs: Sequence[str], without: str, trouble: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    """The recordings that are meant by inputs, one at a time.

    What was named is yielded even if it is not there, or has another suffix: who works on it says what is wrong.

    Parameters
    ----------
    inputs : sequence of str
        Paths as `streamer.recordings.inputs.find_inputs` takes them, and URLs of files, folders and patterns.
    without : str
        A folder that is left out: that of the outputs.
    trouble : callable
        Gets a line for each input that stands for nothing.

    Yields
    ------
    path : str
        Absolute path or URL.
    below : str
        What it is called below the folder that was named; its name if the file itself was.
    """
    output = "" if is_url(without) else os.path.join(os.path.abspath(local(without)), "")
    for wanted in inputs:
        try:
            if is_url(wanted):
                yield from _find_behind(wanted)
                continue
            for found in find_inputs([local(wanted)]):
                path = as_given(found.path)
                if is_url(path):  # of a list
                    yield from _find_behind(path)
                    continue
                path = os.path.abspath(path)
                named = os.path.abspath(local(wanted))
                if not (path.startswith(output) and output.startswith(os.path.join(named, ""))):
                    yield path, found.relative.as_posix()
        except StreamerError as error:
            trouble(str(error))


@contextmanager
def fetched(path: str) -> Iterator[Path]:
    """An input as a file of this machine, for a while: itself, or a copy.

    Parameters
    ----------
    path : str
        Path or URL.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    if not is_url(path):
        yield Path(path)
        return
    files, there = filesystem(path)
    with tempfile.TemporaryDirectory(prefix="streamer-") as folder:
        stem, suffix = posixpath.splitext(posixpath.basename(there))
        copy = Path(folder, (stem.replace("\0", "_")[:_LONGEST_NAME] or "_") + suffix[:20])  # outputs may have its name
        with files.open(there, "rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, _PART_BYTES)
        yield copy


def stamp(path: str) -> str:
    """What tells this state of a file from any other without reading it; empty where nothing can.

    Parameters
    ----------
    path : str
        Path or URL.

    Raises
    ------
    OSError
        If it is not there.
    """
    if is_url(path):
        files, there = filesystem(path)
        return str(files.ukey(there))
    found = os.stat(path)
    if time.time() - found.st_ctime < _SETTLED_S:
        return ""
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_ino}"


def content_hash(path: Path) -> str:
    """SHA-256 of a file. Raises `OSError`."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class OutputFolder:
    """Where outputs go, on this machine or behind a URL. Each file appears under its name when it is whole.

    Parameters
    ----------
    place : str
        Path or URL.
    """

    def __init__(self, place: str) -> None:
        self.place = place if is_url(place) else os.path.abspath(local(place))

    def make(self) -> None:
        """Make it, where that is needed.

        Raises
        ------
        OutputError
            If it cannot be made.
        """
        if not is_url(self.place):
            try:
                os.makedirs(self.place, exist_ok=True)
            except (OSError, ValueError) as error:
                raise output_error(self.place, error if isinstance(error, OSError) else OSError(str(error))) from error

    def has(self, outputs: Sequence[tuple[str, int]]) -> bool:
        """Whether all are there, and of these sizes.

        Parameters
        ----------
        outputs : sequence of (str, int)
            Their names and bytes.
        """
        try:
            if not is_url(self.place):
                return all(os.stat(os.path.join(self.place, name)).st_size == size for name, size in outputs)
            files, there = filesystem(self.place)
            return all(files.size(posixpath.join(there, name)) == size for name, size in outputs)
        except OSError:
            return False

    @contextmanager
    def unfinished(self) -> Iterator[Path]:
        """An empty folder of this machine for files that are to be put there, for a while."""
        if is_url(self.place):
            with tempfile.TemporaryDirectory(prefix="streamer-") as folder:
                yield Path(folder)
            return
        folder = os.path.join(self.place, _UNFINISHED, uuid.uuid4().hex)
        os.makedirs(folder)
        try:
            yield Path(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put(self, files: Sequence[Path], folder: str) -> tuple[tuple[str, int], ...]:
        """Let files that `unfinished` has appear under their names; on the disk when this returns.

        Parameters
        ----------
        files : sequence of Path
            The files.
        folder : str
            Where, below this one.

        Returns
        -------
        tuple of (str, int)
            Their names below this folder, and bytes.

        Raises
        ------
        OSError
            If that fails.
        """
        done = tuple((posixpath.join(folder, file.name), file.stat().st_size) for file in files)
        if is_url(self.place):
            self._upload(files, [name for name, _ in done])
            return done
        there = os.path.join(self.place, folder)
        os.makedirs(there, exist_ok=True)
        for file in files:
            _to_disk(file)
        for file in files:
            os.replace(file, os.path.join(there, file.name))
        _to_disk(Path(there))
        return done

    def clear(self) -> None:
        """Take away what a run that was killed left unfinished."""
        if not is_url(self.place):
            shutil.rmtree(os.path.join(self.place, _UNFINISHED), ignore_errors=True)

    def _upload(self, files: Sequence[Path], names: Sequence[str]) -> None:
        store, there = filesystem(self.place)
        for file, name in zip(files, names, strict=True):
            target = posixpath.join(there, name)
            if _protocol(self.place) in _ATOMIC:
                store.put_file(str(file), target)
                continue
            store.makedirs(posixpath.dirname(target), exist_ok=True)
            store.put_file(str(file), f"{target}.part")
            store.mv(f"{target}.part", target)


def safe_target(below: str) -> tuple[str, str]:
    """Folder and stem of outputs, so that they lie below the folder that is theirs, whatever an input is called.

    Parameters
    ----------
    below : str
        The target, with ``/`` between its parts.
    """
    parts = [part for part in below.split("/") if part]
    parts = ["_" if part in (".", "..") else part.replace("\0", "_") for part in parts] or ["_"]
    return "/".join(parts[:-1]), parts[-1]


def _protocol(url: str) -> str:
    return url.partition("://")[0].lower()


def _find_behind(url: str) -> Iterator[tuple[str, str]]:
    files, there = filesystem(url)
    before = f"{_protocol(url)}://"
    try:
        if any(mark in there for mark in "*?["):
            for path in files.glob(there):
                yield before + path, posixpath.basename(path)
            return
        if not files.isdir(there):
            yield url, posixpath.basename(there)
            return
        for folder, _, names in files.walk(there):
            for name in names:
                if posixpath.splitext(name)[1].lower() in SOUND and not name.startswith("."):
                    path = posixpath.join(folder, name)
                    yield before + path, path.removeprefix(there).lstrip("/")
    except OSError as error:
        raise DataError(f"{url} cannot be listed: {error}") from error


def _to_disk(path: Path) -> None:
    """What a manifest says is done must be there after a power failure, too."""
    if os.name == "nt" and path.is_dir():
        return
    number = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        with suppress(OSError):  # a file system that cannot
            os.fsync(number)
    finally:
        os.close(number)
