"""From checked arrays to trained ones: the draws, the chunks of steps, the way back to finite."""

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


class Sampler:
    """Draws the rows of minibatches and probes; equal however the steps are split into calls.

    Parameters
    ----------
    rng : RandomState
        Seeds the sampler; later draws do not touch it.
    sampling : {"replacement", "shuffle"}
        Rows drawn independently, or by permutations of all rows. A permutation that does not
        end with a minibatch is continued in the next one.
    """

    def __init__(self, rng, sampling):
        seeds = rng.randint(np.iinfo(np.int32).max, size=2)
        self._batch_rng, self._probe_rng = (np.random.default_rng(seed) for seed in seeds)
        self.sampling = sampling
        self._rest = np.empty(0, dtype=np.int64)

    def draw(self, n_samples, n_steps, batch_size):
        """Return row numbers: batch (n_steps, batch_size) and probe (n_steps,)."""
        probe = self._probe_rng.integers(n_samples, size=n_steps)
        if self.sampling == "replacement":
            return self._batch_rng.integers(n_samples, size=(n_steps, batch_size)), probe
        rows = self._rest[self._rest < n_samples]
        missing = n_steps * batch_size - rows.size
        epochs = [self._batch_rng.permutation(n_samples) for _ in range(-(-missing // n_samples))]
        rows = np.concatenate([rows, *epochs])
        used, self._rest = np.split(rows, [n_steps * batch_size])
        return used.reshape(n_steps, batch_size), probe


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
    """What a training came to: the arrays, the losses step by step, whether it diverged."""

    theta: np.ndarray
    noise_variance: np.ndarray
    losses: np.ndarray
    diverged: bool


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
    every=None,
    watch=None,
):
    """Take `n_steps` minibatch steps from copies of θ and C; see `_kernels.train`.

    The kernel is called for about half a second at a time, so that Ctrl-C is heard. Where
    something stops being finite, the training ends with the last finite θ: the chunk is taken
    again from its start, up to the step before. After each `every` steps `watch(θ, losses)` is
    called, losses being those of all steps so far; where it returns True, the training ends.

    Returns
    -------
    Outcome
    """
    theta, C = theta.copy(), noise_variance.copy()
    rows, shape = kernel_rows(X), kernel_shape(layout)
    losses = np.empty(n_steps)
    chunk = int(CHUNK_WORK / (3 * layout.n_parameters * (batch_size + 1))) + 1
    every = every or n_steps

    def advance(batch, probe, first):
        now, curve = float(t + first), losses[first : first + len(batch)]
        return _kernels.train(
            rows, Y, shape, theta, C, status, batch, probe, now, hyper, LISTED_BELOW, curve
        )

    done = 0
    with one_blas_thread():
        while done < n_steps:
            start = theta.copy(), C.copy()
            steps = min(chunk, n_steps - done, every - done % every)
            batch, probe = sampler.draw(X.shape[0], steps, batch_size)
            finite = advance(batch, probe, done)
            if finite < steps:
                theta[:], C[:] = start
                advance(batch[:finite], probe[:finite], done)
                return Outcome(theta, C, losses[: done + finite], True)
            done += steps
            if watch is not None and done % every == 0 and watch(theta, losses[:done]):
                break
    return Outcome(theta, C, losses[:done], False)


def mean_gradients(X, Y, layout, theta, hyper, batch_size):
    """Return the means over all rows of the per-sample gradients g and of g².

    Returns
    -------
    gradient, squared_gradient : ndarray of shape (n_parameters,)
        The first includes the L2 penalty's part, as a training step does.
    """
    g, g2 = np.zeros_like(theta), np.zeros_like(theta)
    n_samples, samples, shape = X.shape[0], kernel_rows(X), kernel_shape(layout)
    with one_blas_thread():
        for first in range(0, n_samples, GRADIENT_ROWS):
            rows = np.arange(first, min(first + GRADIENT_ROWS, n_samples))
            _kernels.gradient_sums(samples, Y, shape, theta, rows, hyper, g, g2)
    g /= n_samples
    g2 /= n_samples
    for part, W in zip(layout.weights(g), layout.weights(theta), strict=True):
        part += hyper.alpha / batch_size * W
    return g, g2
