"""Parameters of a sparsified network: those alone that are not pruned."""

from dataclasses import dataclass, fields, replace
from itertools import pairwise

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

    @property
    def theta(self):
        """The θ that predicts: the average, where there is one."""
        return self.state.theta if self.average is None else self.average

    @property
    def n_bytes(self):
        """The bytes of θ and of its positions."""
        return self.theta.nbytes + self.where.nbytes

    def with_theta(self, values):
        """Return the same with another θ that predicts, as `narrow` returns it."""
        other = replace(self, average=values)
        vars(other)["_first"] = self._first
        return other

    @property
    def _first(self):
        """Of several that differ in θ alone the first, whose lists serve all."""
        return vars(self).get("_first", self)

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
        if self._first is not self:
            lists = self._first.lists
            theta = self.spread(self.theta)[lists.where]
            return lists._replace(state=lists.state._replace(theta=theta))
        dense = self.dense()
        state = dense.state._replace(theta=dense.theta)
        return plan(self.layout.shape, state, dense.status, listed_below=ALWAYS)

    @cached_property
    def _transposed(self):
        """Of each of the `matrices`: its entries in their order, columns, where rows start."""
        starts, sizes, places = self.layout.shape.starts, self.layout.sizes, []
        for (start, stop), fan_out in zip(pairwise(starts), sizes[1:], strict=True):
            part, rows, columns = self._part(start, stop, fan_out)
            order = np.argsort(columns, kind="stable")
            begins = np.cumsum([0, *np.bincount(columns, minlength=fan_out)])
            places.append((part.start + order, rows[order], begins))
        return places

    @cached_property
    def matrices(self):
        """Weights and biases into each layer as a CSR array of shape (fan_out, fan_in + 1)."""
        theta, sizes = self.theta, self.layout.sizes
        shapes = [(fan_out, fan_in + 1) for fan_in, fan_out in pairwise(sizes)]
        return [
            csr_array((theta[entries], columns, begins), shape)
            for (entries, columns, begins), shape in zip(
                self._first._transposed, shapes, strict=True
            )
        ]

    def coefs(self):
        """Return the weight matrices as CSR arrays of shape (fan_in, fan_out)."""
        coefs, theta = [], self.theta
        for tensor in self.layout.tensors[0::2]:
            where, (fan_in, fan_out) = tensor.where, tensor.shape
            part, rows, columns = self._part(where.start, where.stop, fan_out)
            starts = np.searchsorted(rows, np.arange(fan_in + 1))
            coefs.append(csr_array((theta[part], columns, starts), tensor.shape))
            coefs[-1].data = read_only(coefs[-1].data)
        return coefs

    def _part(self, start, stop, fan_out):
        """Return which entries lie in a part of θ, as a slice, and their rows and columns there."""
        part = slice(*np.searchsorted(self.where, (start, stop)))
        return part, *np.divmod(self.where[part] - start, fan_out)

    def __getstate__(self):
        """Leave out what is cached: it is made again where it is needed."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
