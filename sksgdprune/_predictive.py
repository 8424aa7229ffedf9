"""What the draws predict: a mixture with a component for each of them.

Arrays of components are (n_components, n_rows, n_outputs).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import entr, expit, gammaln, log_expit, logsumexp, ndtr, pdtr, xlogy
from scipy.stats import norm, poisson, t

from sksgdprune._sampling import Population

HALVINGS = 32  # of the interval in which a quantile is sought
# What the standard deviation of the draws' outputs is tried to be multiplied by.
SPREADS = 2.0 ** np.arange(-2, 3.5, 0.5)
# Of the squared residuals at least such a part is noise, or a few lucky rows would leave none.
LEAST_NOISE = 0.25
# The t distribution that noise has where its tails are heavy: benchmarks/choose_noise.py.
HEAVY = 8.0


class Calibration(NamedTuple):
    """What held-out rows said of the draws.

    Parameters
    ----------
    temperature : float
        What the covariance of their outputs is multiplied by.
    noise_std : ndarray of shape (n_outputs,) or None
        Standard deviation of the targets about a draw's output, in the targets' units.
    degrees : float
        Degrees of freedom of the noise's Student's t distribution; infinite: a normal one.
    """

    temperature: float = 1.0
    noise_std: np.ndarray | None = None
    degrees: float = np.inf


def tempered(Z, temperature):
    """Return the draws' values with their covariance multiplied by the temperature."""
    if temperature == 1:
        return Z
    mean = Z.mean(axis=0)
    return mean + np.sqrt(temperature) * (Z - mean)


def calibrated(targets, Z, Y, weights=None):
    """Return the Calibration that says most of some rows.

    That is the temperature nearest to 1 whose mean log-likelihood is within one standard error of
    the highest: few rows leave the draws as they are, many decide. Noise is normal, but where heavy
    tails are better by more than a standard error.

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
        found = Calibration(float(spread**2), targets.noise(values, Y, weights))
        tried.append(found)
        logs.append(targets.mixture(values, found).log_likelihood(y))
    logs = np.array(logs)
    best = np.average(logs, axis=1, weights=weights).argmax()
    distance = np.where(_is_better(logs[best], logs, weights), np.inf, np.abs(np.log(SPREADS)))
    chosen = distance.argmin()
    heavy = tried[chosen]._replace(degrees=HEAVY)
    if heavy.noise_std is None:
        return tried[chosen]
    values = tempered(Z, heavy.temperature)
    heavy_logs = targets.mixture(values, heavy).log_likelihood(y)
    return heavy if _is_better(heavy_logs, logs[chosen], weights) else tried[chosen]


def _is_better(logs, others, weights):
    """Return whether log-likelihoods are higher than others by more than one standard error."""
    gain, n = logs - others, count(logs, weights)
    mean = np.average(gain, axis=-1, weights=weights)
    variance = np.average((gain - mean[..., np.newaxis]) ** 2, axis=-1, weights=weights)
    return mean > (np.sqrt(variance / (n - 1)) if n > 1 else np.inf)


def residual_std(means, y, weights):
    """Return the standard deviation of y about the components of a mixture, (n_outputs,).

    The squared residuals about their mean hold their spread, too, which is taken off. Two numbers
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
    """Normal or Student's t distributions about the draws' outputs, all of one noise."""

    means: np.ndarray
    noise_std: np.ndarray  # (n_outputs,)
    degrees: float = np.inf

    @property
    def scale(self):
        """What a standard distribution is multiplied by, (n_outputs,)."""
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
        logs = self.standard.logpdf((y - self.means) / self.scale) - np.log(self.scale)
        return log_mean(logs.sum(axis=2))

    def sample(self, rng):
        """Return a sample of each component, (n_components, n_rows, n_outputs)."""
        noise = self.standard.rvs(size=self.means.shape, random_state=rng)
        return self.means + self.scale * noise


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
