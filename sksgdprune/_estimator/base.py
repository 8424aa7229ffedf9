"""The base class of the estimators: fit, partial_fit and predict on one explicit state."""

from __future__ import annotations

import math
from copy import copy, deepcopy
from dataclasses import fields, replace
from numbers import Integral, Real
from typing import ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state, indexable
from sklearn.utils.validation import check_is_fitted

from sksgdprune._data import validation as check
from sksgdprune._data.encoding import PIECEWISE, STANDARD
from sksgdprune._estimator.fitted import FittedAttributes
from sksgdprune._estimator.input import prediction_rows, training_rows
from sksgdprune._estimator.sparsity import SparsityMethods
from sksgdprune._export import serialization
from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._kernels.preconditioner import PRECONDITIONERS
from sksgdprune._kernels.types import NOISE_ESTIMATORS
from sksgdprune._pruning import plan as pruning
from sksgdprune._targets.base import Target
from sksgdprune._training import holdout, runs, selection
from sksgdprune._training.config import ALONE, AUTO, EVIDENCE, RULES, AutoDefaults, TrainingConfig
from sksgdprune._training.state import encode, read_more, settled, start
from sksgdprune._uncertainty.posterior import calibrated_network, pooled_output
from sksgdprune._utils import callbacks
from sksgdprune._utils.argument_types import Array, ArrayLike, MatrixLike
from sksgdprune._utils.random import restored_on_error
from sksgdprune._utils.sklearn_private import Interval, Options, StrOptions, fit_context
from sksgdprune._utils.warnings import warn

# The meaning of parameters whose names scikit-learn's MLP gives to others.
RATE = "the constant rate itself (learning_rate_init in scikit-learn's MLP)"
ROWS = "the rows of a minibatch ('auto' is min(200, n_samples) in scikit-learn's MLP)"

# Constructor parameters that say how to train; the others say where a fit starts.
OF_TRAINING = {field.name for field in fields(TrainingConfig)}


