"""What a run over many files costs beside the work: listing, planning, handing out, settling, memory, the manifest.

`python tests/bench/bench_manifest.py 10000 100000` measures with so many empty entries, each in a process of its own.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from streamer.archive.manifest import Manifest
from streamer.archive.places import find
from streamer.archive.task import DONE, Outcome

MADE_BY = "0" * 64
STAMP = ":".join(["1234567890123456789"] * 3)
A_FOLDER = 1000


def names(count: int) -> Iterator[str]:
    return (f"{k // A_FOLDER:05d}/recording-{k:08d}.flac" for k in range(count))


def outcome(path: str, target: str) -> Outcome:
    outputs = ((f"{target}.mid", 12_345), (f"{target}.csv", 23_456))
    return Outcome(path, DONE, "", STAMP, "0" * 64, outputs, 200.0, 300)


def measure(count: int, folder: Path) -> dict[str, float]:
    """Processor time in microseconds an entry, bytes an entry, and the peak of the memory."""
    times: dict[str, float] = {}
    began = time.process_time()

    def lap(what: str) -> None:
        nonlocal began
        times[f"{what}, us an entry"] = (time.process_time() - began) / count * 1e6
        began = time.process_time()

    for name in names(count):
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    began = time.process_time()
    assert sum(1 for _ in find([str(folder / "in")], str(folder / "out"), print)) == count
    lap("listing")
    database = folder / "manifest.sqlite"
    with Manifest(database) as manifest:
        manifest.begin(MADE_BY)
        manifest.add((f"/recordings/of/an/archive/{name}", name) for name in names(count))
        lap("planning")
        for task in manifest.pending():
            manifest.settle(outcome(task.path, task.target), MADE_BY)
        lap("handing out and settling")
        assert manifest.counts().done == count
        manifest.end()
        manifest.begin(MADE_BY)
        began = time.process_time()
        manifest.add((f"/recordings/of/an/archive/{name}", name) for name in names(count))
        lap("planning again")
    size = {"manifest, bytes an entry": database.stat().st_size / count}
    return times | size | {"memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        with tempfile.TemporaryDirectory() as folder:
            for what, value in measure(given.one, Path(folder)).items():
                print(f"{given.one:>10,} entries   {what:<40} {value:10.1f}")
        return
    for count in [500] if given.smoke else given.counts:
        subprocess.run([sys.executable, __file__, "--one", str(count)], check=True)


if __name__ == "__main__":
    main()
