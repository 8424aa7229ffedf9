"""How inputs are made of features: scales of rare values, pieces between quantiles."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix
from sklearn.datasets import load_diabetes, load_iris
from sklearn.feature_selection import SelectFromModel

from sksgdprune import NetworkDisplay, PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._data.encoding import AS_IS, SHARES, encoded, kind_of, piecewise, standard
from sksgdprune._data.moments import Moments
from tests import reference

RNG = np.random.RandomState(0)
# Four columns: normal, skewed, of three values, of two.
ROWS = np.column_stack(
    [RNG.normal(5, 2, 90), RNG.exponential(size=90), RNG.randint(3, size=90), RNG.rand(90) < 0.1]
)
FORMS = [np.asarray, csr_array]


def standard_of(rows, weights=None):
    return standard(Moments.of(rows, weights))


def piecewise_of(rows, weights=None):
    return piecewise(rows, weights, Moments.of(rows, weights))


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
@pytest.mark.parametrize("values", [(0, 1), (1, 2), (-1, 1), (0, 1e6)])
@pytest.mark.parametrize("form", FORMS)
def test_two_values_are_two_apart_however_rare_one_is(share, values, form):
    column = np.where(np.arange(100) < 100 * share, *values).astype(float)[:, np.newaxis]
    found = encoded(form(column), standard_of(form(column)))
    assert np.ptp(found) == pytest.approx(2, rel=1e-5)
    assert abs(found.mean()) < 1e-5


@pytest.mark.parametrize("form", FORMS)
def test_a_column_that_is_mostly_empty_stays_bounded(form):
    column = np.zeros((1000, 1))
    column[:3, 0] = 0.2, 0.3, 0.4
    scale = standard_of(form(column)).scale[0]
    assert scale == pytest.approx(np.sqrt(np.mean([0.04, 0.09, 0.16])) / 2, rel=1e-5)
    assert np.abs(encoded(column, standard_of(column))).max() < 3


def test_other_columns_are_standardized():
    found = encoded(ROWS[:, :2], standard_of(ROWS[:, :2]))
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=0), 1, rtol=1e-5)


def test_moments_that_come_in_parts_scale_as_those_of_a_whole():
    one = Moments.of(ROWS[:30]).joined(Moments.of(ROWS[30:]))
    for part, whole in zip(standard(one), standard_of(ROWS), strict=True):
        np.testing.assert_array_equal(part, whole)


@pytest.mark.parametrize("form", FORMS)
def test_a_piece_is_what_lies_of_a_feature_between_two_quantiles(form):
    found = piecewise_of(form(ROWS))
    assert found.source.tolist() == [0] * 6 + [1] * 6 + [2] * 3 + [3]
    assert found.first.tolist() == [0, 6, 12, 15, 16]
    ends = np.quantile(ROWS[:, 1], SHARES, method="inverted_cdf")
    np.testing.assert_array_equal(found.low[7:12], ends[:-1])
    np.testing.assert_array_equal(found.high[7:12], ends[1:])
    lower, upper = np.quantile(ROWS[:, 1], [0.25, 0.75], method="inverted_cdf")
    assert (found.low[6], found.high[6]) == (ends[0], upper + 1.5 * (upper - lower))
    assert found.low[12:15].tolist() == [0, 0, 1]
    assert found.high[12:15].tolist() == [2, 1, 2]
    assert not np.isfinite([found.low[15], found.high[15]]).any()
    inputs = encoded(form(ROWS), found)
    np.testing.assert_allclose(inputs, reference.inputs(ROWS, found), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-5)
    variances = inputs.var(axis=0)
    np.testing.assert_allclose(variances[[0, 6, 12]], 1, rtol=1e-5)
    for pieces in (slice(1, 6), slice(7, 12), slice(13, 15)):
        assert variances[pieces].sum() == pytest.approx(1, rel=1e-5)
    rare = encoded(ROWS, standard_of(ROWS))[:, 3]
    np.testing.assert_allclose(inputs[:, 15], rare, rtol=1e-12)


def test_beyond_its_range_a_feature_makes_no_further_difference():
    found = piecewise_of(ROWS[:, :2])
    far = np.array([[1e9, -1e9]])
    nearest = np.array([[ROWS[:, 0].max(), ROWS[:, 1].min()]])
    np.testing.assert_array_equal(encoded(far, found), encoded(nearest, found))


@given(st.permutations(range(30)), st.lists(st.integers(1, 3), min_size=30, max_size=30))
def test_neither_order_nor_form_nor_the_way_rows_repeat_changes_an_encoding(order, counts):
    counts = np.array(counts, float)
    often = np.repeat(order, counts[order].astype(int))
    for make in (standard_of, piecewise_of):
        truth = make(ROWS[:30], counts)
        for other in (make(ROWS[often]), make(csr_array(ROWS[often]))):
            for one, expected in zip(other, truth, strict=True):
                np.testing.assert_array_equal(one, expected)


@pytest.mark.parametrize("column", [[0.0] * 9, [1e300, -1e300] * 5, [5.0], [1e-310, 0, 1e-310]])
def test_columns_that_cannot_be_scaled_leave_finite_inputs(column):
    column = np.array(column)[:, np.newaxis]
    for make in (standard_of, piecewise_of):
        assert np.isfinite(encoded(column, make(column))).all()


# In the estimators

X, Y = load_iris(return_X_y=True)
BRIEF = {"hidden_layer_sizes": (8,), "max_steps": 150, "random_state": 0}


def classifier(**parameters):
    return PreconditionedMLPClassifier(**(BRIEF | parameters))


def test_a_network_predicts_from_its_encoding():
    for encoding in ("standard", "piecewise", None):
        clf = classifier(encoding=encoding).fit(X, Y)
        assert clf.encoding_ == encoding == kind_of(clf._state.network.encoding)
        inputs = X if encoding is None else reference.inputs(X, clf._state.network.encoding)
        A = np.maximum(inputs @ clf.coefs_[0] + clf.intercepts_[0], 0)
        Z = A @ clf.coefs_[1] + clf.intercepts_[1]
        P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(clf.predict_proba(X), P, rtol=1e-9)


def test_the_pieces_are_told():
    clf = classifier(encoding="piecewise").fit(X, Y)
    encoding = clf._state.network.encoding
    assert clf.input_features_.tolist() == encoding.source.tolist()
    np.testing.assert_array_equal(clf.input_ranges_, np.transpose([encoding.low, encoding.high]))
    for name in ("input_features_", "X_mean_", "X_scale_"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(clf, name)[:] = 0
    whole = classifier().fit(X, Y)
    assert whole.input_features_.tolist() == [0, 1, 2, 3]
    assert np.isinf(whole.input_ranges_).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_csr_and_dense_rows_train_alike_by_pieces(dtype):
    rows = np.where(X < 2, 0, X).astype(dtype)
    one, other = (classifier(encoding="piecewise").fit(form(rows), Y) for form in FORMS)
    np.testing.assert_array_equal(one.theta_, other.theta_)
    np.testing.assert_allclose(
        one.predict_proba(csr_matrix(rows)), other.predict_proba(rows), rtol=1e-6
    )


@pytest.mark.parametrize("p", [0, 0.9])
def test_a_network_of_pieces_survives_what_others_do(p):
    clf = classifier(encoding="piecewise").fit(X, Y).prune(p)
    expected = clf.predict_proba(X)
    for same in (pickle.loads(pickle.dumps(clf)), clf.sparsify(), clf.densify(), clf.compact()):
        np.testing.assert_allclose(same.predict_proba(X), expected, rtol=1e-9)
    clf.partial_fit(X, Y, n_steps=20)
    assert clf.encoding_ == "piecewise"


def test_later_rows_leave_pieces_as_they_are():
    clf = classifier(encoding="piecewise").partial_fit(X, Y, classes=[0, 1, 2])
    before = clf._state.network.encoding
    after = clf.partial_fit(100 * X, Y)._state.network.encoding
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("hidden", [(), (8,), (8, 5)])
def test_scikit_learns_mlp_makes_the_same_pieces(hidden):
    data, y = load_diabetes(return_X_y=True)
    reg = PreconditionedMLPRegressor(**(BRIEF | {"hidden_layer_sizes": hidden}))
    mlp = reg.set_params(encoding="piecewise").fit(data, y).to_sklearn()
    assert mlp.n_layers_ == reg.n_layers_ + 1
    far = np.concatenate([data, 10 * data, -data])
    np.testing.assert_allclose(mlp.predict(far), reg.predict(far), rtol=1e-9)


def test_pieces_below_tanh_have_no_mlp_of_scikit_learn():
    clf = classifier(encoding="piecewise", activation="tanh").fit(X, Y)
    with pytest.raises(ValueError, match="encoding='standard'"):
        clf.to_sklearn()


def test_all_inputs_of_a_feature_are_pruned_together():
    clf = classifier(encoding="piecewise").fit(X, Y)
    features, status = clf.input_features_, clf.prune(0.5, structure="input").status_
    gone = (status[: clf.coefs_[0].size].reshape(-1, 8) == 2).all(axis=1)
    assert [gone[features == j].mean() for j in range(4)] == (~clf.features_used_).tolist()
    assert clf.features_used_.sum() == 2


def test_a_feature_selector_and_a_display_see_features():
    clf = classifier(encoding="piecewise").fit(X, Y)
    sums = np.bincount(clf.input_features_, (clf.coefs_[0] ** 2).sum(axis=1))
    np.testing.assert_allclose((clf.coef_**2).sum(axis=0), sums)
    assert SelectFromModel(clf, prefit=True, max_features=2).transform(X).shape == (150, 2)
    display = NetworkDisplay.from_estimator(clf, input_shape=(2, 2))
    moved = reference.inputs(X.max(axis=0)[np.newaxis], clf._state.network.encoding)
    moved = (moved - reference.inputs(X.min(axis=0)[np.newaxis], clf._state.network.encoding))[0]
    expected = np.add.reduceat(
        moved[:, np.newaxis] * clf.coefs_[0], clf._state.network.encoding.first[:-1]
    )
    np.testing.assert_allclose(display.coefs[0], expected, rtol=1e-9)


def test_as_it_is_changes_nothing():
    assert encoded(ROWS, AS_IS) is ROWS
