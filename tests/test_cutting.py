"""Cuts that are refused, and vectors that cannot be set."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep

X, y = load_iris(return_X_y=True)


def fitted(dtype=np.float64, **changes):
    options = {"hidden_layer_sizes": (6,), "max_steps": 30, "random_state": 0} | changes
    return PreconditionedMLPClassifier(**options).fit(X.astype(dtype), y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation", "swish"),
        ("preconditioner", "zz"),
        ("loss", "zz"),
        ("batch_size", 0),
        ("damping", -5),
        ("posterior_size", 0),
        ("sampling", "foo"),
        ("alpha", -1),
    ],
)
@pytest.mark.parametrize("action", ["prune", "freeze"])
def test_a_cut_checks_the_parameters_first(action, name, value):
    clf = fitted()
    theta, status = clf.theta_.copy(), clf.status_.copy()
    clf.set_params(**{name: value})
    with pytest.raises(ValueError, match=name):
        getattr(clf, action)(0.5, "random")
    np.testing.assert_array_equal(clf.theta_, theta)
    np.testing.assert_array_equal(clf.status_, status)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize(("dtype", "factor"), [(np.float32, 1e300), (np.float64, 1e200)])
@pytest.mark.parametrize(("action", "method"), [("prune", "fisher"), ("freeze", "fisher")])
def test_a_gradient_that_overflows_is_refused(dtype, factor, action, method):
    clf = fitted(dtype, activation="relu")
    status = clf.status_.copy()
    with pytest.raises(ValueError, match="overflow"):
        getattr(clf, action)(0.3, method, X=X * factor, y=y)
    np.testing.assert_array_equal(clf.status_, status)


@pytest.mark.parametrize(
    ("name", "value"),
    [("status_", 5), ("status_", 1.7), ("theta_", np.nan), ("noise_variance_", -1.0)],
)
def test_fitted_vectors_take_only_possible_values(name, value):
    clf = fitted()
    with pytest.raises(ValueError, match=name):
        setattr(clf, name, np.full(clf.theta_.shape, value))


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_a_regressor_refuses_words(loss):
    words = np.array(["a", "bb", "ccc"])[y]
    with pytest.raises(ValueError, match="could not convert string"):
        PreconditionedMLPRegressor(loss=loss).fit(X, words)


@pytest.mark.parametrize("refit", ["best", "one_se"])
def test_a_scorer_of_several_metrics_needs_a_choice(refit):
    sweep = SparsitySweep(
        fitted(),
        p=[0.5],
        warmup_steps=2,
        finetune_steps=2,
        cv=2,
        refit=refit,
        scoring=lambda estimator, X, y: {"a": 1.0, "b": 2.0},
    )
    with pytest.raises(ValueError, match="several metrics"):
        sweep.fit(X, y)


def test_a_truth_value_is_no_layer():
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        fitted(hidden_layer_sizes=True)
