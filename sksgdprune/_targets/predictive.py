"""What the draws predict: a mixture with a component for each of them.

Arrays of components are (n_components, n_rows, n_outputs).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import entr, expit, gammaln, log_expit, logsumexp, ndtr, pdtr, xlogy
from scipy.stats import norm, poisson, t

from sksgdprune._data.sampling import Population

HALVINGS = 32  # of the interval in which a quantile is sought
# What the standard deviation of the draws' outputs is tried to be multiplied by.
SPREADS = 2.0 ** np.arange(-2, 3.5, 0.5)
# Of the squared residuals at least such a part is noise, or a few lucky rows would leave none.
LEAST_NOISE = 0.25
# How the logarithm of the noise is tried to grow with the prediction, and how far it may; not by
# fewer rows than these, which chose slopes by chance.
SLOPES, FURTHEST, SLOPE_ROWS = np.arange(-4, 5) / 4, 2.0, 100
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
    slope, offset : ndarray of shape (n_outputs,)
        By how much the logarithm of a row's noise grows with what is predicted of it, in units of
        the targets' standard deviation, and what is taken off so that `noise_std` is the root of
        the mean square.
    """

    temperature: float = 1.0
    noise_std: np.ndarray | None = None
    degrees: float = np.inf
    slope: np.ndarray | float = 0.0
    offset: np.ndarray | float = 0.0

    def std_at(self, prediction):
        """Return the noise of rows, (n_rows, n_outputs); `prediction` is standardised."""
        steps = np.clip(self.slope * prediction - self.offset, -FURTHEST, FURTHEST)
        return self.noise_std * np.exp(steps)

    def sloped(self, slope, prediction, weights):
        """Return the same with a slope for each output, by predictions of the rows that judge."""
        squares = np.average(np.exp(2 * slope * prediction), axis=0, weights=weights)
        return self._replace(slope=slope, offset=np.log(squares) / 2)


def tempered(Z, temperature):
    """Return the draws' values with their covariance multiplied by the temperature."""
    if temperature == 1:
        return Z
    mean = Z.mean(axis=0)
    return mean + np.sqrt(temperature) * (Z - mean)


def calibrated(targets, Z, Y, weights=None):
    """Return the Calibration that says most of some rows.

    That is the temperature nearest to 1 whose mean log-likelihood is within one standard error of
    the highest: few rows leave the draws as they are, many decide. By the same rule noise is the
    same for all rows or grows with the prediction (a variance function: Davidian & Carroll 1987),
    and is normal or of heavier tails.

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
    chosen = tried[_nearest(np.abs(np.log(SPREADS)), logs, weights)]
    if chosen.noise_std is None:
        return chosen
    return _with_noise(chosen, targets, tempered(Z, chosen.temperature), y, weights)


def _with_noise(calibration, targets, Z, y, weights):
    """Return the Calibration with the noise's slope and degrees of freedom."""
    prediction, normal = targets.pooled(Z), calibration
    if count(y, weights) >= SLOPE_ROWS:
        slopes = [np.full(prediction.shape[1], slope) for slope in SLOPES]
        sloped = [calibration.sloped(slope, prediction, weights) for slope in slopes]
        logs = np.array([log_mean(targets.mixture(Z, each).logs(y)) for each in sloped])
        chosen = [_nearest(np.abs(SLOPES), column, weights) for column in np.moveaxis(logs, 2, 0)]
        normal = calibration.sloped(SLOPES[chosen], prediction, weights)
    both = normal, normal._replace(degrees=HEAVY)
    logs = [targets.mixture(Z, each).log_likelihood(y) for each in both]
    return both[_nearest(np.arange(2), logs, weights)]


def _nearest(distance, logs, weights):
    """Return which of some choices is least far off and not clearly less likely than the best."""
    logs = np.array(logs)
    best = np.average(logs, axis=1, weights=weights).argmax()
    return np.where(_is_better(logs[best], logs, weights), np.inf, distance).argmin()


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
    """Poisson distributions whose rates are the draws' outputs."""

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
