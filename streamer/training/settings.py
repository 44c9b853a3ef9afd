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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from streamer.material.curriculum import Mixture
from streamer.settings import training as catalogue
from streamer.settings.description import described, settings_of
from streamer.settings.layers import from_toml, read_toml
from streamer.settings.training import MIXTURE, SHARES, TRAINING
from streamer.training.estimators import check_estimator


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a model is trained. What cannot work is refused.

    Attributes
    ----------
    estimator : str
        One of `streamer.settings.training.ESTIMATORS`.
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
    verifier_share : float
        Pieces that the verifier of beginnings learns from, for each that the scorer learns from. With 0 there is none,
        and thresholds decide; or, where a model is started from, its verifier is left as it is.
    mixture : Mixture
        Shares of the kinds of material.
    """

    estimator: str = described(catalogue.ESTIMATOR)
    hidden: tuple[int, ...] = described(catalogue.HIDDEN)
    pieces: int = described(catalogue.PIECES)
    epochs: int = described(catalogue.EPOCHS)
    learning_rate: tuple[float, float] = described(catalogue.LEARNING_RATE)
    alpha: float = described(catalogue.ALPHA)
    batch: int = described(catalogue.BATCH)
    seed: int = described(catalogue.SEED)
    synthetic: bool = described(catalogue.SYNTHETIC)
    memory_mb: int = described(catalogue.MEMORY)
    hold_out: tuple[str, ...] = described(catalogue.HOLD_OUT)
    verifier_share: float = described(catalogue.VERIFIER_SHARE)
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
    def verifier_pieces(self) -> int:
        """How many pieces the verifier learns from."""
        return math.ceil(self.verifier_share * self.pieces)

    @property
    def fingerprint(self) -> str:
        """The same for the same settings, and for no others."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


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
    shares = {name: given.pop(share.name) for name, share in SHARES.items() if share.name in given}
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
    return "\n".join([*lines, "", f"[{MIXTURE}]", *(f"{name} = {value}" for name, value in shares.items()), ""])
