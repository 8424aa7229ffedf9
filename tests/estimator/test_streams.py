"""Streams: rows that come one by one, in another order, or on another scale than the first."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_iris, make_classification, make_friedman1
from sklearn.metrics import recall_score
from sklearn.model_selection import train_test_split

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, prune_gradually
from sksgdprune._training import selection
from sksgdprune._training.state import extended

DIGITS = load_digits(return_X_y=True)
IRIS = load_iris(return_X_y=True)


def stream(estimator, X, y, size, passes=1, n_steps=None):
    """Train on so many rows a call."""
    first = {"classes": np.unique(y)} if hasattr(estimator, "predict_proba") else {}
    for _ in range(passes):
        for start in range(0, len(y), size):
            rows = slice(start, start + size)
            estimator.partial_fit(X[rows], y[rows], n_steps=n_steps, **first)
            first = {}
    return estimator


def classifier(**parameters):
    return PreconditionedMLPClassifier((32,), random_state=0, **parameters)


def regressor(**parameters):
    return PreconditionedMLPRegressor((30,), random_state=0, **parameters)


# Single rows


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sampling": "shuffle"},
        {"encoding": None},
        {"alpha": 1e-3},
        {"average": False},
        pytest.param({"noise_estimator": "batch"}, marks=pytest.mark.slow),
        pytest.param({"preconditioner": "sqrt"}, marks=pytest.mark.slow),
        pytest.param({"preconditioner": "scalar"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_single_rows_teach_about_as_much_as_chunks(options):
    X, y = DIGITS[0] / 16, DIGITS[1]
    X, X_test, y, y_test = train_test_split(X, y, train_size=700, random_state=0)
    single, chunks = (stream(classifier(**options), X, y, n) for n in (1, 70))
    assert single.score(X_test, y_test) > chunks.score(X_test, y_test) - 0.12


@pytest.mark.parametrize("sampling", ["replacement", "shuffle"])
def test_single_rows_teach_about_as_much_as_chunks_of_small_data(sampling):
    scores = {1: [], 28: []}
    for seed in range(3):
        X, X_test, y, y_test = train_test_split(*IRIS, random_state=seed)
        for size, found in scores.items():
            found.append(stream(classifier(sampling=sampling), X, y, size, 5).score(X_test, y_test))
    assert np.mean(scores[1]) > np.mean(scores[28]) - 0.08
    X, y = make_friedman1(1200, random_state=0)
    single, chunks = (stream(regressor(sampling=sampling), X[:800], y[:800], n) for n in (1, 80))
    assert single.score(X[800:], y[800:]) > chunks.score(X[800:], y[800:]) - 0.05


def test_noise_of_single_rows_is_not_none():
    X, y = make_friedman1(400, random_state=0)
    single, chunks = (stream(regressor(), X, y, n) for n in (1, 50))
    ratio = np.median(single.noise_variance_) / np.median(chunks.noise_variance_)
    assert 0.01 < ratio < 100


def test_the_first_rows_of_a_stream_do_not_turn_weights_over():
    X, y = IRIS
    clf = classifier(average=False).partial_fit(X[:1], y[:1], classes=[0, 1, 2])
    assert clf.alpha_ == pytest.approx(2 * 64 / 20)  # as of 20 rows
    before = np.abs(clf.coefs_[0])
    for row in range(1, 6):
        clf.partial_fit(X[row : row + 1], y[row : row + 1])
        assert (np.abs(clf.coefs_[0]) < before + 0.5).all()


@pytest.mark.parametrize("size", [1, 7, 75])
@pytest.mark.parametrize("encoding", ["standard", None])
def test_the_priors_share_goes_by_the_rows_of_all_calls(size, encoding):
    X, y = IRIS
    clf = stream(classifier(encoding=encoding), X, y, size)
    assert clf.alpha_ == pytest.approx(2 * 64 / 150)
    numeric = stream(classifier(alpha=0.25), X, y, size)
    assert numeric.alpha_ == pytest.approx(0.25)


# The same rows in another order


def test_the_same_rows_in_another_order_are_nothing_new():
    X, y = IRIS
    rng, clf = np.random.RandomState(0), classifier()
    for _ in range(5):
        rows = rng.permutation(len(y))
        clf.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    assert clf.alpha_ == pytest.approx(2 * 64 / 150)
    reg = regressor()
    for _ in range(5):
        rows = rng.permutation(len(y))
        reg.partial_fit(X[rows][:, :3], X[rows][:, 3])
    assert reg._state.n_seen == 150


def test_gradual_pruning_counts_the_rows_of_the_fit_once_in_any_order():
    X, y = IRIS
    clf = classifier(max_steps=100).fit(X, y)
    rows = np.random.RandomState(0).permutation(len(y))
    assert prune_gradually(clf, X[rows], y[rows], 0.5, n_steps=100)._state.n_seen == 150


def test_weighted_rows_after_the_rows_repeated_are_nothing_new():
    X, y = IRIS
    weights = np.random.RandomState(0).randint(1, 4, len(y))
    clf = classifier().partial_fit(X.repeat(weights, 0), y.repeat(weights), classes=[0, 1, 2])
    clf.partial_fit(X, y, sample_weight=weights)
    assert clf._state.n_seen == weights.sum()


@pytest.mark.parametrize("offset", [0, 1e6])
def test_other_rows_are_new(offset):
    X, y = IRIS
    clf = stream(classifier(), X + offset, y, 30)
    assert clf._state.n_seen == 150
    assert stream(classifier(), np.ones((40, 2)), y[:40], 1)._state.n_seen == 40


# Scales that rows to come leave


def late_column(n=20_000, first=1500):
    """Return rows of which one column is 0 for some time, then about 5,000."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 4))
    X[:, 3] = np.where(np.arange(n) < first, 0, 5000 + 1000 * X[:, 3])
    return X, X[:, 0] + X[:, 3] / 1000


