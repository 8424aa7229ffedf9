"""Bytes of C at the accuracy of a dense network: pruned, small from scratch, boosted trees.

    python -m benchmarks.deployment.size_at_accuracy [--data FOLDER] [--sets NAME ...] [--jobs N]
                                                     [--quick] [--again] [--report]

Which model in C is the smallest within 0.01 of the accuracy of a dense network of 100 hidden units
(digits: 32)? Each contender is fitted in many sizes to the same rows. The smallest is chosen whose
mean accuracy on validation rows is within 0.01 of the dense network's; its accuracy on test rows, a
fifth, stands beside it. Test rows are the same throughout; each split divides the other rows into
training and validation rows, 75 / 25. Nothing is fitted again to both.

Networks are exported by `to_c` as float32 and as int8, scikit-learn's through ours with the same
parameters. Boosted trees are HistGradientBoosting's, as tables of 7 bytes a node and 4 a leaf.
Bytes are .text + .rodata of the object file (`gcc -Os`); accuracies, and the microseconds a row,
are of the compiled C (`gcc -O2`), called on one row after another by a loop in C. The machine also
had other work, so only clear differences of times count. All inputs are float32.

One more table has digits 64-32-10 pruned to 95 % in all forms of export.

Writes size_at_accuracy.csv, a row per model and type, .md and .png; goes on where it was ended.
"""

import os
import sys
import warnings
from functools import partial
from itertools import product

import numpy as np

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import machine
from benchmarks._common.results import Cell, Results, complete, tell
from benchmarks.deployment import c_code, forms
from benchmarks.deployment import size_at_accuracy_figure as figure
from benchmarks.deployment import size_at_accuracy_report as report
from benchmarks.deployment.contenders import FULL, QUICK, contenders

SETS = "digits", "pendigits", "magic", "letter"
SEEDS_OF_FORMS = 5
# From large to small: where accuracy has fallen by so much, it ends.
GIVEN_UP = 0.025
KEY = "set", "split", "contender", "setting"
COLUMNS = (
    *(*KEY, "size", "dtype", "validation", "accuracy", "text", "constants", "microseconds"),
    *(forms.MANY, "difference", "version", "warnings"),
)


def measure(dataset, key, split, n_splits, effort):
    """Return the rows of a contender on a split: of each size, of each type."""
    train, validation = dataset.inner_splits(n_splits)[split]
    ((_, test),) = dataset.splits(1)
    X, y = dataset.X.astype(np.float32), dataset.y
    found, best = [], 0
    for model in contenders(dataset.name)[key](X[train], y[train], split, effort):
        for dtype, text in model.codes.items():
            columns = measured(c_code.Code(text), X, y, validation, test)
            found.append({"size": model.size, "dtype": dtype} | columns)
        last = found[-1]["validation"]
        best = max(best, last)
        if last < best - GIVEN_UP:
            break
    return found


def measured(code, X, y, validation, test):
    """Return the columns of a model in C."""
    with c_code.running(code, X.shape[1], len(np.unique(y))) as outputs:

        def accuracy(rows):
            return np.mean(outputs(X[rows]).argmax(axis=1) == y[rows])

        return c_code.sizes(code)._asdict() | {
            "validation": accuracy(validation),
            "accuracy": accuracy(test),
            "microseconds": c_code.microseconds_a_row(outputs, X[test]),
        }


def run(measure, *arguments):
    """Return what is measured; the sizes and steps are such that fits warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return measure(*arguments)


def cells(sets, options):
    """Yield a cell for each seed of the forms, and for each split, set and setting."""
    effort = QUICK if options.quick else FULL
    for seed in range(1 if options.quick else SEEDS_OF_FORMS):
        yield Cell((forms.SET, seed, forms.FORMS, ""), (forms.measure, seed, options.quick))
    for split, dataset in product(range(options.splits), sets):
        keys = list(contenders(dataset.name))
        if options.quick:  # a setting of each contender
            keys = list({key[0]: key for key in reversed(keys)}.values())
        for key in keys:
            arguments = measure, dataset, key, split, options.splits, effort
            yield Cell((dataset.name, split, *key), arguments)


def circumstances():
    """Return what was measured on."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    facts = machine("numpy", "scikit-learn", "emlearn", "onnxruntime", "skl2onnx")
    return facts | {"load average at the end (1: nothing else ran)": load}


def parse(arguments):
    """Return the options and the data sets."""
    parser = command_line.parser(__doc__, "data", "sets", "splits", "jobs", splits=3, jobs=1)
    options = parser.parse_args(arguments)
    options.splits = 2 if options.quick else options.splits
    names = ("digits",) if options.data else ("digits", "iris")
    if options.data and not options.sets:
        options.sets = SETS
    own = [dataset for dataset in datasets.included() if dataset.name in names]
    return options, command_line.chosen(parser, options, own, ("iris",))


def main(arguments=None):
    """Measure, write, print; return the exit status."""
    options, sets = parse(arguments)
    if (missing := c_code.missing()) and not options.report:
        tell(f"nothing is measured, as these are not installed: {', '.join(missing)}")
        return 1
    how = {"text": ["setting"], "facts": circumstances}
    results = Results(options.out / "size_at_accuracy.csv", COLUMNS, KEY, **how)
    markdown = partial(report.markdown, doc=__doc__)
    complete(results, options, run, cells(sets, options), markdown, draw=figure.draw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
