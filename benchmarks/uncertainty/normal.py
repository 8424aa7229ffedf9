"""Normal forecasts on standardised data, the base of several contenders."""

from scipy.stats import norm
from sklearn.preprocessing import StandardScaler

from benchmarks.uncertainty.report import NOMINAL

ENDS = (1 - NOMINAL) / 2, (1 + NOMINAL) / 2


class Normal:
    """Normal forecasts of what learns standardised inputs and targets.

    Subclasses have `learn(X, y)` and `moments(X)`: mean and standard deviation, standardised.
    """

    def __init__(self, seed, hidden):
        self.seed, self.hidden = seed, hidden

    def fit(self, X, y):
        """Standardise and learn."""
        self.inputs = StandardScaler().fit(X)
        self.center, self.scale = y.mean(), y.std() or 1.0
        self.learn(self.inputs.transform(X), (y - self.center) / self.scale)

    def distribution(self, X):
        """Return the distribution of each row's target."""
        mean, std = self.moments(self.inputs.transform(X))
        return norm(self.center + self.scale * mean, self.scale * std)

    def forecast(self, X):
        """Return mean, lower and upper ends."""
        found = self.distribution(X)
        return found.mean(), *map(found.ppf, ENDS)

    def log_likelihood(self, X, y):
        """Return that of each row."""
        return self.distribution(X).logpdf(y)
