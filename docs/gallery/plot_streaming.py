"""
====================================
Train and prune on a changing stream
====================================

``partial_fit`` learns from data that arrive in chunks, and the network can
be pruned in between. This example shows what happens when the distribution
of the data changes.
"""

# %%
# The data are 12 clusters in 20 dimensions, three for each of four
# classes. Each chunk has 200 points. After half of the chunks, six of the
# clusters move.

import numpy as np

N_CHUNKS, CHANGE = 160, 80


def stream():
    """Yield chunks of 200 points and their classes."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(12, 20))
    for k in range(N_CHUNKS):
        if k == CHANGE:
            centres[:6] = rng.normal(size=(6, 20))
        cluster = rng.integers(12, size=200)
        yield centres[cluster] + rng.normal(size=(200, 20)), cluster % 4


# %%
# Each chunk is first used for testing, then for training. The pruned
# network loses the weights with the least w²C (``method="noise"``), where
# C is the estimated noise of the gradients. This score needs no data. From
# chunk 20 to chunk 60 p grows to 80 %. ``average=False`` predicts with the
# last iterate, because the mean of the iterates would include data from
# before the change.


def follow(clf, prune_to=0.0):
    """Return the accuracy on each chunk before training on it."""
    accuracies = []
    for k, (X, y) in enumerate(stream()):
        accuracies.append(clf.score(X, y) if k else np.nan)
        clf.partial_fit(
            X, y, classes=range(4)
        ) if k == 0 else clf.partial_fit(X, y)
        if prune_to and 20 <= k <= 60:
            clf.prune(1 - (1 - prune_to) ** ((k - 19) / 41), "noise")
    return np.array(accuracies)


from sklearn.base import clone
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier

from sksgdprune import PreconditionedMLPClassifier

network = PreconditionedMLPClassifier((64,), average=False, random_state=0)
accuracy = {
    "dense": follow(clone(network)),
    "80 % pruned from chunk 60 on": follow(clone(network), prune_to=0.8),
    "MLPClassifier": follow(
        MLPClassifier((64,), batch_size=64, random_state=0)
    ),
    "SGDClassifier (linear)": follow(SGDClassifier(random_state=0)),
}

# %%
# Each point is the mean over five chunks.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 4.4), layout="constrained")
for (name, values), marker in zip(accuracy.items(), "osdv", strict=True):
    places = np.arange(2.5, N_CHUNKS, 5)
    ax.plot(
        places,
        np.nanmean(values.reshape(-1, 5), axis=1),
        marker=marker,
        markersize=4,
        label=name,
    )
ax.axvline(CHANGE, color="0.4", linestyle=":")
ax.text(CHANGE - 2, 0.6, "half of the\nclusters move", ha="right")
ax.set(
    xlabel="chunks of 200 points",
    ylabel="accuracy on the next chunk",
    title="Learned in a few chunks,\nand again after the change",
)
ax.legend(loc="lower right")
ax.grid(alpha=0.3)
plt.show()

# %%
# The preconditioner makes large steps where gradients have little noise,
# so a hundred steps are enough to learn, and to learn again after the
# change. The constant learning rate helps. scikit-learn's
# ``MLPClassifier`` (Adam with a constant rate) recovers as well, but needs
# more chunks each time. A linear model cannot separate classes of three
# clusters.
#
# Pruning has a cost here: the network with a fifth of its weights loses
# more accuracy at the change and does not fully reach the dense one
# afterwards, because pruned weights do not return. Where the distribution
# may change, prune less, or start a new fit after a change.
