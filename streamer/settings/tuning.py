"""The catalogue of the settings of `streamer tune`; those that it shares with a training are described there."""

from dataclasses import replace

from streamer.settings.description import Setting
from streamer.settings.tracker import BY_NAME
from streamer.settings.training import HOLD_OUT, HOW_GROUP, JOBS, SEED, SYNTHETIC

WHAT_GROUP = "What is searched"
PIECES = {"settings": 60, "thresholds": 48}  # by what is searched

TUNING = (
    Setting(
        name="csv",
        kind="path",
        default=None,
        help="Every candidate and how it did.",
        flag="--csv",
        metavar="FILE.csv",
    ),
    Setting(
        name="thresholds",
        kind="bool",
        default=False,
        help="Search the thresholds of the note machine instead, and show what eagerness brings.",
        flag="--thresholds",
        group=WHAT_GROUP,
    ),
    replace(BY_NAME["model"], help="The model whose thresholds are searched.", group=WHAT_GROUP),
    replace(
        HOLD_OUT,
        help="With --thresholds: the sources that the model was not trained on; may be repeated.",
        group=WHAT_GROUP,
    ),
    Setting(
        name="candidates",
        kind="int",
        default=18,
        help="How many are tried.",
        low=1,
        high=10_000,
        flag="--candidates",
        metavar="N",
        group=HOW_GROUP,
    ),
    Setting(
        name="rounds",
        kind="int",
        default=2,
        help="With --thresholds: searches in a row.",
        low=1,
        high=100,
        flag="--rounds",
        metavar="N",
        group=HOW_GROUP,
    ),
    Setting(
        name="pieces",
        kind="int",
        default=None,
        help="Pieces of 10 s, about as many of each source.",
        low=1,
        high=1_000_000,
        flag="--pieces",
        metavar="N",
        default_text=f"{PIECES['settings']}; {PIECES['thresholds']} for thresholds",
        group=HOW_GROUP,
    ),
    Setting(
        name="rows",
        kind="int",
        default=120_000,
        help="Examples made of them, at most.",
        low=1000,
        high=1_000_000_000,
        flag="--rows",
        metavar="N",
        group=HOW_GROUP,
    ),
    Setting(
        name="steps",
        kind="int",
        default=1200,
        help="Steps that each candidate learns at least.",
        low=1,
        high=1_000_000_000,
        flag="--steps",
        metavar="N",
        group=HOW_GROUP,
    ),
    Setting(
        name="folds",
        kind="int",
        default=4,
        help="Parts that sources are dealt out in.",
        low=2,
        high=50,
        flag="--folds",
        metavar="N",
        group=HOW_GROUP,
    ),
    SYNTHETIC,
    SEED,
    JOBS,
)
