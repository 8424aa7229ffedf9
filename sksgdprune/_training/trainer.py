"""From data and a network to a trained state: chunks of steps, the way back to finite."""

import inspect
import math
import traceback
from typing import NamedTuple

import numpy as np

from sksgdprune._data import validation as check
from sksgdprune._kernels import entry_points as doors
from sksgdprune._kernels.compile import call
from sksgdprune._kernels.sparse_lists import plan, write_back
from sksgdprune._kernels.types import (
    ACTIVATIONS,
    PRECONDITIONERS,
    PROBE,
    ROOTS,
    STRIDE,
    Hyper,
    Network,
    State,
    Steps,
    Tail,
    columns,
    scratch,
)
from sksgdprune._kernels.update import denominator, rates
from sksgdprune._network.network import FittedNetwork
from sksgdprune._targets.targets import objective
from sksgdprune._training.monitors import LossCurve
from sksgdprune._utils.threads import blas_threads, thread_count

# About half a second of work in one kernel call, in multiply-adds of a slow machine, and
# the rows drawn for it, which bound the memory of the draws and the time of tiny networks.
CHUNK_WORK, CHUNK_ROWS = 4e9, 2**20
# How average=True weighs the iterates: the one at t about t³, which is a mean over the last part of
# the training, however long it is (Shamir & Zhang 2013 take the same).
POWER = 3.0
# max_steps="auto": so many passes over the data, within these numbers of steps, for up to a hundred
# hidden units; more units take less.
EPOCHS, FEWEST_STEPS, MOST_STEPS = 100, 12_800, 64_000
# learning_rate="auto" grows as one over the root of the part that is not pruned, by this at most:
# what is left moves as far, taken together.
SPARSE_RATE = 4.0


class Settings(NamedTuple):
    """An estimator's constructor parameters in numbers, for some data and a network."""

    hyper: Hyper
    batch_size: int
    sampling: str
    noise_estimator: str
    n_threads: int
    verbose: int
    power: float | None = None  # of the iterates' weights in their average; None for no average
    n_draws: int = 0
    apart: int = 1  # steps from draw to draw
    t0: int = 0  # from where these are counted


class Course(NamedTuple):
    """What a training needs to know of a longer one that it is a part of.

    Parameters
    ----------
    n_steps : int, default=None
        Steps of all parts together; None stands for those of max_steps="auto".
    penalty : float, default=1.0
        What alpha is multiplied by.
    least : float, default=0.0
        What alpha="auto" is at least, over S.
    tail : int, default=None
        Last steps, over which all draws are spread; None draws once per pass over the data.
    """

    n_steps: int | None = None
    penalty: float = 1.0
    least: float = 0.0
    tail: int | None = None


ALONE = Course()


def settings(estimator, network, n_rows, n_samples=None, course=ALONE):
    """Return the Settings for training `network` on so many rows, or for asking it.

    `n_samples` is of all rows that it has seen or sees, where these are more.
    """
    n_samples = max(n_rows, n_samples or 0)
    batch_size = _minibatch_size(estimator, n_rows)
    return Settings(
        hyper_parameters(estimator, network, n_samples, batch_size, course),
        batch_size,
        estimator.sampling,
        estimator.noise_estimator,
        thread_count(estimator.n_jobs),
        estimator.verbose,
        None if estimator.average is False else 0.0 if check.is_whole(estimator.average) else POWER,
        estimator.n_draws,
        _steps_apart(estimator.n_draws, n_samples, batch_size, course.tail),
        estimator.t0,
    )


