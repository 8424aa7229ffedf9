"""Calibration of posterior samples by rows that the run has not seen: temperature and noise."""

from typing import NamedTuple

import numpy as np

from sksgdprune._targets.predictive import count, log_mean

# Factors of the standard deviation of the samples' outputs that are tried.
SPREADS = 2.0 ** np.arange(-2, 3.5, 0.5)
# How the logarithm of the noise is tried to grow with the prediction, and how far it may; not by
# fewer rows than these, which chose slopes by chance.
SLOPES, FURTHEST, SLOPE_ROWS = np.arange(-4, 5) / 4, 2.0, 100
# The t distribution that noise has where its tails are heavy: benchmarks/defaults/noise.py.
HEAVY = 8.0
ROUNDING = 1e-9  # of log-likelihoods, relative to them


class Calibration(NamedTuple):
    """What held-out rows show of the posterior samples.

    Parameters
    ----------
    temperature : float
        What the covariance of their outputs is multiplied by.
    noise_std : ndarray of shape (n_outputs,) or None
        Standard deviation of the targets about a sample's output, on the scale of y.
    degrees : float
        Degrees of freedom of the noise's Student's t distribution; infinite: a normal one.
    slope, offset : ndarray of shape (n_outputs,)
        By how much the logarithm of a row's noise grows with its standardized prediction, and what
        is subtracted so that `noise_std` is the root of the mean square.
    dispersion : ndarray of shape (n_outputs,)
        Of counts: their variance over their rate.
    is_stale : bool
        Whether the network was cut or trained afterwards.
    """

    temperature: float = 1.0
    noise_std: np.ndarray | None = None
    degrees: float = np.inf
    slope: np.ndarray | float = 0.0
    offset: np.ndarray | float = 0.0
    dispersion: np.ndarray | float = 1.0
    is_stale: bool = False

    @property
    def is_at_limit(self):
        """Whether a higher temperature might be better."""
        return self.temperature == SPREADS[-1] ** 2

    def std_at(self, prediction):
        """Return the noise of rows, (n_rows, n_outputs); `prediction` is standardized."""
        steps = np.clip(self.slope * prediction - self.offset, -FURTHEST, FURTHEST)
        return self.noise_std * np.exp(steps)

    def sloped(self, slope, prediction, weights):
        """Return the same with a slope for each output, by predictions of the rows that judge."""
        squares = np.average(np.exp(2 * slope * prediction), axis=0, weights=weights)
        return self._replace(slope=slope, offset=np.log(squares) / 2)


def calibrated(targets, Z, Y, weights=None):
    """Return the Calibration under which some rows are most likely, the simpler one in doubt.

    That is the temperature nearest to 1 whose mean log-likelihood is within one standard error of
    the highest: few rows leave the samples as they are, many decide. By the same rule noise is the
    same for all rows or grows with the prediction (a variance function: Davidian & Carroll 1987),
    and is normal or of heavier tails; counts are dispersed as Poisson's or otherwise.

    Parameters
    ----------
    targets : Target
        Makes a mixture of the samples' outputs.
    Z : ndarray of shape (n_posterior_samples, n_rows, n_outputs)
        Last-layer values of rows that were not trained on.
    Y : ndarray of shape (n_rows, n_outputs)
        Their encoded targets.
    weights : ndarray of shape (n_rows,), default=None
        Of the rows.
    """
    y, tried, logs = targets.decode(Y), [], []
    for spread in SPREADS:
        values = targets.tempered(Z, spread**2)
        found = Calibration(float(spread**2), **targets.noise(values, Y, weights))
        tried.append(found)
        logs.append(targets.mixture(values, found).log_likelihood(y))
    chosen = tried[_nearest(np.abs(np.log(SPREADS)), logs, weights)]
    Z = targets.tempered(Z, chosen.temperature)
    if chosen.noise_std is not None:
        return _with_noise(chosen, targets, Z, y, weights)
    return _simplest((chosen._replace(dispersion=1.0), chosen), targets, Z, y, weights)


def _simplest(calibrations, targets, Z, y, weights):
    """Return the first of some Calibrations that is not clearly less likely than the best."""
    logs = [targets.mixture(Z, each).log_likelihood(y) for each in calibrations]
    return calibrations[_nearest(np.arange(len(calibrations)), logs, weights)]


def _with_noise(calibration, targets, Z, y, weights):
    """Return the Calibration with the noise's slope and degrees of freedom."""
    prediction, normal = targets.pooled(Z), calibration
    if count(y, weights) >= SLOPE_ROWS:
        slopes = [np.full(prediction.shape[1], slope) for slope in SLOPES]
        sloped = [calibration.sloped(slope, prediction, weights) for slope in slopes]
        logs = np.array([log_mean(targets.mixture(Z, each).logs(y)) for each in sloped])
        chosen = [_nearest(np.abs(SLOPES), column, weights) for column in np.moveaxis(logs, 2, 0)]
        normal = calibration.sloped(SLOPES[chosen], prediction, weights)
    return _simplest((normal, normal._replace(degrees=HEAVY)), targets, Z, y, weights)


def _nearest(distance, logs, weights):
    """Return the choice of least distance that is not clearly less likely than the best."""
    logs = np.array(logs)
    best = np.average(logs, axis=1, weights=weights).argmax()
    return np.where(_is_better(logs[best], logs, weights), np.inf, distance).argmin()


def _is_better(logs, others, weights):
    """Return whether log-likelihoods are higher than others by more than one standard error.

    What the rounding of sums can make is no more.
    """
    gain, n = logs - others, count(logs, weights)
    mean = np.average(gain, axis=-1, weights=weights)
    variance = np.average((gain - mean[..., np.newaxis]) ** 2, axis=-1, weights=weights)
    rounding = ROUNDING * (1 + np.average(np.abs(logs), axis=-1, weights=weights))
    return mean > (np.sqrt(variance / (n - 1)) + rounding if n > 1 else np.inf)
