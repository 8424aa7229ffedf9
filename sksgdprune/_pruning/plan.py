"""What is done to a warmed-up network at one p: cuts and trainings in turn."""

from __future__ import annotations

from copy import deepcopy
from functools import cache, partial
from typing import NamedTuple, TypeVar

import numpy as np
from sklearn.utils import indexable
from sklearn.utils.validation import check_is_fitted

from sksgdprune import schedules
from sksgdprune._data import validation as check
from sksgdprune._estimator.base import BasePreconditionedMLP
from sksgdprune._kernels.types import PRUNED
from sksgdprune._pruning import scores as _scores
from sksgdprune._pruning import selection as _selection
from sksgdprune._pruning import structured as _structure
from sksgdprune._pruning.cut import Cut
from sksgdprune._pruning.scores import PruneMethod
from sksgdprune._training import trainer as _training
from sksgdprune._training.trainer import Course
from sksgdprune._utils.sklearn_private import num_samples
from sksgdprune._utils.typing import ArrayLike, Auto, MatrixLike, Schedule, Scope, Structure

# What is meant by None: for pruning what kept most accuracy (benchmarks/choose_pruning.py), for
# freezing the research notebook's.
DEFAULTS = {
    "prune": {
        "method": "fisher",
        "scope": "connected",
        "include_biases": False,
        "schedule": "geometric",
    },
    "freeze": {
        "method": "preconditioned_gradient",
        "scope": "layer",
        "include_biases": True,
        "schedule": "one_shot",
    },
}
# Rows over which a cut takes its gradient, at most: more do not change what is cut.
GRADIENT_ROWS = 10_000
# The penalty, per sample, under which weights shrink before they are cut, times the number of
# those that remain.
SHRINKING = 0.5

Estimator = TypeVar("Estimator", bound=BasePreconditionedMLP)


def train(estimator, X, y, n_steps, params, course):
    """Take exactly `n_steps` steps; Ctrl-C ends the whole recipe, not only this training."""
    _uninterrupted(estimator._train(X, y, n_steps, course=course, **params))


def _uninterrupted(outcome):
    """Pass Ctrl-C on, which a training on its own only ends with."""
    if outcome.interrupted:
        raise KeyboardInterrupt


class Recipe(NamedTuple):
    """How to cut, and when: a plan of Stage."""

    action: str
    method: object
    scope: str
    include_biases: bool
    structure: str
    plan: tuple

    @classmethod
    def checked(cls, action, p, n_steps, structure, hidden_sizes, **given):
        """Return the Recipe for one p, None among the given standing for the default."""
        said = {name: value for name, value in given.items() if value is not None}
        cut = DEFAULTS[action] | said
        _scores.resolve(action, cut["method"])
        plan = schedules.planned(schedules.resolve(cut["schedule"]), p, n_steps)
        if action == "freeze":  # nothing goes that should shrink before
            plan = tuple(stage._replace(penalty=1.0) for stage in plan)
        return cls(
            action,
            cut["method"],
            _selection.check_scope(cut["scope"], action),
            check.flag("include_biases", cut["include_biases"]),
            _structure.check_structure(structure, action, hidden_sizes),
            plan,
        )

    def from_here(self, estimator):
        """Return the Recipe for an estimator of which a part is pruned already.

        A fraction of the plan is then one of what is left.
        """
        network = estimator._network
        (eligible,) = _selection.groups(network.layout, "global", self.include_biases)
        reached = np.mean(network.dense().status[eligible] == PRUNED)
        p = self.plan[-1].fraction
        if self.structure != "weight" or reached == 0:
            return self
        if reached >= p:
            n_steps = sum(stage.n_steps for stage in self.plan)
            return self._replace(plan=(schedules.Stage(p, n_steps),))
        plan = [s._replace(fraction=reached + (p - reached) * s.fraction / p) for s in self.plan]
        return self._replace(plan=(*plan[:-1], self.plan[-1]))

    def carry_out(self, estimator, X, y, params):
        """Cut `estimator` and train it, as often as the plan says."""
        data = estimator._read_more(X, y, params.get("sample_weight"))
        # The rows by which draws are judged come up in the second half of the last stage only.
        last = self.plan[-1]
        hold = estimator._hold(data, last.n_steps)
        rows = cache(partial(_some_rows, estimator._rng, data, hold))
        begun = estimator._network, estimator.t_
        course = partial(self._course, estimator.t_ - estimator.t0, estimator._network.layout)
        for stage in self.plan:
            estimator._cut_by(self._cut(stage.fraction), rows)
            if stage.rewind:
                estimator._rewind(*begun)
            if stage.n_steps:
                held = hold and (hold if stage is last else hold.during(stage.n_steps))
                _uninterrupted(estimator._train_on(data, stage.n_steps, course(stage), held))
        return estimator

    def _cut(self, fraction):
        how = self.method, self.scope, self.include_biases, self.structure
        return Cut.checked(self.action, fraction, *how)

    def _course(self, n_done, layout, stage):
        """Return the Course of a stage, for a plan that begins after so many steps.

        Where the stage leaves its penalty open, the weights that will go should shrink before: the
        penalty that takes grows as one over the number of those that remain, as was measured, and
        does not fade with the samples as a prior does.
        """
        n_steps, tail = n_done + sum(s.n_steps for s in self.plan), stage.n_steps // 2
        if stage.penalty is not None:
            return Course(n_steps, stage.penalty, tail=tail)
        n_weights = sum(W.size for W in layout.weights(np.empty(layout.n_parameters)))
        least = SHRINKING / max(n_weights * (1 - self.plan[-1].fraction), 1)
        return Course(n_steps, least=least, tail=tail)


