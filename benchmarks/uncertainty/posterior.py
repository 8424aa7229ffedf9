"""Posterior samples beside known posteriors: Table 1 of Mandt, Hoffman & Blei (2017), and ours.

    python -m benchmarks.uncertainty.posterior [--data FOLDER] [--steps N] [--jobs N] [--quick]

Without hidden layers the posterior is known: exactly for linear regression of known noise, by
Laplace's approximation for logistic regression. The chains run at the theory's settings, from
the optimum on: learning_rate=1, posterior_size="n_samples", damping=0, average=False. Writes
posterior.csv and posterior.md: the divergence KL(Gaussian fitted to the iterates || posterior),
as published and of our iterates, beside what the stationary covariance of the theory comes to.
Wine and protein need --data.
"""

import math
import sys
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import special
from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import machine
from benchmarks._common.results import Cell, Results, complete
from benchmarks.uncertainty import posterior_report
from benchmarks.uncertainty.posterior_report import (
    CANCER,
    FULL,
    LENGTH,
    PASSES,
    PRIOR,
    PROTEIN,
    REST,
    RUN,
    STANDARD,
    WINE,
)

KEY = "set", "inputs", "preconditioner"
COLUMNS = (
    *(*KEY, "n_samples", "n_features", "batch_size", "published", "iterates", "discrete"),
    *("continuous", "offset", "forgetting", "n_steps", "version"),
)
CANCER_FEATURES = [0, 1, 4]  # radius, texture, smoothness: three, as the paper's Skin has
BATCH_SIZES = {WINE: 100, PROTEIN: 100, "diabetes": 10, CANCER: 20}
NAMES = "scalar", "diagonal", "sqrt"
PUBLISHED = {
    (WINE, "scalar"): 18.7,
    (WINE, "diagonal"): 14.0,
    (WINE, FULL): 0.7,
    (PROTEIN, "scalar"): 1000.9,
    (PROTEIN, "diagonal"): 678.4,
    (PROTEIN, FULL): 1.8,
}
FEWEST_STEPS, MOST_STEPS, QUICK_STEPS = 200_000, 6_000_000, 20_000
PRUNED = 2


@dataclass(frozen=True)
class Problem:
    """A regression without intercept; the noise of real targets is 1, as the loss has it."""

    X: np.ndarray  # as they are, (n_samples, n_features)
    y: np.ndarray  # real, on the scale of their noise, or the classes 0 and 1 (int), (n_samples,)
    batch_size: int
    prior: float = PRIOR  # precision of each weight

    @property
    def classifies(self):
        """Whether y are classes."""
        return self.y.dtype.kind == "i"

    @property
    def steps_apart(self):
        """Steps from sample to sample: a pass over the data."""
        return math.ceil(len(self.y) / self.batch_size)

    def settings(self):
        """Return an estimator's parameters by the theory, with which its samples are of this."""
        return {
            "noise_estimator": "batch",
            "learning_rate": 1.0,
            "posterior_size": "n_samples",
            "damping": 0.0,
            "alpha": self.prior * self.batch_size / len(self.y),
            "kappa": 1.0,
            "average": False,
            "encoding": None,
            "batch_size": self.batch_size,
        }

    def laplace(self):
        """Return the optimum, A and C: Hessian and gradient noise of the mean loss there.

        The posterior is normal about the optimum, its covariance the inverse of N A.
        """
        X, N = self.X, len(self.y)
        penalty, w = self.prior / N, np.zeros(X.shape[1])
        for _ in range(25 if self.classifies else 1):
            slope, curvature = self._slopes(w)
            A = (X.T * curvature) @ X / N + penalty * np.eye(len(w))
            w = w - np.linalg.solve(A, X.T @ slope / N + penalty * w)
        return w, A, np.atleast_2d(np.cov(X.T * self._slopes(w)[0], bias=True))

    def _slopes(self, w):
        """Return the first and second derivative of each row's loss by its output."""
        z = self.X @ w
        if self.classifies:
            return special.expit(z) - self.y, special.expit(z) * special.expit(-z)
        return z - self.y, np.ones(len(z))


def problem(dataset, inputs):
    """Return the Problem of a data set; its noise is that of least squares."""
    X, y = dataset.X, dataset.y
    if dataset.name == CANCER:
        X = X[:, CANCER_FEATURES]
    if inputs == STANDARD:
        X, y = X - X.mean(axis=0), y if dataset.classifies else y - y.mean()
    X = X / np.sqrt(np.mean(X**2, axis=0))
    if not dataset.classifies:
        y = y / np.std(y - X @ np.linalg.lstsq(X, y)[0])
    return Problem(X, y, BATCH_SIZES[dataset.name])


# Theory


def preconditioner(name, C, N, S):
    """Return H as a matrix (Theorems 1, 2 and 7, Corollary 3)."""
    c = np.diag(C)
    if name == FULL:
        return 2 * S / N * np.linalg.inv(C)
    h = {"scalar": 1 / c.mean(), "diagonal": 1 / c, "sqrt": 1 / np.sqrt(c).mean() / np.sqrt(c)}
    return 2 * S / N * np.eye(len(c)) * h[name]


