"""Activations of hidden layers: value, slope, gain of the start, and the twin in NumPy."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from sksgdprune._kernels.exponential import exp, tanh
from sksgdprune._kernels.types import jit

IDENTITY, LOGISTIC, TANH, RELU = range(4)


class Activation(NamedTuple):
    """An activation as Python sees it; `activate` and `times_slope` are its compiled part.

    Parameters
    ----------
    code : int
        By which the kernels know it.
    in_place : callable
        Replaces an array Z by its activation, and returns it.
    gain : float, default=6.0
        θ starts uniformly in ±sqrt(gain / (fan_in + fan_out)) (Glorot & Bengio 2010).
    in_c : str or None, default=None
        Its value of z as an expression of C, for `to_c`; {f} ends the name of a function of
        floats: "f", or nothing for doubles.
    """

    code: int
    in_place: Callable[[np.ndarray], np.ndarray]
    gain: float = 6.0
    in_c: str | None = None


ACTIVATIONS = {
    "identity": Activation(IDENTITY, lambda Z: Z, in_c="z"),
    "logistic": Activation(
        LOGISTIC, lambda Z: expit(Z, out=Z), gain=2.0, in_c="1 / (1 + exp{f}(-z))"
    ),
    "tanh": Activation(TANH, lambda Z: np.tanh(Z, out=Z), in_c="tanh{f}(z)"),
    "relu": Activation(RELU, lambda Z: np.maximum(Z, 0, out=Z), in_c="z < 0 ? 0 : z"),
}


@jit
def activate(values, activation):
    """Replace values of shape (n,) by their activation."""
    zero, one = values.dtype.type(0), values.dtype.type(1)
    if activation == TANH:
        for i in range(values.size):
            values[i] = tanh(values[i])
    elif activation == LOGISTIC:
        for i in range(values.size):
            values[i] = one / (one + exp(-values[i]))
    elif activation == RELU:
        for i in range(values.size):
            values[i] = values[i] if not values[i] <= zero else zero


@jit
def times_slope(d, a, activation):
    """Multiply d by the activation's slope, a function of its value a."""
    zero, one = d.dtype.type(0), d.dtype.type(1)
    if activation == TANH:
        for i in range(d.size):
            d[i] *= one - a[i] * a[i]
    elif activation == LOGISTIC:
        for i in range(d.size):
            d[i] *= a[i] * (one - a[i])
    elif activation == RELU:
        for i in range(d.size):
            d[i] = d[i] if a[i] > zero else zero
