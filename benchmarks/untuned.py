"""Untuned fits beside untuned peers: test score and fit time on many data sets.

    python benchmarks/untuned.py [--data FOLDER] [--hidden 256 256] [--sets NAME ...]
                                 [--contenders NAME ...] [--splits N] [--quick] [--again]

Every contender has its defaults and one thread, and sees the same random splits of 80 / 20, or the
data set's own. MLP is scikit-learn's, given standardised inputs and, in regression, standardised
targets; the others see all as it is. Fits are timed warm, after one that compiles and imports; the
seconds are medians.

Each fit adds a row to untuned.csv, and one that has its row is not run again, so that a long run
may be ended and taken up. Then untuned.md and untuned.png are drawn of all rows. Rows of another
version of the package are dropped; --again drops those that are asked for. Ends with 1 where the
acceptance rule is missed.
"""

import argparse
import logging
import sys
import time
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import untuned_figure
import untuned_report
from reports import append_row
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, r2_score, root_mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from untuned_report import ACCURACY, MLP, OURS, R2

import sksgdprune
from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

RESULTS = Path(__file__).parent / "results"
REALMLP = "RealMLP-TD-S"
QUICK = "iris", "wine", "diabetes", "linear-500"
COLUMNS = (
    *("set", "n_features", "n_train", "n_test", "given", "split", "contender", "hidden", "version"),
    *("metric", "score", "rmse", "seconds", "warnings"),
)


# The contenders: functions of whether there are classes, the hidden layers' sizes and a seed.


def ours(classifies, hidden, seed):
    """Return our estimator."""
    kind = PreconditionedMLPClassifier if classifies else PreconditionedMLPRegressor
    return kind(hidden_layer_sizes=hidden, random_state=seed)


def mlp(classifies, hidden, seed):
    """Return scikit-learn's, with all that is not a class standardised."""
    kind = MLPClassifier if classifies else MLPRegressor
    model = make_pipeline(StandardScaler(), kind(hidden_layer_sizes=hidden, random_state=seed))
    return model if classifies else TransformedTargetRegressor(model, transformer=StandardScaler())


def gradient_boosting(classifies, hidden, seed):
    """Return scikit-learn's boosted trees."""
    kind = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    return kind(random_state=seed)


def realmlp(classifies, hidden, seed):
    """Return pytabkit's RealMLP with its own defaults, hidden layers among them."""
    import torch
    from pytabkit import RealMLP_TD_S_Classifier, RealMLP_TD_S_Regressor

    torch.set_num_threads(1)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    kind = RealMLP_TD_S_Classifier if classifies else RealMLP_TD_S_Regressor
    return kind(device="cpu", n_threads=1, random_state=seed)


CONTENDERS = {
    OURS: ours,
    MLP: mlp,
    "HistGradientBoosting": gradient_boosting,
    REALMLP: realmlp,
}


@cache
def warm_up(name, classifies, hidden):
    """Fit once, a small problem, what compiles or imports in its first fit."""
    X, y = (make_classification if classifies else make_regression)(100, 20, random_state=0)
    CONTENDERS[name](classifies, hidden, 0).fit(X, y)


def measure(name, dataset, hidden, split, rows):
    """Return the CSV's row of a contender on a split."""
    train, test = rows
    X, y, y_test = dataset.X[train], dataset.y[train], dataset.y[test]
    metric = accuracy_score if dataset.classifies else r2_score
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warm_up(name, dataset.classifies, hidden)
        model = CONTENDERS[name](dataset.classifies, hidden, split)
        caught.clear()
        started = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - started
        predicted = np.ravel(model.predict(dataset.X[test]))
    return {
        "set": dataset.name,
        "n_features": X.shape[1],
        "n_train": len(train),
        "n_test": len(test),
        "given": bool(dataset.given),
        "split": split,
        "contender": name,
        "hidden": label(hidden),
        "version": sksgdprune.__version__,
        "metric": ACCURACY if dataset.classifies else R2,
        "score": metric(y_test, predicted),
        "rmse": np.nan if dataset.classifies else root_mean_squared_error(y_test, predicted),
        "seconds": seconds,
        "warnings": len(caught),
    }


