"""Picture of what posterior samples are for: docs/uncertainty.png.

python -m benchmarks.uncertainty.picture [--out FILE]
"""

import numpy as np
from sklearn.datasets import make_friedman1

from benchmarks._common import figures
from benchmarks._common.command_line import DOCS, picture_file
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
    ax.plot(grid[:, 0], model.predict(grid), color="C0", label="predicted mean")
    ax.plot(X[:, 0], y, ".", color="0.2", markersize=3, label="training rows")
    ax.set(xlabel="x", ylabel="y", title="Fit of 200 rows, none from −0.5 to 1")
    figures.light_grid(ax)
    figures.legend_below(ax, 2)


def draw_coverage(ax):
    """Draw the coverage of intervals on unseen rows."""
    X, y = make_friedman1(3_000, noise=1.0, random_state=0)
    model = PreconditionedMLPRegressor(n_draws=100, random_state=0).fit(X[:1_000], y[:1_000])
    CoverageDisplay.from_estimator(model, X[1_000:], y[1_000:], name="friedman1", ax=ax)
    ax.set_title("Intervals on 2,000 unseen rows")
    ax.legend(loc="lower right")
    figures.light_grid(ax)


@figures.styled
def main(arguments=None):
    """Train, draw, save."""
    path = picture_file(__doc__, DOCS / "uncertainty.png", arguments)
    figure, (top, bottom) = figures.stacked(2, 3.8)
    draw_bands(top)
    draw_coverage(bottom)
    figures.save(figure, path)


if __name__ == "__main__":
    main()
