"""Figures of new processes: peak memory of a sweep and of GridSearchCV, and what one cell costs.

Each script prints one JSON list of numbers. Peaks are those of the whole process, above its level
once the data are there, kernels compiled and loaded.
"""

import math
from itertools import product
from typing import NamedTuple

from benchmarks._common.timing import MEMORY, new_process

SAME_CACHE = ""  # as numba reads it: compiled kernels lie where this process keeps them
COMMON = f"""{MEMORY}
import json, time, warnings
import numpy as np
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sksgdprune import PreconditionedMLPClassifier, SparsitySweep

warnings.simplefilter("ignore")  # so few steps converge nowhere

def data(n_rows, n_columns):
    X = np.random.default_rng(0).standard_normal((n_rows, n_columns))
    return X, (X[:, :8].sum(axis=1) > 0).astype(int)

def measured(model, X, y):
    level, started = memory("VmRSS"), time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - started
    return [seconds, memory("VmHWM") - level]
"""
SEARCH = (
    COMMON
    + """
clf = PreconditionedMLPClassifier((32,), batch_size=32, random_state=0, max_steps={steps})
last = "preconditionedmlpclassifier__" if {pipeline} else ""
model = make_pipeline(StandardScaler(), clf) if {pipeline} else clf
p, n_repeats = np.linspace(0, 0.9, {n_p}), {repeats}
sweep = SparsitySweep(model, p=p, n_repeats=n_repeats, cv={splits}, refit=False,
    schedule="one_shot", warmup_steps={steps} // 16, finetune_steps={steps} - {steps} // 16)
seeds = {{last + "random_state": range(len(p) * n_repeats)}}
grid = GridSearchCV(model, seeds, cv={splits}, refit=False)
with parallel_config("threading", n_jobs=2):
    {search}.fit(*data(200, {columns}))  # loads the kernels
    X, y = data({rows}, {columns})
    print(json.dumps(measured({search}, X, y)))
"""
)
CELL = (
    COMMON
    + """
clf = PreconditionedMLPClassifier(({hidden},), batch_size=32, random_state=0)
sweep = SparsitySweep(clf, p=[0.9], cv=ShuffleSplit(1, random_state=0), refit=False,
    warmup_steps={steps} // 16, finetune_steps={steps} - {steps} // 16)
sweep.fit(*data(200, 64))
X, y = data({rows}, 64)
print(json.dumps(measured(sweep, X, y)))
"""
)


class Search(NamedTuple):
    """Of which size the data and the searches over them are."""

    rows: int
    columns: int
    steps: int
    n_p: int
    splits: int
    repeats: int

    @property
    def megabytes(self):
        """Size of X, float64."""
        return 8 * self.rows * self.columns / 2**20

    @property
    def cells(self):
        """Number of training runs, the warm-ups not counted."""
        return self.n_p * self.splits * self.repeats


def peaks(search):
    """Return {(searcher, model): (seconds, MB)} for the estimator alone and in a Pipeline."""
    found = {}
    for pipeline, (name, variable) in product(
        (False, True), (("SparsitySweep", "sweep"), ("GridSearchCV", "grid"))
    ):
        script = SEARCH.format(search=variable, pipeline=pipeline, **search._asdict())
        model = "Pipeline with StandardScaler" if pipeline else "estimator alone"
        found[name, model] = new_process(script, SAME_CACHE) or [math.nan] * 2
    return found


def cells(rows, hidden, steps):
    """Return {(rows, hidden): (seconds, MB)} of one cell, its warm-up included."""
    found = {}
    for sizes in product(rows, hidden):
        script = CELL.format(rows=sizes[0], hidden=sizes[1], steps=steps)
        found[sizes] = new_process(script, SAME_CACHE) or [math.nan] * 2
    return found
