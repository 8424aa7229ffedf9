"""Evaluation of a network: H, and over all rows of data losses, outputs and mean gradients."""

import numpy as np

from sksgdprune._data import validation as check
from sksgdprune._kernels import entry_points
from sksgdprune._kernels.compile import call
from sksgdprune._kernels.preconditioner import preconditioner
from sksgdprune._kernels.types import PRUNED, scratch
from sksgdprune._utils.threads import blas_threads

# Rows that go through at once: so few that their work space is not given back to the system each
# time, as Dask has its workers do.
BLOCK_ROWS = 64


def _space(n_rows, layout, dtype):
    """Return work space for so many rows, block by block."""
    return scratch(layout.shape, min(BLOCK_ROWS, n_rows), dtype)


def evaluate(data, network, theta, hyper):
    """Return the weighted mean of all rows' losses, and the last layer's values, of another θ.

    Returns
    -------
    loss : float
        Without the penalty.
    Z : ndarray of shape (n_samples, n_outputs)
        Before the output activation.
    """
    losses, Z = _losses_and_outputs(data, network, theta, hyper)
    return float(np.average(losses, weights=data.weights)), Z


def row_losses(data, network, theta, hyper):
    """Return the loss of each row under another θ, without the penalty."""
    return _losses_and_outputs(data, network, theta, hyper)[0]


def _losses_and_outputs(data, network, theta, hyper):
    layout, n, dtype = network.layout, len(data.Y), theta.dtype
    losses, Z = np.empty(n, dtype), np.empty((n, layout.sizes[-1]), dtype)
    space = _space(n, layout, dtype)
    with blas_threads():
        arguments = data.samples(network.encoding), layout.shape, check.unprotected(theta)
        codes = hyper.activation, hyper.objective
        call(entry_points.losses_and_outputs, *arguments, *codes, space, losses, Z)
    return losses, Z


def mean_gradients(data, network, run):
    """Return the weighted means over all rows of the per-sample gradients g and of g².

    They are taken at the θ that predicts.

    Returns
    -------
    gradient, squared_gradient : ndarray of shape (n_parameters,)
        The first includes the L2 penalty's part, as a training step does.
    """
    layout, theta = network.layout, check.unprotected(check.kernel_array(network.dense().theta))
    weights = np.ones(len(data.Y)) if data.weights is None else data.weights
    weights, sums = weights.astype(theta.dtype), np.zeros((2, theta.size), theta.dtype)
    space = _space(len(weights), layout, theta.dtype)
    with blas_threads():
        codes = run.hyper.activation, run.hyper.objective
        arguments = (
            data.samples(network.encoding),
            layout.shape,
            theta,
            *codes,
            space,
            weights,
            sums,
        )
        call(entry_points.add_gradients, *arguments, verbose=run.verbose)
    sums /= weights.sum()
    g, g2 = sums
    for part, W in zip(layout.weights(g), layout.weights(theta), strict=True):
        part += run.hyper.alpha * network.dispersion / run.batch_size * W
    return g, g2


def preconditioner_of(network, run):
    """Return H of each parameter, (n_parameters,), as a RunConfig has it."""
    state, status, _ = network.dense()
    return preconditioner(state.noise_variance, run.hyper, run.batch_size, status != PRUNED)
