"""Gradual pruning of a fitted estimator."""

from __future__ import annotations

from typing import TypeVar

from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import indexable
from sklearn.utils.validation import check_is_fitted

from sksgdprune._data import validation as check
from sksgdprune._estimator.base import BasePreconditionedMLP
from sksgdprune._pruning.plan import PruningPlan
from sksgdprune._pruning.scores import PruneMethod
from sksgdprune._utils.argument_types import ArrayLike, Auto, MatrixLike, Schedule, Scope, Structure
from sksgdprune._utils.sklearn_private import num_samples
from sksgdprune._utils.warnings import warn

Estimator = TypeVar("Estimator", bound=BasePreconditionedMLP)


def prune_gradually(
    estimator: Estimator,
    X: MatrixLike,
    y: ArrayLike,
    p: float,
    *,
    n_steps: int | Auto = "auto",
    method: PruneMethod | None = None,
    scope: Scope | None = None,
    include_biases: bool | None = None,
    structure: Structure = "weight",
    schedule: Schedule | None = None,
    sample_weight: ArrayLike | None = None,
) -> Estimator:
    """Prune a fitted estimator to p by a schedule, with training between the cuts.

    Parameters
    ----------
    estimator : PreconditionedMLPClassifier or PreconditionedMLPRegressor
        The fitted estimator (a few steps are enough); it is changed.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs to train on.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    p : float in [0, 1]
        The fraction that is pruned in the end; parameters that were pruned before count.
    n_steps : int or "auto", default="auto"
        Minibatch steps in all; "auto" is the maximum of a default `fit`.
    method, scope, include_biases : default=None
        As in `prune`; None takes "fisher", "connected" and False.
    structure : {"weight", "unit", "input"}, default="weight"
        As in `prune`.
    schedule : str or object, default=None
        A name or an object of `sksgdprune.schedules`; None takes "geometric".
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, as in `fit`.

    Returns
    -------
    estimator
        The same one.

    Raises
    ------
    ValueError
        On anything that `prune` refuses, and on a schedule that does not reach p; before any
        training.
    TypeError
        If the estimator is not a PreconditionedMLPClassifier or PreconditionedMLPRegressor; a
        SparsitySweep prunes at the end of a Pipeline.
    NotFittedError
        Before fit. After any error, and after Ctrl-C, the estimator is as it was.

    Warns
    -----
    ConvergenceWarning
        Where the network is no better on X, y afterwards than a constant.
    UserWarning
        If more than p is pruned already; nothing is cut then.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sksgdprune import PreconditionedMLPClassifier, prune_gradually
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = PreconditionedMLPClassifier(max_steps=500, random_state=0).fit(
    ...     X, y
    ... )
    >>> prune_gradually(clf, X, y, 0.9, n_steps=1500).score(X, y)
    0.9...
    """
    if not isinstance(estimator, BasePreconditionedMLP):
        raise TypeError(
            "estimator must be a PreconditionedMLPClassifier or a PreconditionedMLPRegressor, got "
            f"{estimator!r}; SparsitySweep takes a Pipeline."
        )
    check_is_fitted(estimator)
    estimator._validate_params()
    X, y = indexable(X, y)
    if n_steps == "auto":
        n_steps = estimator._config().auto_steps(num_samples(X))
    if not check.is_whole(n_steps) or n_steps < 1:
        raise ValueError(f"Got n_steps={n_steps!r}; give a number of steps >= 1, or 'auto'.")
    network = estimator._state.network
    plan = PruningPlan.checked(
        "prune",
        check.fraction(p),
        n_steps,
        structure,
        network.layout.sizes[1:-1],
        method=method,
        scope=scope,
        include_biases=include_biases,
        schedule=schedule,
    )
    plan = plan.from_here(network)
    estimator._apply_plan(plan, X, y, sample_weight)
    problem = estimator._judge_plan(plan, X, y, sample_weight)
    if problem is not None:
        warn(problem, ConvergenceWarning)
    return estimator