@pytest.mark.parametrize("encoding", ["auto", "standard", "piecewise"])
def test_a_column_that_is_constant_at_first_gets_a_scale_when_it_varies(encoding):
    X, y = late_column()
    reg = stream(regressor(encoding=encoding), X[:15_000], y[:15_000], 500, n_steps=40)
    assert reg.score(X[15_000:], y[15_000:]) > 0.8


@pytest.mark.parametrize("encoding", ["standard", "piecewise"])
def test_a_column_that_is_constant_in_fit_gets_a_scale_when_it_varies(encoding):
    X, y = late_column()
    reg = regressor(encoding=encoding, max_steps=300).fit(X[:1000], X[:1000, 0])
    scale = reg.X_scale_.copy()
    stream(reg, X[1000:15_000], y[1000:15_000], 500, n_steps=40)
    assert reg.score(X[15_000:], y[15_000:]) > 0.7
    assert (reg.X_scale_ == scale)[:-1].all()
    assert reg.X_scale_[-1] > 500


def test_targets_that_are_constant_at_first_get_a_scale_when_they_vary():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(8000, 3))
    y = np.where(np.arange(8000) < 1500, 0, 1000 * X[:, 0] + 5000)
    reg = stream(regressor(), X[:6000], y[:6000], 500)
    assert reg.score(X[6000:], y[6000:]) > 0.9
    reg = regressor(max_steps=100).fit(X[:1000], y[:1000])
    assert stream(reg, X[1000:6000], y[1000:6000], 500).score(X[6000:], y[6000:]) > 0.6


@pytest.mark.parametrize("part", ["X", "y"])
def test_a_scale_that_is_left_far_behind_is_told(part):
    X, y = make_friedman1(3000, random_state=0)
    reg = stream(regressor(encoding="standard"), X[:2000], y[:2000], 500)
    X_new, y_new = (1000 * X, y) if part == "X" else (X, 1000 * y)
    with pytest.warns(
        UserWarning, match=f"{'Features' if part == 'X' else 'y'} .* far outside the scale"
    ):
        reg.partial_fit(X_new[2000:], y_new[2000:], n_steps=1)


