"""What a fitted estimator shows of its network, and the form in which that is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from sksgdprune._kernels.types import FREE, FROZEN, PRUNED, Units
from sksgdprune._network.compact import compact
from sksgdprune._network.layout import Layout
from sksgdprune._network.parameters import read_only
from sksgdprune._network.paths import live_units
from sksgdprune._training import trainer as _training
from sksgdprune._utils.typing import Array, ArrayLike, MatrixLike


class Tensors(tuple):
    """An array per layer, which can be replaced all together only."""

    __slots__ = ()

    def __setitem__(self, layer, value):
        raise TypeError(
            "coefs_ and intercepts_ take no single entries: assign one array per layer, as in "
            "clf.coefs_ = [W, *clf.coefs_[1:]]."
        )


def _fitted_vector(name, doc, possible, is_possible) -> Any:
    """Return a property for one of the fitted vectors of shape (n_parameters,)."""
    attribute = f"{name}_"

    def read(self):
        parameters = network_of(self, attribute).dense()
        vectors = parameters.state if name == "noise_variance" else parameters
        return read_only(getattr(vectors, name))

    def write(self, value):
        old, value = read(self), np.asarray(value)
        if value.shape != old.shape:
            raise ValueError(f"Got {attribute} of shape {value.shape}; it must be {old.shape}.")
        if value.dtype == bool:
            raise ValueError(f"Got truth values in {attribute}; possible are {possible}.")
        if not is_possible(value).all():
            wrong = value[~is_possible(value)][0]
            raise ValueError(f"Got {wrong} in {attribute}; possible are {possible}.")
        value, network = np.array(value, dtype=old.dtype), self._network
        if name == "status":
            self._network = network.cut(value, self.t_)
        else:
            state, _, average = network.dense()
            average = None if name == "theta" else average
            changed = network.with_state(state._replace(**{name: value}), average)
            if name == "theta":
                changed = replace(changed, draws=(), calibration=None)
            diverged = network.diverged and name != "theta"
            self._network = replace(changed, diverged=diverged)

    return property(read, write, doc=doc)


def _fitted_tensors(attribute, views, doc) -> Any:
    """Return a property for the weights or the biases; `views` takes them out of a vector."""

    def read(self):
        network = network_of(self, attribute)
        if network.is_sparsified and views is Layout.weights:
            return Tensors(network.parameters.coefs())
        return Tensors(views(network.layout, self.theta_))

    def write(self, arrays):
        layout, theta = network_of(self, attribute).layout, self.theta_.copy()
        parts = views(layout, theta)
        arrays = [a.toarray() if issparse(a) else np.asarray(a) for a in arrays]
        got, needed = [[a.shape for a in some] for some in (arrays, parts)]
        if got != needed:
            raise ValueError(f"Got {attribute} of shapes {got}; they must be {needed}.")
        for part, array in zip(parts, arrays, strict=True):
            part[:] = array
        self.theta_ = theta

    return property(read, write, doc=doc)


def network_of(estimator, attribute):
    """Return the fitted network; AttributeError before fit."""
    try:
        return vars(estimator)["_network"]
    except KeyError:
        message = f"{type(estimator).__name__} has no {attribute} before fit."
        raise AttributeError(message) from None


class ScoreMixin:
    """Stands before scikit-learn's mixin, whose score is for predictions that are numbers."""

    def score(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy or R² of the predictions; NaN after a training that diverged.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            The accuracy of a classifier, R² of a regressor.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), max_steps=200, random_state=0).fit(X, y)
        >>> 0.8 < clf.score(X, y) <= 1
        True
        """
        if self.__sklearn_is_fitted__() and self._network.diverged:
            return math.nan
        return super().score(X, y, sample_weight)


class FittedNetworkMixin:
    """Fitted attributes, sparsify, densify and compact of an estimator, from its `_network`."""

    def __sklearn_is_fitted__(self) -> bool:
        return "_network" in vars(self)

    def sparsify(self) -> Self:
        """Keep only the parameters that are not pruned, and predict from them alone.

        From 78 % of pruned parameters on, predictions run over the remaining connections, which
        is faster than the dense network. The pickle's size then follows the number of remaining
        parameters. `coefs_` become CSR arrays. Training, prune and freeze still work; they make
        the dense vectors for as long as they run, and a network that is less sparse keeps its
        dense weights in memory, not in files, once it has predicted.

        Returns
        -------
        self : object
            The estimator, changed.

        Examples
        --------
        >>> import pickle
        >>> from sklearn.datasets import load_digits
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_digits(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((300,), max_steps=100, random_state=0).fit(X, y)
        >>> n_bytes = len(pickle.dumps(clf.prune(0.95)))
        >>> len(pickle.dumps(clf.sparsify())) < 0.2 * n_bytes
        True
        >>> [W.nnz for W in clf.coefs_] == [(W != 0).sum() for W in clf.densify().coefs_]
        True
        """
        check_is_fitted(self)
        self._network = self._network.sparsified()
        return self

    def densify(self) -> Self:
        """Undo `sparsify`: keep whole vectors again, pruned parameters as zeros.

        Returns
        -------
        self : object
            The estimator, changed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), max_steps=200, random_state=0).fit(X, y)
        >>> type(clf.prune(0.9).sparsify().coefs_[0]).__name__
        'csr_array'
        >>> type(clf.densify().coefs_[0]).__name__
        'ndarray'
        """
        check_is_fitted(self)
        self._network = self._network.densified()
        return self

    def compact(self) -> Self:
        """Remove hidden units that no longer have an input or an output connection.

        A unit without inputs is constant; what it adds to the next layer goes into the biases
        there (a pruned bias that takes it becomes free). Predictions stay the same up to
        rounding. Fitted arrays get smaller, `hidden_layer_sizes` is left as it is, N in H stays
        that of the whole network, and `fit` starts from the full size again.

        Returns
        -------
        self : object
            The estimator, changed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), max_steps=200, random_state=0).fit(X, y)
        >>> [W.shape for W in clf.prune(0.8, structure="unit").compact().coefs_]
        [(4, 4), (4, 3)]
        """
        check_is_fitted(self)
        self._network = compact(self._network)
        return self

    theta_: Array = _fitted_vector(
        "theta",
        "All parameters, layer by layer weights, then biases; shape (n_parameters,).",
        "finite numbers",
        np.isfinite,
    )
    noise_variance_: Array = _fitted_vector(
        "noise_variance",
        "C of each parameter, shape (n_parameters,).",
        "finite numbers from 0",
        lambda C: np.isfinite(C) & (C >= 0),
    )
    status_: NDArray[np.uint8] = _fitted_vector(
        "status",
        "Of each parameter: 0 free, 1 frozen, 2 pruned; uint8 of shape (n_parameters,).",
        "0 (free), 1 (frozen) and 2 (pruned)",
        lambda status: np.isin(status, (FREE, FROZEN, PRUNED)),
    )

    @property
    def n_layers_(self) -> int:
        """Number of layers, input and output included."""
        return len(network_of(self, "n_layers_").layout.sizes)

    @property
    def n_outputs_(self) -> int:
        """Number of output units."""
        return network_of(self, "n_outputs_").layout.sizes[-1]

    @property
    def out_activation_(self) -> str:
        """Name of the output activation."""
        return network_of(self, "out_activation_").targets.out_activation

    coefs_: Sequence[Any] = _fitted_tensors(
        "coefs_",
        Layout.weights,
        "Weight matrices (fan_in, fan_out): read-only views of `theta_`, or CSR if sparsified.",
    )
    intercepts_: Sequence[Array] = _fitted_tensors(
        "intercepts_", Layout.biases, "Bias vectors (fan_out,): read-only views of `theta_`."
    )

    @property
    def coef_(self) -> Any:
        """The input layer's weights (n_units, n_features), as linear models lay them out."""
        return self.coefs_[0].T

    @property
    def features_used_(self) -> NDArray[np.bool_]:
        """Whether remaining connections lead from a feature to an output; (n_features,)."""
        network = network_of(self, "features_used_")
        return live_units(network.layout.weights(network.dense().status != PRUNED))[0]

    @property
    def X_mean_(self) -> Array:
        """Mean of each feature, or 0, taken from the inputs; shape (n_features,)."""
        return self._units_of_X("X_mean_").mean

    @property
    def X_scale_(self) -> Array:
        """Standard deviation of each feature, or 1, a divisor of inputs; shape (n_features,)."""
        return self._units_of_X("X_scale_").scale

    def _units_of_X(self, attribute):
        network = network_of(self, attribute)
        n = network.layout.sizes[0]
        return network.units if network.units.mean.size else Units(np.zeros(n), np.ones(n))

    @property
    def preconditioner_(self) -> Array:
        """H of each parameter, shape (n_parameters,), as `preconditioner` defines it."""
        state, status, _ = network_of(self, "preconditioner_").dense()
        settings = self._settings()
        return _training.preconditioner(
            state.noise_variance, settings.hyper, settings.batch_size, status != PRUNED
        )

    @property
    def sparsity_(self) -> float:
        """Fraction of all parameters that are pruned."""
        return float(np.mean(self.status_ == PRUNED))

    @property
    def sparsity_report_(self) -> list[dict[str, Any]]:
        """One dict per tensor: name, shape, and how many entries are free, frozen, pruned.

        The list prints as a table, with a row for all tensors and what remains of each.
        """
        return network_of(self, "sparsity_report_").report()
