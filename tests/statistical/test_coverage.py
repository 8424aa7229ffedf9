"""Whether predictive distributions keep their word, on data whose noise is known.

What they say is compared with a forward pass and densities of their own, from draws_ alone. Seeds
are fixed; bounds are 5 standard errors, or as stated: over seeds each would fail by chance about
once in 10⁵.
"""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import logsumexp, softmax
from scipy.stats import kstest, norm, poisson

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from tests import reference

COVERAGES = [0.5, 0.8, 0.9, 0.95]
N_TRAIN, N_TEST, SEEDS = 4_000, 2_000, range(4)
NOISES = np.array([0.1, 1.0, 5.0])


def signal(X):
    """Return three functions of the inputs, not all of them linear."""
    return np.stack([X[:, 0] - X[:, 1], np.sin(2 * X[:, 0]), 3 + X[:, 2] * X[:, 1]], axis=1)


def rows(n, rng):
    return rng.normal(size=(n, 3)) * [1.0, 1.0, 2.0] + [0.0, 0.0, 5.0]


def gaussian(seed, output=slice(None)):
    """Return X, y, fresh X, fresh y; the outputs' noise is NOISES."""
    rng, sets = np.random.default_rng(seed), []
    for n in (N_TRAIN, N_TEST):
        X = rows(n, rng)
        sets += [X, (signal(X) + NOISES * rng.normal(size=(n, 3)))[:, output]]
    return sets


def rates(X):
    """Return expected counts."""
    return np.exp(1 + 0.5 * np.sin(X[:, 0]) + 0.3 * X[:, 1])


def counts(seed):
    rng, sets = np.random.default_rng(seed), []
    for n in (N_TRAIN, N_TEST):
        X = rows(n, rng)
        sets += [X, rng.poisson(rates(X))]
    return sets


@cache
def regressor(kind, hidden, seed):
    """Return a fitted regressor and fresh data; a fifth of the rows calibrate it."""
    data = {"linear": lambda: gaussian(seed, 0), "several": lambda: gaussian(seed)}
    X, y, *fresh = data.get(kind, lambda: counts(seed))()
    model = PreconditionedMLPRegressor(
        hidden,
        loss="poisson" if kind == "counts" else "squared_error",
        n_draws=50,
        validation_fraction=0.2,
        random_state=seed,
    )
    return model.fit(X, y), *fresh


# Independently of the package


def outputs(model, X):
    """Return what the draws make of X in the targets' unit, (n_draws, n_rows, n_outputs)."""
    sizes = [model.coefs_[0].shape[0], *(W.shape[1] for W in model.coefs_)]
    Z = []
    for theta in model.draws_:
        A, start = reference.inputs(X, model._state.network.encoding), 0
        for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
            A = np.maximum(A, 0) if layer else A
            W = theta[start : start + n_in * n_out].reshape(n_in, n_out)
            start += n_in * n_out + n_out
            A = A @ W + theta[start - n_out : start]
        Z.append(A)
    mean = np.mean(Z, axis=0)
    return mean + np.sqrt(model.temperature_) * (Z - mean)


def means(model, X):
    Z = outputs(model, X)
    Z = np.exp(Z) if model.loss == "poisson" else Z
    return model.y_mean_ + model.y_scale_ * Z


def covered(model, X, y, coverage):
    """Return the share of y within their intervals, by outputs."""
    intervals = model.predict_interval(X, coverage)
    return np.mean((intervals[..., 0] <= y) & (y <= intervals[..., 1]), axis=0)


@pytest.mark.parametrize("coverage", COVERAGES)
@pytest.mark.parametrize("hidden", [(), (20,)], ids=["linear", "network"])
def test_intervals_cover_as_many_new_observations_as_they_say(hidden, coverage):
    """Of a data set the standard error is 0.016 at most, as measured over seeds, 0.011 of it for
    its 2,000 rows, 0.011 for the noise, which 800 rows tell: 0.008 for the mean of four.
    """
    found = [covered(*regressor("linear", hidden, seed), coverage) for seed in SEEDS]
    assert np.mean(found) == pytest.approx(coverage, abs=0.04)


@pytest.mark.parametrize("coverage", COVERAGES)
def test_intervals_of_several_outputs_cover_each_by_its_own_noise(coverage):
    """The standard error of a data set is 0.024 at most, as measured: 0.012 for the mean."""
    found = [covered(*regressor("several", (50,), seed), coverage) for seed in SEEDS]
    np.testing.assert_allclose(np.mean(found, axis=0), [coverage] * 3, atol=0.06)


@pytest.mark.parametrize("hidden", [(), (20,)], ids=["linear", "network"])
def test_the_noise_is_that_of_the_data(hidden):
    """800 rows tell it up to 2.5 %; with what they say of the draws' spread, measured, 4 %."""
    for seed in SEEDS:
        model, *_ = regressor("linear", hidden, seed)
        np.testing.assert_allclose(model.noise_std_, NOISES[0], rtol=0.2)


def test_each_output_has_its_own_noise():
    """Measured over seeds up to 4, 2.5 and 2.5 %."""
    for seed in SEEDS:
        model, *_ = regressor("several", (50,), seed)
        assert model.noise_std_.shape == (3,)
        np.testing.assert_array_less(np.abs(model.noise_std_ / NOISES - 1), [0.2, 0.125, 0.125])


