"""A small neural network: a forward pass in numpy."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from streamer.analysis import core
from streamer.events import FloatArray

_WIDEST = 512  # units of a layer that the compiled core takes


@dataclass(frozen=True, eq=False)
class Network:
    """Layers of a multi-layer perceptron with rectified hidden units and logistic outputs.

    Attributes
    ----------
    weights : tuple of ndarray of float32
        Layer ``k`` has shape (units before, units after); the features' scaling is folded into the first.
    biases : tuple of ndarray of float32
        Of shape (units after,).
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]

    @cached_property
    def compiled(self) -> Any | None:
        """The compiled core's network; None where numpy computes."""
        from streamer.analysis.native import NativeNetwork

        lib = core.native()
        if lib is None or max(max(weight.shape) for weight in self.weights) > _WIDEST:
            return None
        return NativeNetwork(lib, self.weights, self.biases)

    def __getstate__(self) -> dict[str, Any]:
        """Without what only this process can use."""
        return {name: value for name, value in self.__dict__.items() if name != "compiled"}

    def log_odds(self, matrix: FloatArray) -> FloatArray:
        """Log odds of each output for each row.

        Parameters
        ----------
        matrix : ndarray of float32, shape (..., n, features)
            A stack of matrices gives, to the bit, what each of them gives alone.

        Returns
        -------
        ndarray of float32, shape (..., n, outputs)
        """
        if self.compiled is not None:
            return self.compiled.log_odds(matrix)  # type: ignore[no-any-return]
        x = matrix
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = x @ weight
            x += bias
            np.maximum(x, 0.0, out=x)
        return np.asarray(x @ self.weights[-1] + self.biases[-1], np.float32)
