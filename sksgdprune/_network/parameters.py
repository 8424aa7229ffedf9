"""Parameters of a network, State and status, as vectors."""

from typing import NamedTuple

import numpy as np

from sksgdprune._kernels.types import State


def read_only(array):
    """Return a view that cannot be written into: what is pruned must stay 0."""
    view = array.view()
    view.flags.writeable = False
    return view


class Parameters(NamedTuple):
    """What a step moves, where it may, and the mean of iterates: vectors (n_parameters,)."""

    state: State
    status: np.ndarray
    average: np.ndarray | None = None

    @property
    def theta(self):
        """The θ that predicts: the average, where there is one."""
        return self.state.theta if self.average is None else self.average

    @property
    def n_bytes(self):
        """The bytes of θ."""
        return self.theta.nbytes

    def dense(self):
        """Return the vectors."""
        return self

    def like(self, parameters):
        """Return dense `parameters` in this form."""
        return parameters

    def with_theta(self, values):
        """Return the same with another θ that predicts, as `narrow` returns it."""
        return self._replace(average=values)

    def narrow(self, vector):
        """Return what is kept of a dense vector: all."""
        return vector

    def spread(self, values):
        """Return the dense vector of which `values` are what is kept."""
        return values
