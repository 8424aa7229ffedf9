"""Contenders of the comparison of uncertainties, each with one setting for all sets.

Those of regression are made of a seed and the hidden units of torch's networks, and have
`fit(X, y)`, `forecast(X)`, which returns mean and both ends of an interval, and
`log_likelihood(X, y)` of each row, or None. Those of classification are made of a seed, and are
scikit-learn's kind.
"""

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingRegressor, HistGradientBoostingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import BayesianRidge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.uncertainty import report
from benchmarks.uncertainty.normal import ENDS, Normal
from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

N_DRAWS = 100
N_MEMBERS = 10  # of the bagged networks
PROCESS_ROWS = 2000  # its time grows with their cube
TORCH = report.DROPOUT, report.ENSEMBLE


class Ours:
    """Our regressor with posterior samples, given all as it is."""

    def __init__(self, seed, hidden):
        self.model = PreconditionedMLPRegressor(n_draws=N_DRAWS, random_state=seed)

    def fit(self, X, y):
        """Train."""
        self.model.fit(X, y)

    def forecast(self, X):
        """Return mean, lower and upper ends."""
        return self.model.predict(X), *self.model.predict_interval(X, report.NOMINAL).T

    def log_likelihood(self, X, y):
        """Return that of each row."""
        return self.model.log_likelihood(X, y)


class Process(Normal):
    """Gaussian process, a length scale for each feature."""

    def learn(self, X, y):
        """Maximise the marginal likelihood."""
        kernel = ConstantKernel() * RBF(np.ones(X.shape[1])) + WhiteKernel()
        self.model = GaussianProcessRegressor(kernel, random_state=self.seed).fit(X, y)

    def moments(self, X):
        """Return mean and standard deviation."""
        return self.model.predict(X, return_std=True)


class Ridge(Process):
    """Bayesian linear regression."""

    def learn(self, X, y):
        """Fit."""
        self.model = BayesianRidge().fit(X, y)


class Bagged(Normal):
    """Bagged networks: their spread, and the noise that their out-of-bag residuals leave."""

    def learn(self, X, y):
        """Train the members and estimate the noise."""
        network = MLPRegressor(random_state=self.seed)
        self.model = BaggingRegressor(network, N_MEMBERS, random_state=self.seed).fit(X, y)
        outputs = self.outputs(X)
        for output, rows in zip(outputs, self.model.estimators_samples_, strict=True):
            output[rows] = np.nan
        seen = np.isfinite(outputs).any(axis=0)
        outputs, y = outputs[:, seen], y[seen]
        squares = np.mean((y - np.nanmean(outputs, axis=0)) ** 2)
        spread = np.mean(np.nanvar(outputs, axis=0))
        self.noise = max(squares - spread, 0.01 * squares)

    def outputs(self, X):
        """Return each member's, (n_members, n_samples)."""
        return np.array([member.predict(X) for member in self.model.estimators_])

    def moments(self, X):
        """Return mean and standard deviation."""
        outputs = self.outputs(X)
        return outputs.mean(axis=0), np.sqrt(outputs.var(axis=0) + self.noise)


class Boosting:
    """Boosted trees, fitted thrice: to the mean and to both ends."""

    def __init__(self, seed, hidden):
        kinds = [{}, *({"loss": "quantile", "quantile": end} for end in ENDS)]
        self.models = [HistGradientBoostingRegressor(random_state=seed, **kind) for kind in kinds]

    def fit(self, X, y):
        """Fit all three."""
        for model in self.models:
            model.fit(X, y)

    def forecast(self, X):
        """Return mean, lower and upper ends."""
        return tuple(model.predict(X) for model in self.models)

    def log_likelihood(self, X, y):
        """Return None: quantiles have no density."""


def from_torch(name):
    """Return what makes a contender of torch, which is imported no sooner."""

    def create(seed, hidden):
        from benchmarks.uncertainty import torch_contenders

        return getattr(torch_contenders, name)(seed, hidden)

    return create


REGRESSORS = {
    report.OURS: Ours,
    report.PROCESS: Process,
    report.RIDGE: Ridge,
    report.BOOSTING: Boosting,
    report.BAGGED: Bagged,
    report.DROPOUT: from_torch("Dropout"),
    report.ENSEMBLE: from_torch("Ensemble"),
}


# Of classification.


def mlp(seed):
    """Return scikit-learn's network, given standardised inputs."""
    return make_pipeline(StandardScaler(), MLPClassifier(random_state=seed))


CLASSIFIERS = {
    report.OURS: lambda seed: PreconditionedMLPClassifier(n_draws=N_DRAWS, random_state=seed),
    report.PLAIN: lambda seed: PreconditionedMLPClassifier(random_state=seed),
    report.MLP: mlp,
    report.SIGMOID: lambda seed: CalibratedClassifierCV(mlp(seed), method="sigmoid"),
    report.ISOTONIC: lambda seed: CalibratedClassifierCV(mlp(seed), method="isotonic"),
}
