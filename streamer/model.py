"""The trained model, and a file that runs no code when it is loaded.

One small network scores every candidate note from that candidate's own features (`streamer.analysis.features`), so what
is learned of one note holds for all. Two outputs: the note sounds at the newest sample; the note has just begun. A
second one decides, from the first one's scores of a while, whether a note is to be begun
(`streamer.decision.verifier`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.analysis import features
from streamer.analysis.network import Network
from streamer.arrayfile import read_arrays
from streamer.decision import onset_context
from streamer.decision.thresholds import USUAL, Thresholds, thresholds_of
from streamer.errors import ModelError
from streamer.events import FloatArray
from streamer.reading import read_at_most

FORMAT = "streamer note classifier"
FORMAT_VERSION = 3
OUTPUTS = ("sounding", "begun")
MAX_BYTES = 16_000_000
MAX_LAYERS = 8
MAX_VALUE = 1e6
MAX_SUM = 1e30  # in any layer: what 32 bits hold, with room
_MAX_FEATURE = 1e4
MAX_CARD_BYTES = 1_000_000
MAX_CARD_ITEMS = 20_000
_VERIFIER = "verifier_"
_THRESHOLDS = "thresholds"  # in the card, where they are not the usual ones
SHIPPED = "default.model"


@dataclass(frozen=True, eq=False)
class Model:
    """What is trained.

    Attributes
    ----------
    scorer : Network
        Scores every candidate from its features.
    card : dict
        What the model is and where it comes from: plain JSON.
    verifier : Network or None
        Says whether a note begins (`streamer.decision.verifier`); without it thresholds decide.
    thresholds : Thresholds
        How much evidence a note needs.
    """

    scorer: Network
    card: dict[str, Any]
    verifier: Network | None = None
    thresholds: Thresholds = USUAL

    def save(self, path: Path) -> None:
        """Write the model: arrays and JSON, nothing that could run."""
        card = {key: value for key, value in self.card.items() if key != _THRESHOLDS}
        if self.thresholds.changed:
            card[_THRESHOLDS] = asdict(self.thresholds)
        card |= {"format": FORMAT, **_made_for()}
        arrays: dict[str, NDArray[Any]] = {"card": np.frombuffer(json.dumps(card, sort_keys=True).encode(), np.uint8)}
        for prefix, network in (("", self.scorer), (_VERIFIER, self.verifier)):
            if network is not None:
                for k, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
                    arrays[f"{prefix}weight_{k}"] = weight
                    arrays[f"{prefix}bias_{k}"] = bias
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)


def load(path: Path) -> Model:
    """Read a model. Whatever the file is, nothing in it is run, and no more memory is taken than `MAX_BYTES`.

    Raises
    ------
    ModelError
        If the file is absent, damaged, no model, or made for other features.
    """
    try:
        arrays = read_arrays(read_at_most(path, MAX_BYTES))
        card = _read_card(arrays)
    except OSError as error:
        raise ModelError(f"the model {path} cannot be read: {error.strerror or error}") from error
    except (KeyError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged or no model; give a file that `streamer train` wrote") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ModelError(f"{path} is no model of this program; give a file that `streamer train` wrote")
    if any(card.get(name) != value for name, value in _made_for().items()):
        raise ModelError(f"{path} was made for other features than this version's; train it again")
    scorer = _network(path, arrays, "", len(features.NAMES), len(OUTPUTS))
    verifier = None
    if f"{_VERIFIER}weight_0" in arrays:
        verifier = _network(path, arrays, _VERIFIER, len(onset_context.NAMES), len(onset_context.OUTPUTS))
    try:
        thresholds = thresholds_of(card[_THRESHOLDS]) if _THRESHOLDS in card else USUAL
    except (ValueError, OverflowError) as error:
        raise ModelError(f"{path} holds thresholds that cannot be used ({error}); tune it again") from error
    return Model(scorer, card, verifier, thresholds)


@cache
def shipped_model() -> Model:
    """The model that comes with the package.

    Raises
    ------
    ModelError
        If it is missing: the installation is damaged.
    """
    resource = files("streamer") / "models" / SHIPPED
    if not resource.is_file():
        raise ModelError("the package's own model is missing; install streamer again")
    with as_file(resource) as path:
        return load(path)


def _made_for() -> dict[str, Any]:
    """What a model must have been made for, so that its numbers mean what they are taken for."""
    return {
        "format_version": FORMAT_VERSION,
        "feature_version": features.VERSION,
        "features": list(features.NAMES),
        "outputs": list(OUTPUTS),
        "context_version": onset_context.VERSION,
        "context": list(onset_context.NAMES),
        "verifier_outputs": list(onset_context.OUTPUTS),
    }


def _largest(weights: Sequence[FloatArray], biases: Sequence[FloatArray]) -> float:
    """What no value in any layer can exceed while the features are within `_MAX_FEATURE`."""
    bound = _MAX_FEATURE
    largest = bound
    for weight, bias in zip(weights, biases, strict=True):
        reach = np.abs(weight, dtype=np.float64).sum(axis=0) * bound + np.abs(bias, dtype=np.float64)
        bound = float(reach.max(initial=0.0))
        largest = max(largest, bound)
    return largest


def _network(path: Path, arrays: dict[str, NDArray[Any]], prefix: str, width: int, outputs: int) -> Network:
    count = sum(name.startswith(f"{prefix}weight_") for name in arrays)
    if not 1 <= count <= MAX_LAYERS:
        raise ModelError(f"{path} is damaged: it has {count} layers, not 1 to {MAX_LAYERS}")
    try:
        weights = tuple(arrays[f"{prefix}weight_{k}"] for k in range(count))
        biases = tuple(arrays[f"{prefix}bias_{k}"] for k in range(count))
    except KeyError as error:
        raise ModelError(f"{path} is damaged: {error.args[0]} is missing") from error
    for weight, bias in zip(weights, biases, strict=True):
        if weight.ndim != 2 or weight.shape[0] != width or bias.shape != (weight.shape[1],):
            raise ModelError(f"{path} is damaged: its layers do not fit together")
        if weight.dtype != np.float32 or bias.dtype != np.float32:
            raise ModelError(f"{path} is damaged: its layers are not of 32-bit numbers")
        # What is no number is not below the bound either.
        if not (np.abs(weight) < MAX_VALUE).all() or not (np.abs(bias) < MAX_VALUE).all():
            raise ModelError(f"{path} is damaged: it holds values that are no numbers, or out of all bounds")
        width = weight.shape[1]
    if width != outputs:
        raise ModelError(f"{path} is damaged: it has {width} outputs, not {outputs}")
    if _largest(weights, biases) > MAX_SUM:
        raise ModelError(f"{path} is damaged: what its layers add up is out of all bounds")
    return Network(weights, biases)


def _read_card(arrays: dict[str, NDArray[Any]]) -> Any:
    """The card, which is JSON of a size that can be shown."""
    content = arrays["card"].tobytes()
    if len(content) > MAX_CARD_BYTES:
        raise ValueError("a card larger than any of this program")
    card = json.loads(content.decode())
    items, parts = 0, [card]
    while parts:
        part = parts.pop()
        within = list(part.values()) if isinstance(part, dict) else part if isinstance(part, list) else []
        items += len(within)
        parts += within
    if items > MAX_CARD_ITEMS:
        raise ValueError("a card of more items than any of this program")
    return card
