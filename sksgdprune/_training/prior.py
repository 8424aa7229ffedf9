"""Choice of the prior: by the loss on rows that a trial does not train on, or by the evidence."""

from copy import deepcopy
from dataclasses import replace
from itertools import islice
from math import inf

import numpy as np

from sksgdprune._data.folds import folds
from sksgdprune._kernels.types import PRUNED
from sksgdprune._training import trainer
from sksgdprune._training.config import EVIDENCE
from sksgdprune._training.evaluation import evaluate
from sksgdprune._training.state import Prior

# Where the evidence knows no bounds, as of weights that are all 0.
LEAST, MOST = 1e-6, 1e6
START = 32.0  # the precision from which it starts


def chosen(state, data, config, n_steps, held_out=None):
    """Return the state with the Prior that is chosen for a run of `n_steps` that starts there.

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
    if config.alpha == EVIDENCE:
        return _by_evidence(state, data, config, n_steps)
    auto, n_trial = config.auto, config.trial_steps(n_steps)
    if not n_trial:
        return state
    precisions = np.array(auto.precisions)
    if data.size < auto.fewest_rows:
        return replace(state, prior=Prior(auto.precisions[-1], precisions[:0], np.empty((0, 0))))
    parts = [(data, held_out)] if held_out is not None else _parts(data, config)
    losses = [
        [_loss(state, *part, config, precision, n_trial // len(parts)) for part in parts]
        for precision in auto.precisions
    ]
    best = int(np.argmin(np.mean(losses, axis=1)))
    return replace(state, prior=Prior(auto.precisions[best], precisions, np.array(losses)))


def _parts(data, config):
    """Return pairs of rows to train on and rows to judge by.

    A class weight says what a row counts, not that it is there several times.
    """
    auto = config.auto
    n_parts = 1 if data.size > auto.fold_rows else auto.n_folds
    dealt = folds(data, auto.n_folds, by_weight=config.class_weight is None)
    return list(islice(dealt, n_parts))


def _by_evidence(state, data, config, n_steps):
    """Return the state with the precision to which the evidence of some short runs leads."""
    auto, begun, sampler = config.auto, state, deepcopy(state.sampler)
    t, n_round = state.t, min(auto.evidence_steps, max(n_steps // auto.evidence_rounds, 1))
    for _ in range(auto.evidence_rounds):
        precision = START if begun.prior is None else begun.precision
        run = config.for_run(begun.network, data.size, precision=precision)
        outcome = _trial(data, begun.network, run._replace(n_samples=0), sampler, t, n_round)
        if outcome.diverged:
            break
        begun, t = replace(begun, network=outcome.network, n_rows=data.size), t + n_round
        begun = updated(begun)
    return replace(state, prior=begun.prior)


def updated(state):
    """Return the state with the precision of the evidence: one round of the variational EM.

    λ ← γ / ‖w‖² with γ = Σ_k n C_k / (n C_k + λ), over the weights that are not pruned: γ is the
    number of those that the data determine (MacKay 1992), n C_k the curvature of the negative log-
    likelihood where the model is right (constant SGD is the E step, Mandt et al. 2017). Both are in
    units of the residuals' variance, where it is estimated.
    """
    network, before = state.network, state.precision
    parameters, layout = network.dense(), network.layout
    theta, C, status = (
        np.concatenate([W.ravel() for W in layout.weights(vector)])
        for vector in (parameters.theta, parameters.state.noise_variance, parameters.status)
    )
    n_samples = max(state.n_rows, state.n_seen)  # of all calls, as for the penalty
    curvature = n_samples * C[status != PRUNED] / network.dispersion**2
    before = START if before is None else before
    determined = np.sum(curvature / (curvature + before))
    with np.errstate(divide="ignore"):
        precision = float(np.clip(determined / np.sum(theta.astype(float) ** 2), LEAST, MOST))
    path = [] if state.prior is None else state.prior.precisions
    path = np.append(path, precision)
    return replace(state, prior=Prior(precision, path, np.empty((path.size, 0))))


def _loss(state, train, rest, config, precision, n_steps):
    """Return the loss on `rest` after a trial; infinite where it diverges."""
    run = config.for_run(state.network, train.size, precision=precision)._replace(n_samples=0)
    sampler = deepcopy(state.sampler)
    outcome = _trial(train, state.network, run, sampler, state.t, n_steps)
    if outcome.diverged:
        return inf
    theta = outcome.network.dense().theta
    loss, _ = evaluate(rest, state.network.layout, theta, run.hyper)
    return loss if np.isfinite(loss) else inf


def _trial(data, network, run, sampler, t, n_steps):
    """Return the Outcome of a run that counts for nothing else; pass on a Ctrl-C that ended it."""
    outcome = trainer.train(data, network, run, sampler, t, n_steps)
    if outcome.interrupted:
        raise KeyboardInterrupt
    return outcome
