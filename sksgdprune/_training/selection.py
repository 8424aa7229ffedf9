"""Selection of prior and encoding: by rows that a trial does not train on, or by the evidence."""

from copy import deepcopy
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from sksgdprune._data.encoding import kind_of
from sksgdprune._data.folds import folds
from sksgdprune._kernels.types import PRUNED
from sksgdprune._training import trainer
from sksgdprune._training.config import EVIDENCE
from sksgdprune._training.evaluation import row_losses
from sksgdprune._training.state import Selection

# Where the evidence knows no bounds, as of weights that are all 0.
LEAST, MOST = 1e-6, 1e6
START = 32.0  # the precision from which it starts
MOST_ROUNDS = 1000  # of its path are kept: a stream has no end
# A loss that is larger than another by so many standard errors is clearly so.
CLEARLY = 2.0
SLACK = 0.01  # no loss, or R², is clearly worse that is so by less
MORE = 0.05  # a fit that lowers a constant's loss by less has hardly begun


class Trial(NamedTuple):
    """What was tried, and how it went."""

    start: object  # the TrainingState
    precision: float | None  # None for an alpha that is a number
    losses: list  # of the rows of each part that is held out: ndarray (n_rows,)


def chosen(state, data, config, n_steps, held_out=None, piecewise=None):
    """Return the start of a run with the Selection that was made for it.

    It is the simplest trial whose loss is within half a standard error of the least (a whole one:
    Breiman, Friedman, Olshen & Stone 1984): the standard encoding is simpler than the piecewise
    one, and of one encoding the stronger prior.

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
    piecewise : callable, default=None
        Returns a start with the piecewise encoding, where that is to be compared.
    """
    if config.alpha == EVIDENCE:
        return _by_evidence(state, data, config, n_steps)
    auto, precisions = config.auto, config.precisions
    n_trial = config.trial_steps(n_steps, state.network.n_parameters)
    if not n_trial or (piecewise is None and len(precisions) == 1):
        return state
    if data.size < auto.fewest_rows:
        return replace(state, selection=Selection(precisions[-1]))
    parts = [(data, held_out)] if held_out is not None else _parts(data, config)
    constant = [_constant_losses(state, *part, config) for part in parts]
    judge = _Judge.of([rest for _, rest in parts], constant, auto.near)
    trials = _path(state, precisions, parts, config, n_trial, judge)
    other = None if piecewise is None else piecewise()
    if other is not None and _is_worth_it(other, state, data, auto):
        # What standard inputs bear is about what pieces do.
        at = precisions.index(judge.simplest(trials).precision)
        trials += _path(other, precisions[max(at - 1, 0) :], parts, config, n_trial, judge)
    best = judge.simplest(trials)
    found = _told(best, trials, judge)
    if n_trial == config.whole_trial(state.network.n_parameters):  # a shorter one says too little
        is_worse = judge.is_clearly_worse(best.losses, constant)
        found = found._replace(constant_loss=float(judge.mean(constant)), is_worse=is_worse)
    return replace(best.start, selection=found)


def _is_worth_it(other, state, data, auto):
    """Return whether some features have several pieces, and the rows can distinguish them all."""
    n_inputs, n_features = (start.network.layout.sizes[0] for start in (other, state))
    return n_features < n_inputs <= min(auto.most_inputs, data.size)


def _parts(data, config):
    """Return pairs of rows to train on and rows to judge by.

    A class weight says what a row counts, not that it is there several times.
    """
    auto = config.auto
    n_parts = 1 if data.size > auto.fold_rows else auto.n_folds
    dealt = folds(data, auto.n_folds, by_weight=config.class_weight is None)
    return list(islice(dealt, n_parts))


def _path(start, precisions, parts, config, n_steps, judge):
    """Return trials of one precision after the other, until one is worse than the best of them.

    As long as priors are so strong that they leave little more than a constant, which is the worse
    says nothing. The steps of a trial are shared by the parts.
    """
    trials, n_each = [], n_steps // len(parts)
    for precision in precisions:
        losses = [_losses(start, *part, config, precision, n_each) for part in parts]
        trials.append(Trial(start, precision, losses))
        best = judge.best(trials)
        is_more = judge.is_clearly_worse(judge.constant, best.losses)
        is_more &= judge.mean(best.losses) < (1 - MORE) * judge.mean(judge.constant)
        if is_more and not judge.is_as_good(trials[-1], best):
            break
    return trials


