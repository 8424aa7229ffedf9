"""One training of a sweep: warm-up, cut, fine-tune, score; or the error it ended with."""

import time
import traceback
from collections.abc import Mapping
from copy import deepcopy
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.pipeline import Pipeline

from sksgdprune._base import BasePreconditionedMLP
from sksgdprune._recipe import train
from sksgdprune._sklearn import rows_of_params, safe_indexing
from sksgdprune._training import Course
from sksgdprune._warnings import warn


class Start(NamedTuple):
    """One split's fitted earlier steps, the data they make, and the last step, warm or not.

    `params` go with the training rows to the last step, `score_params` to the scorer.
    """

    steps: list
    estimator: BasePreconditionedMLP
    X: object
    y: object
    X_test: object
    y_test: object
    params: dict
    score_params: dict
    test_score_params: dict
    seconds: float


class Cell(NamedTuple):
    """One trained and scored p of one split and repeat; `trained` for callbacks that score."""

    test: dict
    train: dict
    sparsity: float
    fit_time: float
    score_time: float
    trained: object = None
    error: str | None = None
    n_parameters: float = np.nan
    n_bytes: float = np.nan
    predict_time: float = np.nan


def last_step(estimator):
    """Return the estimator's last step, which must be one of the package's."""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if not isinstance(last, BasePreconditionedMLP):
        raise TypeError(
            "estimator must be a PreconditionedMLPClassifier, a PreconditionedMLPRegressor or a "
            f"Pipeline ending in one, got {estimator!r}."
        )
    return last


def _rows(data, indices):
    return data if indices is None else safe_indexing(data, indices)


def prepare(estimator, X, y, train, test, seed, routed):
    """Fit the steps before the last on one split's rows; `train` None means all rows."""
    started = time.perf_counter()
    of_rows = partial(rows_of_params, X)
    X_train, y_train = _rows(X, train), _rows(y, train)
    X_test, y_test = (None, None) if test is None else (_rows(X, test), _rows(y, test))
    steps = clone(estimator).steps[:-1] if isinstance(estimator, Pipeline) else []
    if steps:
        earlier = Pipeline(steps, memory=estimator.memory)
        random_states = [k for k in earlier.get_params() if k.endswith("__random_state")]
        earlier.set_params(**dict.fromkeys(sorted(random_states), seed))
        X_train = earlier.fit_transform(X_train, y_train, **of_rows(routed.earlier, train))
        X_test = None if test is None else earlier.transform(X_test)
    return Start(
        steps,
        clone(last_step(estimator)).set_callbacks(),
        X_train,
        y_train,
        X_test,
        y_test,
        of_rows(routed.last, train),
        of_rows(routed.score, train),
        of_rows(routed.score, test),
        time.perf_counter() - started,
    )


def warm_up(start, seed, n_steps, n_all):
    """Train the last step of a prepared split for `n_steps`, the first of `n_all`."""
    started = time.perf_counter()
    last = clone(start.estimator).set_params(random_state=seed)
    train(last, start.X, start.y, n_steps, start.params, Course(n_all))
    seconds = start.seconds + time.perf_counter() - started
    return start._replace(estimator=last, seconds=seconds)


def _scores_of(scorer, estimator, X, y, params):
    scores = scorer(estimator, X, y, **params)
    return scores if isinstance(scores, Mapping) else {"score": scores}


def whole(steps, last):
    """Return the last step behind the earlier ones, if there are any."""
    return Pipeline([*steps, ("last", last)]) if steps else last


def run_cell(warm, recipe, scorer, with_train_score, with_estimator):
    """Cut and fine-tune a copy of the warmed-up estimator, and score it."""
    started = time.perf_counter()
    estimator = recipe.carry_out(deepcopy(warm.estimator), warm.X, warm.y, warm.params)
    fitted = time.perf_counter()
    test = _scores_of(scorer, estimator, warm.X_test, warm.y_test, warm.test_score_params)
    scored = time.perf_counter()
    train = {}
    if with_train_score:
        train = _scores_of(scorer, estimator, warm.X, warm.y, warm.score_params)
    fit_time = warm.seconds + fitted - started
    trained = whole(warm.steps, estimator) if with_estimator else None
    return Cell(test, train, estimator.sparsity_, fit_time, scored - fitted, trained)


def or_failure(function, *arguments, error_score):
    """Call `function`; where it raises and `error_score` is a number, return a failed Cell."""
    failed = next((a for a in arguments if isinstance(a, Cell)), None)
    if failed is not None:
        return failed
    try:
        return function(*arguments)
    except Exception:
        if error_score == "raise":
            raise
        nan = np.nan
        return Cell({}, {}, nan, nan, nan, error=traceback.format_exc())


def reported(report, function, *arguments, error_score):
    """Do the same between the report's begin and end; a kept cell reports as a fresh one does."""
    with report:
        cell = or_failure(function, *arguments, error_score=error_score)
        report.trained = cell.trained
    return cell._replace(trained=None)


def report_failures(cells):
    """Warn where some cells failed; raise where all did."""
    errors = [cell.error for cell in cells if cell.error]
    if not errors:
        return
    message = f"{len(errors)} of {len(cells)} trainings of the sweep failed; the first with:\n"
    if len(errors) == len(cells):
        raise ValueError(message + errors[0])
    warn(message + errors[0], FitFailedWarning)
