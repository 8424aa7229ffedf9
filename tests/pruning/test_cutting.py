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


def test_a_noise_variance_of_0_can_be_set():
    clf = fitted()
    clf.noise_variance_ = np.zeros(clf.theta_.shape)
    assert not clf.noise_variance_.any()
    assert np.isfinite(clf.partial_fit(X, y).theta_).all()


@pytest.mark.parametrize(("p", "k"), [(0.29, 29), (np.float32(0.7), 70), (np.float16(0.1), 10)])
@pytest.mark.parametrize("action", ["prune", "freeze"])
def test_a_fraction_is_the_decimal_that_it_prints(action, p, k):
    reg = PreconditionedMLPRegressor((), max_steps=1, random_state=0).fit(X.repeat(25, axis=1), y)
    getattr(reg, action)(p, "random", include_biases=False)
    assert reg.sparsity_report_[0]["shape"] == (100, 1)
    assert reg.sparsity_report_[0]["pruned" if action == "prune" else "frozen"] == k


@pytest.mark.parametrize("action", ["prune", "freeze"])
@pytest.mark.parametrize("value", ["no", None, 1, 0.0])
def test_include_biases_is_true_or_false(action, value):
    with pytest.raises(ValueError, match=r"include_biases=.*True or False"):
        getattr(fitted(), action)(0.5, "random", include_biases=value)


def test_a_function_may_score_the_parameters():
    mine, named = fitted(), fitted()
    mine.prune(0.5, lambda e: e.theta**2 * e.squared_gradient, X=X, y=y)
    named.prune(0.5, "fisher", X=X, y=y)
    np.testing.assert_array_equal(mine.status_, named.status_)
    mine.freeze(0.5, lambda e: abs(e.preconditioner * e.gradient), X=X, y=y)
    named.freeze(0.5, X=X, y=y)
    np.testing.assert_array_equal(mine.status_, named.status_)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (lambda e: e.gradient, "needs the gradient over data: pass X and y"),
        (lambda e: e.theta[:3], r"scores of shape \(3,\); there must be one per parameter"),
        (lambda e: 1.0, r"scores of shape \(\); "),
        (lambda e: e.theta / 0, "overflow"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize("action", ["prune", "freeze"])
def test_scores_of_a_function_are_checked(action, method, message):
    clf = fitted()
    status = clf.status_.copy()
    with pytest.raises(ValueError, match=message):
        getattr(clf, action)(0.5, method)
    np.testing.assert_array_equal(clf.status_, status)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_a_regressor_refuses_words(loss):
    words = np.array(["a", "bb", "ccc"])[y]
    with pytest.raises(ValueError, match="could not convert string"):
        PreconditionedMLPRegressor(loss=loss).fit(X, words)


def test_a_scorer_of_several_metrics_needs_a_choice():
    sweep = SparsitySweep(
        fitted(),
        p=[0.5],
        warmup_steps=2,
        finetune_steps=2,
        cv=2,
        refit="best",
        scoring=lambda estimator, X, y: {"a": 1.0, "b": 2.0},
    )
    with pytest.raises(ValueError, match="several metrics"):
        sweep.fit(X, y)


def test_a_truth_value_is_no_layer():
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        fitted(hidden_layer_sizes=True)