def label(hidden):
    """Return the hidden layers' sizes as in "256x256"."""
    return "x".join(map(str, hidden))


def finished(path, hidden):
    """Return the rows of the CSV that are of these hidden layers and this version."""
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS)
    table = pd.read_csv(path, dtype={"hidden": str, "version": str})
    return table[(table["hidden"] == label(hidden)) & (table["version"] == sksgdprune.__version__)]


def measure_all(path, sets, contenders, options):
    """Append to the CSV a row for each set, split and contender that has none."""
    hidden, table = options.hidden, finished(path, options.hidden)
    if options.again:
        names = [dataset.name for dataset in sets]
        table = table[~(table["set"].isin(names) & table["contender"].isin(contenders))]
    table.to_csv(path, index=False)
    done = set(zip(table["set"], table["split"], table["contender"], strict=True))
    cells = [
        (name, dataset, hidden, split, rows)
        for dataset in sets
        for split, rows in enumerate(dataset.splits(options.splits))
        for name in contenders
        if (dataset.name, split, name) not in done
    ]
    for i, cell in enumerate(cells, start=1):
        row = measure(*cell)
        append_row(path, row, COLUMNS)
        told = "{set}, split {split}, {contender}: {metric} {score:.4f} in {seconds:.2f} s"
        print(f"[{i}/{len(cells)}]", told.format(**row), file=sys.stderr, flush=True)


def parse(arguments):
    """Return the options, the data sets and the contenders' names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of more sets; datasets.py says how")
    parser.add_argument("--hidden", type=int, nargs="+", default=[100], help="units of each layer")
    parser.add_argument("--sets", nargs="+", metavar="NAME", help="only these sets")
    parser.add_argument("--contenders", nargs="+", metavar="NAME", choices=CONTENDERS, help="only")
    parser.add_argument("--splits", type=int, default=5, help="of each set (default: 5)")
    parser.add_argument("--quick", action="store_true", help="few small sets, 2 splits")
    parser.add_argument("--again", action="store_true", help="measure also what has its row")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args(arguments)
    options.hidden = tuple(options.hidden)
    if options.quick:
        options.splits = 2
    sets = datasets.included() + datasets.synthetic()
    sets += datasets.folder(options.data) if options.data else []
    known = {dataset.name: dataset for dataset in sorted(sets, key=lambda dataset: dataset.y.size)}
    if len(known) < len(sets):
        parser.error("two data sets have the same name")
    names = options.sets or (QUICK if options.quick else known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no data set is called {', '.join(unknown)}; there are {', '.join(known)}")
    return options, [known[name] for name in names], list(options.contenders or CONTENDERS)


def main(arguments=None):
    """Measure, write, print; return the exit status."""
    options, sets, contenders = parse(arguments)
    if REALMLP in contenders and find_spec("pytabkit") is None:
        contenders.remove(REALMLP)
        print(f"{REALMLP} is left out, as pytabkit is not installed", file=sys.stderr)
    suffix = "" if options.hidden == (100,) else f"_{label(options.hidden)}"
    path = options.out / f"untuned{suffix}.csv"
    options.out.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1):
        measure_all(path, sets, contenders, options)
    table, figure = finished(path, options.hidden), path.with_suffix(".png")
    report = untuned_report.markdown(table, figure.name)
    path.with_suffix(".md").write_text(report, encoding="utf-8")
    untuned_figure.draw(table, figure)
    print(untuned_report.summary(table))
    return 0 if all(verdict.met for verdict in untuned_report.verdicts(table)) else 1


if __name__ == "__main__":
    sys.exit(main())
