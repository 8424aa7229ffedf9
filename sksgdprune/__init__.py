"""Multilayer perceptrons for scikit-learn that can be pruned and frozen."""

from sksgdprune.estimators import PreconditionedMLPClassifier, PreconditionedMLPRegressor

__all__ = ["PreconditionedMLPClassifier", "PreconditionedMLPRegressor"]
__version__ = "0.1.0.dev0"
