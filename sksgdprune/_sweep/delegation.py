"""Delegation of a sweep to its best estimator, as scikit-learn's searches have it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import check_is_fitted

from sksgdprune._data import validation as check
from sksgdprune._sweep.pipelines import last_step
from sksgdprune._utils.argument_types import Array, ArrayLike, Function, MatrixLike
from sksgdprune._utils.sklearn_private import raise_for_params, routing_enabled

NO_BEST = (
    "A sweep with refit=False has no best_estimator_; set refit to 'best', 'one_se', "
    "within(tolerance) or a callable."
)


def best_of(sweep):
    """Return a sweep's `best_estimator_`, or raise NotFittedError where there is none."""
    check_is_fitted(sweep)
    if not hasattr(sweep, "best_estimator_"):
        raise NotFittedError(NO_BEST)
    return sweep.best_estimator_


def _if_best_has(name: str) -> Callable[[Function], Function]:
    """Return scikit-learn's available_if, which has no types, as one that keeps the method's."""

    def has(sweep):
        getattr(getattr(sweep, "best_estimator_", sweep.estimator), name)
        return True

    return available_if(has)


def _of_best(name, doc) -> Any:
    """Return a read-only property for a fitted attribute of `best_estimator_`."""

    def read(self):
        if "best_estimator_" not in vars(self):
            raise AttributeError(
                f"{type(self).__name__} has no {name} before fit or with refit=False."
            )
        return getattr(self.best_estimator_, name)

    read.__name__ = name
    return property(read, doc=doc)


def _check_complete(classes, y):
    """Refuse a first y whose classes are others: a sweep is fitted to all of them."""
    labels = unique_labels(y)
    missing, unknown = np.setdiff1d(classes, labels), np.setdiff1d(labels, classes)
    if missing.size:
        raise ValueError(
            f"Got no rows of the classes {missing.tolist()} in the first partial_fit; a sweep "
            "needs some of each: call fit with them first."
        )
    if unknown.size:
        raise ValueError(
            f"Got rows of the classes {unknown.tolist()}, which are not among classes={classes!r}."
        )


class DelegationMixin:
    """What a search has of its `best_estimator_`; all else is `sweep.best_estimator_`."""

    # Named by whoever calls; no metadata that a router would pass on.
    __metadata_request__partial_fit: ClassVar = {"classes": UNUSED, "n_steps": UNUSED}

    @_if_best_has("predict")
    def predict(self, X: MatrixLike) -> Array:
        """Predict with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Its predictions.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), random_state=0)
        >>> sweep = SparsitySweep(
        ...     clf, p=0.5, warmup_steps=100, finetune_steps=200
        ... ).fit(X, y)
        >>> sweep.predict(X[[0, 140]])
        array([0, 2])
        """
        return best_of(self).predict(X)

    @_if_best_has("predict_proba")
    def predict_proba(self, X: MatrixLike) -> Array:
        """Return the best estimator's probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), random_state=0)
        >>> sweep = SparsitySweep(
        ...     clf, p=0.5, warmup_steps=100, finetune_steps=200
        ... ).fit(X, y)
        >>> sweep.predict_proba(X).shape
        (150, 3)
        """
        return best_of(self).predict_proba(X)

    @_if_best_has("predict_log_proba")
    def predict_log_proba(self, X: MatrixLike) -> Array:
        """Return the best estimator's log-probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Log-probabilities, in the order of `classes_`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), random_state=0)
        >>> sweep = SparsitySweep(
        ...     clf, p=0.5, warmup_steps=100, finetune_steps=200
        ... ).fit(X, y)
        >>> sweep.predict_log_proba(X).argmax(axis=1)[[0, 140]]
        array([0, 2])
        """
        return best_of(self).predict_log_proba(X)

    # A float, or one per metric: a union would have to be narrowed at each use.
    def score(self, X: MatrixLike, y: ArrayLike, **params: Any) -> Any:
        """Score the best estimator with `scoring`, or with its own `score`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        **params : dict
            For the scorer, where scikit-learn's metadata routing is on.

        Returns
        -------
        float or dict of float
            The score, or one per metric.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), random_state=0)
        >>> sweep = SparsitySweep(
        ...     clf, p=0.5, warmup_steps=100, finetune_steps=200
        ... ).fit(X, y)
        >>> sweep.score(X, y)
        0.9...
        """
        best = best_of(self)
        raise_for_params(params, self, "score")
        if routing_enabled():
            params = process_routing(self, "score", **params).scorer.score
        return self.scorer_(best, X, y, **params)

    @_if_best_has("partial_fit")
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        *,
        n_steps: int | None = None,
        **params: Any,
    ) -> Self:
        """Train the best estimator for some further steps; what is pruned stays so.

        A sweep that is not fitted yet is fitted to X, y first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        classes : array-like of shape (n_classes,), default=None
            For classifiers, the labels that `fit` saw; the y of a first call has all of them.
        n_steps : int, default=None
            Minibatch steps; None takes one epoch over this X.
        **params : dict
            `sample_weight`; by scikit-learn's metadata routing where that is on.

        Returns
        -------
        self : object
            The sweep, its `best_estimator_` changed; `best_p_` and all scores stay those of `fit`.

        Raises
        ------
        ValueError
            On all that the estimator's `partial_fit` refuses, which stays as it was then.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), random_state=0)
        >>> sweep = SparsitySweep(
        ...     clf, p=0.5, warmup_steps=100, finetune_steps=200
        ... ).fit(X, y)
        >>> round(
        ...     sweep.partial_fit(X, y, n_steps=100).best_estimator_.sparsity_, 2
        ... )
        0.43
        """
        named = {"n_steps": n_steps} | ({} if classes is None else {"classes": classes})
        fitted = self
        if not self.__sklearn_is_fitted__():
            self._check_first(X, y, named)
            fitted = copy(self).fit(X, y, **params)
        best = best_of(fitted)
        best.partial_fit(X, y, **named, **self._for_partial_fit(best, params))
        vars(self).update(vars(fitted))
        return self

    def _check_first(self, X, y, named):
        """Refuse what partial_fit cannot take, before a whole sweep is done for it."""
        last = last_step(self.estimator)
        inspect.signature(last.partial_fit).bind(X, y, **named)
        last._config().check_partial_fit()
        check.step_count(named["n_steps"])
        if "classes" in named:
            _check_complete(named["classes"], y)
        if self.refit is False and np.ndim(self.p):
            raise NotFittedError(NO_BEST)

    def _for_partial_fit(self, best, params):
        """Return the metadata that the best estimator's partial_fit gets."""
        if not routing_enabled():
            return params
        to_it = MethodMapping().add(caller="partial_fit", callee="partial_fit")
        router = MetadataRouter(owner=self).add(estimator=best, method_mapping=to_it)
        return process_routing(router, "partial_fit", **params).estimator.partial_fit

    classes_: Array = _of_best("classes_", "Class labels of the best estimator, (n_classes,).")
    n_features_in_: int = _of_best("n_features_in_", "Number of features seen in fit.")
    feature_names_in_: Array = _of_best(
        "feature_names_in_", "Names of the features seen in fit, (n_features,)."
    )
