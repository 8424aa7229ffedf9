"""Input checks, and the one place that imports scikit-learn's private helpers."""

from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import _fit_context, is_regressor
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils._plotting import _validate_style_kwargs
from sklearn.utils.metadata_routing import _raise_for_params, _routing_enabled
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import _check_method_params, _check_sample_weight, validate_data

from sksgdprune import _kernels, _selection
from sksgdprune._callbacks import OWN_ATTRIBUTES

__all__ = ["HasMethods", "Interval", "Options", "StrOptions"]
fit_context = _fit_context
safe_indexing = _safe_indexing
style = _validate_style_kwargs
check_partial_fit_first_call = _check_partial_fit_first_call
raise_for_params = _raise_for_params
routing_enabled = _routing_enabled
rows_of_params = _check_method_params

POSITIVE = Interval(Real, 0, None, closed="neither")
NON_NEGATIVE = Interval(Real, 0, None, closed="left")
COUNT = Interval(Integral, 1, None, closed="left")

MLP_CONSTRAINTS = {
    "hidden_layer_sizes": ["array-like", COUNT],
    "activation": [StrOptions(set(_kernels.ACTIVATIONS))],
    "preconditioner": [StrOptions(set(_kernels.PRECONDITIONERS))],
    "noise_estimator": [StrOptions(set(_kernels.NOISE_ESTIMATORS))],
    "learning_rate": [POSITIVE],
    "kappa": [NON_NEGATIVE],
    "t0": [COUNT],
    "posterior_size": [POSITIVE, StrOptions({"n_parameters", "n_samples"})],
    "damping": [NON_NEGATIVE, StrOptions({"auto"})],
    "alpha": [NON_NEGATIVE],
    "batch_size": [COUNT],
    "sampling": [StrOptions({"replacement", "shuffle"})],
    "max_steps": [COUNT],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [COUNT, Options(Real, {np.inf})],
    "tol": [NON_NEGATIVE],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


@contextmanager
def unchanged_on_error(estimator):
    """Give `estimator` its attributes back where the block raises.

    The block replaces fitted arrays and never writes into them.
    """
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        own = {k: v for k, v in vars(estimator).items() if k.startswith(OWN_ATTRIBUTES)}
        vars(estimator).clear()
        vars(estimator).update(before | own)
        raise


def hidden_sizes(hidden_layer_sizes):
    """Return the hidden layer sizes as a tuple of int, each at least 1."""
    if isinstance(hidden_layer_sizes, Integral):
        hidden_layer_sizes = (hidden_layer_sizes,)
    sizes = tuple(hidden_layer_sizes)
    if any(not isinstance(n, Integral) or isinstance(n, bool) or n < 1 for n in sizes):
        raise ValueError(
            f"hidden_layer_sizes must be > 0, got {hidden_layer_sizes!r}; "
            "give an int, or a tuple with one positive int per hidden layer."
        )
    return tuple(int(n) for n in sizes)


def training_data(estimator, X, y, sample_weight=None, *, reset):
    """Return X, y and the weights checked, without the rows of weight 0.

    X is float64 or float32, an array in C order or CSR; the weights are float64, or None as given.
    """
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype=(np.float64, np.float32),
        order="C",
        multi_output=True,
        y_numeric=is_regressor(estimator),
        reset=reset,
    )
    y = y.toarray() if issparse(y) else y
    if sample_weight is None:
        return X, y, None
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    present = weights > 0
    return (X, y, weights) if present.all() else (X[present], y[present], weights[present])


def kernel_array(array, dtype=None):
    """Return the array as the kernels take it: C order and writable, or canonical CSR.

    Its dtype is kept where none is given.
    """
    if not issparse(array):
        return np.require(array, dtype=dtype, requirements=("C", "W", "A"))
    array = array.astype(dtype, copy=not array.has_canonical_format)
    array.sum_duplicates()
    return array


def fraction(p):
    """Return p as a float in [0, 1]."""
    if isinstance(p, bool) or not isinstance(p, Real) or not 0 <= p <= 1:
        raise ValueError(f"Got p={p!r}; p must be a number from 0 to 1, the fraction to cut.")
    return float(p)


def step_count(n_steps):
    """Check that `n_steps` is a positive whole number, or None."""
    whole = isinstance(n_steps, Integral) and not isinstance(n_steps, bool)
    if n_steps is not None and not (whole and n_steps >= 1):
        raise ValueError(f"Got n_steps={n_steps!r}; give a number of steps >= 1, or None.")


def scope(name):
    """Return `name` if it is a known scope."""
    if name not in _selection.SCOPES:
        raise ValueError(f"Got scope={name!r}; possible are {list(_selection.SCOPES)}.")
    return name
