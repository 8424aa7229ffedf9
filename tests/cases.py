"""Data and estimators that the tests share."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.preprocessing import minmax_scale, scale

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

IRIS = load_iris()
X, Y = scale(IRIS.data), IRIS.target
NAMES = IRIS.target_names[Y]
# Three labels, of which a sample may have several.
LABELS = np.stack([Y == 0, Y != 1, X[:, 0] > 0], axis=1).astype(int)
SAMPLINGS = ["replacement", "shuffle"]
NOISE_ESTIMATORS = ["probe", "batch"]
BOTH = pytest.mark.parametrize(
    "Estimator", [PreconditionedMLPClassifier, PreconditionedMLPRegressor]
)


def digits(n_class):
    """200 samples of the first n_class digits, scaled to [0, 1]."""
    inputs, y = load_digits(n_class=n_class, return_X_y=True)
    return minmax_scale(inputs[:200]), y[:200]


DIGITS = {n: digits(n) for n in (2, 3)}

# Steps on data as they are, and nothing besides: what a run does at its simplest.
PLAIN = {
    "activation": "tanh",
    "learning_rate": 0.02,
    "kappa": 1.0,
    "alpha": 0.0,
    "average": False,
    "encoding": None,
}
SMALL = {"hidden_layer_sizes": (6, 5), "max_steps": 40, "batch_size": 10, "random_state": 0}


def classifier(**parameters):
    """A small classifier, quickly and plainly trained."""
    return PreconditionedMLPClassifier(**(PLAIN | SMALL | parameters))


def regressor(**parameters):
    """A small regressor, quickly and plainly trained."""
    return PreconditionedMLPRegressor(**(PLAIN | SMALL | parameters))


def untuned_classifier(**parameters):
    """A classifier of the package's defaults, for 1000 steps."""
    return PreconditionedMLPClassifier(**({"random_state": 1, "max_steps": 1000} | parameters))


def untuned_regressor(**parameters):
    """A regressor of the package's defaults, for 1000 steps."""
    return PreconditionedMLPRegressor(**({"random_state": 1, "max_steps": 1000} | parameters))


def run_config(estimator):
    """Return the RunConfig of a fitted estimator's last rows."""
    fitted = estimator._state
    return estimator._config().for_run(
        fitted.network, fitted.n_rows, fitted.n_seen, precision=fitted.precision
    )


def state(estimator):
    """Return the fitted state, to be compared bit for bit."""
    return (
        estimator.theta_.tobytes(),
        estimator.noise_variance_.tobytes(),
        estimator.status_.tobytes(),
        estimator.t_,
        estimator.theta_.dtype,
    )
