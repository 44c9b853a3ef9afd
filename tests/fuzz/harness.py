"""Run many cases in processes with little memory and little time, and count what became of them."""

import argparse
import json
import random
import select
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

MEMORY_MB = 1000  # beyond what the process has once all is imported
CPU_S = 20.0
HANG_S = 120.0  # on the clock, as other programs may use the processor, too
Make = Callable[[Path, random.Random], Path]
"""Makes one case in a folder of its own, and returns the path that the program is given."""


@dataclass
class Figures:
    """What became of the cases."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    most_mb: float = 0.0

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        return f"{counts}; slowest {self.slowest_s:.1f} s, most memory {self.most_mb:.0f} MB, {len(self.faults)} faults"


class _Worker:
    """A process that takes paths and answers what became of each."""

    def __init__(self, target: str) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.worker", target, str(MEMORY_MB)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            bufsize=0,
        )
        self._read(60.0)  # all is imported

    def _read(self, timeout_s: float) -> bytes:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], timeout_s)[0]:
            return b"hang"
        return self._process.stdout.readline()

    def answer(self, path: Path) -> dict[str, object]:
        """What became of a path."""
        assert self._process.stdin is not None
        self._stderr.seek(0)
        self._stderr.truncate()
        self._process.stdin.write(json.dumps(str(path)).encode() + b"\n")
        line = self._read(HANG_S)
        if line == b"hang":
            return {"outcome": "hang"}
        if not line:
            return {"outcome": "crash", "text": f"status {self._process.wait()}"}
        answer: dict[str, object] = json.loads(line)
        self._stderr.seek(0)
        if printed := self._stderr.read().decode(errors="replace"):
            answer |= {"outcome": "chatter", "text": printed[-300:]}
        if float(str(answer["seconds"])) > CPU_S:
            answer |= {"outcome": "slow"}
        return answer

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._stderr.close()


@contextmanager
def _workers(target: str) -> Iterator[Callable[[], _Worker]]:
    """One process, and another whenever it had to be ended."""
    current: list[_Worker] = []

    def get(*, anew: bool = False) -> _Worker:
        if current and (anew or not current[0].alive):
            current.pop().end()
        if not current:
            current.append(_Worker(target))
        return current[0]

    try:
        yield get
    finally:
        for worker in current:
            worker.end()


def fuzz(target: str, make: Make, count: int, seed: int, keep: Path | None = None) -> Figures:
    """Make and try so many cases.

    Parameters
    ----------
    target : str
        A key of `tests.fuzz.worker.TARGETS`.
    make : callable
        Makes a case.
    count, seed : int
        How many, and which.
    keep : Path or None
        Folder for the cases that show a fault.
    """
    figures = Figures()
    with _workers(target) as get, tempfile.TemporaryDirectory() as top:
        for number in range(count):
            rng = random.Random(f"{target} {seed} {number}")
            folder = Path(top) / str(number)
            folder.mkdir()
            answer = get().answer(make(folder, rng))
            outcome = str(answer["outcome"])
            figures.outcomes[outcome] += 1
            figures.slowest_s = max(figures.slowest_s, float(str(answer.get("seconds", 0.0))))
            figures.most_mb = max(figures.most_mb, float(str(answer.get("mb", 0.0))))
            if outcome not in ("used", "refused"):
                figures.faults.append(f"case {number}: {outcome}: {answer.get('text', '')}")
                get(anew=True)
                if keep and not (keep / f"{target}-{seed}-{number}").exists():
                    shutil.copytree(folder, keep / f"{target}-{seed}-{number}", symlinks=True, ignore=_fifos)
            shutil.rmtree(folder)
    return figures


def _fifos(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder, name).is_fifo()]


def main(target: str, make: Make, usual: int) -> None:
    """The command line of one kind."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.fuzz.{target}")
    parser.add_argument("--count", type=int, default=usual)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the cases that show a fault")
    arguments = parser.parse_args()
    figures = fuzz(target, make, arguments.count, arguments.seed, arguments.keep)
    for fault in figures.faults:
        print(fault)
    print(f"{target}: {figures}")
    sys.exit(bool(figures.faults))
