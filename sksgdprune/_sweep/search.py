"""One fit of a sweep: from its parameters and data to its fitted attributes."""

import math
import time
from dataclasses import replace
from uuid import uuid4

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import indexable

from sksgdprune._data import validation as check
from sksgdprune._pruning.plan import PruningPlan
from sksgdprune._pruning.scores import METHODS, NEED_STEPS
from sksgdprune._sweep.cell import Work, report_failures
from sksgdprune._sweep.choice import check_refit, choose, chosen_by, edge_warning
from sksgdprune._sweep.pipelines import last_step, whole
from sksgdprune._sweep.results import metrics_of, tabulate
from sksgdprune._sweep.routing import route
from sksgdprune._sweep.runner import Runner
from sksgdprune._utils import callbacks
from sksgdprune._utils.sklearn_private import num_samples
from sksgdprune._utils.threads import blas_threads, thread_count
from sksgdprune._utils.warnings import warn

# The part of a sweep's "auto" steps that come before the cut.
WARMUP_SHARE = 1 / 16


class Search:
    """Checks a sweep's parameters, and trains as they say.

    Parameters
    ----------
    sweep : SparsitySweep
        Its parameters are read; it is left as it is.
    X, y : array-like
        All rows.
    params : dict
        Metadata, as `SparsitySweep.fit` gets them.
    """

    def __init__(self, sweep, X, y, params):
        if y is None:
            raise ValueError("A sweep requires y to be passed, but the target y is None.")
        self._sweep, self._last = sweep, last_step(sweep.estimator)
        self._single = np.ndim(sweep.p) == 0
        self._p = _fractions([sweep.p] if self._single else sweep.p)
        if not (self._single and sweep.refit == "best"):  # of one p there is nothing to choose
            _check_refit(sweep)
        steps = self._steps(num_samples(X))
        self._plans = self._make_plans(steps[0], steps[1] - steps[0])
        self._scorer = check_scoring(sweep.estimator, sweep.scoring)
        routed = route(sweep, self._scorer, params)
        self._work = Work(uuid4().hex, sweep.estimator, *indexable(X, y), routed, (), (), steps)
        self._samples = X, y, params.get("sample_weight")

    def fitted(self, rng):
        """Train, and return the fitted attributes; all seeds are drawn from `rng`."""
        found = {"scorer_": self._scorer}
        self._print_rounds()
        if not self._single:
            return found | self._whole_sweep(rng)
        (report,), self.end = callbacks.reports(self._sweep, *self._samples, ["training"])
        return found | {"best_p_": float(self._p[0])} | self._refit(self._plans[0], rng, report)

    def _steps(self, n_samples):
        """Return the steps before the cut and in all; "auto" shares those of a plain fit."""
        budget, sweep = self._last._config().auto_steps(n_samples), self._sweep
        warmup = math.ceil(WARMUP_SHARE * budget)
        finetune = budget - warmup if sweep.finetune_steps == "auto" else sweep.finetune_steps
        warmup = warmup if sweep.warmup_steps == "auto" else sweep.warmup_steps
        return warmup, warmup + finetune

    def _make_plans(self, warmup_steps, finetune_steps):
        """Return what is done at each p; refuse what cannot be done before anything is."""
        sweep, names = self._sweep, ("method", "scope", "include_biases", "schedule")
        given = {name: getattr(sweep, name) for name in names}
        how = finetune_steps, sweep.structure, self._last.hidden_layer_sizes
        plans = [PruningPlan.checked(sweep.action, p, *how, **given) for p in self._p.tolist()]
        if warmup_steps == 0 and any(plan.cuts_before_steps for plan in plans):
            _check_without_steps(plans[0].options)
        return plans

    def _print_rounds(self):
        """Print what a schedule that rewinds makes of the fine-tuning steps."""
        *_, last = rounds = self._plans[-1].rounds
        if self._sweep.verbose and len(rounds) > 1:
            print(
                f"[SparsitySweep] {len(rounds)} rounds share the {sum(rounds)} fine-tuning steps: "
                f"{last} in the last",
                flush=True,
            )

    def _whole_sweep(self, rng):
        """Return the attributes of a sweep over an array of p."""
        sweep, work = self._sweep, self._work
        cv = check_cv(sweep.cv, work.y, classifier=is_classifier(sweep.estimator))
        splits = list(cv.split(work.X, work.y, **work.routed.split))
        if not splits:
            raise ValueError(
                f"Got no splits of cv={sweep.cv!r}; give a number, a splitter or a list of pairs "
                "(train, test). A generator can be used once."
            )
        seeds, repeats = _seeds(rng, len(splits)), _seeds(rng, (sweep.n_repeats, len(splits)))
        n_cells = len(self._p) * repeats.size
        names = ["cell"] * n_cells + ["refit"] * (sweep.refit is not False)
        reports, self.end = callbacks.reports(sweep, *self._samples, names)
        everyone = replace(
            work,
            splits=tuple(splits),
            seeds=tuple(seeds.tolist()),
            scorer=self._cells_scorer(),
            with_train_score=sweep.return_train_score,
            with_estimator=callbacks.are_set(sweep),
        )
        table = self._runner(everyone).cells(self._plans, repeats.tolist(), reports[:n_cells])
        report_failures([cell for row in table for cell in row])
        results = tabulate(self._p, table, sweep.error_score, sweep.return_train_score)
        found = {"n_splits_": len(splits), "cv_results_": results} | self._choice(results)
        if sweep.refit is not False:
            problem = edge_warning(sweep.refit, results, found["best_index_"])
            if problem is not None:
                warn(problem, UserWarning)
            found |= self._refit(self._plans[found["best_index_"]], rng, reports[-1])
        return found

    def _runner(self, work):
        sweep = self._sweep
        return Runner(work, sweep.memory, sweep.n_jobs, sweep.verbose, sweep.error_score)

    def _cells_scorer(self):
        """Return the scorer of the cells: one metric that fails does not cost the others."""
        sweep = self._sweep
        raises = sweep.error_score == "raise"
        return check_scoring(clone(sweep.estimator), sweep.scoring, raise_exc=raises)

    def _choice(self, results):
        """Return the best row, by `refit`; without one the best of a single metric."""
        refit = self._sweep.refit
        if refit is False and len(metrics_of(results)) > 1:
            return {}
        refit = "best" if refit is False else refit
        index = choose(refit, results)
        found = {"best_index_": index, "best_p_": float(self._p[index])}
        by = chosen_by(refit, results)
        if len(by) == 1:
            found["best_score_"] = results[f"mean_test_{by[0]}"][index]
        return found

    def _refit(self, plan, rng, report):
        """Return the attributes of a training run on all the data."""
        started = time.perf_counter()
        split_seed, repeat_seed = _seeds(rng, 2).tolist()
        name = uuid4().hex  # or the rows of a split might be taken for all
        everyone = replace(self._work, name=name, splits=((None, None),), seeds=(split_seed,))
        with report, blas_threads(thread_count(self._last.n_jobs)):
            trained = self._runner(everyone).on_all_rows(repeat_seed, plan)
            steps = [*trained.steps, trained.last]
            best = report.trained = whole(self._sweep.estimator, steps)
        if trained.problem is not None:
            warn(trained.problem, ConvergenceWarning)
        return {"best_estimator_": best, "refit_time_": time.perf_counter() - started}


def _fractions(p):
    """Return an array of fractions, sorted."""
    p = np.sort([check.fraction(value) for value in p])
    if not p.size:
        raise ValueError("Got an empty p; give a number or at least one fraction.")
    return p


def _check_without_steps(options):
    """Refuse a method that says nothing of initial weights."""
    if options.need_steps:
        others = sorted(name for name, f in METHODS[options.action].items() if f not in NEED_STEPS)
        raise ValueError(
            f"Got warmup_steps=0 with method={options.method!r}, which goes by C: that is "
            "estimated in training steps, and the first cut is before them. Give warmup_steps from "
            f"1, or one of the methods {others}."
        )


def _check_refit(sweep):
    """Refuse a refit that cannot choose; the metrics of a callable are known later."""
    if sweep.refit is False or callable(sweep.scoring):
        return
    several = isinstance(sweep.scoring, list | tuple | set | dict)
    check_refit(sweep.refit, list(sweep.scoring) if several else ["score"])


def _seeds(rng, size):
    return rng.randint(np.iinfo(np.int32).max, size=size)
