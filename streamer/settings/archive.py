"""The catalogue of work on many files: processes, clusters, the manifest."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from streamer.settings.description import Setting, described
from streamer.settings.training import JOBS

MANY_GROUP = "Many recordings"

CLUSTER = Setting(
    name="cluster",
    kind="str",
    default="",
    help="Work on a cluster that is there: dask://HOST:8786 or ray://HOST:10001.",
    flag="--cluster",
    metavar="ADDRESS",
    default_text="this machine",
    group=MANY_GROUP,
)
JOBS_OF_MANY = replace(
    JOBS,
    default=None,
    help="Processes of a run that keeps a manifest, and goes on where it was when it is started again.",
    default_text="one recording after the other, without a manifest",
    group=MANY_GROUP,
)
MANIFEST = Setting(
    name="manifest",
    kind="path",
    default=None,
    help="Where the run keeps what is done.",
    flag="--manifest",
    metavar="FILE.sqlite",
    default_text="manifest.sqlite in the folder of --output",
    group=MANY_GROUP,
)
REPORT = Setting(
    name="report",
    kind="path",
    default=None,
    help="Write what became of each recording.",
    flag="--report",
    metavar="FILE.csv",
    group=MANY_GROUP,
)
ARCHIVE = (JOBS_OF_MANY, CLUSTER, MANIFEST, REPORT)


@dataclass(frozen=True, slots=True)
class Many:
    """The options of a run over many recordings.

    Attributes
    ----------
    jobs : int or None
        Processes; 0 for one a core, None where it was not given.
    cluster : str
        Address of a cluster; empty for this machine.
    manifest, report : Path or None
        Files that were named.
    """

    jobs: int | None = described(JOBS_OF_MANY)
    cluster: str = described(CLUSTER)
    manifest: Path | None = described(MANIFEST)  # noqa: RUF009 - a field
    report: Path | None = described(REPORT)  # noqa: RUF009 - a field

    @property
    def processes(self) -> int:
        """How many there are on this machine."""
        return self.jobs or os.cpu_count() or 1
