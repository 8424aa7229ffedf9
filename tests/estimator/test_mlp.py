"""What users of scikit-learn's MLPClassifier and MLPRegressor rely on, topic by topic.

The topics are those of scikit-learn 1.9's own tests of its MLP, but for solvers, momentum and
adaptive rates. Where these estimators differ, the test says how.
"""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_array, csr_array
from sklearn.base import clone
from sklearn.datasets import load_digits, make_multilabel_classification, make_regression
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils._testing import ignore_warnings

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from tests import reference
from tests.cases import BOTH, DIGITS, PLAIN, X, Y, untuned_classifier, untuned_regressor

ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
REG_X, REG_Y = make_regression(200, 10, bias=20.0, noise=100.0, random_state=7)
REG_Y = scale(REG_Y)


# Training


def test_a_larger_penalty_gives_smaller_weights():
    X, y = DIGITS[2]
    free, bound = (untuned_classifier(hidden_layer_sizes=10, alpha=a).fit(X, y) for a in (0, 1))
    for W, V in zip(free.coefs_, bound.coefs_, strict=True):
        assert np.abs(W).sum() > np.abs(V).sum()


def test_a_first_step_is_as_worked_out_by_hand():
    # Input 1, 2; one hidden logistic unit; two softmax outputs; plain SGD; weights set by hand.
    X, y = np.array([[1.0, 2.0]]), np.array([0])
    clf = untuned_classifier(
        hidden_layer_sizes=1,
        activation="logistic",
        preconditioner="identity",
        learning_rate=0.1,
        alpha=0.1,
        batch_size=1,
        average=False,
        encoding=None,
    ).partial_fit(X, y, classes=[0, 1])
    clf.theta_ = [0.5, -0.25, 0.0, 1.0, -1.0, 0.0, 0.0]
    clf.partial_fit(X, y)
    # hidden: z = 0.5 - 0.5 = 0, a = 1/2; outputs: 1/2, -1/2; softmax: 1 / (1 + 1/e) = 0.7310586
    p = 0.7310586
    down = (1.0 * (p - 1) + -1.0 * (1 - p)) * 0.25  # through both outputs, times a (1 - a)
    expected = [
        0.5 - 0.1 * (1 * down + 0.1 * 0.5),
        -0.25 - 0.1 * (2 * down + 0.1 * -0.25),
        0.0 - 0.1 * down,
        1.0 - 0.1 * (0.5 * (p - 1) + 0.1 * 1.0),
        -1.0 - 0.1 * (0.5 * (1 - p) + 0.1 * -1.0),
        0.0 - 0.1 * (p - 1),
        0.0 - 0.1 * (1 - p),
    ]
    np.testing.assert_allclose(clf.theta_, expected, atol=1e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_step_of_a_fit_follows_the_gradient(activation, n_classes):
    rng = np.random.RandomState(42)
    X, y = rng.rand(5, 10), np.arange(5) % n_classes
    options = PLAIN | {"hidden_layer_sizes": 10, "preconditioner": "identity", "batch_size": 5}
    options |= {"activation": activation, "sampling": "shuffle", "learning_rate": 1e-3}
    clf = untuned_classifier(**options)
    clf.partial_fit(X, y, classes=range(n_classes))
    before = clf.theta_
    clf.partial_fit(X, y)
    step = (before - clf.theta_) / 1e-3
    sizes, eye = (10, 10, n_classes), np.eye(n_classes)

    def loss(theta):
        outputs = [reference.forward(theta, sizes, x, activation)[1][-1] for x in X]
        return np.mean(
            [
                reference.sample_loss(z, t, "log_loss", "softmax")
                for z, t in zip(outputs, eye[y], strict=True)
            ]
        )

    e = 1e-5 * np.eye(before.size)
    numeric = [(loss(before + d) - loss(before - d)) / 2e-5 for d in e]
    np.testing.assert_allclose(step, numeric, atol=1e-8)


@pytest.mark.parametrize("n_class", [2, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_digits_are_learnt_with_every_activation(activation, n_class):
    X, y = DIGITS[n_class]
    clf = untuned_classifier(activation=activation).fit(X[:150], y[:150])
    assert clf.score(X[:150], y[:150]) > 0.95
    predicted = clf.predict(X[150:])
    assert predicted.shape == (50,)
    assert predicted.dtype.kind == y.dtype.kind


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_regression_is_learnt_with_every_activation(activation):
    reg = untuned_regressor(activation=activation, max_steps=3000).fit(REG_X, REG_Y)
    assert reg.score(REG_X, REG_Y) > 0.7


def test_several_targets_are_learnt():
    X, y = make_regression(200, n_targets=5, random_state=11)
    reg = untuned_regressor(max_steps=4000).fit(X, y / y.std())
    assert reg.score(X, y / y.std()) > 0.9


# Twenty features and no prior for fifty rows: that is learnt by heart.
BY_HEART = pytest.mark.filterwarnings("ignore:On held-out rows")


@BY_HEART
def test_several_labels_are_learnt_also_by_parts_and_with_early_stopping():
    X, y = make_multilabel_classification(50, random_state=0, return_indicator=True)
    options = {"activation": "logistic", "hidden_layer_sizes": 50, "alpha": 0}
    assert untuned_classifier(**options, max_steps=3000).fit(X, y).score(X, y) > 0.97
    parts = untuned_classifier(**options)
    for _ in range(20):
        parts.partial_fit(X, y, classes=range(5), n_steps=50)
    assert parts.score(X, y) > 0.9
    stopped = untuned_classifier(early_stopping=True).fit(X, y)
    assert stopped.predict(X).shape == y.shape


# Numbers out of hand


def test_parameters_stay_finite_where_inputs_are_huge():
    # scikit-learn's MLP raises here; these warn, keep the last finite parameters, predict NaN.
    rng = np.random.RandomState(0)
    X = np.finfo(float).max * rng.uniform(size=(10, 2))
    with pytest.warns(ConvergenceWarning, match="diverged.*standardise X"):
        reg = untuned_regressor(activation="relu", encoding=None).fit(X, rng.normal(size=10))
    assert np.isfinite(reg.theta_).all()


def test_a_loss_that_diverges_under_early_stopping_is_no_error():
    reg = untuned_regressor(
        activation="identity",
        preconditioner="identity",
        learning_rate=10,
        early_stopping=True,
    )
    with pytest.warns(ConvergenceWarning, match="diverged"):
        reg.fit(X, Y)
    assert np.isnan(reg.validation_scores_[-1])
    assert np.isnan(reg.validation_loss_curve_[-1])
    assert np.isfinite(reg.theta_).all()


# Probabilities


@pytest.mark.parametrize("n_class", [2, 3])
def test_probabilities_of_classes(n_class):
    X, y = DIGITS[n_class]
    clf = untuned_classifier(hidden_layer_sizes=5, activation="logistic").fit(X, y)
    P, log_P = clf.predict_proba(X), clf.predict_log_proba(X)
    assert P.shape == log_P.shape == (200, n_class)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_allclose(log_P, np.log(P))
    np.testing.assert_array_equal(P.argmax(axis=1), clf.predict(X))
    if n_class == 2:
        assert roc_auc_score(y, P[:, 1]) == 1


@BY_HEART
def test_probabilities_of_labels_do_not_sum_to_1():
    X, y = make_multilabel_classification(50, random_state=0, return_indicator=True)
    clf = untuned_classifier(hidden_layer_sizes=30, learning_rate=0.1, alpha=0, max_steps=3000)
    clf.fit(scale(X), y)
    P = clf.predict_proba(scale(X))
    assert P.shape == y.shape
    np.testing.assert_array_equal(P > 0.5, y)
    assert np.abs(P.sum(axis=1) - 1).max() > 0.1
    # Near 1 the logarithm of a rounded probability is itself inexact.
    np.testing.assert_allclose(clf.predict_log_proba(scale(X)), np.log(P), rtol=1e-6, atol=1e-15)


# Kinds of numbers, frames


def test_a_classifier_sees_the_same_in_float32():
    X, y = DIGITS[2]
    wide = untuned_classifier(hidden_layer_sizes=(5, 3), max_steps=100).fit(X[:150], y[:150])
    narrow = clone(wide).fit(X[:150].astype(np.float32), y[:150])
    X_test = X[150:]
    np.testing.assert_array_equal(wide.predict(X_test), narrow.predict(X_test.astype("f4")))
    np.testing.assert_allclose(
        wide.predict_proba(X_test), narrow.predict_proba(X_test.astype("f4")), rtol=1e-2
    )


def test_a_regressor_sees_nearly_the_same_in_float32():
    X, y = DIGITS[2]
    wide = untuned_regressor(hidden_layer_sizes=(5, 3), max_steps=100).fit(X[:150], y[:150])
    narrow = clone(wide).fit(X[:150].astype(np.float32), y[:150])
    expected = wide.predict(X[150:])
    np.testing.assert_allclose(narrow.predict(X[150:].astype("f4")), expected, atol=1e-3)


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_have_the_inputs_type(Estimator, dtype):
    X, y = DIGITS[2]
    estimator = Estimator((5, 3), max_steps=20, random_state=1).fit(X.astype(dtype), y)
    assert {a.dtype for a in estimator.coefs_ + estimator.intercepts_} == {np.dtype(dtype)}
    if Estimator is PreconditionedMLPRegressor:
        assert estimator.predict(X.astype(dtype)).dtype == dtype


@BOTH
def test_names_of_features_are_kept_under_early_stopping(Estimator):
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.normal(size=(20, 2)), columns=["colname_a", "colname_b"])
    y = pd.Series(np.arange(20) % 2, name="colname_y")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*feature names")
        estimator = Estimator(early_stopping=True, validation_fraction=0.2).fit(X, y)
        estimator.fit(X, y, X_val=X, y_val=y).predict(X)
    assert estimator.feature_names_in_.tolist() == ["colname_a", "colname_b"]


@pytest.mark.parametrize("form", [csr_array, csc_array])
@pytest.mark.parametrize("options", [{}, {"early_stopping": True, "n_iter_no_change": 3}], ids=str)
def test_sparse_rows_train_as_dense_ones_with_weights_and_validation(form, options):
    X, y = load_digits(return_X_y=True)
    X, y = X[:200] / 16, y[:200]
    weights = np.arange(200) % 3
    fits = []
    for rows in (X, form(X)):
        clf = PreconditionedMLPClassifier((6,), max_steps=60, random_state=0, **options)
        held_out = {} if options else {"X_val": rows[:20], "y_val": y[:20]}
        fits.append(clf.fit(rows, y, sample_weight=weights, **held_out))
    np.testing.assert_array_equal(fits[0].theta_, fits[1].theta_)
    assert fits[0].validation_scores_ == fits[1].validation_scores_
    np.testing.assert_array_equal(fits[1].predict(form(X)), fits[0].predict(X))


# Parameters of the same name


@BOTH
@pytest.mark.parametrize(
    ("parameter", "explained"),
    [
        ({"batch_size": "auto"}, r"must be an int .*min\(200, n_samples\).* Got 'auto'"),
        ({"learning_rate": "adaptive"}, "must be a float .*learning_rate_init.* Got 'adaptive'"),
        ({"learning_rate": "constant"}, "the constant rate itself.* Got 'constant'"),
        ({"learning_rate": 0}, "learning_rate_init.* Got 0 instead"),
        ({"batch_size": True}, "rows of a minibatch.* Got True instead"),
    ],
    ids=str,
)
def test_a_value_of_scikit_learns_kind_is_told_the_meaning_here(Estimator, parameter, explained):
    with pytest.raises(InvalidParameterError, match=explained):
        Estimator(**parameter).fit(X, Y)


# A single class


@pytest.mark.parametrize(
    ("y", "weights", "expected"),
    [
        (np.repeat("a", 150), None, "a"),
        (np.where(Y == 1, "b", "a"), (Y == 1).astype(float), "b"),
        (np.repeat(True, 150), np.arange(150) % 3, True),
    ],
    ids=["y", "weights", "bool"],
)
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"class_weight": "balanced"}])
def test_a_single_class_gives_a_constant_model(y, weights, expected, options):
    clf = untuned_classifier(**options).fit(X, y, weights)
    assert clf.classes_.tolist() == [expected]
    assert set(clf.predict(X)) == {expected}
    np.testing.assert_array_equal(clf.predict_proba(X), np.ones((150, 1)))
    np.testing.assert_array_equal(clf.predict_log_proba(X), np.zeros((150, 1)))
    assert clf.score(X, np.repeat(expected, 150)) == 1


