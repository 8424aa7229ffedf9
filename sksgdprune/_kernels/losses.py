"""Losses: from the output layer's values Z to d(loss)/dZ, column by column."""

import math

import numpy as np

from sksgdprune._kernels.exponential import exp
from sksgdprune._kernels.types import jit, jit_inline

# A loss together with the output activation under it.
SOFTMAX_LOG, DOUBLE_SOFTMAX, LOGISTIC_LOG, SQUARED_IDENTITY, SQUARED_RELU, POISSON_EXP = range(6)
OBJECTIVES = {
    ("log_loss", "softmax"): SOFTMAX_LOG,
    ("double_softmax", "softmax"): DOUBLE_SOFTMAX,
    ("log_loss", "logistic"): LOGISTIC_LOG,
    ("squared_error", "identity"): SQUARED_IDENTITY,
    ("squared_error", "relu"): SQUARED_RELU,
    ("poisson", "exp"): POISSON_EXP,
}


@jit
def _softmax(Z, log_sum):
    """Replace each column of Z by its softmax; log_sum[s] becomes log sum_k exp(Z[k, s])."""
    n_units, width = Z.shape
    total = np.zeros_like(log_sum)
    log_sum[:] = -np.inf
    for k in range(n_units):
        for s in range(width):
            log_sum[s] = max(log_sum[s], Z[k, s])
    for k in range(n_units):
        for s in range(width):
            Z[k, s] = exp(Z[k, s] - log_sum[s])
            total[s] += Z[k, s]
    for s in range(width):
        log_sum[s] += math.log(total[s])
        total[s] = 1 / total[s]
    for k in range(n_units):
        for s in range(width):
            Z[k, s] *= total[s]


@jit
def _softmax_delta(Z, Y, losses):
    n_units, width = Z.shape
    log_sum = np.empty_like(losses)
    for k in range(n_units):
        for s in range(width):
            losses[s] -= Y[k, s] * Z[k, s]
    _softmax(Z, log_sum)
    for s in range(width):
        losses[s] += log_sum[s]
    for k in range(n_units):
        for s in range(width):
            Z[k, s] -= Y[k, s]


@jit
def _double_softmax_delta(Z, Y, losses):
    """The log-loss of a softmax applied to the softmax output P: dZ = P (dP - sum_k P dP)."""
    n_units, width = Z.shape
    mean = np.zeros_like(losses)
    _softmax(Z, np.empty_like(losses))
    P = Z.copy()
    _softmax_delta(Z, Y, losses)
    for k in range(n_units):
        for s in range(width):
            mean[s] += P[k, s] * Z[k, s]
    for k in range(n_units):
        for s in range(width):
            Z[k, s] = P[k, s] * (Z[k, s] - mean[s])


@jit
def _logistic_delta(Z, Y, losses):
    """The log-loss of each output by itself: log(1 + e^Z) - Y Z."""
    n_units, width = Z.shape
    zero, one = Z.dtype.type(0), Z.dtype.type(1)
    for k in range(n_units):
        for s in range(width):
            z = Z[k, s]
            small = exp(-abs(z))
            losses[s] += max(z, zero) - Y[k, s] * z + math.log1p(small)
            Z[k, s] = (one if z > zero else small) / (one + small) - Y[k, s]


@jit
def _poisson_delta(Z, Y, losses):
    """Half the Poisson deviance under Y = e^Z: Y log(Y / e^Z) - Y + e^Z."""
    n_units, width = Z.shape
    zero = Z.dtype.type(0)
    for k in range(n_units):
        for s in range(width):
            y, mean = Y[k, s], exp(Z[k, s])
            losses[s] += mean - y * Z[k, s]
            if y > zero:
                losses[s] += y * math.log(y) - y
            Z[k, s] = mean - y


@jit
def _squared_delta(Z, Y, losses, relu):
    """Half the squared error, with a ReLU over Z where `relu`."""
    n_units, width = Z.shape
    zero, half = Z.dtype.type(0), Z.dtype.type(0.5)
    for k in range(n_units):
        for s in range(width):
            closed = relu and Z[k, s] <= zero
            error = (zero if closed else Z[k, s]) - Y[k, s]
            losses[s] += half * error * error
            Z[k, s] = zero if closed else error


@jit_inline
def output_delta(Z, Y, losses, objective):
    """Turn Z (n_outputs, B) into d(loss)/dZ; fill losses (B,)."""
    losses[:] = 0
    if objective == SOFTMAX_LOG:
        _softmax_delta(Z, Y, losses)
    elif objective == DOUBLE_SOFTMAX:
        _double_softmax_delta(Z, Y, losses)
    elif objective == LOGISTIC_LOG:
        _logistic_delta(Z, Y, losses)
    elif objective == POISSON_EXP:
        _poisson_delta(Z, Y, losses)
    else:
        _squared_delta(Z, Y, losses, objective == SQUARED_RELU)


@jit
def mean(losses, S):
    total = 0.0
    for s in range(S):
        total += losses[s]
    return total / S
