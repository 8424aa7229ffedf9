"""Draws against posteriors that are known, and the benchmark that compares them.

Seeds are fixed. Bounds are 5 standard errors of an average over the draws, or stated: over seeds
each would fail by chance about once in 10⁵.
"""

import numpy as np
import pytest
from scipy.linalg import hadamard
from sklearn.linear_model import LogisticRegression, Ridge

from benchmarks.uncertainty import posterior
from sksgdprune import PreconditionedMLPClassifier

PRECONDITIONERS = ["diagonal", "scalar", "sqrt"]
N, S = 256, 16


def design(n_rows, rng):
    """Return correlated inputs of different scales."""
    return rng.normal(size=(n_rows, 4)) @ (np.eye(4) + 0.5 * np.eye(4, k=1)) * [0.5, 1, 1, 2]


def linear():
    rng = np.random.default_rng(0)
    X = design(512, rng)
    return posterior.Problem(X, X @ [1.0, -0.5, 0.0, 0.3] + rng.normal(size=512), S, prior=50.0)


def logistic(prior=50.0):
    rng = np.random.default_rng(1)
    X = design(2048, rng)
    logits = X @ [1.0, -0.5, 0.0, 0.3]
    return posterior.Problem(X, (logits + rng.logistic(size=2048) > 0).astype(int), 32, prior)


def at_rest(problem, name, rate=1.0):
    """Return the mean, the covariance, and that of the mean of many draws times their number."""
    w, A, C = problem.laplace()
    H = rate * posterior.preconditioner(name, C, len(problem.y), problem.batch_size)
    sigma = posterior.stationary(A, C, H, problem.batch_size)
    later = np.linalg.matrix_power(np.eye(len(w)) - H @ A, problem.steps_apart)
    lagged = np.linalg.solve(np.eye(len(w)) - later, later @ sigma)
    return w, sigma, sigma + lagged + lagged.T


def assert_as_in_theory(draws, problem, name, rate, tolerance):
    """Compare the mean of the draws, and the divergence of their fit from the posterior."""
    w, sigma, of_mean = at_rest(problem, name, rate)
    errors = np.abs(draws.mean(axis=0) - w) / np.sqrt(np.diag(of_mean) / len(draws))
    np.testing.assert_array_less(errors, 5)
    precision = len(problem.y) * problem.laplace()[1]
    expected = posterior.divergence(sigma, precision)
    assert posterior.divergence(np.cov(draws.T), precision) == pytest.approx(
        expected, abs=tolerance
    )


@pytest.mark.parametrize("noise_estimator", ["batch", "probe"])
@pytest.mark.parametrize("preconditioner", PRECONDITIONERS)
def test_draws_are_of_the_posterior_where_curvature_and_noise_are_diagonal(
    preconditioner, noise_estimator
):
    """The inputs are orthogonal, the residuals 1 or -1: A and C are the same diagonal matrix.

    So H A = h, and the chain's covariance is h / (2 - h) / S / A: with h = 2 S / N that is the
    posterior's 1 / (N A), with N - S for N in discrete time. 5 % are 5 standard errors.
    """
    columns = hadamard(N)
    scales = [0.5, 1.0, 3.0] if preconditioner == "diagonal" else [2.0, 2.0, 2.0]
    X = columns[:, 1:4] * scales
    problem = posterior.Problem(X, X @ [1.0, 0.0, -2.0] + columns[:, 9], S, prior=0.0)
    draws = posterior.chain(
        problem, preconditioner, 20_000, 1_000, noise_estimator=noise_estimator, seed=1
    )
    h = 2 * S / N / (1 + 1 / S if noise_estimator == "probe" else 1)
    variance = h / (2 - h) / S / np.square(scales)
    if noise_estimator == "batch":
        np.testing.assert_allclose(variance, 1 / ((N - S) * np.square(scales)))
    np.testing.assert_allclose(draws.var(axis=0), variance, rtol=0.05)
    errors = np.abs(draws.mean(axis=0) - [1.0, 0.0, -2.0]) / np.sqrt(variance / len(draws) * 1.3)
    np.testing.assert_array_less(errors, 5)


