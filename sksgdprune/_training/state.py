"""The state of training: everything that a call reads from an estimator and leaves in it."""

import math
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from sksgdprune._data.encoding import AS_IS, PIECEWISE, far, kind_of, piecewise, standard
from sksgdprune._data.moments import RunningMoments
from sksgdprune._data.sampling import Data, Population, Sampler
from sksgdprune._data.validation import is_whole, kernel_array
from sksgdprune._kernels.types import FREE, PRUNED_STATE, State
from sksgdprune._network.layout import Layout, initial_noise_variance, initial_parameters
from sksgdprune._network.network import FittedNetwork
from sksgdprune._network.parameters import Parameters
from sksgdprune._utils.warnings import warn

# Weights whose mean is larger are rather relative than numbers of equal rows.
MANY = 10.0


@dataclass(frozen=True)
class History:
    """The steps and losses of all runs so far.

    Parameters
    ----------
    n_steps : int
        Of the last run.
    losses : tuple of ndarray
        The mean loss of each epoch's worth of steps, in parts; see `extended`.
    validation_scores, validation_losses : list of float or None
        After each epoch, where there were validation rows.
    best_validation_score : float or None
        Of the last run.
    """

    n_steps: int = 0
    losses: tuple = ()
    validation_scores: list | None = None
    validation_losses: list | None = None
    best_validation_score: float | None = None

    @property
    def loss(self):
        """The last entry of `losses`; infinite before there is one."""
        return float(self.losses[-1][-1]) if self.losses else math.inf

    def after(self, curve):
        """Return the history after a run of this LossCurve."""
        return replace(
            self, n_steps=curve.n_steps, losses=extended(self.losses, np.array(curve.means()))
        )


def extended(parts, values):
    """Return a series of numbers in parts, each longer than the next, with further ones.

    A stream of single rows adds a number in each call: copying the whole would make each call
    slower than the one before.
    """
    parts = [*parts, values] if values.size else [*parts]
    while len(parts) > 1 and parts[-2].size <= parts[-1].size:
        parts[-2:] = [np.concatenate(parts[-2:])]
    return tuple(parts)


class Selection(NamedTuple):
    """The precision of the prior of a weight, and what it was compared with; likewise the encoding.

    Parameters
    ----------
    precision : float or None
        The one chosen; None where alpha is a number.
    encodings : tuple of str
        Of each trial; the network has the one chosen.
    precisions : ndarray of shape (n_trials,)
        Those that were compared, or those through which the evidence led.
    mean_losses : ndarray of shape (n_trials,)
        Of all rows that were held out, infinite where a trial diverged.
    losses : ndarray of shape (n_trials, n_parts)
        The same for the rows of each part.
    constant_loss : float
        The mean loss of a constant prediction on the same rows; NaN where none were held out.
    is_worse : bool
        Whether the loss of what was chosen is clearly larger.
    """

    precision: float | None
    encodings: tuple = ()
    precisions: np.ndarray = np.empty(0)
    mean_losses: np.ndarray = np.empty(0)
    losses: np.ndarray = np.empty((0, 0))
    constant_loss: float = math.nan
    is_worse: bool = False

    @property
    def loss(self):
        """The least of the mean losses; 0 where nothing was held out."""
        return float(min(self.mean_losses, default=0.0))


@dataclass(frozen=True)
class TrainingState:
    """A fitted estimator's state: replaced as a whole by what trains or cuts.

    Parameters
    ----------
    network : FittedNetwork
        What predicts.
    sampler : Sampler
        Draws minibatches and probes; whoever draws takes a copy.
    rng : RandomState
        For random cuts and splits; whoever draws takes a copy.
    moments : RunningMoments
        Of X and y.
    n_rows : int
        Samples of the last run, by which H goes.
    t : int
        Step counter: t0 and all steps.
    history : History
        Steps and losses.
    selection : Selection or None
        What "auto" or "evidence" has chosen; None where nothing was compared.
    """

    network: FittedNetwork
    sampler: Sampler
    rng: np.random.RandomState
    moments: RunningMoments
    n_rows: int
    t: int
    history: History = field(default_factory=History)
    selection: Selection | None = None

    @property
    def precision(self):
        """The prior's precision, or None where none was chosen."""
        return None if self.selection is None else self.selection.precision

    @property
    def n_seen(self):
        """Number of samples in all calls."""
        return round(self.moments.X.all.count)