def test_partial_fit_takes_a_single_class_as_scikit_learn_does():
    single = np.zeros(150, dtype=int)
    clf = untuned_classifier().partial_fit(X, single, classes=[0]).partial_fit(X, single)
    peer = MLPClassifier(random_state=0).partial_fit(X, single, classes=[0])
    np.testing.assert_array_equal(clf.predict(X), peer.predict(X))


def test_a_bag_of_small_samples_may_hold_single_classes():
    bag = BaggingClassifier(untuned_classifier(max_steps=50), n_estimators=20, max_samples=3)
    bag.set_params(random_state=0).fit(X, Y)
    assert {len(member.classes_) for member in bag.estimators_} >= {1, 2}
    P = bag.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)


# The table


@pytest.mark.parametrize("theirs", [MLPClassifier, MLPRegressor])
def test_the_table_has_every_argument_attribute_and_method(theirs):
    table = (Path(__file__).parents[2] / "docs" / "coming_from_mlp.md").read_text(encoding="utf-8")
    fitted = theirs(max_iter=1, early_stopping=True)
    with ignore_warnings(category=ConvergenceWarning):
        fitted.fit(X, Y)
    attributes = {name for name in vars(fitted) if name.endswith("_")}
    methods = {name for name in dir(theirs) if not name.startswith("_")}
    named = set(re.findall(r"(?<=`)\w+", table))
    assert fitted.get_params().keys() | attributes | methods <= named