def stationary(A, C, H, S, discrete=True):
    """Return the stationary covariance of the chain, or of its limit in continuous time."""
    if discrete:
        return solve_discrete_lyapunov(np.eye(len(A)) - H @ A, H @ C @ H / S)
    return solve_continuous_lyapunov(H @ A, H @ C @ H / S)


def forgetting(A, H):
    """Return in how many steps the slowest direction forgets all but 1 / e; inf if it diverges."""
    slowest = np.abs(np.linalg.eigvals(np.eye(len(A)) - H @ A)).max()
    return -1 / math.log(slowest) if slowest < 1 else math.inf


def offset(w, A, H, N, S):
    """Return what the mean of a chain that started at 0 adds to the divergence after PASSES."""
    F = np.linalg.matrix_power(np.eye(len(A)) - H @ A, round(PASSES * N / S))
    return float(N * (F @ w) @ A @ (F @ w)) / 2


def divergence(covariance, precision, distance=0.0):
    """Return KL(N(m + distance, covariance) || N(m, 1 / precision)) in nats."""
    M, distance = precision @ covariance, np.broadcast_to(distance, len(covariance))
    trace = np.trace(M) - len(M) - np.linalg.slogdet(M)[1]
    return float(trace + distance @ precision @ distance) / 2


# Chains


def chain(problem, name, n_draws, n_rest, seed=0, **parameters):
    """Return the iterates (n_draws, n_features), one per pass over the data, after a burn-in.

    Of the classifier's two columns of weights the first is pruned: a softmax of (0, z) is
    logistic regression, with its number of parameters and its prior.
    """
    classes = {"classes": [0, 1]} if problem.classifies else {}
    settings = {"preconditioner": name, "n_draws": n_draws, "random_state": seed}
    model = datasets.estimator_class(problem.classifies)(
        (), **(problem.settings() | settings | parameters)
    )
    model.partial_fit(problem.X, problem.y, n_steps=1, **classes)
    free = np.zeros(model.theta_.shape, bool)
    free[: -model.n_outputs_][model.n_outputs_ - 1 :: model.n_outputs_] = True
    w, _, C = problem.laplace()
    theta, noise = np.zeros(free.shape), np.ones(free.shape)
    theta[free], noise[free] = w, np.diag(C)
    model.theta_, model.noise_variance_ = theta, noise
    model.status_ = np.where(free, 0, PRUNED).astype(np.uint8)
    model.partial_fit(problem.X, problem.y, n_steps=n_rest)
    model.partial_fit(problem.X, problem.y, n_steps=n_draws * problem.steps_apart)
    return model.draws_[:, free]


def measure(dataset, inputs, name, most_steps):
    """Return the row of one chain, or of theory alone."""
    task = problem(dataset, inputs)
    (w, A, C), N, S = task.laplace(), len(task.y), task.batch_size
    H = preconditioner(name, C, N, S)
    steps = forgetting(A, H)
    row = {
        "n_samples": N,
        "n_features": len(w),
        "batch_size": S,
        "published": PUBLISHED.get((dataset.name, name), math.nan),
        "iterates": math.nan,
        "discrete": math.nan,
        "continuous": divergence(stationary(A, C, H, S, discrete=False), N * A),
        "offset": offset(w, A, H, N, S),
        "forgetting": steps,
        "n_steps": 0,
    }
    if steps < math.inf:
        row["discrete"] = divergence(stationary(A, C, H, S), N * A)
    if name != FULL:
        n_steps = min(max(RUN * steps, FEWEST_STEPS), most_steps)
        n_draws = max(int(n_steps / task.steps_apart), len(w) + 1)
        draws = chain(task, name, n_draws, int(min(REST * steps, most_steps)))
        row["iterates"] = divergence(np.cov(draws.T), N * A, draws.mean(axis=0) - w)
        row["n_steps"] = n_draws * task.steps_apart
    return row


def cells(sets, most_steps):
    """Yield a cell for each set, scaling of the inputs and preconditioner."""
    for dataset in sets:
        for inputs in (STANDARD, LENGTH):
            for name in (*NAMES, FULL):
                yield Cell((dataset.name, inputs, name), (dataset, inputs, name, most_steps))


def main(arguments=None):
    """Measure, write, print."""
    parser = command_line.parser(__doc__, "data", "sets", "jobs")
    parser.add_argument("--steps", type=int, default=MOST_STEPS, help="of a chain, at most")
    options = parser.parse_args(arguments)
    sets = command_line.chosen(parser, options, datasets.included(), ("diabetes", CANCER))
    sets = [dataset for dataset in sets if dataset.name in BATCH_SIZES]
    facts = partial(machine, "numpy", "scipy")
    results = Results(options.out / "posterior.csv", COLUMNS, KEY, facts=facts)
    todo = cells(sets, QUICK_STEPS if options.quick else options.steps)
    complete(results, options, measure, todo, posterior_report.markdown)


if __name__ == "__main__":
    sys.exit(main())
