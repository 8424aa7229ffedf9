"""Targets of a regressor: real numbers, and counts."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import r2_score
from sklearn.utils.validation import column_or_1d

from sksgdprune._data.moments import Standardization
from sksgdprune._targets.base import Target
from sksgdprune._targets.links import OUTPUTS
from sksgdprune._targets.predictive import Counts, Noisy, count_dispersion, log_mean, residual_std

# Predictions are taken to lie within so many scales of the targets' mean.
FURTHEST = 1000


@dataclass(frozen=True)
class RealValued(Target):
    """Real targets, standardized.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_outputs,)
        Y = (y - mean) / scale.
    out_activation : {"identity", "relu"}
        The output's activation.
    """

    mean: np.ndarray
    scale: np.ndarray
    out_activation: str = "identity"
    losses = ("squared_error",)
    name = "real targets"
    has_dispersion = True
    has_noise = True

    @classmethod
    def of(cls, y, out_activation):
        """Return the kind of these targets as they are, with a mean of 0 and a scale of 1."""
        n_outputs = _columns(y).shape[1]
        return cls(np.zeros(n_outputs), np.ones(n_outputs), out_activation)

    def standardized(self, moments, columns=slice(None)):
        """Return the same kind, some columns on a scale that suits targets of these moments."""
        mean, scale = self.mean.copy(), self.scale.copy()
        found = self._standardization(moments)
        mean[columns], scale[columns] = found.mean[columns], found.scale[columns]
        return replace(self, mean=mean, scale=scale)

    def _standardization(self, moments):
        """Return the Standardization that suits targets of these moments."""
        _check_size(moments, moments.variance)
        found = moments.standardization()
        if self.out_activation == "relu":  # its zero is the targets' own
            return found._replace(mean=np.zeros_like(found.mean))
        return found

    @property
    def standardization(self):
        """Mean and scale."""
        return Standardization(self.mean, self.scale)

    def initial_bias(self, moments):
        """Return the output biases from which a network starts; None: as drawn.

        A ReLU starts at the targets' mean, or it might be closed for all samples, and for ever.
        """
        if self.out_activation == "relu":
            return moments.mean / self.scale
        return None

    @property
    def n_outputs(self):
        """Number of output units."""
        return len(self.mean)

    def columns(self, y):
        """Return y as numbers, a column per output."""
        return _columns(y)

    def encode(self, y):
        """Return (y - mean) / scale, (n_samples, n_outputs)."""
        y = _columns(y)
        if y.shape[1] != len(self.mean):
            raise ValueError(f"y has {y.shape[1]} outputs, but fit saw {len(self.mean)}.")
        return (y - self.mean) / self.scale

    def decode(self, Y):
        """Return encoded targets, or outputs, on the scale of y.

        In float64 where float32 cannot hold that.
        """
        limits, reach = np.finfo(Y.dtype), np.abs(self.mean) + FURTHEST * self.scale
        fits = (reach < limits.max).all() and (self.scale > limits.tiny).all()
        dtype = Y.dtype if fits else np.dtype(float)
        return Y * self.scale.astype(dtype) + self.mean.astype(dtype)

    def decide(self, Z):
        """Return predictions on the scale of y, one-dimensional where there is one output."""
        prediction = self.decode(OUTPUTS[self.out_activation](Z))
        return prediction.ravel() if prediction.shape[1] == 1 else prediction

    def mixture(self, Z, calibration):
        """Return what the posterior samples predict together, on the scale of y."""
        means = self._outputs(Z)
        noise_std = calibration.std_at((means.mean(axis=0) - self.mean) / self.scale)
        least = 0.0 if self.out_activation == "relu" else -np.inf
        return Noisy(means, noise_std, calibration.degrees, least)

    def tempered(self, Z, temperature):
        """Return the samples' values with their covariance multiplied by the temperature.

        Their mean prediction stays: a temperature is about how far they scatter.
        """
        if temperature == 1 or self.out_activation == "identity":
            return super().tempered(Z, temperature)
        outputs = OUTPUTS[self.out_activation](Z.copy())  # a ReLU's that is closed is 0, not less
        wide, before = super().tempered(outputs, temperature), outputs.mean(axis=0)
        after = self.pooled(wide)
        return wide * np.divide(before, after, out=np.ones_like(after), where=after > 0)

    def pooled(self, Z):
        """Return last-layer values that predict the samples' mean."""
        return OUTPUTS[self.out_activation](Z.copy()).mean(axis=0)

    def noise(self, Z, Y, weights):
        """Return what a Calibration holds of the noise about the samples' outputs, as a dict."""
        return {"noise_std": residual_std(self._outputs(Z), self.decode(Y), weights)}

    def _outputs(self, Z):
        return self.decode(OUTPUTS[self.out_activation](Z.astype(np.float64)))

    def grade(self, Z, Y, weights):
        """Return R², or NaN where the prediction is not finite."""
        prediction = OUTPUTS[self.out_activation](Z)
        if not np.isfinite(prediction).all():
            return np.nan
        return r2_score(Y, prediction, sample_weight=weights)

    def check_validation(self, Y):
        """Refuse a single row, of which there is no R²."""
        if len(Y) < 2:
            raise ValueError(
                "The validation set is too small: R² needs 2 samples, got 1. Increase "
                "validation_fraction or the size of the data."
            )

    def constant(self, Y, weights):
        """Return the targets' mean."""
        return np.average(Y, axis=0, weights=weights)

    def against_constant(self, Z, Y, weights):
        """Return a metric's name, its value, and what a constant prediction has at most."""
        best = 0.0 if np.ptp(Y, axis=0).any() else -np.inf  # the best there is for constant targets
        return "R²", self.grade(Z, Y, weights), best


