"""What the estimators share: from data to trained parameters, and predictions from them."""

import math
import warnings
from abc import abstractmethod
from copy import deepcopy
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sksgdprune import _callbacks, _network, _stopping, _training
from sksgdprune import _validation as check
from sksgdprune._cutting import CuttingMixin
from sksgdprune._fitted import FittedNetworkMixin
from sksgdprune._selection import FREE
from sksgdprune._storage import Parameters, Remaining


class Data(NamedTuple):
    """Checked samples as the kernels take them, and their weights, or None."""

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None

    def population(self, *, in_any_order=False):
        """Return the rows to draw from; optionally such that their order makes no difference."""
        order = _training.content_order(self.X, self.Y) if in_any_order else None
        return _training.Population(len(self.Y), self.weights, order)

    def take(self, rows):
        """Return the data of some rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Data(self.X[rows], self.Y[rows], weights)


class BasePreconditionedMLP(
    CuttingMixin, FittedNetworkMixin, _callbacks.CallbackSupportMixin, BaseEstimator
):
    """Common part of classifier and regressor; they add the form of the targets."""

    _parameter_constraints = check.MLP_CONSTRAINTS

    @abstractmethod
    def _encode(self, y, weights, fresh):
        """Return targets as an array (n_samples, n_outputs); `fresh`: learn their form first."""

    @abstractmethod
    def _decide(self, output):
        """Return predictions from the last layer's values."""

    @abstractmethod
    def _grade(self, output, Y, weights):
        """Return the score of the last layer's values, as `score` would."""

    def _strata(self, Y):
        """Return the label of each row for a stratified split, or None."""

    # Training

    @_callbacks.with_callbacks
    @check.fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None):
        """Train for `max_steps` minibatch steps, or until nothing improves.

        Starts anew, or goes on with θ, C, t and the masks where `warm_start` is set. Ctrl-C ends
        the training, with a warning, and keeps the parameters so far.

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
            If X or y holds NaN or infinity, a parameter is out of range or y has one class. The
            estimator stays as it was.
        """
        goes_on = self.warm_start and hasattr(self, "theta_")
        with check.unchanged_on_error(self):
            data = self._read(X, y, sample_weight, fresh=not goes_on)
            if goes_on:
                self._check_same_form(data.Y)
            else:
                self._start(data.X.dtype, data.X.shape[1], data.Y.shape[1])
            data, held_out = self._hold_out(data, X_val, y_val)
            watches = self._watches(data, held_out)
            epochs = self._report_epochs(data, (X, y, sample_weight))
            outcome = self._advance(data, self.max_steps, [*watches, *epochs])
            if held_out is not None:
                self._keep_validation(watches[0])
        for report in epochs:
            report.end(self.theta_)
        self._tell(outcome)
        return self

    @check.fit_context(prefer_skip_nested_validation=True)
    def _partial_fit(self, X, y, n_steps, sample_weight):
        self._check_partial()
        check.step_count(n_steps)
        self._tell(self._train(X, y, n_steps, sample_weight))
        return self

    @check.fit_context(prefer_skip_nested_validation=True)
    def _train(self, X, y, n_steps=None, sample_weight=None):
        """Take exactly `n_steps` steps, or an epoch of them; return the Outcome."""
        data = self._read(X, y, sample_weight, fresh=False)
        if not hasattr(self, "theta_"):
            self._start(data.X.dtype, data.X.shape[1], data.Y.shape[1])
        return self._advance(data, n_steps)

    def _read(self, X, y, sample_weight, *, fresh):
        """Check the data and give them the form that the kernels take."""
        known = hasattr(self, "theta_") and not fresh
        X, y, weights = check.training_data(self, X, y, sample_weight, reset=not known)
        Y = self._encode(y, weights, fresh)
        weights = self._weigh(y, weights)
        dtype = self.theta_.dtype if known else X.dtype
        return Data(check.kernel_array(X, dtype), check.kernel_array(Y, dtype), weights)

    def _weigh(self, y, weights):
        """Return the rows' weights, or None where all are 1."""
        return weights

    def _check_partial(self):
        """Refuse parameters that need all data."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it does not see all data; set "
                "it to False."
            )

    def _check_same_form(self, Y):
        """Refuse targets with which a warm start cannot go on."""

    def _hold_out(self, data, X_val, y_val):
        """Return the data to train on, and those to validate on or None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("Got only one of X_val and y_val; give both, or none.")
        if X_val is not None:
            held_out = self._read(X_val, y_val, None, fresh=False)
        elif self.early_stopping:
            train, test = train_test_split(
                np.arange(len(data.Y)),
                test_size=self.validation_fraction,
                stratify=self._strata(data.Y),
                random_state=self._rng,
            )
            data, held_out = data.take(train), data.take(test)
        else:
            return data, None
        if is_regressor(self) and len(held_out.Y) < 2:
            raise ValueError(
                "The validation set is too small: R² needs 2 samples, got 1. Increase "
                "validation_fraction or the size of the data."
            )
        return data, held_out

    def _watches(self, data, held_out):
        """Return what may end the training on `data`; the validation, if any, comes first."""
        epoch = self._epoch(data)
        patience, watches = self.n_iter_no_change, []
        if held_out is not None:
            grade = partial(self._grade_theta, held_out)
            waits = patience if self.early_stopping else math.inf
            watches.append(_stopping.Validation(grade, epoch, waits, self.tol))
        if not self.early_stopping and self.tol > 0 and patience < math.inf:
            watches.append(_stopping.Standstill(epoch, patience, self.tol))
        return watches

    def _report_epochs(self, data, samples):
        """Return what tells the callbacks of each epoch, if there are any."""
        if not _callbacks.are_set(self):
            return []

        def fitted(theta):
            parameters = self._parameters.dense()._replace(theta=theta)
            return {"_parameters": self._parameters.like(parameters)}

        return [_callbacks.Epochs(self, samples, self._epoch(data), self.max_steps, fitted)]

    def _grade_theta(self, held_out, theta):
        """Return θ's score and loss on held-out data; no number where they overflow."""
        coefs, intercepts = self._layout.weights(theta), self._layout.biases(theta)
        X, Y, weights = held_out
        loss = _training.mean_loss(X, Y, self._layout, theta, self._hyper(), weights)
        with np.errstate(over="ignore", invalid="ignore"):
            output = _network.predict(X, coefs, intercepts, self.activation, "identity")
            return float(self._grade(output, Y, weights)), loss

    def _keep_validation(self, validation):
        """Keep the scores, and under early stopping the θ of the best.

        The masks do not change during a training, so that θ obeys them.
        """
        self.validation_scores_ = (self.validation_scores_ or []) + validation.scores
        self.validation_loss_curve_ = (self.validation_loss_curve_ or []) + validation.losses
        self.best_validation_score_ = validation.best_score
        if self.early_stopping and validation.best_theta is not None:
            self._keep(theta=validation.best_theta)

    def _epoch(self, data):
        """Note how many samples there are; return the steps of an epoch."""
        self._n_samples = data.population().size
        return math.ceil(self._n_samples / self._minibatch_size())

    def _advance(self, data, n_steps=None, watches=()):
        """Take `n_steps` minibatch steps, or an epoch of them; return the Outcome."""
        epoch = self._epoch(data)
        sampler = deepcopy(self._sampler)
        sampler.sampling = self.sampling
        outcome = _training.train(
            data.X,
            data.Y,
            self._layout,
            check.kernel_array(self.theta_),
            check.kernel_array(self.noise_variance_),
            check.kernel_array(self.status_),
            self.t_,
            self._hyper(),
            sampler,
            n_steps or epoch,
            self._minibatch_size(),
            population=data.population(in_any_order=self.sampling == "replacement"),
            every=min((watch.every for watch in watches), default=None),
            # A list, so that each sees every epoch even where another ends the training.
            watch=lambda theta, losses: any([watch(theta, losses) for watch in watches]),
        )
        self._keep(theta=outcome.theta, noise_variance=outcome.noise_variance)
        self._sampler = sampler
        self._record(outcome, epoch)
        return outcome

    def _start(self, dtype, n_features, n_outputs):
        """Draw a fresh start: θ, C and the sampler's seeds, in this order."""
        sizes = (n_features, *check.hidden_sizes(self.hidden_layer_sizes), n_outputs)
        self._layout = layout = _network.Layout(sizes)
        self._rng = rng = check_random_state(self.random_state)
        self.n_layers_, self.n_outputs_ = len(sizes), sizes[-1]
        self._parameters = Parameters(
            _network.initial_parameters(layout, self.activation, rng, dtype),
            _network.initial_noise_variance(layout, rng, dtype),
            np.full(layout.n_parameters, FREE),
        )
        self._n_parameters = layout.n_parameters
        self._sampler = _training.Sampler(rng, self.sampling)
        self.t_, self.n_iter_, self.loss_curve_ = self.t0, 0, []
        self.validation_scores_ = self.validation_loss_curve_ = self.best_validation_score_ = None

    def _minibatch_size(self):
        """Return S; a permutation cannot give more than all samples."""
        size = self.batch_size
        if self.sampling == "shuffle":
            size = min(size, self._n_samples)
        if size < 2 and self.noise_estimator == "batch":
            raise ValueError(
                "noise_estimator='batch' needs at least 2 samples a minibatch, got "
                f"{size} (n_samples={self._n_samples}); use a larger batch_size or "
                "noise_estimator='probe'."
            )
        return int(size)

    def _hyper(self):
        return _training.hyper_parameters(
            self,
            self._n_parameters,
            self._n_samples,
            self._minibatch_size(),
            self._parameters.theta.dtype,
        )

    def _record(self, outcome, epoch):
        """Keep what the steps left: their number, and the mean loss of each epoch of them."""
        n_steps = len(outcome.losses)
        self.t_ += n_steps
        self.n_iter_ += n_steps
        self.loss_curve_ = self.loss_curve_ + _stopping.epoch_means(outcome.losses, epoch)
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.inf
        if self.verbose:
            print(f"[{type(self).__name__}] step {self.n_iter_}, loss = {self.loss_:.6g}")
        if outcome.diverged:
            warnings.warn(
                f"Training diverged after {n_steps} steps and ended with the last finite "
                "parameters; standardise X, or try a smaller learning_rate or a larger damping.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _tell(self, outcome):
        """Warn where Ctrl-C cut a training short; a sweep ends there instead."""
        if outcome.interrupted:
            warnings.warn("Training interrupted by user.", UserWarning, stacklevel=4)

    # Prediction

    def predict(self, X):
        """Return the prediction for each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The most probable class, the labels of probability above 1/2, or the targets,
            one-dimensional where there is one output.
        """
        return self._decide(self._output(X, "identity"))

    def _output(self, X, output):
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        if isinstance(self._parameters, Remaining) and self._parameters.are_few:
            X = check.kernel_array(X, self._parameters.theta.dtype)
            return _network.OUTPUTS[output](self._parameters.linear_output(X, self.activation))
        tensors = self._layout.views(self.theta_)
        return _network.predict(X, tensors[0::2], tensors[1::2], self.activation, output)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
