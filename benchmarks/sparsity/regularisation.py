"""Log-loss of pruned networks under three priors, beside boosted trees, on tables of classes.

    python -m benchmarks.sparsity.regularisation [--data FOLDER] [--sets NAME ...]
        [--contenders NAME ...] [--splits N] [--jobs N] [--quick] [--again] [--report]

Splits are those of `accuracy.tables`: 80 / 20, stratified, with the seeds 0, 1, 2. Everything but
the prior and p has its default, and one thread. The priors are alpha="auto", the precision 2 that
was the default before alpha was chosen, and scikit-learn's alpha of 1e-4; the encoding is
chosen by held-out rows in each. "fit" is the estimator itself, which ends early; "p = …" is a
SparsitySweep, which takes all its steps, so that p = 0 is the control for the cut. In one more
sweep p, of 0, 0.8 and 0.95, is chosen by threefold cross-validation of the log-loss within the
training rows and refit="one_se". Tables of more than 1,500 rows are left out.

A table is noisy where the default fit explains less than half of the log-loss of its class
frequencies (scikit-learn's D²), in threefold cross-validation within the training rows.

Writes regularisation.csv, a row per fit, regularisation.md and regularisation.png; goes on where it
was ended.
"""

import sys
from functools import partial

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_score

from benchmarks._common import command_line
from benchmarks._common.reports import machine
from benchmarks._common.results import Cell, Results, complete
from benchmarks._common.timing import timed
from benchmarks.accuracy.tables import graded
from benchmarks.sparsity import regularisation_figure, regularisation_report
from benchmarks.sparsity.regularisation_contenders import CONTENDERS, FOLDS, warm_up
from benchmarks.sparsity.regularisation_report import (
    CHOSEN,
    DEFAULT,
    LIGHTGBM,
    SEARCHED,
    TREES,
    label,
)

MOST_ROWS = 1_500  # of a table
QUICK = "iris", "wine"
QUICK_CONTENDERS = DEFAULT, label(CHOSEN, 0.0), label(CHOSEN, 0.95), TREES
KEY = "set", "split", "contender"
COLUMNS = (
    *(*KEY, "n_features", "n_train", "n_test", "version", "score", "log_loss", "explained"),
    *("p", "alpha", "seconds", "warnings"),
)


def measure(name, dataset, split, rows):
    """Return the row of a contender on a split."""
    train, test = rows
    X, y = dataset.X[train], dataset.y[train]
    model = CONTENDERS[name](len(train), split)
    _, seconds = timed(model.fit, X, y)
    row = {
        "n_features": X.shape[1],
        "n_train": len(train),
        "n_test": len(test),
        "p": getattr(model, "best_p_", np.nan),
        "alpha": getattr(getattr(model, "best_estimator_", model), "alpha_", np.nan),
        "explained": explained(X, y, split) if name == DEFAULT else np.nan,
        "seconds": seconds,
    }
    return row | graded(model, dataset.X[test], dataset.y[test], True)


def explained(X, y, seed):
    """Return which part of the log-loss the default fit explains in folds of training rows."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    model = CONTENDERS[DEFAULT](len(y), seed)
    return cross_val_score(model, X, y, cv=folds, scoring="d2_log_loss_score").mean()


def cells(sets, contenders, n_splits):
    """Yield a cell for each set, split and contender; the search comes last."""
    contenders = command_line.installed(contenders, "lightgbm", [LIGHTGBM])
    tried = [
        (name, dataset, split, rows)
        for dataset in sets
        for split, rows in enumerate(dataset.splits(n_splits))
        for name in contenders
    ]
    for name, dataset, split, rows in sorted(tried, key=lambda each: each[0] == SEARCHED):
        yield Cell((dataset.name, split, name), (name, dataset, split, rows))


def parse(arguments):
    """Return the options, the tables of classes and the contenders' names."""
    names = "data", "sets", "contenders", "splits", "jobs"
    parser = command_line.parser(__doc__, *names, splits=3)
    options = parser.parse_args(arguments)
    options.splits = 1 if options.quick else options.splits
    known = command_line.tables(options)
    sets = command_line.chosen(parser, options, known, QUICK)
    sets = [each for each in sets if each.classifies and len(each.y) <= MOST_ROWS]
    asked = options.contenders or (QUICK_CONTENDERS if options.quick else CONTENDERS)
    command_line.pick(parser, "contender", CONTENDERS, asked)
    return options, sets, asked


def main(arguments=None):
    """Measure, write, print."""
    options, sets, contenders = parse(arguments)
    facts = partial(machine, "numpy", "scipy", "scikit-learn", "numba", "lightgbm")
    results = Results(options.out / "regularisation.csv", COLUMNS, KEY, facts=facts)
    todo = cells(sets, contenders, options.splits)
    complete(
        results,
        options,
        measure,
        todo,
        regularisation_report.markdown,
        draw=regularisation_figure.draw,
        summary=regularisation_report.summary,
        warm_up=warm_up,
    )


if __name__ == "__main__":
    sys.exit(main())
