"""Predictive distributions: mixtures with a component for each posterior sample.

Arrays of components are (n_components, n_rows, n_outputs).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import entr, expit, gammaln, log_expit, logsumexp, ndtr, pdtr, xlogy
from scipy.stats import norm, poisson, t

from sksgdprune._data.sampling import Population

HALVINGS = 32  # of the interval in which a quantile is sought
# Of the squared residuals at least such a part is noise, or a few lucky rows would leave none.
LEAST_NOISE = 0.25


def residual_std(means, y, weights):
    """Return the standard deviation of y about the components of a mixture, (n_outputs,).

    The squared residuals about their mean hold their spread, too, which is subtracted. Two numbers
    are fitted to the rows, spread and noise.
    """
    squares = np.average((y - means.mean(axis=0)) ** 2, axis=0, weights=weights)
    n = count(y, weights)
    squares *= n / max(n - 2, 1)
    spread = np.average(means.var(axis=0), axis=0, weights=weights)
    least = np.maximum(LEAST_NOISE * squares, np.finfo(float).tiny)
    return np.sqrt(np.maximum(squares - spread, least))


def count(rows, weights):
    """Return the number of samples that rows stand for, each as often as it weighs."""
    return Population(len(rows), weights).size


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


def _t_cdf(z, degrees):
    """Return what lies below z of Student's t distribution, for an even number of degrees.

    Abramowitz & Stegun (1964), 26.7.4: a tenth of the time of the incomplete beta function.
    """
    squared = degrees + z * z
    total = term = np.ones_like(z)
    for k in range(2, int(degrees), 2):
        term = term * (degrees / squared * ((k - 1) / k))
        total = total + term
    return 0.5 + 0.5 * z / np.sqrt(squared) * total


class Noisy(NamedTuple):
    """Normal or Student's t distributions about the samples' outputs, all of one noise."""

    means: np.ndarray
    noise_std: np.ndarray  # (n_outputs,), or of each row: (n_rows, n_outputs)
    degrees: float = np.inf

    @classmethod
    def joined(cls, parts):
        """Return the distributions of several blocks of rows."""
        std = [np.broadcast_to(part.noise_std, part.means.shape[1:]) for part in parts]
        means = np.concatenate([part.means for part in parts], axis=1)
        return cls(means, np.concatenate(std), parts[0].degrees)

    def take(self, components):
        """Return the distributions of some components."""
        return self._replace(means=self.means[components])

    @property
    def scale(self):
        """What a standard distribution is multiplied by, as `noise_std`."""
        share = 1.0 if np.isinf(self.degrees) else (self.degrees - 2) / self.degrees
        return self.noise_std * np.sqrt(share)

    @property
    def standard(self):
        """The distribution of mean 0 and scale 1."""
        return norm if np.isinf(self.degrees) else t(self.degrees)

    def mean(self):
        """Return the mean, (n_rows, n_outputs)."""
        return self.means.mean(axis=0)

    def std(self):
        """Return the standard deviation, noise included, (n_rows, n_outputs)."""
        return np.sqrt(self.means.var(axis=0) + self.noise_std**2)

    def cdf(self, y):
        """Return the part that lies below y, (n_rows, n_outputs)."""
        z = (y - self.means) / self.scale
        return (ndtr(z) if np.isinf(self.degrees) else _t_cdf(z, self.degrees)).mean(axis=0)

    def between(self, q):
        """Return two values between which the quantile q lies."""
        shift = self.standard.ppf(q) * self.scale
        return self.means.min(axis=0) + shift, self.means.max(axis=0) + shift

    def quantile(self, q):
        """Return the quantile q, (n_rows, n_outputs)."""
        return _quantile(self, q)

    def log_likelihood(self, y):
        """Return the log-density of all outputs of a row together, (n_rows,)."""
        return log_mean(self.logs(y).sum(axis=2))

    def logs(self, y):
        """Return the log-density of each component and output."""
        return self.standard.logpdf((y - self.means) / self.scale) - np.log(self.scale)

    def sample(self, rng):
        """Return a sample of each component, (n_components, n_rows, n_outputs)."""
        noise = self.standard.rvs(size=self.means.shape, random_state=rng)
        return self.means + self.scale * noise


class Poissons(NamedTuple):
    """Poisson distributions whose rates are the samples' outputs."""

    rates: np.ndarray

    @classmethod
    def joined(cls, parts):
        """Return the distributions of several blocks of rows."""
        return cls(np.concatenate([part.rates for part in parts], axis=1))

    def take(self, components):
        """Return the distributions of some components."""
        return Poissons(self.rates[components])

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
        low, high = self.rates.min(axis=0), self.rates.max(axis=0)
        return poisson.ppf(q, low) - 1, poisson.ppf(q, high)

    def quantile(self, q):
        """Return the quantile q, (n_rows, n_outputs): a count."""
        return np.floor(_quantile(self, q))

    def log_likelihood(self, y):
        """Return the log-probability of all outputs of a row together, (n_rows,)."""
        logs = xlogy(y, self.rates) - self.rates - gammaln(y + 1)
        return log_mean(logs.sum(axis=2))

    def sample(self, rng):
        """Return a count of each component, (n_components, n_rows, n_outputs)."""
        counts = rng.poisson(np.nan_to_num(self.rates)).astype(np.float64)
        return np.where(np.isfinite(self.rates), counts, np.nan)


class Categories(NamedTuple):
    """Probabilities of the classes, as logarithms."""

    logs: np.ndarray

    def log_likelihood(self, Y):
        """Return the log-probability of each row's class; Y has a 1 there."""
        return log_mean(self.logs[:, Y.astype(bool)])

    def entropies(self):
        """Return that of the mean and the mean of the samples', in nats, (n_rows,) each."""
        whole = entr(np.exp(log_mean(self.logs))).sum(axis=1)
        return whole, entr(np.exp(self.logs)).sum(axis=2).mean(axis=0)


class Bernoullis(NamedTuple):
    """Probabilities of independent labels, as log-odds."""

    Z: np.ndarray

    def log_likelihood(self, Y):
        """Return the log-probability of each row's labels."""
        return log_mean(log_expit(np.where(Y, self.Z, -self.Z)).sum(axis=2))

    def entropies(self):
        """Return the same for each label, (n_rows, n_labels) each."""
        p = expit(self.Z)
        mean = p.mean(axis=0)
        return entr(mean) + entr(1 - mean), (entr(p) + entr(1 - p)).mean(axis=0)
