"""The trainer: from data and a network to a trained network, by chunks of minibatch steps."""

import inspect
import traceback
from typing import NamedTuple

import numpy as np

from sksgdprune._data.validation import kernel_array, unprotected
from sksgdprune._kernels import entry_points
from sksgdprune._kernels.averaging import empty_window
from sksgdprune._kernels.compile import call
from sksgdprune._kernels.sparse_lists import plan, write_back
from sksgdprune._kernels.types import (
    PROBE,
    STRIDE,
    Network,
    State,
    Steps,
    columns,
    scratch,
)
from sksgdprune._network.network import FittedNetwork
from sksgdprune._training.monitors import LossCurve
from sksgdprune._utils.threads import blas_threads

# About half a second of work in one kernel call, in multiply-adds of a slow machine, and
# the rows drawn for it, which bound the memory of the draws and the time of tiny networks.
CHUNK_WORK, CHUNK_ROWS = 4e9, 2**20


class CalibrationRows(NamedTuple):
    """Samples that no minibatch of the first `n_steps` of a run holds: it can be judged by them."""

    kept: np.ndarray  # weights of the rows in those steps, (n_rows,)
    held: np.ndarray  # what is held back, likewise
    n_steps: int

    def throughout(self, n_steps):
        """Return the same for a run of so many steps, none of which has them."""
        return self._replace(n_steps=n_steps)


class Outcome(NamedTuple):
    """The result of a run: the network, the losses by epochs, and what cut it short.

    `before` is the network as it was when no minibatch had held the CalibrationRows yet; None if
    none did in the whole run.
    """

    network: FittedNetwork
    curve: LossCurve
    diverged: bool = False
    interrupted: bool = False
    before: FittedNetwork | None = None


class _Chunks:
    """A run in pieces: each is one kernel call on copies of the state.

    Parameters
    ----------
    data : Data
        To train on.
    network : FittedNetwork
        Left as it is.
    config : RunConfig
        How to train.
    t : int
        Step counter before the first step.

    Attributes
    ----------
    last : (FittedNetwork, int, ndarray)
        The network after the last whole chunk, how many steps led there, and the chunk's losses.
        Replaced as a whole, so that Ctrl-C at any moment finds what belongs together.
    """

    def __init__(self, data, network, config, t):
        parameters = network.dense()
        self._samples, self._config, self._t = data.samples(network.encoding), config, t
        self._shape, self._status = (
            network.layout.shape,
            unprotected(kernel_array(parameters.status)),
        )
        B = columns(config.batch_size, config.noise_estimator)
        self._scratch = scratch(self._shape, B, network.dtype, config.noise_estimator)
        self.last = network, 0, np.empty(0)

    def take(self, batch, probe):
        """Take a chunk's steps; return the losses of those before something was not finite."""
        before, done, _ = self.last
        network, losses = self._advance(before, done, batch, probe)
        if len(losses) < len(batch):  # take it again, up to the step before
            network, _ = self._advance(before, done, batch[: len(losses)], probe[: len(losses)])
        self.last = network, done + len(losses), losses
        return losses

    def _advance(self, before, done, batch, probe):
        parameters, losses, config = before.dense(), np.empty(len(batch)), self._config
        state, t = State(*(np.array(array) for array in parameters.state)), self._t + done
        network = Network(self._shape, state, self._status)
        lists, window = plan(*network), self._window(before, parameters, t, len(batch))
        probe = probe if config.noise_estimator == PROBE else None
        steps = Steps(batch, probe, float(t), losses, np.array([before.dispersion]))
        arguments = self._samples, network, lists, window, steps, config.hyper, self._scratch
        finite = call(entry_points.train, *arguments, verbose=config.verbose)
        write_back(lists, state)
        average = window.average if self._averages(before, t + finite) else None
        after = before.with_state(state, average, float(steps.dispersion[0]))
        samples = window.samples[: self._n_due(t, finite)] if config.n_samples else ()
        return after.with_samples(samples, config.n_samples), losses[:finite]

    def _averages(self, network, t):
        """Return whether an average has begun at t."""
        return self._config.power is not None and t >= network.average_from + STRIDE

    def _n_due(self, t, n_steps):
        """Return how many posterior samples these steps give."""
        begun, every = t - self._config.t0, self._config.every
        return (begun + n_steps) // every - begun // every

    def _window(self, network, parameters, t, n_steps):
        """Return what the iterates are averaged and sampled in."""
        config, theta, window = self._config, parameters.theta, empty_window(network.dtype)
        if config.power is not None:
            window = window._replace(
                average=np.array(theta),
                first=float(network.average_from),
                power=network.dtype.type(config.power),
            )
        if config.n_samples:
            window = window._replace(
                samples=np.empty((self._n_due(t, n_steps), theta.size), network.dtype),
                every=config.every,
                start=float(config.t0),
            )
        return window


