"""Data and estimators for the tests of what users of scikit-learn's MLP rely on."""

import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.preprocessing import minmax_scale

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

BOTH = pytest.mark.parametrize(
    "Estimator", [PreconditionedMLPClassifier, PreconditionedMLPRegressor]
)


def digits(n_class):
    """200 samples of the first n_class digits, scaled to [0, 1]."""
    X, y = load_digits(n_class=n_class, return_X_y=True)
    return minmax_scale(X[:200]), y[:200]


DIGITS = {n: digits(n) for n in (2, 3)}
IRIS_X, IRIS_Y = load_iris(return_X_y=True)


def classifier(**parameters):
    """A classifier with the seed and the number of steps of these tests."""
    return PreconditionedMLPClassifier(**({"random_state": 1, "max_steps": 1000} | parameters))


def regressor(**parameters):
    """A regressor with the seed and the number of steps of these tests."""
    return PreconditionedMLPRegressor(**({"random_state": 1, "max_steps": 1000} | parameters))
