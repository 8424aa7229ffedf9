"""The loop of a run: minibatch steps one after the other."""

import math

import numpy as np

from sksgdprune._kernels.averaging import collect
from sksgdprune._kernels.layers import (
    encode,
    forward,
    gather,
    live_units,
    pass_down,
    scatter,
)
from sksgdprune._kernels.losses import mean, output_delta
from sksgdprune._kernels.preconditioner import level, rates
from sksgdprune._kernels.sparse_lists import DENSE, LISTED
from sksgdprune._kernels.types import DROP_EVERY, jit, jit_inline
from sksgdprune._kernels.update import drop_least, update_dense, update_listed
from sksgdprune._kernels.views import connections, units


@jit
def _choose_rows(batch, probe, step, rows):
    """Fill `rows` with the minibatch's and, behind them, the probe's."""
    S = batch.shape[1]
    for s in range(S):
        rows[s] = batch[step, s]
    if probe is not None:
        for s in range(S, rows.size):
            rows[s] = probe[step]


@jit
def load(dense, sparse, encoding, rows, inputs, lists, target):
    """Put samples `rows` into the columns of the input units."""
    chosen = inputs if lists is None else live_units(lists, 0)
    if sparse is not None:
        scatter(sparse, rows, encoding.first, target)
    else:
        gather(dense, rows, encoding.source if encoding.source.size else inputs, chosen, target)
    encode(target, encoding, chosen)


@jit
def to_deltas(samples, shape, theta, lists, activation, objective, scratch):
    """Run the samples of `scratch.rows` forward; fill losses and the output layer's deltas."""
    top, rows = shape.sizes.size - 1, scratch.rows
    inputs = units(scratch.activations, shape, 0)
    load(samples.dense, samples.sparse, samples.encoding, rows, scratch.inputs, lists, inputs)
    gather(samples.Y, rows, scratch.outputs, scratch.outputs, scratch.targets)
    forward(scratch.activations, shape, theta, lists, activation)
    D, Z = units(scratch.deltas, shape, top), units(scratch.activations, shape, top)
    for j in range(D.shape[0]):
        for s in range(D.shape[1]):
            D[j, s] = Z[j, s]
    output_delta(D, scratch.targets, scratch.losses, objective)


@jit
def _penalty(theta, shape, lists, alpha):
    """Return α/2 times the sum of the squared weights; biases are not penalised."""
    total = 0.0
    if alpha == 0:
        return total
    for layer in range(shape.sizes.size - 1):
        dense = True
        if lists is not None:
            dense = lists.way[layer] != LISTED
            if not dense:
                for c in range(lists.first[layer, 0], lists.first[layer, 2]):
                    w = lists.state.theta[c]
                    total += w * w * (lists.source[c] != lists.first[layer, 3])
        if dense:
            W = connections(theta, shape, layer)[:-1].reshape(-1)
            total += np.dot(W, W)
    return alpha * (total / 2)


@jit
def _disperse(dispersion, loss, hyper, t, n_outputs):
    """Return the dispersion, after the step's loss has gone into it where it is estimated.

    Twice the mean loss is the mean squared residual, or the mean deviance of counts, by which
    the log-likelihood is to be divided; it forgets as C does.
    """
    if hyper.disperses:
        kappa = min(1.0, hyper.kappa / t)
        dispersion[0] += kappa * (2 * loss / n_outputs - dispersion[0])
    return dispersion[0]


@jit_inline
def take_steps(samples, network, lists, window, steps, hyper, scratch):
    """Take minibatch steps in place, until done or until something stops being finite.

    A step draws nothing: rows come from `steps`. With κ_t = min(1, kappa / t), C is updated first
    and θ steps with the new C, both at FREE parameters only; then t grows by 1 (Mandt et al.
    2017, Corollary 3 and Eq. 21). The traces in the rates of SCALAR and SQRT (Theorems 1 and 7)
    are those of the C before the update, so that one pass over it does.

    Parameters
    ----------
    samples : Samples
        Data; all float arrays have one dtype, float64 or float32, and C order. Y holds one-hot
        rows for the softmax objectives, 0 or 1 for the logistic one.
    network : Network
        Its state is changed in place, where its status is FREE.
    lists : Lists or None
        From `plan`; its working state is changed too, see `write_back`.
    window : AveragingWindow
        Where iterates are averaged or sampled: its average and samples are changed in place.
    steps : Steps
        The rows; its losses are filled with each minibatch's mean loss before its step, penalty
        included.
    hyper : Hyper
        Scalars of the run.
    scratch : Scratch
        Work space of as many columns as `columns` says.

    Returns
    -------
    int
        The number of steps after which the state and the losses so far were finite. Where it is
        less than n_steps, the state is no longer to be used.
    """
    # The functions below take arrays rather than whole records: each array that is handed over
    # has its references counted.
    shape, theta, probe, squares = network.shape, network.state.theta, steps.probe, scratch.squares
    activation, objective = hyper.activation, hyper.objective
    n_steps, S = steps.batch.shape
    n_taken = 0
    for step in range(n_steps):
        _choose_rows(steps.batch, probe, step, scratch.rows)
        to_deltas(samples, shape, theta, lists, activation, objective, scratch)
        loss, t = mean(scratch.losses, S), steps.t + step
        dispersion = _disperse(steps.dispersion, loss, hyper, t, shape.sizes[-1])
        loss += _penalty(theta, shape, lists, hyper.alpha * dispersion) / S
        if not math.isfinite(loss):
            return step
        steps.losses[step] = loss
        typical = level(network, lists, hyper.damping, hyper.roots)
        now = rates(hyper, S, t, typical, dispersion)
        for layer in range(shape.sizes.size - 2, -1, -1):
            dense, finite = True, True
            if layer > 0:
                A, D = scratch.activations, scratch.deltas
                pass_down(layer, A, D, shape, theta, lists, activation)
            if lists is not None:
                dense = lists.way[layer] == DENSE
                if not dense:
                    finite = update_listed(layer, theta, lists, scratch, probe, squares, S, now)
            if dense:
                finite = update_dense(layer, network, scratch, probe, squares, S, now)
            if not finite:
                return step
        if int(t + 1) % DROP_EVERY == 0:
            drop_least(network, lists, hyper.least)
        n_taken = collect(theta, lists, window, t + 1, n_taken)
    return n_steps
