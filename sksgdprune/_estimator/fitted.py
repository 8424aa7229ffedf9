"""Fitted attributes: read-only views of the state, of which some can be assigned as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sksgdprune._data.encoding import by_feature, kind_of, sources
from sksgdprune._kernels.types import FREE, FROZEN, PRUNED
from sksgdprune._network.layout import Layout
from sksgdprune._network.parameters import read_only
from sksgdprune._network.paths import live_units
from sksgdprune._network.report import SparsityReport
from sksgdprune._training.evaluation import preconditioner_of
from sksgdprune._utils.argument_types import Array


class Tensors(tuple):
    """An array per layer, which can be replaced all together only."""

    __slots__ = ()

    def __setitem__(self, layer, value):
        raise TypeError(
            "coefs_ and intercepts_ take no single entries: assign one array per layer, as in "
            "clf.coefs_ = [W, *clf.coefs_[1:]]."
        )


def _fitted_vector(name, doc, expected, is_expected) -> Any:
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
            raise ValueError(f"Got booleans in {attribute}; expected {expected}.")
        with np.errstate(over="ignore"):  # of what is too large for float32
            vector = np.array(value, dtype=old.dtype)
        sound = is_expected(value) & is_expected(vector)
        if not sound.all():
            raise ValueError(f"Got {value[~sound][0]} in {attribute}; expected {expected}.")
        network = _with_vector(self._state, name, vector)
        self._become(replace(self._state, network=network))

    return property(read, write, doc=doc)


def _with_vector(state, name, value):
    """Return the network of a state with another of its vectors."""
    network = state.network
    if name == "status":
        return network.cut(value, state.t)
    moved, _, average = network.dense()
    if name == "theta":  # by hand: neither average, samples nor divergence are about it
        changed = network.with_state(moved._replace(theta=value))
        return replace(changed, posterior_samples=(), calibration=None)
    changed = network.with_state(moved._replace(**{name: value}), average)
    return replace(changed, diverged=network.diverged)


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


def state_of(estimator, attribute):
    """Return the fitted state; AttributeError before fit."""
    try:
        return vars(estimator)["_state"]
    except KeyError:
        message = f"{type(estimator).__name__} has no {attribute} before fit."
        raise AttributeError(message) from None


def network_of(estimator, attribute):
    """Return the fitted network; AttributeError before fit."""
    return state_of(estimator, attribute).network


def _recorded(name, read, doc) -> Any:
    """Return a read-only property of a number or a list that the state records."""

    def recorded(self):
        return read(state_of(self, name))

    return property(recorded, doc=doc)


class FittedAttributes:
    """Fitted attributes of an estimator, read from its `_state`."""

    def __sklearn_is_fitted__(self) -> bool:
        return "_state" in vars(self)

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
        """The input layer's weights (n_units, n_features), as linear models lay them out.

        Where a feature has several inputs, the root of the sum of the squares of its weights.
        """
        encoding, W = network_of(self, "coef_").encoding, self.coefs_[0].T
        if not encoding.source.size:
            return W
        W = W.toarray() if issparse(W) else W
        return np.sqrt(by_feature(np.add, W.T**2, encoding)).T

    @property
    def features_used_(self) -> NDArray[np.bool_]:
        """Whether remaining connections lead from a feature to an output; (n_features,)."""
        network = network_of(self, "features_used_")
        used = live_units(network.layout.weights(network.dense().status != PRUNED))[0]
        return by_feature(np.logical_or, used, network.encoding)

    @property
    def encoding_(self) -> str | None:
        """How inputs are made of features: "standard", "piecewise", or None as they are."""
        return kind_of(network_of(self, "encoding_").encoding)

    @property
    def input_features_(self) -> Array:
        """The feature of each input, int64 of shape (n_inputs,)."""
        network = network_of(self, "input_features_")
        return read_only(sources(network.encoding, network.layout.sizes[0]))

    @property
    def input_ranges_(self) -> Array:
        """The ends of what each input shows of its feature, low and high; (n_inputs, 2)."""
        network = network_of(self, "input_ranges_")
        low, high = network.encoding.low, network.encoding.high
        if not low.size:
            high = np.full(network.layout.sizes[0], np.inf)
            low = -high
        return np.column_stack([low, high])

    @property
    def X_mean_(self) -> Array:
        """What is subtracted from each input; shape (n_inputs,)."""
        network = network_of(self, "X_mean_")
        mean = network.encoding.mean
        return read_only(mean) if mean.size else np.zeros(network.layout.sizes[0])

    @property
    def X_scale_(self) -> Array:
        """What each input is divided by then; shape (n_inputs,)."""
        network = network_of(self, "X_scale_")
        scale = network.encoding.scale
        return read_only(scale) if scale.size else np.ones(network.layout.sizes[0])

    @property
    def preconditioner_(self) -> Array:
        """H of each parameter, shape (n_parameters,), as `preconditioner` defines it."""
        state = state_of(self, "preconditioner_")
        return preconditioner_of(state.network, self._run_config(state))

    def _run_config(self, state):
        """Return the RunConfig of the rows of the last run."""
        return self._config().for_run(
            state.network, state.n_rows, state.n_seen, precision=state.precision
        )

    @property
    def alpha_(self) -> float:
        """The `alpha` that the last run ended with, "auto" and "evidence" as the number chosen.

        For targets with a noise of their own it has the factor φ, the running mean of the squared
        residuals or of the deviance of counts, as it was at the end.
        """
        state, config = state_of(self, "alpha_"), self._config()
        run, S = self._run_config(state), config.minibatch_size(state.n_seen)
        dispersion = state.network.dispersion if run.hyper.disperses else 1.0
        return float(run.hyper.alpha) / run.batch_size * S * dispersion

    @property
    def selection_results_(self) -> dict[str, Array] | None:
        """The comparison made by "auto", or None without one.

        It has an array for each key, with an entry for each trial: "encoding", "precision" of the
        prior (NaN where alpha is a number), "mean_loss" on held-out rows, infinite where a trial
        diverged, and "split0_loss", "split1_loss", … for each of their parts. With alpha="evidence"
        it only has "precision", the iterations to the chosen one.
        """
        selection = state_of(self, "selection_results_").selection
        if selection is None or not selection.precisions.size:
            return None
        found = {"precision": selection.precisions}
        if selection.encodings:
            found = {"encoding": np.array(selection.encodings, object)} | found
            found["mean_loss"] = selection.mean_losses
            found |= {f"split{i}_loss": losses for i, losses in enumerate(selection.losses.T)}
        return {name: read_only(array) for name, array in found.items()}

    @property
    def sparsity_(self) -> float:
        """Fraction of all parameters that are pruned."""
        return float(np.mean(self.status_ == PRUNED))

    @property
    def sparsity_report_(self) -> SparsityReport:
        """One dict per tensor: name, shape, and how many entries are free, frozen, pruned.

        The list prints as a table, with a last row for all tensors. Its `n_bytes` is the size of
        the weights and biases in the smallest form of the network: dense or after `sparsify`, as
        it is or after `compact`.
        """
        return network_of(self, "sparsity_report_").report()

    @property
    def draws_(self) -> Array:
        """Posterior samples, (n_draws, n_parameters), the latest last.

        They are iterates of the last part of the run. A pruned parameter is 0 in each, a frozen one
        has its frozen value. `partial_fit` adds one by one, up to `n_draws`; then each new sample
        replaces the oldest.
        """
        network = network_of(self, "draws_")
        vectors = list(network.dense_samples())
        return np.array(vectors, network.dtype).reshape(-1, network.layout.n_parameters)

    @property
    def temperature_(self) -> float:
        """Factor of the covariance of the posterior samples' outputs; 1 before calibration."""
        calibration = network_of(self, "temperature_").calibration
        return 1.0 if calibration is None else calibration.temperature

    t_: int = _recorded("t_", lambda state: state.t, "Step counter, t0 + all steps taken.")
    n_iter_: int = _recorded(
        "n_iter_", lambda state: state.history.n_steps, "Minibatch steps of the last run."
    )
    loss_: float = _recorded(
        "loss_",
        lambda state: state.history.loss,
        "Mean minibatch loss of the last epoch's worth of steps.",
    )
    loss_curve_: list[float] = _recorded(
        "loss_curve_",
        lambda state: [loss for part in state.history.losses for loss in part.tolist()],
        "The same for each epoch's worth of steps, in order.",
    )
    best_loss_: float = _recorded(
        "best_loss_",
        lambda state: min((float(part.min()) for part in state.history.losses), default=math.inf),
        "The smallest entry of `loss_curve_`.",
    )
    validation_scores_: list[float] | None = _recorded(
        "validation_scores_",
        lambda state: state.history.validation_scores,
        "Score on the validation rows after each epoch, or None without any.",
    )
    validation_loss_curve_: list[float] | None = _recorded(
        "validation_loss_curve_",
        lambda state: state.history.validation_losses,
        "The same for the loss, without the penalty.",
    )
    best_validation_score_: float | None = _recorded(
        "best_validation_score_",
        lambda state: state.history.best_validation_score,
        "The highest score of the last `fit`.",
    )
