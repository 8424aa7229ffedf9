"""Without hidden layers: linear, softmax, logistic and Poisson regression, against peers."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.utils import check_random_state

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from tests.cases import LABELS, PLAIN, X, Y

pytestmark = pytest.mark.slow  # many steps, to the optimum that the peers find

N = len(X)
TARGET = X @ [1.0, -2.0, 0.5, 3.0] + check_random_state(0).normal(size=N)
COUNTS = check_random_state(1).poisson(np.exp(0.5 * X[:, 0] + 1))
# Every step takes the gradient over all samples: plain gradient descent.
FULL_BATCH = PLAIN | {
    "hidden_layer_sizes": (),
    "preconditioner": "identity",
    "sampling": "shuffle",
    "batch_size": N,
    "tol": 0,
    "random_state": 0,
}


def classifier(**parameters):
    return PreconditionedMLPClassifier(**(FULL_BATCH | parameters))


def regressor(**parameters):
    return PreconditionedMLPRegressor(**(FULL_BATCH | parameters))


def assert_same_coefficients(estimator, peer, rtol=1e-6):
    np.testing.assert_allclose(estimator.coefs_[0].T, np.atleast_2d(peer.coef_), rtol=rtol)
    np.testing.assert_allclose(estimator.intercepts_[0], np.ravel(peer.intercept_), rtol=rtol)


@pytest.mark.parametrize("weights", [None, np.arange(N) % 3])
def test_linear_regression(weights):
    batch = N if weights is None else int(weights.sum())
    reg = regressor(learning_rate=0.3, max_steps=10_000, batch_size=batch)
    reg.fit(X, TARGET, sample_weight=weights)
    assert_same_coefficients(reg, LinearRegression().fit(X, TARGET, weights))


def test_linear_regression_of_several_targets():
    targets = np.stack([TARGET, X[:, 0] ** 2], axis=1)
    reg = regressor(learning_rate=0.3, max_steps=10_000).fit(X, targets)
    assert_same_coefficients(reg, LinearRegression().fit(X, targets))


def test_ridge_regression():
    reg = regressor(learning_rate=0.3, max_steps=5000, alpha=20.0).fit(X, TARGET)
    assert_same_coefficients(reg, Ridge(alpha=20.0).fit(X, TARGET))


@pytest.mark.parametrize("alpha", [1.0, 30.0])
def test_softmax_regression_with_the_same_penalty(alpha):
    clf = classifier(learning_rate=1.0, max_steps=20_000, alpha=alpha).fit(X, Y)
    peer = LogisticRegression(C=1 / alpha, tol=1e-10, max_iter=10_000).fit(X, Y)
    np.testing.assert_allclose(clf.predict_proba(X), peer.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(clf.coefs_[0].T, peer.coef_, rtol=1e-4)


@pytest.mark.parametrize("class_weight", [{0: 1, 1: 3, 2: 2}, "balanced"])
def test_softmax_regression_with_class_weights(class_weight):
    rows = np.r_[0:50, 50:70, 100:130]
    # Counts in place of weights, so that a batch holds each sample as often as it weighs.
    by_class = {0: 1, 1: 3, 2: 2} if class_weight != "balanced" else {0: 6, 1: 15, 2: 10}
    weights = np.array([by_class[c] for c in Y[rows]])
    options = {"batch_size": int(weights.sum()), "alpha": float(weights.mean())}
    clf = classifier(learning_rate=1.0, max_steps=10_000, **options)
    clf.fit(X[rows], Y[rows], sample_weight=weights)
    peer = LogisticRegression(class_weight=class_weight, tol=1e-10, max_iter=10_000)
    C = 1.0 if class_weight == "balanced" else 1 / options["alpha"]
    peer.set_params(C=C).fit(X[rows], Y[rows])
    np.testing.assert_allclose(clf.predict_proba(X), peer.predict_proba(X), atol=1e-6)


def test_logistic_regression_of_each_label():
    clf = classifier(learning_rate=1.0, max_steps=20_000, alpha=1.0).fit(X, LABELS)
    for k, column in enumerate(LABELS.T):
        peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(X, column)
        np.testing.assert_allclose(
            clf.predict_proba(X)[:, k], peer.predict_proba(X)[:, 1], atol=1e-6
        )


@pytest.mark.parametrize("alpha", [0.0, 15.0])
def test_poisson_regression_with_the_same_penalty(alpha):
    reg = regressor(loss="poisson", learning_rate=0.05, max_steps=20_000, alpha=alpha)
    reg.fit(X, COUNTS)
    peer = PoissonRegressor(alpha=alpha / N, tol=1e-10, max_iter=10_000).fit(X, COUNTS)
    np.testing.assert_allclose(reg.predict(X), peer.predict(X), rtol=1e-4)
    squared = regressor(learning_rate=0.05, max_steps=20_000).fit(X, COUNTS)
    assert not np.allclose(squared.predict(X), peer.predict(X), rtol=1e-2)


def test_minibatches_come_near_to_linear_regression():
    reg = PreconditionedMLPRegressor((), max_steps=20_000, random_state=0).fit(X, TARGET)
    peer = LinearRegression().fit(X, TARGET)
    assert reg.score(X, TARGET) > peer.score(X, TARGET) - 0.01
