"""Warm-up → cut to p → fine-tune → score, for every p × repeat × split."""

import math
import time
from copy import deepcopy
from itertools import product
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_memory

from sksgdprune import _callbacks, _scores
from sksgdprune import _validation as check
from sksgdprune._cells import (
    last_step,
    or_failure,
    prepare,
    report_failures,
    reported,
    run_cell,
    warm_up,
)
from sksgdprune._forwarding import ForwardingMixin
from sksgdprune._recipe import Recipe
from sksgdprune._results import REFITS, tabulate
from sksgdprune._routing import route
from sksgdprune._sklearn import (
    HasMethods,
    Options,
    StrOptions,
    fit_context,
    num_samples,
)
from sksgdprune._threads import blas_threads, thread_count
from sksgdprune._training import auto_steps

# The part of a sweep's "auto" steps that come before the cut.
WARMUP_SHARE = 1 / 16


class SparsitySweep(
    ForwardingMixin, _callbacks.CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator
):
    """Train, cut to a fraction p, fine-tune; for one p, or for many with cross-validation.

    With a number p, `fit` does one warm-up → cut → fine-tune on all the data. With an array,
    every p × repeat × split is a *cell*: all p of one split and repeat start from the same
    warm-up and see the same minibatches, so that a curve's points are paired.

    Every training takes exactly its warm-up and fine-tuning steps: the estimator's max_steps,
    early_stopping and tol play no part.

    Parameters
    ----------
    estimator : PreconditionedMLPClassifier, PreconditionedMLPRegressor or Pipeline
        What is trained; a Pipeline must end in one of ours. Its earlier steps are fitted once
        per split. It takes exactly the steps that are said here: its max_steps and early
        stopping do not count.
    p : float or array-like of float, default=0.5
        Fraction(s) to cut, each in [0, 1]: of the weights, with `include_biases` of all parameters.
    action : {"prune", "freeze"}, default="prune"
        What is done to them.
    method : str or callable, default=None
        A method of `prune` or `freeze`; None takes "fisher" for pruning (over 10,000 rows of X at
        most), "preconditioned_gradient" for freezing.
    scope : {"layer", "global", "connected"}, default=None
        As in `prune` and `freeze`; None takes "connected" for pruning, "layer" for freezing.
    include_biases : bool, default=None
        Whether p is of the biases, too, or of the weights alone; None takes False for pruning,
        True for freezing.
    structure : {"weight", "unit", "input"}, default="weight"
        What `prune` takes: single parameters, whole hidden units or whole inputs; p is a fraction
        of these.
    schedule : {"one_shot", "linear", "cubic", "geometric", "iterative"} or object, default=None
        How p is reached, see `sksgdprune.schedules`; None takes "geometric" for pruning,
        "one_shot" for freezing.
    warmup_steps : int or "auto", default="auto"
        Minibatch steps before the cut. "auto" takes a sixteenth of the steps that the
        estimator's max_steps="auto" would take for all rows of X.
    finetune_steps : int or "auto", default="auto"
        Minibatch steps after it; "auto" takes the rest of them.
    n_repeats : int, default=1
        Trainings per p and split, each from a start of its own; for an array p.
    cv : int, splitter or iterable, default=None
        Splits for an array p; None means 5-fold.
    scoring : str, callable, list or dict, default=None
        As in GridSearchCV; None takes the estimator's `score`.
    refit : {"best", "one_se"}, callable or False, default="best"
        Which p of an array is trained on all the data afterwards: the best mean test score, the
        largest p within one standard error of it, the index that a callable returns for
        `cv_results_`, or none.
    n_jobs : int, default=None
        Trainings side by side, in threads. The results do not depend on it.
    memory : str or joblib.Memory, default=None
        Where finished cells are kept, so that an interrupted sweep with a seed goes on from
        there.
    error_score : "raise" or float, default=nan
        Score of a cell that fails, with a warning.
    return_train_score : bool, default=False
        Whether the training rows are scored, too.
    random_state : int, RandomState or None, default=None
        Seeds all starts, minibatches and random cuts; None takes the estimator's random_state.
    verbose : int, default=0
        Above 0, joblib reports the progress.

    Attributes
    ----------
    best_estimator_ : estimator
        The one trained on all the data; missing with refit=False.
    best_p_ : float
        Its fraction.
    best_index_ : int
        Its row in `cv_results_`; for an array p.
    best_score_ : float
        Its mean test score; for an array p and a single metric.
    cv_results_ : dict of ndarray
        For an array p, sorted by p: `p`, `sparsity` (mean fraction of pruned parameters),
        `split{k}_test_score` for k = repeat · n_splits + split, `mean_test_score`,
        `std_test_score`, `rank_test_score`, the same for train scores where asked for,
        `mean_fit_time` (seconds, the shared warm-up included), `mean_score_time` and their std.
        Several metrics have their names in place of "score".
    n_splits_ : int
        Number of splits; for an array p.
    scorer_ : callable
        The scorer in use.
    refit_time_ : float
        Seconds of the training on all the data.

    See Also
    --------
    SparsitySweepDisplay : Draws the curves.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
    >>> X, y = load_iris(return_X_y=True)
    >>> sweep = SparsitySweep(
    ...     PreconditionedMLPClassifier(random_state=0), p=[0, 0.5, 0.9], finetune_steps=500
    ... ).fit(X, y)
    >>> sweep.cv_results_["p"]
    array([0. , 0.5, 0.9])
    >>> bool(sweep.best_score_ > 0.9)
    True
    """

    _parameter_constraints: ClassVar = {
        "estimator": [HasMethods(["fit", "predict"])],
        "action": [StrOptions(set(_scores.METHODS))],
        "method": [str, callable, None],
        "warmup_steps": [check.COUNT, StrOptions({"auto"})],
        "finetune_steps": [check.Count(0), StrOptions({"auto"})],
        "n_repeats": [check.COUNT],
        "refit": [StrOptions(set(REFITS)), callable, Options(bool, {False})],
        "n_jobs": [Integral, None],
        "error_score": [StrOptions({"raise"}), Real],
        "return_train_score": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator,
        *,
        p=0.5,
        action="prune",
        method=None,
        scope=None,
        include_biases=None,
        structure="weight",
        schedule=None,
        warmup_steps="auto",
        finetune_steps="auto",
        n_repeats=1,
        cv=None,
        scoring=None,
        refit="best",
        n_jobs=None,
        memory=None,
        error_score=np.nan,
        return_train_score=False,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.p = p
        self.action = action
        self.method = method
        self.scope = scope
        self.include_biases = include_biases
        self.structure = structure
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.finetune_steps = finetune_steps
        self.n_repeats = n_repeats
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.n_jobs = n_jobs
        self.memory = memory
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.random_state = random_state
        self.verbose = verbose

    @_callbacks.with_callbacks
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **params):
        """Train at p, or sweep over an array of p.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs, as the estimator takes them.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        **params : dict
            By scikit-learn's metadata routing, or where that is off: `groups` for `cv`, and
            `sample_weight`, which a scorer gets that takes it; for a Pipeline
            `step__sample_weight`. Weights count in the cuts' gradients, too.

        Returns
        -------
        self : object
            The fitted sweep.

        Raises
        ------
        ValueError
            On a p outside [0, 1], an unknown method, scope, structure or schedule, units where
            there are none, or where all cells fail.
        TypeError
            If the estimator is none of ours and no Pipeline ending in one.
        """
        self._forget()
        last = last_step(self.estimator)
        single = np.ndim(self.p) == 0
        p = np.sort([check.fraction(value) for value in ([self.p] if single else self.p)])
        if not p.size:
            raise ValueError("Got an empty p; give a number or at least one fraction.")
        warmup_steps, finetune_steps = self._steps(last, num_samples(X))
        self._until = warmup_steps, warmup_steps + finetune_steps
        recipes = self._recipes(p.tolist(), finetune_steps)
        seed = last.random_state if self.random_state is None else self.random_state
        rng = check_random_state(seed)
        self.scorer_ = check_scoring(self.estimator, self.scoring)
        routed = route(self, self.scorer_, params)
        samples = X, y, params.get("sample_weight")
        if single:
            self.best_p_ = float(p[0])
            (report,), end = _callbacks.reports(self, *samples, ["training"])
            self._refit(X, y, routed, recipes[0], rng, report)
        else:
            self._check_refit(several=isinstance(self.scoring, list | tuple | set | dict))
            end = self._sweep(X, y, samples, routed, p, recipes, rng)
        end()
        return self

    def _forget(self):
        """Drop what an earlier fit left: not every fit sets every attribute."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)

    def _check_refit(self, *, several):
        if isinstance(self.refit, str) and several:
            raise ValueError(
                f"Got refit={self.refit!r} with several metrics; give a callable that returns "
                "an index of cv_results_, or False."
            )

    def _steps(self, last, n_samples):
        """Return the steps before and after the cut; "auto" shares those of a plain fit."""
        budget = auto_steps(last, n_samples)
        warmup = math.ceil(WARMUP_SHARE * budget)
        return (
            warmup if self.warmup_steps == "auto" else self.warmup_steps,
            budget - warmup if self.finetune_steps == "auto" else self.finetune_steps,
        )

    def _recipes(self, p, finetune_steps):
        """Return what is done at each p; refuse what cannot be done before anything is."""
        given = {
            name: getattr(self, name) for name in ("method", "scope", "include_biases", "schedule")
        }
        sizes = last_step(self.estimator).hidden_layer_sizes
        how = finetune_steps, self.structure, sizes
        return [Recipe.checked(self.action, fraction, *how, **given) for fraction in p]

    def _sweep(self, X, y, samples, routed, p, recipes, rng):
        """Fill cv_results_, choose the best row and refit; return how to report the end."""
        X, y = indexable(X, y)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits = list(cv.split(X, y, **routed.split))
        self.n_splits_ = len(splits)
        seeds = _seeds(rng, len(splits)), _seeds(rng, (self.n_repeats, len(splits)))
        n_cells = len(p) * seeds[1].size
        names = ["cell"] * n_cells + ["refit"] * (self.refit is not False)
        reports, end = _callbacks.reports(self, *samples, names)
        with blas_threads():  # one each: trainings side by side share the cores
            warm = self._warm_ups(X, y, routed, splits, seeds)
            cells = self._cells(warm, recipes, reports[:n_cells])
        report_failures(cells)
        table = [cells[i : i + len(warm)] for i in range(0, len(cells), len(warm))]
        self.cv_results_ = tabulate(p, table, self.error_score, self.return_train_score)
        self._choose(p)
        if self.refit is not False:
            recipe = recipes[self.best_index_]
            self._refit(X, y, routed, recipe, rng, reports[-1])
        return end

    def _in_parallel(self, function, calls):
        """Return the results of `or_failure`, or `reported`, with each of the arguments."""
        parallel = Parallel(n_jobs=self.n_jobs, prefer="threads", verbose=self.verbose)
        on_error = {"error_score": self.error_score}
        return parallel(delayed(function)(*arguments, **on_error) for arguments in calls)

    def _warm_ups(self, X, y, routed, splits, seeds):
        """Return the Start of each repeat and split, after its warm-up."""
        memory = check_memory(self.memory)
        prepare_once, warm_up_once = memory.cache(prepare), memory.cache(warm_up)
        calls = (
            (prepare_once, self.estimator, X, y, *split, seed, routed)
            for split, seed in zip(splits, seeds[0], strict=True)
        )
        starts = self._in_parallel(or_failure, calls)
        calls = (
            (warm_up_once, start, seed, *self._until)
            for repeat in seeds[1]
            for start, seed in zip(starts, repeat, strict=True)
        )
        return self._in_parallel(or_failure, calls)

    def _cells(self, warm, recipes, reports):
        """Return the Cell of each p and warm-up."""
        run_once = check_memory(self.memory).cache(run_cell)
        how = self.scorer_, self.return_train_score, _callbacks.are_set(self)
        calls = (
            (report, run_once, start, recipe, *how)
            for (recipe, start), report in zip(product(recipes, warm), reports, strict=True)
        )
        return self._in_parallel(reported, calls)

    def _choose(self, p):
        single = "mean_test_score" in self.cv_results_
        self._check_refit(several=not single)
        if self.refit is False and not single:
            return
        choose = REFITS["best"] if self.refit is False else REFITS.get(self.refit, self.refit)
        self.best_index_ = choose(self.cv_results_)
        if not isinstance(self.best_index_, Integral) or not 0 <= self.best_index_ < len(p):
            raise ValueError(
                f"refit returned {self.best_index_!r}; it must return an index from 0 to "
                f"{len(p) - 1}."
            )
        self.best_p_ = float(p[self.best_index_])
        if single:
            self.best_score_ = self.cv_results_["mean_test_score"][self.best_index_]

    def _refit(self, X, y, routed, recipe, rng, report):
        """Train at best_p_ on all the data."""
        with report:
            self._train_best(X, y, routed, recipe, rng)
            report.trained = self.best_estimator_

    def _train_best(self, X, y, routed, recipe, rng):
        started = time.perf_counter()
        split_seed, repeat_seed = _seeds(rng, 2)
        with blas_threads(thread_count(last_step(self.estimator).n_jobs)):
            start = prepare(self.estimator, X, y, None, None, split_seed, routed)
            warm = warm_up(start, repeat_seed, *self._until)
            last = recipe.carry_out(warm.estimator, warm.X, warm.y, warm.params)
        if isinstance(self.estimator, Pipeline):
            pipeline = clone(self.estimator)
            pipeline.steps = [*warm.steps, (pipeline.steps[-1][0], last)]
            self.best_estimator_ = pipeline
        else:
            self.best_estimator_ = last
        self.refit_time_ = time.perf_counter() - started

    def get_metadata_routing(self):
        """Say who takes which metadata: estimator, scorer and splitter, as in GridSearchCV.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            The routing.
        """
        fit_to_fit = MethodMapping().add(caller="fit", callee="fit")
        to_score = MethodMapping().add(caller="score", callee="score")
        return (
            MetadataRouter(owner=self)
            .add(estimator=self.estimator, method_mapping=fit_to_fit)
            .add(
                scorer=check_scoring(self.estimator, self.scoring),
                method_mapping=to_score.add(caller="fit", callee="score"),
            )
            .add(
                splitter=self.cv,
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    def __sklearn_is_fitted__(self):
        return hasattr(self, "best_estimator_") or hasattr(self, "cv_results_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = deepcopy(get_tags(self.estimator))
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.target_tags, tags.input_tags = inner.target_tags, inner.input_tags
        return tags


def _seeds(rng, size):
    return rng.randint(np.iinfo(np.int32).max, size=size)