class _Judge(NamedTuple):
    """Compares trials by the losses of the rows that are held out, each as often as it weighs."""

    weights: list  # of the rows of each part
    constant: list  # losses of the best constant prediction
    n_rows: int
    near: float  # how many standard errors apart are about the same

    @classmethod
    def of(cls, rests, constant, near):
        """Return the judge of trials on these rows."""
        weights = [np.ones(len(rest.Y)) if rest.weights is None else rest.weights for rest in rests]
        return cls(weights, constant, sum(rest.size for rest in rests), near)

    def mean(self, losses):
        """Return the mean loss of all parts."""
        return np.average(np.concatenate(losses), weights=np.concatenate(self.weights))

    def best(self, trials):
        """Return the trial of the least loss."""
        return min(trials, key=lambda trial: self.mean(trial.losses))

    def apart(self, losses, others):
        """Return by how much losses are larger than others of the same rows, and the error."""
        with np.errstate(invalid="ignore", over="ignore"):  # of losses that are infinite, or large
            apart = [one - other for one, other in zip(losses, others, strict=True)]
            mean = self.mean(apart)
            variance = self.mean([(part - mean) ** 2 for part in apart])
            return mean, np.sqrt(variance / self.n_rows)

    def is_as_good(self, trial, best):
        """Return whether a trial's loss is about the best one's."""
        mean, error = self.apart(trial.losses, best.losses)
        return trial is best or bool(mean <= self.near * error)

    def is_clearly_worse(self, losses, others):
        """Return whether losses are larger than others, by chance hardly ever."""
        mean, error = self.apart(losses, others)
        return bool(mean > max(SLACK, CLEARLY * error))

    def simplest(self, trials):
        """Return the first of the trials that is as good as the best of them."""
        best = self.best(trials)
        return next(trial for trial in trials if self.is_as_good(trial, best))


def _constant_losses(state, train, rest, config):
    """Return the losses of the rows `rest` of the best constant prediction of others."""
    network, run = state.network, config.for_run(state.network, train.size)
    theta = np.zeros_like(network.dense().theta)
    network.layout.biases(theta)[-1][:] = network.targets.constant(train.Y, train.weights)
    return row_losses(rest, network, theta, run.hyper).astype(float)


def _told(best, trials, judge):
    """Return the Selection of a trial, with what it was compared with."""
    losses = [
        [np.average(own, weights=w) for own, w in zip(trial.losses, judge.weights, strict=True)]
        for trial in trials
    ]
    return Selection(
        best.precision,
        tuple(kind_of(trial.start.network.encoding) for trial in trials),
        np.array([trial.precision for trial in trials], float),
        np.array([judge.mean(trial.losses) for trial in trials]),
        np.array(losses),
    )


def _by_evidence(state, data, config, n_steps):
    """Return the state with the precision to which the evidence of some short runs leads."""
    auto, begun, sampler = config.auto, state, deepcopy(state.sampler)
    t, n_round = state.t, min(auto.evidence_steps, max(n_steps // auto.evidence_rounds, 1))
    for _ in range(auto.evidence_rounds):
        precision = begun.precision or START
        run = config.for_run(begun.network, data.size, precision=precision)
        outcome = _trial(data, begun.network, run._replace(n_samples=0), sampler, t, n_round)
        if outcome.diverged:
            break
        begun, t = replace(begun, network=outcome.network, n_rows=data.size), t + n_round
        begun = updated(begun)
    return replace(state, selection=begun.selection)


def updated(state):
    """Return the state with the precision of the evidence: one round of the variational EM.

    λ ← γ / ‖w‖² with γ = Σ_k n C_k / (n C_k + λ), over the weights that are not pruned: γ is the
    number of those that the data determine (MacKay 1992), n C_k the curvature of the negative log-
    likelihood where the model is right (constant SGD is the E step, Mandt et al. 2017). Both are
    multiples of the residuals' variance, where it is estimated.
    """
    network, before = state.network, state.precision
    parameters, layout = network.dense(), network.layout
    theta, C, status = (
        np.concatenate([W.ravel() for W in layout.weights(vector)])
        for vector in (parameters.theta, parameters.state.noise_variance, parameters.status)
    )
    n_samples = max(state.n_rows, state.n_seen)  # of all calls, as for the penalty
    curvature = n_samples * C[status != PRUNED] / network.dispersion**2
    before = before or START
    determined = np.sum(curvature / (curvature + before))
    with np.errstate(divide="ignore"):
        precision = float(np.clip(determined / np.sum(theta.astype(float) ** 2), LEAST, MOST))
    path = [] if state.selection is None else state.selection.precisions
    path = np.append(path, precision)[-MOST_ROUNDS:]
    return replace(state, selection=Selection(precision, precisions=path))


def _losses(state, train, rest, config, precision, n_steps):
    """Return the losses of the rows `rest` after a trial; infinite where it diverges."""
    run = config.for_run(state.network, train.size, precision=precision)._replace(n_samples=0)
    sampler = deepcopy(state.sampler)
    outcome = _trial(train, state.network, run, sampler, state.t, n_steps)
    if outcome.diverged:
        return np.full(len(rest.Y), np.inf)
    theta = outcome.network.dense().theta
    losses = row_losses(rest, state.network, theta, run.hyper).astype(float)
    return np.where(np.isfinite(losses), losses, np.inf)


def _trial(data, network, run, sampler, t, n_steps):
    """Return the Outcome of a run that counts for nothing else; pass on a Ctrl-C that ended it."""
    outcome = trainer.train(data, network, run, sampler, t, n_steps)
    if outcome.interrupted:
        raise KeyboardInterrupt
    return outcome
