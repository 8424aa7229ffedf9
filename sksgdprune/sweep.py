"""Warm-up → cut to p → fine-tune → score, for every p × repeat × split."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self
from uuid import uuid4

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, check_random_state, get_tags, indexable

from sksgdprune._data import validation as check
from sksgdprune._estimator.base import BasePreconditionedMLP
from sksgdprune._pruning import scores as _scores
from sksgdprune._pruning.plan import Recipe
from sksgdprune._pruning.scores import FreezeMethod, PruneMethod
from sksgdprune._sweep.cell import Work, last_step, report_failures
from sksgdprune._sweep.delegation import ForwardingMixin
from sksgdprune._sweep.results import check_refit, choose, metrics_of, tabulate
from sksgdprune._sweep.routing import MetadataRoutingMixin, route
from sksgdprune._sweep.runner import Trainings
from sksgdprune._training.trainer import auto_steps
from sksgdprune._utils import callbacks as _callbacks
from sksgdprune._utils.sklearn_private import (
    HasMethods,
    Options,
    StrOptions,
    fit_context,
    num_samples,
)
from sksgdprune._utils.threads import blas_threads, thread_count
from sksgdprune._utils.typing import (
    Action,
    Array,
    ArrayLike,
    Auto,
    Fractions,
    MatrixLike,
    Memory,
    Schedule,
    Scope,
    Scoring,
    Seed,
    Splitter,
    Structure,
)

# The part of a sweep's "auto" steps that come before the cut.
WARMUP_SHARE = 1 / 16


class SparsitySweep(
    ForwardingMixin,
    MetadataRoutingMixin,
    _callbacks.CallbackSupportMixin,
    MetaEstimatorMixin,
    BaseEstimator,
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
        What is trained; a Pipeline must end in one of ours. Its earlier steps are fitted anew
        by whoever takes up the trainings of a split; the Pipeline's memory keeps them. It takes
        exactly the steps that are said here: its max_steps and early stopping do not count.
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
    refit : {"best", "one_se"}, str, callable or False, default="best"
        Which p of an array is trained on all the data afterwards: the best mean test score, the
        largest p within one standard error of it (of several metrics: in all of them), the best by
        the metric of a name, the index that a callable returns for `cv_results_`, or none.
    n_jobs : int, default=None
        Trainings side by side, in threads. The results do not depend on it.
    memory : str or joblib.Memory, default=None
        Where results of finished trainings are kept, so that an interrupted sweep with a seed goes
        on from there. A change of the data, of a parameter, of the code that scores or cuts, or of
        a version trains again.
    error_score : "raise" or float, default=nan
        Score of a cell that fails, with a warning.
    return_train_score : bool, default=False
        Whether the training rows are scored, too.
    random_state : int, RandomState or None, default=None
        Seeds all starts, minibatches and random cuts; None takes the estimator's random_state.
    verbose : int, default=0
        1 prints every ten seconds how many trainings are done and the time that is left; 2 a line
        for each of them.

    Attributes
    ----------
    best_estimator_ : estimator
        The one trained on all the data; missing with refit=False.
    best_p_ : float
        Its fraction.
    best_index_ : int
        Its row in `cv_results_`; for an array p.
    best_score_ : float
        Its mean test score; for an array p and a single metric, or the metric that `refit` names.
    cv_results_ : dict of ndarray
        For an array p, sorted by p: `p`, `sparsity` (mean fraction of pruned parameters),
        `n_parameters` (mean number of those that remain), `n_bytes` (mean size of the weights and
        biases, after `sparsify` where that is less), `split{k}_test_score` for
        k = repeat · n_splits + split, `mean_test_score`, `std_test_score`, `rank_test_score`, the
        same for train scores where asked for, `mean_fit_time` (seconds, the shared warm-up
        included), `mean_score_time`, `mean_predict_time` (seconds for the test rows, after
        `sparsify`) and their std. Several metrics have their names in place of "score".
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
        "refit": [str, callable, Options(bool, {False})],
        "n_jobs": [Integral, None],
        "error_score": [StrOptions({"raise"}), Real],
        "return_train_score": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    best_estimator_: Any
    best_p_: float
    best_index_: int
    best_score_: float
    cv_results_: dict[str, Array]
    n_splits_: int
    scorer_: Any
    refit_time_: float

    def __init__(
        self,
        estimator: BasePreconditionedMLP | Pipeline,
        *,
        p: Fractions = 0.5,
        action: Action = "prune",
        method: PruneMethod | FreezeMethod | None = None,
        scope: Scope | None = None,
        include_biases: bool | None = None,
        structure: Structure = "weight",
        schedule: Schedule | None = None,
        warmup_steps: int | Auto = "auto",
        finetune_steps: int | Auto = "auto",
        n_repeats: int = 1,
        cv: int | Splitter | Iterable[Any] | None = None,
        scoring: Scoring | Collection[str] | Mapping[str, Scoring] | None = None,
        refit: str | Callable[[dict[str, Array]], int] | Literal[False] = "best",
        n_jobs: int | None = None,
        memory: str | Memory | None = None,
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = False,
        random_state: Seed = None,
        verbose: bool | int = 0,
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
    def fit(self, X: MatrixLike, y: ArrayLike, **params: Any) -> Self:
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

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), random_state=0)
        >>> sweep = SparsitySweep(clf, p=[0.5, 0.9], warmup_steps=100, finetune_steps=200, cv=3)
        >>> sweep.fit(X, y, sample_weight=(y > 0) + 1.0).cv_results_["mean_test_score"].shape
        (2,)
        """
        with check.unchanged_on_error(self):
            self._forget()
            return self._fit(X, y, params)

    def _fit(self, X, y, params):
        """Check, draw the seeds, and train."""
        if y is None:
            raise ValueError("A sweep requires y to be passed, but the target y is None.")
        last = last_step(self.estimator)
        single = np.ndim(self.p) == 0
        p = np.sort([check.fraction(value) for value in ([self.p] if single else self.p)])
        if not p.size:
            raise ValueError("Got an empty p; give a number or at least one fraction.")
        if not (single and self.refit == "best"):  # of one p there is nothing to choose
            self._check_refit()
        steps = self._steps(last, num_samples(X))
        recipes = self._recipes(p.tolist(), steps[1] - steps[0])
        seed = last.random_state if self.random_state is None else self.random_state
        rng = check_random_state(seed)
        self.scorer_ = check_scoring(self.estimator, self.scoring)
        routed = route(self, self.scorer_, params)
        samples = X, y, params.get("sample_weight")
        work = Work(uuid4().hex, self.estimator, *indexable(X, y), routed, (), (), steps)
        if single:
            self.best_p_ = float(p[0])
            (report,), end = _callbacks.reports(self, *samples, ["training"])
            self._refit(work, recipes[0], rng, report)
        else:
            end = self._sweep(work, samples, p, recipes, rng)
        end()
        return self

    def _forget(self):
        """Drop what an earlier fit left: not every fit sets every attribute."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)

    def _check_refit(self):
        """Refuse a refit that cannot choose; the metrics of a callable are known later."""
        if self.refit is False or callable(self.scoring):
            return
        several = isinstance(self.scoring, list | tuple | set | dict)
        check_refit(self.refit, list(self.scoring) if several else ["score"])

    def _steps(self, last, n_samples):
        """Return the steps before the cut and in all; "auto" shares those of a plain fit."""
        budget = auto_steps(last, n_samples)
        warmup = math.ceil(WARMUP_SHARE * budget)
        finetune = budget - warmup if self.finetune_steps == "auto" else self.finetune_steps
        warmup = warmup if self.warmup_steps == "auto" else self.warmup_steps
        return warmup, warmup + finetune

    def _recipes(self, p, finetune_steps):
        """Return what is done at each p; refuse what cannot be done before anything is."""
        given = {
            name: getattr(self, name) for name in ("method", "scope", "include_biases", "schedule")
        }
        sizes = last_step(self.estimator).hidden_layer_sizes
        how = finetune_steps, self.structure, sizes
        return [Recipe.checked(self.action, fraction, *how, **given) for fraction in p]

    def _sweep(self, work, samples, p, recipes, rng):
        """Fill cv_results_, choose the best row and refit; return how to report the end."""
        cv = check_cv(self.cv, work.y, classifier=is_classifier(self.estimator))
        splits = list(cv.split(work.X, work.y, **work.routed.split))
        self.n_splits_ = len(splits)
        seeds, repeats = _seeds(rng, len(splits)), _seeds(rng, (self.n_repeats, len(splits)))
        names = ["cell"] * (len(p) * repeats.size) + ["refit"] * (self.refit is not False)
        reports, end = _callbacks.reports(self, *samples, names)
        everyone = replace(
            work,
            splits=tuple(splits),
            seeds=tuple(seeds.tolist()),
            scorer=self._cells_scorer(),
            with_train_score=self.return_train_score,
            with_estimator=_callbacks.are_set(self),
        )
        trainings = self._trainings(everyone)
        table = trainings.cells(recipes, repeats.tolist(), reports[: len(p) * repeats.size])
        report_failures([cell for row in table for cell in row])
        self.cv_results_ = tabulate(p, table, self.error_score, self.return_train_score)
        self._choose(p)
        if self.refit is not False:
            self._refit(work, recipes[self.best_index_], rng, reports[-1])
        return end

    def _trainings(self, work):
        return Trainings(work, self.memory, self.n_jobs, self.verbose, self.error_score)

    def _cells_scorer(self):
        """Return the scorer of the cells: one metric that fails does not cost the others."""
        raises = self.error_score == "raise"
        return check_scoring(clone(self.estimator), self.scoring, raise_exc=raises)

    def _choose(self, p):
        """Name the best row, by `refit`; without one the best of a single metric."""
        metrics = metrics_of(self.cv_results_)
        refit = "best" if self.refit is False else self.refit
        if self.refit is False and len(metrics) > 1:
            return
        self.best_index_ = choose(refit, self.cv_results_)
        self.best_p_ = float(p[self.best_index_])
        by = [refit] if isinstance(refit, str) and refit in metrics else metrics
        if len(by) == 1:
            self.best_score_ = self.cv_results_[f"mean_test_{by[0]}"][self.best_index_]

    def _refit(self, work, recipe, rng, report):
        """Train at best_p_ on all the data."""
        started = time.perf_counter()
        split_seed, repeat_seed = _seeds(rng, 2).tolist()
        name = uuid4().hex  # or the rows of a split might be taken for all
        everyone = replace(work, name=name, splits=((None, None),), seeds=(split_seed,))
        with report, blas_threads(thread_count(last_step(self.estimator).n_jobs)):
            steps = self._trainings(everyone).on_all_rows(repeat_seed, recipe)
            self.best_estimator_ = report.trained = self._whole(steps)
        self.refit_time_ = time.perf_counter() - started

    def _whole(self, steps):
        """Return what `estimator` is, of fitted steps."""
        if not isinstance(self.estimator, Pipeline):
            return steps[-1]
        pipeline = clone(self.estimator)
        name, _ = pipeline.steps[-1]
        pipeline.steps = [*steps[:-1], (name, steps[-1])]
        return pipeline

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "best_estimator_") or hasattr(self, "cv_results_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = deepcopy(get_tags(self.estimator))
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.target_tags, tags.input_tags = inner.target_tags, inner.input_tags
        return tags


def _seeds(rng, size):
    return rng.randint(np.iinfo(np.int32).max, size=size)