@pytest.mark.parametrize("coverage", COVERAGES)
def test_intervals_of_counts_cover_at_least_as_many_as_they_say(coverage):
    """The ends are counts, so that more lie within: as many as of the true rates, up to 5 standard
    errors, and so many that the model's own error takes no more than that away.
    """
    found, expected = [], []
    for seed in SEEDS:
        model, X, y = regressor("counts", (20,), seed)
        X, y = X[:1_000], y[:1_000]
        low, high = intervals = model.predict_interval(X, coverage).T
        np.testing.assert_array_equal(intervals, np.floor(intervals))
        found.append((low <= y) & (y <= high))
        expected.append(poisson.cdf(high, rates(X)) - poisson.cdf(low - 1, rates(X)))
    tolerance = 5 * np.std(found) / np.size(found) ** 0.5
    assert np.mean(found) > coverage - tolerance
    assert np.mean(found) == pytest.approx(np.mean(expected), abs=tolerance)


def test_quantiles_of_normal_data_are_uniform():
    """By Kolmogorov and Smirnov: over seeds it fails once in a thousand."""
    model, X, y = regressor("linear", (), 0)
    below = norm.cdf(y[:, np.newaxis], means(model, X), model.noise_std_).mean(axis=0)
    assert kstest(below.ravel(), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("kind", ["linear", "several"])
def test_an_interval_leaves_out_the_same_part_of_the_mixture_at_both_ends(kind):
    model, X, _ = regressor(kind, (50,), 0)
    intervals = model.predict_interval(X, 0.8).reshape(len(X), -1, 2)
    for end, part in zip(np.moveaxis(intervals, -1, 0), [0.1, 0.9], strict=True):
        below = norm.cdf(end, means(model, X), model.noise_std_).mean(axis=0)
        np.testing.assert_allclose(below, part, atol=1e-9)


def test_an_interval_of_counts_has_the_least_ends_that_hold_its_part():
    model, X, _ = regressor("counts", (20,), 0)
    of_draws = means(model, X)[:, :, 0]
    for end, part in zip(model.predict_interval(X, 0.8).T, [0.1, 0.9], strict=True):
        assert (poisson.cdf(end, of_draws).mean(axis=0) >= part - 1e-12).all()
        assert (poisson.cdf(end - 1, of_draws).mean(axis=0) < part).all()


@pytest.mark.parametrize("kind", ["linear", "several"])
def test_the_density_of_real_targets_is_that_of_a_mixture_of_normals(kind):
    model, X, y = regressor(kind, (50,), 1)
    y = y.reshape(len(y), -1)
    logs = norm.logpdf(y, means(model, X), model.noise_std_).sum(axis=2)
    expected = logsumexp(logs, axis=0) - np.log(50)
    np.testing.assert_allclose(model.log_likelihood(X, np.squeeze(y)), expected, rtol=1e-9)
    mean, std = model.predict(X, return_std=True)
    spread = means(model, X).var(axis=0) + model.noise_std_**2
    np.testing.assert_allclose(mean, np.squeeze(means(model, X).mean(axis=0)), rtol=1e-9)
    np.testing.assert_allclose(std, np.squeeze(np.sqrt(spread)), rtol=1e-9)
    np.testing.assert_allclose(model.predict(X), mean, rtol=1e-9)


def test_the_probability_of_counts_is_that_of_a_mixture_of_poissons():
    model, X, y = regressor("counts", (20,), 1)
    of_draws = means(model, X)[:, :, 0]
    logs = logsumexp(poisson.logpmf(y, of_draws), axis=0) - np.log(50)
    np.testing.assert_allclose(model.log_likelihood(X, y), logs, rtol=1e-9)
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_allclose(mean, of_draws.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(std, np.sqrt(of_draws.var(axis=0) + mean), rtol=1e-9)
    assert model.noise_std_ is None


def test_some_of_these_draws_are_tempered():
    found = {regressor("linear", (50,), seed)[0].temperature_ for seed in SEEDS}
    assert found - {1.0}


def test_probabilities_are_the_mean_of_the_draws():
    rng = np.random.default_rng(0)
    X = rows(500, rng)
    y = np.digitize(X[:, 0] + rng.normal(size=500), [-1, 1])
    clf = PreconditionedMLPClassifier((10,), n_draws=20, max_steps=2_000, random_state=0)
    clf.fit(X, y)
    expected = softmax(outputs(clf, X), axis=2).mean(axis=0)
    np.testing.assert_allclose(clf.predict_proba(X), expected, rtol=1e-9)


@pytest.mark.parametrize("kind", ["linear", "several", "counts"])
def test_samples_have_the_moments_that_are_predicted(kind):
    """Of 4,000 samples: means within 5 standard errors, deviations, up to 1.2 %, within 8 %."""
    model, X, _ = regressor(kind, (20,), 2)
    X = X[:40]
    samples, (mean, std) = model.sample_y(X, 4_000, random_state=0), model.predict(X, True)
    assert samples.shape == (*mean.shape, 4_000)
    if kind == "counts":
        np.testing.assert_array_equal(samples, np.floor(samples))
    np.testing.assert_array_less(np.abs(samples.mean(axis=-1) - mean), 5 * std / 4_000**0.5)
    np.testing.assert_allclose(samples.std(axis=-1), std, rtol=0.08)


def test_a_sample_is_of_one_draw_for_all_rows():
    """Rows that are the same differ by their noise alone."""
    model, X, _ = regressor("linear", (20,), 2)
    samples = model.sample_y(np.tile(X[:1], (4_000, 1)), 30, random_state=0)
    np.testing.assert_allclose(samples.std(axis=0), model.noise_std_[0], rtol=0.06)
    among = means(model, X[:1]).ravel()
    distances = np.abs(samples.mean(axis=0)[:, np.newaxis] - among).min(axis=1)
    np.testing.assert_array_less(distances, 5 * model.noise_std_[0] / 4_000**0.5)
