"""The stationary distribution: posterior samples against the discrete-time Lyapunov equation.

Linear regression has a quadratic loss. The iterates' stationary covariance then solves, exactly,
Σ = F Σ Fᵀ + H C Hᵀ / S with F = I - H A, C being the covariance of one sample's gradient at the
optimum.
Each test has a fixed seed; each of its bounds would fail by chance about once in 10⁵ seeds.
"""

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov

from sksgdprune import PreconditionedMLPRegressor

S, NOISE = 16, 0.8
# By sampling: rows, N in H, draws. In permutations what the iterates see depends on where they are,
# which the equation leaves out; that is little where an epoch is long.
ROWS = {"replacement": 256, "shuffle": 1024}
N_IN_H = {"replacement": "n_samples", "shuffle": 512}
DRAWS = {"replacement": 6_000, "shuffle": 3_000}
FREE, FROZEN, PRUNED = 0, 1, 2


def data(sampling):
    rng, N = np.random.default_rng(0), ROWS[sampling]
    X = rng.normal(size=(N, 4)) @ (np.eye(4) + 0.3 * np.eye(4, k=1))
    return X, X @ [1.0, -0.5, 0.0, 0.3] + 0.2 + NOISE * rng.standard_t(8, size=N)


def at_rest(preconditioner, sampling, status):
    """Return an estimator that starts at the optimum of its free parameters."""
    X, y = data(sampling)
    model = PreconditionedMLPRegressor(
        (),
        preconditioner=preconditioner,
        learning_rate=1.0,
        posterior_size=N_IN_H[sampling],
        damping=0.0,
        alpha=0.0,
        kappa=1.0,
        average=False,
        encoding=None,
        batch_size=S,
        sampling=sampling,
        n_draws=DRAWS[sampling],
        random_state=1,
    )
    model.partial_fit(X, y, n_steps=1)
    theta, free = np.where(status == PRUNED, 0.0, 0.1), status == FREE
    inputs = np.column_stack([X, np.ones(len(X))])
    theta[free] = np.linalg.lstsq(inputs[:, free], y - inputs[:, ~free] @ theta[~free])[0]
    model.theta_, model.noise_variance_ = theta, np.where(free, 1.0, 3.0)
    model.status_ = status
    return model


def reduced(sampling):
    """Return by what a permutation multiplies the variance of a minibatch's mean."""
    N = ROWS[sampling]
    return (N - S) / (N - 1) if sampling == "shuffle" else 1.0


def preconditioner_at(name, C, N):
    """Return H by the paper's formulas at a learning rate of 1; C without pruned ones."""
    if name == "scalar":
        return np.full(len(C), 2 * S / N * len(C) / C.sum())
    if name == "sqrt":
        return 2 * S / N * len(C) / np.sqrt(C).sum() / np.sqrt(C)
    return 2 * S / (N * C)


def theory(model, sampling):
    """Return the stationary covariance and the per-sample variance of the free parameters."""
    X, y = data(sampling)
    N = len(X)
    inputs, status = np.column_stack([X, np.ones(len(X))]), model.status_
    free = status == FREE
    a, r = inputs[:, free], inputs @ model.theta_ - y
    A, sigma = a.T @ a / N, np.zeros((free.sum(), free.sum()))
    for _ in range(50):  # C depends on where the iterates are, a little
        at = a * np.sqrt(r**2 + np.einsum("ni,ij,nj->n", a, sigma, a))[:, np.newaxis]
        C = at.T @ at / N - A @ sigma @ A
        seen = np.array(model.noise_variance_)  # the probe's distance from the minibatch
        seen[free] = np.diag(C) * (1 + reduced(sampling) / S)
        left = status != PRUNED
        posterior_size = N if model.posterior_size == "n_samples" else model.posterior_size
        H = preconditioner_at(model.preconditioner, seen[left], posterior_size)[free[left]]
        F, noise = np.eye(len(H)) - H[:, None] * A, np.outer(H, H) * C / S
        if sampling == "replacement":
            sigma = solve_discrete_lyapunov(F, noise)
        else:
            sigma = after_an_epoch(F, noise, N)
    return sigma, seen[free]


def after_an_epoch(F, noise, N):
    """Return the covariance at the end of epochs, in which minibatches differ from each other.

    Two of a permutation have the covariance -C / (N - 1), one (N - S) / (N - 1) C / S.
    """
    M, total = N // S, 0.0
    powers = [np.linalg.matrix_power(F, k) for k in range(M)]
    for i in range(M):
        for j in range(M):
            share = (N - S) / (N - 1) if i == j else -S / (N - 1)
            total = total + share * powers[i] @ noise @ powers[j].T
    return solve_discrete_lyapunov(np.linalg.matrix_power(F, M), total)


def assert_covariance(draws, sigma):
    got = np.cov(draws.T)
    spread = np.sqrt((np.outer(np.diag(sigma), np.diag(sigma)) + sigma**2) / len(draws))
    np.testing.assert_array_less(np.abs(got - sigma) / spread, 5)


ALL_FREE = np.array([FREE] * 5, np.uint8)
MASKED = np.array([FREE, FROZEN, PRUNED, FREE, FREE], np.uint8)


@pytest.mark.parametrize("status", [ALL_FREE, MASKED], ids=["free", "masked"])
@pytest.mark.parametrize("sampling", ["replacement", "shuffle"])
@pytest.mark.parametrize("preconditioner", ["diagonal", "scalar", "sqrt"])
def test_draws_have_the_covariance_of_the_lyapunov_equation(preconditioner, sampling, status):
    model = at_rest(preconditioner, sampling, status)
    (X, y), n_draws = data(sampling), DRAWS[sampling]
    sigma, seen = theory(model, sampling)
    start = model.theta_.copy()
    model.partial_fit(X, y, n_steps=4_095)
    model.partial_fit(X, y, n_steps=n_draws * len(X) // S)
    draws, free = model.draws_, status == FREE
    assert draws.shape == (n_draws, 5)
    np.testing.assert_array_equal(draws[:, ~free], np.tile(start[~free], (n_draws, 1)))
    np.testing.assert_allclose(model.noise_variance_[free], seen, rtol=0.05)
    assert_covariance(draws[:, free], sigma)