def _steps_apart(n_draws, n_samples, batch_size, tail):
    """Return the steps from draw to draw.

    In N / S steps the iterates forget where they were (Mandt et al. 2017, Section 6). Where it is
    known how many steps there are, the draws are as far apart as these allow.
    """
    if tail is None or not n_draws:
        return math.ceil(n_samples / batch_size)
    return max(tail // n_draws, 1)


def _minibatch_size(estimator, n_samples):
    """Return S; a permutation cannot give more than all samples."""
    size = int(estimator.batch_size)
    if estimator.sampling == "shuffle":
        size = min(size, n_samples)
    if size < 2 and estimator.noise_estimator == "batch":
        raise ValueError(
            "noise_estimator='batch' needs at least 2 samples a minibatch, got "
            f"{size} (n_samples={n_samples}); use a larger batch_size or "
            "noise_estimator='probe'."
        )
    return size


def hyper_parameters(estimator, network, n_samples, batch_size, course=ALONE):
    """Return the kernels' scalars from an estimator's constructor parameters."""
    posterior_size = {"n_parameters": network.n_parameters, "n_samples": n_samples}.get(
        estimator.posterior_size, estimator.posterior_size
    )
    damping, alpha, learning_rate = estimator.damping, estimator.alpha, estimator.learning_rate
    width = _width(estimator)
    if damping == "auto":
        damping = 2 * batch_size / (posterior_size * estimator._largest_h(width))
    if alpha == "auto":
        prior = estimator._prior_precision(n_samples) / n_samples
        alpha = max(prior, course.least) * batch_size
    if learning_rate == "auto":
        n_steps = course.n_steps or auto_steps(estimator, n_samples)
        learning_rate = estimator._base_rate(width) * min(1.0, (FEWEST_STEPS / n_steps) ** 0.5)
        learning_rate *= min(network.density**-0.5, SPARSE_RATE)
    code, real = PRECONDITIONERS[estimator.preconditioner], network.dtype.type
    return Hyper(
        activation=ACTIVATIONS[network.activation],
        objective=objective(estimator.loss, network.targets),
        preconditioner=code,
        roots=ROOTS.get(code),
        kappa=float(estimator.kappa),
        learning_rate=real(learning_rate),
        posterior_size=real(posterior_size),
        # Keeps 0 / 0 out of H where neither gradient nor noise was ever seen.
        damping=real(damping) + np.finfo(network.dtype).tiny,
        cap=real(damping > 0),
        alpha=real(alpha * course.penalty),
        disperses=estimator.alpha == "auto" and network.targets.has_dispersion,
    )


def auto_steps(estimator, n_samples):
    """Return the minibatch steps of max_steps="auto" for so many samples."""
    steps = max(EPOCHS * n_samples / _minibatch_size(estimator, n_samples), FEWEST_STEPS)
    return math.ceil(min(steps, MOST_STEPS) * _width(estimator) ** (-2 / 3))


def _width(estimator):
    """Return the hidden units in hundreds; 1 where there are fewer."""
    return max(sum(check.hidden_sizes(estimator.hidden_layer_sizes)) / 100, 1.0)


def preconditioner(noise_variance, hyper, batch_size, left=slice(None)):
    """Return H of each parameter (Mandt et al. 2017), C + damping standing for C.

    Parameters
    ----------
    noise_variance : ndarray of shape (n_parameters,)
        C.
    hyper : Hyper
        Its preconditioner, posterior_size N and damping are read.
    batch_size : int
        S.
    left : index of parameters, default=slice(None)
        The D parameters over which "scalar" and "sqrt" take the trace: those not pruned.

    Returns
    -------
    ndarray of shape (n_parameters,)
        "diagonal": 2 S / (N C) (Corollary 3); "scalar": 2 S D / (N Tr C) (Theorem 1); "sqrt":
        2 S D / (N Tr(C / G)) / G with G = sqrt(C) (Theorem 7); "identity": 1. That is what a
        step of the kernels takes, from the same lines of code, at a learning rate of 1.
    """
    level = 1
    if hyper.roots is not None and noise_variance[left].size:
        level = denominator.py_func(noise_variance[left], 1, hyper.damping, hyper.roots).mean()
    unit = hyper._replace(learning_rate=type(hyper.damping)(1))
    rate = rates.py_func(unit, batch_size, 1.0, level, 1.0)
    return rate.rate / denominator.py_func(noise_variance, rate.slope, rate.offset, rate.roots)


def epoch_steps(data, settings):
    """Return the number of steps that draw as many rows as there are samples."""
    return math.ceil(data.size / settings.batch_size)


class Hold(NamedTuple):
    """Rows that do not come up in the first steps of a training: it can be judged by them."""

    rows: np.ndarray
    n_steps: int

    def during(self, n_steps):
        """Return the same for a training of so many steps, none of which they come up in."""
        return self._replace(n_steps=n_steps)


class Outcome(NamedTuple):
    """What a training came to: the network, the losses by epochs, and what cut it short.

    `before` is the network as it was when the rows of a Hold had not come up yet; None if they did
    not come up at all.
    """

    network: FittedNetwork
    curve: LossCurve
    diverged: bool = False
    interrupted: bool = False
    before: FittedNetwork | None = None


class _Chunks:
    """A training in pieces: each is one kernel call on copies of the state.

    Parameters
    ----------
    data : Data
        To train on.
    network : FittedNetwork
        Left as it is.
    settings : Settings
        How to train.
    t : int
        Step counter before the first step.

    Attributes
    ----------
    kept : (FittedNetwork, int, ndarray)
        The network after the last whole chunk, how many steps led there, and the chunk's losses.
        Replaced as a whole, so that Ctrl-C at any moment finds what belongs together.
    """

    def __init__(self, data, network, settings, t):
        parameters = network.dense()
        self._samples, self._settings, self._t = data.samples(), settings, t
        self._shape, self._status = network.layout.shape, check.kernel_array(parameters.status)
        B = columns(settings.batch_size, settings.noise_estimator)
        self._scratch = scratch(self._shape, B, network.dtype, settings.noise_estimator)
        self.kept = network, 0, np.empty(0)

    def take(self, batch, probe):
        """Take a chunk's steps; return the losses of those before something was not finite."""
        before, done, _ = self.kept
        network, losses = self._advance(before, done, batch, probe)
        if len(losses) < len(batch):  # take it again, up to the step before
            network, _ = self._advance(before, done, batch[: len(losses)], probe[: len(losses)])
        self.kept = network, done + len(losses), losses
        return losses

    def _advance(self, before, done, batch, probe):
        parameters, losses, setting = before.dense(), np.empty(len(batch)), self._settings
        state, t = State(*(np.array(array) for array in parameters.state)), self._t + done
        network = Network(self._shape, state, self._status)
        lists, tail = plan(*network), self._tail(before, parameters, t, len(batch))
        probe = probe if setting.noise_estimator == PROBE else None
        steps = Steps(batch, probe, float(t), losses, np.array([before.dispersion]))
        arguments = self._samples, network, lists, tail, steps, setting.hyper, self._scratch
        finite = call(doors.train, *arguments, verbose=setting.verbose)
        write_back(lists, state)
        average = tail.average if self._averages(before, t + finite) else None
        after = before.with_state(state, average, float(steps.dispersion[0]))
        drawn = tail.draws[: self._n_due(t, finite)] if setting.n_draws else ()
        return after.with_draws(drawn, setting.n_draws), losses[:finite]

    def _averages(self, network, t):
        """Return whether an average has begun at t."""
        return self._settings.power is not None and t >= network.average_from + STRIDE

    def _n_due(self, t, n_steps):
        """Return how many draws come up in so many steps."""
        begun, apart = t - self._settings.t0, self._settings.apart
        return (begun + n_steps) // apart - begun // apart

    def _tail(self, network, parameters, t, n_steps):
        """Return what the iterates are averaged and drawn in, or None."""
        setting, real = self._settings, network.dtype.type
        if setting.power is None and not setting.n_draws:
            return None
        n_due = self._n_due(t, n_steps) if setting.n_draws else 0
        return Tail(
            np.array(parameters.theta),
            float(network.average_from),
            real(setting.power or 0.0),
            np.empty((n_due, parameters.theta.size), real),
            setting.apart,
            float(setting.t0),
        )


def _chunk_steps(n_parameters, batch_size):
    """Return how many steps one kernel call takes at most."""
    work = 3 * n_parameters * (batch_size + 1)
    return min(int(CHUNK_WORK / work) + 1, CHUNK_ROWS // batch_size + 1)


def train(data, network, settings, sampler, t, n_steps, watches=(), hold=None):
    """Take `n_steps` minibatch steps from a copy of the network's state; see `loop.take_steps`.

    The kernel is called for about half a second at a time, so that Ctrl-C is heard. Where
    something stops being finite, the training ends with the last finite state. Ctrl-C ends it
    with the last whole chunk; before that, and under joblib, it is passed on: a search ends with
    it, rather than to count a shortened training as a whole one.

    Parameters
    ----------
    data : Data
        To train on.
    network : FittedNetwork
        Where to start; left as it is.
    settings : Settings
        How to train.
    sampler : Sampler
        Draws the rows.
    t : int
        Step counter before the first step.
    n_steps : int
        Steps to take.
    watches : sequence of callables, default=()
        Each is called with θ and the LossCurve so far after every `watch.every` steps, and after
        the last one. The training ends where one of them returns True.
    hold : Hold, default=None
        Rows that come up later than others.

    Returns
    -------
    Outcome
    """
    size, ends = settings.batch_size, [n_steps]
    populations = [data.population(settings.sampling)]
    if hold is not None:
        populations.insert(0, data.population(settings.sampling, hold.rows))
        ends.insert(0, hold.n_steps)
    chunks, curve = _Chunks(data, network, settings, t), LossCurve(epoch_steps(data, settings))
    most, done, before = _chunk_steps(network.layout.n_parameters, size), 0, None
    if settings.n_draws:  # no more at once than are kept
        most = min(most, settings.n_draws * settings.apart)
    try:
        with blas_threads(settings.n_threads):
            while done < n_steps:
                if done == ends[0] < n_steps:
                    before = chunks.kept[0]
                    del ends[0], populations[0]
                to_stops = (watch.every - done % watch.every for watch in watches)
                steps = min(most, ends[0] - done, *to_stops)
                losses = chunks.take(*sampler.draw(populations[0], steps, size, settings.sampling))
                curve.add(losses)
                if len(losses) < steps:
                    return Outcome(chunks.kept[0], curve, diverged=True, before=before)
                done += steps
                due = [w for w in watches if done % w.every == 0 or done == n_steps]
                # A list, so that each sees every stop even where another ends the training.
                if any([watch(chunks.kept[0].dense().theta, curve) for watch in due]):
                    break
    except KeyboardInterrupt:
        network, done, losses = chunks.kept
        if not done or _under_joblib():
            raise
        if curve.n_steps < done:
            curve.add(losses)
        return Outcome(network, curve, interrupted=True, before=before)
    return Outcome(chunks.kept[0], curve, before=before)


def _under_joblib():
    """Return whether this call was made by joblib, as searches and cross-validation do."""
    frames = (frame for frame, _ in traceback.walk_stack(inspect.currentframe()))
    return any(frame.f_globals.get("__name__", "").startswith("joblib.") for frame in frames)
