"""Size and speed of an exported network, form by form.

    python -m benchmarks.deployment.exports [--quick] [--out FOLDER]

The data are digits, and for a larger network digits enlarged to 28 × 28, in float32. The networks
are dense, with 95 % of the weights pruned, and with 80 % of the hidden units pruned and compacted.
Two controls are a dense network of as few units trained from scratch, and boosted trees of few
leaves (which skl2onnx 1.20 cannot convert). The table compares them form by form: a pickle with the
training state, sparsified where that is smaller; a pickle for inference only, of scikit-learn's MLP
(`to_sklearn`); ONNX by skl2onnx; ONNX with int8 weights by onnxruntime (`quantize_dynamic`, per
channel); and C (`to_c`; trees as tables and a loop). Sizes are those of the pickle or the ONNX
file, and of .text and .rodata of the C (`gcc -Os`); zipped sizes are by zlib (level 6). Latencies
are those of `predict_proba`, of an onnxruntime session, or of the C (`gcc -O2`) called from Python:
one thread, contenders interleaved, medians over the rounds.

Writes deployment.csv and deployment.md.
"""

import os
import pickle
import sys
import tempfile
import zlib
from contextlib import ExitStack
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from scipy.ndimage import zoom
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import train_test_split

from benchmarks._common import command_line
from benchmarks._common.reports import machine, markdown_table, paragraphs
from benchmarks._common.results import Cell, Results, complete
from benchmarks._common.timing import Effort, interleave
from benchmarks.deployment import c_code
from benchmarks.deployment.trees import boosted_trees_to_c
from sksgdprune import PreconditionedMLPClassifier, prune_gradually

MANY_ROWS = 4096
P, UNITS_P = 0.95, 0.8
SIDES = {8: (32,), 28: (300, 100)}  # of the images, and the hidden layers
TREES = {"max_leaf_nodes": 8, "max_iter": 12, "early_stopping": False}
MOST_FEATURES = 256  # of trees in C
PICKLE, INFERENCE = "pickle, with its training state", "pickle, for inference only"
ONNX, INT8, C, C_INT8 = "ONNX", "ONNX, int8", "C", "C, int8"
COLUMNS = (
    *("network", "stage", "form", "weights", "bytes", "zipped_bytes", "accuracy"),
    *("microseconds_1", f"microseconds_{MANY_ROWS}", "version"),
)


class Form(NamedTuple):
    """A model in the form in which it leaves."""

    stage: str
    form: str
    n_weights: float  # that are not 0, NaN of trees
    n_bytes: int
    n_zipped: float
    predict_proba: object


def images(side):
    """Return digits of side × side pixels in float32: X_train, X_test, y_train, y_test."""
    X, y = load_digits(return_X_y=True)
    X = zoom(X.reshape(-1, 8, 8), (1, side / 8, side / 8), order=1).reshape(len(X), -1)
    return train_test_split(X.astype(np.float32), y, stratify=y, random_state=0)


def networks(X, y, hidden, n_steps):
    """Return a fitted network {name: estimator}: dense, without weights, and without units."""
    dense = PreconditionedMLPClassifier(hidden, max_steps=n_steps, random_state=0).fit(X, y)
    pruned = prune_gradually(deepcopy(dense), X, y, P, n_steps=n_steps)
    small = prune_gradually(deepcopy(dense), X, y, UNITS_P, n_steps=n_steps, structure="unit")
    return {
        "dense": dense,
        f"{100 * P:.0f} % of the weights pruned": pruned,
        f"{100 * UNITS_P:.0f} % of the units pruned": small.compact(),
    }


def stages(X, y, hidden, n_steps):
    """Yield (name, model): the networks, and the controls."""
    found = networks(X, y, hidden, n_steps)
    yield from found.items()
    few = tuple(map(len, [*found.values()][-1].intercepts_[:-1]))
    scratch = PreconditionedMLPClassifier(few, max_steps=2 * n_steps, random_state=0)
    yield f"{'-'.join(map(str, few))} units from scratch", scratch.fit(X, y)
    trees = HistGradientBoostingClassifier(**TREES, random_state=0)
    yield "boosted trees of few leaves", trees.fit(X, y)


def session(content):
    """Return the predict_proba of an ONNX file's content, in one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    running = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    name = running.get_inputs()[0].name
    return lambda X: running.run(["probabilities"], {name: X})[0]


def quantized(onnx):
    """Return the content of the file with weights in int8."""
    places = list(sys.path)
    from onnxruntime.quantization import quantize_dynamic

    sys.path[:] = places  # it adds a folder of modules with names like "metrics"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "int8.onnx")
        quantize_dynamic(onnx, path, per_channel=True)  # or features of a small scale spoil it
        return path.read_bytes()


def pickles(model):
    """Yield (form, content, predict_proba) of a model's pickles."""
    if isinstance(model, HistGradientBoostingClassifier):
        yield INFERENCE, pickle.dumps(model), model.predict_proba
        return
    ours = min((model, deepcopy(model).sparsify()), key=lambda form: len(pickle.dumps(form)))
    yield PICKLE, pickle.dumps(ours), ours.predict_proba
    mlp = model.to_sklearn()
    yield INFERENCE, pickle.dumps(mlp), mlp.predict_proba


