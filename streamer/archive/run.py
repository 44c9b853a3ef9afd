"""A run over many files: what is left is done, whatever happens to some of them."""

from collections.abc import Callable

from streamer.archive.manifest import Counts, Manifest
from streamer.archive.places import OutputFolder
from streamer.archive.task import FAILED, Outcome, Task
from streamer.archive.work import Work
from streamer.jobs import Workers

KILLED = "the process that worked on it was killed, perhaps for want of memory"


def run(work: Work, manifest: Manifest, workers: Workers, report: Callable[[Outcome], None]) -> Counts:
    """Do what of the run is left.

    A file at which a process dies is tried once more, alone; if that process dies too, the file has failed, and the
    others go on.

    Parameters
    ----------
    work : Work
        What is done with each.
    manifest : Manifest
        Knows what is left, and is told what becomes of it.
    workers : Workers
        Do it, apart from this process.
    report : callable
        Called with the outcome of each.

    Returns
    -------
    Counts
        What became of the files of the run.

    Raises
    ------
    StopRunError
        If nothing more can be done: the disk is full, or a worker is of another version.
    OutputError
        If the manifest cannot be written.
    """
    folder = OutputFolder(work.folder)
    folder.clear()

    for _, outcome in workers.unordered(work, manifest.pending(), _killed):
        manifest.settle(outcome, work.made_by)
        report(outcome)
    folder.clear()
    manifest.end()
    return manifest.counts()


def _killed(task: Task) -> Outcome:
    return Outcome(task.path, FAILED, KILLED)
