"""Warm starts: what goes on, what is counted anew, and what targets must share."""

import re

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils._testing import ignore_warnings

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from tests.cases import BOTH, X, Y, classifier, state


def test_warm_start_goes_on_with_the_masks():
    warm, partial = (classifier(warm_start=True).fit(X, Y) for _ in range(2))
    for clf in (warm, partial):
        clf.prune(0.5).freeze(0.5, X=X, y=Y)
    status = warm.status_.copy()
    warm.fit(X, Y)
    partial.partial_fit(X, Y, n_steps=40)
    assert state(warm) == state(partial)
    np.testing.assert_array_equal(warm.status_, status)


def test_a_warm_start_needs_the_same_classes():
    clf = classifier(hidden_layer_sizes=2, warm_start=True, max_steps=10).fit(X, Y)
    clf.fit(X, np.repeat([0, 1, 2], [40, 40, 70]))
    before = state(clf)
    for other in ([0, 1], [0, 1, 3], [0, 1, 2, 3], [0], [False, True], ["0", "1", "2"]):
        y = np.resize(other, 150)
        got = re.escape(f"to fit. Previously got [0 1 2], `y` has {np.unique(y)}; to start anew")
        with pytest.raises(ValueError, match=f"warm_start can only be used .* same classes.*{got}"):
            clf.fit(X, y)
    assert state(clf) == before


def test_a_warm_start_looks_at_the_rows_that_weigh():
    y, weights = np.arange(150) % 4, (np.arange(150) % 4 < 3).astype(float)
    clf = classifier(warm_start=True, max_steps=10).fit(X, Y)
    clf.fit(X, y, weights)
    with pytest.raises(ValueError, match=r"`y` has \[0 1\]"):
        clf.fit(X, Y, (Y < 2).astype(float))


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (np.eye(3, dtype=int)[Y], r"shape \(150, 3\), but fit saw 3 classes"),
        (np.linspace(0, 1, 150), "Unknown label type"),
    ],
)
def test_a_warm_start_needs_targets_of_the_same_kind(y, told):
    clf = classifier(warm_start=True, max_steps=10).fit(X, Y)
    with pytest.raises(ValueError, match=told):
        clf.fit(X, y)


@BOTH
def test_every_warm_start_takes_max_steps_and_t_counts_them_all(Estimator):
    estimator = Estimator(hidden_layer_sizes=2, warm_start=True, max_steps=30, random_state=0)
    assert estimator.fit(X, Y).n_iter_ == 30
    assert estimator.fit(X, Y).n_iter_ == 30
    assert estimator.set_params(max_steps=10).fit(X, Y).n_iter_ == 10
    assert estimator.t_ == estimator.t0 + 70


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(PreconditionedMLPClassifier, MLPClassifier), (PreconditionedMLPRegressor, MLPRegressor)],
)
def test_n_iter_counts_the_epochs_of_each_call_as_in_scikit_learn(ours, theirs):
    # Each fit takes 3 epochs of 5 batches, each partial_fit 1.
    options = {"batch_size": 30, "random_state": 0, "n_iter_no_change": 50, "warm_start": True}
    estimator, peer = ours(max_steps=15, **options), theirs(max_iter=3, **options)
    for call in ("fit", "fit", "partial_fit", "partial_fit", "fit"):
        getattr(estimator, call)(X, Y)
        with ignore_warnings(category=ConvergenceWarning):
            getattr(peer, call)(X, Y)
        assert estimator.n_iter_ == 5 * peer.n_iter_


def test_the_rate_stays_over_warm_starts():
    clf = classifier(preconditioner="identity", warm_start=True, max_steps=5).fit(X, Y)
    rate = clf.preconditioner_
    np.testing.assert_array_equal(clf.fit(X, Y).preconditioner_, rate)
