"""Predictions: their type, probabilities, classes, and targets in any unit."""

from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from tests import reference
from tests.cases import NAMES, NOISE_ESTIMATORS, X, Y, classifier, regressor, state


@pytest.mark.parametrize("noise_estimator", NOISE_ESTIMATORS)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_float32_is_kept(activation, noise_estimator):
    narrow = X.astype(np.float32)
    clf = classifier(activation=activation, noise_estimator=noise_estimator).fit(narrow, Y)
    wide = clone(clf).fit(X, Y)
    for _ in range(2):
        assert clf.theta_.dtype == clf.noise_variance_.dtype == np.float32
        assert clf.preconditioner_.dtype == np.float32
        assert clf.predict_proba(narrow).dtype == np.float32
        assert clf.predict_log_proba(narrow).dtype == np.float32
        clf.prune(0.3).freeze(0.3, X=narrow, y=Y).partial_fit(narrow, Y)
    np.testing.assert_allclose(
        clone(clf).fit(narrow, Y).predict_proba(narrow), wide.predict_proba(X), atol=1e-4
    )
    reg = regressor(activation=activation, noise_estimator=noise_estimator).fit(narrow, X[:, 0])
    assert reg.theta_.dtype == reg.predict(narrow).dtype == np.float32


def test_log_probabilities_are_the_logarithm_of_the_probabilities():
    clf = classifier().fit(X, Y)
    np.testing.assert_allclose(clf.predict_log_proba(X), np.log(clf.predict_proba(X)), rtol=1e-12)
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1, rtol=1e-14)


def test_log_probabilities_are_finite_where_probabilities_underflow():
    clf = classifier(hidden_layer_sizes=()).fit(X, Y)
    assert (clf.predict_proba(1e5 * X) == 0).any()
    assert np.isfinite(clf.predict_log_proba(1e5 * X)).all()


@pytest.mark.parametrize("labels", [NAMES, NAMES.astype(object), Y - 7, Y * 2.0])
def test_labels_of_any_kind_train_alike(labels):
    clf, plain = classifier().fit(X, labels), classifier().fit(X, Y)
    assert state(clf) == state(plain)
    np.testing.assert_array_equal(clf.classes_, np.unique(labels))
    np.testing.assert_array_equal(clf.predict(X), np.unique(labels)[plain.predict(X)])


def test_two_classes_have_two_softmax_outputs():
    y = NAMES == "setosa"
    clf = classifier(max_steps=300).fit(X, y)
    assert clf.n_outputs_ == 2
    assert clf.classes_.tolist() == [False, True]
    assert clf.predict(X).dtype == bool
    assert clf.score(X, y) > 0.95


def test_classes_of_the_first_partial_fit_need_not_all_be_in_it():
    clf = classifier().partial_fit(X[:50], NAMES[:50], classes=np.unique(NAMES)[::-1])
    assert clf.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    clf.partial_fit(X[:50], NAMES[:50], n_steps=200)
    assert (clf.predict(X[:50]) == "setosa").all()
    clf.partial_fit(X, NAMES, n_steps=400)
    assert clf.score(X, NAMES) > 0.9


def test_double_softmax_trains():
    clf = classifier(loss="double_softmax", max_steps=1500).fit(X, Y)
    assert clf.loss_ < clf.loss_curve_[0]
    assert clf.loss_ > -np.log(np.e / (np.e + 2))  # no smaller loss exists
    assert clf.score(X, Y) > 0.9


@pytest.mark.parametrize("n_outputs", [None, 2])
def test_regression_predicts_in_the_form_of_its_targets(n_outputs):
    target = X[:, 0] if n_outputs is None else X[:, :n_outputs]
    reg = regressor(max_steps=1000).fit(X, target)
    assert reg.predict(X).shape == target.shape
    assert reg.n_outputs_ == (n_outputs or 1)
    assert reg.score(X, target) > 0.9


def untuned(**parameters):
    """A small regressor that standardises, as an untuned one does."""
    return regressor(**{"encoding": "standard", "average": True, "alpha": "auto"} | parameters)


def regression_targets(n_outputs=1):
    Y = X[:, :n_outputs] + np.random.RandomState(0).normal(size=(len(X), n_outputs))
    return Y.ravel() if n_outputs == 1 else Y


