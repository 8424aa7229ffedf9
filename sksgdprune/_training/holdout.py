"""Rows that a run does not train on, or not at once: for validation and for calibration."""

import math
from copy import deepcopy
from dataclasses import replace

import numpy as np
from sklearn.model_selection import train_test_split

from sksgdprune._data.folds import shares, weighted
from sksgdprune._training.evaluation import evaluate
from sksgdprune._training.monitors import Validation
from sksgdprune._training.trainer import CalibrationRows
from sksgdprune._uncertainty.posterior import calibrated_network
from sksgdprune._utils.threads import blas_threads

# Rows and posterior samples that a run is calibrated by: more cost time and change little.
MOST_ROWS, MOST_SAMPLES = 1000, 25
LEAST_ROWS = 20  # or half of them: fewer do not show what noise there is


def split(state, data, config):
    """Return the state, the Data to train on, and those to validate on."""
    rng = deepcopy(state.rng)
    train, test = train_test_split(
        np.arange(len(data.Y)),
        test_size=config.validation_fraction,
        stratify=state.network.targets.strata(data.Y),
        random_state=rng,
    )
    return replace(state, rng=rng), data.take(train), data.take(test)


def monitor(state, validation, run, epoch, config):
    """Return the monitor that grades θ on validation rows after each epoch."""
    network = state.network

    def grade(theta):
        """Return θ's score and loss; not a number where they overflow."""
        loss, Z = evaluate(validation, network, theta, run.hyper)
        with np.errstate(over="ignore", invalid="ignore"):
            return float(network.targets.grade(Z, validation.Y, validation.weights)), loss

    patience = config.n_iter_no_change if config.early_stopping else math.inf
    return Validation(grade, epoch, patience, config.tol)


def with_validation(state, monitor, outcome, config):
    """Return the state with a monitor's scores, and under early stopping the θ of the best.

    The masks do not change during a run, so that θ obeys them. The epoch in which a run diverged
    has NaN.
    """
    last, history = [math.nan] if outcome.diverged else [], state.history
    history = replace(
        history,
        validation_scores=(history.validation_scores or []) + monitor.scores + last,
        validation_losses=(history.validation_losses or []) + monitor.losses + last,
        best_validation_score=monitor.best_score,
    )
    network = state.network
    if config.early_stopping and monitor.best_theta is not None:
        network = network.with_theta(monitor.best_theta)
    return replace(state, network=network, history=history)


def calibration_rows(state, data, n_steps, config):
    """Return the CalibrationRows of a run, or None.

    By them the posterior samples of the first half are judged; in the second half minibatches hold
    them too. They are one of many folds: which depends on the rows' content alone, so that the
    parts of one run hold the same back; of equal rows some stay. A network that is calibrated has
    been trained on all rows: none.
    """
    if not config.n_draws or state.network.calibration is not None:
        return None
    size = data.size
    n_rows = math.ceil(config.validation_fraction * size)
    n_rows = min(max(n_rows, min(LEAST_ROWS, size // 2)), size - 1, MOST_ROWS)
    if n_rows < 1 or n_steps < 2:
        return None
    both = next(shares(data, size // n_rows, by_weight=config.class_weight is None))
    return CalibrationRows(*both, n_steps // 2) if all(map(np.any, both)) else None


def calibrated(state, outcome, data, rows, validation, config):
    """Return the state calibrated by rows that a run has not trained on, or not until its half."""
    if rows is not None:
        if outcome.before is None:
            return state
        n_samples = len(outcome.before.posterior_samples) // 2
        return _calibrated(state, outcome.before, weighted(data, rows.held), n_samples, config)
    if validation is None:
        return state
    return _calibrated(state, state.network, validation.some(MOST_ROWS), MOST_SAMPLES, config)


def _calibrated(state, network, data, n_samples, config):
    """Return the state with what the last of a network's samples show on some data."""
    if not config.n_draws or not network.posterior_samples or network.diverged:
        return state
    with blas_threads():
        found = calibrated_network(network, data, max(min(n_samples, MOST_SAMPLES), 1))
    return replace(state, network=replace(state.network, calibration=found.calibration))
