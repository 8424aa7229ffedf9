"""What the draws predict: a mixture with a component for each of them.

Arrays of components are (n_components, n_rows, n_outputs).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import entr, expit, gammaln, log_expit, logsumexp, ndtr, ndtri, pdtr, xlogy
from scipy.stats import poisson

HALVINGS = 40  # of the interval in which a quantile is sought
# What the standard deviation of the draws' outputs is tried to be multiplied by.
SPREADS = 2.0 ** np.arange(-2, 3.5, 0.5)
# Of the squared residuals at least such a part is noise, or a few lucky rows would leave none.
LEAST_NOISE = 0.25


class Calibration(NamedTuple):
    """What held-out rows said of the draws.

    Parameters
    ----------
    temperature : float
        What the covariance of their outputs is multiplied by.
    noise_std : ndarray of shape (n_outputs,) or None
        Standard deviation of the targets about a draw's output, in the targets' units.
    """

    temperature: float = 1.0
    noise_std: np.ndarray | None = None


UNTUNED = Calibration()


def tempered(Z, temperature):
    """Return the draws' values with their covariance multiplied by the temperature."""
    if temperature == 1:
        return Z
    mean = Z.mean(axis=0)
    return mean + np.sqrt(temperature) * (Z - mean)


def calibrated(targets, Z, Y, weights=None):
    """Return the Calibration that says most of some rows.

    That is the temperature nearest to 1 whose mean log-likelihood is within one standard error of
    the highest: few rows leave the draws as they are, many decide.

    Parameters
    ----------
    targets : Classes, Labels, Reals or Counts
        Makes a mixture of the draws' outputs.
    Z : ndarray of shape (n_draws, n_rows, n_outputs)
        Last-layer values of rows that were not trained on.
    Y : ndarray of shape (n_rows, n_outputs)
        Their encoded targets.
    weights : ndarray of shape (n_rows,), default=None
        Of the rows.
    """
    y, tried, logs = targets.decode(Y), [], []
    for spread in SPREADS:
        values = tempered(Z, spread**2)
        noise_std = targets.noise(values, Y, weights)
        tried.append(Calibration(float(spread**2), noise_std))
        logs.append(targets.mixture(values, noise_std).log_likelihood(y))
    logs = np.array(logs)
    best = np.average(logs, axis=1, weights=weights).argmax()
    behind = logs[best] - logs
    loss = np.average(behind, axis=1, weights=weights)
    error = behind.std(axis=1) / np.sqrt(len(y) - 1) if len(y) > 1 else np.inf
    distance = np.abs(np.log(SPREADS))
    distance[loss > error] = np.inf
    return tried[distance.argmin()]


def residual_std(means, y, weights):
    """Return the standard deviation of y about the components of a mixture, (n_outputs,).

    The squared residuals about their mean hold their spread, too, which is taken off. Two numbers
    are fitted to the rows, spread and noise.
    """
    squares = np.average((y - means.mean(axis=0)) ** 2, axis=0, weights=weights)
    squares *= len(y) / max(len(y) - 2, 1)
    spread = np.average(means.var(axis=0), axis=0, weights=weights)
    least = np.maximum(LEAST_NOISE * squares, np.finfo(float).tiny)
    return np.sqrt(np.maximum(squares - spread, least))


def log_mean(logs):
    """Return the logarithm of the mean over the components."""
    return logsumexp(logs, axis=0) - np.log(len(logs))


def _quantile(mixture, q):
    """Return the values (n_rows, n_outputs) below which a part q of the mixture lies."""
    low, high = mixture.between(q)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = mixture.cdf(middle) < q
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


class Normals(NamedTuple):
    """Normal distributions about the draws' outputs, all of one noise."""

    means: np.ndarray
    noise_std: np.ndarray  # (n_outputs,)

    def mean(self):
        """Return the mean, (n_rows, n_outputs)."""
        return self.means.mean(axis=0)

    def std(self):
        """Return the standard deviation, noise included, (n_rows, n_outputs)."""
        return np.sqrt(self.means.var(axis=0) + self.noise_std**2)

    def cdf(self, y):
        """Return the part that lies below y, (n_rows, n_outputs)."""
        return ndtr((y - self.means) / self.noise_std).mean(axis=0)

    def between(self, q):
        """Return two values between which the quantile q lies."""
        shift = ndtri(q) * self.noise_std
        return self.means.min(axis=0) + shift, self.means.max(axis=0) + shift

    def quantile(self, q):
        """Return the quantile q, (n_rows, n_outputs)."""
        return _quantile(self, q)

    def log_likelihood(self, y):
        """Return the log-density of all outputs of a row together, (n_rows,)."""
        z = (y - self.means) / self.noise_std
        logs = -(z**2) / 2 - np.log(self.noise_std * np.sqrt(2 * np.pi))
        return log_mean(logs.sum(axis=2))

    def sample(self, rng):
        """Return a sample of each component, (n_components, n_rows, n_outputs)."""
        return self.means + self.noise_std * rng.normal(size=self.means.shape)


class Poissons(NamedTuple):
    """Poisson distributions whose rates are the draws' outputs."""

    rates: np.ndarray

    def mean(self):
        """Return the mean, (n_rows, n_outputs)."""
        return self.rates.mean(axis=0)

    def std(self):
        """Return the standard deviation of the counts, (n_rows, n_outputs)."""
        return np.sqrt(self.rates.var(axis=0) + self.mean())

    def cdf(self, y):
        """Return the part that lies at or below y, (n_rows, n_outputs)."""
        return np.where(y < 0, 0.0, pdtr(np.maximum(np.floor(y), 0), self.rates).mean(axis=0))

    def between(self, q):
        """Return two values between which the quantile q lies."""
        counts = poisson.ppf(q, self.rates)
        return counts.min(axis=0) - 1, counts.max(axis=0)

    def quantile(self, q):
        """Return the quantile q, (n_rows, n_outputs): a count."""
        return np.floor(_quantile(self, q))

    def log_likelihood(self, y):
        """Return the log-probability of all outputs of a row together, (n_rows,)."""
        logs = xlogy(y, self.rates) - self.rates - gammaln(y + 1)
        return log_mean(logs.sum(axis=2))

    def sample(self, rng):
        """Return a count of each component, (n_components, n_rows, n_outputs)."""
        return rng.poisson(self.rates).astype(np.float64)


class Categories(NamedTuple):
    """Probabilities of the classes, as logarithms."""

    logs: np.ndarray

    def log_likelihood(self, Y):
        """Return the log-probability of each row's class; Y has a 1 there."""
        return log_mean(self.logs[:, Y.astype(bool)])

    def entropies(self):
        """Return that of the mean and the mean of the draws', in nats, (n_rows,) each."""
        whole = entr(np.exp(log_mean(self.logs))).sum(axis=1)
        return whole, entr(np.exp(self.logs)).sum(axis=2).mean(axis=0)


class Bernoullis(NamedTuple):
    """Probabilities of labels that are apart from each other, as log-odds."""

    Z: np.ndarray

    def log_likelihood(self, Y):
        """Return the log-probability of each row's labels."""
        return log_mean(log_expit(np.where(Y, self.Z, -self.Z)).sum(axis=2))

    def entropies(self):
        """Return that of the mean and the mean of the draws', in nats, (n_rows, n_labels) each."""
        p = expit(self.Z)
        mean = p.mean(axis=0)
        return entr(mean) + entr(1 - mean), (entr(p) + entr(1 - p)).mean(axis=0)
