"""The base class of all kinds of targets: loss, output link and likelihood of a y together."""

import numpy as np

from sksgdprune._kernels.losses import OBJECTIVES


class Target:
    """A kind of targets, chosen at a fresh start and kept with the network.

    A subclass names its losses and its output activation, encodes y as an array
    (n_samples, n_outputs), makes predictions and grades of the last layer's values Z, and says what
    the values of several posterior samples, (n_samples_of_posterior, n_rows, n_outputs), predict
    together. What stands here suits targets without a scale, such as classes.
    """

    # As users name them; each with the output activation is a key of the kernels' OBJECTIVES.
    losses: tuple[str, ...]
    out_activation: str
    name: str
    # Whether the loss is a log-likelihood divided by an unknown dispersion.
    has_dispersion = False
    # Whether observations scatter about a prediction by noise that calibration has to tell.
    has_noise = False

    @property
    def n_outputs(self):
        """Number of output units."""
        raise NotImplementedError

    def objective(self, loss):
        """Return the kernels' code of a loss; ValueError where it is not for these targets."""
        if loss not in self.losses:
            raise ValueError(
                f"Got loss={loss!r}; {self.name} need {' or '.join(map(repr, self.losses))}. fit "
                "starts anew with targets of another kind."
            )
        return OBJECTIVES[loss, self.out_activation]

    # y and its encoding

    def encode(self, y):
        """Return y as an array (n_samples, n_outputs), checked."""
        raise NotImplementedError

    def decode(self, Y):
        """Return encoded targets on the scale of y."""
        return Y

    def columns(self, y):
        """Return y as numbers, a column per output, where it has a scale; else None."""

    def standardized(self, moments, columns=slice(None)):
        """Return the same kind, some columns on a scale that suits targets of these moments."""
        return self

    def initial_bias(self, moments):
        """Return the output biases from which a network starts; None: as drawn."""

    def strata(self, Y):
        """Return the class of each row for a stratified split, or None."""

    def weigh(self, y, weights, class_weight, batch_size):
        """Return the rows' weights, those of their classes included; None where all are 1."""
        return weights

    def check_validation(self, Y):
        """Refuse encoded targets over which predictions cannot be graded."""

    def check_warm_start(self, y):
        """Refuse a y with which a warm start cannot go on."""

    # Predictions from the last layer's values

    def decide(self, Z):
        """Return the prediction of each row."""
        raise NotImplementedError

    def grade(self, Z, Y, weights):
        """Return the score of predictions: accuracy or R²."""
        raise NotImplementedError

    def constant(self, Y, weights):
        """Return the last-layer values of the best prediction that is the same for all rows."""
        raise NotImplementedError

    def against_constant(self, Z, Y, weights):
        """Return a metric's name, its value, and what a constant prediction has at most."""
        raise NotImplementedError

    # Predictions of several posterior samples together

    def mixture(self, Z, calibration=None):
        """Return the predictive distribution, one of `_targets.predictive`."""
        raise NotImplementedError

    def pooled(self, Z):
        """Return last-layer values that predict the samples' mean."""
        raise NotImplementedError

    def tempered(self, Z, temperature):
        """Return the samples' values with their covariance multiplied by the temperature."""
        if temperature == 1:
            return Z
        mean = Z.mean(axis=0)
        return mean + np.sqrt(temperature) * (Z - mean)

    def noise(self, Z, Y, weights):
        """Return what a Calibration holds of the noise about the samples' outputs, as a dict."""
        return {}
