"""Contenders of size_at_accuracy: fitted models as C, from large to small, or trees one by one."""

from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.deployment.size_at_accuracy_report import (
    DENSE,
    DTYPES,
    SCRATCH,
    SKLEARN,
    TREES,
    UNITS,
    WEIGHTS,
)
from benchmarks.deployment.trees import boosted_trees_to_c
from sksgdprune import PreconditionedMLPClassifier, prune_gradually

HIDDEN, OTHERWISE = {"digits": 32}, 100  # units of the dense network
DEEP = (80, 80)
# Networks to prune, and steps after each cut. Of letter, most weights have to remain.
STARTS = {"letter": (((300,), 20_000), (DEEP, 20_000), (DEEP, 60_000))}
OTHER_STARTS = ((DEEP, 8_000),)
WEIGHT_COUNTS = (
    *(3000, 2300, 1800, 1500, 1200, 1000, 800, 600, 450, 350, 250, 180, 130, 100, 70, 50, 35),
    *(25, 18),
)
UNIT_FRACTIONS = 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95
SMALL = tuple((n,) for n in (100, 80, 70, 60, 50, 40, 32, 24, 20, 16, 12, 10, 8, 6, 4, 3, 2))
SMALL_DEEP = tuple((n, n) for n in (50, 40, 30, 25, 20, 15, 10, 6, 4))
LEAVES, ITERATIONS = (4, 10, 31), (1, 2, 3, 5, 8, 12, 20, 30, 50, 80)
# For each class, weights that remain and units from scratch; of all classes, trees.
MOST_WEIGHTS, MOST_UNITS, MOST_TREES = 100, 10, 800


class Model(NamedTuple):
    """A fitted model of some size."""

    size: str
    codes: dict  # {dtype: text of C}


class Effort(NamedTuple):
    """How much is tried."""

    max_steps: object  # of a fit
    most_steps: int  # after a cut
    epochs: int  # of scikit-learn's
    sizes: slice  # of those listed


FULL = Effort("auto", 10**6, 200, slice(None))
QUICK = Effort(200, 200, 3, slice(None, None, 6))


def network(hidden, seed, max_steps, encoding="standard"):
    """Return our estimator."""
    return PreconditionedMLPClassifier(
        hidden, max_steps=max_steps, encoding=encoding, random_state=seed
    )


def model_of(size, estimator):
    """Return the Model of a network."""
    return Model(size, {dtype: estimator.to_c(dtype=dtype) for dtype in DTYPES})


def name_of(hidden):
    """Return the name of hidden layers."""
    return "-".join(map(str, hidden)) + " units"


# Generators of the Models of a setting: of training rows, a seed and an effort.


def dense(X, y, seed, effort, hidden):
    """Yield the dense network."""
    yield model_of(name_of(hidden), network(hidden, seed, effort.max_steps).fit(X, y))


def pruned_weights(X, y, seed, effort, hidden, n_steps):
    """Yield a network pruned to one number of weights after another, with steps between."""
    model = network(hidden, seed, effort.max_steps).fit(X, y)
    n_weights = sum(W.size for W in model.coefs_)
    most = min(MOST_WEIGHTS * len(model.classes_), n_weights / 2)
    for n in [n for n in WEIGHT_COUNTS if n <= most][effort.sizes]:
        steps = min(n_steps, effort.most_steps)
        prune_gradually(model, X, y, 1 - n / n_weights, n_steps=steps)
        yield model_of(f"{n:,} weights", model)


def pruned_units(X, y, seed, effort, hidden, n_steps):
    """Yield a network pruned to one fraction of its units after another."""
    model = network(hidden, seed, effort.max_steps).fit(X, y)
    for p in UNIT_FRACTIONS[effort.sizes]:
        steps = min(n_steps, effort.most_steps)
        prune_gradually(model, X, y, p, n_steps=steps, structure="unit")
        yield model_of(f"{100 * (1 - p):.0f} % of the units", model)


