"""Untuned fits of tables beside untuned peers: scores, log-loss and fit time.

    python -m benchmarks.accuracy.tables [--data FOLDER] [--sets NAME ...] [--contenders NAME ...]
                                         [--splits N] [--quick] [--again] [--report]

Every contender has its defaults and one thread, and sees the same splits of 80 / 20, stratified,
with the seeds 0, 1, 2, …, or the data set's own. MLP is scikit-learn's, given standardised inputs
and, in regression, standardised targets; the others see all as it is. Fits are timed warm, after
one that compiles and imports. Without a folder the sets are scikit-learn's own.

Writes tables.csv, a row per fit, tables.md and tables.png; goes on where it was ended. Ends with 1
where the acceptance rule is missed.
"""

import logging
import sys
import warnings
from functools import cache, partial

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import all_met, machine
from benchmarks._common.results import Cell, Results, complete
from benchmarks._common.timing import timed
from benchmarks.accuracy import tables_figure, tables_report
from benchmarks.accuracy.tables_report import MLP, OURS

LIGHTGBM, REALMLP = "LightGBM", "RealMLP-TD-S"
QUICK = "iris", "wine", "diabetes"
KEY = "set", "split", "contender"
COLUMNS = (
    *("set", "task", "n_features", "n_train", "n_test", "given", "split", "contender", "version"),
    *("score", "log_loss", "rmse", "seconds", "warnings"),
)


# The contenders: functions of whether there are classes and a seed.


def ours(classifies, seed):
    """Return our estimator."""
    return datasets.estimator_class(classifies)(random_state=seed)


def mlp(classifies, seed):
    """Return scikit-learn's, with all that is not a class standardised."""
    kind = MLPClassifier if classifies else MLPRegressor
    model = make_pipeline(StandardScaler(), kind(random_state=seed))
    return model if classifies else TransformedTargetRegressor(model, transformer=StandardScaler())


def gradient_boosting(classifies, seed):
    """Return scikit-learn's boosted trees."""
    kind = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    return kind(random_state=seed)


def lightgbm(classifies, seed):
    """Return LightGBM's boosted trees."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if classifies else LGBMRegressor
    return kind(random_state=seed, n_jobs=1, verbose=-1)


def realmlp(classifies, seed):
    """Return pytabkit's RealMLP with its own defaults."""
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
    LIGHTGBM: lightgbm,
    REALMLP: realmlp,
}
PACKAGES = {LIGHTGBM: "lightgbm", REALMLP: "pytabkit"}


@cache
def fit_once(name, classifies):
    """Fit a small problem, which compiles or imports."""
    CONTENDERS[name](classifies, 0).fit(*datasets.small(classifies))


def warm_up(name, dataset, split, rows):
    """Have all compiled and imported that a fit needs."""
    fit_once(name, dataset.classifies)


def measure(name, dataset, split, rows):
    """Return the CSV's row of a contender on a split."""
    train, test = rows
    X, y, y_test = dataset.X[train], dataset.y[train], dataset.y[test]
    model = CONTENDERS[name](dataset.classifies, split)
    _, seconds = timed(model.fit, X, y)
    row = {
        "task": dataset.task,
        "n_features": X.shape[1],
        "n_train": len(train),
        "n_test": len(test),
        "given": bool(dataset.given),
        "seconds": seconds,
    }
    return row | graded(model, dataset.X[test], y_test, dataset.classifies)


def graded(model, X, y, classifies):
    """Return what is told of the predictions."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        predicted = np.ravel(model.predict(X))
        if not classifies:
            rmse = root_mean_squared_error(y, predicted)
            return {"score": r2_score(y, predicted), "log_loss": np.nan, "rmse": rmse}
        P = model.predict_proba(X)
    loss = log_loss(y, P, labels=model.classes_)
    return {"score": accuracy_score(y, predicted), "log_loss": loss, "rmse": np.nan}


def cells(sets, contenders, n_splits):
    """Yield a cell for each set, split and contender that is installed."""
    for name, package in PACKAGES.items():
        contenders = command_line.installed(contenders, package, [name])
    for dataset in sets:
        for split, rows in enumerate(dataset.splits(n_splits)):
            for name in contenders:
                yield Cell((dataset.name, split, name), (name, dataset, split, rows))


def parse(arguments):
    """Return the options, the data sets and the contenders' names."""
    parser = command_line.parser(__doc__, "data", "sets", "contenders", "splits", splits=3)
    options = parser.parse_args(arguments)
    options.splits = 2 if options.quick else options.splits
    sets = command_line.chosen(parser, options, command_line.tables(options), QUICK)
    contenders = options.contenders or list(CONTENDERS)
    command_line.pick(parser, "contender", CONTENDERS, contenders)
    return options, sets, contenders


def main(arguments=None):
    """Measure, write, print; return the exit status."""
    options, sets, contenders = parse(arguments)
    facts = partial(
        machine, "numpy", "scipy", "scikit-learn", "numba", "lightgbm", "torch", "pytabkit"
    )
    found = Results(options.out / "tables.csv", COLUMNS, KEY, facts=facts)
    todo = cells(sets, contenders, options.splits)
    how = {"draw": tables_figure.draw, "summary": tables_report.summary, "warm_up": warm_up}
    table = complete(found, options, measure, todo, tables_report.markdown, **how)
    return all_met(tables_report.verdicts(table))


if __name__ == "__main__":
    sys.exit(main())
