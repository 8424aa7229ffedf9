"""What a sweep forwards to the estimator that it trained last."""

from sklearn.exceptions import NotFittedError
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sksgdprune._sklearn import raise_for_params, routing_enabled


def _best_estimator_has(name):
    def has(self):
        if hasattr(self, "best_estimator_"):
            getattr(self.best_estimator_, name)
        else:
            getattr(self.estimator, name)
        return True

    return has


class ForwardingMixin:
    """Predictions, scores and attributes of a meta-estimator's `best_estimator_`."""

    def _best(self):
        check_is_fitted(self)
        if not hasattr(self, "best_estimator_"):
            raise NotFittedError(
                "This sweep was fitted with refit=False and holds no estimator; set refit to "
                "'best', 'one_se' or a callable."
            )
        return self.best_estimator_

    @available_if(_best_estimator_has("predict"))
    def predict(self, X):
        """Predict with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray
            Its predictions.
        """
        return self._best().predict(X)

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

    @property
    def classes_(self):
        """Class labels of the best estimator."""
        return self._best().classes_

    @property
    def coef_(self):
        """The best estimator's first weights (n_units, n_features); a Pipeline has none."""
        return self._best().coef_

    @property
    def features_used_(self):
        """Whether the best estimator uses each feature; a Pipeline does not say."""
        return self._best().features_used_

    @property
    def n_features_in_(self):
        """Number of features seen in fit."""
        if not hasattr(self, "best_estimator_"):
            raise AttributeError(
                f"{type(self).__name__} has no n_features_in_ before fit or with refit=False."
            )
        return self.best_estimator_.n_features_in_

    @property
    def feature_names_in_(self):
        """Names of the features seen in fit."""
        if not hasattr(self, "best_estimator_"):
            raise AttributeError(
                f"{type(self).__name__} has no feature_names_in_ before fit or with refit=False."
            )
        return self.best_estimator_.feature_names_in_