def _some_rows(rng, data, hold):
    """Return the samples over which cuts take their gradients."""
    if hold is not None:
        data = data.take(np.delete(np.arange(len(data.Y)), hold.rows))
    n = len(data.Y)
    if n <= GRADIENT_ROWS:
        return data
    return data.take(deepcopy(rng).choice(n, GRADIENT_ROWS, replace=False))


def prune_gradually(
    estimator: Estimator,
    X: MatrixLike,
    y: ArrayLike,
    p: float,
    *,
    n_steps: int | Auto = "auto",
    method: PruneMethod | None = None,
    scope: Scope | None = None,
    include_biases: bool | None = None,
    structure: Structure = "weight",
    schedule: Schedule | None = None,
    sample_weight: ArrayLike | None = None,
) -> Estimator:
    """Prune a fitted estimator to p by a schedule, and train it on as the schedule goes.

    Parameters
    ----------
    estimator : PreconditionedMLPClassifier or PreconditionedMLPRegressor
        Fitted, be it for some steps only; it is changed.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Inputs to train on.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    p : float in [0, 1]
        The fraction to be pruned in the end, what was pruned before included.
    n_steps : int or "auto", default="auto"
        Minibatch steps in all; "auto" takes as many as an untuned fit would.
    method, scope, include_biases : default=None
        As in `prune`; None takes "fisher", "connected" and False.
    structure : {"weight", "unit", "input"}, default="weight"
        As in `prune`.
    schedule : str or object, default=None
        A name or an object of `sksgdprune.schedules`; None takes "geometric".
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, as in `fit`.

    Returns
    -------
    estimator
        The same one.

    Raises
    ------
    ValueError
        On anything that `prune` refuses, and on a schedule that does not reach p; before any
        training.
    TypeError
        If the estimator is none of ours; a SparsitySweep prunes at the end of a Pipeline.
    NotFittedError
        Before fit. After any error, and after Ctrl-C, the estimator is as it was.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sksgdprune import PreconditionedMLPClassifier, prune_gradually
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = PreconditionedMLPClassifier(max_steps=500, random_state=0).fit(X, y)
    >>> prune_gradually(clf, X, y, 0.9, n_steps=1500).score(X, y) > 0.9
    True
    """
    if not isinstance(estimator, BasePreconditionedMLP):
        raise TypeError(
            "estimator must be a PreconditionedMLPClassifier or a PreconditionedMLPRegressor, got "
            f"{estimator!r}; SparsitySweep takes a Pipeline."
        )
    check_is_fitted(estimator)
    estimator._validate_params()
    X, y = indexable(X, y)
    if n_steps == "auto":
        n_steps = _training.auto_steps(estimator, num_samples(X))
    if not check.is_whole(n_steps) or n_steps < 1:
        raise ValueError(f"Got n_steps={n_steps!r}; give a number of steps >= 1, or 'auto'.")
    recipe = Recipe.checked(
        "prune",
        check.fraction(p),
        n_steps,
        structure,
        estimator._network.layout.sizes[1:-1],
        method=method,
        scope=scope,
        include_biases=include_biases,
        schedule=schedule,
    )
    recipe = recipe.from_here(estimator)
    params = {} if sample_weight is None else {"sample_weight": sample_weight}
    with check.unchanged_on_error(estimator):
        return recipe.carry_out(estimator, X, y, params)