@pytest.mark.parametrize("preconditioner", PRECONDITIONERS)
def test_draws_of_linear_regression_are_as_far_from_its_posterior_as_theory_says(preconditioner):
    problem = linear()
    draws = posterior.chain(problem, preconditioner, 8_000, 4_000, seed=2)
    assert_as_in_theory(draws, problem, preconditioner, 1.0, tolerance=0.1)


@pytest.mark.parametrize("preconditioner", PRECONDITIONERS)
def test_draws_of_logistic_regression_are_as_far_from_laplace_as_theory_says(preconditioner):
    problem, rate = logistic(), 0.25
    draws = posterior.chain(problem, preconditioner, 3_000, 8_000, seed=3, learning_rate=rate)
    assert_as_in_theory(draws, problem, preconditioner, rate, tolerance=0.3)


def test_a_softmax_of_two_columns_moves_their_difference_twice_as_far():
    problem, rate = logistic(), 0.25
    # The penalty of both columns is at least half of that of their difference.
    half = problem.settings() | {
        "learning_rate": rate / 2,
        "alpha": 2 * problem.settings()["alpha"],
    }
    clf = PreconditionedMLPClassifier((), **half, n_draws=3_000, random_state=4)
    clf.partial_fit(problem.X, problem.y, n_steps=1, classes=[0, 1])
    w, _, C = problem.laplace()
    clf.noise_variance_ = np.r_[np.repeat(np.diag(C), 2), 1, 1]
    clf.theta_ = np.r_[np.stack([-w / 2, w / 2], axis=1).ravel(), 0, 0]
    clf.status_ = np.array([0] * 8 + [2, 2], np.uint8)
    clf.partial_fit(problem.X, problem.y, n_steps=8_000)
    clf.partial_fit(problem.X, problem.y, n_steps=3_000 * problem.steps_apart)
    columns = clf.draws_[:, :-2].reshape(-1, 4, 2)
    np.testing.assert_allclose(columns.sum(axis=2), 0, atol=1e-9)
    draws = columns[:, :, 1] - columns[:, :, 0]
    assert_as_in_theory(draws, problem, "diagonal", rate, tolerance=0.3)


def test_the_optimum_is_that_of_ridge_and_logistic_regression():
    problem = linear()
    peer = Ridge(problem.prior, fit_intercept=False).fit(problem.X, problem.y)
    np.testing.assert_allclose(problem.laplace()[0], peer.coef_)
    problem = logistic()
    peer = LogisticRegression(C=1 / problem.prior, fit_intercept=False, tol=1e-10)
    np.testing.assert_allclose(
        problem.laplace()[0], peer.fit(problem.X, problem.y).coef_[0], rtol=1e-4
    )


def test_the_full_preconditioner_has_the_posterior_in_continuous_time():
    """Corollary 4 of the paper."""
    problem = linear()
    _, A, C = problem.laplace()
    H = posterior.preconditioner("full", C, 512, S)
    sigma = posterior.stationary(A, C, H, S, discrete=False)
    np.testing.assert_allclose(sigma, np.linalg.inv(512 * A))
    assert posterior.divergence(sigma, 512 * A) == pytest.approx(0, abs=1e-9)
    assert posterior.divergence(np.eye(2), 2 * np.eye(2), [1.0, 0.0]) == pytest.approx(
        (4 - 2 - 2 * np.log(2) + 2) / 2
    )


def test_the_benchmark_writes_its_tables(tmp_path, capsys):
    posterior.main(["--steps", "500", "--jobs", "1", "--out", str(tmp_path)])
    assert "| diabetes | standardised | scalar |" in capsys.readouterr().out
    assert len((tmp_path / "posterior.csv").read_text().splitlines()) == 17
