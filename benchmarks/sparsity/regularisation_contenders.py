"""Contenders of the comparison of pruning and priors, and a first fit of each."""

from functools import cache, partial

import numpy as np
from sklearn.model_selection import StratifiedKFold

from benchmarks._common import datasets
from benchmarks.accuracy.tables import gradient_boosting, lightgbm
from benchmarks.sparsity.regularisation_report import (
    CHOSEN,
    EARLIER,
    FRACTIONS,
    LIGHTGBM,
    SEARCHED,
    SEARCHED_P,
    TREES,
    WEAK,
    label,
)
from sksgdprune import PreconditionedMLPClassifier, SparsitySweep

FOLDS = 3

# The contenders: functions of the number of training rows and a seed.


def alpha_of(prior, n_rows):
    """Return the alpha of a prior; the precision is shared among the rows, as by "auto"."""
    batch_size = PreconditionedMLPClassifier().batch_size
    return {CHOSEN: "auto", EARLIER: 2 * batch_size / n_rows, WEAK: 1e-4}[prior]


def fit(n_rows, seed, prior):
    """Return the estimator itself."""
    return PreconditionedMLPClassifier(alpha=alpha_of(prior, n_rows), random_state=seed)


def sweep(n_rows, seed, prior, p):
    """Return a sweep of a single p, or of one that cross-validation chooses."""
    choice = {}
    if np.ndim(p):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
        choice = {"cv": folds, "scoring": "neg_log_loss", "refit": "one_se"}
    return SparsitySweep(fit(n_rows, seed, prior), p=p, random_state=seed, **choice)


def trees(n_rows, seed, make):
    """Return boosted trees."""
    return make(True, seed)


CONTENDERS = (
    {label(prior): partial(fit, prior=prior) for prior in (CHOSEN, EARLIER, WEAK)}
    | {
        label(prior, p): partial(sweep, prior=prior, p=p)
        for prior, fractions in FRACTIONS.items()
        for p in fractions
    }
    | {
        TREES: partial(trees, make=gradient_boosting),
        LIGHTGBM: partial(trees, make=lightgbm),
        SEARCHED: partial(sweep, prior=CHOSEN, p=SEARCHED_P),
    }
)


@cache
def fit_once(name):
    """Fit a small problem, which compiles or imports."""
    X, y = datasets.small(True)
    CONTENDERS[name](len(y), 0).fit(X, y)


def warm_up(name, *_):
    """Have all compiled and imported that a fit needs."""
    fit_once(name)