def start(rows, targets, config, rng):
    """Return the TrainingState of a fresh start, and the rows as its Data.

    θ, C and the sampler's seeds are drawn from `rng`, in this order; the state takes it.
    """
    moments = RunningMoments.first(*_counted(rows, targets))
    encoding = _encoding(rows, moments.X.all, config)
    n_inputs = encoding.source.size or rows.X.shape[1]
    sizes = (n_inputs, *config.hidden_layer_sizes, targets.n_outputs)
    layout = Layout(sizes)
    parameters = _first_parameters(layout, config.activation, rng, rows.X.dtype)
    begins = _average_from(config)
    network = FittedNetwork(
        layout, config.activation, targets, parameters, layout.n_parameters, begins, encoding
    )
    if kind_of(encoding) is not None:
        network = network.scaled(moments.y).with_initial_bias(moments.y)
    sampler = Sampler(rng)
    data = encode(rows, network, config)
    return TrainingState(network, sampler, rng, moments, data.size, config.t0), data


def drawn_anew(state, config):
    """Return the state at t0 whose free parameters are drawn as by a fresh start, from its `rng`.

    What is pruned or frozen stays.
    """
    network, rng = state.network, deepcopy(state.rng)
    old, status, _ = network.dense()
    parameters = _first_parameters(network.layout, network.activation, rng, network.dtype)
    first = replace(network, parameters=parameters)
    if kind_of(network.encoding) is not None:
        first = first.with_initial_bias(state.moments.y)
    drawn = zip(first.dense().state, old, strict=True)
    drawn = State(*(np.where(status == FREE, new, value) for new, value in drawn))
    network = replace(network, posterior_samples=(), calibration=None)
    network = replace(network.with_state(drawn, dispersion=1.0), average_from=_average_from(config))
    return replace(state, network=network, rng=rng, t=config.t0)


def _first_parameters(layout, activation, rng, dtype):
    """Return the Parameters of a fresh start: θ and C are drawn, in this order."""
    theta = initial_parameters(layout, activation, rng, dtype)
    first = {"theta": theta, "noise_variance": initial_noise_variance(layout, rng, dtype)}
    # Any other array of the state starts as it is for a pruned parameter.
    others = {
        name: np.full(layout.n_parameters, value, dtype)
        for name, value in PRUNED_STATE._asdict().items()
        if name not in first
    }
    return Parameters(State(**first, **others), np.full(layout.n_parameters, FREE))


def _average_from(config):
    """Return the t from which on a fresh start averages its iterates."""
    return config.t0 + (config.average if is_whole(config.average) else 0)


def settled(state):
    """Return the state whose encoding further rows do not change, but where nothing varied yet."""
    return replace(state, moments=state.moments.settled())


def read_more(state, rows, config):
    """Return the state and Data of further rows; they count in an encoding not settled."""
    network, before = state.network, state.moments
    moments = before.joined(*_counted(rows, network.targets))
    if kind_of(network.encoding) is not None:
        network = network.standardized_anew(before, moments)
        _warn_of_scales(network, moments)
    state = replace(state, moments=moments, network=network)
    return state, encode(rows, network, config)


def _warn_of_scales(network, moments):
    """Warn where inputs or targets are far outside their settled scale."""
    features = far(network.encoding, moments.X.all)
    if features.any():
        warn(
            f"Features {np.flatnonzero(features).tolist()} are far outside the scale of the first "
            "rows, and predictions may be wrong. Fit again, with recent rows.",
            UserWarning,
        )
    if moments.y is not None and moments.y.all.far_from(network.targets.standardization).any():
        warn(
            "y is far outside the scale of the first rows, and training may diverge. Fit again, "
            "with recent rows.",
            UserWarning,
        )


def _counted(rows, targets):
    """Return X, y where it has a scale, and how many samples each row is, for moments."""
    return kernel_array(rows.X), targets.columns(rows.y), _counts(rows)


def _counts(rows):
    """Return how many samples each row is, or None where it is one."""
    if rows.weights is None:
        return None
    if rows.weights.mean() > MANY:
        warn(
            f"sample_weight is {rows.weights.mean():.3g} on average. A weight counts as so many "
            "equal rows, so the prior has little effect and the fit may overfit. If weights say "
            "which rows matter more, divide them by their mean.",
            UserWarning,
        )
    return rows.weights * (Population(len(rows.y), rows.weights).size / rows.weights.sum())


def _encoding(rows, moments, config):
    """Return the Encoding with which a fresh start begins."""
    if config.encoding is None:
        return AS_IS
    if config.encoding == PIECEWISE:
        return piecewise(kernel_array(rows.X), _counts(rows), moments)
    return standard(moments)


def encode(rows, network, config):
    """Return checked rows as Data for a network."""
    targets = network.targets
    Y = targets.encode(rows.y)
    weights = targets.weigh(rows.y, rows.weights, config.class_weight, config.batch_size)
    X, Y = (kernel_array(array, network.dtype) for array in (rows.X, Y))
    counted = None if weights is rows.weights else Population(len(Y), rows.weights).size
    return Data(X, Y, weights, counted)