@pytest.mark.parametrize("factor", [1, 3])
def test_scales_that_drift_a_little_are_not_told(factor):
    X, y = make_friedman1(3000, random_state=0)
    reg = stream(regressor(), X[:2000], y[:2000], 500)
    assert stream(reg, factor * X[2000:], factor * y[2000:], 500).score(X, y) > -100


# Class weights


@pytest.mark.parametrize("size", [1, 8, 64])
def test_class_weights_act_whatever_the_chunk(size):
    X, y = make_classification(
        2500, 10, n_informative=5, weights=[0.95], class_sep=0.7, random_state=1
    )
    plain, weighted = (
        stream(classifier(class_weight=each), X[:1000], y[:1000], size)
        for each in (None, {0: 1, 1: 20})
    )
    recalls = [recall_score(y[1000:], clf.predict(X[1000:])) for clf in (plain, weighted)]
    assert recalls[1] > recalls[0] + 0.3


def test_class_weights_are_relative_to_each_other():
    X, y = IRIS
    found = [
        stream(classifier(class_weight=weights), X, y, 1).theta_
        for weights in ({0: 1, 1: 20, 2: 1}, {0: 0.05, 1: 1, 2: 0.05}, {1: 20})
    ]
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_class_weights_leave_the_steps_of_larger_chunks_as_they_are():
    X, y = IRIS
    clf = classifier(class_weight={0: 1, 1: 20}, batch_size=16)
    assert clf.partial_fit(X, y, classes=[0, 1, 2]).n_iter_ == 10


# Weights that are not numbers of rows


def test_large_weights_are_told():
    X, y = make_friedman1(100, random_state=0)
    reg = regressor(encoding="standard")
    with pytest.warns(UserWarning, match=r"3e\+03 on average\. .*divide them by their mean"):
        reg.partial_fit(X, y, sample_weight=np.full(100, 3000.0), n_steps=5)
    reg.partial_fit(X, y, sample_weight=np.arange(1, 101) % 8 + 1, n_steps=5)


# The history of many calls


@given(st.lists(st.lists(st.floats(-1, 1), max_size=20), max_size=40))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_the_parts_of_a_series_hold_all_of_it_and_are_few(calls):
    parts = ()
    for values in calls:
        parts = extended(parts, np.array(values))
    whole = [value for values in calls for value in values]
    assert [value for part in parts for value in part] == whole
    assert all(one.size > next_.size for one, next_ in pairwise(parts))
    assert len(parts) <= 1 + np.log2(len(whole) + 1)


def test_a_call_copies_little_of_a_long_history():
    parts, copied = (), 0
    for i in range(4096):
        before, parts = parts, extended(parts, np.array([float(i)]))
        copied += sum(part.size for part in parts if not any(part is old for old in before))
    assert copied <= 4096 * 13  # each number once for each doubling


def test_the_loss_curve_of_single_rows_has_an_entry_for_each():
    X, y = IRIS
    clf = stream(classifier(), X, y, 1)
    assert len(clf.loss_curve_) == 150
    assert clf.best_loss_ == min(clf.loss_curve_)
    assert clf.loss_ == clf.loss_curve_[-1]


def test_the_path_of_the_evidence_is_bounded():
    X, y = IRIS
    clf = classifier(alpha="evidence").partial_fit(X, y, classes=[0, 1, 2], n_steps=1)
    state = clf._state
    for _ in range(1100):
        state = selection.updated(state)
    assert len(state.selection.precisions) == 1000


# The documented exception


def test_fit_and_partial_fit_agree_above_128_batches_of_rows_at_a_rate_that_is_a_number():
    X, y = make_friedman1(600, random_state=0)
    options = {"batch_size": 4, "learning_rate": 0.05, "encoding": "standard", "tol": 0}
    whole = regressor(max_steps=60, **options).fit(X, y)
    parts = regressor(**options).partial_fit(X, y, n_steps=20).partial_fit(X, y, n_steps=40)
    assert (whole.theta_ == parts.theta_).all()
