"""One cell of a sweep: warm-up, cut, fine-tune, score; or the error it ended with."""

import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from numbers import Number
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.pipeline import Pipeline

from sksgdprune._estimator.base import BasePreconditionedMLP
from sksgdprune._kernels.types import PRUNED
from sksgdprune._sweep.pipelines import Receiver, last_step, whole, without_last
from sksgdprune._sweep.routing import Routed
from sksgdprune._training.config import Horizon
from sksgdprune._utils.sklearn_private import rows_of_params, safe_indexing
from sksgdprune._utils.warnings import warn

TRAIN, TEST = 0, 1  # the parts of a split
_kept = threading.local()  # a thread's last Start, and what it is called


@dataclass(frozen=True)  # no tuple: Dask scatters what can be referred to weakly
class Work:
    """What all runs of a sweep have in common; it goes to each worker once.

    Parameters
    ----------
    name : str
        Another one for each fit.
    estimator : estimator or Pipeline
        What is trained.
    X, y : array-like
        All rows.
    routed : Routed
        Metadata of all rows.
    splits : sequence of (ndarray, ndarray)
        Training and test rows; (None, None) means to train on all rows and test on none.
    seeds : sequence of int
        Of the steps before the last one, a seed per split.
    steps : (int, int)
        Warm-up steps, and steps in all.
    scorer : callable
        Returns a score, or a dict of them in which a text stands for an error.
    with_train_score, with_estimator : bool
        Whether the training rows are scored, too, and whether the trained estimator is stored.
    """

    name: str
    estimator: object
    X: object
    y: object
    routed: Routed
    splits: tuple
    seeds: tuple
    steps: tuple
    scorer: object = None
    with_train_score: bool = False
    with_estimator: bool = False

    def __repr__(self):  # data do not go into logs
        return f"Work({self.name!r})"

    def __sizeof__(self):  # Dask scatters what is large
        return object.__sizeof__(self) + 1024 + getattr(self.X, "nbytes", 0)


class Start(NamedTuple):
    """One split's fitted earlier steps, and the data that they make.

    X, y and `params` are what the last step is trained on. `scored` has, of the training and of
    the test rows, what it predicts from, y and what else the scorer gets: what a step makes of the
    rows that it is fitted to may differ from what it makes of them afterwards.
    """

    steps: list
    X: object
    y: object
    params: dict
    scored: list
    seconds: float


class Warm(NamedTuple):
    """The last step after its warm-up, and the seconds until then."""

    estimator: BasePreconditionedMLP
    seconds: float


class Trained(NamedTuple):
    """What is trained on all rows: the fitted earlier steps, and the last step.

    `problem` says what to warn of where that has left a constant.
    """

    steps: list
    last: BasePreconditionedMLP
    problem: str | None = None


class Cell(NamedTuple):
    """One trained and scored p of one split and repeat.

    `trained` is for callbacks that score. A metric that failed is missing from the scores; `failed`
    has its traceback.
    """

    test: dict
    train: dict
    sparsity: float = np.nan
    fit_time: float = np.nan
    score_time: float = np.nan
    trained: object = None
    error: str | None = None
    failed: dict | None = None
    n_parameters: float = np.nan
    n_bytes: float = np.nan
    predict_time: float = np.nan


class IncompleteError(Exception):
    """Carries a Cell of which a metric failed: what is raised is not cached, but tried again."""


class ScoreError(ValueError):
    """What a scorer returns is no score, whatever `error_score` is."""


def _rows(data, indices):
    return data if indices is None else safe_indexing(data, indices)


