"""Private functions and classes of scikit-learn that are used here."""

from collections.abc import Callable

from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils._plotting import _validate_style_kwargs as style
from sklearn.utils.metadata_routing import _raise_for_params as raise_for_params
from sklearn.utils.metadata_routing import _routing_enabled as routing_enabled
from sklearn.utils.validation import _check_method_params as rows_of_params
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_samples as num_samples

from sksgdprune._utils.argument_types import Function

__all__ = [
    "CALLBACK_ATTRIBUTES",
    "MLP_TRAINING_ATTRIBUTES",
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "check_sample_weight",
    "fit_context",
    "num_samples",
    "raise_for_params",
    "routing_enabled",
    "rows_of_params",
    "safe_indexing",
    "style",
]

# Prefixes of what sklearn.callback keeps on an estimator while it is fitted.
CALLBACK_ATTRIBUTES = ("_skl_callbacks", "_callback_fit_ctx", "_parent_callback_ctx")

# What scikit-learn's MLP keeps of its training, and makes again where it lacks them.
MLP_TRAINING_ATTRIBUTES = "_optimizer", "_random_state", "_best_coefs", "_best_intercepts"


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Function], Function]:
    """Return scikit-learn's decorator, which has no types, as one that keeps the method's."""
    return _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)
