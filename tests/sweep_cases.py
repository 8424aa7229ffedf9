"""Sweeps over small data, and the same runs by the estimators' own methods."""

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import KFold

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep
from sksgdprune._sweep.cell import Cell
from sksgdprune._sweep.results import tabulate

WARMUP, FINETUNE = 20, 50
# One cut by hand is easily told: all tensors apart, biases too, at once.
CUT = {"scope": "layer", "include_biases": True}
ONCE = CUT | {"schedule": "one_shot"}
P = [0.0, 0.5, 0.9]
SPLITS = KFold(2, shuffle=True, random_state=0)


def iris():
    """50 samples, standardised."""
    X, y = load_iris(return_X_y=True)
    return (X[::3] - X.mean(axis=0)) / X.std(axis=0), y[::3]


def diabetes():
    """60 samples, roughly standardised."""
    X, y = load_diabetes(return_X_y=True)
    return X[:60] * 20, (y[:60] - y.mean()) / y.std()


def classifier(**changes):
    """A classifier of 51 parameters on iris."""
    return PreconditionedMLPClassifier(
        **{"hidden_layer_sizes": (6,), "learning_rate": 0.1, "random_state": 3} | changes
    )


def regressor(**changes):
    """A regressor of one small hidden layer."""
    return PreconditionedMLPRegressor(**{"hidden_layer_sizes": (6,), "random_state": 3} | changes)


def sweep(estimator=None, **changes):
    """A short sweep over two splits, cut once; pruned by magnitude where nothing else is said."""
    options = {"warmup_steps": WARMUP, "finetune_steps": FINETUNE, "cv": SPLITS, "random_state": 7}
    if changes.get("action") != "freeze":
        options["method"] = "magnitude"
    estimator = classifier() if estimator is None else estimator
    return SparsitySweep(estimator, **ONCE | options | changes)


def draw_seeds(random_state, *shapes):
    """Seeds in the order in which a sweep draws them."""
    rng = np.random.RandomState(random_state)
    return [rng.randint(2**31 - 1, size=shape) for shape in shapes]


def cell_seeds(random_state, n_repeats=1, n_splits=2):
    """Return the last step's seed of each repeat and split."""
    return draw_seeds(random_state, n_splits, (n_repeats, n_splits))[1]


def by_hand(estimator, X, y, p, seed, *, action="prune", with_data=False, **cut):
    """Warm-up, cut and fine-tuning with the estimator's own methods."""
    estimator = clone(estimator).set_params(random_state=seed, max_steps=WARMUP).fit(X, y)
    data = {"X": X, "y": y} if with_data else {}
    getattr(estimator, action)(p, **CUT | cut, **data)
    return estimator.partial_fit(X, y, n_steps=FINETUNE)


def scores_by_hand(estimator, X, y, p, seeds, splits=SPLITS, score=None, **cut):
    """Return a table of shape (n_p, n_repeats · n_splits)."""
    score = score or (lambda fitted, X, y: fitted.score(X, y))
    rows = list(splits.split(X, y))
    return np.array(
        [
            [
                score(
                    by_hand(estimator, X[train], y[train], fraction, seed, **cut), X[test], y[test]
                )
                for repeat in seeds
                for seed, (train, test) in zip(repeat, rows, strict=True)
            ]
            for fraction in p
        ]
    )


def table(results, name="test_score"):
    """Return the scores of all cells, (n_p, n_cells)."""
    n_cells = sum(key.startswith("split") and key.endswith(f"_{name}") for key in results)
    return np.column_stack([results[f"split{k}_{name}"] for k in range(n_cells)])


def without_times(results):
    """All columns but the measured times, which differ between runs."""
    return {key: value for key, value in results.items() if not key.endswith("_time")}


def assert_same_results(results, others):
    """Same columns in the same order, and bit for bit the same values but for times."""
    assert list(results) == list(others)
    for key, value in without_times(results).items():
        np.testing.assert_array_equal(value, others[key], err_msg=key)


def assert_same_network(fitted, other):
    """Bit for bit the same state."""
    np.testing.assert_array_equal(fitted.theta_, other.theta_)
    np.testing.assert_array_equal(fitted.noise_variance_, other.noise_variance_)
    np.testing.assert_array_equal(fitted.status_, other.status_)
    assert fitted.t_ == other.t_


def cell(test, train=None, sparsity=0.5, fit_time=2.0, score_time=0.25, **more):
    """A cell of given scores."""
    return Cell(test, train or {}, sparsity, fit_time, score_time, **more)


def results_of(**metrics):
    """cv_results_ of given scores: for each metric one row per p; None where it is missing."""
    tables = zip(*(np.array(rows, dtype=object) for rows in metrics.values()), strict=True)
    cells = [
        [
            cell({m: s for m, s in zip(metrics, scores, strict=True) if s is not None})
            for scores in c
        ]
        for c in (np.column_stack(rows) for rows in tables)
    ]
    return tabulate(np.linspace(0, 1, len(cells)), cells, np.nan, False)
