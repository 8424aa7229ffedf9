"""An immutable network, replaced as a whole by what trains or cuts it."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from sksgdprune._data import validation as check
from sksgdprune._data.encoding import AS_IS, centred, encoded, refreshed
from sksgdprune._data.sampling import samples
from sksgdprune._kernels import entry_points
from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._kernels.compile import call
from sksgdprune._kernels.sparse_lists import LISTED_ROWS
from sksgdprune._kernels.types import FREE, FROZEN, PRUNED, Encoding, scratch
from sksgdprune._network.dense_forward import dense_output
from sksgdprune._network.layout import Layout
from sksgdprune._network.parameters import Parameters
from sksgdprune._network.paths import live_units
from sksgdprune._network.report import SparsityReport
from sksgdprune._network.size import smallest_size
from sksgdprune._network.sparsified import Remaining
from sksgdprune._targets.base import Target
from sksgdprune._utils.lazy import cached_property

# Up to so many rows a sparsified network predicts by CSR products: lists, which take a connection
# for all rows of a block at once, win from 16 to 64 rows on, and took five times as long for one.
FEW_ROWS = 8


@dataclass(frozen=True)
class FittedNetwork:
    """What a fresh start fixes, and the parameters.

    Parameters
    ----------
    layout : Layout
        Where each tensor lies in θ.
    activation : str
        Activation of the hidden layers.
    targets : Target
        What the output predicts.
    parameters : Parameters or Remaining
        State and status of the parameters.
    n_parameters : int
        Of the whole network: `compact` removes some, but leaves this N of H as it is.
    average_from : int
        The step counter t from which on iterates are averaged, where they are.
    encoding : Encoding, default=AS_IS
        How the inputs are made of features.
    dispersion : float, default=1.0
        The running mean of the squared residuals, or of the deviance of counts, on the scale of
        the encoded targets; 1 where nothing asks for it.
    posterior_samples : tuple of ndarray, default=()
        Some iterates' θ, the latest last, kept as the parameters are: whole or without what is
        pruned.
    calibration : Calibration, default=None
        What the samples' spread is multiplied by, and the noise about their outputs; None until
        rows that it was not trained on have shown that.
    diverged : bool
        Whether the last run ended where something was not finite. The parameters are then
        those before; they predict nothing.
    """

    layout: Layout
    activation: str
    targets: Target
    parameters: Parameters | Remaining
    n_parameters: int
    average_from: int
    encoding: Encoding = AS_IS
    dispersion: float = 1.0
    posterior_samples: tuple = ()
    calibration: object = None
    diverged: bool = False

    @property
    def dtype(self):
        """The parameters' float type."""
        return self.parameters.state.theta.dtype

    @property
    def density(self):
        """The part that is not pruned of the parameters between live units; more than 0.

        Of whole units that are pruned nothing counts: what they leave is a smaller dense network.
        """
        left = self.dense().status != PRUNED
        if left.all():
            return 1.0
        remaining = self.layout.weights(left)
        hidden = [units.nonzero()[0] for units in live_units(remaining)[1:-1]]
        ends = [np.arange(self.layout.sizes[0]), *hidden, np.arange(self.layout.sizes[-1])]
        blocks = [W[np.ix_(*of)] for W, of in zip(remaining, pairwise(ends), strict=True)]
        blocks += [b[of] for b, of in zip(self.layout.biases(left), ends[1:], strict=True)]
        return max(sum(map(np.count_nonzero, blocks)), 1) / sum(block.size for block in blocks)

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

        The posterior samples, which were about the former one, go, and their calibration.
        """
        state, _, average = self.dense()
        network = replace(self, posterior_samples=(), calibration=None)
        if average is None:
            return network.with_state(state._replace(theta=theta))
        return network.with_state(state, average=theta)

    def with_samples(self, vectors, most):
        """Return the network with further posterior samples; the last `most` of all are kept."""
        narrow = self.parameters.narrow
        samples = *self.posterior_samples, *(np.array(narrow(vector)) for vector in vectors)
        return replace(self, posterior_samples=samples[-most:] if most else ())

    def dense_samples(self):
        """Yield the posterior samples as dense vectors."""
        yield from map(self.parameters.spread, self.posterior_samples)

    def at_sample(self, sample):
        """Return the network whose θ is one of its posterior samples."""
        return replace(self, parameters=self.parameters.with_theta(sample))

    def scaled(self, running, columns=slice(None)):
        """Return the network for y standardized by Running moments, if any, in some columns."""
        if running is None:
            return self
        return replace(self, targets=self.targets.standardized(running.all, columns))

    def standardized_anew(self, before, moments):
        """Return the network for RunningMoments; what was settled by those before stays."""
        if moments is before:
            return self
        encoding = refreshed(self.encoding, moments.X.all, before.X.is_open)
        columns = before.y and before.y.is_open
        return replace(self, encoding=encoding).scaled(moments.y, columns)

    def with_initial_bias(self, running):
        """Return the fresh network with the output biases from which its targets start."""
        bias = None if running is None else self.targets.initial_bias(running.all)
        if bias is None:
            return self
        theta = self.dense().theta.copy()
        self.layout.biases(theta)[-1][:] = bias
        return self.with_theta(theta)

    def cut(self, status, t):
        """Return the network with another status of each parameter, as it is at t.

        PRUNED ones become 0, in the posterior samples too; what is FROZEN from now on stays as it
        predicts. The average starts anew: until it has begun, it is the present one.
        """
        state, old, average = parameters = self.dense()
        if np.array_equal(status, old):
            return self
        newly_frozen = (status == FROZEN) & (old != FROZEN)
        theta = np.where(newly_frozen, parameters.theta, state.theta)
        network = self._with(Parameters(state._replace(theta=theta), status, average))
        remains = status != PRUNED
        samples = (np.where(newly_frozen, parameters.theta, s) for s in self.dense_samples())
        samples = (np.where(remains, sample, 0) for sample in samples)
        samples = tuple(map(network.parameters.narrow, samples))
        first = max(t, self.average_from)
        network = replace(network, average_from=first, posterior_samples=samples)
        changes = newly_frozen | ((status == PRUNED) & (old != PRUNED))
        return network.outdated() if changes.any() else network

    def outdated(self):
        """Return the network with a calibration, if any, that is of an earlier one."""
        if self.calibration is None:
            return self
        return replace(self, calibration=self.calibration._replace(is_stale=True))

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
        samples = tuple(map(remaining.narrow, self.dense_samples()))
        return replace(self, parameters=remaining, posterior_samples=samples)

    def densified(self):
        """Return the network with whole vectors."""
        samples = tuple(self.dense_samples())
        return replace(self, parameters=self.dense(), posterior_samples=samples)

    @property
    def is_sparsified(self):
        """Whether it keeps the parameters that are not pruned alone."""
        return isinstance(self.parameters, Remaining)

    def output(self, X):
        """Return the last layer's values for the rows of X, (n_samples, n_outputs)."""
        if self.diverged:
            return np.full((X.shape[0], self.layout.sizes[-1]), np.nan, dtype=self.dtype)
        if self.is_sparsified and self.parameters.are_few:
            X, few = check.kernel_array(X, self.dtype), X.shape[0] <= FEW_ROWS
            return self._few_outputs(X) if few else self._listed_output(X)
        if self.encoding.source.size:
            layers = self.layers
            return dense_output(
                X, *layers, self.activation, lambda rows: encoded(rows, self.encoding)
            )
        offset = self.offset
        centre = None if offset is None else lambda rows: centred(rows, offset)
        return dense_output(X, *self.folded_layers, self.activation, centre)

    @property
    def layers(self):
        """Dense weights and biases for encoded inputs."""
        tensors = self.layout.views(self.dense().theta)
        return tensors[0::2], tensors[1::2]

    @cached_property
    def offset(self):
        """What is subtracted from features before the first product, or None: nothing.

        The mean of a feature that is so large beside the scale that the first layer would subtract
        nearly equal products of both.
        """
        mean, scale = self.encoding.mean, self.encoding.scale
        is_far = np.abs(mean) / scale > np.finfo(self.dtype).eps ** (-1 / 3)
        return np.where(is_far, mean, 0).astype(self.dtype) if is_far.any() else None

    @cached_property
    def folded_layers(self):
        """Dense weights and biases for features less the offset; the first layer does the rest."""
        return self._folded(0 if self.offset is None else self.offset, self.dtype)

    def folded_all(self):
        """Return the same for features as they are, in float64 where float32 has too few digits."""
        return self._folded(0, self.dtype if self.offset is None else np.dtype(np.float64))

    def _folded(self, offset, dtype):
        coefs, intercepts = self.layers
        if not self.encoding.mean.size:
            return coefs, intercepts
        encoding = self.encoding.astype(self.dtype)  # as the kernels have it
        first = coefs[0] / self.encoding.scale[:, np.newaxis]
        bias = intercepts[0] - (encoding.mean.astype(float) - offset) @ first
        first, bias = (array.astype(dtype, copy=False) for array in (first, bias))
        return [first, *coefs[1:]], [bias, *intercepts[1:]]

    def _few_outputs(self, X):
        """Return the output by matrices of the remaining connections, which read each once."""
        A, last = encoded(X, self.encoding).T, len(self.parameters.matrices) - 1
        for layer, matrix in enumerate(self.parameters.matrices):
            A = matrix @ np.vstack([A, np.ones((1, len(A.T)), self.dtype)])
            if layer < last:
                ACTIVATIONS[self.activation].in_place(A)
        return np.ascontiguousarray(A.T)

    def _listed_output(self, X):
        shape, lists = self.layout.shape, self.parameters.lists
        Z = np.empty((X.shape[0], self.layout.sizes[-1]), dtype=self.dtype)
        space = scratch(shape, min(LISTED_ROWS, len(Z)), self.dtype)
        code, theta = ACTIVATIONS[self.activation].code, lists.state.theta
        rows = samples(X, encoding=self.encoding)
        call(entry_points.predict, rows, shape, theta, lists, space, code, Z)
        return Z

    def report(self):
        """Return a dict per tensor: name, shape, how many entries are free, frozen, pruned."""
        status = self.dense().status
        words = ("free", FREE), ("frozen", FROZEN), ("pruned", PRUNED)
        tensors = [
            {"tensor": tensor.name, "shape": tensor.shape}
            | {word: int(np.sum(status[tensor.where] == code)) for word, code in words}
            for tensor in self.layout.tensors
        ]
        return SparsityReport(tensors, smallest_size(self))
