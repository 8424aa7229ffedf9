"""Evaluation of a network that stays as it is: losses, outputs, gradients, predictions.

Samples go through block by block, so many at once as the work space has columns.
"""

import numpy as np

from sksgdprune._kernels.layers import forward, pass_down
from sksgdprune._kernels.loop import load, to_deltas
from sksgdprune._kernels.types import jit, jit_inline
from sksgdprune._kernels.views import connections, units, units_and_one


@jit
def _choose_block(rows, first, n_samples):
    """Fill `rows` from `first` on, the last row repeated; return how many are not repeats."""
    for s in range(rows.size):
        rows[s] = min(first + s, n_samples - 1)
    return min(rows.size, n_samples - first)


@jit_inline
def losses_and_outputs(samples, shape, theta, activation, objective, scratch, losses, output):
    """Fill `losses` and `output` for all samples.

    Parameters
    ----------
    samples : Samples
        As for `take_steps`.
    shape, theta : Shape, ndarray of shape (n_parameters,)
        The network.
    activation, objective : int
        Codes; the losses are without the penalty.
    scratch : Scratch
        A column for each sample of a block.
    losses : ndarray of shape (n_samples,)
        Filled.
    output : ndarray of shape (n_samples, n_outputs)
        Filled with the last layer's values.
    """
    n_samples = losses.size
    Z = units(scratch.activations, shape, shape.sizes.size - 1)
    for first in range(0, n_samples, scratch.rows.size):
        n = _choose_block(scratch.rows, first, n_samples)
        to_deltas(samples, shape, theta, None, activation, objective, scratch)
        for s in range(n):
            losses[first + s] = scratch.losses[s]
            for j in range(output.shape[1]):
                output[first + s, j] = Z[j, s]


@jit
def _add(part, total):
    for i in range(part.shape[0]):
        for j in range(part.shape[1]):
            total[i, j] += part[i, j]


@jit_inline
def add_gradients(samples, shape, theta, activation, objective, scratch, weights, sums):
    """Add the weighted gradients of all samples, and their squares.

    Parameters
    ----------
    samples, shape, theta, activation, objective, scratch
        As for `losses_and_outputs`; the penalty is left out.
    weights : ndarray of shape (n_samples,)
        The samples', in θ's dtype.
    sums : ndarray of shape (2, n_parameters)
        Of g and of g²; added to in place.
    """
    g, g2 = sums[0], sums[1]
    activations, deltas, rows = scratch.activations, scratch.deltas, scratch.rows
    shares = np.empty(rows.size, weights.dtype)
    for first in range(0, weights.size, rows.size):
        n = _choose_block(rows, first, weights.size)
        shares[:n], shares[n:] = weights[first : first + n], 0
        to_deltas(samples, shape, theta, None, activation, objective, scratch)
        for layer in range(shape.sizes.size - 2, -1, -1):
            A, D = units_and_one(activations, shape, layer), units(deltas, shape, layer + 1)
            weighted = D * shares
            _add(np.dot(A, weighted.T), connections(g, shape, layer))
            _add(np.dot(A * A, (weighted * D).T), connections(g2, shape, layer))
            if layer > 0:
                pass_down(layer, activations, deltas, shape, theta, None, activation)


@jit_inline
def predict(samples, shape, theta, lists, scratch, activation, output):
    """Fill `output` with the last layer's values for all samples.

    Parameters
    ----------
    samples, shape, theta
        As for `losses_and_outputs`; Y is not read.
    lists : Lists or None
        As for `take_steps`.
    scratch : Scratch
        As for `losses_and_outputs`.
    activation : int
        Code of the hidden layers' activation.
    output : ndarray of shape (n_samples, n_outputs)
        Filled.
    """
    rows, n_samples = scratch.rows, output.shape[0]
    Z = units(scratch.activations, shape, shape.sizes.size - 1)
    for first in range(0, n_samples, rows.size):
        n = _choose_block(rows, first, n_samples)
        inputs = units(scratch.activations, shape, 0)
        load(samples.dense, samples.sparse, samples.encoding, rows, scratch.inputs, lists, inputs)
        forward(scratch.activations, shape, theta, lists, activation)
        for s in range(n):
            for j in range(output.shape[1]):
                output[first + s, j] = Z[j, s]
