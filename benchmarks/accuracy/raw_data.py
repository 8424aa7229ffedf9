"""Untuned fits of raw data against fits of the same data standardised beforehand.

    python -m benchmarks.accuracy.raw_data [--jobs N] [--quick] [--out FOLDER]

Twelve sets × four activations × three depths × the losses: a fit of raw data must score within 0.1
of the fit of standardised data, or say by a ConvergenceWarning that it is no good. Writes
raw_data.csv and raw_data.md; goes on where it was ended. Ends with 1 where a silent fit is further
off.
"""

import sys
import warnings
from functools import partial
from itertools import product

import numpy as np
from sklearn.datasets import make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import machine, markdown_table, paragraphs
from benchmarks._common.results import Cell, Results, complete

ACTIVATIONS = "identity", "logistic", "tanh", "relu"
DEPTHS = (), (100,), (50, 50)
CLASSIFICATION = {"log_loss": {}, "double_softmax": {"loss": "double_softmax"}}
REGRESSION = {
    "squared_error": {},
    "squared_error, ReLU output": {"output_activation": "relu"},
    "poisson": {"loss": "poisson"},
}
TOLERANCE = 0.1
KEY = "data", "loss", "activation", "hidden"
COLUMNS = *KEY, "raw", "standardised", "warned", "passed", "version"


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


def collinear_far_from_0():
    """Return nearly collinear inputs around 100 and targets around -50."""
    X, y = datasets.collinear(2_000, np.random.RandomState(0))
    return 100 + X, y - 50


def sets():
    """Return the twelve sets."""
    linear = make_regression(500, 20, n_informative=10, noise=10.0, random_state=0)
    made = {s.name: s for s in datasets.synthetic((1_000,))}
    return [
        *datasets.included(),
        made["blobs-1000"],
        made["friedman1-1000"],
        made["friedman2-2000"],
        datasets.Dataset("linear, all scales", linear[0] * np.logspace(-3, 4, 20), 1e4 * linear[1]),
        datasets.Dataset("mixed scales", *mixed_scales()),
        datasets.Dataset("large counts", *large_counts()),
        datasets.Dataset("collinear, far from 0", *collinear_far_from_0()),
    ]


def cells():
    """Yield a cell for each set, loss, activation and depth that have a meaning together."""
    for data, activation, hidden in product(sets(), ACTIVATIONS, DEPTHS):
        for loss, options in (CLASSIFICATION if data.classifies else REGRESSION).items():
            needs_counts = loss in ("poisson", "squared_error, ReLU output")
            if (needs_counts and data.y.min() < 0) or (not hidden and activation != "identity"):
                continue
            options = options | {"activation": activation, "hidden_layer_sizes": hidden}
            yield Cell((data.name, loss, activation, str(hidden)), (data, options))


def fit(data, X, options):
    """Return the test score of an untuned fit, and whether it warned that it is no good."""
    ((train, test),) = data.splits(1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = datasets.estimator_class(data.classifies)(random_state=0, **options)
        model.fit(X[train], data.y[train])
    warned = any(issubclass(w.category, ConvergenceWarning) for w in caught)
    return model.score(X[test], data.y[test]), warned


def measure(data, options):
    """Return a row of the table."""
    raw, warned = fit(data, data.X, options)
    standardised, _ = fit(data, scale(data.X), options)
    passed = bool(raw > standardised - TOLERANCE or warned)
    return {"raw": raw, "standardised": standardised, "warned": warned, "passed": passed}


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


def markdown(table, about):
    """Return the report."""
    lines = summary(table)
    cells = [[text(value) for value in line] for line in lines.itertuples(index=False)]
    return paragraphs(
        "# Untuned fits of raw data",
        f"Made by `python -m benchmarks.accuracy.raw_data`: {len(table)} fits; scores are "
        "accuracies or R² on a fifth of the rows.",
        about,
        markdown_table(list(lines), cells),
    )


def main(arguments=None):
    """Measure, print, write; return the exit status."""
    options = command_line.parser(__doc__, "jobs").parse_args(arguments)
    facts = partial(machine, "numpy", "scikit-learn")
    results = Results(options.out / "raw_data.csv", COLUMNS, KEY, facts=facts)
    todo = (cell for cell in cells() if not options.quick or cell.key[0] == "iris")
    table = complete(results, options, measure, todo, markdown)
    return 0 if table["passed"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
