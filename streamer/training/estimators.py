"""Estimators of scikit-learn that can learn to detect notes, and their export to the forward pass of the live path.

=============  ==================================================================================================
``mlp``        `MLPClassifier`: hidden layers of rectified units. The one to use
``logistic``   `LogisticRegression`: one linear layer, fitted exactly to rows drawn at random (200 000 at most)
``sgd``        `SGDClassifier` with the logistic loss: the same layer, fitted in passes over all rows
=============  ==================================================================================================

Each sees standardised features; `fold` puts the standardisation into the first layer. What is no chain of layers with
rectified units and logistic outputs cannot be exported, and is refused.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.analysis.network import Network
from streamer.errors import ConfigError, ModelError
from streamer.events import FloatArray
from streamer.model import OUTPUTS
from streamer.settings.training import ESTIMATORS

_REFUSED = {
    "forest": "its decisions are trees",
    "tree": "its decisions are trees",
    "boosting": "its decisions are trees",
    "neighb": "it carries its training data with it",
    "knn": "it carries its training data with it",
    "svc": "its kernel compares with stored examples",
    "svm": "its kernel compares with stored examples",
    "gaussianprocess": "it carries its training data with it",
    "nb": "its densities are no layers",
}
Layers = list[tuple[NDArray[np.float64], NDArray[np.float64]]]
Chunks = Iterator[tuple[FloatArray, NDArray[np.uint8]]]
LOGISTIC_ITERATIONS = 300


def check_estimator(name: str) -> None:
    """Refuse what cannot be trained and exported.

    Raises
    ------
    ConfigError
        With the reason.
    """
    if name in ESTIMATORS:
        return
    plain = name.lower().replace("_", "").replace("-", "")
    why = next((reason for part, reason in _REFUSED.items() if part in plain), "")
    choice = f"choose from {', '.join(ESTIMATORS)}"
    if why:
        raise ConfigError(
            f"the estimator {name!r} cannot be exported: {why}, and the live path runs layers of numbers; {choice}"
        )
    raise ConfigError(f"there is no estimator {name!r}; {choice}")


def new_mlp(hidden: Sequence[int], alpha: float, seed: int) -> Any:
    """A network to be given to `fit_epoch`, chunk by chunk.

    Parameters
    ----------
    hidden : sequence of int
        Units of each hidden layer.
    alpha : float
        Strength of the penalty on large weights.
    seed : int
        Decides everything that is random.
    """
    from sklearn.neural_network import MLPClassifier

    # One call of fit is one pass over its chunk, on from the weights it has. Unlike partial_fit this lets the learning
    # rate be set from call to call, and leaves no state but the weights, so that training can be interrupted.
    return MLPClassifier(
        hidden_layer_sizes=tuple(hidden), alpha=alpha, warm_start=True, max_iter=1, shuffle=False, random_state=seed
    )


def fit_epoch(
    mlp: Any, chunks: Chunks, learning_rate: float, batch: int, start: Layers | None = None
) -> tuple[float, int]:
    """Train a network on every chunk once.

    Parameters
    ----------
    mlp : MLPClassifier
        From `new_mlp`.
    chunks : iterator of (rows, targets)
        Standardised and in random order.
    learning_rate : float
        Adam's step.
    batch : int
        Rows per step.
    start : list of (weights, biases) or None
        What a new network begins with, for standardised features.

    Returns
    -------
    loss : float
        Mean over the rows, as they were seen.
    rows : int
        How many.
    """
    from sklearn.exceptions import ConvergenceWarning

    total, count = 0.0, 0
    for x, y in chunks:
        mlp.set_params(learning_rate_init=learning_rate, batch_size=min(batch, len(x)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one pass is what is wanted
            warnings.filterwarnings("error", "Training interrupted", UserWarning)
            if start is not None:  # the first call makes the layers, which then get other values
                mlp.set_params(batch_size=1).fit(x[:1], y[:1])
                mlp.coefs_ = [weights.astype(np.float32) for weights, _ in start]
                mlp.intercepts_ = [biases.astype(np.float32) for _, biases in start]
                mlp.set_params(batch_size=min(batch, len(x)))
                start = None
            try:
                mlp.fit(x, y)
            except UserWarning as stop:  # scikit-learn makes a warning of Ctrl-C and would go on
                raise KeyboardInterrupt from stop
        total += mlp.loss_ * len(x)
        count += len(x)
    return total / max(1, count), count


def fit_sgd(
    alpha: float, seed: int, epochs: int, chunks_of: Callable[[int], Chunks], report: Callable[[int], None]
) -> list[Any]:
    """One linear model per output, in passes over all rows.

    Parameters
    ----------
    alpha : float
        Strength of the penalty on large weights.
    seed : int
        Decides everything that is random.
    epochs : int
        Passes over all rows.
    chunks_of : callable
        Gives the standardised chunks of an epoch.
    report : callable
        Called with the number of each epoch that is done.
    """
    from sklearn.linear_model import SGDClassifier

    heads = [
        SGDClassifier(
            loss="log_loss",
            alpha=alpha,
            learning_rate="invscaling",
            eta0=0.02,
            power_t=0.25,
            average=True,
            shuffle=False,
            random_state=seed,
        )
        for _ in OUTPUTS
    ]
    for epoch in range(epochs):
        for x, y in chunks_of(epoch):
            for k, head in enumerate(heads):
                head.partial_fit(x, y[:, k], classes=[0, 1])
        report(epoch + 1)
    return heads


def fit_logistic(alpha: float, x: FloatArray, y: NDArray[np.uint8]) -> list[Any]:
    """One logistic regression per output, exactly.

    Parameters
    ----------
    alpha : float
        Strength of the penalty on large weights.
    x : ndarray of float32, shape (n, features)
        Standardised rows.
    y : ndarray of uint8, shape (n, outputs)
        0 or 1.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so near to the optimum, more steps change nothing heard
        strength = 1.0 / (alpha * len(x)) if alpha else np.inf
        return [LogisticRegression(C=strength, max_iter=LOGISTIC_ITERATIONS).fit(x, y[:, k]) for k in range(y.shape[1])]


