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
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from streamer.errors import ConfigError
from streamer.material.curriculum import Mixture
from streamer.training.estimators import check_estimator

LEAST_MEMORY_MB = 64


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

    estimator: str = "mlp"
    hidden: tuple[int, ...] = (64, 32)
    pieces: int = 600
    epochs: int = 12
    learning_rate: tuple[float, float] = (2e-3, 1e-4)
    alpha: float = 1e-6
    batch: int = 512
    seed: int = 0
    synthetic: bool = True
    memory_mb: int = 2048
    hold_out: tuple[str, ...] = ()
    judge_share: float = 1.6
    mixture: Mixture = field(default_factory=Mixture)

    def __post_init__(self) -> None:
        """Refuse what cannot work, in one line.

        Raises
        ------
        ConfigError
            If a value is out of range or unknown.
        """
        check_estimator(self.estimator)
        for name, low, high in (
            ("pieces", 1, 1_000_000),
            ("epochs", 1, 10_000),
            ("alpha", 0.0, 1.0),
            ("batch", 1, 1_000_000),
            ("judge_share", 0.0, 100.0),
            ("seed", 0, 2**32 - 1),
            ("memory_mb", LEAST_MEMORY_MB, 1_000_000_000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} is {value}, but must be from {low} to {high}")
        if not 1 <= len(self.hidden) <= 6 or not all(1 <= units <= 1024 for units in self.hidden):
            raise ConfigError(f"hidden is {list(self.hidden)}, but must be one to six layers of 1 to 1024 units")
        if not all(0.0 < rate <= 1.0 for rate in self.learning_rate):
            raise ConfigError(f"learning_rate is {list(self.learning_rate)}, but must be two numbers from 0 to 1")

    @property
    def judge_pieces(self) -> int:
        """How many pieces the verifier learns from."""
        return math.ceil(self.judge_share * self.pieces)

    @property
    def fingerprint(self) -> str:
        """The same for the same settings, and for no others."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


# A model that exists is moved only a little. Its new material keeps the default share of what is not the user's own, so
# that it goes on hearing other instruments, and noise for what it is.
ADAPTING: dict[str, Any] = {
    "pieces": 60,
    "epochs": 6,
    "learning_rate": (3e-4, 3e-5),
}


def make_settings(said: Mapping[str, Any], where: str = "the settings") -> Settings:
    """Settings from plain values as TOML has them; what is not said keeps its default.

    Raises
    ------
    ConfigError
        If a name is unknown or a value is not of its kind; the message begins with ``where``.
    """
    made: dict[str, Any] = {}
    for name, value in said.items():
        if name not in _KINDS:
            raise ConfigError(f"{where}: there is no setting {name!r}; there are {', '.join(_KINDS)}")
        try:
            made[name] = _KINDS[name](value)
        except (TypeError, ValueError, KeyError) as error:
            raise ConfigError(f"{where}: {name} cannot be {value!r}") from error
    return Settings(**made)


def read_settings(path: Path) -> dict[str, Any]:
    """Plain values of a TOML file, for `make_settings`.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error


def to_toml(settings: Settings) -> str:
    """The file that `read_settings` takes."""
    values = asdict(settings)
    mixture = values.pop("mixture")
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join([*lines, "", "[mixture]", *(f"{name} = {value}" for name, value in mixture.items()), ""])


def _whole(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value:
        raise ValueError
    return int(value)


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _rates(value: Any) -> tuple[float, float]:
    first, last = value
    return float(first), float(last)


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError
    return tuple(map(str, value))


def _mixture(value: Any) -> Mixture:
    if isinstance(value, Mixture):
        return value
    known = {share.name for share in fields(Mixture)}
    shares = {name: float(share) for name, share in dict(value).items()}
    if not shares.keys() <= known or not all(share >= 0.0 for share in shares.values()):
        raise ValueError
    return Mixture(**shares)


_KINDS: dict[str, Any] = {
    "estimator": str,
    "hidden": lambda value: tuple(_whole(units) for units in value),
    "pieces": _whole,
    "epochs": _whole,
    "learning_rate": _rates,
    "alpha": float,
    "batch": _whole,
    "seed": _whole,
    "synthetic": _yes_or_no,
    "memory_mb": _whole,
    "hold_out": _words,
    "judge_share": float,
    "mixture": _mixture,
}
