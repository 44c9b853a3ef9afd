"""How far a transcription is: a bar where a person watches, lines elsewhere, JSON for programs."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamer.commands.wiring import notify
from streamer.errors import printable
from streamer.reading import as_text

if TYPE_CHECKING:
    from streamer.recordings.one import Outcome

_LINE_S = 30.0  # between two lines about one recording, where nobody watches
_JSON_S = 0.5


@dataclass(slots=True)
class Pace:
    """How far one recording is.

    Attributes
    ----------
    began_s : float
        By the clock.
    done_s, of_s : float
        Seconds of sound; ``of_s`` is 0 where its length is not known.
    """

    began_s: float = field(default_factory=time.monotonic)
    done_s: float = 0.0
    of_s: float = 0.0

    @property
    def speed(self) -> float:
        """Seconds of sound in a second."""
        return self.done_s / max(time.monotonic() - self.began_s, 1e-3)

    @property
    def left_s(self) -> float | None:
        """Seconds to the end at this speed; None where that is not known."""
        return max(0.0, self.of_s - self.done_s) / self.speed if self.of_s and self.done_s else None


class Watcher:
    """Tells what came of each recording; the others tell more.

    Parameters
    ----------
    quiet : bool
        Whether what is made shows itself, so that no line is needed where all went well.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._pace = Pace()
        self._name = ""
        self._told_s = 0.0

    def begin(self, path: Path) -> None:
        """A recording is begun."""
        self._name, self._pace = str(path), Pace()
        self._told_s = self._pace.began_s

    def report(self, done: int, of: int, rate_hz: int) -> None:
        """So many of its samples are done."""
        self._pace.done_s, self._pace.of_s = done / rate_hz, of / rate_hz

    def done(self, outcome: "Outcome") -> None:
        """It is done, or as far as it could be read."""
        if outcome.unusual:
            notify(f"{outcome.source}: took {outcome.unusual}; --channel chooses")
        if not self._quiet:
            notify(_closing_line(outcome))
        if outcome.broken is not None:
            notify(f"warning: {outcome.source} breaks off {outcome.broken}; what came before is done")

    def failed(self, path: Path, reason: str) -> None:
        """Nothing came of it."""
        del path  # the reason has it
        notify(reason)

    def _is_due(self, interval_s: float) -> bool:
        now_s = time.monotonic()
        due = now_s - self._told_s >= interval_s
        if due:
            self._told_s = now_s
        return due


class Lines(Watcher):
    """A line now and then about a long recording."""

    def report(self, done: int, of: int, rate_hz: int) -> None:
        """See `Watcher.report`."""
        super().report(done, of, rate_hz)
        if self._is_due(_LINE_S):
            pace, left_s = self._pace, self._pace.left_s
            left = "" if left_s is None else f", {left_s:.0f} s left"
            of_all = f" of {pace.of_s:.0f}" if pace.of_s else ""
            notify(f"{self._name}: {pace.done_s:.0f}{of_all} s done, {pace.speed:.0f} times real time{left}")


class JsonLines(Watcher):
    """Each thing that happens as a line of JSON on standard error."""

    def begin(self, path: Path) -> None:
        """See `Watcher.begin`."""
        super().begin(path)
        self._tell("begin")

    def report(self, done: int, of: int, rate_hz: int) -> None:
        """See `Watcher.report`."""
        super().report(done, of, rate_hz)
        if self._is_due(_JSON_S):
            pace = self._pace
            left_s = None if pace.left_s is None else round(pace.left_s, 1)
            done_s, of_s = round(pace.done_s, 3), round(pace.of_s, 3)
            self._tell("progress", done_s=done_s, of_s=of_s, speed=round(pace.speed, 1), left_s=left_s)

    def done(self, outcome: "Outcome") -> None:
        """See `Watcher.done`."""
        self._tell(
            "done",
            notes=outcome.notes,
            duration_s=round(outcome.duration_s, 6),
            took_s=round(outcome.took_s, 3),
            written=[as_text(path) for path in outcome.written],
            broken=outcome.broken and outcome.broken.fields,
        )

    def failed(self, path: Path, reason: str) -> None:
        """See `Watcher.failed`."""
        self._name = str(path)
        self._tell("failed", reason=printable(reason))

    def _tell(self, what: str, **fields: Any) -> None:
        print(json.dumps({"event": what, "file": as_text(self._name), **fields}), file=sys.stderr, flush=True)


@contextmanager
def watcher(json_progress: bool, quiet: bool) -> Iterator[Watcher]:
    """Who is told how far it is.

    Parameters
    ----------
    json_progress : bool
        Whether programs are told, instead of people.
    quiet : bool
        As of `Watcher`.
    """
    if json_progress:
        yield JsonLines()
    elif sys.stderr is None or not sys.stderr.isatty():
        yield Lines(quiet)
    else:
        with _bar(quiet) as bar:
            yield bar


@contextmanager
def _bar(quiet: bool) -> Iterator[Watcher]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    speed = TextColumn("{task.fields[speed]}")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), speed, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

        class Bar(Watcher):
            def begin(self, path: Path) -> None:
                super().begin(path)
                for task in bars.task_ids:
                    bars.remove_task(task)
                self._task = bars.add_task(escape(printable(path.name)), total=None, speed="")

            def report(self, done: int, of: int, rate_hz: int) -> None:
                super().report(done, of, rate_hz)
                bars.update(self._task, completed=done, total=of or None, speed=f"{self._pace.speed:.0f} x")

        yield Bar(quiet)


def _closing_line(outcome: "Outcome") -> str:
    count = outcome.notes
    speed = outcome.duration_s / max(outcome.took_s, 1e-3)
    wrote = f"; wrote {', '.join(map(str, outcome.written))}" if outcome.written else ""
    what = f"{'offline, ' if outcome.offline else ''}{count} note{'' if count == 1 else 's'}"
    return f"{outcome.source}: {what} in {outcome.duration_s:.1f} s, {speed:.0f} times real time{wrote}"