@pytest.mark.parametrize("preconditioner", ["diagonal", "sqrt", "scalar"])
def test_targets_in_another_unit_give_the_same_predictions_in_that_unit(preconditioner):
    y = regression_targets()
    regressor = partial(untuned, preconditioner=preconditioner)
    reg = regressor().fit(X, y)
    for unit in (2.0**40, 2.0**-40):  # powers of two change no digit
        other = regressor().fit(X, unit * y)
        assert state(other) == state(reg)
        np.testing.assert_array_equal(other.predict(X), unit * reg.predict(X))
    other = regressor().fit(X, 1000 * y - 7)
    np.testing.assert_allclose(other.predict(X), 1000 * reg.predict(X) - 7, rtol=1e-4)


def test_targets_are_learnt_in_units_of_their_deviation_from_their_mean():
    Y = regression_targets(2) * [1, 1e4] + [5, 0]
    reg = regressor(encoding="standard").fit(X, Y)
    assert (np.abs(reg.y_mean_ - Y.mean(axis=0)) < 2e-6 * Y.std(axis=0)).all()
    np.testing.assert_allclose(reg.y_scale_, Y.std(axis=0), rtol=2e-6)
    output = [reference.forward(reg.theta_, (4, 6, 5, 2), x, "tanh")[1][-1] for x in X]
    np.testing.assert_allclose(reg.predict(X), reg.y_scale_ * output + reg.y_mean_, rtol=1e-9)


def test_targets_stay_as_they_are_where_nothing_is_standardised():
    reg = regressor(encoding=None).fit(X, 3 + regression_targets())
    assert (reg.y_mean_, reg.y_scale_) == (0, 1)


def test_units_of_targets_are_those_of_the_first_fit():
    y = regression_targets()
    reg = untuned(warm_start=True).fit(X, y)
    units = reg.y_mean_, reg.y_scale_
    for go_on in (reg.partial_fit, reg.fit):
        go_on(X, 10 * y + 3)
        assert (reg.y_mean_, reg.y_scale_) == units
    assert reg.set_params(warm_start=False).fit(X, 10 * y + 3).y_scale_ > units[1]


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
def test_constant_targets_are_predicted(value):
    reg = untuned(max_steps=1000).fit(X, np.full(len(X), value))
    assert reg.y_scale_ == 1
    np.testing.assert_allclose(reg.predict(X), value, atol=0.1)


def test_predictions_keep_float32():
    reg = regressor().fit(X.astype(np.float32), regression_targets())
    assert reg.predict(X.astype(np.float32)).dtype == np.float32


# Inputs of scale 1e-3 to 1e4; all warnings are errors.
HOSTILE = X * [1e-3, 1.0, 1e2, 1e4]


@pytest.mark.slow  # fits at the defaults
@pytest.mark.parametrize("preconditioner", ["diagonal", "sqrt", "scalar"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_untuned_fits_of_raw_data_stay_finite(preconditioner, dtype):
    data = HOSTILE.astype(dtype)
    clf = PreconditionedMLPClassifier(preconditioner=preconditioner, random_state=0).fit(data, Y)
    assert np.isfinite(clf.predict_log_proba(data)).all()
    target = 1e4 * regression_targets()
    reg = PreconditionedMLPRegressor(preconditioner=preconditioner, random_state=0)
    assert np.isfinite(reg.fit(data, target).predict(data)).all()


@pytest.mark.slow  # fits at the defaults
@pytest.mark.parametrize("hidden", [(), (5,), (100,)])
@pytest.mark.parametrize("d", [1, 4])
def test_an_untuned_fit_of_noiseless_targets_is_stable_at_any_size(hidden, d):
    data, target = X[:, :d], 100 * X[:, :d].sum(axis=1)
    reg = PreconditionedMLPRegressor(hidden, random_state=0).fit(data, target)
    assert reg.score(data, target) > 0.99
    assert max(reg.loss_curve_) < 10 * reg.loss_curve_[0]


def test_a_relu_output_predicts_no_negative_value():
    target = np.maximum(X[:, 0], 0)
    reg = regressor(output_activation="relu", max_steps=1000).fit(X, target)
    assert reg.predict(X).min() == 0
    assert reg.out_activation_ == "relu"
    assert reg.score(X, target) > 0.8


def test_the_loss_over_several_blocks_of_rows_is_the_mean_of_all():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(600, 4)) * np.linspace(0.1, 3, 600)[:, None]  # unlike from block to block
    y = (X[:, 0] + rng.normal(size=600) > 0).astype(int)
    clf = PreconditionedMLPClassifier((5,), max_steps=20, random_state=0)
    clf.fit(X[:100], y[:100], X_val=X, y_val=y)
    expected = log_loss(y, clf.predict_proba(X))
    np.testing.assert_allclose(clf.validation_loss_curve_[-1], expected, rtol=1e-12)
