"""Posterior samples: which iterates they are, masks in them, predictions, and calibration."""

import pickle
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, log_softmax, logsumexp, softmax
from scipy.stats import norm, poisson, t
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.metrics import log_loss
from sklearn.utils import check_random_state

from sksgdprune import (
    PreconditionedMLPClassifier,
    PreconditionedMLPRegressor,
    SparsitySweep,
    prune_gradually,
)
from sksgdprune._estimator.input import Rows
from sksgdprune._targets.predictive import Bernoullis, Categories, Counts, Noisy
from sksgdprune._training import holdout
from sksgdprune._training import trainer as _training
from sksgdprune._training.state import encode
from sksgdprune._training.trainer import CalibrationRows
from sksgdprune._uncertainty import posterior
from sksgdprune._uncertainty.calibration import SPREADS

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = np.column_stack([X[:, 0] + 0.3 * RNG.normal(size=120), 50 + 7 * X[:, 1] * X[:, 2]])
y = Y[:, 0]
COUNTS = RNG.poisson(np.exp(0.5 + 0.4 * X[:, 0]))


def regressor(**options):
    given = {"batch_size": 20, "n_draws": 8, "random_state": 0, "max_steps": 320} | options
    return PreconditionedMLPRegressor((5,), **given)


def classifier(**options):
    given = {"batch_size": 20, "n_draws": 8, "random_state": 0, "max_steps": 320} | options
    return PreconditionedMLPClassifier((5,), **given)


def last_layer(model, X, theta):
    """Return one draw's last-layer values, by hand."""
    first, b1, second, b2 = model._state.network.layout.views(theta)
    hidden = np.maximum((X - model.X_mean_) / model.X_scale_ @ first + b1, 0)
    return hidden @ second + b2


def drawn(model, X):
    """Return the tempered last-layer values of all draws, by hand."""
    Z = np.array([last_layer(model, X, theta) for theta in model.draws_])
    return Z.mean(axis=0) + model.temperature_**0.5 * (Z - Z.mean(axis=0))


def noisy(model, means):
    """Return the distributions about some means, by what the calibration says of the noise."""
    calibration, prediction = model._state.network.calibration, model.predict(X)
    z = (prediction.reshape(len(prediction), -1) - model.y_mean_) / model.y_scale_
    growth = np.exp(np.clip(calibration.slope * z - calibration.offset, -2, 2))
    std = model.noise_std_ * growth
    if np.isinf(calibration.degrees):
        return norm(means, std)
    return t(8, means, std * np.sqrt(6 / 8))


# Which iterates they are.


def test_partial_fit_draws_an_iterate_per_pass_over_the_data_and_keeps_the_last():
    alone, model = regressor(n_draws=0, average=False), regressor(n_draws=3, average=False)
    iterates = [alone.partial_fit(X, y, n_steps=6).theta_.copy() for _ in range(5)]  # 120 / 20
    model.partial_fit(X, y, n_steps=13)
    np.testing.assert_array_equal(model.draws_, iterates[:2])
    model.partial_fit(X, y, n_steps=17)
    np.testing.assert_array_equal(model.draws_, iterates[2:])


def test_fit_spreads_the_draws_over_its_second_half():
    alone = regressor(n_draws=0, average=False, tol=0)
    model = regressor(average=False, learning_rate=0.03).fit(X, y, X_val=X, y_val=y)
    thetas = [
        alone.set_params(max_steps=steps, learning_rate=0.03).fit(X, y).theta_
        for steps in range(180, 321, 20)
    ]
    np.testing.assert_array_equal(model.draws_, thetas)


def test_an_average_beside_the_draws_changes_nothing_in_either():
    model, averaged = regressor(average=False).fit(X, y), regressor().fit(X, y)
    np.testing.assert_array_equal(model.draws_, averaged.draws_)
    without = regressor(n_draws=0).partial_fit(X, y, n_steps=50)
    np.testing.assert_array_equal(regressor().partial_fit(X, y, n_steps=50).theta_, without.theta_)