def _chunk_steps(n_parameters, batch_size):
    """Return how many steps one kernel call takes at most."""
    work = 3 * n_parameters * (batch_size + 1)
    return min(int(CHUNK_WORK / work) + 1, CHUNK_ROWS // batch_size + 1)


def train(data, network, config, sampler, t, n_steps, monitors=(), calibration_rows=None):
    """Take `n_steps` minibatch steps from a copy of the network's state; see `loop.take_steps`.

    The kernel is called for about half a second at a time, so that Ctrl-C is heard. Where
    something stops being finite, the run ends with the last finite state. Ctrl-C ends it with the
    last whole chunk; before that, and under joblib, it is passed on: a search ends with it, rather
    than to count a shortened run as a whole one.

    Parameters
    ----------
    data : Data
        To train on.
    network : FittedNetwork
        Where to start; left as it is.
    config : RunConfig
        How to train.
    sampler : Sampler
        Draws the rows; it moves on.
    t : int
        Step counter before the first step.
    n_steps : int
        Steps to take.
    monitors : sequence of callables, default=()
        Each is called with θ and the LossCurve so far after every `monitor.every` steps, and after
        the last one. The run ends where one of them returns True.
    calibration_rows : CalibrationRows, default=None
        Rows that minibatches hold later than others.

    Returns
    -------
    Outcome
    """
    size, ends = config.batch_size, [n_steps]
    populations = [data.population(config.sampling)]
    if calibration_rows is not None:
        populations.insert(0, data.population(config.sampling, calibration_rows.kept))
        ends.insert(0, calibration_rows.n_steps)
    chunks, curve = _Chunks(data, network, config, t), LossCurve(config.epoch_steps(data.size))
    most, done, before = _chunk_steps(network.layout.n_parameters, size), 0, None
    if config.n_samples:  # no more at once than the network keeps
        most = min(most, config.n_samples * config.every)
    try:
        with blas_threads(config.n_threads):
            while done < n_steps:
                if done == ends[0] < n_steps:
                    before = chunks.last[0]
                    del ends[0], populations[0]
                to_stops = (monitor.every - done % monitor.every for monitor in monitors)
                steps = min(most, ends[0] - done, *to_stops)
                losses = chunks.take(*sampler.draw(populations[0], steps, size, config.sampling))
                curve.add(losses)
                if len(losses) < steps:
                    return Outcome(chunks.last[0], curve, diverged=True, before=before)
                done += steps
                due = [m for m in monitors if done % m.every == 0 or done == n_steps]
                # A list, so that each sees every stop even where another ends the run.
                if any([monitor(chunks.last[0].dense().theta, curve) for monitor in due]):
                    break
    except KeyboardInterrupt:
        network, done, losses = chunks.last
        if not done or _under_joblib():
            raise
        if curve.n_steps < done:
            curve.add(losses)
        return Outcome(network, curve, interrupted=True, before=before)
    return Outcome(chunks.last[0], curve, before=before)


def _under_joblib():
    """Return whether this call was made by joblib, as searches and cross-validation do."""
    frames = (frame for frame, _ in traceback.walk_stack(inspect.currentframe()))
    return any(frame.f_globals.get("__name__", "").startswith("joblib.") for frame in frames)