def from_scratch(X, y, seed, effort, layers, **parameters):
    """Yield dense networks with few units."""
    for hidden in sensible(layers, y)[effort.sizes]:
        fitted = network(hidden, seed, effort.max_steps, **parameters).fit(X, y)
        yield model_of(name_of(hidden), fitted)


def scikit_learn(X, y, seed, effort, layers):
    """Yield scikit-learn's networks with few units, as ours with the same parameters."""
    for hidden in sensible(layers, y)[effort.sizes]:
        mlp = MLPClassifier(hidden, max_iter=effort.epochs, random_state=seed)
        scaled = make_pipeline(StandardScaler(), mlp).fit(X, y)
        yield model_of(name_of(hidden), as_ours(scaled, X, y))


def sensible(layers, y):
    """Return the hidden layers that go with a number of classes."""
    most = MOST_UNITS * len(np.unique(y))
    return [hidden for hidden in layers if hidden[0] <= most]


def as_ours(scaled, X, y):
    """Return ours with the parameters of scikit-learn's MLP behind a StandardScaler."""
    scaler, mlp = scaled
    ours = network(mlp.hidden_layer_sizes, 0, 1).fit(X, y)
    coefs, intercepts = list(mlp.coefs_), list(mlp.intercepts_)
    intercepts[0] = intercepts[0] + (ours.X_mean_ - scaler.mean_) / scaler.scale_ @ coefs[0]
    coefs[0] = coefs[0] * (ours.X_scale_ / scaler.scale_)[:, np.newaxis]
    if mlp.n_outputs_ < len(ours.classes_):  # a logistic output: of a softmax, the second
        coefs[-1] = np.hstack([np.zeros_like(coefs[-1]), coefs[-1]])
        intercepts[-1] = np.append(0, intercepts[-1])
    parts = zip(coefs, intercepts, strict=True)
    ours.theta_ = np.concatenate([np.ravel(part) for layer in parts for part in layer])
    np.testing.assert_allclose(ours.predict_proba(X), scaled.predict_proba(X), atol=1e-3)
    return ours


def boosted_trees(X, y, seed, effort, n_leaves):
    """Yield boosted trees after some iterations."""
    most = MOST_TREES / len(np.unique(y))
    counts = [n for n in ITERATIONS if n <= most][effort.sizes]
    model = HistGradientBoostingClassifier(
        max_iter=counts[-1], max_leaf_nodes=n_leaves, early_stopping=False, random_state=seed
    ).fit(X, y)
    for n in counts:
        yield Model(f"{n} iterations", {"float32": boosted_trees_to_c(model, n)})


def contenders(name):
    """Return {(contender, setting): generator} for a data set."""
    hidden = (HIDDEN.get(name, OTHERWISE),)
    found = {(DENSE, ""): partial(dense, hidden=hidden)}
    for contender, generator, starts in (
        (WEIGHTS, pruned_weights, ((hidden, 8_000), *STARTS.get(name, OTHER_STARTS))),
        (UNITS, pruned_units, ((hidden, 8_000), (DEEP, 8_000))),
    ):
        for start, n_steps in starts:
            key = contender, f"{name_of(start)}, {n_steps:,} steps a cut"
            found[key] = partial(generator, hidden=start, n_steps=n_steps)
    found[SCRATCH, "one layer"] = partial(from_scratch, layers=SMALL)
    found[SCRATCH, "two layers"] = partial(from_scratch, layers=SMALL_DEEP)
    found[SCRATCH, "inputs as by default"] = partial(
        from_scratch, layers=SMALL[::3], encoding="auto"
    )
    found[SKLEARN, "one layer"] = partial(scikit_learn, layers=SMALL[1::3])
    found[SKLEARN, "two layers"] = partial(scikit_learn, layers=SMALL_DEEP[1::2])
    for n_leaves in LEAVES:
        found[TREES, f"{n_leaves} leaves"] = partial(boosted_trees, n_leaves=n_leaves)
    return found
