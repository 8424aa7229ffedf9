"""Checks of the samples that users pass to an estimator, by scikit-learn's rules."""

from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_regressor
from sklearn.utils.validation import validate_data

from sksgdprune._data.validation import well_formed
from sksgdprune._utils.sklearn_private import check_sample_weight

FLOATS = np.float64, np.float32

# What to do where X holds something else than numbers, or missing values.
ENCODE = (
    "Encode such columns before, in a Pipeline: text by OneHotEncoder in a ColumnTransformer, or "
    "a whole table by skrub's tabular_pipeline({name}())."
)
FILL = (
    "{name} takes no missing values: impute them before, in a Pipeline, by "
    "SimpleImputer(add_indicator=True) or skrub's tabular_pipeline({name}()), or leave out those "
    "rows."
)
READ = "See 'Text, categories, missing values' on the documentation's page Training."


class Rows(NamedTuple):
    """Checked samples: X is C-ordered or CSR, float64 or float32; weights are float64 or None."""

    X: object
    y: np.ndarray
    weights: np.ndarray | None = None


def training_rows(estimator, X, y, sample_weight=None, *, reset=False):
    """Return the Rows of X, y and their weights, without those of weight 0.

    With `reset` the number of features and their names are set on the estimator.
    """
    with _advice(estimator, X):
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
    if _needs_nothing(estimator, X):
        return X
    with _advice(estimator, X):
        X = validate_data(estimator, X, accept_sparse="csr", dtype=FLOATS, reset=False)
    return well_formed(X)


def _needs_nothing(estimator, X):
    """Return whether `validate_data` would find no fault with X, and return it as it is.

    To find that out takes it several times as long as a network takes for one row.
    """
    if (
        type(X) is not np.ndarray
        or X.dtype not in FLOATS
        or X.ndim != 2
        or X.shape[0] == 0
        or X.shape[1] != estimator.n_features_in_
        or hasattr(estimator, "feature_names_in_")  # without which X warns
    ):
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return np.isfinite(X.sum())


@contextmanager
def _advice(estimator, X):
    """Say what to do with this package where a check of X finds no numbers, or missing ones."""
    try:
        yield
    except (ValueError, TypeError) as error:
        found, kind = str(error), TypeError if isinstance(error, TypeError) else ValueError
        if found.startswith("Input X contains NaN"):
            found, advice = "Input X contains NaN.", FILL
        elif (kind is ValueError and "could not convert" not in found) or _is_number(X):
            raise
        else:
            found, advice = f"{found}{_columns(X)}", ENCODE
        advice = advice.format(name=type(estimator).__name__)
        raise kind(f"{found}\n{advice} {READ}") from None


def _columns(X):
    """Return a clause with the columns of a table that hold no numbers."""
    columns = [str(name) for name in getattr(X, "columns", ()) if not _is_number(X[name])]
    if not columns:
        return ""
    others = f" and {len(columns) - 5} others" * (len(columns) > 5)
    return f"; X's columns without numbers: {', '.join(columns[:5])}{others}."


def _is_number(values):
    """Return whether a column or a table holds what can be taken for numbers, dates apart."""
    try:
        array = values if issparse(values) else np.asarray(values)
        return array.dtype.kind not in "mM" and array.astype(np.float64) is not None
    except (ValueError, TypeError):
        return False
