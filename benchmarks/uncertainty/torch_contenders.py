"""Torch's contenders of the comparison of uncertainties: Monte Carlo dropout and a deep ensemble.

Neither is its publication's recipe, which searches its settings anew for each split: here one
setting serves all sets, as it does for the other contenders.
"""

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import norm
from torch import nn

from benchmarks.uncertainty.normal import ENDS, Normal

BATCH_SIZE = 100
HALVINGS = 40  # of the interval in which a quantile is sought
NOISES = np.geomspace(0.01, 2, 50)  # standard deviations of standardised targets, to be tried


def tensor(values):
    """Return float32 of torch."""
    return torch.tensor(np.asarray(values), dtype=torch.float32)


def train(net, loss, X, y, epochs, rate):
    """Train by Adam over shuffled minibatches."""
    X, y = tensor(X), tensor(y)
    optimiser = torch.optim.Adam(net.parameters(), lr=rate, fused=True)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(BATCH_SIZE):
            loss(net(X[rows]), y[rows]).backward()
            optimiser.step()
            optimiser.zero_grad()
    return net


class Dropout(Normal):
    """Monte Carlo dropout (Gal and Ghahramani 2016), one setting.

    The noise is that by which a network trained on nine tenths gives the last its highest
    likelihood; then all rows train another. No weight decay; a forecast is the mixture over passes.
    """

    RATE, EPOCHS, PASSES = 0.05, 400, 100

    def learn(self, X, y):
        """Train twice: for the noise, and for good."""
        torch.set_num_threads(1)
        torch.manual_seed(self.seed)
        rest = torch.randperm(len(y)).numpy() < max(len(y) // 10, 1)
        self.net = self.trained(X[~rest], y[~rest])
        passes = self.passes(X[rest])
        self.noise = max(NOISES, key=lambda noise: log_density(norm(passes, noise), y[rest]).mean())
        self.net = self.trained(X, y)

    def trained(self, X, y):
        """Return a network with dropout of inputs and of hidden units."""
        net = nn.Sequential(
            nn.Dropout(self.RATE),
            nn.Linear(X.shape[1], self.hidden),
            nn.ReLU(),
            nn.Dropout(self.RATE),
            nn.Linear(self.hidden, 1),
            nn.Flatten(0),
        )
        return train(net, nn.functional.mse_loss, X, y, self.EPOCHS, 1e-3)

    def passes(self, X):
        """Return the outputs of each pass, (n_passes, n_samples)."""
        X = tensor(X)
        with torch.no_grad():
            return np.array([self.net(X).numpy() for _ in range(self.PASSES)], dtype=np.float64)

    def distribution(self, X):
        """Return a distribution for each pass and row."""
        torch.manual_seed(self.seed)
        means = self.passes(self.inputs.transform(X))
        return norm(self.center + self.scale * means, self.scale * self.noise)

    def forecast(self, X):
        """Return mean, lower and upper ends of the mixture."""
        found = self.distribution(X)
        return found.mean().mean(axis=0), *(quantile(found, end) for end in ENDS)

    def log_likelihood(self, X, y):
        """Return that of each row under the mixture."""
        return log_density(self.distribution(X), y)


def log_density(components, y):
    """Return that of mixtures whose components lie along the first axis."""
    logs = components.logpdf(y)
    return logsumexp(logs, axis=0) - np.log(len(logs))


def quantile(components, q):
    """Return the quantiles of mixtures whose components lie along the first axis."""
    ends = components.ppf(q)
    low, high = ends.min(axis=0), ends.max(axis=0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = components.cdf(middle).mean(axis=0) < q
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


class Ensemble(Normal):
    """Deep ensemble (Lakshminarayanan et al. 2017), one setting, no adversarial training.

    Networks with a mean and a variance; a forecast is the normal with their mixture's moments.
    """

    N_NETS, EPOCHS, RATE, LEAST = 5, 40, 1e-2, 1e-6

    def learn(self, X, y):
        """Train each network on all rows."""
        torch.set_num_threads(1)
        torch.manual_seed(self.seed)
        self.nets = [self.trained(X, y) for _ in range(self.N_NETS)]

    def trained(self, X, y):
        """Return a network of two outputs."""
        net = nn.Sequential(
            nn.Linear(X.shape[1], self.hidden), nn.ReLU(), nn.Linear(self.hidden, 2)
        )
        return train(net, self.loss, X, y, self.EPOCHS, self.RATE)

    def split(self, outputs):
        """Return means and variances."""
        return outputs[:, 0], nn.functional.softplus(outputs[:, 1]) + self.LEAST

    def loss(self, outputs, y):
        """Return the negative log-likelihood."""
        mean, variance = self.split(outputs)
        return nn.functional.gaussian_nll_loss(mean, y, variance)

    def moments(self, X):
        """Return mean and standard deviation of the mixture."""
        X = tensor(X)
        with torch.no_grad():
            parts = [torch.stack(self.split(net(X))) for net in self.nets]
        means, variances = np.array(torch.stack(parts, dim=1), dtype=np.float64)
        return means.mean(axis=0), np.sqrt(variances.mean(axis=0) + means.var(axis=0))