def test_chunks_of_a_few_steps_draw_the_same(monkeypatch):
    whole = regressor().fit(X, y)
    monkeypatch.setattr(_training, "_chunk_steps", lambda *_: 7)
    np.testing.assert_array_equal(regressor().fit(X, y).draws_, whole.draws_)


def test_draws_have_the_dtype_of_the_data():
    assert regressor().fit(X.astype(np.float32), y).draws_.dtype == np.float32


@pytest.mark.parametrize("sampling", ["replacement", "shuffle"])
def test_rows_on_hold_change_nothing_before_their_time(sampling):
    model = regressor(sampling=sampling).partial_fit(X, y, n_steps=1)
    rows, networks = np.array([3, 50, 119]), []
    for shift in (0, 1):  # within the range of y, by which rows are put in order
        other = y.copy()
        other[rows] = np.roll(y[rows], shift)
        fitted, config = model._state, model._config()
        data, sampler = encode(Rows(X, other), fitted.network, config), fitted.sampler
        run = config.for_run(fitted.network, 120, fitted.n_seen)
        start = fitted.network, run, pickle.loads(pickle.dumps(sampler)), fitted.t
        held = np.isin(np.arange(120), rows).astype(float)
        late = CalibrationRows(1 - held, held, 100)
        networks.append(_training.train(data, *start, 200, calibration_rows=late))
    before = [outcome.before.dense().theta for outcome in networks]
    np.testing.assert_array_equal(*before)
    assert not np.array_equal(*(outcome.network.dense().theta for outcome in networks))


# Masks.


@pytest.mark.parametrize("sparse", [False, True])
def test_masks_hold_in_draws(sparse):
    model = regressor(average=sparse).fit(X, y)
    model.prune(0.4)
    model = model.sparsify() if sparse else model
    model.freeze(0.5, X=X, y=y)
    pruned, frozen = model.status_ == 2, model.status_ == 1
    at, first = model.theta_[frozen], model.draws_
    for draws in (first, model.partial_fit(X, y, n_steps=30).draws_):
        assert draws.shape == (8, model.theta_.size)
        assert not draws[:, pruned].any()
        np.testing.assert_array_equal(draws[:, frozen], np.tile(at, (8, 1)))
        assert np.ptp(draws[:, model.status_ == 0], axis=0).all()


@pytest.mark.parametrize("change", ["sparsify", "compact"])
def test_sparsify_and_compact_leave_the_predictive_distribution(change):
    model = PreconditionedMLPRegressor((8, 6), "tanh", n_draws=5, max_steps=200, random_state=0)
    model.fit(X, Y)
    model.prune(0.9).partial_fit(X, Y, n_steps=20)
    status = model.status_.copy()
    into, out, _ = model._state.network.layout.weights(status)
    into[:, np.flatnonzero((out != 2).any(axis=1))[:1]] = 2  # the unit is a constant then
    model.status_ = status
    expected = model.calibrate(X, Y).predict(X, return_std=True)
    n_hidden = sum(b.size for b in model.intercepts_)
    getattr(model, change)()
    np.testing.assert_allclose(model.predict(X, return_std=True), expected, rtol=1e-9)
    assert change == "sparsify" or sum(b.size for b in model.intercepts_) < n_hidden
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.draws_, model.draws_)
    np.testing.assert_allclose(model.densify().predict(X, return_std=True), expected, rtol=1e-9)


def test_a_theta_of_ones_own_has_no_draws():
    model = regressor().fit(X, y)
    model.theta_ = model.theta_ * 2
    assert model.draws_.shape == (0, model.theta_.size)
    with pytest.raises(ValueError, match="no posterior samples"):
        model.predict(X, return_std=True)


def test_a_training_without_draws_lets_the_old_ones_go():
    model = regressor().fit(X, y).set_params(n_draws=0).partial_fit(X, y)
    assert len(model.draws_) == 0


# What is predicted.


