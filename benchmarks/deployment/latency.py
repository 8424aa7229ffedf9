"""Latency of one row, for each way in which a service can predict it.

    python -m benchmarks.deployment.latency [--quick] [--out FOLDER]

The data are digits, and for a larger network digits enlarged to 28 × 28, in float32. The networks
are dense, with 95 % of the weights pruned, and with 80 % of the hidden units pruned and compacted.
Each predicts as the estimator (with pruned weights sparsified), as scikit-learn's MLP
(`to_sklearn`), in ONNX Runtime, and as C (`to_c`, compiled by the system's compiler, called by
ctypes), with one thread. Each call of `predict_proba` for one row is timed by itself, the
contenders in turns. "First row" is the first call in a new process, after imports and loading,
which are timed, too. Times are CPU times, so that other processes and files do not count.

Writes latency.csv and latency.md.
"""

import sys
import tempfile
import time
import zipfile
from copy import deepcopy
from functools import partial
from pathlib import Path
from string import Template
from typing import NamedTuple

import numpy as np
import skops.io
from skl2onnx import to_onnx

from benchmarks._common import command_line
from benchmarks._common.reports import markdown_table, paragraphs
from benchmarks._common.results import Cell, Results, complete
from benchmarks._common.timing import median_of, new_caches
from benchmarks.deployment import c_code
from benchmarks.deployment.exports import SIDES, circumstances, images, name_of, networks

OURS, MLP, ONNX, C = "sksgdprune", "scikit-learn's MLP", "ONNX Runtime", "C by ctypes"
COLUMNS = (
    *("network", "stage", "form", "median_microseconds", "p99_microseconds", "n_calls"),
    *("load_milliseconds", "first_row_milliseconds", "version"),
)

# Programs that load what lies at PATH and define predict_proba, as a service would have them.
LOAD = {
    OURS: """
import skops.io
from sksgdprune import PreconditionedMLPClassifier

predict_proba = skops.io.load(PATH, trusted=[PreconditionedMLPClassifier]).predict_proba
""",
    MLP: """
import skops.io

predict_proba = skops.io.load(PATH).predict_proba
""",
    ONNX: """
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(PATH, options, ["CPUExecutionProvider"])


def predict_proba(X):
    return session.run(["probabilities"], {"X": X})[0]
""",
    C: """
import ctypes
import numpy as np

rows = np.ctypeslib.ndpointer(np.float32, ndim=2, flags="C")
predict = ctypes.CDLL(PATH).network_predict
predict.argtypes, predict.restype = (rows, rows), None


def predict_proba(X):
    Y = np.empty((1, 10), np.float32)
    predict(X, Y)
    return Y
""",
}
# Times imports and loading, and the first row.
FIRST = Template("""
import json
import time

import numpy as np

X, PATH = np.ones((1, $n_features), np.float32), $path
started = time.process_time()
$program
loaded = time.process_time()
predict_proba(X)
print(json.dumps([1e3 * (loaded - started), 1e3 * (time.process_time() - loaded)]))
""")


class Effort(NamedTuple):
    """How long to measure."""

    rounds: int
    calls: int  # of each contender in a round
    processes: int  # of which medians are taken
    n_steps: int  # of training


QUICK, FULL = Effort(2, 5, 1, 50), Effort(50, 100, 3, 2000)


def files(network, X, folder):
    """Write a network in all its forms, and return {form: path}; ours without what is pruned."""
    mlp = network.to_sklearn()
    onnx = to_onnx(mlp, X[:1], options={"zipmap": False})
    served = deepcopy(network).sparsify() if network.sparsity_ > 0 else network
    paths = {OURS: folder / "ours.skops", MLP: folder / "mlp.skops", ONNX: folder / "mlp.onnx"}
    skops.io.dump(served, paths[OURS], compression=zipfile.ZIP_DEFLATED)
    skops.io.dump(mlp, paths[MLP], compression=zipfile.ZIP_DEFLATED)
    paths[ONNX].write_bytes(onnx.SerializeToString())
    if not c_code.missing():
        paths[C] = c_code.library(network.to_c(), folder)
    return paths


def loaded(form, path):
    """Return the predict_proba of a file."""
    names = {"PATH": str(path)}
    exec(LOAD[form], names)
    return names["predict_proba"]


def first_row(form, path, n_features, n_processes):
    """Return milliseconds of imports and loading, and of the first row, in a new process."""
    script = FIRST.substitute(n_features=n_features, path=repr(str(path)), program=LOAD[form])
    with new_caches(1) as caches:
        return median_of(script, caches * n_processes)


def call_times(predictors, X, effort):
    """Return microseconds of each call for one row, {form: array}; all forms predict the same."""
    expected = predictors[OURS](X)
    times = {form: [] for form in predictors}
    for _ in range(effort.rounds):
        for form, predict_proba in predictors.items():
            for i in range(effort.calls):
                row = X[i : i + 1]
                started = time.thread_time()
                found = predict_proba(row)
                times[form].append(1e6 * (time.thread_time() - started))
                np.testing.assert_allclose(found[0], expected[i], atol=1e-3)
    return times


def measure(side, hidden, effort):
    """Return the rows of a network, one for each stage and form."""
    X, X_test, y, _ = images(side)
    rows = []
    for stage, network in networks(X, y, hidden, effort.n_steps).items():
        with tempfile.TemporaryDirectory() as folder:
            paths = files(network, X, Path(folder))
            first = {
                f: first_row(f, path, X.shape[1], effort.processes) for f, path in paths.items()
            }
            times = call_times({f: loaded(f, path) for f, path in paths.items()}, X_test, effort)
        rows += [row_of(stage, form, times[form], first[form]) for form in paths]
    return rows


def row_of(stage, form, times, first):
    """Return a row of the results."""
    load, row = first or (np.nan, np.nan)
    return {
        "stage": stage,
        "form": form,
        "median_microseconds": np.median(times),
        "p99_microseconds": np.percentile(times, 99),
        "n_calls": len(times),
        "load_milliseconds": load,
        "first_row_milliseconds": row,
    }


def network_table(table):
    """Return a network's table in Markdown."""
    header = ["", "by", "median, µs", "99th percentile, µs", "import and load, ms"]
    cells = [
        [
            row.stage if row.form == OURS else "",
            row.form,
            f"{row.median_microseconds:,.0f}",
            f"{row.p99_microseconds:,.0f}",
            f"{row.load_milliseconds:,.0f}",
            f"{row.first_row_milliseconds:.1f}",
        ]
        for row in table.itertuples()
    ]
    return markdown_table([*header, "first row, ms"], cells)


def markdown(table, about):
    """Return the report."""
    networks = table.groupby("network", sort=False)
    return paragraphs(
        "# Latency of one row",
        "Made by `python -m benchmarks.deployment.latency`.",
        __doc__.split("\n\n")[2],
        about,
        *(part for name, rows in networks for part in (f"## {name}", network_table(rows))),
    )


def main(arguments=None):
    """Measure, write, print."""
    options = command_line.parser(__doc__).parse_args(arguments)
    effort = QUICK if options.quick else FULL
    facts = partial(circumstances, effort)
    results = Results(options.out / "latency.csv", COLUMNS, ["network"], facts=facts)
    todo = [Cell((name_of(*size),), (*size, effort)) for size in SIDES.items()]
    complete(results, options, measure, todo, markdown)


if __name__ == "__main__":
    sys.exit(main())
