"""What a fitted network shows of itself, and the form in which it is kept."""

import math

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sksgdprune import _training
from sksgdprune._compact import compact
from sksgdprune._selection import FREE, FROZEN, PRUNED
from sksgdprune._storage import Remaining


def _fitted_vector(name, doc, possible, is_possible):
    """Return a property for one of the fitted vectors of shape (n_parameters,)."""

    def read(self):
        if not hasattr(self, "_parameters"):
            raise AttributeError(f"{type(self).__name__} has no {name}_ before fit.")
        return getattr(self._parameters.dense(), name)

    def write(self, value):
        old, value = read(self), np.asarray(value)
        if value.shape != old.shape:
            raise ValueError(f"Got {name}_ of shape {value.shape}; it must be {old.shape}.")
        if not is_possible(value).all():
            wrong = value[~is_possible(value)][0]
            raise ValueError(f"Got {wrong} in {name}_; possible are {possible}.")
        self._keep(**{name: np.array(value, dtype=old.dtype)})

    return property(read, write, doc=doc)


class FittedNetworkMixin:
    """Fitted arrays, and sparsify, densify, compact."""

    def sparsify(self):
        """Keep only the parameters that are not pruned, and predict from them alone.

        From 78 % of pruned parameters on, predictions run over the remaining connections, which
        is faster than the dense network. The pickle's size then follows the number of remaining
        parameters. `coefs_` become CSR arrays. Training, prune and freeze still work; they make
        the dense vectors for as long as they run.

        Returns
        -------
        self : object
            The estimator, changed.
        """
        check_is_fitted(self)
        self._parameters = Remaining.of(self._layout, self._parameters.dense())
        return self

    def densify(self):
        """Undo `sparsify`: keep whole vectors again, pruned parameters as zeros.

        Returns
        -------
        self : object
            The estimator, changed.
        """
        check_is_fitted(self)
        self._parameters = self._parameters.dense()
        return self

    def compact(self):
        """Remove hidden units that no longer have an input or an output connection.

        A unit without inputs is constant; what it adds to the next layer goes into the biases
        there (a pruned bias that takes it becomes free). Predictions stay the same up to
        rounding. Fitted arrays get smaller, `hidden_layer_sizes` is left as it is, N in H stays
        that of the whole network, and `fit` starts from the full size again.

        Returns
        -------
        self : object
            The estimator, changed.
        """
        check_is_fitted(self)
        layout, parameters = compact(self._layout, self._parameters.dense(), self.activation)
        sparse = isinstance(self._parameters, Remaining)
        self._parameters = Remaining.of(layout, parameters) if sparse else parameters
        self._layout = layout
        return self

    def _keep(self, **changes):
        """Replace some of θ, C and status, in the form in which they are kept; PRUNED is 0."""
        changed = self._parameters.dense()._replace(**changes)
        zero = changed.theta.dtype.type(0)
        theta = np.where(changed.status == PRUNED, zero, changed.theta)
        self._parameters = self._parameters.like(changed._replace(theta=theta))

    theta_ = _fitted_vector(
        "theta",
        "All parameters, layer by layer weights, then biases.",
        "finite numbers",
        np.isfinite,
    )
    noise_variance_ = _fitted_vector(
        "noise_variance",
        "C of each parameter.",
        "finite numbers from 0",
        lambda C: np.isfinite(C) & (C >= 0),
    )
    status_ = _fitted_vector(
        "status",
        "0 free, 1 frozen, 2 pruned.",
        "0, 1 and 2",
        lambda status: np.isin(status, (FREE, FROZEN, PRUNED)),
    )

    @property
    def best_loss_(self):
        """Smallest entry of `loss_curve_`."""
        return min(self.loss_curve_, default=math.inf)

    @property
    def coefs_(self):
        """Weight matrices (fan_in, fan_out): views of `theta_`, or CSR arrays if sparsified."""
        if isinstance(self._parameters, Remaining):
            return self._parameters.coefs()
        return self._layout.weights(self.theta_)

    @property
    def coef_(self):
        """The input layer's weights (n_units, n_features), as linear models lay them out."""
        return self.coefs_[0].T

    @property
    def intercepts_(self):
        """Bias vectors (fan_out,): views of `theta_`, or copies if sparsified."""
        return self._layout.biases(self.theta_)

    @property
    def preconditioner_(self):
        """H of each parameter, shape (n_parameters,), as `preconditioner` defines it."""
        return _training.preconditioner(
            self.noise_variance_,
            self._hyper(),
            self._minibatch_size(),
            self.status_ != PRUNED,
        )

    @property
    def sparsity_(self):
        """Fraction of all parameters that are pruned."""
        return float(np.mean(self.status_ == PRUNED))

    @property
    def sparsity_report_(self):
        """One dict per tensor: name, shape, and how many entries are free, frozen, pruned."""
        return [
            {"tensor": tensor.name, "shape": tensor.shape}
            | {
                word: int(np.sum(self.status_[tensor.where] == code))
                for word, code in (("free", FREE), ("frozen", FROZEN), ("pruned", PRUNED))
            }
            for tensor in self._layout.tensors
        ]
