"""How far a training or a search is: a bar where a person watches, and lines elsewhere."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamer.jobs import Progress as Report
    from streamer.training.steps import Step


class Overall:
    """How far all steps together are, and how long the rest will take at the pace so far.

    Parameters
    ----------
    steps : sequence of Step
        All of them, in order.
    clock : callable
        Seconds.
    """

    def __init__(self, steps: "Sequence[Step]", clock: Callable[[], float] = time.monotonic) -> None:
        self._steps = steps
        self._clock = clock
        self._began_s = self._reported_s = clock()
        self._found = 0.0  # what an earlier run has done, which says nothing of the pace
        self._at = -1
        self.total = sum(step.size * step.weight for step in steps)
        self.done = 0.0

    @property
    def place(self) -> str:
        """Which step this is, for people."""
        return f"step {self._at + 1} of {len(self._steps)}"

    def report(self, what: str, done: int) -> None:
        """Take a report of progress.

        Parameters
        ----------
        what : str
            Name of the step.
        done : int
            How much of it is done.
        """
        at = next((k for k, step in enumerate(self._steps) if step.name == what), None)
        if at is None:
            return
        step, before = self._steps[at], sum(step.size * step.weight for step in self._steps[:at])
        if at != self._at:
            self._found += done * step.weight
            self._at = at
        self.done = before + done * step.weight
        self._reported_s = self._clock()

    def left_s(self) -> float | None:
        """Seconds until the end; None as long as nothing is known of the pace."""
        worked = self.done - self._found
        if worked <= 0.0:
            return None
        left_s = (self.total - self.done) * (self._reported_s - self._began_s) / worked
        return max(0.0, left_s - (self._clock() - self._reported_s))


@contextmanager
def overall_bar(steps: "Sequence[Step]") -> "Iterator[Report]":
    """One bar for all steps, with the time that is left; lines where standard error is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
    from rich.text import Text

    overall = Overall(steps)

    class Left(ProgressColumn):
        """What is left, also between reports."""

        def render(self, task: Task) -> Text:
            del task  # there is only one
            return Text(_left(overall.left_s()))

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), Left())
    console = Console(stderr=True)
    lines = _Lines()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("preparing", total=overall.total)

        def report(what: str, done: int, total: int) -> None:
            overall.report(what, done)
            description = f"{overall.place}: {what}"
            bar.update(task, completed=overall.done, description=description)
            if not console.is_terminal:
                lines.write(description, done, total)

        yield report


@contextmanager
def bars() -> "Iterator[Report]":
    """A bar for each thing that is done; lines where standard error is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:>18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, Any] = {}
    lines = _Lines()
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total)
            shown.update(tasks[what], completed=done)
            if not console.is_terminal:
                lines.write(what, done, total)

        yield report


class _Lines:
    """Lines for people who read them later: ten of each thing are enough."""

    def __init__(self) -> None:
        self._reported: dict[str, int] = {}

    def write(self, what: str, done: int, total: int) -> None:
        from streamer.commands.wiring import notify

        tenths = 10 * done // max(1, total)
        if self._reported.get(what) != tenths:
            self._reported[what] = tenths
            notify(f"{what}: {done} of {total} done")


def _left(seconds: float | None) -> str:
    if seconds is None:
        return "time left: not known yet"
    if seconds < 90.0:
        return f"{seconds:.0f} s left"
    return f"about {seconds / 60.0:.0f} min left" if seconds < 5400.0 else f"about {seconds / 3600.0:.1f} h left"
