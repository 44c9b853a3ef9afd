"""The trained model: a forward pass in numpy, and a file that runs no code when it is loaded.

One small network scores every candidate note from that candidate's own features (`streamer.features`), so what is
learned of one note holds for all. Two outputs: the note sounds at the newest sample; the note has just begun.
"""

import io
import json
import math
import zipfile
import zlib
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
MAX_VALUE = 1e6  # so that no product of layers overflows


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
    """Read a model. Whatever the file is, nothing in it is run, and no more memory is taken than `MAX_BYTES`.

    Raises
    ------
    ModelError
        If the file is absent, damaged, no model, or made for other features.
    """
    try:
        arrays = _read_arrays(path)
        card = json.loads(arrays["card"].tobytes().decode())
    except OSError as error:
        raise ModelError(f"the model {path} cannot be read: {error.strerror or error}") from error
    except (KeyError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # RuntimeError is what an encrypted archive raises, and, as RecursionError, JSON of too great a depth.
        raise ModelError(f"{path} is damaged or no model; give a file that `streamer train` wrote") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ModelError(f"{path} is no model of this program; give a file that `streamer train` wrote")
    made_for = [card.get(name) for name in ("format_version", "feature_version", "features", "outputs")]
    if made_for != [FORMAT_VERSION, features.VERSION, list(features.NAMES), list(OUTPUTS)]:
        raise ModelError(f"{path} was made for other features than this version's; train it again")
    count = sum(name.startswith("weight_") for name in arrays)
    if not 1 <= count <= MAX_LAYERS:
        raise ModelError(f"{path} is damaged: it has {count} layers, not 1 to {MAX_LAYERS}")
    try:
        weights = tuple(arrays[f"weight_{k}"] for k in range(count))
        biases = tuple(arrays[f"bias_{k}"] for k in range(count))
    except KeyError as error:
        raise ModelError(f"{path} is damaged: {error.args[0]} is missing") from error
    width = len(features.NAMES)
    for weight, bias in zip(weights, biases, strict=True):
        if weight.ndim != 2 or weight.shape[0] != width or bias.shape != (weight.shape[1],):
            raise ModelError(f"{path} is damaged: its layers do not fit together")
        if weight.dtype != np.float32 or bias.dtype != np.float32:
            raise ModelError(f"{path} is damaged: its layers are not of 32-bit numbers")
        if (
            not (np.abs(weight) < MAX_VALUE).all() or not (np.abs(bias) < MAX_VALUE).all()
        ):  # neither is what is no number
            raise ModelError(f"{path} is damaged: it holds values that are no numbers, or out of all bounds")
        width = weight.shape[1]
    if width != len(OUTPUTS):
        raise ModelError(f"{path} is damaged: it has {width} outputs, not {len(OUTPUTS)}")
    return Classifier(weights, biases, card)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` file. Sizes are checked before memory is taken, which `numpy.load` does not do."""
    arrays: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(path) as file:
        members = file.infolist()
        if sum(member.file_size for member in members) > MAX_BYTES:
            raise ValueError("larger than any model of this program")
        for member in members:
            content = io.BytesIO(file.read(member))
            if np.lib.format.read_magic(content) != (1, 0):
                raise ValueError("an array of another version than numpy writes for these")
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(content)
            values = content.read()
            if dtype.hasobject or dtype.itemsize * math.prod(shape) != len(values):
                raise ValueError("an array of other than numbers, or cut short")
            array = np.frombuffer(values, dtype).reshape(shape, order="F" if fortran else "C")
            arrays[member.filename.removesuffix(".npy")] = np.ascontiguousarray(array)
    return arrays
