"""The runner of a sweep: all warm-ups side by side, then the cells that start from them."""

import time
from itertools import product
from typing import NamedTuple

from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from sksgdprune._sweep.cell import (
    forget_start,
    or_failure,
    reported,
    run_cell,
    train_one,
    warm_up,
)
from sksgdprune._sweep.result_cache import ResultCache
from sksgdprune._utils.threads import blas_threads

PAUSE = 10.0  # seconds between two lines of verbose=1


class Runner:
    """Runs a Work by joblib, in threads unless a backend is chosen.

    Parameters
    ----------
    work : Work
        What all runs have in common.
    memory : None, str or joblib.Memory
        Where results are stored.
    n_jobs, verbose : int
        As in SparsitySweep.
    error_score : "raise" or float
        What becomes of errors.
    """

    def __init__(self, work, memory, n_jobs, verbose, error_score):
        self._work, self._n_jobs, self._verbose = work, n_jobs, verbose
        self._error_score = error_score
        # What the given estimator has learned does not count.
        data = clone(work.estimator), work.X, work.y, work.routed, work.steps
        self._cache = ResultCache(memory, *data)
        # Nor whether a scorer of several metrics raises errors.
        scorer = getattr(work.scorer, "_scorers", work.scorer)
        scored = scorer, work.with_train_score, work.with_estimator
        self._scored = self._cache.fingerprint(scored)

    def cells(self, plans, repeats, reports):
        """Return the Cell of each plan, and of each repeat and split.

        The runs of a split come one after the other, so that a thread needs the rows of one split
        at a time.

        Parameters
        ----------
        plans : sequence of PruningPlan
            One per p.
        repeats : sequence of sequence of int
            Seeds: a row per repeat, a column per split.
        reports : sequence of Report
            One per cell.

        Returns
        -------
        list of list of Cell
            A row per plan; columns by repeat, then split.
        """
        n_splits = len(self._work.splits)
        places = [(k, r) for k in range(n_splits) for r in range(len(repeats))]
        starts = [(k, repeats[r][k]) for k, r in places]
        jobs = list(product(range(len(places)), range(len(plans))))
        with self._parallel() as parallel:
            self._sent = _sent(self._work)
            try:
                calls = [self._warm_up(*start) for start in starts]
                self._print_found("warm-ups", calls)
                warm = self._run(parallel, "warm-up", or_failure, calls)
                known = [(plan, self._cache.fingerprint(plan)) for plan in plans]
                calls = [self._cell(*starts[i], warm[i], *known[j]) for i, j in jobs]
                self._print_found("cells", calls)
                calls = [(report, *call) for report, call in zip(reports, calls, strict=True)]
                cells = self._run(parallel, "cell", reported, calls)
            finally:
                forget_start()
        found = {(j, *places[i]): cell for (i, j), cell in zip(jobs, cells, strict=True)}
        order = [(k, r) for r in range(len(repeats)) for k in range(n_splits)]
        return [[found[j, k, r] for k, r in order] for j in range(len(plans))]

    def on_all_rows(self, seed, plan):
        """Return what one run trains on all rows."""
        key = self._work.seeds, seed, plan
        function, *arguments = self._cache.call(key, train_one, self._work, seed, plan)
        try:
            return function(*arguments)
        finally:
            forget_start()

    def _warm_up(self, k, seed):
        """Return the call that warms up on split k."""
        return self._cache.call(self._key(k, seed), warm_up, self._sent, k, seed)

    def _cell(self, k, seed, warm, plan, cut):
        """Return the call that cuts what was warmed up on split k, and scores it."""
        key = self._key(k, seed), cut, self._work.splits[k][1], self._scored
        return self._cache.call(key, run_cell, self._sent, k, warm, plan)

    def _key(self, k, seed):
        return self._work.splits[k][0], self._work.seeds[k], seed

    def _print_found(self, what, calls):
        """Print how many results are in memory, before the others are trained."""
        if self._verbose and self._cache.stores:
            n_found = sum(map(self._cache.has, calls))
            print(f"[SparsitySweep] {n_found} of {len(calls)} {what} found in memory", flush=True)

    def _run(self, parallel, what, function, calls):
        """Return the results of a function with each of the arguments."""
        tasks = [
            delayed(_numbered)(i, function, *arguments, error_score=self._error_score)
            for i, arguments in enumerate(calls)
        ]
        results = [None] * len(tasks)
        verbose = self._verbose if parallel.return_generator else 0
        progress = _Progress(what, len(tasks), verbose, effective_n_jobs(self._n_jobs))
        for i, result in parallel(tasks):
            results[i] = result
            progress.count(result)
        return results

    def _parallel(self):
        """Return joblib's Parallel; where lines are wanted, one that yields as results come."""
        # A run per task: joblib would put the short ones at the beginning into large batches.
        options = {"n_jobs": self._n_jobs, "prefer": "threads", "batch_size": 1}
        if not self._verbose:
            return Parallel(**options)
        try:
            return Parallel(**options, return_as="generator_unordered")
        except ValueError:  # a backend that gives all results at the end: joblib's own lines
            return Parallel(**options, verbose=self._verbose)


def _numbered(i, function, *arguments, error_score):
    given = [a.fetched() if isinstance(a, _InRay) else a for a in arguments]
    with blas_threads():  # one each: runs side by side share the cores
        return i, function(*given, error_score=error_score)


def _sent(work):
    """Return what goes along with each run: the work, or where Ray stores it.

    joblib maps large arrays into memory for processes, and Dask scatters the work once.
    """
    backend, _ = get_active_backend(prefer="threads")
    if type(backend).__name__ != "RayBackend":
        return work
    import ray

    return _InRay(ray.put(work))


class _InRay(NamedTuple):
    """A place in Ray's store, from which a worker takes what it needs."""

    place: object

    def fetched(self):
        """Return what is there; its arrays are not copied."""
        import ray

        return ray.get(self.place)


class _Progress:
    """Lines about the progress of the runs: every ten seconds, or with verbose=2 each.

    The runs that are first, one in each of `n_jobs` workers, may compile: the time that is left
    goes by those after them, and is told once there are as many.
    """

    def __init__(self, what, n_all, verbose, n_jobs=1):
        self._what, self._n_all, self._verbose, self._n_first = what, n_all, verbose, n_jobs
        self._done, self._last, self._first_done = 0, time.monotonic(), None

    def count(self, result):
        """Count a run, and print a line where one is due."""
        self._done += 1
        now = time.monotonic()
        if self._done == self._n_first:
            self._first_done = now
        due = self._verbose > 1 or self._done == self._n_all or now - self._last >= PAUSE
        if not (self._verbose and due):
            return
        self._last = now
        scores = " ".join(f"{name} {score:.4g}" for name, score in _scores(result))
        line = f"[SparsitySweep] {self._what} {self._done} of {self._n_all}"
        print(f"{line}{scores and ': ' + scores}{self._left(now)}", flush=True)

    def _left(self, now):
        """Return the end of a line: the time that is left, where it can be told."""
        n_left = self._n_all - self._done
        if n_left and self._done < 2 * self._n_first:
            return ""
        pace = (now - self._first_done) / (self._done - self._n_first) if n_left else 0
        return f", {_duration(pace * n_left)} left"


def _scores(result):
    """Return the metrics and scores of a cell; a warm-up has none."""
    return getattr(result, "test", {}).items()


def _duration(seconds):
    """Return hours, minutes and seconds as text."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