def test_a_regressor_predicts_the_mixture_of_its_draws():
    model = regressor().fit(X, Y)
    means, noise = drawn(model, X) * model.y_scale_ + model.y_mean_, model.noise_std_
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_allclose(model.predict(X), mean)
    np.testing.assert_allclose(mean, means.mean(axis=0))
    assert (np.abs(np.log(std / noise)) < 3).all()
    noise = noisy(model, means).std()[0]
    np.testing.assert_allclose(std, np.sqrt(means.var(axis=0) + noise**2))
    logs = noisy(model, means).logpdf(Y).sum(axis=2)
    np.testing.assert_allclose(model.log_likelihood(X, Y), logsumexp(logs, axis=0) - np.log(8))
    ends = model.predict_interval(X, coverage=0.8)
    assert ends.shape == (120, 2, 2)
    for q, end in ((0.1, ends[..., 0]), (0.9, ends[..., 1])):
        np.testing.assert_allclose(noisy(model, means).cdf(end).mean(axis=0), q, atol=1e-9)


def test_one_output_has_no_axis_of_its_own():
    model = regressor().fit(X, y)
    assert [a.shape for a in model.predict(X, return_std=True)] == [(120,), (120,)]
    assert model.predict_interval(X).shape == (120, 2)
    assert model.sample_y(X, 4, random_state=0).shape == (120, 4)
    assert model.noise_std_.shape == (1,)


def test_counts_are_a_mixture_of_poisson_distributions():
    model = regressor(loss="poisson").fit(X, COUNTS)
    rates = np.exp(drawn(model, X))[:, :, 0] * model.y_scale_
    np.testing.assert_allclose(model.predict(X), rates.mean(axis=0))
    likelihood = poisson.pmf(COUNTS, rates).mean(axis=0)
    np.testing.assert_allclose(np.exp(model.log_likelihood(X, COUNTS)), likelihood)
    low, high = model.predict_interval(X, coverage=0.9).T
    for q, end in ((0.05, low), (0.95, high)):
        assert (poisson.cdf(end, rates).mean(axis=0) >= q).all()
        assert (poisson.cdf(end - 1, rates).mean(axis=0) < q).all()
    assert model.noise_std_ is None
    samples = model.sample_y(X, 3, random_state=0)
    np.testing.assert_array_equal(samples, np.rint(samples))


@pytest.mark.parametrize("options", [{}, {"loss": "poisson"}])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_intervals_are_finite_and_grow_up_to_the_last_coverage_below_1(options, kind):
    model = regressor(**options).fit(X, COUNTS)
    coverages = [np.nextafter(kind(0), kind(1)), 0.5, 0.99, np.nextafter(kind(1), kind(0))]
    low, high = np.stack([model.predict_interval(X, coverage) for coverage in coverages]).T
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()
    assert (np.diff(low) <= 0).all()
    assert (np.diff(high) >= 0).all()
    assert (low[:, -1] < low[:, 1]).any()
    assert (high[:, -1] > high[:, -2]).all()


def test_samples_are_of_one_draw_each_and_follow_the_seed():
    model = regressor().fit(X, Y)
    means, seed = drawn(model, X) * model.y_scale_ + model.y_mean_, 3
    got = model.sample_y(X, 5, random_state=seed)
    rng = check_random_state(seed)
    chosen = means[rng.randint(8, size=5)]
    expected = noisy(model, chosen).rvs(size=chosen.shape, random_state=rng)
    np.testing.assert_allclose(got, np.moveaxis(expected, 0, -1))


