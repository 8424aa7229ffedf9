"""Untuned fits of raw data against fits of the same data standardised beforehand.

Twelve sets × four activations × three depths × the losses: a fit of raw data must score within 0.1
of the fit of standardised data, or say by a ConvergenceWarning that it is no good. Writes
raw_data.csv and raw_data.md and ends with 1 where a silent fit is further off.
"""

import argparse
import sys
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import Dataset, collinear, included, synthetic
from joblib import Parallel, delayed
from reports import markdown_table
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

RESULTS = Path(__file__).parent / "results"
ACTIVATIONS = "identity", "logistic", "tanh", "relu"
DEPTHS = (), (100,), (50, 50)
CLASSIFICATION = {"log_loss": {}, "double_softmax": {"loss": "double_softmax"}}
REGRESSION = {
    "squared_error": {},
    "squared_error, ReLU output": {"output_activation": "relu"},
    "poisson": {"loss": "poisson"},
}
TOLERANCE = 0.1


def mixed_scales():
    """Return positive skewed features of scale 1e-3 to 1e4 and targets of scale 1e4."""
    rng = np.random.RandomState(0)
    Z = rng.normal(size=(1000, 8))
    y = 2 + Z[:, 0] - Z[:, 1] * Z[:, 2] + np.sin(2 * Z[:, 3]) + Z[:, 4:].mean(axis=1)
    return np.exp(0.7 * Z) * np.logspace(-3, 4, 8), 1e4 * (y + 0.3 * rng.normal(size=1000))


def large_counts():
    """Return counts around 1,000 and features far from 0."""
    rng = np.random.RandomState(0)
    Z = rng.normal(size=(500, 5))
    y = rng.poisson(1000 * np.exp(0.3 * Z[:, 0] - 0.2 * Z[:, 1] + 0.1 * Z[:, 2] * Z[:, 3]))
    return 2000 + 10 * Z, y.astype(float)


def sets():
    """Return the twelve sets."""
    linear = datasets.make_regression(500, 20, n_informative=10, noise=10.0, random_state=0)
    made = {s.name: s for s in synthetic((1_000,))}
    return [
        *included(),
        made["blobs-1000"],
        made["friedman1-1000"],
        made["friedman2-2000"],
        Dataset("linear, all scales", linear[0] * np.logspace(-3, 4, 20), 1e4 * linear[1]),
        Dataset("mixed scales", *mixed_scales()),
        Dataset("large counts", *large_counts()),
        Dataset("collinear, far from 0", *collinear_far_from_0()),
    ]


def collinear_far_from_0():
    """Return nearly collinear inputs around 100 and targets around -50."""
    X, y = collinear(2_000, np.random.RandomState(0))
    return 100 + X, y - 50


def cases():
    """Yield (set, loss, its parameters, activation, hidden layers), those that have a meaning."""
    for data, activation, hidden in product(sets(), ACTIVATIONS, DEPTHS):
        for loss, options in (CLASSIFICATION if data.classifies else REGRESSION).items():
            needs_counts = loss in ("poisson", "squared_error, ReLU output")
            if (needs_counts and data.y.min() < 0) or (not hidden and activation != "identity"):
                continue
            yield data, loss, options, activation, hidden


def fit(data, X, options):
    """Return the test score of an untuned fit, and whether it warned that it is no good."""
    kind = PreconditionedMLPClassifier if data.classifies else PreconditionedMLPRegressor
    ((train, test),) = data.splits(1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = kind(random_state=0, **options).fit(X[train], data.y[train])
    warned = [w for w in caught if issubclass(w.category, ConvergenceWarning)]
    return model.score(X[test], data.y[test]), bool(warned)


def measure(data, loss, options, activation, hidden):
    """Return a row of the table."""
    options = options | {"activation": activation, "hidden_layer_sizes": hidden}
    raw, warned = fit(data, data.X, options)
    standardised, _ = fit(data, scale(data.X), options)
    return {
        "data": data.name,
        "loss": loss,
        "activation": activation,
        "hidden": str(hidden),
        "raw": raw,
        "standardised": standardised,
        "warned": warned,
        "passed": bool(raw > standardised - TOLERANCE or warned),
    }


def summary(table):
    """Return a line per set and loss: the worst difference, and how many fits warned."""
    table = table.assign(difference=table.raw - table.standardised)
    lines = table.groupby(["data", "loss"], sort=False).agg(
        fits=("raw", "size"),
        lowest_raw=("raw", "min"),
        lowest_standardised=("standardised", "min"),
        worst_difference=("difference", "min"),
        warned=("warned", "sum"),
        passed=("passed", "all"),
    )
    return lines.reset_index()


def text(value):
    """Return a cell of the Markdown table."""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main(arguments=None):
    """Measure, print, write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="fits side by side (default: 2)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the tables")
    options = parser.parse_args(arguments)
    rows = Parallel(n_jobs=options.jobs, verbose=1)(delayed(measure)(*case) for case in cases())
    table = pd.DataFrame(rows)
    options.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(options.out / "raw_data.csv", index=False, float_format="%.6g")
    lines = summary(table)
    cells = [[text(value) for value in line] for line in lines.itertuples(index=False)]
    lines = markdown_table(list(lines), cells)
    (options.out / "raw_data.md").write_text(
        "# Untuned fits of raw data\n\nMade by `python benchmarks/raw_data.py`: "
        f"{len(table)} fits; scores are accuracies or R² on a fifth of the rows.\n\n{lines}"
    )
    print(lines)
    return 0 if table.passed.all() else 1


if __name__ == "__main__":
    sys.exit(main())
