"""What a sweep forwards to the estimator that it trained last."""

import inspect
from functools import wraps
from typing import ClassVar

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

from sksgdprune import _validation as check
from sksgdprune._cells import last_step
from sksgdprune._cutting import CuttingMixin
from sksgdprune._export import ExportMixin
from sksgdprune._fitted import FittedNetworkMixin
from sksgdprune._sklearn import raise_for_params, routing_enabled
from sksgdprune._uncertainty import ClassificationDrawsMixin, DrawsMixin, RegressionDrawsMixin

# What the changing methods say that they return: of an estimator, and of a sweep.
CHANGED = "The estimator, changed."
BEST_CHANGED = (
    "The sweep, its `best_estimator_` changed; `best_p_` and all scores stay those of `fit`."
)
HOLDS_NONE = (
    "A sweep with refit=False holds no estimator; set refit to 'best', 'one_se' or a callable."
)


def _best_estimator_has(name):
    def has(self):
        if hasattr(self, "best_estimator_"):
            getattr(self.best_estimator_, name)
        else:
            getattr(self.estimator, name)
        return True

    return has


def _forwarded(method):
    """Return an estimator's method for a sweep; what returns the estimator returns the sweep."""
    name = method.__name__

    @wraps(method)
    def forward(self, *args, **kwargs):
        best = self._best()
        result = getattr(best, name)(*args, **kwargs)
        return self if result is best else result

    forward.__module__, forward.__qualname__ = __name__, f"ForwardingMixin.{name}"
    if method.__doc__:  # python -OO leaves none
        forward.__doc__ = inspect.getdoc(method).replace(CHANGED, BEST_CHANGED)
    return available_if(_best_estimator_has(name))(forward)


def _of_best(name, doc):
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


class ForwardingMixin:
    """Predictions, scores, cuts and attributes of a meta-estimator's `best_estimator_`."""

    # Named by whoever calls; no metadata that a router would pass on.
    __metadata_request__partial_fit: ClassVar = {"classes": UNUSED, "n_steps": UNUSED}

    def _best(self):
        check_is_fitted(self)
        if not hasattr(self, "best_estimator_"):
            raise NotFittedError(HOLDS_NONE)
        return self.best_estimator_

    @available_if(_best_estimator_has("predict"))
    def predict(self, X, return_std=False):
        """Predict with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        return_std : bool, default=False
            Whether to return the standard deviation, too, as a regressor with draws does.

        Returns
        -------
        ndarray, or a tuple of two
            Its predictions; with `return_std` their standard deviations, too.
        """
        return self._best().predict(X, **({"return_std": True} if return_std else {}))

    @available_if(_best_estimator_has("predict_proba"))
    def predict_proba(self, X):
        """Return the best estimator's probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return self._best().predict_proba(X)

    @available_if(_best_estimator_has("predict_log_proba"))
    def predict_log_proba(self, X):
        """Return the best estimator's log-probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Log-probabilities, in the order of `classes_`.
        """
        return self._best().predict_log_proba(X)

    def score(self, X, y, **params):
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
        """
        best = self._best()
        raise_for_params(params, self, "score")
        if routing_enabled():
            params = process_routing(self, "score", **params).scorer.score
        return self.scorer_(best, X, y, **params)

    @available_if(_best_estimator_has("partial_fit"))
    def partial_fit(self, X, y, classes=None, *, n_steps=None, **params):
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
        """
        named = {"n_steps": n_steps} | ({} if classes is None else {"classes": classes})
        with check.unchanged_on_error(self):
            if not self.__sklearn_is_fitted__():
                self._check_first(X, y, named)
                self.fit(X, y, **params)
            best = self._best()
            best.partial_fit(X, y, **named, **self._for_partial_fit(best, params))
        return self

    def _check_first(self, X, y, named):
        """Refuse what partial_fit cannot take, before a whole sweep is done for it."""
        last = last_step(self.estimator)
        inspect.signature(last.partial_fit).bind(X, y, **named)
        last._check_partial()
        check.step_count(named["n_steps"])
        if "classes" in named:
            _check_complete(named["classes"], y)
        if self.refit is False and np.ndim(self.p):
            raise NotFittedError(HOLDS_NONE)

    def _for_partial_fit(self, best, params):
        """Return the metadata that the best estimator's partial_fit gets."""
        if not routing_enabled():
            return params
        to_it = MethodMapping().add(caller="partial_fit", callee="partial_fit")
        router = MetadataRouter(owner=self).add(estimator=best, method_mapping=to_it)
        return process_routing(router, "partial_fit", **params).estimator.partial_fit

    prune = _forwarded(CuttingMixin.prune)
    freeze = _forwarded(CuttingMixin.freeze)
    unfreeze = _forwarded(CuttingMixin.unfreeze)
    sparsify = _forwarded(FittedNetworkMixin.sparsify)
    densify = _forwarded(FittedNetworkMixin.densify)
    compact = _forwarded(FittedNetworkMixin.compact)
    to_sklearn = _forwarded(ExportMixin.to_sklearn)
    calibrate = _forwarded(DrawsMixin.calibrate)
    predict_interval = _forwarded(RegressionDrawsMixin.predict_interval)
    sample_y = _forwarded(RegressionDrawsMixin.sample_y)
    log_likelihood = _forwarded(RegressionDrawsMixin.log_likelihood)
    predict_uncertainty = _forwarded(ClassificationDrawsMixin.predict_uncertainty)

    # A Pipeline has the first three, of the rest none.
    classes_ = _of_best("classes_", "Class labels of the best estimator.")
    n_features_in_ = _of_best("n_features_in_", "Number of features seen in fit.")
    feature_names_in_ = _of_best("feature_names_in_", "Names of the features seen in fit.")
    draws_ = _of_best("draws_", "The best estimator's draws, (n_draws, n_parameters).")
    temperature_ = _of_best("temperature_", "What the covariance of their outputs is times.")
    noise_std_ = _of_best("noise_std_", "The noise about them, in the targets' unit.")
    theta_ = _of_best("theta_", "The best estimator's parameters, layer by layer.")
    status_ = _of_best("status_", "Of each: 0 free, 1 frozen, 2 pruned.")
    coefs_ = _of_best("coefs_", "The best estimator's weight matrices (fan_in, fan_out).")
    intercepts_ = _of_best("intercepts_", "The best estimator's bias vectors (fan_out,).")
    coef_ = _of_best("coef_", "The best estimator's first weights (n_units, n_features).")
    features_used_ = _of_best("features_used_", "Whether the best estimator uses each feature.")
    sparsity_ = _of_best("sparsity_", "Fraction of the best estimator's parameters pruned.")
    sparsity_report_ = _of_best("sparsity_report_", "Free, frozen and pruned, by tensor.")
    n_layers_ = _of_best("n_layers_", "Number of layers, input and output included.")
    n_outputs_ = _of_best("n_outputs_", "Number of output units.")
    out_activation_ = _of_best("out_activation_", "Name of the output activation.")
    t_ = _of_best("t_", "The best estimator's step counter, t0 + all steps taken.")
    n_iter_ = _of_best(
        "n_iter_", "Steps of its last training: from the last cut of fit, or of partial_fit."
    )
    loss_ = _of_best("loss_", "The best estimator's last mean minibatch loss.")
    loss_curve_ = _of_best("loss_curve_", "The same for each epoch's worth of steps, in order.")
