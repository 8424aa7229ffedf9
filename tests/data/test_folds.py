"""Folds: each sample is left out once, equal ones in turn, whatever the order of the rows."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from sksgdprune._data.folds import folds
from sksgdprune._data.sampling import Data
from tests.cases import X, Y

ONE_HOT = np.eye(3)[Y]


def content(data):
    """Return {row as bytes: how often it is there}."""
    weights = np.ones(len(data.Y)) if data.weights is None else data.weights
    found = {}
    for row, target, weight in zip(data.X, data.Y, weights, strict=True):
        key = row.tobytes() + target.tobytes()
        found[key] = found.get(key, 0) + weight
    return found


def added(one, other):
    return {key: one.get(key, 0) + other.get(key, 0) for key in {*one, *other}}


@pytest.mark.parametrize("weights", [None, np.arange(len(Y)) % 4 + 0.25])
def test_a_fold_and_the_others_are_the_whole(weights):
    whole, left = Data(X, ONE_HOT, weights), {}
    for train, rest in folds(whole, 3):
        both = added(content(train), content(rest))
        assert both.keys() == content(whole).keys()
        np.testing.assert_allclose([both[k] for k in both], [content(whole)[k] for k in both])
        left = added(left, content(rest))
    np.testing.assert_allclose([left[k] for k in left], [content(whole)[k] for k in left])


def test_a_row_of_weight_three_is_three_rows_wherever_they_stand():
    weights = np.random.RandomState(0).randint(1, 4, len(Y)).astype(float)
    repeated = np.random.RandomState(1).permutation(
        np.repeat(np.arange(len(Y)), weights.astype(int))
    )
    once, often = Data(X, ONE_HOT, weights), Data(X[repeated], ONE_HOT[repeated])
    for one, other in zip(folds(once, 4), folds(often, 4), strict=True):
        assert [content(part) for part in one] == [content(part) for part in other]


@pytest.mark.parametrize("factor", [1e-9, 1 / 75])
def test_weights_of_a_small_sum_are_scaled_as_for_minibatches(factor):
    weights = factor * np.random.RandomState(0).rand(len(Y))
    for train, rest in folds(Data(X, ONE_HOT, weights), 3):
        assert 30 <= len(rest.Y) < 120
        assert rest.weights.sum() == pytest.approx(weights.sum() / 3)
        assert train.weights.sum() == pytest.approx(weights.sum() * 2 / 3)


def test_a_row_that_weighs_three_may_be_one_sample():
    weights = np.arange(len(Y)) % 3 + 1.0
    once, weighted = Data(X, ONE_HOT), Data(X, ONE_HOT, weights)
    for one, other in zip(folds(once, 3), folds(weighted, 3, by_weight=False), strict=True):
        for part, also in zip(one, other, strict=True):
            np.testing.assert_array_equal(part.X, also.X)
            assert set(also.weights) == {1, 2, 3}


def test_each_class_has_its_share_in_each_fold():
    for _, rest in folds(Data(X, ONE_HOT), 3):
        np.testing.assert_allclose(rest.Y.sum(axis=0), ONE_HOT.sum(axis=0) / 3, atol=1)


def test_targets_are_spread_evenly():
    target = X @ [[1.0], [2.0], [0.0], [1.0]]
    for _, rest in folds(Data(X, target), 3):
        quartiles = np.quantile(target, [0.25, 0.5, 0.75])
        np.testing.assert_allclose(np.quantile(rest.Y, [0.25, 0.5, 0.75]), quartiles, atol=0.2)


def test_of_equal_rows_some_stay():
    same = Data(np.ones((9, 2)), np.ones((9, 1)))
    for train, rest in folds(same, 3):
        assert (len(train.Y), len(rest.Y)) == (6, 3)


def test_csr_rows_are_dealt_as_dense_ones():
    for one, other in zip(
        folds(Data(X, ONE_HOT), 3), folds(Data(csr_array(X), ONE_HOT), 3), strict=True
    ):
        np.testing.assert_array_equal(one[1].X, other[1].X.toarray())