class BasePreconditionedMLP(
    FittedAttributes, SparsityMethods, callbacks.CallbackSupportMixin, BaseEstimator
):
    """Common part of classifier and regressor.

    What is fitted is `_state`, a TrainingState: each public method makes another one of it and
    assigns that at its end. Subclasses say what "auto" stands for and which targets y is.
    """

    _auto_defaults: ClassVar[AutoDefaults]
    _target_kinds: ClassVar[tuple[type[Target], ...]]

    # Set by `fit` and the first `partial_fit`.
    n_features_in_: int
    feature_names_in_: Array

    _parameter_constraints = {  # noqa: RUF012
        "hidden_layer_sizes": ["array-like", check.COUNT],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "preconditioner": [StrOptions(set(PRECONDITIONERS))],
        "noise_estimator": [StrOptions(set(NOISE_ESTIMATORS))],
        "learning_rate": [check.Explained(check.POSITIVE, RATE), StrOptions({"auto"})],
        "kappa": [check.NON_NEGATIVE],
        "t0": [check.COUNT],
        "posterior_size": [check.POSITIVE, StrOptions({"n_parameters", "n_samples"})],
        "damping": [check.NON_NEGATIVE, StrOptions({"auto"})],
        "alpha": [check.NON_NEGATIVE, StrOptions(set(RULES))],
        "average": ["boolean", check.COUNT],
        "n_draws": [check.Count(0)],
        "encoding": [StrOptions({AUTO, STANDARD, PIECEWISE}), None],
        "batch_size": [check.Explained(check.COUNT, ROWS)],
        "sampling": [StrOptions({"replacement", "shuffle"})],
        "max_steps": [check.COUNT, StrOptions({"auto"})],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [check.COUNT, Options(Real, {np.inf})],
        "tol": [check.NON_NEGATIVE],
        "warm_start": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def _targets(self, y, classes=None):
        """Return the Target of this y, for a fresh start."""
        raise NotImplementedError

    def _config(self):
        """Return the parameters as one TrainingConfig."""
        params = {name: value for name, value in vars(self).items() if name in OF_TRAINING}
        params["hidden_layer_sizes"] = check.hidden_sizes(self.hidden_layer_sizes)
        return TrainingConfig(auto=self._auto_defaults, **params)

    def _become(self, state, checked=None):
        """Take a state as the fitted one; after a fresh start the features `checked`, too."""
        if checked is not None:
            features = _features(checked)
            vars(self).pop("feature_names_in_", None)
            vars(self).update(features)
        self._state = state
        return self

    # Training

    @callbacks.with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train for `max_steps` minibatch steps, or until nothing improves.

        It starts a new network, or with `warm_start` continues from θ, C, t and the masks. Ctrl-C
        ends the run with a warning, and the parameters so far are kept. Before the first steps are
        done, and within joblib (in a search, in cross-validation), KeyboardInterrupt is raised.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs; float32 stays, other types become float64.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or real-valued targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights: 2 is the row twice, 0 is no row. None means 1 each.
        X_val, y_val : array-like, default=None
            Validation rows, scored after each epoch: with `early_stopping` in place of a part of
            X, y; without it for `validation_scores_` and `validation_loss_curve_` alone.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X or y has NaN or infinity, or a parameter is out of range. The estimator stays as it
            was.

        Warns
        -----
        ConvergenceWarning
            Where the loss still falls clearly after max_steps, where the fit is no better on its
            own data than a constant, and where the run diverges. After a divergence `theta_` keeps
            the last finite parameters, but predictions are NaN (`predict` of labels raises) until
            a run ends without one or `theta_` is set; with early stopping the parameters of the
            best score predict.
        UserWarning
            Where `sample_weight` is above 10 on average, and where the temperature of the posterior
            samples is the largest that is tried.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), max_steps=200, random_state=0)
        >>> clf.fit(X, y).score(X, y)
        0.9...
        >>> clf.fit(
        ...     X[::2], y[::2], X_val=X[1::2], y_val=y[1::2]
        ... ).best_validation_score_
        0.9...
        """
        config, goes_on = self._config(), self.warm_start and self.__sklearn_is_fitted__()
        config.check_fit()
        checked, rng = self._beginning(goes_on), self._generator(goes_on)
        epochs = self._epochs((X, y, sample_weight), checked)
        with restored_on_error(rng):
            rows = training_rows(checked, X, y, sample_weight, reset=not goes_on)
            if goes_on:
                self._state.network.targets.check_warm_start(rows.y)
                begun, data = self._state, encode(rows, self._state.network, config)
            else:
                other = self._piecewise(rows, config, rng)
                begun, data = self._start(rows, config, rng)
                begun = settled(begun)
            begun, data, held_out = self._held_out(begun, data, config, checked, X_val, y_val)
            if not goes_on:
                n_steps = config.fit_steps(data.size)
                begun = selection.chosen(begun, data, config, n_steps, held_out, other)
            run = runs.fit(begun, data, config, held_out, epochs)
        self._become(run.state, checked)
        if epochs is not None:
            epochs.end(run.state)
        self._print_loss()
        self._tell(run)
        problem = runs.verdict(run, data, self.max_steps)
        if problem is not None:
            warn(problem, ConvergenceWarning)
        return self

    def _epochs(self, samples, checked):
        """Return the monitor that reports epochs to the callbacks, or None where there are none."""
        if not callbacks.are_set(self):
            return None
        return callbacks.Epochs(
            self, samples, lambda state: {"_state": state, **_features(checked)}
        )

    def _beginning(self, goes_on):
        """Return whose features are checked: a fresh start sets them, on a copy until its end."""
        return self if goes_on else copy(self)

    def _generator(self, goes_on):
        """Return what a fresh start draws from, or None."""
        return None if goes_on else check_random_state(self.random_state)

    def _start(self, rows, config, rng, classes=None):
        """Return the state and Data of a fresh start, with a generator that nobody else holds."""
        begun, data = start(rows, self._targets(rows.y, classes), config, rng)
        if not isinstance(self.random_state, Integral):  # the user's, or NumPy's own
            begun = replace(begun, rng=deepcopy(rng))
        return begun, data

    def _piecewise(self, rows, config, rng):
        """Return a function that makes the same start with pieces, or None if not to be tried."""
        if config.encoding != AUTO:
            return None
        config, rng = replace(config, encoding=PIECEWISE), deepcopy(rng)
        return lambda: settled(self._start(rows, config, rng)[0])

    def _held_out(self, begun, data, config, checked, X_val, y_val):
        """Return the state, the Data to train on, and those to validate on or None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("Got only one of X_val and y_val; give both, or none.")
        if X_val is not None:
            held_out = encode(training_rows(checked, X_val, y_val), begun.network, config)
        elif config.early_stopping:
            begun, data, held_out = holdout.split(begun, data, config)
        else:
            return begun, data, None
        begun.network.targets.check_validation(held_out.Y)
        return begun, data, held_out

    @fit_context(prefer_skip_nested_validation=True)
    def _partial_fit(self, X, y, n_steps, sample_weight, classes=None):
        self._config().check_partial_fit()
        check.step_count(n_steps)
        self._tell(self._take_steps((X, y, sample_weight), n_steps, classes=classes))
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def _train(self, X, y, n_steps, sample_weight=None, *, horizon):
        """Take exactly `n_steps` steps, the beginning of a longer schedule."""
        self._take_steps((X, y, sample_weight), n_steps, horizon)
        return self

    def _take_steps(self, samples, n_steps, horizon=ALONE, classes=None):
        """Take exactly `n_steps` steps, or an epoch of them; return the Run."""
        config, goes_on = self._config(), self.__sklearn_is_fitted__()
        checked, rng = self._beginning(goes_on), self._generator(goes_on)
        with restored_on_error(rng):
            rows = training_rows(checked, *samples, reset=not goes_on)
            if goes_on:
                begun, data = read_more(self._state, rows, config)
            else:
                other = None if horizon is ALONE else self._piecewise(rows, config, rng)
                begun, data = self._start(rows, config, rng, classes)
                if horizon is not ALONE:
                    begun = selection.chosen(begun, data, config, horizon.n_steps, None, other)
            held_back = None
            if horizon is not ALONE:  # of the longer run that this begins
                held_back = holdout.calibration_rows(begun, data, n_steps, config)
                held_back = held_back and held_back.throughout(n_steps)
            run = runs.train(begun, data, config, n_steps, horizon, held_back)
            if config.alpha == EVIDENCE and horizon is ALONE:
                run = run._replace(state=selection.updated(run.state))
            if horizon is not ALONE:
                runs.uninterrupted(run)
        self._become(run.state, checked)
        self._print_loss()
        return run

    def _apply_plan(self, plan, X, y, sample_weight=None):
        """Cut and train as a PruningPlan says."""
        config, rows = self._config(), training_rows(self, X, y, sample_weight)
        begun, data = read_more(self._state, rows, config)
        self._become(pruning.apply(plan, begun, data, config))
        self._print_loss()
        return self

    def _judge_plan(self, plan, X, y, sample_weight=None):
        """Return what to warn of after a PruningPlan that was not to leave a constant, or None."""
        if plan.leaves_nothing:
            return None
        rows = training_rows(self, X, y, sample_weight)
        data = encode(rows, self._state.network, self._config())
        return runs.verdict_of_cut(self._state, data, plan.stages[-1].fraction)

    def _print_loss(self):
        if self.verbose and self._state.history.losses:
            step, loss = self.t_ - self.t0, self.loss_
            print(f"[{type(self).__name__}] step {step}, loss = {loss:.6g}")

    def _tell(self, run):
        """Warn where Ctrl-C cut a run short; a sweep ends there instead."""
        if run.outcome.interrupted:
            warn("Training interrupted by user.", UserWarning)

    def calibrate(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Calibrate the posterior samples, and a regressor's noise, on rows it was not trained on.

        `fit` calibrates them itself. Call this after `prune`, `freeze` or `partial_fit`, and for
        other data.

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
            Without posterior samples, and after a run that diverged. The estimator stays as it was.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor(
        ...     (20,), n_draws=20, max_steps=500, random_state=0
        ... )
        >>> reg = reg.fit(X[:350], y[:350])
        >>> reg = reg.prune(0.5).partial_fit(X[:350], y[:350], n_steps=200)
        >>> noise_std = reg.calibrate(X[350:], y[350:]).noise_std_
        >>> noise_std
        array([5...])
        """
        state = self._with_samples()
        if state.network.diverged:
            raise ValueError("The last run diverged: there is nothing to calibrate.")
        rows = training_rows(self, *indexable(X, y), sample_weight)
        data = encode(rows, state.network, self._config())
        return self._become(replace(state, network=calibrated_network(state.network, data)))

    def _with_samples(self):
        """Return the state, if its network has posterior samples."""
        check_is_fitted(self)
        if not self._state.network.posterior_samples:
            raise ValueError(
                f"There are no posterior samples (n_draws={self.n_draws!r}): set n_draws, say to "
                "100, and fit again. partial_fit keeps one per pass over the data; assigning "
                "theta_ or coefs_ drops them."
            )
        return self._state

    # Prediction

    def predict(self, X: MatrixLike) -> Array:
        """Return the prediction for each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The most probable class, the labels of probability above 1/2, or the targets,
            one-dimensional where there is one output. NaN after a run that diverged.

        Raises
        ------
        ValueError
            If the last run diverged and there are labels to predict, which cannot be NaN.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier(
        ...     (20,), max_steps=200, random_state=0
        ... ).fit(X, y)
        >>> clf.predict(X[[0, 140]])
        array([0, 2])
        """
        Z = self._linear_output(X)
        if self._state.network.diverged and is_classifier(self):
            raise ValueError(f"The last run diverged, so no label is predicted; {runs.REMEDY}.")
        return self._state.network.targets.decide(Z)

    def _linear_output(self, X):
        """Return the last layer's values for the rows of X; those of all samples, pooled."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # raises; asking alone takes as long as a small network
        return pooled_output(self._state.network, prediction_rows(self, X))

    def _score(self, score, X, y, sample_weight):
        """Return what scikit-learn's mixin scores; NaN after a run that diverged."""
        if self.__sklearn_is_fitted__() and self._state.network.diverged:
            return math.nan
        return score(X, y, sample_weight)

    # Files and scikit-learn's conventions

    def __getstate__(self):
        return serialization.plain_attributes(super().__getstate__())

    def __setstate__(self, state):
        super().__setstate__(serialization.restored_attributes(state, self._target_kinds))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _features(estimator):
    """Return what scikit-learn's validation sets: the number of features, and their names."""
    names = "n_features_in_", "feature_names_in_"
    return {name: vars(estimator)[name] for name in names if name in vars(estimator)}
