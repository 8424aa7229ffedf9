"""What an estimator says of its uncertainty, from the draws of its network."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from numbers import Real
from typing import Literal, NamedTuple, Self, overload

import numpy as np
from sklearn.utils import check_random_state, indexable
from sklearn.utils.validation import check_is_fitted

from sksgdprune._data import validation as check
from sksgdprune._estimator.fitted import network_of
from sksgdprune._training.trainer import Hold
from sksgdprune._utils.threads import blas_threads
from sksgdprune._utils.typing import Array, ArrayLike, MatrixLike, Seed

# Held-out rows and draws that a training calibrates by: more cost time and change little.
MOST_ROWS, MOST_DRAWS = 1000, 25
LEAST_ROWS = 20  # or half of them: fewer do not tell what noise there is


class DrawsMixin:
    """Draws, and their calibration on rows that the training has not seen."""

    @property
    def draws_(self) -> Array:
        """Iterates of the tail of the training, (n_draws, n_parameters), the latest last.

        Masks hold: a pruned parameter is 0 in each, a frozen one what it was frozen at. In
        `partial_fit` they come one by one, up to `n_draws`; then the oldest goes.
        """
        network = network_of(self, "draws_")
        vectors = list(network.dense_draws())
        return np.array(vectors, network.dtype).reshape(-1, network.layout.n_parameters)

    @property
    def temperature_(self) -> float:
        """A float that multiplies the covariance of the draws' outputs; 1 before calibration."""
        calibration = network_of(self, "temperature_").calibration
        return 1.0 if calibration is None else calibration.temperature

    def calibrate(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Set the draws' temperature, and a regressor's noise, by rows it was not trained on.

        `fit` does so by itself, on rows that it holds out for its first half; this is for what
        came later: `prune`, `freeze`, `partial_fit`, other data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`.

        Returns
        -------
        self : object
            The estimator, changed.

        Raises
        ------
        ValueError
            Where there are no draws, and after a training that diverged. The estimator stays as it
            was.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor((20,), n_draws=20, max_steps=500, random_state=0)
        >>> reg = reg.fit(X[:350], y[:350])
        >>> reg = reg.prune(0.5).partial_fit(X[:350], y[:350], n_steps=200)
        >>> noise_std = reg.calibrate(X[350:], y[350:]).noise_std_
        >>> bool(40 < noise_std[0] < 80)
        True
        """
        network = self._drawn_network()
        if network.diverged:
            raise ValueError("The last training diverged: there is nothing to calibrate.")
        data = self._read(*indexable(X, y), sample_weight, network)
        self._network = network.calibrated(data)
        return self

    def _drawn_network(self):
        """Return the network, if it has draws."""
        check_is_fitted(self)
        network = self._network
        if not network.draws:
            raise ValueError(
                f"There are no draws (n_draws={self.n_draws!r}): set n_draws, say to 100, and fit "
                "again. partial_fit draws once in a pass over the data; assigning theta_ or coefs_ "
                "lets them go."
            )
        return network

    def _check_draws(self):
        """Refuse what leaves no tail to draw from."""
        if self.n_draws and self.early_stopping:
            raise ValueError(
                f"Got n_draws={self.n_draws} with early_stopping=True, which goes back to the "
                "parameters of one epoch; draws are of a training that comes to rest. Set one of "
                "the two to its default."
            )

    def _hold(self, data, n_steps):
        """Return which rows come up in the second half of a training only, or None.

        It is these rows by which the draws of the first half are judged. They hang on the rows'
        content and on the estimator's generator, so that the parts of one training hold the same,
        and of equal rows all or none. A network that is calibrated has seen its rows: none.
        """
        if not self.n_draws or self._network.calibration is not None:
            return None
        numbers = data.distinct()
        groups = np.unique(numbers[numbers >= 0])
        n_held = math.ceil(self.validation_fraction * groups.size)
        n_held = min(max(n_held, min(LEAST_ROWS, groups.size // 2)), groups.size - 1, MOST_ROWS)
        if n_held < 1 or n_steps < 2:
            return None
        chosen = deepcopy(self._rng).permutation(groups)[:n_held]
        return Hold(np.flatnonzero(np.isin(numbers, chosen)), n_steps // 2)

    def _calibrate_by(self, outcome, data, hold, held_out=None):
        """Calibrate by rows that a training has not seen, or not until its half."""
        if hold is not None:
            if outcome.before is not None:
                n_draws = len(outcome.before.draws) // 2
                self._calibrate(outcome.before, data.take(hold.rows), n_draws)
        elif held_out is not None:
            self._calibrate(self._network, held_out.some(MOST_ROWS))

    def _calibrate(self, network, data, n_draws=MOST_DRAWS):
        """Take what the last of a network's draws, so many at most, show on some data."""
        if self.n_draws and network.draws and not network.diverged:
            with blas_threads():
                network = network.calibrated(data, max(min(n_draws, MOST_DRAWS), 1))
            self._network = replace(self._network, calibration=network.calibration)


class RegressionDrawsMixin:
    """Predictive distributions of a regressor: about each draw its noise, or counts."""

    @property
    def noise_std_(self) -> Array | None:
        """Standard deviation of the targets about a draw, in their unit, (n_outputs,).

        Of rows that were held out: the root of the mean square, for the noise grows with the
        prediction where these rows clearly say so. It is normal, or where they clearly have heavier
        tails Student's t of 8 degrees of freedom. None without draws, and under the Poisson loss,
        where the variance of a count is its rate.
        """
        calibration = network_of(self, "noise_std_").calibration
        return None if calibration is None else calibration.noise_std

    @overload
    def predict(self, X: MatrixLike, return_std: Literal[False] = ...) -> Array: ...
    @overload
    def predict(self, X: MatrixLike, return_std: Literal[True]) -> tuple[Array, Array]: ...
    @overload
    def predict(self, X: MatrixLike, return_std: bool) -> Array | tuple[Array, Array]: ...
    def predict(self, X: MatrixLike, return_std: bool = False) -> Array | tuple[Array, Array]:
        """Return the prediction for each row: with draws, the mean of theirs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        return_std : bool, default=False
            Whether to return the standard deviation, too; that needs draws.

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the targets' unit; NaN after a training that diverged.
        std : ndarray of the same shape
            Only with `return_std`: that of a new observation, noise included.

        Raises
        ------
        ValueError
            With `return_std` where there are no draws.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor((20,), n_draws=20, max_steps=500, random_state=0)
        >>> reg = reg.fit(X[:350], y[:350])
        >>> mean, std = reg.predict(X[350:], return_std=True)
        >>> mean.shape, std.shape
        ((92,), (92,))
        """
        if not return_std:
            return super().predict(X)
        parts = [(m.mean(), m.std()) for m in self._mixtures(X)]
        return tuple(map(self._stacked, zip(*parts, strict=True)))

    def predict_interval(self, X: MatrixLike, coverage: float = 0.9) -> Array:
        """Return intervals that hold a new observation with a probability of `coverage`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        coverage : float in (0, 1), default=0.9
            The same part of the predictive distribution is left out at both ends.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends in the targets' unit; with several outputs an interval for each.

        Raises
        ------
        ValueError
            On another `coverage`, and where there are no draws.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor((20,), n_draws=20, max_steps=500, random_state=0)
        >>> reg = reg.fit(X[:350], y[:350])
        >>> low, high = reg.predict_interval(X[350:], coverage=0.8).T
        >>> bool(0.6 < ((low <= y[350:]) & (y[350:] <= high)).mean() < 0.95)
        True
        """
        if not isinstance(coverage, Real) or not 0 < coverage < 1:
            raise ValueError(f"Got coverage={coverage!r}; it must be a number between 0 and 1.")
        ends = (1 - coverage) / 2, (1 + coverage) / 2
        parts = [tuple(m.quantile(q) for q in ends) for m in self._mixtures(X)]
        return np.stack([self._stacked(end) for end in zip(*parts, strict=True)], axis=-1)

    def sample_y(self, X: MatrixLike, n_samples: int = 1, random_state: Seed = None) -> Array:
        """Return samples of new observations; a sample is of one draw for all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
            Inputs.
        n_samples : int, default=1
            How many for each row.
        random_state : int, RandomState or None, default=None
            Chooses draws and noise.

        Returns
        -------
        ndarray of shape (n_samples_X, n_samples) or (n_samples_X, n_outputs, n_samples)
            In the targets' unit, noise included; counts under the Poisson loss.

        Raises
        ------
        ValueError
            If n_samples < 1, and where there are no draws.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor((20,), n_draws=20, max_steps=500, random_state=0)
        >>> reg = reg.fit(X[:350], y[:350])
        >>> reg.sample_y(X[350:], n_samples=5, random_state=0).shape
        (92, 5)
        """
        if not check.is_whole(n_samples) or n_samples < 1:
            raise ValueError(f"Got n_samples={n_samples!r}; it must be a whole number from 1 on.")
        rng = check_random_state(random_state)
        chosen = rng.randint(len(self._drawn_network().draws), size=n_samples)
        parts = [mixture.take(chosen) for mixture in self._mixtures(X)]
        whole = type(parts[0]).joined(parts)
        return self._stacked([np.moveaxis(whole.sample(rng), 0, -1)])

    def log_likelihood(self, X: MatrixLike, y: ArrayLike) -> Array:
        """Return the log-density of y given X, of all outputs of a row together.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Observations in the targets' unit.

        Returns
        -------
        ndarray of shape (n_samples,)
            In nats; under the Poisson loss the log-probability of a count.

        Raises
        ------
        ValueError
            Where there are no draws.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor((20,), n_draws=20, max_steps=500, random_state=0)
        >>> reg = reg.fit(X[:350], y[:350])
        >>> bool(-7 < reg.log_likelihood(X[350:], y[350:]).mean() < -5)
        True
        """
        network = self._drawn_network()
        y = network.targets.decode(self._read(*indexable(X, y), None, network).Y)
        first, parts = 0, []
        for mixture in self._mixtures(X):
            n = mixture[0].shape[1]
            parts.append(mixture.log_likelihood(y[first : first + n]))
            first += n
        return np.concatenate(parts)

    def _mixtures(self, X):
        """Yield the predictive distributions of all rows, some rows at a time."""
        network = self._drawn_network()
        if network.calibration is None and network.targets.has_noise:
            raise ValueError(
                "The noise about the draws is not known, as after partial_fit alone, or very few "
                "steps or rows: call calibrate(X, y) with rows that it was not trained on."
            )
        for _, Z in network.draw_outputs(check.rows(self, X)):
            yield network.targets.mixture(Z, network.calibration)

    def _stacked(self, blocks):
        """Return blocks of rows as one array, without the axis of a single output."""
        whole = np.concatenate(blocks)
        return whole[:, 0] if whole.shape[1] == 1 else whole


class Uncertainty(NamedTuple):
    """How uncertain predictions are, in nats: arrays (n_samples,), or (n_samples, n_labels).

    Parameters
    ----------
    entropy : ndarray
        Of the predicted probabilities: all uncertainty.
    mutual_information : ndarray
        Between label and parameters: what more training data could take away (Houlsby et al. 2011).
    """

    entropy: Array
    mutual_information: Array


class ClassificationDrawsMixin:
    """How far a classifier's draws agree."""

    def predict_uncertainty(self, X: MatrixLike) -> Uncertainty:
        """Return the entropy of each prediction, and the part of it in which the draws differ.

        High entropy is a reason to reject a prediction, high mutual information one to label the
        row (active learning).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        Uncertainty
            `entropy` and `mutual_information` in nats, of shape (n_samples,); of multilabel targets
            (n_samples, n_labels).

        Raises
        ------
        ValueError
            Where there are no draws.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), n_draws=20, max_steps=200, random_state=0)
        >>> entropy, mutual_information = clf.fit(X, y).predict_uncertainty(X)
        >>> bool(entropy[:50].mean() < entropy[50:].mean())  # the first kind is known best
        True
        """
        network, parts = self._drawn_network(), []
        for _, Z in network.draw_outputs(check.rows(self, X)):
            entropy, within = network.targets.mixture(Z).entropies()
            parts.append((entropy, np.maximum(entropy - within, 0)))
        return Uncertainty(*map(np.concatenate, zip(*parts, strict=True)))
