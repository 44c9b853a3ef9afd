"""The catalogue of the settings of a training; `streamer.training.settings` makes a training of them."""

from typing import Any

from streamer.settings.description import Setting

HOW_GROUP = "How it learns"
MACHINE_GROUP = "This machine"
ESTIMATORS = ("mlp", "logistic", "sgd")
MIXTURE = "mixture"
MOST_JOBS = 1024
# A model that exists is moved only a little. Its new material keeps the default share of what is not the user's own, so
# that other instruments are still found, and noise is still kept apart from notes.
ADAPTING: dict[str, Any] = {
    "pieces": 60,
    "epochs": 6,
    "learning_rate": (3e-4, 3e-5),
}

ESTIMATOR = Setting(
    name="estimator",
    kind="str",
    default="mlp",
    help=f"{', '.join(ESTIMATORS[:-1])} or {ESTIMATORS[-1]}.",
    flag="--estimator",
    metavar="NAME",
    group=HOW_GROUP,
)
HIDDEN = Setting(
    name="hidden",
    kind="int",
    default=(64, 32),
    help="Units of each hidden layer, for mlp.",
    low=1,
    high=1024,
    length=(1, 6),
    unit="units",
    example="64,32",
    flag="--hidden",
    metavar="UNITS",
    group=HOW_GROUP,
)
PIECES = Setting(
    name="pieces",
    kind="int",
    default=600,
    help="Pieces of about 10 s to learn from.",
    low=1,
    high=1_000_000,
    flag="--pieces",
    default_text=f"600; {ADAPTING['pieces']} to adapt",
    metavar="N",
    group=HOW_GROUP,
)
EPOCHS = Setting(
    name="epochs",
    kind="int",
    default=12,
    help="Passes over the pieces.",
    low=1,
    high=10_000,
    flag="--epochs",
    default_text=f"12; {ADAPTING['epochs']} to adapt",
    metavar="N",
    group=HOW_GROUP,
)
LEARNING_RATE = Setting(
    name="learning_rate",
    kind="float",
    default=(2e-3, 1e-4),
    help="Learning rate of the first and the last epoch; it falls geometrically.",
    low=0.0,
    low_excluded=True,
    high=1.0,
    length=(2, 2),
    default_text="0.002, 0.0001; {:g}, {:g} to adapt".format(*ADAPTING["learning_rate"]),
)
ALPHA = Setting(
    name="alpha",
    kind="float",
    default=1e-6,
    help="Strength of the penalty on large weights.",
    low=0.0,
    high=1.0,
)
BATCH = Setting(
    name="batch",
    kind="int",
    default=512,
    help="Rows in each step.",
    low=1,
    high=1_000_000,
    unit="rows",
)
SEED = Setting(
    name="seed",
    kind="int",
    default=0,
    help="Decides everything that is random.",
    low=0,
    high=2**32 - 1,
    flag="--seed",
    metavar="N",
    group=HOW_GROUP,
)
SYNTHETIC = Setting(
    name="synthetic",
    kind="bool",
    default=True,
    help="Mix in soundfont, noise and speech; the flag leaves them out.",
    flag="--no-synthetic",
    group=HOW_GROUP,
)
MEMORY = Setting(
    name="memory_mb",
    kind="size",
    default=2048,
    default_text="2048M",
    help="What rows may take in memory at once.",
    low=64,
    high=1_000_000_000,
    unit="MB",
    flag="--memory",
    metavar="SIZE",
    group=MACHINE_GROUP,
)
HOLD_OUT = Setting(
    name="hold_out",
    kind="str",
    default=(),
    help="Source or instrument, or a part of its name, to measure on instead of learning from; may be repeated.",
    length=(0, 1000),
    flag="--hold-out",
    repeated=True,
    metavar="SOURCE",
)
VERIFIER_SHARE = Setting(
    name="verifier_share",
    kind="float",
    default=1.6,
    help="Pieces that the verifier learns from, for each that the classifier learns from; 0 for no verifier.",
    low=0.0,
    high=100.0,
)


def _share(name: str, default: float, what: str) -> Setting:
    return Setting(name=f"{MIXTURE}.{name}", kind="float", default=default, help=f"Share of {what}.", low=0.0)


SHARES = {
    "assembled": _share("assembled", 0.30, "phrases assembled from single recorded notes"),
    "phrases": _share("phrases", 0.20, "recorded phrases"),
    "rendered": _share("rendered", 0.12, "phrases rendered with a soundfont"),
    "synthesised": _share("synthesised", 0.16, "synthesised tones"),
    "slurred": _share("slurred", 0.16, "notes without attacks, held recorded notes along pitch curves"),
    "sung": _share("sung", 0.0, "computed singing"),
    "nonmusic": _share("nonmusic", 0.08, "noise and other sounds that are no music"),
    "recorded_nonmusic": _share("recorded_nonmusic", 0.12, "recorded speech and other sounds that are no music"),
    "drums": _share("drums", 0.05, "drums, rendered with a soundfont"),
    "speech": _share("speech", 0.05, "computed speech"),
}
TRAINING: tuple[Setting, ...] = (
    *(
        ESTIMATOR,
        HIDDEN,
        PIECES,
        EPOCHS,
        LEARNING_RATE,
        ALPHA,
        BATCH,
        SEED,
        SYNTHETIC,
        MEMORY,
        HOLD_OUT,
        VERIFIER_SHARE,
    ),
    *SHARES.values(),
)

JOBS = Setting(
    name="jobs",
    kind="int",
    default=0,
    help="Processes.",
    low=1,
    high=MOST_JOBS,
    automatic=0,
    flag="--jobs",
    short="-j",
    metavar="N",
    default_text="one a core",
    group=MACHINE_GROUP,
)
CACHE = Setting(
    name="cache",
    kind="path",
    default=None,
    help="Keep features here, for other runs.",
    flag="--cache",
    metavar="FOLDER",
    default_text="beside the model until that is done",
    group=MACHINE_GROUP,
)
CLUSTER = Setting(
    name="cluster",
    kind="str",
    default="",
    help="Work on a cluster that is there: dask://HOST:8786 or ray://HOST:10001.",
    flag="--cluster",
    metavar="ADDRESS",
    default_text="this machine",
    group=MACHINE_GROUP,
)
MACHINE = (JOBS, CLUSTER, CACHE)
