"""Choice of the prior: precisions compared by the loss on rows that a trial does not train on."""

from copy import deepcopy
from dataclasses import replace
from itertools import islice
from math import inf

import numpy as np

from sksgdprune._data.folds import folds
from sksgdprune._training import trainer
from sksgdprune._training.evaluation import evaluate
from sksgdprune._training.state import Prior


def chosen(state, data, config, n_steps, held_out=None):
    """Return the state with the Prior of the least loss, for a run of `n_steps` that starts there.

    Parameters
    ----------
    state : TrainingState
        A fresh start.
    data : Data
        Training rows, of which folds are held out.
    config : TrainingConfig
        How to train.
    n_steps : int
        Steps of the run at most.
    held_out : Data, default=None
        Validation rows, by which the trials are judged in place of folds.
    """
    auto, n_trial = config.auto, config.trial_steps(n_steps)
    if not n_trial:
        return state
    precisions = np.array(auto.precisions)
    if data.size < auto.fewest_rows:
        return replace(state, prior=Prior(auto.precisions[-1], precisions[:0], np.empty((0, 0))))
    parts = [(data, held_out)] if held_out is not None else _parts(data, auto)
    losses = [
        [_loss(state, *part, config, precision, n_trial // len(parts)) for part in parts]
        for precision in auto.precisions
    ]
    best = int(np.argmin(np.mean(losses, axis=1)))
    return replace(state, prior=Prior(auto.precisions[best], precisions, np.array(losses)))


def _parts(data, auto):
    """Return pairs of rows to train on and rows to judge by."""
    n_parts = 1 if data.size > auto.fold_rows else auto.n_folds
    return list(islice(folds(data, auto.n_folds), n_parts))


def _loss(state, train, rest, config, precision, n_steps):
    """Return the loss on `rest` after a trial; infinite where it diverges."""
    run = config.for_run(state.network, train.size, precision=precision)._replace(n_samples=0)
    sampler = deepcopy(state.sampler)
    outcome = trainer.train(train, state.network, run, sampler, state.t, n_steps)
    if outcome.interrupted:
        raise KeyboardInterrupt
    if outcome.diverged:
        return inf
    theta = outcome.network.dense().theta
    loss, _ = evaluate(rest, state.network.layout, theta, run.hyper)
    return loss if np.isfinite(loss) else inf
