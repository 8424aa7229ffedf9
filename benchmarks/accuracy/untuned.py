"""Untuned fits beside untuned peers: test score and fit time on many data sets.

    python -m benchmarks.accuracy.untuned [--data FOLDER] [--hidden 256 256] [--sets NAME ...]
                                          [--contenders NAME ...] [--splits N] [--quick] [--again]

Every contender has its defaults and one thread, and sees the same random splits of 80 / 20, or the
data set's own. MLP is scikit-learn's, given standardised inputs and, in regression, standardised
targets; the others see all as it is. Fits are timed warm, after one that compiles and imports; the
seconds are medians.

Writes untuned.csv, a row per fit, untuned.md and untuned.png; goes on where it was ended. Ends with
1 where the acceptance rule is missed.
"""

import logging
import sys
from functools import cache, partial

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, r2_score, root_mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import all_met, machine
from benchmarks._common.results import Cell, Results, complete
from benchmarks._common.timing import timed
from benchmarks.accuracy import untuned_figure, untuned_report
from benchmarks.accuracy.untuned_report import MLP, OURS

REALMLP = "RealMLP-TD-S"
QUICK = "iris", "wine", "diabetes", "linear-500"
KEY = "set", "split", "contender"
COLUMNS = (
    *("set", "n_features", "n_train", "n_test", "given", "split", "contender", "hidden", "version"),
    *("metric", "score", "rmse", "seconds", "warnings"),
)


# The contenders: functions of whether there are classes, the hidden layers' sizes and a seed.


def ours(classifies, hidden, seed):
    """Return our estimator."""
    return datasets.estimator_class(classifies)(hidden_layer_sizes=hidden, random_state=seed)


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
def fit_once(name, classifies, hidden):
    """Fit a small problem, which compiles or imports."""
    CONTENDERS[name](classifies, hidden, 0).fit(*datasets.small(classifies))


def warm_up(name, dataset, hidden, split, rows):
    """Have all compiled and imported that a fit needs."""
    fit_once(name, dataset.classifies, hidden)


def measure(name, dataset, hidden, split, rows):
    """Return the CSV's row of a contender on a split."""
    train, test = rows
    X, y, y_test = dataset.X[train], dataset.y[train], dataset.y[test]
    model = CONTENDERS[name](dataset.classifies, hidden, split)
    _, seconds = timed(model.fit, X, y)
    predicted = np.ravel(model.predict(dataset.X[test]))
    score = accuracy_score if dataset.classifies else r2_score
    return {
        "n_features": X.shape[1],
        "n_train": len(train),
        "n_test": len(test),
        "given": bool(dataset.given),
        "hidden": label(hidden),
        "metric": dataset.metric,
        "score": score(y_test, predicted),
        "rmse": np.nan if dataset.classifies else root_mean_squared_error(y_test, predicted),
        "seconds": seconds,
    }


def label(hidden):
    """Return the hidden layers' sizes as in "256x256"."""
    return "x".join(map(str, hidden))


def cells(sets, contenders, n_splits, hidden):
    """Yield a cell for each set, split and contender that is installed."""
    contenders = command_line.installed(contenders, "pytabkit", [REALMLP])
    for dataset in sets:
        for split, rows in enumerate(dataset.splits(n_splits)):
            for name in contenders:
                yield Cell((dataset.name, split, name), (name, dataset, hidden, split, rows))


def results(folder, hidden):
    """Return the results; other hidden layers than the default have files of their own."""
    suffix = "" if hidden == (100,) else f"_{label(hidden)}"
    facts = partial(machine, "numpy", "scipy", "scikit-learn", "numba", "torch", "pytabkit")
    return Results(folder / f"untuned{suffix}.csv", COLUMNS, KEY, text=["hidden"], facts=facts)


def parse(arguments):
    """Return the options, the data sets and the contenders' names."""
    parser = command_line.parser(__doc__, "data", "sets", "contenders", "splits", splits=5)
    parser.add_argument("--hidden", type=int, nargs="+", default=[100], help="units of each layer")
    options = parser.parse_args(arguments)
    options.hidden = tuple(options.hidden)
    options.splits = 2 if options.quick else options.splits
    sets = command_line.chosen(parser, options, datasets.included() + datasets.synthetic(), QUICK)
    contenders = options.contenders or list(CONTENDERS)
    command_line.pick(parser, "contender", CONTENDERS, contenders)
    return options, sets, contenders


def main(arguments=None):
    """Measure, write, print; return the exit status."""
    options, sets, contenders = parse(arguments)
    found = results(options.out, options.hidden)
    todo = cells(sets, contenders, options.splits, options.hidden)
    how = {"draw": untuned_figure.draw, "summary": untuned_report.summary, "warm_up": warm_up}
    table = complete(found, options, measure, todo, untuned_report.markdown, **how)
    return all_met(untuned_report.verdicts(table))


if __name__ == "__main__":
    sys.exit(main())
