"""Predictive distributions: mixtures with a component for each posterior sample.

Arrays of components are (n_components, n_rows, n_outputs).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import (
    betainc,
    entr,
    expit,
    gammaln,
    log_expit,
    logsumexp,
    ndtr,
    pdtr,
    xlogy,
)
from scipy.stats import norm, t

from sksgdprune._data.sampling import Population

HALVINGS = 32  # of the interval in which a quantile is sought
# Of the squared residuals at least such a part is noise, or a few lucky rows would leave none.
LEAST_NOISE = 0.25
NEXT_TO_NONE = 1e-3  # a dispersion so little above 1 is that of a Poisson distribution
ROUNDING = 1e-9  # of quotients that are whole numbers
LARGEST_RATE = 1e15  # that NumPy draws counts of


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


def count_dispersion(rates, y, weights):
    """Return the variance of y about the components of a mixture over their mean, (n_outputs,).

    Of whole numbers it is 1 at least: only what has fractions may be a mean of counts.
    """
    noise = residual_std(rates, y, weights) ** 2
    mean = np.average(rates.mean(axis=0), axis=0, weights=weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = noise / mean
    found = np.where((mean > 0) & np.isfinite(found), found, 1.0)
    is_whole = np.isclose(y, np.rint(y), rtol=1e-6, atol=0).all(axis=0)
    return np.where(is_whole, np.maximum(found, 1.0), found)


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
    least: float = -np.inf  # of what is possible: all below lies there

    @classmethod
    def joined(cls, parts):
        """Return the distributions of several blocks of rows."""
        std = [np.broadcast_to(part.noise_std, part.means.shape[1:]) for part in parts]
        means = np.concatenate([part.means for part in parts], axis=1)
        return parts[0]._replace(means=means, noise_std=np.concatenate(std))

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
        return np.maximum(_quantile(self, q), self.least)

    def log_likelihood(self, y):
        """Return the log-density of all outputs of a row together, (n_rows,)."""
        return log_mean(self.logs(y).sum(axis=2))

    def logs(self, y):
        """Return the log-density of each component and output."""
        return self.standard.logpdf((y - self.means) / self.scale) - np.log(self.scale)

    def sample(self, rng):
        """Return a sample of each component, (n_components, n_rows, n_outputs)."""
        noise = self.standard.rvs(size=self.means.shape, random_state=rng)
        return np.maximum(self.means + self.scale * noise, self.least)


class Counts(NamedTuple):
    """Distributions of y >= 0 about the samples' outputs, of variance dispersion times mean.

    Poisson distributions, and for more dispersion negative binomial ones (of the kind NB1: Cameron
    & Trivedi 1986). For less, y is the dispersion times a Poisson count, as a mean of counts is.
    """

    rates: np.ndarray
    dispersion: np.ndarray | float = 1.0  # (n_outputs,)

    @classmethod
    def joined(cls, parts):
        """Return the distributions of several blocks of rows."""
        return cls(np.concatenate([part.rates for part in parts], axis=1), parts[0].dispersion)

    def take(self, components):
        """Return the distributions of some components."""
        return self._replace(rates=self.rates[components])

    @property
    def step(self):
        """The distance of the values that are possible."""
        return np.minimum(self.dispersion, 1.0)

    @property
    def _excess(self):
        """By how much a negative binomial distribution's dispersion is above 1."""
        return np.maximum(self.dispersion - 1, NEXT_TO_NONE)

    @property
    def _is_poisson(self):
        return np.less_equal(self.dispersion, 1 + NEXT_TO_NONE)

    def mean(self):
        """Return the mean, (n_rows, n_outputs)."""
        return self.rates.mean(axis=0)

    def std(self):
        """Return the standard deviation of the counts, (n_rows, n_outputs)."""
        return np.sqrt(self.rates.var(axis=0) + self.dispersion * self.mean())

    def cdf(self, y):
        """Return the part that lies at or below y, (n_rows, n_outputs)."""
        n = np.maximum(np.floor(y / self.step * (1 + ROUNDING)), 0)
        below = pdtr(n, self.rates / self.step)
        if not np.all(self._is_poisson):
            size, chance = self.rates / self._excess, 1 / (1 + self._excess)
            more = betainc(np.maximum(size, np.finfo(float).tiny), n + 1, chance)
            below = np.where(self._is_poisson, below, more)
        return np.where(y < 0, 0.0, below.mean(axis=0))

    def between(self, q):
        """Return two values between which the quantile q lies."""
        high = self.rates.max(axis=0) + self.std()
        while (too_low := self.cdf(high) < q).any():
            high = np.where(too_low, 2 * high + 1, high)
        return np.full_like(high, -1.0), high

    def quantile(self, q):
        """Return the quantile q, (n_rows, n_outputs): a count."""
        return self.step * np.floor(_quantile(self, q) / self.step * (1 + ROUNDING))

    def log_likelihood(self, y):
        """Return the log-probability of all outputs of a row together, (n_rows,)."""
        return log_mean(self.logs(y).sum(axis=2))

    def logs(self, y):
        """Return the log-probability of each component and output."""
        n, rates = y / self.step, self.rates / self.step
        logs = xlogy(n, rates) - rates - gammaln(n + 1) - np.log(self.step)
        if np.all(self._is_poisson):
            return logs
        size, excess = np.maximum(self.rates / self._excess, np.finfo(float).tiny), self._excess
        more = gammaln(y + size) - gammaln(size) - gammaln(y + 1)
        more += y * np.log(excess) - (y + size) * np.log1p(excess)
        return np.where(self._is_poisson, logs, more)

    def sample(self, rng):
        """Return a count of each component, (n_components, n_rows, n_outputs)."""
        rates = np.clip(np.nan_to_num(self.rates), np.finfo(float).tiny, LARGEST_RATE)
        size = np.maximum(rates / self._excess, np.finfo(float).tiny)
        mixed = np.where(self._is_poisson, rates / self.step, rng.gamma(size) * self._excess)
        counts = self.step * rng.poisson(np.minimum(mixed, LARGEST_RATE)) * (self.rates / rates)
        return np.where(np.isfinite(self.rates), counts, np.nan)


class Categories(NamedTuple):
    """Probabilities of the classes, as logarithms."""

    logs: np.ndarray

    def log_likelihood(self, Y):
        """Return the log-probability of each row's class; Y has a 1 there."""
        return log_mean(self.logs[:, Y.astype(bool)])

    def entropies(self):
        """Return that of the mean and the mean of the samples', in nats, (n_rows,) each."""
        # Beyond 1, where rounding leads, it would be negative.
        whole, each = (np.minimum(np.exp(logs), 1) for logs in (log_mean(self.logs), self.logs))
        return entr(whole).sum(axis=1), entr(each).sum(axis=2).mean(axis=0)


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