def onnx_files(model, X):
    """Yield (form, content, predict_proba) of a model's ONNX files; of trees there are none."""
    if isinstance(model, HistGradientBoostingClassifier):
        return
    onnx = to_onnx(model.to_sklearn(), X[:1], options={"zipmap": False})
    for form, content in {ONNX: onnx.SerializeToString(), INT8: quantized(onnx)}.items():
        yield form, content, session(content)


def c_codes(model, n_features):
    """Yield (form, Code) of a model."""
    if isinstance(model, PreconditionedMLPClassifier):
        yield C, c_code.Code(model.to_c())
        yield C_INT8, c_code.Code(model.to_c(dtype="int8"))
    elif n_features <= MOST_FEATURES:
        yield C, c_code.Code(boosted_trees_to_c(model, model.n_iter_))


def forms(stage, model, X, open_libraries):
    """Yield the Forms of a model."""
    n_weights = sum(np.count_nonzero(W) for W in getattr(model, "coefs_", [])) or np.nan
    for form, content, predict_proba in (*pickles(model), *onnx_files(model, X)):
        n_zipped = len(zlib.compress(content))
        yield Form(stage, form, n_weights, len(content), n_zipped, predict_proba)
    for form, code in c_codes(model, X.shape[1]):
        running = c_code.running(code, X.shape[1], len(model.classes_))
        predict_proba = open_libraries.enter_context(running)
        yield Form(stage, form, n_weights, sum(c_code.sizes(code)), np.nan, predict_proba)


def name_of(side, hidden):
    """Return a network's name, its sizes."""
    return "-".join(map(str, (side**2, *hidden, 10)))


def measure(side, hidden, n_steps, effort):
    """Return the rows of a network, one for each stage and form."""
    X, X_test, y, y_test = images(side)
    many = np.resize(X_test, (MANY_ROWS, X.shape[1]))
    with ExitStack() as open_libraries:
        found = [
            form
            for stage, model in stages(X, y, hidden, n_steps)
            for form in forms(stage, model, X, open_libraries)
        ]
        runs = {
            (form, n): c_code.repeated(form.predict_proba, many[:n])
            for form in found
            for n in (1, len(many))
        }
        times = interleave(runs, effort)
        return [
            {
                "stage": form.stage,
                "form": form.form,
                "weights": form.n_weights,
                "bytes": form.n_bytes,
                "zipped_bytes": form.n_zipped,
                "accuracy": np.mean(form.predict_proba(X_test).argmax(axis=1) == y_test),
                "microseconds_1": np.median(times[form, 1]),
                f"microseconds_{MANY_ROWS}": np.median(times[form, MANY_ROWS]),
            }
            for form in found
        ]


def network_table(table):
    """Return a network's table in Markdown, form by form."""
    header = ["form", "network", "weights", "kB", "of dense", "zipped, kB", "accuracy"]
    header += ["1 row, µs", f"{MANY_ROWS:,} rows, ms"]
    cells = []
    for form, rows in table.groupby("form", sort=False):
        dense = rows[rows.stage == "dense"].bytes.iloc[0]
        for i, row in enumerate(rows.itertuples()):
            cells.append(
                [
                    "" if i else form,
                    row.stage,
                    _number(row.weights, "{:,.0f}"),
                    f"{row.bytes / 1000:,.1f}",
                    "" if row.stage == "dense" else f"1/{dense / row.bytes:.1f}",
                    _number(row.zipped_bytes / 1000, "{:,.1f}"),
                    f"{row.accuracy:.3f}",
                    f"{row.microseconds_1:,.0f}",
                    f"{getattr(row, f'microseconds_{MANY_ROWS}') / 1000:.2f}",
                ]
            )
    return markdown_table(header, cells)


def _number(value, form):
    return "" if np.isnan(value) else form.format(value)


def markdown(table, about):
    """Return the report."""
    networks = table.groupby("network", sort=False)
    return paragraphs(
        "# Size and latency of a finished network",
        "Made by `python -m benchmarks.deployment.exports`.",
        __doc__.split("\n\n")[2],
        about,
        *(part for name, rows in networks for part in (f"## {name}", network_table(rows))),
    )


def circumstances(effort):
    """Return what was measured on."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    facts = machine("numpy", "scikit-learn", "skl2onnx", "onnxruntime", "skops")
    facts["load average at the end (1: nothing else ran)"] = load
    return facts | {"rounds of which latencies are medians": f"{effort.rounds}"}


def main(arguments=None):
    """Measure, write, print."""
    options = command_line.parser(__doc__).parse_args(arguments)
    effort = Effort(3, 0.01, 1, 1) if options.quick else Effort(15, 0.1, 1, 1)
    n_steps = 200 if options.quick else 6000
    facts = partial(circumstances, effort)
    results = Results(options.out / "deployment.csv", COLUMNS, ["network"], facts=facts)
    todo = [Cell((name_of(*size),), (*size, n_steps, effort)) for size in SIDES.items()]
    complete(results, options, measure, todo, markdown)


if __name__ == "__main__":
    sys.exit(main())
