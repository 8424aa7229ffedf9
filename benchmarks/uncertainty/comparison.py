"""Uncertainty of untuned fits: likelihoods, intervals and probabilities beside peers'.

    python -m benchmarks.uncertainty.comparison [--data FOLDER] [--sets NAME ...]
        [--contenders NAME ...] [--splits N] [--quick] [--again] [--out FOLDER]

Every contender has one setting for all sets and one thread, and sees the same splits: a UCI set's
own, of which the published figures are, too; else random ones of 80 / 20, five, or two where there
are more than 10,000 rows. Log-likelihoods are means over test rows, on the targets' own scale;
intervals are to hold 90 %. Seconds are taken warm, after a fit that compiles and imports; those of
predictions are of mean and interval, or of probabilities, for all test rows.

Writes uncertainty.csv, a row per fit, uncertainty.md and uncertainty.png; goes on where it was
ended. Ends with 1 where an acceptance line is missed.
"""

import sys
from functools import cache, partial

import numpy as np
from scipy.stats import entropy
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import all_met, machine
from benchmarks._common.results import Cell, Results, complete
from benchmarks._common.timing import timed
from benchmarks.uncertainty import figure, report
from benchmarks.uncertainty.contenders import CLASSIFIERS, PROCESS_ROWS, REGRESSORS, TORCH
from benchmarks.uncertainty.metrics import (
    calibration_error,
    calibration_gaps,
    coverage,
    rejection_area,
)
from benchmarks.uncertainty.report import CLASSES, OURS, PROCESS, REALS

SIZES = 100, 1_000, 10_000  # of the synthetic sets
QUICK = "iris", "wine", "diabetes", "friedman1-100"
KEY = "set", "split", "contender"
COLUMNS = (
    *("set", "n_features", "n_train", "n_test", "given", "split", "contender", "version", "task"),
    *("rmse", "log_likelihood", "coverage", "width"),
    *("log_loss", "accuracy", "ece", "gaps", "rejection", "rejection_information"),
    *("fit_seconds", "predict_seconds", "warnings"),
)
NAMES = list(dict.fromkeys([*REGRESSORS, *CLASSIFIERS]))
HIDDEN = {"protein-tertiary-structure": 100}  # of torch's networks, as published; 50 elsewhere


def contenders_of(dataset):
    """Return what makes each contender of the set's kind, by name."""
    return CLASSIFIERS if dataset.classifies else REGRESSORS


@cache
def fit_once(name, classifies):
    """Fit a small problem and predict, which compiles or imports."""
    X, y = datasets.small(classifies)
    if classifies:
        CLASSIFIERS[name](0).fit(X, y).predict_proba(X)
    else:
        model = REGRESSORS[name](0, 50)
        model.fit(X, y)
        model.forecast(X)


def warm_up(name, dataset, split, rows):
    """Have all compiled and imported that a fit needs."""
    fit_once(name, dataset.classifies)


def measure_regression(name, dataset, split, train, test):
    """Return the measurements of a regressor."""
    model = REGRESSORS[name](split, HIDDEN.get(dataset.name, 50))
    X, y = dataset.X[test], dataset.y[test]
    _, fit_seconds = timed(model.fit, dataset.X[train], dataset.y[train])
    (mean, low, high), predict_seconds = timed(model.forecast, X)
    logs = model.log_likelihood(X, y)
    return {
        "rmse": root_mean_squared_error(y, mean),
        "log_likelihood": np.nan if logs is None else logs.mean(),
        "coverage": coverage(y, low, high),
        "width": np.mean(high - low),
        "fit_seconds": fit_seconds,
        "predict_seconds": predict_seconds,
    }


def measure_classification(name, dataset, split, train, test):
    """Return the measurements of a classifier."""
    model = CLASSIFIERS[name](split)
    X, y = dataset.X[test], dataset.y[test]
    _, fit_seconds = timed(model.fit, dataset.X[train], dataset.y[train])
    proba, predict_seconds = timed(model.predict_proba, X)
    hits = proba.argmax(axis=1) == y
    gaps = calibration_gaps(proba, y)
    doubt, information = entropy(proba, axis=1), None
    if name == OURS:
        doubt, information = model.predict_uncertainty(X)
    return {
        "log_loss": log_loss(y, proba, labels=model.classes_),
        "accuracy": accuracy_score(y, proba.argmax(axis=1)),
        "ece": calibration_error(gaps, len(y)),
        "gaps": " ".join(f"{gap:.6g}" for gap in gaps),
        "rejection": rejection_area(doubt, hits),
        "rejection_information": (
            np.nan if information is None else rejection_area(information, hits)
        ),
        "fit_seconds": fit_seconds,
        "predict_seconds": predict_seconds,
    }


def measure(name, dataset, split, rows):
    """Return the CSV's row of a contender on a split."""
    take = measure_classification if dataset.classifies else measure_regression
    return take(name, dataset, split, *rows) | {
        "n_features": dataset.X.shape[1],
        "n_train": len(rows[0]),
        "n_test": len(rows[1]),
        "given": bool(dataset.given),
        "task": CLASSES if dataset.classifies else REALS,
    }


def n_splits(dataset, n):
    """Return how many splits of a set to take: n, or what its rows leave time for."""
    if n is not None:
        return n
    if dataset.given:
        return len(dataset.given)
    return 2 if len(dataset.y) > 10_000 else 5


def cells(sets, contenders, n):
    """Yield a cell for each set, split and contender that is installed and can take it."""
    contenders = command_line.installed(contenders, "torch", TORCH)
    for dataset in sets:
        for split, rows in enumerate(dataset.splits(n_splits(dataset, n))):
            for name in contenders:
                too_many = name == PROCESS and len(rows[0]) > PROCESS_ROWS
                if name in contenders_of(dataset) and not too_many:
                    yield Cell((dataset.name, split, name), (name, dataset, split, rows))


def parse(arguments):
    """Return the options, the data sets and the contenders' names."""
    parser = command_line.parser(__doc__, "data", "sets", "contenders", "splits")
    options = parser.parse_args(arguments)
    included = datasets.included() + datasets.synthetic(SIZES)
    sets = command_line.chosen(parser, options, included, QUICK)
    contenders = options.contenders or NAMES
    command_line.pick(parser, "contender", dict.fromkeys(NAMES), contenders)
    if options.quick:
        options.splits = 2
        contenders = [name for name in contenders if name not in TORCH]
    return options, sets, contenders


def main(arguments=None):
    """Measure, write, print; return the exit status."""
    options, sets, contenders = parse(arguments)
    facts = partial(machine, "numpy", "scipy", "scikit-learn", "numba", "torch")
    results = Results(options.out / "uncertainty.csv", COLUMNS, KEY, text=["gaps"], facts=facts)
    todo = cells(sets, contenders, options.splits)
    how = {"draw": figure.draw, "summary": report.summary, "warm_up": warm_up}
    table = complete(results, options, measure, todo, report.markdown, **how)
    return all_met(report.verdicts(table))


if __name__ == "__main__":
    sys.exit(main())
