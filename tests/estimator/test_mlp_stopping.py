"""What users of scikit-learn's MLP rely on at the end of a training: see test_mlp.py."""

import re

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils._testing import ignore_warnings

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from tests.cases import state
from tests.mlp_cases import BOTH, DIGITS, IRIS_X, IRIS_Y, classifier, regressor

# The end of a training


def test_a_large_tolerance_ends_a_training():
    clf = classifier(tol=0.5, max_steps=20_000).fit([[3, 2], [1, 6]], [1, 0])
    assert clf.n_iter_ < clf.max_steps


def test_patience_is_counted_in_epochs():
    X, y = DIGITS[2]
    steps = [
        classifier(max_steps=60_000, learning_rate=0.003, n_iter_no_change=n).fit(X, y).n_iter_
        for n in (1, 10_000)
    ]
    assert steps == sorted(steps)
    assert steps[0] < steps[-1]


def test_infinite_patience_takes_all_steps_without_a_warning():
    clf = classifier(tol=1e9, n_iter_no_change=np.inf, max_steps=13_000).fit(*DIGITS[2])
    assert clf.n_iter_ == clf.max_steps


def test_verbose_tells_of_fit_and_partial_fit(capsys):
    clf = classifier(max_steps=2, verbose=10, hidden_layer_sizes=2).fit([[3, 2], [1, 6]], [1, 0])
    clf.partial_fit([[3, 2], [1, 6]], [1, 0])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "[PreconditionedMLPClassifier] step 2",
        "[PreconditionedMLPClassifier] step 3",
    ]


# Early stopping


@BOTH
def test_early_stopping_ends_near_the_best_score(Estimator):
    X, y = DIGITS[2]
    options = {"tol": 0.2, "max_steps": 3000, "random_state": 0}
    stopped = Estimator(early_stopping=True, **options).fit(X, y)
    assert stopped.n_iter_ < 3000
    assert isinstance(stopped.validation_scores_, list)
    best = stopped.best_validation_score_
    assert best == max(stopped.validation_scores_)
    assert all(best + 0.2 > score for score in stopped.validation_scores_[-10:])
    stopped.set_params(early_stopping=False).fit(X, y)
    assert stopped.validation_scores_ is None
    assert stopped.best_validation_score_ is None
    assert stopped.best_loss_ is not None


def test_a_class_of_one_member_cannot_be_split():
    X = [[1, 2], [2, 3], [3, 4], [4, 5]]
    with pytest.raises(ValueError, match=r"only 1 member.*too few members are: \[True\]"):
        classifier(early_stopping=True).fit(X, [False, False, False, True])


def test_labels_may_be_strings_under_early_stopping():
    X, y = make_classification(200, 10, n_classes=3, n_informative=5, random_state=42)
    names = np.array(["class_a", "class_b", "class_c"], dtype=object)[y]
    clf = classifier(early_stopping=True).fit(X, names)
    assert len(clf.validation_scores_) == len(clf.loss_curve_)
    assert np.isfinite(clf.validation_scores_).all()


@BOTH
def test_partial_fit_refuses_early_stopping(Estimator):
    estimator = Estimator(early_stopping=True, random_state=0).fit(IRIS_X, IRIS_Y)
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        estimator.partial_fit(IRIS_X, IRIS_Y)


@BOTH
def test_equal_weights_stop_as_none(Estimator):
    options = {"early_stopping": True, "tol": 1e-2, "random_state": 42, "batch_size": 10}
    plain = Estimator(**options).fit(IRIS_X, IRIS_Y)
    ones = Estimator(**options).fit(IRIS_X, IRIS_Y, sample_weight=np.ones(150))
    np.testing.assert_array_equal(plain.theta_, ones.theta_)


def test_a_validation_set_of_one_sample_is_too_small_for_regression():
    X, y = make_regression(2, 5, random_state=0)
    with pytest.raises(ValueError, match="The validation set is too small"):
        regressor(early_stopping=True).fit(X, y)


# Warm start


def test_a_warm_start_needs_the_same_classes():
    clf = classifier(hidden_layer_sizes=2, warm_start=True, max_steps=10).fit(IRIS_X, IRIS_Y)
    clf.fit(IRIS_X, np.repeat([0, 1, 2], [40, 40, 70]))
    before = state(clf)
    for other in ([0, 1], [0, 1, 3], [0, 1, 2, 3], [0], [False, True], ["0", "1", "2"]):
        y = np.resize(other, 150)
        got = re.escape(f"to fit. Previously got [0 1 2], `y` has {np.unique(y)}; to start anew")
        with pytest.raises(ValueError, match=f"warm_start can only be used .* same classes.*{got}"):
            clf.fit(IRIS_X, y)
    assert state(clf) == before


def test_a_warm_start_looks_at_the_rows_that_weigh():
    y, weights = np.arange(150) % 4, (np.arange(150) % 4 < 3).astype(float)
    clf = classifier(warm_start=True, max_steps=10).fit(IRIS_X, IRIS_Y)
    clf.fit(IRIS_X, y, weights)
    with pytest.raises(ValueError, match=r"`y` has \[0 1\]"):
        clf.fit(IRIS_X, IRIS_Y, (IRIS_Y < 2).astype(float))


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (np.eye(3, dtype=int)[IRIS_Y], r"shape \(150, 3\), but fit saw 3 classes"),
        (np.linspace(0, 1, 150), "Unknown label type"),
    ],
)
def test_a_warm_start_needs_targets_of_the_same_kind(y, told):
    clf = classifier(warm_start=True, max_steps=10).fit(IRIS_X, IRIS_Y)
    with pytest.raises(ValueError, match=told):
        clf.fit(IRIS_X, y)


@BOTH
def test_every_warm_start_takes_max_steps_and_t_counts_them_all(Estimator):
    estimator = Estimator(hidden_layer_sizes=2, warm_start=True, max_steps=30, random_state=0)
    assert estimator.fit(IRIS_X, IRIS_Y).n_iter_ == 30
    assert estimator.fit(IRIS_X, IRIS_Y).n_iter_ == 30
    assert estimator.set_params(max_steps=10).fit(IRIS_X, IRIS_Y).n_iter_ == 10
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
        getattr(estimator, call)(IRIS_X, IRIS_Y)
        with ignore_warnings(category=ConvergenceWarning):
            getattr(peer, call)(IRIS_X, IRIS_Y)
        assert estimator.n_iter_ == 5 * peer.n_iter_


@BOTH
def test_validation_scores_grow_with_warm_starts(Estimator):
    estimator = Estimator(max_steps=20, random_state=0, warm_start=True, early_stopping=True)
    n_scores = len(estimator.fit(IRIS_X, IRIS_Y).validation_scores_)
    assert len(estimator.fit(IRIS_X, IRIS_Y).validation_scores_) > n_scores


def test_the_rate_stays_over_warm_starts():
    clf = classifier(preconditioner="identity", warm_start=True, max_steps=5).fit(IRIS_X, IRIS_Y)
    rate = clf.preconditioner_
    np.testing.assert_array_equal(clf.fit(IRIS_X, IRIS_Y).preconditioner_, rate)
