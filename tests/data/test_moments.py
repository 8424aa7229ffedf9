"""Standardization of X and y: moments, what is predicted, and a scale that settles."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, make_friedman1
from sklearn.preprocessing import scale

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._data import moments as _moments
from sksgdprune._data.moments import SETTLED, Moments
from tests import reference
from tests.cases import X, Y, classifier, regressor, run_config

RAW = 1e3 + X * [1e-3, 1.0, 1e2, 1e4]
MAKES = [classifier, regressor]
FORMS = [np.asarray, csr_array]


def truth(rows, weights):
    repeated = np.repeat(rows, weights, axis=0)
    return repeated.mean(axis=0), repeated.var(axis=0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block", [7, 1000])
def test_moments_are_those_of_repeated_rows(form, dtype, block, monkeypatch):
    monkeypatch.setattr(_moments, "BLOCK_VALUES", 4 * block)
    rows = np.random.RandomState(0).poisson(1.0, size=(40, 3)).astype(dtype)
    weights = np.arange(40) % 4 + 1
    moments = Moments.of(form(rows), weights.astype(float))
    mean, variance = truth(rows.astype(float), weights)
    assert moments.count == weights.sum()
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-13)
    np.testing.assert_allclose(moments.variance, variance, rtol=1e-12)


@given(st.integers(1, 19), st.floats(-1e6, 1e6))
def test_moments_of_parts_joined_are_those_of_the_whole(cut, far):
    rows = far + np.random.RandomState(0).normal(size=(20, 2))
    joined = Moments.of(rows[:cut]).joined(Moments.of(rows[cut:]))
    np.testing.assert_allclose(joined.mean, rows.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(joined.variance, rows.var(axis=0), rtol=1e-6)


def test_columns_that_are_constant_have_a_scale_of_1_and_those_that_overflow_their_reach():
    rows = np.array([[0.0, 0.1, 1e308, -3.0], [0.0, 0.1, -1e308, 5.0]])
    made = Moments.of(rows).standardization()
    np.testing.assert_allclose(made.scale, [1, 1, 1e308, 4], rtol=1e-6)
    np.testing.assert_allclose(made.mean, [0, 0.1, 0, 1], atol=1e-6)


@pytest.mark.parametrize("value", [0.1, -0.0235, 7.3, 1 / 3, 1e6 + 0.1, 16.0])
@pytest.mark.parametrize("n", [10, 600, 20_000])
@pytest.mark.parametrize("form", FORMS)
def test_a_constant_that_sums_round_has_a_scale_of_1(value, n, form):
    rows = np.column_stack([np.full(n, value), value + 1e-4 * (-1.0) ** np.arange(n)])
    scale = Moments.of(form(rows)).standardization().scale
    assert scale[0] == 1
    np.testing.assert_allclose(scale[1], 1e-4, rtol=1e-5)


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("form", FORMS)
def test_raw_data_train_as_standardised_data_do(make, form):
    options = {"sampling": "shuffle", "max_steps": 60}  # permutations go by position
    raw = make(encoding="standard", **options).fit(form(RAW), Y)
    plain = make(**options).fit(scale(RAW), scale(Y) if make is regressor else Y)
    np.testing.assert_allclose(raw.theta_, plain.theta_, atol=1e-3)
    assert (np.abs(raw.X_mean_ - RAW.mean(axis=0)) < 1e-6 * RAW.std(axis=0)).all()
    np.testing.assert_allclose(raw.X_scale_, RAW.std(axis=0), rtol=1e-6)
    assert plain.X_mean_.tolist() == [0] * 4
    assert plain.X_scale_.tolist() == [1] * 4


@pytest.mark.slow  # all ways of prediction are compiled
@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("p", [0.0, 0.5, 0.95])
def test_every_form_of_a_network_predicts_from_raw_data(make, p):
    fitted = make(encoding="standard", average=True).fit(RAW, Y).prune(p)
    n_outputs = 3 if make is classifier else 1
    inputs = (RAW - fitted.X_mean_) / fitted.X_scale_
    sizes = (4, 6, 5, n_outputs)
    Z = [reference.forward(fitted.theta_, sizes, x, "tanh")[1][-1] for x in inputs]
    same = pickle.loads(pickle.dumps(fitted))
    for change in (lambda: same, fitted.densify, fitted.sparsify, fitted.compact):
        for form in FORMS:
            np.testing.assert_allclose(change()._state.network.output(form(RAW)), Z, atol=1e-9)


def test_float32_is_kept_and_far_means_do_not_matter():
    narrow = (2000 + 5 * X).astype(np.float32)
    clf = PreconditionedMLPClassifier((6,), max_steps=1000, random_state=0).fit(narrow, Y)
    assert clf.theta_.dtype == np.float32
    assert clf.score(narrow, Y) > 0.95


# Targets


def test_a_relu_output_learns_targets_far_from_0():
    X, y = load_diabetes(return_X_y=True)  # a ReLU that starts closed would stay closed
    reg = PreconditionedMLPRegressor(output_activation="relu", random_state=0).fit(X, y)
    assert reg.y_mean_ == 0
    assert reg.score(X, y) > 0.5


def test_a_relu_output_starts_at_the_mean_of_its_targets():
    y = 50 + Y
    reg = regressor(
        output_activation="relu", encoding="standard", learning_rate=1e-300, max_steps=1
    ).fit(X, y)
    np.testing.assert_allclose(reg.intercepts_[-1], y.mean() / y.std(), rtol=1e-5)


def test_large_counts_are_learnt_from_the_start():
    rng = np.random.RandomState(0)
    Z = rng.normal(size=(500, 3))
    y = rng.poisson(1000 * np.exp(0.3 * Z[:, 0]))
    reg = PreconditionedMLPRegressor(loss="poisson", max_steps=1000, random_state=0).fit(Z, y)
    assert reg.y_scale_ == pytest.approx(y.mean())
    assert reg.score(Z, y) > 0.8
    assert reg.predict(Z).mean() == pytest.approx(y.mean(), rel=0.05)


# Mean and scale settle over the first calls of partial_fit


def stream(reg, X, y, sizes):
    for rows in np.split(np.arange(len(y)), np.cumsum(sizes)):
        if rows.size:
            reg.partial_fit(X[rows], y[rows])
    return reg


@pytest.mark.parametrize("first", ["one row", "constant targets", "narrow targets"])
def test_a_first_chunk_does_not_fix_the_scale(first):
    X, y = make_friedman1(2000, noise=0.1, random_state=0)
    y, order = 1e3 * y - 5e3, np.arange(2000)
    if first == "narrow targets":
        order = np.concatenate([np.argsort(y)[:20], np.setdiff1d(order, np.argsort(y)[:20])])
    X, y = X[order], y[order]
    if first == "constant targets":
        y[:20] = y[0]
    sizes = [1 if first == "one row" else 20] + [100] * 20
    reg = stream(PreconditionedMLPRegressor(random_state=0), X, y, sizes)
    for _ in range(10):
        stream(reg, X, y, sizes)
    assert reg.score(X, y) > 0.9
    np.testing.assert_allclose(reg.y_scale_, y[:SETTLED].std(), rtol=0.1)


def test_the_scale_stays_once_a_thousand_rows_were_seen_and_after_a_fit():
    rows = np.random.RandomState(0).normal(size=(2 * SETTLED, 2))
    reg = regressor(encoding="standard").partial_fit(rows[:SETTLED], rows[:SETTLED, 0], n_steps=1)
    scales = reg.X_scale_.copy(), reg.y_scale_.copy()
    with pytest.warns(UserWarning, match="far outside the scale"):
        reg.partial_fit(100 * rows[SETTLED:], 100 * rows[SETTLED:, 0], n_steps=1)
    assert (reg.X_scale_ == scales[0]).all()
    assert reg.y_scale_ == scales[1]
    fitted = regressor(encoding="standard").fit(rows[:50], rows[:50, 0])
    before = fitted.X_scale_.copy()
    with pytest.warns(UserWarning, match=r"Features \[0, 1\] .*Fit again"):
        assert (fitted.partial_fit(100 * rows, rows[:, 0]).X_scale_ == before).all()


@pytest.mark.parametrize("make", MAKES)
def test_the_same_rows_again_are_nothing_new(make):
    first = {"classes": [0, 1, 2]} if make is classifier else {}
    parts = make(encoding="standard").partial_fit(RAW, Y, n_steps=10, **first)
    parts.partial_fit(RAW, Y, n_steps=15)
    assert parts._state.n_seen == len(Y)


def test_minibatches_of_a_stream_are_no_larger_than_its_chunks():
    reg = regressor(encoding="standard", sampling="shuffle", batch_size=64)
    for rows in np.split(np.arange(150), 5):
        reg.partial_fit(RAW[rows], Y[rows])
    assert run_config(reg).batch_size == 30
    assert reg.t_ == reg.t0 + 5


def test_a_stream_penalises_by_all_rows_that_it_saw():
    reg = regressor(encoding="standard", alpha="auto")
    for rows in np.split(np.arange(150), 5):
        reg.partial_fit(RAW[rows], Y[rows])
    assert run_config(reg).hyper.alpha == pytest.approx(12 * 10 / 150)
