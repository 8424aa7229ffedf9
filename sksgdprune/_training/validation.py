"""What fit holds out, and what it says of θ after each epoch."""

import math
from functools import partial

import numpy as np
from sklearn.base import is_regressor
from sklearn.model_selection import train_test_split

from sksgdprune._training import evaluation as _evaluation
from sksgdprune._training import monitors as _stopping
from sksgdprune._training import trainer as _training


class HeldOutMixin:
    """Validation of an estimator's training: by given data, or by a part of its own."""

    def _hold_out(self, data, X_val, y_val):
        """Return the data to train on, and those to validate on or None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("Got only one of X_val and y_val; give both, or none.")
        if X_val is not None:
            held_out = self._read(X_val, y_val, None, self._network)
        elif self.early_stopping:
            train, test = train_test_split(
                np.arange(len(data.Y)),
                test_size=self.validation_fraction,
                stratify=self._network.targets.strata(data.Y),
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

    def _validation(self, data, held_out):
        """Return the watch that grades θ on held-out data, or none."""
        if held_out is None:
            return []
        settings = _training.settings(self, self._network, data.size)
        grade = partial(self._grade, held_out, settings.hyper)
        waits = self.n_iter_no_change if self.early_stopping else math.inf
        epoch = _training.epoch_steps(data, settings)
        return [_stopping.Validation(grade, epoch, waits, self.tol)]

    def _grade(self, held_out, hyper, theta):
        """Return θ's score and loss on held-out data; no number where they overflow."""
        network = self._network
        loss, Z = _evaluation.evaluate(held_out, network.layout, theta, hyper)
        with np.errstate(over="ignore", invalid="ignore"):
            return float(network.targets.grade(Z, held_out.Y, held_out.weights)), loss

    def _keep_validation(self, validation, outcome):
        """Keep the scores, and under early stopping the θ of the best.

        The masks do not change during a training, so that θ obeys them. The epoch in which a
        training diverged has NaN.
        """
        last = [math.nan] if outcome.diverged else []
        self.validation_scores_ = (self.validation_scores_ or []) + validation.scores + last
        self.validation_loss_curve_ = (self.validation_loss_curve_ or []) + validation.losses + last
        self.best_validation_score_ = validation.best_score
        if self.early_stopping and validation.best_theta is not None:
            self._network = self._network.with_theta(validation.best_theta)