class Count(RealValued):
    """Counts and other y >= 0, divided by their mean or as they are; the output is exponential."""

    losses = ("poisson",)
    name = "counts"
    has_noise = False

    @classmethod
    def of(cls, y, out_activation):
        """Return the kind of these targets."""
        if out_activation != "identity":
            raise ValueError(
                f"Got output_activation={out_activation!r} with loss='poisson', whose output is "
                "exponential; leave it at 'identity'."
            )
        return super().of(y, "exp")

    def _standardization(self, moments):
        """Return a scale that is the targets' mean: the rate starts near it."""
        _check_size(moments, moments.mean)
        scale = np.where(moments.mean > 0, moments.mean, 1.0)
        return Standardization(np.zeros_like(scale), scale)

    def constant(self, Y, weights):
        """Return the logarithm of the counts' mean; that of half a count where there is none."""
        mean = np.average(Y, axis=0, weights=weights)
        return np.log(np.maximum(mean, 0.5 / len(Y)))

    def mixture(self, Z, calibration=None):
        """Return what the posterior samples predict together: counts by the samples' rates."""
        return Counts(self._outputs(Z), 1.0 if calibration is None else calibration.dispersion)

    def tempered(self, Z, temperature):
        """Return the samples' values with their covariance multiplied by the temperature.

        Their mean prediction stays.
        """
        wide = Target.tempered(self, Z, temperature)
        return wide if wide is Z else wide - (log_mean(wide) - log_mean(Z))

    def pooled(self, Z):
        """Return last-layer values whose exponential is the samples' mean."""
        return log_mean(Z)

    def noise(self, Z, Y, weights):
        """Return what a Calibration holds of the noise: a count's variance over its rate."""
        rates, y = self._outputs(Z), self.decode(Y)
        return {"dispersion": count_dispersion(rates, y, weights)}

    def encode(self, y):
        """Return the targets, checked to be >= 0."""
        if y.min() < 0:
            raise ValueError(f"Got y down to {y.min():.6g}; loss='poisson' needs y >= 0.")
        return super().encode(y)


def _check_size(moments, scale):
    """Refuse targets that are too large to have a scale."""
    if not np.isfinite(scale).all():
        most = np.maximum(np.abs(moments.low), np.abs(moments.high)).max()
        raise ValueError(
            f"Got y up to {most:.3g}, too large for its variance to be a float64; divide y by a "
            "number, or take its logarithm."
        )


# All kinds, and the one of each loss.
REGRESSION = RealValued, Count
BY_LOSS = {loss: kind for kind in REGRESSION for loss in kind.losses}


def regression(y, loss, output_activation):
    """Return the kind of a regressor's targets."""
    return BY_LOSS[loss].of(y, output_activation)


def _columns(y):
    """Return y as numbers, a column per output."""
    y = y if y.dtype.kind in "fiub" else y.astype(np.float64)
    if y.ndim == 1 or y.shape[1] == 1:
        y = column_or_1d(y, warn=True)[:, np.newaxis]
    return y
