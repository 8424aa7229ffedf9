"""Multilayer perceptrons for scikit-learn that can be pruned and frozen."""

from sksgdprune import schedules
from sksgdprune._estimator.gradual import prune_gradually
from sksgdprune._plotting.coverage_display import CoverageDisplay
from sksgdprune._plotting.network_display import NetworkDisplay
from sksgdprune._plotting.sweep_display import SparsitySweepDisplay
from sksgdprune.classifier import PreconditionedMLPClassifier
from sksgdprune.regressor import PreconditionedMLPRegressor
from sksgdprune.sweep import SparsitySweep, within

__all__ = [
    "CoverageDisplay",
    "NetworkDisplay",
    "PreconditionedMLPClassifier",
    "PreconditionedMLPRegressor",
    "SparsitySweep",
    "SparsitySweepDisplay",
    "prune_gradually",
    "schedules",
    "within",
]
__version__ = "0.1.0"
