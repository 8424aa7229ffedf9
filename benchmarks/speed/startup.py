"""Figures of new processes: first fits, a grid search, import and memory.

Each script prints one JSON list of numbers.
"""

import math

from benchmarks._common.timing import MEMORY, Row, median_of, new_caches, new_process
from benchmarks.speed.contenders import OURS, SMALL

SIZES = "-".join(map(str, SMALL.sizes))
IMPORT = """
import json, time
times = [time.perf_counter()]
import sklearn.neural_network
times.append(time.perf_counter())
import numba
times.append(time.perf_counter())
import sksgdprune
times.append(time.perf_counter())
print(json.dumps([b - a for a, b in zip(times, times[1:])]))
"""
FIRST_FIT = """
import json, time
start = time.perf_counter()
import numpy as np
from sksgdprune import PreconditionedMLPClassifier
X, y = np.random.default_rng(0).standard_normal((1257, 61)), np.arange(1257) % 10
model = PreconditionedMLPClassifier((32,), random_state=0)
{change}
ready = time.perf_counter()
{fit}
end = time.perf_counter()
print(json.dumps([end - ready, end - start]))
"""


def first_fit(change="", fit="model.fit(X, y)"):
    """Return the script that times `fit`, after `change` of data or model."""
    return FIRST_FIT.format(change=change, fit=fit)


# What differs from a dense float64 fit of the defaults, activation="tanh" among them.
VARIANTS = {
    "float32": first_fit("X = X.astype(np.float32)"),
    'noise_estimator="batch"': first_fit('model.set_params(noise_estimator="batch")'),
    "CSR": first_fit("from scipy.sparse import csr_array; X = csr_array(X * (X > 1))"),
    'preconditioner="scalar"': first_fit('model.set_params(preconditioner="scalar")'),
    'preconditioner="sqrt"': first_fit('model.set_params(preconditioner="sqrt")'),
    "pruned by 0.9, partial_fit": first_fit(
        "model.set_params(max_steps=10).fit(X, y).prune(0.9)",
        "model.partial_fit(X, y, n_steps=3200)",
    ),
    "regressor": first_fit(
        "from sksgdprune import PreconditionedMLPRegressor as Regressor\n"
        "y, model = X @ np.ones(61), Regressor((32,), random_state=0)"
    ),
    'activation="relu"': first_fit('model.set_params(activation="relu")'),
}
# Each fit says in its scores how often it had the training loop, `train`, compiled.
SEARCH = """
import json, time
from contextlib import nullcontext
import numpy as np
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from sksgdprune import PreconditionedMLPClassifier
try:
    from numba.core.event import install_recorder
except ImportError:
    install_recorder = nullcontext

class Counting(PreconditionedMLPClassifier):
    def fit(self, X, y):
        with install_recorder("numba:compile") as recorder:
            super().fit(X, y)
        events = [event for _, event in getattr(recorder, "buffer", []) if event.is_start]
        names = [event.data["dispatcher"].__name__ for event in events]
        self.compilations_ = names.count("train")
        return self

def compilations(model, X, y):
    return model.compilations_

X, y = np.random.default_rng(0).standard_normal((1257, 61)), np.arange(1257) % 10
search = GridSearchCV(
    Counting((32,), random_state=0),
    {"learning_rate": [0.02, 0.05]},
    scoring={"accuracy": "accuracy", "compilations": compilations},
    refit="accuracy",
    cv=2,
    n_jobs=2,
)
start = time.perf_counter()
with parallel_config("loky"):
    search.fit(X, y)
end = time.perf_counter()
count = sum(search.cv_results_[f"split{i}_test_compilations"].sum() for i in range(2))
print(json.dumps([end - start, float(count) + search.best_estimator_.compilations_]))
"""
CSR_FIT = f"""{MEMORY}
import json, sys, time
import numpy as np
from scipy.sparse import csr_array
from sksgdprune import PreconditionedMLPClassifier

def data(n_rows, n_columns, per_row):
    rng, width = np.random.default_rng(0), n_columns // per_row
    indices = np.empty((n_rows, per_row), dtype=np.int32)
    for row in indices:
        row[:] = width * np.arange(per_row) + rng.integers(width, size=per_row)
    parts = np.ones(indices.size), indices.ravel(), np.arange(n_rows + 1, dtype=np.int32) * per_row
    return csr_array(parts, shape=(n_rows, n_columns)), np.arange(n_rows) % 10

model = PreconditionedMLPClassifier((32,), random_state=0, max_steps=20)
try:
    model.fit(*data(100, 50, 5))
except (TypeError, ValueError) as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
X, y = data(100_000, 50_000, 50)
before, start = memory("VmHWM"), time.perf_counter()
model.fit(X, y)
print(json.dumps([memory("VmHWM") - before, time.perf_counter() - start]))
"""


def first_fits(caches):
    """Return the rows of a dense float64 classifier's first fit; `caches`, empty, then hold it."""
    rows = []
    for state, folders, target in (
        ("cold", caches, "≤ 10"),
        ("warm cache", caches[:1] * len(caches), "≤ 0.2"),
    ):
        fit, whole = median_of(first_fit(), folders) or [math.nan] * 2
        common = f"first fit, {state}", SIZES, "float64"
        rows.append(Row(*common, OURS, fit, "s", target=target))
        rows.append(Row(*common, f"{OURS} with imports", whole, "s"))
    return rows


def variants(caches):
    """Return the rows of each variant's first fit where `caches[0]` is all that was compiled."""
    rows = []
    for name, script in VARIANTS.items():
        with new_caches(len(caches), like=caches[0]) as copies:
            seconds, _ = median_of(script, copies) or [math.nan] * 2
        common = "first fit after a dense one", SIZES, "float32" if name == "float32" else "float64"
        rows.append(Row(*common, name, seconds, "s", target="≤ 6"))
    return rows


def search(n_processes):
    """Return the rows of a GridSearchCV in two processes whose cache is empty."""
    with new_caches(n_processes) as caches:
        seconds, count = median_of(SEARCH, caches) or [math.nan] * 2
    # With an empty cache something is compiled: a count of 0 means that it went unseen.
    count = count or math.nan
    common = "GridSearchCV, cold, 2 by 2 fits and refit, n_jobs 2", SIZES, "float64"
    return [
        Row(*common, OURS, seconds, "s"),
        Row(*common, "compilations of the training loop", count, "in all"),
    ]


def imports(n_processes, cache):
    """Return the rows of the import."""
    parts = median_of(IMPORT, [cache] * n_processes) or [math.nan] * 3
    names = "scikit-learn", "numba beyond it", "sksgdprune beyond both"
    targets = "", "", "≤ 0.15"
    return [
        Row("import", "", "", part, seconds, "s", target=target)
        for part, seconds, target in zip(names, parts, targets, strict=True)
    ]


def memory(cache):
    """Return the rows of a fit on 100,000 × 50,000 CSR at density 0.001."""
    new_process(CSR_FIT, cache)  # compiles what is new; a compiler's own peak would hide the fit's
    megabytes, seconds = new_process(CSR_FIT, cache) or [math.nan] * 2
    figure = "fit on CSR 100,000 by 50,000"
    common = figure, "50000-32-10, S 32", "float64"
    return [
        Row(*common, "peak memory beyond the data", megabytes, "MB", target="≤ 400"),
        Row(*common, "20 steps", seconds, "s"),
    ]
