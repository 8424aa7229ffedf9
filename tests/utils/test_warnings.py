"""Warnings point at the user's line, and say what to do."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.cases import X, Y, classifier, regressor
from tests.sweep_cases import sweep

EXPLOSIVE = {"preconditioner": "identity", "activation": "identity", "learning_rate": 1e3}


@pytest.mark.parametrize(
    ("category", "call"),
    [
        (ConvergenceWarning, lambda: regressor(**EXPLOSIVE).fit(X, Y)),
        (ConvergenceWarning, lambda: regressor(**EXPLOSIVE).partial_fit(X, Y, n_steps=300)),
        (
            ConvergenceWarning,
            lambda: make_pipeline(StandardScaler(), regressor(**EXPLOSIVE)).fit(X, Y),
        ),
        (ConvergenceWarning, lambda: cross_val_score(regressor(**EXPLOSIVE), X, Y, cv=2)),
        (ConvergenceWarning, lambda: sweep(regressor(**EXPLOSIVE), p=0.5).fit(X, Y)),
        (UserWarning, lambda: classifier().fit(X, Y).prune(0.5).prune(0.2)),
    ],
    ids=["fit", "partial_fit", "Pipeline", "cross_val_score", "sweep", "prune"],
)
def test_a_warning_points_at_the_line_that_called(category, call):
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        call()
    assert next(w.filename for w in caught if w.category is category) == __file__
