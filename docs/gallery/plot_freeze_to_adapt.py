"""
==========================================
Freeze parameters to adapt to shifted data
==========================================

A scanner has been moved, and its digits are now one pixel further to the
right. A network trained before the move reads only half of them. There are
100 new images, and the old ones are no longer available. How much can the
network learn from the new images, and how much of its old accuracy does it
keep? :meth:`~sksgdprune.PreconditionedMLPClassifier.freeze` stops the
updates of some parameters.
"""

# %%
# Old and new test images are the same ones, apart from the shift.

from copy import deepcopy

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sksgdprune import PreconditionedMLPClassifier

X, y = load_digits(return_X_y=True)
X_moved = np.roll(X.reshape(-1, 8, 8), 1, axis=2).reshape(-1, 64)


def accuracies(clf, test):
    """Return the accuracy on old and on new images."""
    return clf.score(X[test], y[test]), clf.score(X_moved[test], y[test])


# %%
# ``freeze(p)`` freezes the parameters that the new images would move least
# (the default, ``"preconditioned_gradient"``), or random ones. Then
# ``partial_fit`` takes 300 steps. ``average=False`` predicts with the last
# iterate, because the mean of the iterates would include the old data. Two
# other ways are compared: stopping the run early, and training on 100 old
# images as well.

FRACTIONS = [0.25, 0.5, 0.75, 0.9, 0.98]
FEWER_STEPS = [10, 20, 40, 80, 160, 300]


def adapt(
    trained,
    X_few,
    y_few,
    n_steps=300,
    p=0.0,
    method="preconditioned_gradient",
):
    """Return a copy, partly frozen and trained on a few images."""
    clf = deepcopy(trained).set_params(average=False)
    clf.freeze(p, method, X=X_few, y=y_few)
    return clf.partial_fit(X_few, y_few, n_steps=n_steps)


def repeat(seed):
    """Return each way's curve of accuracies on a split of its own."""
    train, test = train_test_split(
        np.arange(len(X)), stratify=y, random_state=seed
    )
    trained = PreconditionedMLPClassifier((32,), random_state=seed).fit(
        X[train], y[train]
    )
    few, kept = train[:100], train[100:200]
    new = X_moved[few], y[few]
    both = (
        np.vstack([X_moved[few], X[kept]]),
        np.concatenate([y[few], y[kept]]),
    )
    curves = {
        "frozen by the default ranking": [
            adapt(trained, *new, p=p) for p in FRACTIONS
        ],
        "frozen at random": [
            adapt(trained, *new, p=p, method="random") for p in FRACTIONS
        ],
        "none frozen, fewer steps": [
            adapt(trained, *new, n_steps=n) for n in FEWER_STEPS
        ],
        "none frozen, 100 old images kept": [adapt(trained, *both)],
        "before": [trained],
    }
    return {
        name: [accuracies(clf, test) for clf in way]
        for name, way in curves.items()
    }


repeats = [repeat(seed) for seed in range(10)]
curves = {
    name: np.mean([one[name] for one in repeats], axis=0)
    for name in repeats[0]
}

# %%
# Further right is more accurate on the old images, further up is more
# accurate on the new ones. Percentages are the fraction of frozen
# parameters.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 5.2), layout="constrained")
colours = ["C0", "C1", "C2", "C3", "0.1"]
for (name, points), marker, colour in zip(
    curves.items(), "osdP*", colours, strict=True
):
    size = 13 if len(points) == 1 else 6
    ax.plot(
        *points.T, marker=marker, markersize=size, color=colour, label=name
    )
places = {"xytext": (4, -14)}, {"xytext": (-4, 5), "ha": "right"}
for points, colour, place in zip(
    list(curves.values())[:2], colours, places, strict=False
):
    for p, point in zip(FRACTIONS, points, strict=True):
        ax.annotate(
            f"{p:.0%}",
            point,
            **place,
            textcoords="offset points",
            color=colour,
        )
ax.set(
    xlabel="accuracy on old images",
    ylabel="accuracy on new images",
    title="Freezing keeps accuracy\non the old images",
    ylim=(0.15, 0.95),
)
ax.legend(loc="lower left")
ax.grid(alpha=0.3)
plt.show()

# %%
# Training on the new images alone reduces the accuracy on the old ones
# from 0.98 to less than 0.60. Stopping early gains little: after ten steps
# it is below 0.70. Freezing does better. With three quarters of the
# parameters frozen at random the network learns as much as with none
# frozen, and keeps an accuracy of more than 0.85 on the old images. The
# default ranking is better where 90 % or more are frozen, and worse where
# less is.
#
# If old images are available, keep some: training on 100 of them together
# with the new ones does better still. Freeze when none are available.
