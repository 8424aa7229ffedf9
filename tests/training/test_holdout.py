"""Validation rows: how they are chosen, what is recorded of them, and the way back to the best."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_regression
from sklearn.metrics import log_loss

from sksgdprune._kernels.types import FROZEN, PRUNED
from sksgdprune._training import holdout
from tests.cases import LABELS, NAMES, X, Y, classifier, regressor, state
from tests.sweep_cases import sweep

MAKES = [classifier, regressor]
TRAIN, VAL = np.arange(150) % 3 > 0, np.arange(150) % 3 == 0


@pytest.mark.parametrize("make", MAKES)
def test_early_stopping_ends_and_returns_to_the_best(make):
    stopped = make(early_stopping=True, max_steps=5000, n_iter_no_change=4).fit(
        X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=Y[VAL]
    )
    scores = stopped.validation_scores_
    assert stopped.n_iter_ == 10 * len(scores) < 5000
    best = int(np.lexsort((stopped.validation_loss_curve_, np.negative(scores)))[0])
    assert stopped.best_validation_score_ == scores[best]
    assert scores[best] == pytest.approx(stopped.score(X[VAL], Y[VAL]), rel=1e-12)
    until_best = make(max_steps=10 * (best + 1), tol=0).fit(X[TRAIN], Y[TRAIN])
    np.testing.assert_array_equal(stopped.theta_, until_best.theta_)
    assert len(stopped.validation_loss_curve_) == len(scores) == len(stopped.loss_curve_)
    again = stopped.set_params(early_stopping=False, max_steps=10).fit(X, Y)
    assert again.validation_scores_ is again.best_validation_score_ is None
    assert again.best_loss_ == min(again.loss_curve_)


def test_validation_losses_are_those_of_the_held_out_samples():
    clf = classifier(max_steps=25, alpha=3.0).fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=Y[VAL])
    assert len(clf.validation_loss_curve_) == 3  # 10 steps, 10 steps and the last 5
    expected = log_loss(Y[VAL], clf.predict_proba(X[VAL]))
    assert clf.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-12)
    assert clf.validation_scores_[-1] == clf.score(X[VAL], Y[VAL])
    plain = classifier(max_steps=25, alpha=3.0).fit(X[TRAIN], Y[TRAIN])
    assert state(plain) == state(clf)


def test_predictions_that_overflow_have_no_score():
    reg = regressor(loss="poisson", activation="relu", early_stopping=True).fit(
        X, Y, X_val=1e5 * abs(X), y_val=Y
    )
    assert np.isnan(reg.validation_scores_).any()
    assert np.isfinite(reg.theta_).all()


@pytest.mark.parametrize("make", MAKES)
def test_the_split_follows_the_seed_and_the_fraction(make):
    options = {"early_stopping": True, "validation_fraction": 0.3, "max_steps": 30}
    one, same, other = (make(**options, random_state=s).fit(X, Y) for s in (0, 0, 1))
    assert one.validation_scores_ == same.validation_scores_ != other.validation_scores_
    assert one._state.n_rows == 105
    assert one.n_iter_ == 30


@pytest.mark.parametrize(
    "y", [NAMES, NAMES.astype(object), Y], ids=["strings", "objects", "numbers"]
)
def test_the_split_of_a_classifier_is_stratified(y, monkeypatch):
    rare = np.r_[0:50, 50:60, 100:150]
    clf = classifier(early_stopping=True, validation_fraction=0.2).fit(X, y)
    held_out, split = [], holdout.split

    def recording(*arguments):
        parts = split(*arguments)
        held_out.append(parts[2].Y.sum(axis=0).tolist())
        return parts

    monkeypatch.setattr(holdout, "split", recording)
    clf.fit(X[rare], y[rare])
    assert held_out == [[10, 2, 10]]
    assert np.isfinite(clf.validation_scores_).all()


def test_early_stopping_works_for_labels_and_counts():
    clf = classifier(early_stopping=True).fit(X, LABELS)
    right = [s * 15 for s in clf.validation_scores_]
    np.testing.assert_allclose(right, np.round(right), atol=1e-12)
    reg = regressor(early_stopping=True, loss="poisson").fit(X, Y)
    assert reg.best_validation_score_ <= 1
    two = regressor(early_stopping=True).fit(X, X[:, :2])
    assert np.isfinite(two.validation_loss_curve_).all()


@pytest.mark.parametrize("make", MAKES)
def test_weights_of_1_change_nothing_and_others_weigh_the_score(make):
    options = {"early_stopping": True, "max_steps": 60}
    plain, ones = make(**options).fit(X, Y), make(**options).fit(X, Y, np.ones(150))
    assert state(plain) == state(ones)
    assert plain.validation_scores_ == pytest.approx(ones.validation_scores_, abs=1e-12)
    weighted = make(**options).fit(X, Y, np.where(Y == 0, 3.0, 0.5))
    assert weighted.validation_scores_ != plain.validation_scores_


@pytest.mark.parametrize("make", MAKES)
def test_the_best_parameters_obey_the_masks(make):
    estimator = make(early_stopping=True, warm_start=True, max_steps=90).fit(X, Y)
    estimator.prune(0.6).freeze(0.5, "random")
    status, theta = estimator.status_, estimator.theta_
    estimator.fit(X, Y)
    np.testing.assert_array_equal(estimator.status_, status)
    assert not estimator.theta_[status == PRUNED].any()
    np.testing.assert_array_equal(estimator.theta_[status == FROZEN], theta[status == FROZEN])
    assert len(estimator.validation_scores_) == 2 * 7
    assert estimator.best_validation_score_ == max(estimator.validation_scores_[7:])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.set_params(early_stopping=True).partial_fit(X, Y), "does not support early_s"),
        (lambda e: e.fit(X, Y, X_val=X), "only one of X_val and y_val"),
        (lambda e: e.fit(X, Y, y_val=Y), "only one of X_val and y_val"),
        (lambda e: e.fit(X, Y, X_val=X[:, :2], y_val=Y), "2 features"),
        (
            lambda e: e.set_params(early_stopping=True).fit(X[48:53], Y[48:53]),
            "test_size|small|memb",
        ),
        (lambda e: e.set_params(validation_fraction=1.0).fit(X, Y), "validation_fraction.*Got 1.0"),
        (lambda e: e.set_params(n_iter_no_change=0).fit(X, Y), "n_iter_no_change.*Got 0"),
        (lambda e: e.set_params(tol=-1).fit(X, Y), "tol.*Got -1"),
    ],
)
@pytest.mark.parametrize("make", MAKES)
def test_what_cannot_be_validated_is_refused(make, call, message):
    estimator = make().fit(X, Y)
    before = state(estimator)
    with pytest.raises(ValueError, match=message):
        call(estimator)
    assert state(estimator) == before


def test_a_class_of_one_member_cannot_be_split():
    X = [[1, 2], [2, 3], [3, 4], [4, 5]]
    with pytest.raises(ValueError, match=r"only 1 member.*too few members are: \[True\]"):
        classifier(early_stopping=True).fit(X, [False, False, False, True])


def test_a_validation_set_of_one_sample_is_too_small_for_regression():
    X, y = make_regression(2, 5, random_state=0)
    with pytest.raises(ValueError, match="The validation set is too small"):
        regressor(early_stopping=True).fit(X, y)


def test_a_sweep_takes_exactly_its_steps():
    eager = classifier(early_stopping=True, tol=1e9, n_iter_no_change=1)
    plain = sweep(classifier(), p=0.5).fit(X, Y).best_estimator_
    best = sweep(eager, p=0.5).fit(X, Y).best_estimator_
    assert state(best) == state(plain)
    assert clone(best).get_params()["early_stopping"]