def test_a_classifier_averages_the_probabilities_of_its_draws():
    X, y = load_iris(return_X_y=True)
    model = classifier().fit(X, y)
    P = softmax(drawn(model, X), axis=2)
    np.testing.assert_allclose(model.predict_proba(X), P.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), P.mean(axis=0), atol=1e-12)
    np.testing.assert_array_equal(model.predict(X), P.mean(axis=0).argmax(axis=1))
    found, mean = model.predict_uncertainty(X), P.mean(axis=0)
    entropy = -(mean * np.log(mean)).sum(axis=1)
    within = -(P * np.log(P)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(found.entropy, entropy)
    np.testing.assert_allclose(found.mutual_information, entropy - within, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [1, 2, 10])
def test_no_entropy_is_negative_where_classes_are_all_but_certain(dtype, n_classes):
    Z = RNG.normal(size=(30, 2000, n_classes)) + 14 * np.eye(n_classes)[0]
    for entropy in Categories(log_softmax(Z.astype(dtype), axis=2)).entropies():
        assert 0 <= entropy.min() <= entropy.max() < 0.01
    for entropy in Bernoullis((Z + 14).astype(dtype)).entropies():
        assert 0 <= entropy.min() <= entropy.max() < 0.01


def test_labels_are_averaged_one_by_one():
    X, Y = make_multilabel_classification(80, 4, n_classes=3, random_state=0)
    model = classifier().fit(X, Y)
    P = expit(drawn(model, X))
    np.testing.assert_allclose(model.predict_proba(X), P.mean(axis=0))
    np.testing.assert_array_equal(model.predict(X), P.mean(axis=0) > 0.5)
    assert model.predict_uncertainty(X).mutual_information.shape == (80, 3)


@pytest.mark.parametrize("sparse", [False, True])
def test_predicting_holds_the_weights_of_one_draw_at_a_time(sparse):
    wide = np.random.RandomState(0).normal(size=(60, 500))
    model = PreconditionedMLPRegressor((50,), n_draws=40, max_steps=80, random_state=0)
    model.fit(wide, wide[:, 0]).prune(0.5 if sparse else 0.0)
    one = model._state.network.layout.n_parameters * 8
    if sparse:
        model.sparsify()
    tracemalloc.start()
    model.predict(wide)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * one


@pytest.mark.slow  # many rows and samples
@pytest.mark.parametrize("size", [1, 37, 10**6])
def test_blocks_of_rows_predict_the_same(monkeypatch, size):
    model = regressor().fit(X, Y)
    expected = model.predict_interval(X), model.sample_y(X, 2, 0), model.log_likelihood(X, Y)
    monkeypatch.setattr(posterior, "BLOCK_VALUES", size)
    got = model.predict_interval(X), model.sample_y(X, 2, 0), model.log_likelihood(X, Y)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("q", [0.01, 0.3, 0.95])
def test_quantiles_invert_the_distribution(q):
    rng = np.random.default_rng(1)
    for degrees in (np.inf, 8):
        noisy = Noisy(rng.normal(size=(5, 4, 2)), np.array([0.1, 2.0]), degrees)
        np.testing.assert_allclose(noisy.cdf(noisy.quantile(q)), q, atol=1e-9)
    poissons = Counts(rng.gamma(2, 3, size=(5, 4, 2)))
    k = poissons.quantile(q)
    assert (poissons.cdf(k) >= q).all()
    assert (poissons.cdf(k - 1) < q).all()


# Calibration.


def nearest_to_1(spreads, logs):
    """Return the number of the spread nearest to 1 within one standard error of the best."""
    logs = np.array(logs)
    behind = logs[logs.mean(axis=1).argmax()] - logs
    good = behind.mean(axis=1) <= behind.std(axis=1, ddof=1) / np.sqrt(logs.shape[1])
    return min(np.flatnonzero(good), key=lambda i: abs(np.log2(spreads[i])))


def test_calibration_takes_the_spread_nearest_to_1_that_is_as_good_as_the_best():
    model, tried, logs = regressor().fit(X, Y), [], []
    Z = np.array([last_layer(model, X, theta) for theta in model.draws_])
    for spread in SPREADS:
        means = (Z.mean(axis=0) + spread * (Z - Z.mean(axis=0))) * model.y_scale_ + model.y_mean_
        squares = ((Y - means.mean(axis=0)) ** 2).sum(axis=0) / (len(Y) - 2)
        noise = np.sqrt(np.maximum(squares - means.var(axis=0).mean(axis=0), 0.25 * squares))
        densities = norm.logpdf(Y, means, noise).sum(axis=2)
        logs.append(logsumexp(densities, axis=0) - np.log(8))
        tried.append((spread**2, noise))
    temperature, noise = tried[nearest_to_1(SPREADS, logs)]
    model.calibrate(X, Y)
    assert model.temperature_ == pytest.approx(temperature)
    np.testing.assert_allclose(model.noise_std_, noise)


def test_noise_grows_with_the_prediction_where_rows_say_so():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(3_000, 2))
    y = X[:, 0] + 0.3 * np.exp(0.8 * X[:, 0]) * rng.normal(size=3_000)
    Y = np.column_stack([y, X[:, 1] + rng.normal(size=3_000)])
    model = regressor(max_steps=2_000).fit(X[:1_000], Y[:1_000]).calibrate(X[1_000:], Y[1_000:])
    slope = model._state.network.calibration.slope
    few = (
        regressor(max_steps=2_000)
        .fit(X[:1_000], Y[:1_000])
        .calibrate(X[1_000:1_099], Y[1_000:1_099])
    )
    assert not np.any(few._state.network.calibration.slope)
    assert slope[0] >= 0.5
    assert slope[1] == 0
    _, std = model.predict(X, return_std=True)
    order = np.argsort(X[:, 0])
    assert std[order[-300:], 0].mean() > 2 * std[order[:300], 0].mean()
    low, high = model.predict_interval(X)[:, 0].T
    inside = (low <= Y[:, 0]) & (Y[:, 0] <= high)
    assert inside[order[-1_000:]].mean() == pytest.approx(0.9, abs=0.05)
    constant = np.abs(Y[:, 0] - model.predict(X)[:, 0]) < 1.645 * model.noise_std_[0]
    assert constant[order[-1_000:]].mean() < 0.85
    own = np.sqrt(((Y - model.predict(X)) ** 2)[1_000:].mean(axis=0))
    np.testing.assert_allclose(np.sqrt((std[1_000:] ** 2).mean(axis=0)), own, rtol=0.1)


