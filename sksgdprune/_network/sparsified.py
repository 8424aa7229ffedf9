"""Parameters of a sparsified network: those alone that are not pruned."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from sksgdprune._kernels.sparse_lists import ALWAYS, LISTED_BELOW, plan
from sksgdprune._kernels.types import PRUNED, PRUNED_STATE, State
from sksgdprune._network.layout import Layout
from sksgdprune._network.parameters import Parameters, read_only
from sksgdprune._utils.lazy import cached_property


@dataclass(frozen=True)
class Remaining:
    """Parameters that are not pruned; the State of the others is forgotten.

    Parameters
    ----------
    layout : Layout
        The network's.
    where : ndarray of int32 or int64 of shape (n_remaining,)
        Their positions in θ, ascending.
    state : State
        Arrays of shape (n_remaining,).
    status : ndarray of uint8 of shape (n_remaining,)
        FREE or FROZEN.
    average : ndarray of shape (n_remaining,) or None
        The mean of the iterates.
    """

    layout: Layout
    where: np.ndarray
    state: State
    status: np.ndarray
    average: np.ndarray | None = None

    @classmethod
    def of(cls, layout, parameters):
        """Return what is not pruned of dense `parameters`."""
        where = np.flatnonzero(parameters.status != PRUNED)
        if layout.n_parameters <= np.iinfo(np.int32).max:
            where = where.astype(np.int32)
        state = State(*(array[where] for array in parameters.state))
        average = None if parameters.average is None else parameters.average[where]
        return cls(layout, where, state, parameters.status[where], average)

    def like(self, parameters):
        """Return dense `parameters` in this form."""
        return self.of(self.layout, parameters)

    def dense(self):
        """Return the vectors."""
        state = State(*map(self.spread, self.state, PRUNED_STATE))
        average = None if self.average is None else self.spread(self.average)
        return Parameters(state, self.spread(self.status, PRUNED), average)

    def with_theta(self, values):
        """Return the same with another θ that predicts, as `narrow` returns it."""
        other = replace(self, average=values)
        if self.are_few:  # the lists of one posterior sample serve all
            theta = other.spread(values)[self.lists.where]
            state = self.lists.state._replace(theta=theta)
            vars(other)["lists"] = self.lists._replace(state=state)
        return other

    def narrow(self, vector):
        """Return what is kept of a dense vector."""
        return vector[self.where]

    def spread(self, values, where_pruned=0):
        """Return the dense vector of which `values` are what is kept."""
        vector = np.full(self.layout.n_parameters, where_pruned, dtype=values.dtype)
        vector[self.where] = values
        return vector

    @property
    def are_few(self):
        """Whether lists of them are faster than the dense network."""
        return self.where.size < LISTED_BELOW * self.layout.n_parameters

    @cached_property
    def lists(self):
        """The lists over which every layer predicts."""
        dense = self.dense()
        state = dense.state._replace(theta=dense.theta)
        return plan(self.layout.shape, state, dense.status, listed_below=ALWAYS)

    def coefs(self):
        """Return the weight matrices as CSR arrays of shape (fan_in, fan_out)."""
        coefs, theta = [], self.state.theta if self.average is None else self.average
        for tensor in self.layout.tensors[0::2]:
            first, last = np.searchsorted(self.where, (tensor.where.start, tensor.where.stop))
            rows, columns = np.divmod(self.where[first:last] - tensor.where.start, tensor.shape[1])
            starts = np.searchsorted(rows, np.arange(tensor.shape[0] + 1))
            coefs.append(csr_array((theta[first:last], columns, starts), tensor.shape))
            coefs[-1].data = read_only(coefs[-1].data)
        return coefs

    def __getstate__(self):
        """Leave out the lists: they are made again where they are needed."""
        return {name: value for name, value in vars(self).items() if name != "lists"}
