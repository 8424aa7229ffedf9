"""Sweep that is measured, and its training runs one by one in a plain loop."""

import time
from copy import deepcopy
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from benchmarks._common.timing import timed
from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
from sksgdprune._pruning.plan import PruningPlan
from sksgdprune._training.config import Horizon
from sksgdprune._utils.threads import blas_threads

SEED = 0
LARGEST = np.iinfo(np.int32).max


class Job(NamedTuple):
    """Of which size a sweep is."""

    n_p: int  # fractions
    splits: int
    repeats: int  # runs for each fraction and split
    steps: int  # of one training run, a sixteenth of them before the cut

    @property
    def p(self):
        """The fractions: equal steps from 0."""
        return np.linspace(0, 0.95, self.n_p)

    @property
    def warmups(self):
        """Number of warm-ups."""
        return self.splits * self.repeats

    @property
    def cells(self):
        """Number of cells."""
        return self.n_p * self.warmups

    @property
    def warmup_steps(self):
        """Steps before the cut."""
        return -(-self.steps // 16)

    @property
    def finetune_steps(self):
        """Steps after it."""
        return self.steps - self.warmup_steps


class ByHand(NamedTuple):
    """Seconds of each warm-up, of each cell, and of all of them; the score of each cell."""

    warmups: np.ndarray
    cells: np.ndarray
    seconds: float
    scores: np.ndarray


def digits():
    """Return X and y."""
    return load_digits(return_X_y=True)


def large_data(megabytes):
    """Return X of so many MB, a thousand columns, and y of two classes."""
    X = np.random.default_rng(0).standard_normal((round(megabytes * 2**20 / 8000), 1000))
    return X, (X[:, :8].sum(axis=1) > 0).astype(int)


def estimator():
    """Return what is trained."""
    return PreconditionedMLPClassifier((32,), batch_size=32)


def sweep_of(job, **options):
    """Return the sweep; it trains nothing on all the data at the end."""
    return SparsitySweep(
        estimator(),
        p=job.p,
        warmup_steps=job.warmup_steps,
        finetune_steps=job.finetune_steps,
        cv=job.splits,
        n_repeats=job.repeats,
        refit=False,
        random_state=SEED,
        **options,
    )


def seconds_of(sweep, X, y):
    """Return how long a sweep takes."""
    return timed(sweep.fit, X, y)[1]


def by_hand(job, X, y):
    """Do a sweep's runs one after the other; their results are the sweep's."""
    plans = [PruningPlan.checked("prune", p, job.finetune_steps, "weight", (32,)) for p in job.p]
    splits = list(StratifiedKFold(job.splits).split(X, y))
    seeds = _seeds(job)
    warmups, cells, scores = [], [], []
    begun = time.perf_counter()
    with blas_threads():
        for k, (rows, test) in enumerate(splits):
            X_train, y_train = X[rows], y[rows]
            for seed in seeds[:, k].tolist():
                started = time.perf_counter()
                warm = clone(estimator()).set_params(random_state=seed)
                warm._train(X_train, y_train, job.warmup_steps, horizon=Horizon(job.steps))
                warmups.append(time.perf_counter() - started)
                for plan in plans:
                    started = time.perf_counter()
                    fitted = deepcopy(warm)._apply_plan(plan, X_train, y_train)
                    scores.append(fitted.score(X[test], y[test]))
                    cells.append(time.perf_counter() - started)
    seconds = time.perf_counter() - begun
    return ByHand(np.array(warmups), np.array(cells), seconds, np.array(scores))


def _seeds(job):
    """Return the seeds that a sweep draws, a row per repeat and a column per split."""
    rng = np.random.RandomState(SEED)
    rng.randint(LARGEST, size=job.splits)  # of the steps before the last
    return rng.randint(LARGEST, size=(job.repeats, job.splits))