@pytest.mark.parametrize("heavy", [False, True])
def test_noise_has_heavy_tails_where_rows_have_them(heavy):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(2_000, 2))
    noise = rng.standard_t(3, size=2_000) if heavy else rng.normal(size=2_000)
    y = X[:, 0] + noise
    model = regressor().fit(X[:1_000], y[:1_000]).calibrate(X[1_000:], y[1_000:])
    std = model.noise_std_[0]
    means = drawn(model, X)[:, :, 0] * model.y_scale_ + model.y_mean_
    assert np.isfinite(model._state.network.calibration.degrees) == heavy
    assert not np.any(model._state.network.calibration.slope)
    family = t(8, means, std * np.sqrt(6 / 8)) if heavy else norm(means, std)
    expected = logsumexp(family.logpdf(y), axis=0) - np.log(8)
    np.testing.assert_allclose(model.log_likelihood(X, y), expected)
    low, high = model.predict_interval(X, coverage=0.9).T
    np.testing.assert_allclose(family.cdf(high).mean(axis=0), 0.95, atol=1e-9)
    samples = model.sample_y(X, 40, random_state=0)
    assert np.mean((low[:, None] < samples) & (samples < high[:, None])) == pytest.approx(
        0.9, abs=0.01
    )


def test_calibration_of_classes_goes_by_their_log_loss():
    X, y = load_iris(return_X_y=True)
    model = classifier(learning_rate=2.0).fit(X[::2], y[::2]).calibrate(X[1::2], y[1::2])
    Z = np.array([last_layer(model, X[1::2], theta) for theta in model.draws_])
    spread = Z - Z.mean(axis=0)
    logs = [log_softmax(Z.mean(axis=0) + s * spread, axis=2) for s in SPREADS]
    losses = [np.log(np.exp(L).mean(axis=0)[np.arange(75), y[1::2]]) for L in logs]
    assert model.temperature_ == pytest.approx(SPREADS[nearest_to_1(SPREADS, losses)] ** 2)


def test_a_single_row_leaves_the_draws_as_they_are():
    assert regressor().fit(X, y).calibrate(X[:1], y[:1]).temperature_ == 1


def test_calibration_counts_rows_as_often_as_they_weigh():
    model, weights = regressor().fit(X, y), np.arange(120) % 4
    rows, found = np.repeat(np.arange(120), weights), []
    for arguments in ((X, y, weights), (X[rows], y[rows])):
        model.calibrate(*arguments)
        found.append((model.temperature_, model.noise_std_[0]))
    assert found[0] == pytest.approx(found[1])


