"""The trained model: a forward pass in numpy, and a file that runs no code when it is loaded.

One small network scores every candidate note from that candidate's own features (`streamer.features`), so what is
learned of one note holds for all. Two outputs: the note sounds at the newest sample; the note has just begun.
"""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer import features
from streamer.errors import ModelError
from streamer.events import FloatArray

FORMAT = "streamer note classifier"
FORMAT_VERSION = 1
OUTPUTS = ("sounding", "begun")
MAX_BYTES = 16_000_000
MAX_LAYERS = 8


@dataclass(frozen=True, eq=False)
class Classifier:
    """Layers of a multi-layer perceptron with rectified hidden units and logistic outputs.

    Attributes
    ----------
    weights : tuple of ndarray of float32
        Layer ``k`` has shape (units before, units after); the features' scaling is folded into the first.
    biases : tuple of ndarray of float32
        Of shape (units after,).
    card : dict
        What the model is and where it comes from: plain JSON.
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]
    card: dict[str, Any]

    def log_odds(self, matrix: FloatArray) -> FloatArray:
        """Log odds of both outputs for each candidate, shape (n, 2), from features of shape (n, features)."""
        x = matrix
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = x @ weight
            x += bias
            np.maximum(x, 0.0, out=x)
        return np.asarray(x @ self.weights[-1] + self.biases[-1], np.float32)

    def save(self, path: Path) -> None:
        """Write the model: arrays and JSON, nothing that could run."""
        card = self.card | {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "feature_version": features.VERSION,
            "features": list(features.NAMES),
            "outputs": list(OUTPUTS),
        }
        arrays: dict[str, NDArray[Any]] = {"card": np.frombuffer(json.dumps(card, sort_keys=True).encode(), np.uint8)}
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            arrays[f"weight_{k}"] = weight
            arrays[f"bias_{k}"] = bias
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)


def load(path: Path) -> Classifier:
    """Read a model.

    Raises
    ------
    ModelError
        If the file is absent, damaged, no model, or made for other features.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(
                f"{path} is larger than any model of this program; give a file that `streamer train` wrote"
            )
        with np.load(path, allow_pickle=False) as file:
            card = json.loads(file["card"].tobytes().decode())
            count = sum(name.startswith("weight_") for name in file.files)
            arrays = [(file[f"weight_{k}"], file[f"bias_{k}"]) for k in range(min(count, MAX_LAYERS))]
    except OSError as error:
        raise ModelError(f"the model {path} cannot be read: {error.strerror or error}") from error
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path} is damaged or no model; give a file that `streamer train` wrote") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ModelError(f"{path} is no model of this program; give a file that `streamer train` wrote")
    if card.get("format_version") != FORMAT_VERSION or card.get("features") != list(features.NAMES):
        raise ModelError(f"{path} was made for other features than this version's; train it again")
    width = len(features.NAMES)
    for weight, bias in arrays:
        if weight.ndim != 2 or weight.shape[0] != width or bias.shape != (weight.shape[1],):
            raise ModelError(f"{path} is damaged: its layers do not fit together")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise ModelError(f"{path} is damaged: it holds values that are no numbers")
        width = weight.shape[1]
    if not arrays or width != len(OUTPUTS):
        raise ModelError(f"{path} is damaged: it has {width} outputs, not {len(OUTPUTS)}")
    weights = tuple(np.ascontiguousarray(weight, np.float32) for weight, _ in arrays)
    return Classifier(weights, tuple(np.asarray(bias, np.float32) for _, bias in arrays), card)
