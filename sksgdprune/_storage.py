"""How an estimator keeps θ, C and status: as vectors, or only what is not pruned."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from sksgdprune import _kernels, _training
from sksgdprune._network import Layout
from sksgdprune._selection import PRUNED


class Parameters(NamedTuple):
    """θ, C and status as vectors of shape (n_parameters,)."""

    theta: np.ndarray
    noise_variance: np.ndarray
    status: np.ndarray

    def dense(self):
        """Return the vectors."""
        return self

    def like(self, parameters):
        """Return dense `parameters` in this form."""
        return parameters


@dataclass(frozen=True)
class Remaining:
    """The same for the parameters that are not pruned; C of the others is forgotten.

    Parameters
    ----------
    layout : Layout
        The network's.
    where : ndarray of int32 or int64 of shape (n_remaining,)
        Their positions in θ, ascending.
    theta, noise_variance, status : ndarray of shape (n_remaining,)
        Their values.
    """

    layout: Layout
    where: np.ndarray
    theta: np.ndarray
    noise_variance: np.ndarray
    status: np.ndarray

    @classmethod
    def of(cls, layout, parameters):
        """Return what is not pruned of dense `parameters`."""
        where = np.flatnonzero(parameters.status != PRUNED)
        if layout.n_parameters <= np.iinfo(np.int32).max:
            where = where.astype(np.int32)
        return cls(layout, where, *(vector[where] for vector in parameters))

    def like(self, parameters):
        """Return dense `parameters` in this form."""
        return self.of(self.layout, parameters)

    def dense(self):
        """Return the vectors; C of a pruned parameter, which nothing reads, is 1."""
        fill = Parameters(theta=0, noise_variance=1, status=PRUNED)
        values = Parameters(self.theta, self.noise_variance, self.status)
        vectors = []
        for part, empty in zip(values, fill, strict=True):
            vector = np.full(self.layout.n_parameters, empty, dtype=part.dtype)
            vector[self.where] = part
            vectors.append(vector)
        return Parameters(*vectors)

    @property
    def are_few(self):
        """Whether lists of them are faster than the dense network."""
        return self.where.size < _kernels.LISTED_BELOW * self.layout.n_parameters

    def coefs(self):
        """Return the weight matrices as CSR arrays of shape (fan_in, fan_out)."""
        coefs = []
        for tensor in self.layout.tensors[0::2]:
            first, last = np.searchsorted(self.where, (tensor.where.start, tensor.where.stop))
            rows, columns = np.divmod(self.where[first:last] - tensor.where.start, tensor.shape[1])
            starts = np.searchsorted(rows, np.arange(tensor.shape[0] + 1))
            coefs.append(csr_array((self.theta[first:last], columns, starts), tensor.shape))
        return coefs

    @cached_property
    def _plan(self):
        theta, noise_variance, status = self.dense()
        shape = _training.kernel_shape(self.layout)
        return _kernels.listed_plan(status, theta, noise_variance, shape)

    def __getstate__(self):
        """Leave out the plan: it is made again where it is needed."""
        return {name: value for name, value in vars(self).items() if name != "_plan"}

    def linear_output(self, X, activation):
        """Return the last layer's values for the rows of X, from the remaining weights alone.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Input rows, of θ's dtype.
        activation : str
            Activation of the hidden layers.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
        """
        output = np.empty((X.shape[0], self.layout.sizes[-1]), dtype=self.theta.dtype)
        _kernels.predict_listed(
            _training.kernel_rows(X),
            self._plan,
            _training.kernel_shape(self.layout),
            _kernels.ACTIVATIONS[activation],
            output,
        )
        return output