def test_later_trainings_and_cuts_leave_the_calibration():
    model = regressor().fit(X, y)
    found = model.temperature_, model.noise_std_
    model.partial_fit(X, y, n_steps=50).prune(0.5).set_params(warm_start=True).fit(X, y)
    assert (model.temperature_, model.noise_std_) == found


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.prune(0.5),
        lambda model: model.freeze(0.5, "random"),  # frozen parameters no longer scatter
        lambda model: model.partial_fit(X, y > 0, n_steps=1),
        lambda model: model.set_params(warm_start=True).fit(X, y > 0),
        lambda model: prune_gradually(model, X, y > 0, 0.5, n_steps=50),
    ],
    ids=["prune", "freeze", "partial_fit", "warm_start", "prune_gradually"],
)
@pytest.mark.filterwarnings("ignore:The temperature of the posterior samples")
def test_uncertainty_of_a_calibration_that_is_stale_warns_until_calibrate(change):
    for model, calls in (
        (regressor(), ("predict_interval", "sample_y")),
        (classifier(), ("predict_uncertainty",)),
    ):
        change(model.fit(X, y > 0))
        for call in calls:
            with pytest.warns(UserWarning, match=r"calibrated before .*call calibrate\(X, y\)"):
                getattr(model, call)(X)
        model.predict(X)
        model.calibrate(X, y > 0)
        for call in calls:
            getattr(model, call)(X)


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.unfreeze(),
        lambda model: model.prune(0.0),
        lambda model: model.sparsify().densify(),
        lambda model: model.compact(),
    ],
    ids=["unfreeze", "prune nothing", "sparsify", "compact"],
)
def test_what_leaves_predictions_leaves_the_calibration_good(change):
    model = regressor().fit(X, y)
    expected = model.predict_interval(X)
    np.testing.assert_allclose(change(model).predict_interval(X), expected, rtol=1e-9)


def test_partial_fit_alone_leaves_the_noise_open():
    model = regressor().partial_fit(X, y, n_steps=100)
    assert model.temperature_ == 1
    assert model.noise_std_ is None
    for call in (model.predict_interval, model.sample_y, lambda X: model.predict(X, True)):
        with pytest.raises(ValueError, match=r"call calibrate\(X, y\)"):
            call(X)
    assert model.calibrate(X, y).predict_interval(X).shape == (120, 2)
    counts = regressor(loss="poisson").partial_fit(X, COUNTS, n_steps=100)
    assert counts.predict_interval(X).shape == (120, 2)


@pytest.mark.parametrize("sampling", ["replacement", "shuffle"])
def test_the_same_samples_are_held_back_in_any_order_repeated_or_weighed(sampling):
    model = regressor(sampling=sampling).partial_fit(X, y, n_steps=1)
    order = np.random.default_rng(3).permutation(240) % 120

    def held(rows, weights=None):
        config = model._config()
        data = encode(Rows(X[rows], y[rows], weights), model._state.network, config)
        found = holdout.calibration_rows(model._state, data, 100, config)
        weights = np.ones(len(rows)) if weights is None else weights
        np.testing.assert_allclose(found.kept + found.held, weights)
        return np.bincount(rows, found.held, minlength=120).tolist()

    once, twice = held(np.arange(120)), held(order)
    assert sum(once) == 20
    assert sum(twice) == 24
    assert held(np.arange(120), np.full(120, 2.0)) == twice
    assert max(twice) == 1  # of two equal samples one
    assert held(np.arange(120), (np.arange(120) != 7).astype(float))[7] == 0


