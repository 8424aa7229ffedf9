"""The network as plain arrays: where each tensor lies in θ, how it starts, how it predicts."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_expit


class Tensor(NamedTuple):
    """One weight matrix or bias vector inside the flat parameter vector."""

    name: str
    where: slice
    shape: tuple[int, ...]
    is_bias: bool


@dataclass(frozen=True)
class Layout:
    """Places of all weights and biases in the flat parameter vector θ.

    θ holds, layer by layer, the weights (fan_in, fan_out) in C order and then the biases
    (fan_out,).

    Parameters
    ----------
    sizes : tuple of int
        Units per layer: (n_features, *hidden_layer_sizes, n_outputs).
    """

    sizes: tuple[int, ...]

    @cached_property
    def tensors(self):
        """The tensors in their order in θ: W1, b1, W2, b2 and so on."""
        tensors, start = [], 0
        for layer, (fan_in, fan_out) in enumerate(pairwise(self.sizes), start=1):
            for name, shape in ((f"W{layer}", (fan_in, fan_out)), (f"b{layer}", (fan_out,))):
                stop = start + int(np.prod(shape))
                tensors.append(Tensor(name, slice(start, stop), shape, len(shape) == 1))
                start = stop
        return tuple(tensors)

    @cached_property
    def n_parameters(self):
        """Length of θ."""
        return self.tensors[-1].where.stop

    @cached_property
    def starts(self):
        """Where the connections into each layer begin in θ, and the end; int64 (n_layers,)."""
        starts = [t.where.start for t in self.tensors if not t.is_bias]
        return np.array([*starts, self.n_parameters], dtype=np.int64)

    @cached_property
    def units(self):
        """Row of each layer's first unit, a unit of ones behind each, and the end; int64."""
        return np.cumsum([0, *(n + 1 for n in self.sizes)], dtype=np.int64)

    def views(self, vector):
        """Return one view of `vector` per tensor, in the tensors' shapes."""
        return [vector[t.where].reshape(t.shape) for t in self.tensors]

    def weights(self, vector):
        """Return views of the weight matrices in `vector`."""
        return self.views(vector)[0::2]

    def biases(self, vector):
        """Return views of the bias vectors in `vector`."""
        return self.views(vector)[1::2]


def initial_parameters(layout, activation, rng, dtype):
    """Draw θ uniformly in ±sqrt(6 / (fan_in + fan_out)), biases too (Glorot & Bengio 2010).

    The logistic activation has a factor of 2 instead of 6. The draws come in scikit-learn's
    order, so the same seed gives the same start as its MLP.
    """
    factor = 2.0 if activation == "logistic" else 6.0
    theta = np.empty(layout.n_parameters, dtype=dtype)
    for weights, biases in zip(layout.weights(theta), layout.biases(theta), strict=True):
        bound = np.sqrt(factor / sum(weights.shape))
        weights[:] = rng.uniform(-bound, bound, weights.shape)
        biases[:] = rng.uniform(-bound, bound, biases.shape)
    return theta


def initial_noise_variance(layout, rng, dtype):
    """Draw the start of C uniformly in [0, sqrt(6 / n_parameters)], as the notebook does."""
    n = layout.n_parameters
    return rng.uniform(0.0, np.sqrt(6.0 / n), n).astype(dtype, copy=False)


ACTIVATIONS = {
    "identity": lambda Z: Z,
    "logistic": lambda Z: expit(Z, out=Z),
    "tanh": lambda Z: np.tanh(Z, out=Z),
    "relu": lambda Z: np.maximum(Z, 0, out=Z),
}


def _softmax(Z):
    Z -= Z.max(axis=1, keepdims=True)
    np.exp(Z, out=Z)
    Z /= Z.sum(axis=1, keepdims=True)
    return Z


def _log_softmax(Z):
    Z -= Z.max(axis=1, keepdims=True)
    Z -= np.log(np.exp(Z).sum(axis=1, keepdims=True))
    return Z


# What becomes of the last layer's values, in place.
OUTPUTS = {
    "identity": lambda Z: Z,
    "relu": ACTIVATIONS["relu"],
    "exp": lambda Z: np.exp(Z, out=Z),
    "logistic": ACTIVATIONS["logistic"],
    "log_logistic": lambda Z: log_expit(Z, out=Z),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}


# Rows that are predicted at once: few enough to stay in the cache, enough for BLAS.
PREDICT_ROWS = 1024


def predict(X, coefs, intercepts, activation, output):
    """Return the network's output for the rows of X.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Input rows; they go through the network in blocks.
    coefs, intercepts : lists of ndarray
        Weights (fan_in, fan_out) and biases (fan_out,) of each layer.
    activation : key of `ACTIVATIONS`
        Activation of the hidden layers.
    output : key of `OUTPUTS`
        What becomes of the last layer's values.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
    """
    Z = np.empty((X.shape[0], len(intercepts[-1])), dtype=np.result_type(X, coefs[0]))
    for first in range(0, X.shape[0], PREDICT_ROWS):
        A = X[first : first + PREDICT_ROWS]
        for layer, (W, b) in enumerate(zip(coefs, intercepts, strict=True), start=1):
            A = A @ W
            A += b
            if layer < len(coefs):
                A = ACTIVATIONS[activation](A)
        Z[first : first + PREDICT_ROWS] = A
    return OUTPUTS[output](Z)
