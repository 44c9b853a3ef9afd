"""Which recordings are meant: a path, a pattern, a folder, a list, or standard input."""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from streamer.errors import AudioFormatError
from streamer.reading import open_file

STANDARD_INPUT = "-"
SOUND = (
    *(".wav", ".wave", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au"),
    *(".snd", ".caf", ".m4a", ".aac", ".wma", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mka"),
)
SONIFIED = ".sonified.wav"  # of what we make of recordings, and no recording itself
LISTS = (".txt", ".lst", ".m3u", ".m3u8")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_LONGEST_LINE = 32_768  # bytes; no system has longer paths


@dataclass(frozen=True, slots=True)
class Input:
    """A recording that is to be transcribed.

    Attributes
    ----------
    path : Path
        Where it is; ``-`` for standard input.
    relative : Path
        Where it lies in the folder that was named, else its name: what its outputs are called after.
    """

    path: Path
    relative: Path


def find_inputs(words: Iterable[str | Path]) -> Iterator[Input]:
    """Each recording that is meant, one after the other, without a list of all in memory.

    A folder stands for the recordings in it and below, hidden ones left out; a pattern for what it matches; a list
    (``.txt``, ``.m3u``) for the path on each of its lines, from where the list lies, ``#`` for a remark. What is named
    itself may have any name, and need not be there: who opens it tells.

    Parameters
    ----------
    words : iterable of str or Path
        What was given.

    Yields
    ------
    Input
        In the order given, those of a folder or pattern by name.

    Raises
    ------
    AudioFormatError
        If a folder, pattern or list stands for nothing, or a list cannot be read.
    """
    for word in words:
        text = os.fspath(word)
        path = Path(text)
        if text == STANDARD_INPUT:
            yield Input(path, Path("stdin"))
        elif _is(os.path.isdir, text):
            yield from _some(_in_folder(path, path), f"{text} is a folder without sound files")
        elif path.suffix.lower() in LISTS and _is(os.path.isfile, text):
            yield from _some(_in_list(path), f"{text} lists no recording")
        elif glob.has_magic(text) and not _is(os.path.lexists, text):
            found = (Input(Path(name), Path(Path(name).name)) for name in sorted(glob.iglob(text, recursive=True)))
            files = (one for one in found if not one.path.is_dir())
            yield from _some(files, f"nothing matches {text}")
        else:
            yield Input(path, Path(path.name))


def _is(question: object, text: str) -> bool:
    try:
        return bool(question(text))  # type: ignore[operator]
    except ValueError:  # a NUL in the name
        return False


def _some(found: Iterator[Input], otherwise: str) -> Iterator[Input]:
    empty = True
    for one in found:
        empty = False
        yield one
    if empty:
        raise AudioFormatError(otherwise)


def _in_folder(top: Path, folder: Path) -> Iterator[Input]:
    """Files first, then folders below, by name; links to folders are not followed, since they may lead round."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted((entry for entry in listing if not entry.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise AudioFormatError(f"{folder} cannot be read: {error.strerror or error}") from None
    for entry in entries:
        path = Path(entry.path)
        if not entry.is_dir() and path.suffix.lower() in SOUND and not path.name.endswith(SONIFIED):
            yield Input(path, path.relative_to(top))
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _in_folder(top, Path(entry.path))


def _in_list(path: Path) -> Iterator[Input]:
    try:
        with open_file(path) as lines:
            while line := lines.readline(_LONGEST_LINE):
                name = os.fsdecode(line.removeprefix(b"\xef\xbb\xbf").strip())
                if name and not name.startswith("#"):
                    found = Path(name) if _URL.match(name) else path.parent / name
                    yield Input(found, Path(found.name))
    except OSError as error:
        raise AudioFormatError(f"{path} cannot be read: {error.strerror or error}") from None
