"""Runs of an estimator: from (state, data, config) to the next state."""

import math
from copy import copy, deepcopy
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sksgdprune._training import holdout, trainer
from sksgdprune._training.config import ALONE, Horizon
from sksgdprune._training.evaluation import evaluate
from sksgdprune._training.monitors import Converged, Plateau
from sksgdprune._training.selection import SLACK
from sksgdprune._training.state import TrainingState
from sksgdprune._training.trainer import Outcome
from sksgdprune._utils.threads import blas_threads
from sksgdprune._utils.warnings import warn

# What to do about a run that diverged.
REMEDY = "standardise X, or try a smaller learning_rate or a larger damping"


class Run(NamedTuple):
    """The state after a run, its Outcome, and how many steps it could take."""

    state: TrainingState
    outcome: Outcome
    n_steps: int


def fit(state, data, config, held_out=None, report=None):
    """Train for the steps of `fit`, or until a monitor ends the run.

    Parameters
    ----------
    state : TrainingState
        Where to start.
    data : Data
        To train on.
    config : TrainingConfig
        How.
    held_out : Data, default=None
        Validation rows.
    report : monitor, default=None
        A further one, told when the run begins: from which state, the steps of an epoch and in all.

    Returns
    -------
    Run

    Warns
    -----
    ConvergenceWarning
        Where the run diverges.
    """
    n_steps = config.fit_steps(data.size)
    horizon = Horizon(n_steps, window=n_steps // 2)
    run = config.for_run(state.network, data.size, state.n_seen, horizon, state.precision)
    epoch, grades, monitors = run.epoch_steps(data.size), None, []
    if held_out is not None:
        grades = holdout.monitor(state, held_out, run, epoch, config)
        monitors.append(grades)
    ending = _ending(state, data, run, n_steps, config)
    monitors += [ending] if ending else []
    if report is not None:
        report.begin(state, epoch, n_steps)
        monitors.append(report)
    rows = None
    if held_out is None:
        rows = holdout.calibration_rows(state, data, n_steps, config)
    outcome, state = _advance(state, data, run, n_steps, monitors, rows)
    if grades is not None:
        state = holdout.with_validation(state, grades, outcome, config)
    if isinstance(ending, Converged) and not outcome.diverged:
        state = _back(state, ending.best_theta)
    state = holdout.calibrated(state, outcome, data, rows, held_out, config)
    _warn_of_divergence(state, outcome)
    return Run(state, outcome, n_steps)


def train(state, data, config, n_steps=None, horizon=ALONE, rows=None):
    """Train for exactly `n_steps` steps, or for an epoch; return the Run.

    `rows` are CalibrationRows of this run, or of a longer one of which it is a part.
    """
    run = config.for_run(state.network, data.size, state.n_seen, horizon, state.precision)
    n_steps = run.epoch_steps(data.n_drawn) if n_steps is None else n_steps
    outcome, state = _advance(state, data, run, n_steps, (), rows)
    state = holdout.calibrated(state, outcome, data, rows, None, config)
    _warn_of_divergence(state, outcome)
    return Run(state, outcome, n_steps)


def uninterrupted(run):
    """Return a run's state; pass on the Ctrl-C that ended it."""
    if run.outcome.interrupted:
        raise KeyboardInterrupt
    return run.state


def _advance(state, data, run, n_steps, monitors, rows):
    """Return the Outcome of some steps, and the state after them."""
    sampler = deepcopy(state.sampler)
    outcome = trainer.train(data, state.network, run, sampler, state.t, n_steps, monitors, rows)
    state = replace(
        state,
        network=replace(outcome.network, diverged=outcome.diverged).outdated(),
        sampler=copy(sampler),  # without row numbers
        n_rows=data.size,
        t=state.t + outcome.curve.n_steps,
        history=state.history.after(outcome.curve),
    )
    return outcome, state


def _back(state, theta):
    """Return the state whose network predicts by `theta`, if that is not what it does."""
    if theta is None or np.array_equal(theta, state.network.dense().theta):
        return state
    return replace(state, network=state.network.with_theta(theta))


def _ending(state, data, run, n_steps, config):
    """Return the monitor that ends a run which no longer gains, or None."""
    patience = config.n_iter_no_change
    # Posterior samples are spread over the second half of the steps, so that there is one.
    if config.early_stopping or config.n_draws or config.tol == 0 or patience == math.inf:
        return None
    if config.max_steps == "auto":
        network, held_out = state.network, state.selection.loss if state.selection else 0.0

        def loss(theta):
            return evaluate(data, network, theta, run.hyper)[0]

        first = config.first_check(network.n_parameters)
        return Converged(loss, n_steps, first, config.auto.least_gain, held_out)
    return Plateau(patience, config.tol)


def _warn_of_divergence(state, outcome):
    if outcome.diverged:
        left = "went back to the best parameters"
        if state.network.diverged:
            left = "predicts NaN, though theta_ keeps the last finite parameters"
        message = f"Training diverged after {outcome.curve.n_steps} steps and {left}; {REMEDY}."
        warn(message, ConvergenceWarning)


def verdict(run, data, max_steps):
    """Return what to warn of after a fit that is no good, or that ended too early, or None."""
    state, outcome, n_steps = run
    if outcome.diverged or outcome.interrupted or len(data.Y) < 2:
        return None
    selection = state.selection
    if selection is not None and selection.is_worse:
        return (
            f"On held-out rows no fit was as good (loss {selection.loss:.3g}) as a "
            f"constant prediction (loss {selection.constant_loss:.3g}): X does not predict y, or "
            "some rows are far from all others. Look at extreme values of X and y."
        )
    # A strong prior that held-out rows have asked for may leave a little less than a constant.
    shortfall = _shortfall(state, data, SLACK if selection else 0)
    if shortfall is not None:
        return (
            f"The fit {shortfall}. Try a smaller learning_rate, more max_steps, a smaller alpha, "
            "or encoding='auto'."
        )
    if outcome.curve.n_steps == n_steps and outcome.curve.falls():
        return (
            f"Training ended after max_steps={max_steps!r} ({n_steps}) while its loss was "
            "still falling; raise max_steps."
        )
    return None


def verdict_of_cut(state, data, p):
    """Return what to warn of where cuts to p have left no more than a constant, or None."""
    selection = state.selection
    if state.network.diverged or len(data.Y) < 2:
        return None
    # Before the cuts, held-out rows may have shown that there is nothing to learn.
    is_hopeless = selection and selection.loss >= selection.constant_loss - SLACK
    shortfall = _shortfall(state, data, SLACK if is_hopeless else 0)
    if shortfall is None:
        return None
    return f"At p={p:g} the network {shortfall}. Try a smaller p, or more steps."


def _shortfall(state, data, slack):
    """Return how a network is no better than a constant, or None; `slack` worse is as good."""
    targets = state.network.targets
    with blas_threads():  # OpenBLAS's own do not survive that another thread forks the process
        Z = state.network.output(data.X)
    metric, own, constant = targets.against_constant(Z, data.Y, data.weights)
    if own > constant - slack:
        return None
    return (
        f"is no better on its own training data ({metric} {own:.3g}) than a constant prediction "
        f"({constant:.3g})"
    )
