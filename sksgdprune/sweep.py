"""The sweep: warm-up → cut to p → fine-tune → score, for every p × repeat × split."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.metrics import check_scoring
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, check_random_state, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from sksgdprune._data import validation as check
from sksgdprune._estimator.base import BasePreconditionedMLP
from sksgdprune._pruning.scores import METHODS, FreezeMethod, PruneMethod
from sksgdprune._sweep.choice import NearBest
from sksgdprune._sweep.delegation import DelegationMixin
from sksgdprune._sweep.pipelines import last_step
from sksgdprune._sweep.results import long_table
from sksgdprune._sweep.search import Search
from sksgdprune._utils import callbacks
from sksgdprune._utils.argument_types import (
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
from sksgdprune._utils.random import restored_on_error
from sksgdprune._utils.sklearn_private import (
    HasMethods,
    Options,
    StrOptions,
    fit_context,
)

if TYPE_CHECKING:
    from pandas import DataFrame

# A mean counts as 0.01 below another where it is so but for rounding errors of this part of it.
ROUNDING = 1e-12


@dataclass(frozen=True)
class within(NearBest):  # noqa: N801 - it is called like a function, and prints as that
    """Choose the largest p whose mean test score is at most a tolerance below the best.

    It is a value for `refit` of a `SparsitySweep` over an array of p. If no p is within the
    tolerances of all metrics, it chooses the p whose largest loss, in tolerances, is smallest.

    Parameters
    ----------
    tolerance : float or dict of str to float
        How much of the score may be lost, 0 or more: one number for all metrics, or a number by
        name for those that count.
    relative : bool, default=False
        Whether tolerance is a fraction of the best score's absolute value.

    Raises
    ------
    ValueError
        If tolerance is negative, not finite or not a number. The sweep refuses names that are not
        its metrics.

    See Also
    --------
    SparsitySweep : Takes it as `refit`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sksgdprune import (
    ...     PreconditionedMLPClassifier,
    ...     SparsitySweep,
    ...     within,
    ... )
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = PreconditionedMLPClassifier(random_state=0)
    >>> sweep = SparsitySweep(
    ...     clf, p=[0, 0.5, 0.9, 1], finetune_steps=500, refit=within(0.1)
    ... )
    >>> sweep.fit(X, y).best_p_
    0.9
    >>> within({"accuracy": 0.01, "neg_log_loss": 0.05})
    within(tolerance={'accuracy': 0.01, 'neg_log_loss': 0.05}, relative=False)
    """

    tolerance: float | Mapping[str, float]
    relative: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        several = isinstance(self.tolerance, Mapping)
        given = list(self.tolerance.values()) if several else [self.tolerance]
        if not given or not all(map(_is_tolerance, given)):
            raise ValueError(
                f"Got tolerance={self.tolerance!r}; give a finite number from 0, or a dict of one "
                "for each metric that counts, by its name."
            )
        if not isinstance(self.relative, bool | np.bool_):
            raise ValueError(f"Got relative={self.relative!r}; expected True or False.")

    def _metrics(self, names):
        return list(self.tolerance) if isinstance(self.tolerance, Mapping) else names

    def _margin(self, metric, best, error):
        named = isinstance(self.tolerance, Mapping)
        tolerance = self.tolerance[metric] if named else self.tolerance
        return tolerance * (abs(best) if self.relative else 1.0) + ROUNDING * abs(best)


def _is_tolerance(value):
    is_number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    return is_number and 0 <= value < np.inf


class SparsitySweep(
    DelegationMixin,
    callbacks.CallbackSupportMixin,
    MetaEstimatorMixin,
    BaseEstimator,
):
    """Train, cut to a fraction p, fine-tune; for one p, or for many with cross-validation.

    With a number p, `fit` does one warm-up → cut → fine-tune on all the data. With an array p,
    every p × repeat × split is a *cell*. All p of one split and repeat start from the same warm-up
    and use the same minibatches, so that the points of a curve are paired.

    Every run takes exactly its warm-up and fine-tuning steps. The estimator's max_steps,
    early_stopping and tol are not used. Before each warm-up the prior (alpha="auto") and
    the encoding are chosen on its own training rows, in short trials that do not count as steps,
    unless warmup_steps and finetune_steps are fewer than 800 together.

    The parameters, in four groups:

    - What is cut: `estimator`, `p`, `action`, `method`, `scope`, `include_biases`, `structure`.
    - Steps: `schedule`, `warmup_steps`, `finetune_steps`.
    - Evaluation: `n_repeats`, `cv`, `scoring`, `refit`, `error_score`, `return_train_score`.
    - Running: `n_jobs`, `memory`, `random_state`, `verbose`.

    The fitted attributes, in three:

    - Best network: `best_estimator_`, `best_p_`, `best_index_`, `best_score_`, `refit_time_`.
    - Results: `cv_results_`, `n_splits_`, `scorer_`.
    - Data: `classes_`, `n_features_in_`, `feature_names_in_`.

    Parameters
    ----------
    estimator : PreconditionedMLPClassifier, PreconditionedMLPRegressor or Pipeline
        The estimator to train, or a Pipeline (also imbalanced-learn's) that ends in one. The
        earlier steps of a Pipeline are fitted anew in each split; the Pipeline's memory caches
        them.
    p : float or array-like of float, default=0.5
        Fraction(s) to cut, each in [0, 1]: of the weights, or with `include_biases` of all
        parameters.
    action : {"prune", "freeze"}, default="prune"
        "prune" sets what is cut to 0 and keeps it there, "freeze" stops updating it.
    method : str or callable, default=None
        A method of `prune` or `freeze`. None means "fisher" for pruning (computed on at most 10,000
        rows of X) and "preconditioned_gradient" for freezing.
    scope : {"layer", "global", "connected"}, default=None
        As in `prune` and `freeze`. None means "connected" for pruning and "layer" for freezing.
    include_biases : bool, default=None
        Whether biases are cut, too. None means False for pruning and True for freezing.
    structure : {"weight", "unit", "input"}, default="weight"
        Whether `prune` removes single parameters, whole hidden units or whole inputs; p is the
        fraction of these.
    schedule : {"one_shot", "linear", "cubic", "geometric", "iterative"} or object, default=None
        How p is reached, see `sksgdprune.schedules`. None means "geometric" for pruning and
        "one_shot" for freezing. "iterative" trains six rounds, which share `finetune_steps`.
    warmup_steps : int or "auto", default="auto"
        Minibatch steps before the first cut. "auto" is a sixteenth of the steps that the
        estimator's max_steps="auto" would take for all rows of X. With 0 the initial weights are
        cut, or with "iterative" rewound to; "noise" and "preconditioned_gradient" need some steps
        before they can score them.
    finetune_steps : int or "auto", default="auto"
        Minibatch steps from the first cut on; "auto" is the rest of these steps. With
        schedule="iterative" each of its six rounds, also the last, takes a sixth.
    n_repeats : int, default=1
        Runs per p and split, each from its own initial parameters; for an array p.
    cv : int, splitter or iterable, default=None
        Splits for an array p; None means 5-fold.
    scoring : str, callable, list or dict, default=None
        As in GridSearchCV; None takes the estimator's `score`.
    refit : {"best", "one_se"}, within, str, callable or False, default="best"
        Which p of an array is trained on all the data afterwards: "best" the best mean test score,
        "one_se" the largest p within one standard error of it (of several metrics: in all of them),
        `within(0.01)` the largest p within a tolerance, the name of a metric the best p by this
        metric, a callable the index that it returns for `cv_results_`, and False none.
    error_score : "raise" or float, default=nan
        Score of a cell that fails, with a warning.
    return_train_score : bool, default=False
        Whether to score the training rows, too.
    n_jobs : int, default=None
        Number of parallel runs, in threads. The results do not depend on it.
    memory : str or joblib.Memory, default=None
        Where results of finished runs are stored, so that an interrupted sweep with a seed resumes
        from there. A run is repeated if the data, a parameter, the code that scores or cuts, a
        module of yours that this code imports, or a version has changed. The folder holds pickles,
        which can run code when they are loaded.
    random_state : int, RandomState or None, default=None
        Seeds all initial parameters, minibatches and random cuts; None uses the estimator's
        random_state.
    verbose : int, default=0
        1 prints every ten seconds how many runs are done and the remaining time; 2 prints a line
        for each run. Both print how many results are found in memory.

    Attributes
    ----------
    best_estimator_ : estimator
        The estimator trained on all the data; missing with refit=False.
    best_p_ : float
        The p of `best_estimator_`.
    best_index_ : int
        The row of `best_p_` in `cv_results_`; for an array p.
    best_score_ : float
        The mean test score of `best_p_`; for an array p and a single metric, or the one that
        `refit` names.
    refit_time_ : float
        Seconds of the run on all the data.
    cv_results_ : dict of ndarray
        For an array p, sorted by p: `p`, `sparsity` (mean fraction of pruned parameters),
        `n_parameters` (mean number of those that remain), `n_bytes` (mean size of the weights and
        biases in the smallest form: dense or after `sparsify`, as they are or after `compact`),
        `split{k}_test_score` for
        k = repeat · n_splits + split, `mean_test_score`, `std_test_score`, `rank_test_score`, the
        same for train scores where asked for, `mean_fit_time` (seconds, the shared warm-up
        included), `mean_score_time`, `mean_predict_time` (seconds for the test rows, after
        `sparsify`) and their std. Several metrics have their names in place of "score".
    n_splits_ : int
        Number of splits; for an array p.
    scorer_ : callable
        The scorer.
    classes_ : ndarray of shape (n_classes,)
        Class labels of the best estimator, where it is a classifier.
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X has string column names.

    See Also
    --------
    SparsitySweepDisplay : Plot the curves.
    within : The largest p within a tolerance, for `refit`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
    >>> X, y = load_iris(return_X_y=True)
    >>> sweep = SparsitySweep(
    ...     PreconditionedMLPClassifier(random_state=0),
    ...     p=[0, 0.5, 0.9],
    ...     finetune_steps=500,
    ... ).fit(X, y)
    >>> sweep.cv_results_["p"]
    array([0. , 0.5, 0.9])
    >>> float(sweep.best_score_)
    0.9...
    """

    _parameter_constraints: ClassVar = {
        "estimator": [HasMethods(["fit", "predict"])],
        "action": [StrOptions(set(METHODS))],
        "method": [str, callable, None],
        "warmup_steps": [check.Count(0), StrOptions({"auto"})],
        "finetune_steps": [check.Count(0), StrOptions({"auto"})],
        "n_repeats": [check.COUNT],
        "refit": [str, callable, within, Options(bool, {False})],
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
        refit: str | within | Callable[[dict[str, Array]], int] | Literal[False] = "best",
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = False,
        n_jobs: int | None = None,
        memory: str | Memory | None = None,
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
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    @callbacks.with_callbacks
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
            On a p outside [0, 1], an unknown method, scope, structure or schedule, structure="unit"
            without hidden layers, or if all cells fail.
        TypeError
            If the estimator is not a PreconditionedMLPClassifier, a PreconditionedMLPRegressor or a
            Pipeline ending in one.

        Warns
        -----
        ConvergenceWarning
            Where the best estimator is no better on its own training rows than a constant.
        FitFailedWarning
            Where some cells fail.
        UserWarning
            Where scores are not finite, or a metric fails; where the best p is the largest of
            several, or the smallest and not 0.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), random_state=0)
        >>> sweep = SparsitySweep(
        ...     clf, p=[0.5, 0.9], warmup_steps=100, finetune_steps=200, cv=3
        ... )
        >>> sweep.fit(X, y, sample_weight=(y > 0) + 1.0).cv_results_[
        ...     "mean_test_score"
        ... ].shape
        (2,)
        """
        last = last_step(self.estimator)
        seed = last.random_state if self.random_state is None else self.random_state
        rng = check_random_state(seed)
        with restored_on_error(rng):
            search = Search(self, X, y, params)
            fitted = search.fitted(rng)
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)  # not every fit sets every attribute
        vars(self).update(fitted)
        search.end()
        return self

    def to_frame(self) -> DataFrame:
        """Return all scores as a pandas DataFrame with a row for each of them.

        `pd.concat({"fisher": sweep.to_frame(), …}, names=["method"])` makes one table of several.

        Returns
        -------
        pandas.DataFrame
            The columns `p`, `repeat`, `split`, `metric`, `score_type` ("test" or "train"), `score`,
            and of each p, as in `cv_results_`, the means `sparsity`, `n_parameters` and `n_bytes`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the sweep's p is a number.
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), random_state=0)
        >>> sweep = SparsitySweep(
        ...     clf, p=[0.5, 0.9], warmup_steps=100, finetune_steps=200, cv=2
        ... )
        >>> frame = sweep.fit(X, y).to_frame()
        >>> frame[["p", "repeat", "split", "metric", "n_parameters"]]
             p  repeat  split metric  n_parameters
        0  0.5       0      0  score          93.0
        1  0.5       0      1  score          93.0
        2  0.9       0      0  score          37.0
        3  0.9       0      1  score          37.0
        """
        check_is_fitted(self)
        if not hasattr(self, "cv_results_"):
            raise ValueError(f"Got a sweep with p={self.p!r}; a table needs an array p.")
        try:
            from pandas import DataFrame
        except ImportError as error:
            raise ImportError(
                "A table needs pandas; install it with: pip install pandas. Without it, the "
                "scores are in cv_results_."
            ) from error
        return DataFrame(long_table(self.cv_results_, self.n_splits_))

    def get_metadata_routing(self) -> MetadataRouter:
        """Say who takes which metadata: estimator, scorer and splitter, as in GridSearchCV.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            The routing.

        Examples
        --------
        >>> import sklearn
        >>> from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
        >>> with sklearn.config_context(enable_metadata_routing=True):
        ...     clf = PreconditionedMLPClassifier().set_fit_request(
        ...         sample_weight=True
        ...     )
        ...     router = SparsitySweep(clf).get_metadata_routing()
        >>> router.consumes("fit", ["sample_weight"])
        {'sample_weight'}
        """
        fit_to_fit = MethodMapping().add(caller="fit", callee="fit")
        fit_to_fit.add(caller="partial_fit", callee="partial_fit")
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

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "best_estimator_") or hasattr(self, "cv_results_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = deepcopy(get_tags(self.estimator))
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.target_tags, tags.input_tags = inner.target_tags, inner.input_tags
        return tags
