"""Picture of what posterior samples are for: docs/uncertainty.png.

python -m benchmarks.uncertainty.picture [--out FILE]
"""

import numpy as np
from sklearn.datasets import make_friedman1

from benchmarks._common.command_line import DOCS, picture_file
from benchmarks._common.figures import panels
from sksgdprune import CoverageDisplay, PreconditionedMLPRegressor


def curve():
    """Return points of a curve with a gap, (200, 1), and what is observed there."""
    rng = np.random.default_rng(0)
    x = np.sort(np.concatenate([rng.uniform(-3, -0.5, 110), rng.uniform(1, 3, 90)]))
    return x[:, np.newaxis], np.sin(2 * x) + 0.5 * x + 0.15 * rng.normal(size=x.size)


def draw_bands(ax):
    """Draw a fit of the curve: observations, mean, intervals."""
    X, y = curve()
    # The default penalty makes it nearly straight, and a lower one asks for more steps.
    given = {"activation": "tanh", "alpha": 0.05, "max_steps": 64_000}
    model = PreconditionedMLPRegressor(n_draws=100, random_state=0, **given).fit(X, y)
    grid = np.linspace(-4, 4, 400)[:, np.newaxis]
    for coverage, shade in ((0.9, 0.2), (0.5, 0.35)):
        low, high = model.predict_interval(grid, coverage).T
        label = f"{coverage:.0%} interval"
        ax.fill_between(grid[:, 0], low, high, alpha=shade, color="C0", linewidth=0, label=label)
    ax.plot(grid[:, 0], model.predict(grid), color="C0", label="mean")
    ax.plot(X[:, 0], y, ".", color="0.2", markersize=3, label="observations")
    ax.set(xlabel="x", ylabel="y")
    ax.legend()


def draw_coverage(ax):
    """Draw the coverage of intervals on unseen rows."""
    X, y = make_friedman1(3_000, noise=1.0, random_state=0)
    model = PreconditionedMLPRegressor(n_draws=100, random_state=0).fit(X[:1_000], y[:1_000])
    CoverageDisplay.from_estimator(model, X[1_000:], y[1_000:], name="friedman1", ax=ax)


def main(arguments=None):
    """Train, draw, save."""
    path = picture_file(__doc__, DOCS / "uncertainty.png", arguments)
    figure, ((left, right),) = panels(1, 2, (10, 4.2))
    draw_bands(left)
    draw_coverage(right)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
