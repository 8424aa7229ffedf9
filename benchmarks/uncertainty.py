"""How honest untuned uncertainty is: likelihoods, intervals and probabilities beside peers'.

    python benchmarks/uncertainty.py [--data FOLDER] [--sets NAME ...] [--contenders NAME ...]
                                     [--splits N] [--quick] [--again] [--out FOLDER]

Every contender has one setting for all sets and one thread, and sees the same splits: a UCI set's
own, of which the published figures are, too; else random ones of 80 / 20, five, or two where there
are more than 10,000 rows. Log-likelihoods are means over test rows, in the targets' own unit;
intervals are to hold 90 %. Seconds are taken warm, after a fit that compiles and imports; those of
predictions are of mean and interval, or of probabilities, for all test rows.

Each fit adds a row to uncertainty.csv, and one that has its row is not run again, so that a long
run may be ended and taken up. Then uncertainty.md and uncertainty.png are drawn of all rows. Rows
of another version of the package are dropped; --again drops those that are asked for. Ends with 1
where an acceptance line is missed.
"""

import argparse
import sys
import time
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import uncertainty_figure
import uncertainty_report
from reports import append_row
from scipy.stats import entropy
from sklearn.datasets import make_classification, make_regression
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error
from threadpoolctl import threadpool_limits
from uncertainty_metrics import calibration_error, calibration_gaps, coverage, rejection_area
from uncertainty_peers import CLASSIFIERS, PROCESS_ROWS, REGRESSORS, TORCH
from uncertainty_report import CLASSES, OURS, PROCESS, REALS

import sksgdprune

RESULTS = Path(__file__).parent / "results"
SIZES = 100, 1_000, 10_000  # of the synthetic sets
QUICK = "iris", "wine", "diabetes", "friedman1-100"
ABOUT = "set", "n_features", "n_train", "n_test", "given", "split", "contender", "version", "task"
COLUMNS = (
    *ABOUT,
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
def warm_up(name, classifies):
    """Fit once, a small problem, what compiles or imports in its first fit."""
    if classifies:
        X, y = make_classification(100, 20, random_state=0)
        CLASSIFIERS[name](0).fit(X, y).predict_proba(X)
    else:
        X, y = make_regression(100, 5, random_state=0)
        model = REGRESSORS[name](0, 50)
        model.fit(X, y)
        model.forecast(X)


def timed(call, *arguments):
    """Return what a call returns, and its seconds."""
    started = time.perf_counter()
    result = call(*arguments)
    return result, time.perf_counter() - started


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
    train, test = rows
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warm_up(name, dataset.classifies)
        caught.clear()
        take = measure_classification if dataset.classifies else measure_regression
        found = take(name, dataset, split, train, test)
    return {
        "set": dataset.name,
        "n_features": dataset.X.shape[1],
        "n_train": len(train),
        "n_test": len(test),
        "given": bool(dataset.given),
        "split": split,
        "contender": name,
        "version": sksgdprune.__version__,
        "task": CLASSES if dataset.classifies else REALS,
        "warnings": len(caught),
    } | found


def n_splits(dataset, n):
    """Return how many splits of a set to take: n, or what its rows leave time for."""
    if n is not None:
        return n
    if dataset.given:
        return len(dataset.given)
    return 2 if len(dataset.y) > 10_000 else 5


def finished(path):
    """Return the rows of the CSV that are of this version."""
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS)
    table = pd.read_csv(path, dtype={"version": str, "gaps": str})
    return table[table["version"] == sksgdprune.__version__]


def cells(sets, contenders, n):
    """Yield (contender, set, split, rows) for all that is to be measured."""
    for dataset in sets:
        for split, rows in enumerate(dataset.splits(n_splits(dataset, n))):
            for name in contenders:
                too_many = name == PROCESS and len(rows[0]) > PROCESS_ROWS
                if name in contenders_of(dataset) and not too_many:
                    yield name, dataset, split, rows


def measure_all(path, sets, contenders, options):
    """Append to the CSV a row for each set, split and contender that has none."""
    table = finished(path)
    if options.again:
        names = [dataset.name for dataset in sets]
        table = table[~(table["set"].isin(names) & table["contender"].isin(contenders))]
    table.to_csv(path, index=False)
    done = set(zip(table["set"], table["split"], table["contender"], strict=True))
    left = [
        (name, dataset, split, rows)
        for name, dataset, split, rows in cells(sets, contenders, options.splits)
        if (dataset.name, split, name) not in done
    ]
    for i, cell in enumerate(left, start=1):
        row = measure(*cell)
        append_row(path, row, COLUMNS)
        told = "{set}, split {split}, {contender}: " + (
            "log-loss {log_loss:.4f}, accuracy {accuracy:.4f}, ECE {ece:.4f}"
            if row["task"] == CLASSES
            else "RMSE {rmse:.4g}, log-likelihood {log_likelihood:.4f}, coverage {coverage:.3f}"
        )
        print(
            f"[{i}/{len(left)}] {told.format(**row)} in {row['fit_seconds']:.2f} s",
            file=sys.stderr,
            flush=True,
        )


def parse(arguments):
    """Return the options, the data sets and the contenders' names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of more sets; datasets.py says how")
    parser.add_argument("--sets", nargs="+", metavar="NAME", help="only these sets")
    parser.add_argument("--contenders", nargs="+", metavar="NAME", choices=NAMES, help="only")
    parser.add_argument("--splits", type=int, help="at most, of each set (default: see above)")
    parser.add_argument("--quick", action="store_true", help="few small sets, 2 splits, no torch")
    parser.add_argument("--again", action="store_true", help="measure also what has its row")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args(arguments)
    sets = datasets.included() + datasets.synthetic(SIZES)
    sets += datasets.folder(options.data) if options.data else []
    known = {dataset.name: dataset for dataset in sorted(sets, key=lambda dataset: dataset.y.size)}
    if len(known) < len(sets):
        parser.error("two data sets have the same name")
    contenders = list(options.contenders or NAMES)
    if options.quick:
        options.splits = 2
        contenders = [name for name in contenders if name not in TORCH]
    names = options.sets or (QUICK if options.quick else known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no data set is called {', '.join(unknown)}; there are {', '.join(known)}")
    return options, [known[name] for name in names], contenders


def without_torch(contenders):
    """Return the contenders that are installed, and tell of the others."""
    missing = [name for name in contenders if name in TORCH and find_spec("torch") is None]
    for name in missing:
        print(f"{name} is left out, as torch is not installed", file=sys.stderr)
    return [name for name in contenders if name not in missing]


def main(arguments=None):
    """Measure, write, print; return the exit status."""
    options, sets, contenders = parse(arguments)
    path = options.out / "uncertainty.csv"
    options.out.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1):
        measure_all(path, sets, without_torch(contenders), options)
    table, figure = finished(path), path.with_suffix(".png")
    report = uncertainty_report.markdown(table, figure.name)
    path.with_suffix(".md").write_text(report, encoding="utf-8")
    uncertainty_figure.draw(table, figure)
    print(uncertainty_report.summary(table))
    return 0 if all(verdict.met for verdict in uncertainty_report.verdicts(table)) else 1


if __name__ == "__main__":
    sys.exit(main())