def prepare(work, k):
    """Fit the steps before the last on the rows of split k."""
    started = time.perf_counter()
    (train, test), routed = work.splits[k], work.routed
    of_rows = partial(rows_of_params, work.X)
    X, y, steps, transform = _rows(work.X, train), _rows(work.y, train), [], Receiver().transform
    if isinstance(work.estimator, Pipeline):
        earlier = without_last(work.estimator)  # a Pipeline's memory keeps all but its last step
        random_states = [key for key in earlier.get_params() if key.endswith("__random_state")]
        earlier.set_params(**dict.fromkeys(sorted(random_states), work.seeds[k]))
        earlier.fit(X, y, **of_rows(routed.earlier, train))
        receiver, steps, transform = earlier[-1], earlier.steps[:-1], earlier.transform
        X, y = receiver.X_, receiver.y_
    seconds = time.perf_counter() - started
    scored = [None, None]
    if work.with_train_score:
        scored[TRAIN] = _scored(work, train, transform if steps else lambda _: X)
    if test is not None:
        scored[TEST] = _scored(work, test, transform)
    return Start(steps, X, y, of_rows(routed.last, train), scored, seconds)


def _scored(work, rows, transform):
    """Return what a part of a split is scored by: X as the last step gets it, y, metadata."""
    X, y = transform(_rows(work.X, rows)), _rows(work.y, rows)
    return X, y, rows_of_params(work.X, work.routed.score, rows)


def _start(work, k):
    """Return what `prepare` does; a thread keeps it until it needs another one."""
    if getattr(_kept, "name", None) != (work.name, k):
        forget_start()  # before there is another
        _kept.start = prepare(work, k)
        _kept.name = work.name, k
    return _kept.start


def forget_start():
    """Let go of the data that this thread keeps."""
    vars(_kept).clear()


def warm_up(work, k, seed) -> Warm:
    """Train the last step on split k for the warm-up steps."""
    start, started = _start(work, k), time.perf_counter()
    last = clone(last_step(work.estimator)).set_callbacks().set_params(random_state=seed)
    n_steps, n_all = work.steps
    last._train(start.X, start.y, n_steps, **start.params, horizon=Horizon(n_all))
    return Warm(last, start.seconds + time.perf_counter() - started)


def train_one(work, seed, plan) -> Trained:
    """Train on all rows, and cut the last step as planned."""
    start, warm = _start(work, 0), warm_up(work, 0, seed)
    last = warm.estimator._apply_plan(plan, start.X, start.y, **start.params)
    problem = last._judge_plan(plan, start.X, start.y, **start.params)
    return Trained(start.steps, last, problem)


def run_cell(work, k, warm, plan) -> Cell:
    """Cut and fine-tune a copy of the warmed-up estimator, and score it."""
    start, started = _start(work, k), time.perf_counter()
    estimator = deepcopy(warm.estimator)._apply_plan(plan, start.X, start.y, **start.params)
    fitted = time.perf_counter()
    fitted_whole = whole(work.estimator, [*start.steps, estimator])
    test, failed = _score(work, k, start, fitted_whole, TEST)
    scored = time.perf_counter()
    train, train_failed = {}, {}
    if work.with_train_score:
        train, train_failed = _score(work, k, start, fitted_whole, TRAIN)
    cell = Cell(
        test,
        train,
        estimator.sparsity_,
        warm.seconds + fitted - started,
        scored - fitted,
        fitted_whole if work.with_estimator else None,
        failed=train_failed | failed,
        **_costs(estimator, start.scored[TEST][0]),
    )
    if cell.failed:
        raise IncompleteError(cell)
    return cell


def _score(work, k, start, estimator, part):
    """Score on the training or the test rows of split k.

    scikit-learn's scorers only predict: the last step does, from what the others made. Functions
    may look at the Pipeline and at the rows, which they get anew, as steps may write into them.
    """
    X, y, params = start.scored[part]
    if not start.steps:
        return _scores_of(work.scorer, estimator, X, y, params)
    several = getattr(work.scorer, "_scorers", {"score": work.scorer}).values()
    if all(hasattr(scorer, "_accept_sample_weight") for scorer in several):
        return _scores_of(work.scorer, estimator[-1], X, y, params)
    return _scores_of(work.scorer, estimator, _rows(work.X, work.splits[k][part]), y, params)


