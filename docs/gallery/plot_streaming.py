"""
======================================================
A stream that changes, and a network pruned on the way
======================================================

Data that never end are learnt with ``partial_fit``, chunk by chunk, and the network can be pruned
meanwhile. What happens when the world changes?
"""

# %%
# Twelve clouds of points in twenty dimensions belong to four classes, three clouds each. Chunk by
# chunk 200 points arrive. Halfway through, six of the clouds move elsewhere.

import numpy as np

N_CHUNKS, CHANGE = 160, 80


def stream():
    """Yield chunks of 200 points and their classes."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(12, 20))
    for k in range(N_CHUNKS):
        if k == CHANGE:
            centres[:6] = rng.normal(size=(6, 20))
        cloud = rng.integers(12, size=200)
        yield centres[cloud] + rng.normal(size=(200, 20)), cloud % 4


# %%
# Each chunk is a test first and training data afterwards. The pruned network loses the weights of
# least w²C, ``method="noise"``: the estimate C of the gradients' noise is kept in any case, so that
# no data are needed. From the 20th to the 60th chunk p grows to 80 %. As the mean of the iterates
# would remember what was true before the change, ``average=False`` predicts from the last one.


def follow(clf, prune_to=0.0):
    """Return the accuracy on each chunk before it was learnt."""
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
ax.text(CHANGE - 2, 0.6, "half of the\nclouds move", ha="right")
ax.set(
    xlabel="chunks of 200 points seen",
    ylabel="accuracy on the next chunk",
    title="Learnt in a few chunks, and relearnt as fast",
)
ax.legend(loc="lower right")
ax.grid(alpha=0.3)
plt.show()

# %%
# The preconditioned steps are large where gradients are quiet, so that a hundred steps suffice to
# learn, and to learn anew. A rate that does not fall helps: scikit-learn's ``MLPClassifier`` comes
# back too (its Adam has a constant rate as well), but needs more chunks each time. A linear model
# cannot separate classes of three clouds.
#
# Pruning has a price here: the network with a fifth of its weights falls deeper and does not quite
# come up to the dense one again, since weights that the new clouds would need are gone for good.
# Where the world may change, prune less, or begin anew after a change.