def layers_of(fitted: Any, outputs: int = len(OUTPUTS)) -> Layers:
    """Weights and biases of fitted estimators, for the features as those were given them.

    Parameters
    ----------
    fitted : estimator or list of estimators
        An `MLPClassifier` fitted to all outputs at once, or one linear classifier per output.
    outputs : int
        How many there must be.

    Raises
    ------
    ModelError
        If it cannot be computed by the live path's forward pass; the message says why.
    """
    layers = _linear_layer(fitted) if isinstance(fitted, list) else _mlp_layers(fitted)
    if layers[-1][1].shape != (outputs,):
        raise ModelError(f"a model needs {outputs} outputs, not {len(layers[-1][1])}")
    return layers


def weights_hash(model: Network) -> str:
    """SHA-256 of a network's numbers."""
    return hashlib.sha256(b"".join(array.tobytes() for array in (*model.weights, *model.biases))).hexdigest()


def fold(
    layers: Layers, mean: NDArray[np.float64], spread: NDArray[np.float64]
) -> tuple[tuple[FloatArray, ...], tuple[FloatArray, ...]]:
    """Weights and biases for a `Model`, from layers for features that were standardised by mean and spread.

    Parameters
    ----------
    layers : Layers
        Weights and biases for standardised features.
    mean : ndarray, shape (features,)
        Was subtracted.
    spread : ndarray, shape (features,)
        Was divided by.
    """
    first, bias = layers[0]
    folded = [(first / spread[:, None], bias - (mean / spread) @ first), *layers[1:]]
    return tuple(w.astype(np.float32) for w, _ in folded), tuple(b.astype(np.float32) for _, b in folded)


