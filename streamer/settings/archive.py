"""The catalogue of work on many files: processes, clusters, the manifest."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from streamer.settings.description import Setting, described
from streamer.settings.training import CLUSTER, JOBS

MANY_GROUP = "Many recordings"

CLUSTER_OF_MANY = replace(CLUSTER, group=MANY_GROUP)
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
DRY_RUN = Setting(
    name="dry_run",
    kind="bool",
    default=False,
    help="Count recordings and hours, tell what they would take, and write nothing.",
    flag="--dry-run",
    group=MANY_GROUP,
)
ARCHIVE = (JOBS_OF_MANY, CLUSTER_OF_MANY, MANIFEST, REPORT, DRY_RUN)


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
    dry_run : bool
        Whether nothing is to be written.
    """

    jobs: int | None = described(JOBS_OF_MANY)
    cluster: str = described(CLUSTER_OF_MANY)
    manifest: Path | None = described(MANIFEST)  # noqa: RUF009 - a field
    report: Path | None = described(REPORT)  # noqa: RUF009 - a field
    dry_run: bool = described(DRY_RUN)

    @property
    def workers(self) -> int | str:
        """How many processes of this machine, or which cluster."""
        return self.cluster or self.jobs or os.cpu_count() or 1
