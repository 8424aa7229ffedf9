"""Kernels as plain Python (NUMBA_DISABLE_JIT=1): the same networks, to rounding.

CI runs tests/kernels that way too, with coverage; here one other process fits what meets every
branch, so that a difference is seen at once.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_iris

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

X, Y = load_iris(return_X_y=True)
X, Y = X[::3], Y[::3]
SMALL = {"max_steps": 25, "batch_size": 6, "random_state": 0}
FITS = {
    f"{activation} {preconditioner} {noise}": (
        PreconditionedMLPClassifier,
        {
            "hidden_layer_sizes": (5, 4),
            "activation": activation,
            "preconditioner": preconditioner,
            "noise_estimator": noise,
            "learning_rate": 0.05,
        },
        Y,
    )
    for activation, preconditioner in (
        ("relu", "diagonal"),
        ("tanh", "sqrt"),
        ("logistic", "scalar"),
        ("identity", "identity"),
    )
    for noise in ("probe", "batch")
} | {
    "posterior samples": (PreconditionedMLPRegressor, {"n_draws": 4}, X[:, 0]),
    "counts": (PreconditionedMLPRegressor, {"loss": "poisson", "n_draws": 3}, Y),
    "relu output": (PreconditionedMLPRegressor, {"output_activation": "relu"}, Y),
    "labels": (PreconditionedMLPClassifier, {}, np.stack([Y > 0, Y > 1], axis=1).astype(int)),
    "double softmax": (PreconditionedMLPClassifier, {"loss": "double_softmax"}, Y),
}


def fitted():
    """Fit, cut, train over lists, sparsify and predict; numbers of each by name."""
    found = {}
    for name, (kind, options, y) in FITS.items():
        model = kind(**(SMALL | {"hidden_layer_sizes": (6,)} | options)).fit(X, y)
        model.prune(0.85, "fisher", include_biases=True, X=X, y=y).partial_fit(
            csr_array(X), y, n_steps=12
        )
        model.freeze(0.9, "random").partial_fit(X, y, n_steps=12).sparsify()
        arrays = model.theta_, model.noise_variance_, model.draws_, model.predict(X)
        found[name] = np.concatenate([np.ravel(array) for array in arrays]).tolist()
    early = PreconditionedMLPClassifier((5,), early_stopping=True, **SMALL).fit(X, Y)
    found["early stopping"] = early.validation_loss_curve_
    return found


@pytest.mark.slow  # a new process in plain Python
def test_kernels_without_compilation_make_the_same_networks():
    code = (
        "import json\nfrom tests.kernels.test_uncompiled import fitted\nprint(json.dumps(fitted()))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    compiled = fitted()
    for name, values in json.loads(done.stdout).items():
        np.testing.assert_allclose(compiled[name], values, rtol=1e-7, atol=1e-9, err_msg=name)
