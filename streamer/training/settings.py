"""Everything about a training that may be chosen, its defaults, and the TOML file that holds it.

::

    estimator = "mlp"
    hidden = [64, 32]
    epochs = 12
    [mixture]
    assembled = 0.5
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from streamer.material.curriculum import Mixture
from streamer.settings.description import Setting, described, settings_of
from streamer.settings.document import Chapter
from streamer.settings.layers import from_toml, read_toml
from streamer.training.estimators import ESTIMATORS, check_estimator

LEAST_MEMORY_MB = 64
_MIXTURE = "mixture"
# A model that exists is moved only a little. Its new material keeps the default share of what is not the user's own, so
# that it goes on hearing other instruments, and noise for what it is.
ADAPTING: dict[str, Any] = {
    "pieces": 60,
    "epochs": 6,
    "learning_rate": (3e-4, 3e-5),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a model is trained. What cannot work is refused.

    Attributes
    ----------
    estimator : str
        One of `streamer.training.estimators.ESTIMATORS`.
    hidden : tuple of int
        Units of each hidden layer, for ``mlp``.
    pieces : int
        How many pieces of the curriculum, of about 10 s each, are learned from.
    epochs : int
        Passes over them.
    learning_rate : (float, float)
        Of the first and the last epoch; it falls geometrically.
    alpha : float
        Strength of the penalty on large weights.
    batch : int
        Rows per step.
    seed : int
        Decides everything that is random.
    synthetic : bool
        Whether soundfont, noise and speech are mixed in.
    memory_mb : int
        What rows may take in memory at once.
    hold_out : tuple of str
        Sources or instruments (a part of the name will do) that are measured on instead of learned from.
    judge_share : float
        Pieces that the verifier of beginnings learns from, for each that the scorer learns from. With 0 there is none,
        and thresholds decide; or, where a model is started from, its verifier is left as it is.
    mixture : Mixture
        Shares of the kinds of material.
    """

    estimator: str = described(
        Setting(
            name="estimator",
            kind="str",
            default="mlp",
            help=f"{', '.join(ESTIMATORS[:-1])} or {ESTIMATORS[-1]}.",
            flag="--estimator",
        )
    )
    hidden: tuple[int, ...] = described(
        Setting(
            name="hidden",
            kind="int",
            default=(64, 32),
            help="Units of each hidden layer, for mlp.",
            low=1,
            high=1024,
            length=(1, 6),
            unit="units",
            flag="--hidden",
        )
    )
    pieces: int = described(
        Setting(
            name="pieces",
            kind="int",
            default=600,
            help="Pieces of about 10 s to learn from.",
            low=1,
            high=1_000_000,
            flag="--pieces",
            default_text=f"600; {ADAPTING['pieces']} to adapt",
        )
    )
    epochs: int = described(
        Setting(
            name="epochs",
            kind="int",
            default=12,
            help="Passes over the pieces.",
            low=1,
            high=10_000,
            flag="--epochs",
            default_text=f"12; {ADAPTING['epochs']} to adapt",
        )
    )
    learning_rate: tuple[float, float] = described(
        Setting(
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
    )
    alpha: float = described(
        Setting(
            name="alpha",
            kind="float",
            default=1e-6,
            help="Strength of the penalty on large weights.",
            low=0.0,
            high=1.0,
        )
    )
    batch: int = described(
        Setting(
            name="batch",
            kind="int",
            default=512,
            help="Rows in each step.",
            low=1,
            high=1_000_000,
            unit="rows",
        )
    )
    seed: int = described(
        Setting(
            name="seed",
            kind="int",
            default=0,
            help="Decides everything that is random.",
            low=0,
            high=2**32 - 1,
            flag="--seed",
        )
    )
    synthetic: bool = described(
        Setting(
            name="synthetic",
            kind="bool",
            default=True,
            help="Whether soundfont, noise and speech are mixed in.",
            flag="--no-synthetic",
        )
    )
    memory_mb: int = described(
        Setting(
            name="memory_mb",
            kind="int",
            default=2048,
            help="What rows may take in memory at once.",
            low=LEAST_MEMORY_MB,
            high=1_000_000_000,
            unit="MB",
            flag="--memory",
        )
    )
    hold_out: tuple[str, ...] = described(
        Setting(
            name="hold_out",
            kind="str",
            default=(),
            help="Sources or instruments, or parts of their names, that are measured on instead of learned from.",
            length=(0, 1000),
            flag="--hold-out",
        )
    )
    # Model cards and settings files carry the name judge; elsewhere it is the verifier.
    judge_share: float = described(
        Setting(
            name="judge_share",
            kind="float",
            default=1.6,
            help="Pieces that the judge of beginnings learns from, for each that the classifier learns from; "
            "0 for no judge.",
            low=0.0,
            high=100.0,
        )
    )
    mixture: Mixture = field(default_factory=Mixture)

    def __post_init__(self) -> None:
        """Refuse what cannot work, in one line.

        Raises
        ------
        ConfigError
            If a value is out of range or unknown.
        """
        check_estimator(self.estimator)
        for name, setting in settings_of(self).items():
            setting.check(getattr(self, name))

    @property
    def judge_pieces(self) -> int:
        """How many pieces the verifier learns from."""
        return math.ceil(self.judge_share * self.pieces)

    @property
    def fingerprint(self) -> str:
        """The same for the same settings, and for no others."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


_SHARE_HELP = {
    "assembled": "Share of phrases assembled from single recorded notes.",
    "phrases": "Share of recorded phrases.",
    "rendered": "Share of phrases rendered with a soundfont.",
    "synthesised": "Share of synthesised tones.",
    "sung": "Share of computed singing.",
    "nonmusic": "Share of noise and other sounds that are no music.",
    "drums": "Share of drums, rendered with a soundfont.",
    "speech": "Share of speech.",
}
_SHARES = tuple(
    Setting(name=f"{_MIXTURE}.{f.name}", kind="float", default=f.default, help=_SHARE_HELP[f.name], low=0.0)
    for f in fields(Mixture)
)
TRAINING: tuple[Setting, ...] = (*settings_of(Settings).values(), *_SHARES)
TRAINING_CHAPTER = Chapter(
    title="Training",
    intro=(
        "The settings of `streamer train`, in the file that `--config` names. A value comes from the "
        "strongest of these layers that gives one: default < file < flag. A name with a dot stands in a table: "
        "`mixture.sung` is `sung` under `[mixture]`."
    ),
    settings=TRAINING,
)


def make_settings(given: Mapping[str, Any], where: str = "the settings") -> Settings:
    """Settings from plain values as TOML has them; what is not given keeps its default.

    Parameters
    ----------
    given : mapping
        Values by name; tables are mappings, too.
    where : str
        Where it comes from; an error's message begins with it.

    Raises
    ------
    ConfigError
        If a name is unknown or a value is not of its kind; the message begins with ``where``.
    """
    plain = {name: asdict(value) if isinstance(value, Mixture) else value for name, value in given.items()}
    given = from_toml(plain, TRAINING, where)
    names = {share.name: share.name.removeprefix(f"{_MIXTURE}.") for share in _SHARES}
    shares = {names[name]: given.pop(name) for name in list(given) if name in names}
    return Settings(**given, mixture=Mixture(**shares))


def read_settings(path: Path) -> dict[str, Any]:
    """Plain values of a TOML file, for `make_settings`.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    return read_toml(path)


def to_toml(settings: Settings) -> str:
    """The file that `read_settings` takes."""
    lines = [
        f"{setting.name} = {json.dumps(getattr(settings, name))}" for name, setting in settings_of(settings).items()
    ]
    shares = asdict(settings.mixture)
    return "\n".join([*lines, "", f"[{_MIXTURE}]", *(f"{name} = {value}" for name, value in shares.items()), ""])
