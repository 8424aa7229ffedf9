"""A network at rest: immutable, replaced as a whole by what trains or cuts it."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sksgdprune._data import validation as check
from sksgdprune._data.sampling import samples
from sksgdprune._data.standardization import AS_IS
from sksgdprune._kernels import entry_points as doors
from sksgdprune._kernels.compile import call
from sksgdprune._kernels.sparse_lists import LISTED_ROWS
from sksgdprune._kernels.types import ACTIVATIONS, FREE, FROZEN, PRUNED, Units, scratch
from sksgdprune._network.forward import dense_output
from sksgdprune._network.layout import Layout
from sksgdprune._network.parameters import Parameters, Remaining
from sksgdprune._network.report import SparsityReport
from sksgdprune._targets.predictive import Calibration, calibrated, tempered
from sksgdprune._targets.targets import Classes, Labels, Reals

DRAWN_VALUES = 2**20  # of all draws that are in memory at once: 8 MB
CALIBRATING_VALUES = 2**22  # that calibrate: some copies of 32 MB


@dataclass(frozen=True)
class FittedNetwork:
    """What a fresh start fixes, and the parameters.

    Parameters
    ----------
    layout : Layout
        Where each tensor lies in θ.
    activation : str
        Activation of the hidden layers.
    targets : Classes, Labels, Reals or Counts
        What the output predicts.
    parameters : Parameters or Remaining
        State and status of the parameters.
    n_parameters : int
        Of the whole network: `compact` removes some, but leaves this N of H as it is.
    average_from : int
        The step counter t from which on iterates are averaged, where they are.
    units : Units, default=AS_IS
        What the inputs are measured in.
    dispersion : float, default=1.0
        The running mean of the squared residuals, or of the deviance of counts, in units of
        `targets`; 1 where nothing asks for it.
    draws : tuple of ndarray, default=()
        Some iterates' θ, the latest last, kept as the parameters are: whole or without what is
        pruned.
    calibration : Calibration, default=None
        What the draws' spread is multiplied by, and the noise about their outputs; None until
        rows that it was not trained on have said so.
    diverged : bool
        Whether the last training ended where something was not finite. The parameters are then
        those before; they predict nothing.
    """

    layout: Layout
    activation: str
    targets: Classes | Labels | Reals
    parameters: Parameters | Remaining
    n_parameters: int
    average_from: int
    units: Units = AS_IS
    dispersion: float = 1.0
    draws: tuple = ()
    calibration: Calibration | None = None
    diverged: bool = False

    @property
    def dtype(self):
        """The parameters' float type."""
        return self.parameters.state.theta.dtype

    @property
    def density(self):
        """The part of the whole network's parameters that is not pruned; more than 0."""
        left = np.count_nonzero(self.dense().status != PRUNED)
        return max(left, 1) / self.n_parameters

    def dense(self):
        """Return the Parameters as vectors."""
        return self.parameters.dense()

    def with_state(self, state, average=None, dispersion=None):
        """Return the network with another State, average or none, and dispersion if given.

        It has not diverged.
        """
        network = self._with(Parameters(state, self.dense().status, average))
        dispersion = self.dispersion if dispersion is None else dispersion
        return replace(network, dispersion=dispersion, diverged=False)

    def with_theta(self, theta):
        """Return the network with another θ that predicts, in place of the average if any.

        The draws, which were about the former one, go, and what was said of them.
        """
        state, _, average = self.dense()
        network = replace(self, draws=(), calibration=None)
        if average is None:
            return network.with_state(state._replace(theta=theta))
        return network.with_state(state, average=theta)

    def with_draws(self, vectors, most):
        """Return the network with further draws, dense vectors; the last `most` of all are kept."""
        narrow = self.parameters.narrow
        draws = *self.draws, *(np.array(narrow(vector)) for vector in vectors)
        return replace(self, draws=draws[-most:] if most else ())

    def dense_draws(self):
        """Yield the draws as dense vectors."""
        yield from map(self.parameters.spread, self.draws)

    def in_units(self, seen):
        """Return the network for X and y in the units of what was seen of them, if anything."""
        if seen is None:
            return self
        targets = self.targets if seen.y is None else self.targets.in_units(seen.y)
        return replace(self, units=seen.X.units(), targets=targets)

    def started(self, seen):
        """Return the fresh network with the output biases from which these targets start."""
        bias = None if seen is None or seen.y is None else self.targets.start(seen.y)
        if bias is None:
            return self
        theta = self.dense().theta.copy()
        self.layout.biases(theta)[-1][:] = bias
        return self.with_theta(theta)

    def cut(self, status, t):
        """Return the network with another status of each parameter, as it is at t.

        PRUNED ones become 0, in the draws too; what is FROZEN from now on stays as it predicts. The
        average starts anew: until it has begun, it is the present one.
        """
        state, old, average = parameters = self.dense()
        if np.array_equal(status, old):
            return self
        held = (status == FROZEN) & (old != FROZEN)
        theta = np.where(held, parameters.theta, state.theta)
        network = self._with(Parameters(state._replace(theta=theta), status, average))
        kept = status != PRUNED
        draws = (np.where(held, parameters.theta, draw) for draw in self.dense_draws())
        draws = (np.where(kept, draw, 0) for draw in draws)
        draws = tuple(map(network.parameters.narrow, draws))
        return replace(network, average_from=max(t, self.average_from), draws=draws)

    def _with(self, parameters):
        state, status, average = parameters
        zero = state.theta.dtype.type(0)
        state = state._replace(theta=np.where(status == PRUNED, zero, state.theta))
        if average is not None:
            average = np.where(status == PRUNED, zero, average)
        parameters = Parameters(state, status, average)
        return replace(self, parameters=self.parameters.like(parameters))

    def sparsified(self):
        """Return the network with the parameters that are not pruned alone."""
        remaining = Remaining.of(self.layout, self.dense())
        draws = tuple(map(remaining.narrow, self.dense_draws()))
        return replace(self, parameters=remaining, draws=draws)

    def densified(self):
        """Return the network with whole vectors."""
        return replace(self, parameters=self.dense(), draws=tuple(self.dense_draws()))

    @property
    def is_sparsified(self):
        """Whether it keeps the parameters that are not pruned alone."""
        return isinstance(self.parameters, Remaining)

    def output(self, X):
        """Return the last layer's values for the rows of X, (n_samples, n_outputs)."""
        if self.diverged:
            return np.full((X.shape[0], self.layout.sizes[-1]), np.nan, dtype=self.dtype)
        if self.is_sparsified and self.parameters.are_few:
            return self._listed_output(check.kernel_array(X, self.dtype))
        return dense_output(X, *self.as_is, self.activation)

    @cached_property
    def as_is(self):
        """Dense weights and biases for inputs in their own units, be they dense or CSR."""
        tensors = self.layout.views(self.dense().theta)
        coefs, intercepts = tensors[0::2], tensors[1::2]
        if not self.units.mean.size:
            return coefs, intercepts
        first = coefs[0] / self.units.scale[:, np.newaxis]
        bias = intercepts[0] - self.units.mean @ first
        first, bias = (array.astype(self.dtype, copy=False) for array in (first, bias))
        return [first, *coefs[1:]], [bias, *intercepts[1:]]

    def draw_outputs(self, X):
        """Yield rows of X, as slices, with what the draws make of them.

        That is the last layer's values, (n_draws, n_rows, n_outputs), their covariance multiplied
        by the temperature. Memory is bounded: so many rows come at once that there are
        `DRAWN_VALUES` values.
        """
        n_outputs = self.layout.sizes[-1]
        size = max(DRAWN_VALUES // (len(self.draws) * n_outputs), 1)
        for first in range(0, X.shape[0], size):
            rows = slice(first, min(first + size, X.shape[0]))
            drawn = (replace(self, parameters=self.parameters.with_theta(d)) for d in self.draws)
            Z = np.stack([network.output(X[rows]) for network in drawn])  # one after the other
            yield rows, Z if self.calibration is None else tempered(Z, self.calibration.temperature)

    def pooled_output(self, X):
        """Return last-layer values that predict the draws' mean; without draws those of θ."""
        if not self.draws or self.diverged:
            return self.output(X)
        Z = np.empty((X.shape[0], self.layout.sizes[-1]), self.dtype)
        for rows, values in self.draw_outputs(X):
            Z[rows] = self.targets.pooled(values)
        return Z

    def calibrated(self, data, most_draws=None):
        """Return the network calibrated on Data that it was not trained on.

        The last `most_draws` of the draws do. Rows beyond `CALIBRATING_VALUES` values are left out.
        """
        draws = self.draws[-most_draws:] if most_draws else self.draws
        network = replace(self, draws=draws, calibration=None)
        data = data.some(max(CALIBRATING_VALUES // (len(draws) * self.layout.sizes[-1]), 1))
        parts = [values for _, values in network.draw_outputs(data.X)]
        found = calibrated(self.targets, np.concatenate(parts, axis=1), data.Y, data.weights)
        return replace(self, calibration=found)

    def _listed_output(self, X):
        shape, lists = self.layout.shape, self.parameters.lists
        Z = np.empty((X.shape[0], self.layout.sizes[-1]), dtype=self.dtype)
        space = scratch(shape, min(LISTED_ROWS, len(Z)), self.dtype)
        code, theta = ACTIVATIONS[self.activation], lists.state.theta
        call(doors.predict, samples(X, units=self.units), shape, theta, lists, space, code, Z)
        return Z

    def report(self):
        """Return a dict per tensor: name, shape, how many entries are free, frozen, pruned."""
        status = self.dense().status
        words = ("free", FREE), ("frozen", FROZEN), ("pruned", PRUNED)
        return SparsityReport(
            {"tensor": tensor.name, "shape": tensor.shape}
            | {word: int(np.sum(status[tensor.where] == code)) for word, code in words}
            for tensor in self.layout.tensors
        )
