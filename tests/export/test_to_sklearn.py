"""to_sklearn gives scikit-learn's MLP with the same predictions, which ONNX keeps."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from tests.cases import IRIS, LABELS, NAMES, SMALL, Y, state

ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
DEPTHS = [(), (7,), (6, 5, 4)]
X = IRIS.data * [1, 10, 100, 1000] + [0, 50, 0, 3]  # in units of their own
WIDTHS = np.stack([X[:, 0] * 1e4 + X[:, 2], 5 - X[:, 1] / 40], axis=1)
PETALS = np.floor(X[:, 2] / 50)
TARGETS = {
    "classes": (PreconditionedMLPClassifier, {}, NAMES),
    "two classes": (PreconditionedMLPClassifier, {}, NAMES == "setosa"),
    "double softmax": (PreconditionedMLPClassifier, {"loss": "double_softmax"}, Y),
    "labels": (PreconditionedMLPClassifier, {}, LABELS),
    "a real": (PreconditionedMLPRegressor, {}, WIDTHS[:, 0]),
    "reals": (PreconditionedMLPRegressor, {}, WIDTHS),
    "counts": (PreconditionedMLPRegressor, {"loss": "poisson"}, PETALS),
}


def fitted(kind, dtype=np.float64, **parameters):
    """A small estimator, quickly fitted to inputs and targets in units of their own."""
    estimator, special, y = TARGETS[kind]
    return estimator(**(SMALL | special | parameters)).fit(X.astype(dtype), y)


def global_generator():
    return np.random.get_state()[1].tobytes()  # noqa: NPY002


def assert_predicts_the_same(mlp, estimator, X=X, rtol=1e-9):
    check_is_fitted(mlp)
    if not isinstance(mlp, MLPClassifier):
        scale = np.ptp(estimator.predict(X)) + 1e-9
        assert_allclose(mlp.predict(X), estimator.predict(X), rtol, atol=rtol * scale)
        return
    assert_array_equal(mlp.predict(X), estimator.predict(X))
    assert_array_equal(mlp.classes_, estimator.classes_)
    assert_allclose(mlp.predict_proba(X), estimator.predict_proba(X), rtol, atol=rtol)


@pytest.mark.parametrize("hidden", DEPTHS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", TARGETS)
def test_predictions_are_the_same(kind, activation, hidden):
    estimator = fitted(kind, activation=activation, hidden_layer_sizes=hidden)
    mlp = estimator.to_sklearn()
    assert type(mlp) in (MLPClassifier, MLPRegressor)
    assert mlp.hidden_layer_sizes == hidden
    assert_predicts_the_same(mlp, estimator)


@pytest.mark.parametrize("kind", TARGETS)
def test_inputs_as_they_are_need_no_folding(kind):
    estimator = fitted(kind, activation="tanh", encoding=None)
    mlp = estimator.to_sklearn()
    assert_array_equal(mlp.coefs_[0], estimator.coefs_[0])
    assert_predicts_the_same(mlp, estimator)


@pytest.mark.parametrize("hidden", DEPTHS)
@pytest.mark.parametrize("y", [WIDTHS, WIDTHS[:, 0] - np.median(WIDTHS[:, 0])])
def test_a_relu_output_is_one_more_hidden_layer(y, hidden):
    reg = PreconditionedMLPRegressor(**(SMALL | {"hidden_layer_sizes": hidden}))
    reg.set_params(output_activation="relu", activation="relu" if hidden else "tanh").fit(X, y)
    mlp = reg.to_sklearn()
    assert mlp.hidden_layer_sizes == (*hidden, reg.n_outputs_)
    assert mlp.predict(X).min() >= 0
    assert_predicts_the_same(mlp, reg)


@pytest.mark.parametrize("kind", TARGETS)
def test_pruned_sparsified_and_compacted_networks_predict_the_same(kind):
    estimator = fitted(kind, hidden_layer_sizes=(16, 12)).prune(0.9)
    before = estimator.to_sklearn()
    assert_predicts_the_same(before, estimator)
    assert sum((W == 0).sum() for W in before.coefs_) > 100
    assert_predicts_the_same(estimator.sparsify().to_sklearn(), estimator)
    after = estimator.compact().to_sklearn()
    assert_predicts_the_same(after, estimator)
    assert after.hidden_layer_sizes == tuple(map(len, estimator.intercepts_[:-1]))
    assert sum(after.hidden_layer_sizes) < 28


@pytest.mark.parametrize("kind", TARGETS)
def test_float32_stays(kind):
    estimator = fitted(kind, np.float32)
    mlp = estimator.to_sklearn()
    assert {W.dtype for W in [*mlp.coefs_, *mlp.intercepts_]} == {np.dtype(np.float32)}
    assert_predicts_the_same(mlp, estimator, X.astype(np.float32), rtol=1e-5)


def test_csr_inputs_predict_the_same():
    counts = csr_array(np.maximum(X - np.median(X, axis=0), 0))
    clf = PreconditionedMLPClassifier(**SMALL).fit(counts, NAMES)
    assert_predicts_the_same(clf.to_sklearn(), clf, counts)


def test_names_of_features_stay():
    frame = pd.DataFrame(X, columns=IRIS.feature_names)
    clf = PreconditionedMLPClassifier(**SMALL).fit(frame, NAMES)
    mlp = clf.to_sklearn()
    assert_array_equal(mlp.feature_names_in_, IRIS.feature_names)
    assert_predicts_the_same(mlp, clf, frame)
    with pytest.raises(ValueError, match="feature names should match"):
        mlp.predict(frame.rename(columns={IRIS.feature_names[0]: "other"}))


def test_labels_that_have_names_are_numbered():
    clf = PreconditionedMLPClassifier(**SMALL)
    clf.partial_fit(X, LABELS, classes=["a", "b", "c"], n_steps=20)
    mlp = clf.to_sklearn()
    assert_array_equal(mlp.classes_, [0, 1, 2])
    assert_array_equal(mlp.predict(X), clf.predict(X))


@pytest.mark.parametrize("kind", TARGETS)
def test_neither_changes_with_the_other(kind):
    estimator = fitted(kind)
    before, generator = state(estimator), global_generator()
    mlp = estimator.to_sklearn()
    for array in [*mlp.coefs_, *mlp.intercepts_]:
        array[...] = 0
    assert state(estimator) == before
    assert global_generator() == generator


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("kind", TARGETS)
def test_scikit_learn_goes_on_training_from_there(kind):
    estimator, y = fitted(kind), TARGETS[kind][2]
    X_scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    estimator.fit(X_scaled, y)
    mlp = estimator.to_sklearn().set_params(learning_rate_init=1e-9, random_state=0)
    mlp.partial_fit(X_scaled, y)
    assert mlp.n_iter_ == len(mlp.loss_curve_) == 1
    assert_predicts_the_same(mlp, estimator, X_scaled, rtol=1e-4)
    mlp.set_params(warm_start=True, max_iter=1).fit(X_scaled, y)
    assert_predicts_the_same(mlp, estimator, X_scaled, rtol=1e-4)


def test_what_has_no_equivalent_says_why():
    clf, reg = PreconditionedMLPClassifier(**SMALL), PreconditionedMLPRegressor(**SMALL)
    with pytest.raises(NotFittedError):
        clf.to_sklearn()
    with pytest.raises(ValueError, match="single class 'a'"):
        clf.fit(X, np.repeat("a", len(X))).to_sklearn()
    with pytest.raises(ValueError, match="ReLU is possible in all hidden layers or in none"):
        reg.set_params(output_activation="relu", activation="tanh").fit(X, Y).to_sklearn()
    reg.set_params(output_activation="identity", learning_rate=10.0, damping=0, max_steps=3000)
    with pytest.warns(ConvergenceWarning, match="Training diverged"):
        reg.fit(X, WIDTHS)
    with pytest.raises(ValueError, match="run diverged"):
        reg.to_sklearn()


def test_draws_can_be_dropped_so_that_the_mean_of_the_iterates_predicts():
    reg = fitted("a real", n_draws=5)
    with pytest.raises(ValueError, match="mean over 5 posterior samples") as error:
        reg.to_sklearn()
    assert "clf.theta_ = clf.theta_" in str(error.value)
    reg.theta_ = reg.theta_
    assert_predicts_the_same(reg.to_sklearn(), reg)
    assert_predicts_the_same(fitted("a real").to_sklearn(), fitted("a real", average=True))
