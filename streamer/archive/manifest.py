"""The manifest of a run: what belongs to it, and what became of each file. An SQLite database.

It survives SIGKILL and power failure: a file is settled in one transaction, after its outputs are on the disk. So what
is said to be done is done, and what was under way is begun again. Only one program at a time can have it open.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from typing import Any, Self

from streamer.archive.task import DONE, FAILED, NOT_STARTED, UNCHANGED, Known, Outcome, Task
from streamer.errors import DataError, OutputError

_APPLICATION = 0x53_4D_41_52  # what tells this database from any other
_VERSION = 1
_AT_ONCE = 1000  # rows
_TABLES = """
CREATE TABLE runs (id INTEGER PRIMARY KEY, made_by TEXT NOT NULL, began TEXT NOT NULL, ended TEXT);
CREATE TABLE entries (
    path BLOB PRIMARY KEY,
    below BLOB NOT NULL,      -- what it is called below the folder in which it was found
    target BLOB UNIQUE,       -- what its outputs are called below theirs, without their suffixes
    run INTEGER NOT NULL,     -- the newest to which it belongs
    settled INTEGER NOT NULL, -- the newest in which it was done or failed
    state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', made_by TEXT NOT NULL DEFAULT '',
    stamp TEXT NOT NULL DEFAULT '', sha256 TEXT NOT NULL DEFAULT '', outputs TEXT NOT NULL DEFAULT '[]',
    duration_s REAL NOT NULL DEFAULT 0, notes INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a run is.

    Attributes
    ----------
    done, failed, not_started : int
        Files.
    warned : int
        Of those that are done, those of which there is something to say.
    notes : int
        In those that are done.
    duration_s : float
        Of their sound.
    """

    done: int = 0
    failed: int = 0
    not_started: int = 0
    warned: int = 0
    notes: int = 0
    duration_s: float = 0.0

    @property
    def files(self) -> int:
        """All that belong to the run."""
        return self.done + self.failed + self.not_started


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the report.

    Attributes
    ----------
    path : str
        The input.
    state : str
        "done", "failed" or "not started".
    reason : str
        Why it failed, or what is to be said of it.
    outputs : tuple of str
        What was written, below the folder of the outputs.
    duration_s : float
        Of the sound.
    notes : int
        How many were found.
    sha256 : str
        Of the input.
    """

    path: str
    state: str
    reason: str
    outputs: tuple[str, ...]
    duration_s: float
    notes: int
    sha256: str


class Manifest:
    """What belongs to a run, and what became of it; a context manager.

    Parameters
    ----------
    path : Path
        The database, which is made if it is not there.

    Raises
    ------
    DataError
        If it is something else, or damaged.
    OutputError
        If it cannot be written, or another run has it open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()  # the backend of a cluster asks for tasks in a thread of its own
        self._run = 0
        with self._told():
            self._database = sqlite3.connect(path, timeout=0.5, isolation_level=None, check_same_thread=False)
            try:
                self._open()
            except BaseException:
                self._database.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        with self._lock, suppress(sqlite3.Error):
            self._database.close()

    def begin(self, made_by: str) -> bool:
        """Begin a run, or go on with the last one if it was interrupted.

        Parameters
        ----------
        made_by : str
            Stands for all that outputs depend on but the input.

        Returns
        -------
        bool
            Whether one is resumed.
        """
        with self._lock, self._told(), self._transaction():
            last = self._database.execute("SELECT id, made_by, ended FROM runs ORDER BY id DESC LIMIT 1").fetchone()
            if last is not None and last[1] == made_by and last[2] is None:
                self._run = last[0]
                return True
            self._run = last[0] + 1 if last else 1
            self._database.execute("INSERT INTO runs VALUES (?, ?, ?, NULL)", (self._run, made_by, _now()))
            return False

    def add(self, found: Iterable[tuple[str, str]]) -> None:
        """Let files belong to the run.

        Parameters
        ----------
        found : iterable of (str, str)
            Path or URL of each, and what it is called below the folder in which it was found. Not held in memory.
        """
        rows = ((os.fsencode(path), os.fsencode(below), self._run) for path, below in found)
        while batch := list(islice(rows, _AT_ONCE)):
            with self._lock, self._told(), self._transaction():
                self._database.executemany(
                    f"INSERT INTO entries (path, below, run, settled, state) VALUES (?, ?, ?, 0, '{NOT_STARTED}') "
                    "ON CONFLICT (path) DO UPDATE SET run = excluded.run WHERE run <> excluded.run",
                    batch,
                )
        self._name_targets()

    def pending(self) -> Iterator[Task]:
        """What of the run is neither done nor failed, in the order of the paths. Not held in memory."""
        after = b""
        while rows := self._rows(
            "SELECT path, target, made_by, stamp, sha256, outputs FROM entries "
            f"WHERE path > ? AND run = ? AND settled < ? ORDER BY path LIMIT {_AT_ONCE}",
            (after, self._run, self._run),
        ):
            for path, target, *known in rows:
                yield Task(os.fsdecode(path), os.fsdecode(target), _known(*known))
            after = rows[-1][0]

    def settle(self, outcome: Outcome, made_by: str) -> None:
        """Write down what became of a file, at once and for good.

        Parameters
        ----------
        outcome : Outcome
            What became of it.
        made_by : str
            As of `begin`.
        """
        state = DONE if outcome.state == UNCHANGED else outcome.state
        changes: dict[str, Any] = {"settled": self._run, "state": state, "stamp": outcome.stamp}
        if outcome.state != UNCHANGED:
            changes |= {
                "reason": outcome.reason,
                "made_by": made_by,
                "sha256": outcome.sha256,
                "outputs": json.dumps(outcome.outputs),
                "duration_s": outcome.duration_s,
                "notes": outcome.notes,
            }
        names = ", ".join(f"{name} = ?" for name in changes)
        with self._lock, self._told():
            self._database.execute(
                f"UPDATE entries SET {names} WHERE path = ?", (*changes.values(), os.fsencode(outcome.path))
            )

    def end(self) -> None:
        """The run is over: the next is a new one."""
        with self._lock, self._told():
            self._database.execute("UPDATE runs SET ended = ? WHERE id = ?", (_now(), self._run))

    def counts(self) -> Counts:
        """How far the run is."""
        states = {
            state: row
            for state, *row in self._rows(
                f"SELECT CASE WHEN settled = run THEN state ELSE '{NOT_STARTED}' END AS now, count(*), "
                "total(reason <> ''), total(notes), total(duration_s) FROM entries WHERE run = ? GROUP BY now",
                (self._run,),
            )
        }
        done, warned, notes, duration_s = states.get(DONE, (0, 0, 0, 0.0))
        failed, not_started = (states.get(state, (0,))[0] for state in (FAILED, NOT_STARTED))
        return Counts(done, failed, not_started, int(warned), int(notes), duration_s)

    def entries(self) -> Iterator[Entry]:
        """What became of each file of the run, in the order of the paths. Not held in memory."""
        after = b""
        while rows := self._rows(
            f"SELECT path, CASE WHEN settled = run THEN state ELSE '{NOT_STARTED}' END, reason, outputs, duration_s, "
            f"notes, sha256 FROM entries WHERE path > ? AND run = ? ORDER BY path LIMIT {_AT_ONCE}",
            (after, self._run),
        ):
            for path, state, reason, outputs, duration_s, notes, sha256 in rows:
                if state == NOT_STARTED:
                    yield Entry(os.fsdecode(path), state, "", (), 0.0, 0, "")
                    continue
                names = tuple(name for name, _ in json.loads(outputs))
                yield Entry(os.fsdecode(path), state, reason, names, duration_s, notes, sha256)
            after = rows[-1][0]

    def _open(self) -> None:
        database = self._database
        database.execute("PRAGMA locking_mode = EXCLUSIVE")  # and no memory is shared, which network drives cannot
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")  # the newest rows may be lost with the power, then done again
        with self._transaction():
            application = database.execute("PRAGMA application_id").fetchone()[0]
            if application == 0 and not database.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in _TABLES.split(";\n")[:-1]:
                    database.execute(statement)
                database.execute(f"PRAGMA application_id = {_APPLICATION}")
                database.execute(f"PRAGMA user_version = {_VERSION}")
            elif application != _APPLICATION:
                raise DataError(f"{self.path} is no manifest of a run; name another with --manifest")
            elif database.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                raise DataError(f"{self.path} is the manifest of another version; name another with --manifest")
            database.execute("UPDATE runs SET ended = ended WHERE 0")  # a write lock, from now on

    def _name_targets(self) -> None:
        """Two inputs never write to one place: where the names would be the same, the suffix of the input stays.

        In the order of the paths, so that it does not depend on the order in which they were found.
        """
        after = b""
        while rows := self._rows(
            f"SELECT path, below FROM entries WHERE path > ? AND target IS NULL ORDER BY path LIMIT {_AT_ONCE}",
            (after,),
        ):
            with self._lock, self._told(), self._transaction():
                for path, below in rows:
                    for target in _targets(below):
                        with suppress(sqlite3.IntegrityError):
                            self._database.execute("UPDATE entries SET target = ? WHERE path = ?", (target, path))
                            break
            after = rows[-1][0]

    def _rows(self, question: str, values: tuple[Any, ...]) -> list[Any]:
        with self._lock, self._told():
            return self._database.execute(question, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the database as lines for people."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise OutputError(
                    f"another run is at work with {self.path}; wait for its end, or name another with --manifest"
                ) from error
            raise OutputError(
                f"cannot write {self.path}: {error}; make room, or name another with --manifest"
            ) from error
        except sqlite3.DatabaseError as error:
            raise DataError(
                f"{self.path} is damaged or no manifest of a run ({error}); delete it, or name another"
            ) from error


def _targets(below: bytes) -> Iterator[bytes]:
    folder, _, name = below.rpartition(b"/")
    before = folder + b"/" if folder else b""
    stem, dot, _ = name.rpartition(b".")
    if dot and stem:
        yield before + stem
    yield below
    for number in count(2):
        yield before + name + b"-%d" % number


def _known(made_by: str, stamp: str, sha256: str, outputs: str) -> Known | None:
    if not sha256:
        return None
    return Known(made_by, stamp, sha256, tuple((name, size) for name, size in json.loads(outputs)))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