def test_few_distinct_rows_are_calibrated_as_many_are():
    """Three binary features: no row is without its equals while others are trained on."""
    rng = np.random.default_rng(0)
    rows = rng.integers(2, size=(4000, 3)).astype(float)
    labels = (rng.random(4000) < 1 / (1 + np.exp(-(rows @ [1.5, -1, 0.5])))).astype(int)
    fresh = rng.integers(2, size=(4000, 3)).astype(float)
    truth = (rng.random(4000) < 1 / (1 + np.exp(-(fresh @ [1.5, -1, 0.5])))).astype(int)
    losses = []
    for n_draws in (0, 30):
        clf = PreconditionedMLPClassifier((20,), n_draws=n_draws, max_steps=2000, random_state=0)
        losses.append(log_loss(truth, clf.fit(rows, labels).predict_proba(fresh)))
    assert clf.temperature_ < 64
    assert losses[1] < losses[0] + 0.002


def test_a_sweep_trains_and_calibrates_draws():
    sweep = SparsitySweep(regressor(), p=0.5, warmup_steps=40, finetune_steps=200, random_state=0)
    model = sweep.fit(X, y).best_estimator_
    assert model.draws_.shape == (8, model.theta_.size)
    assert not model.draws_[:, model.status_ == 2].any()
    assert 0.1 < model.noise_std_[0] < 1


def test_the_trainings_of_a_sweep_hold_the_same_rows_until_half_of_the_last(monkeypatch):
    holds, judged = [], []
    train, calibrated = _training.train, posterior.calibrated_network

    def watched(*arguments):
        holds.append((arguments[-1], arguments[-3]))
        return train(*arguments)

    def asked(network, data, most_samples=None):
        judged.append((len(network.posterior_samples), most_samples))
        return calibrated(network, data, most_samples)

    monkeypatch.setattr(_training, "train", watched)
    monkeypatch.setattr(holdout, "calibrated_network", asked)
    sweep = SparsitySweep(regressor(), p=0.5, warmup_steps=40, finetune_steps=600, random_state=0)
    sweep.fit(X, y)
    assert len(holds) > 3
    for hold, _ in holds:
        np.testing.assert_array_equal(hold.held, holds[0][0].held)
    *earlier, (last, n_steps) = holds
    assert all(hold.n_steps == n for hold, n in earlier)
    assert last.n_steps == n_steps // 2
    assert judged == [(8, 4)]  # the later half


# What is refused.


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.predict_interval(X, coverage=1.5), "coverage=1.5"),
        (lambda m: m.predict_interval(X, coverage="90%"), "between 0 and 1"),
        (lambda m: m.sample_y(X, 0), "n_samples=0"),
        (lambda m: m.log_likelihood(X, Y), "2 outputs"),
        (lambda m: m.set_params(early_stopping=True).fit(X, y), "one of the two"),
        (lambda m: m.set_params(n_draws=-1).fit(X, y), "n_draws"),
        (lambda m: m.set_params(n_draws=True).fit(X, y), "n_draws"),
    ],
)
def test_bad_requests_say_what_is_possible_and_change_nothing(call, message):
    model = regressor().fit(X, y)
    draws, noise = model.draws_, model.noise_std_
    with pytest.raises(ValueError, match=message):
        call(model)
    np.testing.assert_array_equal(model.draws_, draws)
    np.testing.assert_array_equal(model.noise_std_, noise)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.predict(X, return_std=True),
        lambda m: m.predict_interval(X),
        lambda m: m.sample_y(X),
        lambda m: m.log_likelihood(X, y),
        lambda m: m.calibrate(X, y),
    ],
)
def test_without_draws_it_is_said_how_to_get_them(call):
    with pytest.raises(ValueError, match="set n_draws"):
        call(regressor(n_draws=0).fit(X, y))


def test_what_is_too_little_to_calibrate_by_can_be_fitted():
    for model in (regressor().fit(X[:1], y[:1]), regressor(max_steps=1).fit(X, y)):
        assert model.noise_std_ is None
    weights = {0: 0.0, 1: 1.0}
    few = [0] * 119 + [1]
    assert classifier(class_weight=weights).fit(X, few).temperature_ == 1


def test_a_diverged_network_is_not_calibrated():
    model = regressor().fit(X, y)
    diverged = replace(model._state.network, diverged=True)
    model._state = replace(model._state, network=diverged)
    with pytest.raises(ValueError, match="diverged"):
        model.calibrate(X, y)
    assert np.isnan(model.sample_y(X)).all()
