"""From checked arrays to trained ones: the draws, the chunks of steps, the way back to finite."""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse
from threadpoolctl import ThreadpoolController

from sksgdprune import _kernels
from sksgdprune._kernels import LISTED_BELOW

# About half a second of work in one kernel call, in multiply-adds of a slow machine.
CHUNK_WORK = 4e9
# Where damping="auto" ends H; measured with the rates, see benchmarks/results/defaults.md.
LARGEST_H = 10.0
# Rows whose gradients are summed in one kernel call.
GRADIENT_ROWS = 256
# How often a row can count on average; weights beyond that are scaled down.
MOST_REPEATS = 100


def content_order(X, Y):
    """Return an order of the rows that depends on what is in them, not on where they stand.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Inputs.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets.

    Returns
    -------
    ndarray of int64 of shape (n_samples,)
        Row numbers, by a fixed random projection of each row; ties are equal rows.
    """
    rng = np.random.default_rng(0)
    directions = rng.normal(size=X.shape[1]), rng.normal(size=Y.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        key = X @ directions[0] if issparse(X) else np.einsum("ij,j->i", X, directions[0])
        return np.argsort(key + np.einsum("ij,j->i", Y, directions[1]), kind="stable")


class Population:
    """Rows to draw from, each as often as its weight says: weight 2 is the row twice.

    Points of the interval from 0 to `size` lie in rows, a row's part being as long as its
    weight. So integer weights give the very draws of the data set with its rows repeated.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    weights : ndarray of float64 of shape (n_rows,), default=None
        Their weights; None means 1 each.
    order : ndarray of int64 of shape (n_rows,), default=None
        In which they lie in the interval; None means as they are.

    Attributes
    ----------
    size : int
        Number of samples: the sum of the weights, rounded up. Weights that come to less than
        the number of rows that have any, or to very much more, are scaled.
    """

    def __init__(self, n_rows, weights=None, order=None):
        self.n_rows, self.size, self._ends, self._order = n_rows, n_rows, None, order
        if weights is None:
            return
        weights = weights if order is None else weights[order]
        weighted, total = np.flatnonzero(weights), float(weights.sum())
        least = weighted.size
        self.size = int(min(max(math.ceil(round(total, 6)), least), MOST_REPEATS * least))
        self._ends = np.cumsum(weights) * (self.size / total)
        self._ends[weighted[-1] :] = np.inf

    def rows(self, points):
        """Return the numbers of the rows in which points from 0 to `size` lie."""
        if self._ends is None:
            rows = points.astype(np.int64)
        else:
            rows = np.searchsorted(self._ends, points, side="right")
        return rows if self._order is None else self._order[rows]


class Sampler:
    """Draws the rows of minibatches and probes; equal however the steps are split into calls.

    Parameters
    ----------
    rng : RandomState
        Seeds the sampler; later draws do not touch it.
    sampling : {"replacement", "shuffle"}
        Rows drawn independently, with probabilities as their weights; or by permutations, in
        each of which a row comes up as often as its weight says: a fraction by chance, so that
        the mean over many is exact. A permutation that does not end with a minibatch is
        continued in the next one.
    """

    def __init__(self, rng, sampling):
        seeds = rng.randint(np.iinfo(np.int32).max, size=2)
        self._batch_rng, self._probe_rng = (np.random.default_rng(seed) for seed in seeds)
        self.sampling = sampling
        self._rest = np.empty(0, dtype=np.int64)

    def draw(self, population, n_steps, batch_size):
        """Return row numbers: batch (n_steps, batch_size) and probe (n_steps,)."""
        size = population.size
        probe = population.rows(self._probe_rng.random(n_steps) * size)
        if self.sampling == "replacement":
            points = self._batch_rng.random((n_steps, batch_size)) * size
            return population.rows(points), probe
        rows = self._rest[self._rest < population.n_rows]
        n_epochs = -(-(n_steps * batch_size - rows.size) // size)
        epochs = [population.rows(self._permutation(size)) for _ in range(n_epochs)]
        rows = np.concatenate([rows, *epochs])
        used, self._rest = np.split(rows, [n_steps * batch_size])
        return used.reshape(n_steps, batch_size), probe

    def _permutation(self, size):
        """Return points a distance of 1 apart, from a random one in [0, 1), in random order."""
        return self._batch_rng.permutation(size) + self._batch_rng.random()


def hyper_parameters(estimator, n_parameters, n_samples, batch_size, dtype):
    """Return the kernels' scalars from an estimator's constructor parameters."""
    posterior_size = {"n_parameters": n_parameters, "n_samples": n_samples}.get(
        estimator.posterior_size, estimator.posterior_size
    )
    damping = estimator.damping
    if damping == "auto":
        damping = 2 * batch_size / (posterior_size * LARGEST_H)
    return _kernels.Hyper(
        activation=_kernels.ACTIVATIONS[estimator.activation],
        objective=_kernels.OBJECTIVES[estimator.loss, estimator.out_activation_],
        preconditioner=_kernels.PRECONDITIONERS[estimator.preconditioner],
        noise_estimator=_kernels.NOISE_ESTIMATORS[estimator.noise_estimator],
        kappa=float(estimator.kappa),
        learning_rate=dtype.type(estimator.learning_rate),
        posterior_size=dtype.type(posterior_size),
        # Keeps 0 / 0 out of H where neither gradient nor noise was ever seen.
        damping=dtype.type(damping) + np.finfo(dtype).tiny,
        alpha=dtype.type(estimator.alpha),
    )


def preconditioner(noise_variance, hyper, batch_size, left=slice(None)):
    """Return H of each parameter (Mandt et al. 2017), C + damping standing for C.

    Parameters
    ----------
    noise_variance : ndarray of shape (n_parameters,)
        C.
    hyper : Hyper
        Its preconditioner, posterior_size N and damping are read.
    batch_size : int
        S.
    left : index of parameters, default=slice(None)
        The D parameters over which "scalar" and "sqrt" take the trace: those not pruned.

    Returns
    -------
    ndarray of shape (n_parameters,)
        "diagonal": 2 S / (N C) (Corollary 3); "scalar": 2 S D / (N Tr C) (Theorem 1); "sqrt":
        2 S D / (N Tr(C / G)) / G with G = sqrt(C) (Theorem 7); "identity": 1.
    """
    rate, C = 2 * batch_size / hyper.posterior_size, noise_variance + hyper.damping
    if hyper.preconditioner == _kernels.PLAIN:
        return np.ones_like(C)
    if hyper.preconditioner == _kernels.DIAGONAL:
        return rate / C
    G = np.sqrt(C) if hyper.preconditioner == _kernels.SQRT else C
    level = G[left].mean() if G[left].size else 1
    return rate / level / (G if hyper.preconditioner == _kernels.SQRT else np.ones_like(C))


@cache
def _blas():
    return ThreadpoolController().select(user_api="blas")


def one_blas_thread():
    """Return a context in which BLAS runs in one thread.

    Then sums come in one order whatever n_jobs is, and trainings side by side do not take each
    other's cores.
    """
    return _blas().limit(limits=1)


def kernel_shape(layout):
    """Return a Layout as the kernels take it."""
    return _kernels.Shape(np.array(layout.sizes, dtype=np.int64), layout.starts, layout.units)


def kernel_rows(X):
    """Return X, an array or a CSR matrix, as the kernels take it."""
    no_indices = np.empty(0, dtype=np.int64)
    if not issparse(X):
        return _kernels.Rows(X, np.empty(0, dtype=X.dtype), no_indices, no_indices)
    indices = (array.astype(np.int64, copy=False) for array in (X.indices, X.indptr))
    return _kernels.Rows(np.empty((0, 0), dtype=X.dtype), X.data, *indices)


class Outcome(NamedTuple):
    """What a training came to: the arrays, the losses step by step, and what cut it short."""

    theta: np.ndarray
    noise_variance: np.ndarray
    losses: np.ndarray
    diverged: bool = False
    interrupted: bool = False


def train(
    X,
    Y,
    layout,
    theta,
    noise_variance,
    status,
    t,
    hyper,
    sampler,
    n_steps,
    batch_size,
    *,
    population=None,
    every=None,
    watch=None,
):
    """Take `n_steps` minibatch steps from copies of θ and C; see `_kernels.train`.

    The kernel is called for about half a second at a time, so that Ctrl-C is heard. Where
    something stops being finite, the training ends with the last finite θ: the chunk is taken
    again from its start, up to the step before. Ctrl-C ends it with the last whole chunk. After
    each `every` steps and at the end `watch(θ, losses)` is called, losses being those of all
    steps so far; where it returns True, the training ends.
    `population` gives the rows their weights.

    Returns
    -------
    Outcome
    """
    theta, C = theta.copy(), noise_variance.copy()
    population = population or Population(X.shape[0])
    rows, shape = kernel_rows(X), kernel_shape(layout)
    losses = np.empty(n_steps)
    chunk = int(CHUNK_WORK / (3 * layout.n_parameters * (batch_size + 1))) + 1
    every = every or n_steps

    def advance(batch, probe, first):
        now, curve = float(t + first), losses[first : first + len(batch)]
        return _kernels.train(
            rows, Y, shape, theta, C, status, batch, probe, now, hyper, LISTED_BELOW, curve
        )

    # Replaced as a whole, so that Ctrl-C at any moment finds three that belong together.
    kept = theta.copy(), C.copy(), 0
    try:
        with one_blas_thread():
            while (done := kept[2]) < n_steps:
                steps = min(chunk, n_steps - done, every - done % every)
                batch, probe = sampler.draw(population, steps, batch_size)
                finite = advance(batch, probe, done)
                if finite < steps:
                    theta[:], C[:] = kept[:2]
                    advance(batch[:finite], probe[:finite], done)
                    return Outcome(theta, C, losses[: done + finite], diverged=True)
                done += steps
                kept = theta.copy(), C.copy(), done
                at_a_stop = done % every == 0 or done == n_steps
                if watch is not None and at_a_stop and watch(kept[0], losses[:done]):
                    break
    except KeyboardInterrupt:
        return Outcome(*kept[:2], losses[: kept[2]], interrupted=True)
    return Outcome(*kept[:2], losses[: kept[2]])


def _blocks(n_rows):
    """Yield the row numbers 0 to n_rows - 1, some at a time."""
    for first in range(0, n_rows, GRADIENT_ROWS):
        yield np.arange(first, min(first + GRADIENT_ROWS, n_rows))


def mean_loss(X, Y, layout, theta, hyper, weights=None):
    """Return the weighted mean of all rows' losses, without the penalty."""
    samples, shape = kernel_rows(X), kernel_shape(layout)
    with one_blas_thread():
        losses = [
            _kernels.sample_losses(samples, Y, shape, theta, rows, hyper)
            for rows in _blocks(X.shape[0])
        ]
    return float(np.average(np.concatenate(losses), weights=weights))


def mean_gradients(X, Y, layout, theta, hyper, batch_size, weights=None):
    """Return the weighted means over all rows of the per-sample gradients g and of g².

    Returns
    -------
    gradient, squared_gradient : ndarray of shape (n_parameters,)
        The first includes the L2 penalty's part, as a training step does.
    """
    g, g2 = np.zeros_like(theta), np.zeros_like(theta)
    n_samples, samples, shape = X.shape[0], kernel_rows(X), kernel_shape(layout)
    weights = np.ones(n_samples) if weights is None else weights
    with one_blas_thread():
        for rows in _blocks(n_samples):
            shares = weights[rows].astype(theta.dtype)
            _kernels.gradient_sums(samples, Y, shape, theta, rows, shares, hyper, g, g2)
    g /= weights.sum()
    g2 /= weights.sum()
    for part, W in zip(layout.weights(g), layout.weights(theta), strict=True):
        part += hyper.alpha / batch_size * W
    return g, g2
