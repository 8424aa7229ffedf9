"""What the estimators share: from data to trained parameters, and predictions from them."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from sksgdprune._data import validation as check
from sksgdprune._data.sampling import Data, Population, Sampler
from sksgdprune._data.standardization import Seen
from sksgdprune._estimator.fitted import FittedNetworkMixin
from sksgdprune._export.serialization import PlainStateMixin
from sksgdprune._export.to_sklearn import ExportMixin
from sksgdprune._kernels.types import (
    ACTIVATIONS,
    FREE,
    NOISE_ESTIMATORS,
    PRECONDITIONERS,
    State,
)
from sksgdprune._network import layout as _layout
from sksgdprune._network.network import FittedNetwork
from sksgdprune._network.parameters import Parameters
from sksgdprune._pruning.cut import CuttingMixin
from sksgdprune._training import monitors as _stopping
from sksgdprune._training import trainer as _training
from sksgdprune._training.validation import HeldOutMixin
from sksgdprune._uncertainty.posterior import DrawsMixin
from sksgdprune._utils import callbacks as _callbacks
from sksgdprune._utils.sklearn_private import Interval, Options, StrOptions, fit_context
from sksgdprune._utils.typing import Array, ArrayLike, MatrixLike
from sksgdprune._utils.warnings import warn

# What is meant by parameters of which scikit-learn's MLP has others of the same name.
RATE = "the constant rate itself (learning_rate_init in scikit-learn's MLP)"
ROWS = "the rows of a minibatch ('auto' is min(200, n_samples) in scikit-learn's MLP)"

# What to do about a training that diverged.
REMEDY = "standardise X, or try a smaller learning_rate or a larger damping"


class BasePreconditionedMLP(
    CuttingMixin,
    DrawsMixin,
    ExportMixin,
    FittedNetworkMixin,
    HeldOutMixin,
    _callbacks.CallbackSupportMixin,
    PlainStateMixin,
    BaseEstimator,
):
    """Common part of classifier and regressor; they choose the kind of the targets."""

    # Set by scikit-learn's validation, and by each training.
    n_features_in_: int
    feature_names_in_: Array
    t_: int
    n_iter_: int
    loss_: float
    loss_curve_: list[float]
    best_loss_: float
    validation_scores_: list[float] | None
    validation_loss_curve_: list[float] | None
    best_validation_score_: float | None

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
        "alpha": [check.NON_NEGATIVE, StrOptions({"auto"})],
        "average": ["boolean", check.COUNT],
        "n_draws": [check.Count(0)],
        "standardize": ["boolean"],
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

    def _kind(self, y, weights, classes=None):
        """Return the kind of these targets, for a fresh start."""
        raise NotImplementedError

    # Training

    @_callbacks.with_callbacks
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

        Starts anew, or goes on with θ, C, t and the masks where `warm_start` is set. Ctrl-C ends
        the training, with a warning, and keeps the parameters so far; before the first steps are
        done, and under joblib (in a search, in cross-validation), it is passed on.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs; float32 is kept, all else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or real targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights: 2 means the row twice, 0 its absence. None means 1 each.
        X_val, y_val : array-like, default=None
            Held-out data, scored after each epoch: with `early_stopping` in place of a part of
            X, y; without it for `validation_scores_` and `validation_loss_curve_` alone.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X or y holds NaN or infinity, a parameter is out of range. The estimator stays as it
            was.

        Warns
        -----
        ConvergenceWarning
            Where the loss clearly falls still after max_steps, where the fit is no better on its
            own data than a constant, and where the training diverges. `theta_` then keeps the
            last finite parameters, but what is predicted is NaN (`predict` of labels raises) until
            a training goes well or `theta_` is set; under early stopping the parameters of the
            best score predict.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), max_steps=200, random_state=0)
        >>> clf.fit(X, y).score(X, y) > 0.8
        True
        >>> clf.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2]).best_validation_score_ > 0.8
        True
        """
        self._check_draws()
        goes_on = self.warm_start and self.__sklearn_is_fitted__()
        with check.unchanged_on_error(self):
            if goes_on:
                data = self._resume(X, y, sample_weight)
            else:
                data = self._start(X, y, sample_weight)
                if self._seen is not None:
                    self._seen = self._seen._replace(settled=True)
            data, held_out = self._hold_out(data, X_val, y_val)
            validation = self._validation(data, held_out)
            n_steps = self._budget(data)
            epochs = self._report_epochs(data, n_steps, (X, y, sample_weight))
            watches = [*validation, *self._plateau(), *epochs]
            course = _training.Course(n_steps, tail=n_steps // 2)
            hold = self._hold(data, n_steps) if held_out is None else None
            outcome = self._advance(data, n_steps, watches, course, hold)
            for watch in validation:
                self._keep_validation(watch, outcome)
            self._calibrate_by(outcome, data, hold, held_out)
            self._tell_divergence(outcome)
        for report in epochs:
            report.end(None if self._network.diverged else {"_network": self._network})
        self._tell(outcome)
        self._judge(data, outcome, n_steps)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def _partial_fit(self, X, y, n_steps, sample_weight, classes=None):
        self._check_partial()
        check.step_count(n_steps)
        data = self._start_or_read(X, y, sample_weight, classes)
        self._tell(self._train_on(data, n_steps, _training.ALONE))
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def _train(self, X, y, n_steps, sample_weight=None, course=_training.ALONE):
        """Take exactly `n_steps` steps; return the Outcome."""
        data = self._start_or_read(X, y, sample_weight)
        hold = self._hold(data, n_steps)  # of the longer training that this begins
        return self._train_on(data, n_steps, course, hold and hold.during(n_steps))

    def _start_or_read(self, X, y, sample_weight, classes=None):
        """Return samples as Data, for a fresh start where there is no network yet."""
        if self.__sklearn_is_fitted__():
            return self._read_more(X, y, sample_weight)
        return self._start(X, y, sample_weight, classes)

    def _train_on(self, data, n_steps, course, hold=None):
        """Do as `_train` does with Data that were read for this network."""
        outcome = self._advance(data, n_steps, course=course, hold=hold)
        self._calibrate_by(outcome, data, hold)
        self._tell_divergence(outcome)
        return outcome

    def _start(self, X, y, sample_weight, classes=None):
        """Draw a fresh start: θ, C and the sampler's seeds, in this order; return the Data."""
        X, y, weights = check.training_data(self, X, y, sample_weight, reset=True)
        targets = self._kind(y, weights, classes)
        sizes = (X.shape[1], *check.hidden_sizes(self.hidden_layer_sizes), targets.n_outputs)
        layout, rng = _layout.Layout(sizes), check_random_state(self.random_state)
        state = State(
            theta=_layout.initial_parameters(layout, self.activation, rng, X.dtype),
            noise_variance=_layout.initial_noise_variance(layout, rng, X.dtype),
        )
        parameters = Parameters(state, np.full(layout.n_parameters, FREE))
        first = self.t0 + (self.average if check.is_whole(self.average) else 0)
        network = FittedNetwork(
            layout, self.activation, targets, parameters, layout.n_parameters, first
        )
        self._seen = self._look(X, y, weights, targets)
        self._network = network.in_units(self._seen).started(self._seen)
        self._rng, self._sampler = rng, Sampler(rng)
        self.t_, self.loss_curve_ = self.t0, []
        self.validation_scores_ = self.validation_loss_curve_ = self.best_validation_score_ = None
        return self._encode(X, y, weights, self._network)

    def _look(self, X, y, weights, targets):
        """Return what the rows show of the units of X and y, or None where they stay as is."""
        if not self.standardize:
            return None
        if weights is not None:
            weights = weights * (Population(len(y), weights).size / weights.sum())
        return Seen.first(check.kernel_array(X), targets.columns(y), weights)

    def _read_more(self, X, y, sample_weight):
        """Return further samples as Data; until enough rows were seen, they settle the units."""
        checked = check.training_data(self, X, y, sample_weight, reset=False)
        if self.standardize and self._seen is not None:
            seen = self._seen.joined(self._look(*checked, self._network.targets))
            if not self._seen.settled:
                self._network = self._network.in_units(seen)
            self._seen = seen
        return self._encode(*checked, self._network)

    def _resume(self, X, y, sample_weight):
        """Return the Data for a warm start."""
        X, y, weights = check.training_data(self, X, y, sample_weight, reset=False)
        self._network.targets.check_warm_start(y)
        return self._encode(X, y, weights, self._network)

    def _read(self, X, y, sample_weight, network):
        """Return samples as Data for a network that has been started."""
        checked = check.training_data(self, X, y, sample_weight, reset=False)
        return self._encode(*checked, network)

    def _encode(self, X, y, weights, network):
        """Return checked samples as Data for a network."""
        Y = network.targets.encode(y)
        weights = self._weigh(y, weights, network.targets)
        X, Y = (check.kernel_array(array, network.dtype) for array in (X, Y))
        return Data(X, Y, weights, network.units)

    def _weigh(self, y, weights, targets):
        """Return the rows' weights, or None where all are 1."""
        return weights

    def _check_partial(self):
        """Refuse parameters that need all data."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it does not see all data; set "
                "it to False."
            )

    def _budget(self, data):
        """Return how many steps `fit` takes at most."""
        if self.max_steps == "auto":
            return _training.auto_steps(self, data.size)
        return self.max_steps

    def _plateau(self):
        """Return the watch that ends a training whose loss no longer falls, or none."""
        patience = self.n_iter_no_change
        # Draws are spread over the second half of the steps, so that there is one.
        if self.early_stopping or self.n_draws or self.tol == 0 or patience == math.inf:
            return []
        return [_stopping.Plateau(patience, self.tol)]

    def _report_epochs(self, data, n_steps, samples):
        """Return what tells the callbacks of each epoch, if there are any."""
        if not _callbacks.are_set(self):
            return []

        def fitted(theta):
            return {"_network": self._network.with_theta(theta)}

        epoch = _training.epoch_steps(data, _training.settings(self, self._network, data.size))
        return [_callbacks.Epochs(self, samples, epoch, n_steps, fitted)]

    def _advance(self, data, n_steps=None, watches=(), course=_training.ALONE, hold=None):
        """Take `n_steps` minibatch steps, or an epoch of them; return the Outcome."""
        self._n_rows = data.size
        settings = self._settings(course)
        n_steps, sampler = n_steps or _training.epoch_steps(data, settings), deepcopy(self._sampler)
        start = self._network, settings, sampler, self.t_
        outcome = _training.train(data, *start, n_steps, watches, hold)
        self._network = replace(outcome.network, diverged=outcome.diverged)
        self._sampler = sampler
        self._record(outcome)
        return outcome

    def _rewind(self, network, t):
        """Go back to where the network was at t, but for what was cut since."""
        self._network, self.t_ = network.cut(self.status_, t), t

    def _settings(self, course=_training.ALONE):
        """Return the Settings for the data of the last training."""
        n_seen = None if self._seen is None else round(self._seen.X.count)
        return _training.settings(self, self._network, self._n_rows, n_seen, course)

    def _record(self, outcome):
        """Keep what the steps left: their number, and the mean loss of each epoch of them."""
        self.t_ += outcome.curve.n_steps
        self.n_iter_ = outcome.curve.n_steps
        self.loss_curve_ = self.loss_curve_ + outcome.curve.means()
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.inf
        self.best_loss_ = min(self.loss_curve_, default=math.inf)
        if self.verbose:
            print(f"[{type(self).__name__}] step {self.t_ - self.t0}, loss = {self.loss_:.6g}")

    def _tell_divergence(self, outcome):
        """Warn where a training diverged."""
        if not outcome.diverged:
            return
        left = "went back to the best parameters"
        if self._network.diverged:
            left = "predicts NaN, though theta_ keeps the last finite parameters"
        message = f"Training diverged after {outcome.curve.n_steps} steps and {left}; {REMEDY}."
        warn(message, ConvergenceWarning)

    def _judge(self, data, outcome, n_steps):
        """Warn of a fit that is no good, and of one that ended too early."""
        if outcome.diverged or outcome.interrupted or len(data.Y) < 2:
            return
        Z = self._network.output(data.X)
        metric, own, constant = self._network.targets.against_constant(Z, data.Y, data.weights)
        if not own > constant:
            warn(
                f"The fit is no better on its own training data ({metric} {own:.3g}) than a "
                f"constant prediction ({constant:.3g}). Try a smaller learning_rate, more "
                "max_steps, a smaller alpha, or standardize=True.",
                ConvergenceWarning,
            )
        elif outcome.curve.n_steps == n_steps and outcome.curve.falls():
            warn(
                f"Training ended after max_steps={self.max_steps!r} ({n_steps}) while its loss was "
                "still falling; raise max_steps.",
                ConvergenceWarning,
            )

    def _tell(self, outcome):
        """Warn where Ctrl-C cut a training short; a sweep ends there instead."""
        if outcome.interrupted:
            warn("Training interrupted by user.", UserWarning)

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
            one-dimensional where there is one output. NaN after a training that diverged.

        Raises
        ------
        ValueError
            If the last training diverged and there are labels to predict, which cannot be NaN.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), max_steps=200, random_state=0).fit(X, y)
        >>> clf.predict(X[[0, 140]])
        array([0, 2])
        """
        Z = self._linear_output(X)
        if self._network.diverged and is_classifier(self):
            raise ValueError(
                f"The last training diverged, so that no label is predicted; {REMEDY}."
            )
        return self._network.targets.decide(Z)

    def _linear_output(self, X):
        """Return the last layer's values for the rows of X; those of all draws, pooled."""
        check_is_fitted(self)
        return self._network.pooled_output(check.rows(self, X))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
