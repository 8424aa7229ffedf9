"""What is asked of a network at rest: losses and outputs, gradients, predictions over lists."""

import numpy as np

from sksgdprune._kernels.loop import load, to_deltas
from sksgdprune._kernels.passes import forward, pass_down
from sksgdprune._kernels.records import jit, jit_inline
from sksgdprune._kernels.views import connections, units, units_and_one


@jit_inline
def losses_and_outputs(samples, shape, theta, hyper, scratch, output):
    """Fill `scratch.losses` and `output` for the samples of `scratch.rows`.

    Parameters
    ----------
    samples, hyper
        As for `take_steps`; the losses are without the penalty.
    shape, theta : Shape, ndarray of shape (n_parameters,)
        The network.
    scratch : Scratch
        A column per sample.
    output : ndarray of shape (n_rows, n_outputs)
        Filled with the last layer's values; may have fewer rows than `scratch` has columns.
    """
    to_deltas(samples, shape, theta, None, hyper, scratch)
    Z = units(scratch.activations, shape, shape.sizes.size - 1)
    for s in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[s, j] = Z[j, s]


@jit
def _add(part, total):
    for i in range(part.shape[0]):
        for j in range(part.shape[1]):
            total[i, j] += part[i, j]


@jit_inline
def add_gradients(samples, shape, theta, hyper, scratch, weights, sums):
    """Add the weighted gradients, and their squares, of the samples of `scratch.rows`.

    Parameters
    ----------
    samples, shape, theta, hyper, scratch
        As for `losses_and_outputs`; the penalty is left out.
    weights : ndarray of shape (n_rows,)
        The samples', in θ's dtype.
    sums : ndarray of shape (2, n_parameters)
        Of g and of g²; added to in place.
    """
    g, g2 = sums[0], sums[1]
    to_deltas(samples, shape, theta, None, hyper, scratch)
    for layer in range(shape.sizes.size - 2, -1, -1):
        A = units_and_one(scratch.activations, shape, layer)
        D = units(scratch.deltas, shape, layer + 1)
        weighted = D * weights
        _add(np.dot(A, weighted.T), connections(g, shape, layer))
        _add(np.dot(A * A, (weighted * D).T), connections(g2, shape, layer))
        if layer > 0:
            activations, deltas = scratch.activations, scratch.deltas
            pass_down(layer, activations, deltas, shape, theta, None, hyper.activation)


@jit_inline
def predict(samples, shape, theta, lists, scratch, activation, output):
    """Fill `output` with the last layer's values for all samples, block by block.

    Parameters
    ----------
    samples, shape, theta
        As for `losses_and_outputs`; Y is not read.
    lists : Lists or None
        As for `take_steps`.
    scratch : Scratch
        So many samples go through at once as it has columns.
    activation : int
        Code of the hidden layers' activation.
    output : ndarray of shape (n_samples, n_outputs)
        Filled.
    """
    rows, n_samples = scratch.rows, output.shape[0]
    Z = units(scratch.activations, shape, shape.sizes.size - 1)
    for first in range(0, n_samples, rows.size):
        for s in range(rows.size):
            rows[s] = min(first + s, n_samples - 1)
        inputs = units(scratch.activations, shape, 0)
        load(samples.dense, samples.sparse, samples.units, rows, scratch.inputs, lists, inputs)
        forward(scratch.activations, shape, theta, lists, activation)
        for s in range(min(rows.size, n_samples - first)):
            for j in range(output.shape[1]):
                output[first + s, j] = Z[j, s]
