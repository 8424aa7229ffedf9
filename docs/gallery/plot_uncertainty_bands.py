"""
==================================
Predict intervals with a regressor
==================================

At a constant learning rate the iterates do not converge to a point. Their
spread shows how well the data determine the parameters. ``n_draws=100``
keeps 100 iterates as posterior samples, and
:class:`~sksgdprune.PreconditionedMLPRegressor` predicts intervals with
them.
"""

# %%
# The data are made-up stopping distances: the distance driven during a
# second of reaction, plus the braking distance, which grows with the
# square of the speed. The noise grows with the distance. There are no data
# between 70 and 90 km/h.

import numpy as np

rng = np.random.default_rng(0)


def measure(n):
    """Return speeds (km/h), of shape (n, 1), and distances (m)."""
    speed = rng.uniform(30, 130, n)
    metres = speed / 3.6 + (speed / 3.6) ** 2 / 14
    return speed[:, np.newaxis], metres + (2 + 0.12 * metres) * rng.normal(
        size=n
    )


X, y = measure(1_500)
measured = (X[:, 0] < 70) | (X[:, 0] > 90)
X, y = X[measured], y[measured]
X_test, y_test = measure(1_000)

# %%
# All other parameters have their defaults. A tenth of the rows is left out
# of the first half of the run. These rows calibrate how far the samples
# spread, and whether the noise grows with the prediction.

from sksgdprune import CoverageDisplay, PreconditionedMLPRegressor

reg = PreconditionedMLPRegressor(n_draws=100, random_state=0).fit(X, y)
speeds = np.linspace(30, 130, 201)[:, np.newaxis]

# %%
import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
ax.plot(
    X[::3, 0],
    y[::3],
    ".",
    color="0.25",
    markersize=3,
    label="data (a third of them)",
)
for coverage, shade in ((0.9, 0.25), (0.5, 0.4)):
    low, high = reg.predict_interval(speeds, coverage).T
    band = {
        "alpha": shade,
        "color": "C0",
        "linewidth": 0,
        "label": f"{coverage:.0%} interval",
    }
    ax.fill_between(speeds[:, 0], low, high, **band)
ax.plot(speeds, reg.predict(speeds), color="C0", label="mean")
ax.set(
    xlabel="speed (km/h)",
    ylabel="stopping distance (m)",
    title="The band widens with the speed",
)
ax.legend(loc="upper left")
ax.grid(alpha=0.3)
plt.show()

# %%
# Do the intervals cover as many targets as they should?
# :class:`~sksgdprune.CoverageDisplay` shows it for new data, which include
# speeds between 70 and 90 km/h.

figure, ax = plt.subplots(figsize=(5, 5), layout="constrained")
CoverageDisplay.from_estimator(
    reg,
    X_test,
    y_test,
    coverages=np.linspace(0.1, 0.9, 9),
    name="1,000 new cars",
    ax=ax,
)
ax.set_title("Coverage is close to nominal")
ax.grid(alpha=0.3)
plt.show()

# %%
# On average over all speeds they nearly do. The coverage by speed is:

low, high = reg.predict_interval(X_test, 0.9).T
inside = (low <= y_test) & (y_test <= high)
for slow, fast in ((30, 70), (70, 90), (90, 130)):
    here = (slow <= X_test[:, 0]) & (X_test[:, 0] < fast)
    print(
        f"{slow} to {fast} km/h: 90 % intervals cover "
        f"{inside[here].mean():.0%}"
    )

# %%
# The samples of one run stay near one optimum, so the band is hardly wider
# where there are no data, and its intervals cover less there. Do not rely
# on them far from the data.
