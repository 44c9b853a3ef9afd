"""What may be written: no output is an input, two outputs never share a file, and a file's name tells what is in it.

To be asked before anything is opened, so that a run that cannot work leaves every file as it was.
"""

import csv
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streamer.errors import OutputError
from streamer.outputs.files import STANDARD_OUTPUT, output_error

# What a file of each kind may be called; a suffix that is nobody's may be anything.
SUFFIXES = {
    "MIDI": (".mid", ".midi", ".smf", ".kar"),
    "WAV": (".wav", ".wave"),
    "sound": (".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".m4a", ".w64", ".caf", ".au"),
    "CSV": (".csv", ".tsv"),
    "JSON lines": (".jsonl", ".ndjson", ".json"),
    "JSON": (".json",),
    "HTML": (".html", ".htm"),
    "TOML": (".toml",),
    "model": (".model", ".npz"),
}
_MANIFEST = "manifest.csv"
_LARGEST_TABLE = 1 << 26  # bytes of a table that is looked through for names of files


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that a command is to write.

    Attributes
    ----------
    option : str
        For people: where its name comes from, ``--midi``.
    path : Path or None
        None where it is not wanted.
    kind : str
        One of `SUFFIXES`.
    pipes : bool
        Whether ``-`` stands for standard output.
    """

    option: str
    path: Path | None
    kind: str
    pipes: bool = False


def check_outputs(outputs: Iterable[Wanted], inputs: Sequence[Path] = ()) -> None:
    """Refuse what would destroy an input or another output, or could not be written at all.

    Parameters
    ----------
    outputs : iterable of Wanted
        All that the command writes.
    inputs : sequence of Path
        Files and folders that it reads. What lies in a folder, and what a table names in its cells, is read as well.

    Raises
    ------
    OutputError
        With the option and the reason.
    """
    seen: dict[tuple[object, ...], str] = {}
    for wanted in outputs:
        path = wanted.path
        if path is None:
            continue
        if str(path) == STANDARD_OUTPUT:
            if not wanted.pipes:
                raise OutputError(f"{wanted.option} cannot be standard output; name a file")
        else:
            _check_file(wanted, path, inputs)
        key = _identity(path)
        if key in seen:
            raise OutputError(f"{seen[key]} and {wanted.option} are the same; give each a name of its own")
        if key:
            seen[key] = wanted.option


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both lead to one existing file, by whatever name, link or hard link; devices do not count.

    Parameters
    ----------
    one, other : Path
        Either may be absent.
    """
    with suppress(OSError, ValueError):
        first = one.stat()
        return stat.S_ISREG(first.st_mode) and os.path.samestat(first, other.stat())
    return False


def _check_file(wanted: Wanted, path: Path, inputs: Sequence[Path]) -> None:
    where = f"{wanted.option} {path}"
    mode: int | None = None
    folder = path.absolute().parent
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # a name too long, links in a ring, a zero in the name
        raise output_error(path, error if isinstance(error, OSError) else OSError(0, str(error))) from error
    if not folder.is_dir():
        raise output_error(path, OSError(errno.ENOENT, ""))
    if mode is not None and stat.S_ISDIR(mode):
        raise output_error(path, OSError(errno.EISDIR, ""))
    for read in inputs:
        if (how := _reads(read, path)) is not None:
            raise OutputError(f"{where} {how} {read}, which is read; write it somewhere else")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES[wanted.kind]:
        other = next((kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes), None)
        if other is not None:
            better = path.with_suffix(SUFFIXES[wanted.kind][0]).name
            raise OutputError(
                f"{where}: {_a(wanted.kind)} is written, and that is the name of {_a(other)}; call it {better}"
            )
    if not os.access(folder if mode is None else path, os.W_OK):
        raise output_error(path, OSError(errno.EACCES, ""))


def _a(kind: str) -> str:
    if kind == "JSON lines":
        return kind
    return f"{'an' if kind == 'HTML' else 'a'} {kind}{'' if kind == 'model' else ' file'}"


def _identity(path: Path) -> tuple[object, ...]:
    """Equal for two names of one file; empty for a device, which many may write to."""
    if str(path) == STANDARD_OUTPUT:
        return (STANDARD_OUTPUT,)
    with suppress(OSError):
        found = path.stat()
        return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else ()
    return (str(path.resolve()),)


def _reads(read: Path, path: Path) -> str | None:
    """How a path is one that is read, or lies in a folder that is; None if it does not."""
    with suppress(OSError, RuntimeError):
        if read.is_dir() and path.resolve().is_relative_to(read.resolve()):
            return "lies in"
    if not path.is_file():  # what is not there cannot be read
        return None
    if is_same_file(path, read):
        return "is"
    return "is part of" if any(is_same_file(path, file) for file in _files(read)) else None


def _files(read: Path) -> Iterator[Path]:
    """The files that are meant by an input."""
    if not read.is_dir():
        yield read
        if read.suffix.lower() == ".csv":
            yield from _named_in(read)
        return
    for folder, _, names in os.walk(read):
        yield from (Path(folder, name) for name in names)
    yield from _named_in(read / _MANIFEST)


def _named_in(table: Path) -> Iterator[Path]:
    """What the cells of a table may name; one that cannot be read is for its reader to complain about."""
    with suppress(OSError, ValueError, csv.Error):
        if not table.is_file() or table.stat().st_size > _LARGEST_TABLE:
            return
        with table.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as lines:
            for row in csv.reader(lines):
                yield from (table.parent / cell for cell in row if cell)
