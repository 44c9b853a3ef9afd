"""The catalogue of the settings of `streamer evaluate`; those that it shares with others are described there."""

from dataclasses import replace

from streamer.settings.description import Setting
from streamer.settings.io import FILES_GROUP
from streamer.settings.tracker import BY_NAME
from streamer.settings.training import CLUSTER, JOBS, SEED

COMPARED_GROUP = "What is compared"

# The command has flags of its own for models and detectors, any number of each; where none is given, the variables say
# what is measured.
EVALUATED = (
    BY_NAME["preset"],
    BY_NAME["eagerness"],
    replace(BY_NAME["model"], flag=""),
    replace(BY_NAME["detector"], flag=""),
)
EVALUATION = (
    Setting(
        name="baseline_data",
        kind="path",
        default=None,
        help="What the baselines are trained on first.",
        flag="--baseline-data",
        metavar="DATA",
        group=COMPARED_GROUP,
    ),
    Setting(
        name="curve",
        kind="bool",
        default=False,
        help="Also measure each at five values of eagerness.",
        flag="--curve",
    ),
    Setting(
        name="limit",
        kind="int",
        default=None,
        help="An even sample of so many recordings.",
        low=1,
        high=1_000_000,
        flag="--limit",
        metavar="N",
        default_text="all",
    ),
    replace(JOBS, group=""),
    replace(CLUSTER, group=""),
    replace(SEED, help="Decides what is random in the baselines' training.", group=""),
    Setting(
        name="json",
        kind="path",
        default=None,
        help="Write every figure.",
        flag="--json",
        metavar="FILE",
        group=FILES_GROUP,
    ),
    Setting(
        name="report",
        kind="path",
        default=None,
        help="Write one page with plots.",
        flag="--report",
        metavar="FILE.html",
        group=FILES_GROUP,
    ),
)
