"""Checks of the samples that users pass to an estimator, by scikit-learn's rules."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_regressor
from sklearn.utils.validation import validate_data

from sksgdprune._data.validation import well_formed
from sksgdprune._utils.sklearn_private import check_sample_weight

FLOATS = np.float64, np.float32


class Rows(NamedTuple):
    """Checked samples: X is C-ordered or CSR, float64 or float32; weights are float64 or None."""

    X: object
    y: np.ndarray
    weights: np.ndarray | None = None


def training_rows(estimator, X, y, sample_weight=None, *, reset=False):
    """Return the Rows of X, y and their weights, without those of weight 0.

    With `reset` the number of features and their names are set on the estimator.
    """
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype=FLOATS,
        order="C",
        multi_output=True,
        y_numeric=is_regressor(estimator),
        reset=reset,
    )
    X, y = well_formed(X), y.toarray() if issparse(y) else y
    if sample_weight is None:
        return Rows(X, y)
    weights = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    with np.errstate(over="ignore"):
        if not np.isfinite(weights.sum()):
            raise ValueError(
                f"sample_weight goes up to {weights.max():.3g}, and its sum overflows; only "
                "ratios count, so divide all weights by a number."
            )
    present = weights > 0
    rows = Rows(X, y, weights)
    return rows if present.all() else Rows(*(array[present] for array in rows))


def prediction_rows(estimator, X):
    """Return X checked for prediction."""
    return well_formed(validate_data(estimator, X, accept_sparse="csr", dtype=FLOATS, reset=False))
