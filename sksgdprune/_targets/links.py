"""Output links: from the last layer's values to predictions, in place."""

import numpy as np
from scipy.special import log_expit

from sksgdprune._kernels.activations import ACTIVATIONS


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
    "relu": ACTIVATIONS["relu"].in_place,
    "exp": lambda Z: np.exp(Z, out=Z),
    "logistic": ACTIVATIONS["logistic"].in_place,
    "log_logistic": lambda Z: log_expit(Z, out=Z),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}
