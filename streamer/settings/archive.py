"""The catalogue of work on many files: processes, clusters, the manifest."""

from dataclasses import replace

from streamer.settings.description import Setting
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
ARCHIVE = (
    replace(
        JOBS,
        default=None,
        help="Processes of a run that keeps a manifest, and goes on where it was when it is started again.",
        default_text="one recording after the other, without a manifest",
        group=MANY_GROUP,
    ),
    CLUSTER,
    Setting(
        name="manifest",
        kind="path",
        default=None,
        help="Where the run keeps what is done.",
        flag="--manifest",
        metavar="FILE.sqlite",
        default_text="manifest.sqlite in the folder of --output",
        group=MANY_GROUP,
    ),
    Setting(
        name="report",
        kind="path",
        default=None,
        help="Write what became of each recording.",
        flag="--report",
        metavar="FILE.csv",
        group=MANY_GROUP,
    ),
)
