"""Predictions of a few rows by a sparsified network: as those of many, and by a faster way."""

import copy
import pickle
import time

import numpy as np
import pytest
from scipy.sparse import csr_array

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._network import network, sparsified
from sksgdprune._network.network import FEW_ROWS

rng = np.random.default_rng(0)
X = np.where(rng.random((200, 12)) < 0.4, 0, 50 + rng.normal(size=(200, 12)))
TARGETS = {PreconditionedMLPClassifier: rng.integers(3, size=200)}
TARGETS[PreconditionedMLPRegressor] = X[:, :2] + rng.normal(size=(200, 2))
COUNTS = [1, 2, FEW_ROWS, FEW_ROWS + 1, 200]


def fitted(Estimator=PreconditionedMLPClassifier, p=0.85, **options):
    given = {"max_steps": 60, "random_state": 0, "batch_size": 20} | options
    return Estimator((15, 10), **given).fit(X, TARGETS[Estimator]).prune(p)


@pytest.fixture
def by_lists(monkeypatch):
    """The numbers of rows that were predicted by lists."""
    found, call = [], network.call

    def counted(entry_point, *arguments, **options):
        found.append(len(arguments[-1]))
        return call(entry_point, *arguments, **options)

    monkeypatch.setattr(network, "call", counted)
    return found


@pytest.mark.parametrize("Estimator", TARGETS)
@pytest.mark.parametrize("encoding", ["standard", "piecewise", None])
@pytest.mark.parametrize("options", [{}, {"n_draws": 3}, {"average": False}])
def test_few_rows_are_predicted_as_by_the_dense_network(Estimator, encoding, options, by_lists):
    dense = fitted(Estimator, encoding=encoding, **options)
    small = copy.deepcopy(dense).sparsify()
    for n in COUNTS:
        for rows in (X[:n], csr_array(X[:n]), np.asfortranarray(X[-n:])):
            whole, few = (
                e._linear_output(rows) if not options.get("n_draws") else e.predict(rows)
                for e in (dense, small)
            )
            np.testing.assert_allclose(few, whole, rtol=1e-9, atol=1e-9)
            assert few.flags.c_contiguous
    assert by_lists
    assert min(by_lists) > FEW_ROWS


def test_few_rows_keep_the_type_of_the_parameters(by_lists):
    rows = X.astype(np.float32)
    dense = PreconditionedMLPClassifier((15,), max_steps=30, random_state=0)
    dense.fit(rows, TARGETS[PreconditionedMLPClassifier]).prune(0.85)
    expected = dense.predict_proba(rows[:3])
    few = dense.sparsify().predict_proba(rows[:3])
    assert few.dtype == np.float32
    np.testing.assert_allclose(few, expected, atol=1e-5)
    assert by_lists == []


def test_all_samples_share_the_places_of_the_remaining_connections(monkeypatch):
    plans, plan = [], sparsified.plan
    monkeypatch.setattr(sparsified, "plan", lambda *a, **o: plans.append(1) or plan(*a, **o))
    small = fitted(n_draws=5, p=0.9).sparsify()
    for n in COUNTS:
        small.predict(X[:n])
    assert len(plans) == 1


def test_what_predictions_keep_is_not_pickled():
    small = fitted().sparsify()
    before = len(pickle.dumps(small))
    small.predict(X[:1])
    small.predict(X)
    assert len(pickle.dumps(small)) == before
    again = pickle.loads(pickle.dumps(small))
    np.testing.assert_array_equal(again.predict_proba(X[:1]), small.predict_proba(X[:1]))


def shortest(predict, times=30):
    found = []
    for _ in range(times):
        started = time.perf_counter()
        predict()
        found.append(time.perf_counter() - started)
    return min(found)


@pytest.mark.statistical
def test_one_row_takes_half_the_time_that_lists_take():
    wide = PreconditionedMLPClassifier((1000,), max_steps=1, random_state=0)
    rows = rng.normal(size=(100, 784))
    small = wide.fit(rows, np.arange(100) % 10).prune(0.8).sparsify()._state.network
    by_lists = shortest(lambda: small._listed_output(rows[:1]))
    assert shortest(lambda: small.output(rows[:1])) < 0.5 * by_lists  # a third here