def _scores_of(scorer, estimator, X, y, params):
    """Return the scores by metric, and the tracebacks of those that failed."""
    scores = scorer(estimator, X, y, **params)
    scores = scores if isinstance(scores, Mapping) else {"score": scores}
    # Only scikit-learn's scorer of several metrics has texts where there should be numbers.
    has_texts = not getattr(scorer, "_raise_exc", True)
    failed = {name: text for name, text in scores.items() if has_texts and isinstance(text, str)}
    good = {name: score for name, score in scores.items() if name not in failed}
    return {name: _number(name, score) for name, score in good.items()}, failed


def _number(name, score):
    """Return a score as a number; refuse what is none, as scikit-learn does."""
    number = score
    with suppress(AttributeError, ValueError):
        number = score.item()
    if not isinstance(number, Number):
        raise ScoreError(
            f"scoring must return a number, got {score!r} ({type(score)}) for the metric {name!r}; "
            "a scorer returns one number, or a dict of them by metric."
        )
    return number


def _costs(estimator, X_test):
    """Return what a network without its pruned parameters takes in memory and time."""
    small = deepcopy(estimator).sparsify()
    small._linear_output(X_test)  # compiles, and makes lists of what remains: once per network
    started = time.perf_counter()
    small._linear_output(X_test)
    return {
        "n_parameters": int((estimator.status_ != PRUNED).sum()),
        "n_bytes": estimator.sparsity_report_.n_bytes,
        "predict_time": time.perf_counter() - started,
    }


def or_failure(function, *arguments, error_score):
    """Call `function`; where it raises and `error_score` is a number, return a failed Cell."""
    failed = next((a for a in arguments if isinstance(a, Cell)), None)
    if failed is not None:
        return failed
    try:
        return function(*arguments)
    except IncompleteError as error:
        return error.args[0]
    except ScoreError:
        raise
    except Exception:
        if error_score == "raise":
            raise
        return Cell({}, {}, error=traceback.format_exc())


def reported(report, function, *arguments, error_score):
    """Do the same between the report's begin and end; a cached cell reports as a fresh one does."""
    with report:
        cell = or_failure(function, *arguments, error_score=error_score)
        report.trained = cell.trained
    return cell._replace(trained=None)


def report_failures(cells):
    """Warn where some cells or metrics failed; raise where all cells did, or all metrics."""
    errors = [cell.error for cell in cells if cell.error]
    message = f"{len(errors)} of {len(cells)} runs of the sweep failed; the first with:\n"
    if errors and len(errors) == len(cells):
        raise ValueError(message + errors[0])
    if errors:
        warn(message + errors[0], FitFailedWarning)
    by_metric = {}
    for name, error in (item for cell in cells for item in (cell.failed or {}).items()):
        by_metric.setdefault(name, []).append(error)
    if not any(cell.test for cell in cells):
        found = [*errors, *(text for texts in by_metric.values() for text in texts)]
        raise ValueError("\n".join(["No run has a score.", *found[:1]]))
    _report_non_finite(cells)
    for name, found in by_metric.items():
        what = f"Scoring by {name!r} failed in {len(found)} of {len(cells)} runs"
        warn(f"{what}; the first with:\n{found[0]}", UserWarning)


def _report_non_finite(cells):
    """Warn where scores of runs that did not fail are nan or infinite, in GridSearchCV's words."""
    for part in ("test", "train"):
        scores = [item for cell in cells for item in getattr(cell, part).items()]
        for name in dict.fromkeys(name for name, _ in scores):
            values = np.array([value for metric, value in scores if metric == name], dtype=float)
            bad = values[~np.isfinite(values)]
            if bad.size:
                warn(
                    f"One or more of the {part} scores are non-finite: {bad.size} of {values.size} "
                    f"by {name!r}, the first of them {bad[0]}. A p whose mean is nan ranks last; "
                    "look at what scoring returns for such rows.",
                    UserWarning,
                )
