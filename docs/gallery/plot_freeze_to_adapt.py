"""
===========================================
Freezing to adapt a network to shifted data
===========================================

A scanner has been moved: its digits now sit one pixel further to the right, and a network that was
trained before reads less than half of them. A hundred new pictures are at hand, but the old ones
are gone. How much can the network learn from the new, and how much of the old does it keep?
:meth:`~sksgdprune.PreconditionedMLPClassifier.freeze` stops updating a part of the parameters.
"""

# %%
# Old and new test pictures are the same ones, but for the shift.

from copy import deepcopy

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sksgdprune import PreconditionedMLPClassifier

X, y = load_digits(return_X_y=True)
X_moved = np.roll(X.reshape(-1, 8, 8), 1, axis=2).reshape(-1, 64)


def accuracies(clf, test):
    """Return the accuracy on old and on new pictures."""
    return clf.score(X[test], y[test]), clf.score(X_moved[test], y[test])


# %%
# ``freeze(p)`` stops those parameters that the new pictures would move least (its default,
# ``"preconditioned_gradient"``), or random ones, before 300 steps of ``partial_fit``. As the mean
# of the iterates would go on remembering the old data, ``average`` is set to False. There are two
# other ways to keep what is known, which belong in the comparison: to end the run early, and to
# have kept a hundred old pictures for the purpose.

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
    """Return a copy of `trained`, a part of it frozen and the rest trained on a few pictures."""
    clf = deepcopy(trained).set_params(average=False)
    clf.freeze(p, method, X=X_few, y=y_few)
    return clf.partial_fit(X_few, y_few, n_steps=n_steps)


def repeat(seed):
    """Return a curve of accuracies for each way to adapt, on a split of its own."""
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
        "those that would move least frozen": [
            adapt(trained, *new, p=p) for p in FRACTIONS
        ],
        "random ones frozen": [
            adapt(trained, *new, p=p, method="random") for p in FRACTIONS
        ],
        "none frozen, fewer steps": [
            adapt(trained, *new, n_steps=n) for n in FEWER_STEPS
        ],
        "none frozen, 100 old pictures kept": [adapt(trained, *both)],
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
# The further to the right, the more is kept of the old; the further up, the more is learnt of the
# new. Percentages say how much is frozen.

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
    xlabel="accuracy on pictures as before",
    ylabel="accuracy on moved pictures",
    title="Three quarters frozen at random:\nas much learnt, far less forgotten",
    ylim=(0.15, 0.95),
)
ax.legend(loc="lower left")
ax.grid(alpha=0.3)
plt.show()

# %%
# Training on the moved pictures alone forgets more than half of the digits as they were, and ending
# it early gains little: a third is gone after ten steps. Freezing does better. Which parameters are
# frozen matters, and in a way that may surprise: with three quarters frozen at random the network
# learns no less than with none and keeps most of what it knew, while the ranking by how much they
# would move learns less and keeps less at the same fraction. Only where nearly all is frozen the
# ranking wins.
#
# Where old pictures can be kept, keep some: a hundred of them, trained on together with the new
# ones, do about as well as the best of the freezing. Freezing is for when there are none.
