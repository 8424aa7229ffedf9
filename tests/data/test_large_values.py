"""Columns of large values, offsets and targets at the ends of what floats hold."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._data.encoding import centred
from sksgdprune._data.moments import Moments
from sksgdprune._data.sampling import content_key

X, Y = load_iris(return_X_y=True)
DAY = 1.7e18  # in nanoseconds since 1970
RNG = np.random.RandomState(0)


def classifier(**options):
    given = {"max_steps": 120, "random_state": 0, "batch_size": 16} | options
    return PreconditionedMLPClassifier((8,), **given)


def regressor(**options):
    given = {"max_steps": 400, "random_state": 0} | options
    return PreconditionedMLPRegressor((20,), **given)


def beside(column):
    return np.column_stack([X, np.broadcast_to(column, len(X))])


COLUMNS = {
    "a day": DAY,
    "some days": DAY + 8.64e13 * (np.arange(150) % 7),
    "1e14": 1e14,
    "-1e14": -1e14,
    "an offset": 2.0**52 + np.arange(150) % 7,
    "the largest": np.finfo(float).max / 4,
    "an outlier": np.where(np.arange(150) == 3, 1e300, 0.0),
    "mostly zero": np.where(np.arange(150) % 10 == 0, DAY, 0.0),
}


# The order of rows, their repetition, their form


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("encoding", ["standard", "piecewise"])
def test_large_values_leave_the_order_of_rows_no_part(column, encoding):
    rows, order = beside(column), RNG.permutation(150)
    one, other = (classifier(encoding=encoding).fit(rows[i], Y[i]) for i in (slice(None), order))
    assert_array_equal(one.theta_, other.theta_)


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_large_values_train_sparse_as_dense(column):
    dense, sparse = (
        classifier(encoding="standard").fit(form(beside(column)), Y)
        for form in (np.asarray, csr_array)
    )
    assert_array_equal(dense.theta_, sparse.theta_)
    assert_allclose(
        dense.predict_proba(beside(column)), sparse.predict_proba(csr_array(beside(column)))
    )


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_a_large_constant_or_rare_value_leaves_the_others_their_part(column):
    rows = beside(column)
    score = classifier(encoding="standard", max_steps=400).fit(rows[::2], Y[::2])
    assert score.score(rows[1::2], Y[1::2]) > 0.85


def test_features_whose_variance_is_no_float_are_learnt():
    rows = 1e300 * RNG.uniform(-1, 1, size=(60, 2))
    reg = regressor(encoding="standard").fit(rows, rows[:, 0] / 1e300)
    assert reg.score(rows, rows[:, 0] / 1e300) > 0.9


def test_a_large_constant_leaves_intervals():
    reg = regressor(n_draws=10).fit(beside(DAY), X[:, 0] + X[:, 2])
    assert np.isfinite(reg.predict_interval(beside(DAY))).all()


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_equal_rows_and_no_others_have_the_same_key(column):
    rows, Y_ = beside(column), np.eye(3)[Y]
    distinct, place = np.unique(np.column_stack([rows, Y_]), axis=0, return_inverse=True)
    for form in (np.asarray, csr_array):
        key = content_key(form(rows), Y_)
        assert len(np.unique(key)) == len(distinct)
        first = np.unique(place.ravel(), return_index=True)[1]
        assert_array_equal(key[first][place.ravel()], key)


@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_rows_that_differ_in_an_offset_column_alone_have_keys_of_their_own(form):
    rows = np.column_stack([np.full((7, 40), 3.0), 2.0**52 + np.arange(7)])
    assert len(np.unique(content_key(form(rows), np.ones((7, 1))))) == 7


@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_moments_of_offset_columns_keep_their_digits(form):
    offset = np.array([0, 2.0**40, -(2.0**40)])
    rows = np.round(RNG.normal(size=(500, 3)) * 2**10) / 2**10 + offset
    moments = Moments.of(form(rows))
    assert_allclose(moments.variance, (rows - offset).var(axis=0), rtol=1e-12)
    constant = Moments.of(form(np.full((300, 1), DAY)))
    assert constant.mean == DAY
    assert constant.variance == 0


# Offsets that products would cancel


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_offsets_predict_dense_sparsified_and_exported_alike(dtype, form):
    offset = 1e6 if dtype is np.float32 else 1e13
    scaled = StandardScaler().fit_transform(X)
    rows = (np.round(scaled * 8) / 8 + [offset, 0, -offset, 0]).astype(dtype)
    clf = classifier(encoding="standard").fit(rows, Y).prune(0.3)
    dense = clf.predict_proba(form(rows))
    assert dense.dtype == dtype
    few, listed = clf.sparsify().predict_proba(form(rows[:2])), clf.predict_proba(form(rows))
    tolerance = 2e-5 if dtype is np.float32 else 1e-9
    assert_allclose(listed, dense, atol=tolerance)
    assert_allclose(few, dense[:2], atol=tolerance)
    if dtype is np.float32:  # float64 has no wider type to export to
        assert_allclose(clf.to_sklearn().predict_proba(rows), dense, atol=tolerance)


def test_columns_are_centred_sparse_as_dense():
    rows = RNG.randint(0, 3, size=(6, 4)).astype(float)
    offset = np.array([0.0, 2.0, 0.0, -3.0])
    assert_array_equal(centred(csr_array(rows), offset).toarray(), rows - offset)
    assert_array_equal(centred(rows, offset), rows - offset)


# Targets at the ends of floats


@pytest.mark.parametrize("size", [1e-150, 1e-50, 1e-38, 1.0, 1e38, 1e50, 1e150])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_targets_of_any_size_are_predicted(size, dtype):
    y = size * (X[:, 0] + X[:, 2])
    predicted = regressor().fit(X.astype(dtype), y).predict(X.astype(dtype))
    assert np.corrcoef(predicted / size, y / size)[0, 1] > 0.95
    if size != 1e-38:  # at the end of what float32 holds
        assert predicted.dtype == (dtype if size == 1 else np.float64)


@pytest.mark.parametrize("size", [1e155, 1e300])
def test_targets_too_large_for_a_variance_are_refused(size):
    reg = regressor()
    with pytest.raises(ValueError, match=r"y up to .*divide y by a number"):
        reg.fit(X, size * X[:, 0])
    assert not reg.__sklearn_is_fitted__()
    reg.partial_fit(X, X[:, 0])
    before = reg.theta_.copy()
    with pytest.raises(ValueError, match="divide y"):
        reg.partial_fit(X, size * X[:, 0])
    assert_array_equal(reg.theta_, before)
