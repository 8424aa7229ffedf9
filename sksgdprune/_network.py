"""A network at rest: immutable, replaced as a whole by what trains or cuts it."""

from dataclasses import dataclass, replace

import numpy as np

from sksgdprune import _validation as check
from sksgdprune._dense import dense_output
from sksgdprune._kernels import doors
from sksgdprune._kernels.compilation import call
from sksgdprune._kernels.plan import LISTED_ROWS
from sksgdprune._kernels.records import ACTIVATIONS, FREE, FROZEN, PRUNED, scratch
from sksgdprune._layout import Layout
from sksgdprune._sampling import samples
from sksgdprune._storage import Parameters, Remaining
from sksgdprune._targets import Classes, Labels, Reals


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
    diverged: bool = False

    @property
    def dtype(self):
        """The parameters' float type."""
        return self.parameters.state.theta.dtype

    def dense(self):
        """Return the Parameters as vectors."""
        return self.parameters.dense()

    def with_state(self, state, average=None):
        """Return the network with another State, and average or none; it has not diverged."""
        network = self._with(Parameters(state, self.dense().status, average))
        return replace(network, diverged=False)

    def with_theta(self, theta):
        """Return the network with another θ that predicts, in place of the average if any."""
        state, _, average = self.dense()
        if average is None:
            return self.with_state(state._replace(theta=theta))
        return self.with_state(state, average=theta)

    def cut(self, status, t):
        """Return the network with another status of each parameter, as it is at t.

        PRUNED ones become 0; what is FROZEN from now on stays as it predicts. The average starts
        anew: until it has begun, it is the present one.
        """
        state, old, average = parameters = self.dense()
        held = (status == FROZEN) & (old != FROZEN)
        theta = np.where(held, parameters.theta, state.theta)
        network = self._with(Parameters(state._replace(theta=theta), status, average))
        return replace(network, average_from=max(t, self.average_from))

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
        return replace(self, parameters=Remaining.of(self.layout, self.dense()))

    def densified(self):
        """Return the network with whole vectors."""
        return replace(self, parameters=self.dense())

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
        tensors = self.layout.views(self.dense().theta)
        return dense_output(X, tensors[0::2], tensors[1::2], self.activation)

    def _listed_output(self, X):
        shape, lists = self.layout.shape, self.parameters.lists
        Z = np.empty((X.shape[0], self.layout.sizes[-1]), dtype=self.dtype)
        space = scratch(shape, min(LISTED_ROWS, len(Z)), self.dtype)
        code, theta = ACTIVATIONS[self.activation], lists.state.theta
        call(doors.predict, samples(X), shape, theta, lists, space, code, Z)
        return Z

    def report(self):
        """Return a dict per tensor: name, shape, how many entries are free, frozen, pruned."""
        status = self.dense().status
        words = ("free", FREE), ("frozen", FROZEN), ("pruned", PRUNED)
        return [
            {"tensor": tensor.name, "shape": tensor.shape}
            | {word: int(np.sum(status[tensor.where] == code)) for word, code in words}
            for tensor in self.layout.tensors
        ]
