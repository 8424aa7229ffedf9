"""From checked arrays to trained ones: the draws, the chunks of steps, the way back to finite."""

from functools import cache
from typing import NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

from sksgdprune import _kernels

# About half a second of work in one kernel call, in multiply-adds of a slow machine.
CHUNK_WORK = 1e9
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


def hyper_parameters(estimator, n_parameters, n_samples, dtype):
    """Return the kernels' scalars from an estimator's constructor parameters."""
    posterior_size = {"n_parameters": n_parameters, "n_samples": n_samples}.get(
        estimator.posterior_size, estimator.posterior_size
    )
    return _kernels.Hyper(
        activation=_kernels.ACTIVATIONS[estimator.activation],
        objective=_kernels.OBJECTIVES[estimator.loss, estimator.out_activation_],
        preconditioner=_kernels.PRECONDITIONERS[estimator.preconditioner],
        noise_estimator=_kernels.NOISE_ESTIMATORS[estimator.noise_estimator],
        kappa=float(estimator.kappa),
        learning_rate=dtype.type(estimator.learning_rate),
        posterior_size=dtype.type(posterior_size),
        # Keeps 0 / 0 out of H where neither gradient nor noise was ever seen.
        damping=dtype.type(estimator.damping) + np.finfo(dtype).tiny,
        alpha=dtype.type(estimator.alpha),
    )


def preconditioner(noise_variance, hyper, batch_size):
    """Return H of each parameter: 2 S / (N (C + damping)) (Corollary 3), or 1."""
    if hyper.preconditioner == _kernels.PLAIN:
        return np.ones_like(noise_variance)
    return 2 * batch_size / hyper.posterior_size / (noise_variance + hyper.damping)


@cache
def _blas():
    return ThreadpoolController().select(user_api="blas")


def one_blas_thread():
    """Return a context in which BLAS runs in one thread.

    Then sums come in one order whatever n_jobs is, and trainings side by side do not take each
    other's cores.
    """
    return _blas().limit(limits=1)


class Outcome(NamedTuple):
    """What a training came to: the arrays, the losses step by step, whether it diverged."""

    theta: np.ndarray
    noise_variance: np.ndarray
    losses: np.ndarray
    diverged: bool


def train(X, Y, layout, theta, noise_variance, status, t, hyper, sampler, n_steps, batch_size):
    """Take `n_steps` minibatch steps from copies of θ and C; see `_kernels.train`.

    The kernel is called for about half a second at a time, so that Ctrl-C is heard. Where
    something stops being finite, the training ends with the last finite θ: the chunk is taken
    again from its start, up to the step before.

    Returns
    -------
    Outcome
    """
    theta, C = theta.copy(), noise_variance.copy()
    sizes = np.array(layout.sizes, dtype=np.int64)
    losses = np.empty(n_steps)
    chunk = int(CHUNK_WORK / (3 * layout.n_parameters * (batch_size + 1))) + 1

    def advance(batch, probe, first):
        curve = losses[first : first + len(batch)]
        return _kernels.train(
            X,
            Y,
            sizes,
            layout.starts,
            theta,
            C,
            status,
            batch,
            probe,
            float(t + first),
            hyper,
            curve,
        )

    with one_blas_thread():
        for first in range(0, n_steps, chunk):
            start = theta.copy(), C.copy()
            batch, probe = sampler.draw(len(X), min(chunk, n_steps - first), batch_size)
            done = advance(batch, probe, first)
            if done < len(batch):
                theta[:], C[:] = start
                advance(batch[:done], probe[:done], first)
                return Outcome(theta, C, losses[: first + done], True)
    return Outcome(theta, C, losses, False)


def mean_gradients(X, Y, layout, theta, hyper, batch_size):
    """Return the means over all rows of the per-sample gradients g and of g².

    Returns
    -------
    gradient, squared_gradient : ndarray of shape (n_parameters,)
        The first includes the L2 penalty's part, as a training step does.
    """
    g, g2 = np.zeros_like(theta), np.zeros_like(theta)
    sizes = np.array(layout.sizes, dtype=np.int64)
    with one_blas_thread():
        for first in range(0, len(X), GRADIENT_ROWS):
            rows = np.arange(first, min(first + GRADIENT_ROWS, len(X)))
            _kernels.gradient_sums(X, Y, sizes, layout.starts, theta, rows, hyper, g, g2)
    g /= len(X)
    g2 /= len(X)
    for part, W in zip(layout.weights(g), layout.weights(theta), strict=True):
        part += hyper.alpha / batch_size * W
    return g, g2
