"""Counts, rates and targets above 0 with draws: their mean, dispersion and intervals."""

import warnings

import numpy as np
import pytest
from scipy.stats import nbinom, norm, poisson

from sksgdprune import PreconditionedMLPRegressor
from sksgdprune._targets.classification import SingleLabel
from sksgdprune._targets.predictive import Counts, Noisy
from sksgdprune._targets.regression import Count, RealValued
from sksgdprune._uncertainty.calibration import Calibration, calibrated

RNG = np.random.RandomState(0)
RATES = RNG.gamma(2, 3, size=(5, 40, 1))
WHOLE = np.arange(40.0)[:, np.newaxis]


# The distributions, beside scipy's


@pytest.mark.parametrize("dispersion", [1.5, 4.0])
def test_dispersed_counts_are_negative_binomial(dispersion):
    counts = Counts(RATES, np.array([dispersion]))
    size = RATES / (dispersion - 1)
    truth = nbinom(size, 1 / dispersion)
    np.testing.assert_allclose(truth.var(), dispersion * truth.mean())
    np.testing.assert_allclose(counts.cdf(WHOLE), truth.cdf(WHOLE).mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(counts.logs(WHOLE), truth.logpmf(WHOLE), rtol=1e-9, atol=1e-9)
    for q in (0.05, 0.5, 0.999):
        end = counts.quantile(q)
        assert (truth.cdf(end).mean(axis=0) >= q - 1e-9).all()
        assert (truth.cdf(end - 1).mean(axis=0) < q).all()


def test_means_of_counts_are_poisson_on_their_own_grid():
    rates, y = RATES / 20, WHOLE / 20
    counts, truth = Counts(rates, np.array([0.05])), poisson(RATES)
    np.testing.assert_allclose(counts.cdf(y), truth.cdf(WHOLE).mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(counts.logs(y), truth.logpmf(WHOLE) + np.log(20), rtol=1e-9)
    end = counts.quantile(0.9)
    np.testing.assert_allclose(end * 20, np.rint(end * 20), atol=1e-9)
    assert (truth.cdf(end * 20 + 1e-6).mean(axis=0) >= 0.9).all()


@pytest.mark.parametrize("dispersion", [0.05, 1.0, 3.0])
def test_samples_of_counts_have_their_mean_and_variance(dispersion):
    """Each mean is within 5 standard errors: by chance once in a million."""
    counts = Counts(np.full((20_000, 1, 1), 4.0), np.array([dispersion]))
    found = counts.sample(np.random.RandomState(0)).ravel()
    np.testing.assert_allclose(found / counts.step, np.rint(found / counts.step), atol=1e-9)
    assert found.mean() == pytest.approx(4, abs=5 * (4 * dispersion / 20_000) ** 0.5)
    assert found.var() == pytest.approx(4 * dispersion, rel=0.1)
    assert counts.std()[0, 0] ** 2 == pytest.approx(4 * dispersion)


@pytest.mark.parametrize("dispersion", [0.05, 1.0, 3.0])
@pytest.mark.parametrize("rate", [1e-300, 1e-9, 1.0, 1e11, 1e15])
def test_quantiles_of_counts_are_finite_whatever_their_size(rate, dispersion):
    counts = Counts(np.full((3, 2, 1), rate), np.array([dispersion]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = counts.quantile(0.05), counts.quantile(0.95)
        counts.sample(np.random.RandomState(0))
    assert (low >= 0).all()
    spread = norm.ppf(0.95) * (rate * dispersion) ** 0.5
    near = dict(rtol=1e-6, atol=3 + 0.3 * spread)
    np.testing.assert_allclose(high, rate + spread, **near)
    np.testing.assert_allclose(low, max(rate - spread, 0), **near)


def test_intervals_end_where_targets_do():
    noisy = Noisy(RATES, np.array([5.0]), least=0.0)
    assert (noisy.quantile(0.05) >= 0).all()
    assert (noisy.sample(np.random.RandomState(0)) >= 0).all()
    plain = noisy._replace(least=-np.inf)
    np.testing.assert_array_equal(noisy.quantile(0.05), np.maximum(plain.quantile(0.05), 0))
    np.testing.assert_array_equal(noisy.quantile(0.9), plain.quantile(0.9))


# The temperature moves no mean


@pytest.mark.parametrize("temperature", [0.25, 4.0, 64.0])
@pytest.mark.parametrize("kind", ["identity", "relu", "exp"])
def test_a_temperature_leaves_the_mean_prediction(kind, temperature):
    Z = RNG.normal(size=(30, 50, 2))
    scale = np.zeros(2), np.ones(2)
    targets = Count(*scale, "exp") if kind == "exp" else RealValued(*scale, kind)
    wide = targets.tempered(Z, temperature)
    np.testing.assert_allclose(targets.pooled(wide), targets.pooled(Z), rtol=1e-9, atol=1e-12)
    Z += 40  # far from where a ReLU closes
    widened = targets.tempered(Z, temperature).std(axis=0) / Z.std(axis=0)
    assert widened.mean() == pytest.approx(temperature**0.5, rel=0.01)


def claims(n=3000):
    rng = np.random.RandomState(0)
    X, exposure = rng.normal(size=(n, 3)), rng.uniform(0.05, 1, n)
    rate = np.exp(-1.5 + 0.6 * X[:, 0])
    return X, rng.poisson(rate * exposure) / exposure, exposure, rate


def dispersed(n=3000):
    rng = np.random.RandomState(1)
    X = rng.normal(size=(n, 3))
    rate = np.exp(1 + 0.6 * X[:, 0])
    return X, rng.poisson(rate * rng.gamma(0.5, 2, n)), None, rate


def skewed(n=3000):
    rng = np.random.RandomState(2)
    X = rng.normal(size=(n, 3))
    rate = np.exp(0.6 * X[:, 0])
    return X, rate * np.exp(1.2 * rng.normal(size=n) - 0.72), None, rate


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (claims, {"loss": "poisson"}),
        (dispersed, {"loss": "poisson"}),
        (skewed, {"loss": "poisson"}),
        (skewed, {"output_activation": "relu"}),
    ],
    ids=["claims per exposure", "negative binomial", "lognormal", "ReLU output"],
)
@pytest.mark.filterwarnings("ignore:The temperature of the posterior samples")
def test_asking_for_uncertainty_leaves_the_mean_prediction(data, options):
    X, y, weights, _ = data()
    options |= {"max_steps": 1500, "random_state": 0}
    without, with_draws = (
        PreconditionedMLPRegressor((20,), n_draws=n, **options).fit(X, y, sample_weight=weights)
        for n in (0, 30)
    )
    ratio = with_draws.predict(X).mean() / without.predict(X).mean()
    assert ratio == pytest.approx(1, abs=0.06)
    assert (with_draws.predict_interval(X) >= 0).all()


def test_the_dispersion_is_that_of_the_data():
    rng = np.random.RandomState(0)
    Z = np.log(rng.gamma(2, 3, size=(1, 2000, 1))).repeat(5, axis=0)
    rate, targets = np.exp(Z[0]), Count(np.zeros(1), np.ones(1), "exp")
    plain = calibrated(targets, Z, rng.poisson(rate).astype(float))
    assert plain.dispersion == 1
    wide = calibrated(targets, Z, rng.negative_binomial(rate / 3, 0.25).astype(float))
    assert wide.dispersion == pytest.approx([4], rel=0.15)
    narrow = calibrated(targets, Z, rng.poisson(20 * rate) / 20)
    assert narrow.dispersion == pytest.approx([0.05], rel=0.15)
    tiny = calibrated(targets, Z - np.log(1e7), rng.poisson(20 * rate) / 20e7)
    assert tiny.dispersion == pytest.approx([0.05e-7], rel=0.15)
    assert plain.temperature == wide.temperature == narrow.temperature == 1


def test_intervals_of_means_of_counts_are_no_wider_than_they_have_to_be():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(3000, 2))
    y = rng.poisson(20 * np.exp(0.5 * X[:, 0])) / 20
    model = PreconditionedMLPRegressor((20,), loss="poisson", n_draws=30, random_state=0)
    model.set_params(max_steps=2000).fit(X[:2000], y[:2000])
    low, high = model.predict_interval(X[2000:]).T
    assert 0.85 < np.mean((low <= y[2000:]) & (y[2000:] <= high)) < 0.96
    assert model.dispersion_ == pytest.approx([0.05], rel=0.3)


def test_a_temperature_at_its_limit_is_told():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(600, 2))
    model = PreconditionedMLPRegressor((20,), n_draws=20, max_steps=400, random_state=0)
    model.fit(X, X[:, 0] + 0.01 * rng.normal(size=600))
    network = model._state.network
    Z = [network.at_sample(one).output(X)[:, 0] for one in network.posterior_samples]
    errors = 100 * model.y_scale_ * np.std(Z, axis=0) * rng.normal(size=600)
    with pytest.warns(UserWarning, match=r"temperature .* is 64, .*far from all others"):
        model.calibrate(X, model.predict(X) + errors)


# Small differences of sums


def test_a_tie_up_to_rounding_is_a_tie():
    Z, Y = np.zeros((20, 30, 2)), np.eye(2)[RNG.randint(2, size=30)]
    for noise in (0, 1e-17, -1e-16):
        found = calibrated(SingleLabel(np.arange(2)), Z + noise * RNG.normal(size=Z.shape), Y)
        assert found == Calibration()