def mean_of(members: Sequence[Network]) -> Network:
    """One network whose log odds are the mean of the members', which are equally deep and do not touch inside it."""
    first = np.concatenate([m.weights[0] for m in members], axis=1)
    last = np.concatenate([m.weights[-1] for m in members]) / len(members)
    biases = [np.concatenate(layer) for layer in zip(*(m.biases[:-1] for m in members), strict=True)]
    bias = np.stack([m.biases[-1] for m in members]).mean(axis=0)
    weights = (first, *_blocks(members), last)
    return Network(tuple(w.astype(np.float32) for w in weights), tuple(b.astype(np.float32) for b in (*biases, bias)))


def halfway(start: Network, moved: Network) -> Network:
    """The network whose weights lie halfway between those of one and of what training has made of it.

    It keeps nearly all of what either does well (Wortsman et al. 2022, Robust fine-tuning of zero-shot models).

    Parameters
    ----------
    start : Network
        What training began with.
    moved : Network
        What it ended with; of the same shape.
    """
    layers = ((start.weights, moved.weights), (start.biases, moved.biases))
    return Network(*(tuple(0.5 * (a + b) for a, b in zip(*pair, strict=True)) for pair in layers))


def _blocks(members: Sequence[Network]) -> list[NDArray[Any]]:
    """The weights between hidden layers: each member's on the diagonal, nothing beside it."""
    from scipy.linalg import block_diag

    layers = zip(*(m.weights[1:-1] for m in members), strict=True)
    return [block_diag(*layer) for layer in layers]


def unfold(
    weights: Sequence[FloatArray],
    biases: Sequence[FloatArray],
    mean: NDArray[np.float64],
    spread: NDArray[np.float64],
) -> Layers:
    """Layers of a model as they are for standardised features: the reverse of `fold`.

    Parameters
    ----------
    weights : sequence of ndarray, shape (inputs, units)
        Of each layer.
    biases : sequence of ndarray, shape (units,)
        Of each layer.
    mean : ndarray, shape (features,)
        Was subtracted.
    spread : ndarray, shape (features,)
        Was divided by.
    """
    layers = [(w.astype(np.float64), b.astype(np.float64)) for w, b in zip(weights, biases, strict=True)]
    first, bias = layers[0]
    layers[0] = first * spread[:, None], bias + mean @ first
    return layers


def _mlp_layers(fitted: Any) -> Layers:
    from sklearn.neural_network import MLPClassifier

    name = type(fitted).__name__
    if not isinstance(fitted, MLPClassifier):
        raise ModelError(f"{name} cannot be exported: the live path runs MLPClassifier and linear classifiers only")
    if fitted.activation != "relu":
        raise ModelError(
            f"{name} cannot be exported: its hidden units are {fitted.activation!r}; set activation='relu'"
        )
    if fitted.out_activation_ != "logistic":
        raise ModelError(f"{name} cannot be exported: fit it to both targets at once, so that its outputs are logistic")
    pairs = zip(fitted.coefs_, fitted.intercepts_, strict=True)
    return [(np.array(weights, np.float64), np.array(biases, np.float64)) for weights, biases in pairs]


def _linear_layer(heads: list[Any]) -> Layers:
    from sklearn.linear_model import LogisticRegression, SGDClassifier

    for head in heads:
        name = type(head).__name__
        if not isinstance(head, LogisticRegression | SGDClassifier):
            raise ModelError(f"{name} cannot be exported: the live path runs MLPClassifier and linear classifiers only")
        if isinstance(head, SGDClassifier) and head.loss != "log_loss":
            raise ModelError(
                f"{name} cannot be exported: with loss {head.loss!r} it gives no odds; set loss='log_loss'"
            )
        if head.coef_.shape[0] != 1:
            raise ModelError(
                f"{name} cannot be exported: it has {head.coef_.shape[0]} classes, but an output is yes or no"
            )
    return [(np.stack([head.coef_[0] for head in heads], 1), np.array([head.intercept_[0] for head in heads]))]
