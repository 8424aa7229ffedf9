"""Pipelines taken apart: the last step, what comes before it, and the whole again."""

from copy import copy

from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from sksgdprune._estimator.base import BasePreconditionedMLP


def last_step(estimator):
    """Return the estimator's last step, which must be one of the package's."""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if not isinstance(last, BasePreconditionedMLP):
        raise TypeError(
            "estimator must be a PreconditionedMLPClassifier, a PreconditionedMLPRegressor or a "
            f"Pipeline ending in one, got {estimator!r}."
        )
    return last


def whole(estimator, steps):
    """Return what `estimator` is, of other steps: pairs of name and step, then the last step."""
    *earlier, last = steps
    if not isinstance(estimator, Pipeline):
        return last
    pipeline = copy(estimator)  # of its own class: others have steps of further kinds
    pipeline.steps = [*earlier, (estimator.steps[-1][0], last)]
    return pipeline


class Receiver(BaseEstimator):
    """In the last step's place: keeps what it is to be trained on, and hands rows on.

    With it a Pipeline fits and applies its earlier steps as it does before any other last step,
    whether or not they have something to fit, and whether or not they change the number of rows.
    """

    def fit(self, X, y=None):
        """Keep X and y."""
        self.X_, self.y_ = X, y
        return self

    def transform(self, X):
        """Return X."""
        return X


def without_last(estimator):
    """Return a Pipeline that is not fitted, with a Receiver in its last step's place."""
    pipeline = clone(estimator).set_callbacks()
    return whole(pipeline, [*pipeline.steps[:-1], Receiver()])
