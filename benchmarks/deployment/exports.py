"""Size and speed of a finished network, by the way in which it leaves.

    python -m benchmarks.speed.deployment [--quick] [--out FOLDER]

Digits as they are, and enlarged to 28 × 28 for a larger network, in float32: dense, 95 % of the
weights pruned, these sparsified, 80 % of the hidden units pruned and compacted. Each as the
estimator itself, as scikit-learn's MLP (`to_sklearn`), as ONNX by skl2onnx, and as ONNX whose
weights onnxruntime has made int8 (`quantize_dynamic`, per channel). Sizes are of the pickle or
the ONNX file, zipped (level 6) too, and of a zipped skops file; latencies are of `predict_proba`
or of an onnxruntime session, one thread each, contenders interleaved, medians over the rounds.

Writes deployment.csv and deployment.md.
"""

import os
import pickle
import sys
import tempfile
import zipfile
import zlib
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
import skops.io
from onnxruntime.quantization import quantize_dynamic
from scipy.ndimage import zoom
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from benchmarks._common import command_line
from benchmarks._common.reports import machine, markdown_table, paragraphs
from benchmarks._common.results import Cell, Results, complete
from benchmarks._common.timing import Effort, interleave
from sksgdprune import PreconditionedMLPClassifier, prune_gradually

MANY_ROWS = 4096
P, UNITS_P = 0.95, 0.8
SIDES = {8: (32,), 28: (300, 100)}  # of the images, and the hidden layers
OURS, MLP, ONNX, INT8 = "sksgdprune", "scikit-learn's MLP", "ONNX", "ONNX, int8"
COLUMNS = (
    *("network", "stage", "form", "weights", "bytes", "zipped_bytes", "skops_bytes", "accuracy"),
    *("microseconds_1", f"microseconds_{MANY_ROWS}", "version"),
)


class Form(NamedTuple):
    """A network in the form in which it leaves."""

    stage: str
    form: str
    n_weights: int  # that are not 0
    content: bytes  # of the pickle or the ONNX file
    n_skops: float  # bytes of the skops file, NaN where there is none
    predict_proba: object


def images(side):
    """Return digits of side × side pixels in float32: X_train, X_test, y_train, y_test."""
    X, y = load_digits(return_X_y=True)
    X = zoom(X.reshape(-1, 8, 8), (1, side / 8, side / 8), order=1).reshape(len(X), -1)
    return train_test_split(X.astype(np.float32), y, stratify=y, random_state=0)


def stages(X, y, hidden, n_steps):
    """Yield (name, estimator)."""
    dense = PreconditionedMLPClassifier(hidden, max_steps=n_steps, random_state=0).fit(X, y)
    yield "dense", dense
    pruned = prune_gradually(deepcopy(dense), X, y, P, n_steps=n_steps)
    yield f"{100 * P:.0f} % pruned", pruned
    yield f"{100 * P:.0f} % pruned, sparsified", deepcopy(pruned).sparsify()
    small = prune_gradually(deepcopy(dense), X, y, UNITS_P, n_steps=n_steps, structure="unit")
    yield f"{100 * UNITS_P:.0f} % of the units pruned, compacted", small.compact()


def session(content):
    """Return the predict_proba of an ONNX file's content, in one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    running = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    name = running.get_inputs()[0].name
    return lambda X: running.run(["probabilities"], {name: X})[0]


def quantized(onnx):
    """Return the content of the file with weights in int8."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "int8.onnx")
        quantize_dynamic(onnx, path, per_channel=True)  # or features of a small scale spoil it
        return path.read_bytes()


def forms(stage, estimator, X):
    """Return the Forms of an estimator; only that of its own where it is sparsified."""
    mlp = estimator.to_sklearn()
    n_weights = sum(np.count_nonzero(W) for W in mlp.coefs_)

    def form(name, content, predict_proba, model=None):
        n_skops = np.nan
        if model is not None:
            n_skops = len(skops.io.dumps(model, compression=zipfile.ZIP_DEFLATED))
        return Form(stage, name, n_weights, content, n_skops, predict_proba)

    ours = form(OURS, pickle.dumps(estimator), estimator.predict_proba, estimator)
    if "sparsified" in stage:
        return [ours]
    onnx = to_onnx(mlp, X[:1], options={"zipmap": False})
    content, int8 = onnx.SerializeToString(), quantized(onnx)
    return [
        ours,
        form(MLP, pickle.dumps(mlp), mlp.predict_proba, mlp),
        form(ONNX, content, session(content)),
        form(INT8, int8, session(int8)),
    ]


def calls(predict_proba, X):
    """Return the contender "predict these rows n times"."""

    def run(n):
        for _ in range(n):
            predict_proba(X)
        return n

    return run


def name_of(side, hidden):
    """Return a network's name, its sizes."""
    return "-".join(map(str, (side**2, *hidden, 10)))


def measure(side, hidden, n_steps, effort):
    """Return the rows of a network, one for each stage and form."""
    X, X_test, y, y_test = images(side)
    found = [
        form for stage, model in stages(X, y, hidden, n_steps) for form in forms(stage, model, X)
    ]
    many = np.resize(X_test, (MANY_ROWS, X.shape[1]))
    runs = {
        (form, n): calls(form.predict_proba, many[:n]) for form in found for n in (1, len(many))
    }
    times = interleave(runs, effort)
    return [
        {
            "stage": form.stage,
            "form": form.form,
            "weights": form.n_weights,
            "bytes": len(form.content),
            "zipped_bytes": len(zlib.compress(form.content)),
            "skops_bytes": form.n_skops,
            "accuracy": np.mean(form.predict_proba(X_test).argmax(axis=1) == y_test),
            "microseconds_1": np.median(times[form, 1]),
            f"microseconds_{MANY_ROWS}": np.median(times[form, MANY_ROWS]),
        }
        for form in found
    ]


def network_table(table):
    """Return a network's table in Markdown."""
    header = ["", "as", "weights", "kB", "zipped, kB", "skops, kB", "accuracy"]
    header += ["1 row, µs", f"{MANY_ROWS:,} rows, ms"]
    cells = [
        [
            "" if row.form != OURS else row.stage,
            row.form,
            f"{row.weights:,}",
            *(f"{n / 1000:,.1f}" for n in (row.bytes, row.zipped_bytes)),
            "" if np.isnan(row.skops_bytes) else f"{row.skops_bytes / 1000:,.1f}",
            f"{row.accuracy:.3f}",
            f"{row.microseconds_1:,.0f}",
            f"{row.microseconds_4096 / 1000:.2f}",
        ]
        for row in table.itertuples()
    ]
    return markdown_table(header, cells)


def markdown(table, about):
    """Return the report."""
    networks = table.groupby("network", sort=False)
    return paragraphs(
        "# Size and latency of a finished network",
        "Made by `python -m benchmarks.speed.deployment`.",
        __doc__.split("\n\n")[2],
        "An estimator's own file also holds what its training goes on from.",
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
