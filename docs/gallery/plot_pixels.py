"""
=======================================
See which pixels a pruned network reads
=======================================

A dense network reads every pixel, and its weights are hard to interpret.
With 5 % of the weights, each remaining weight can be looked at.
"""

# %%
# ``SparsitySweep`` with a single p is an estimator: it trains, prunes in
# 60 small cuts, and fine-tunes. A dense network shows what the pruning
# costs.

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sksgdprune import (
    NetworkDisplay,
    PreconditionedMLPClassifier,
    SparsitySweep,
)

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
dense = PreconditionedMLPClassifier((32,), random_state=0).fit(
    X_train, y_train
)
sparse = SparsitySweep(dense, p=0.95).fit(X_train, y_train)
for name, fitted in {"dense": dense, "5 % of the weights": sparse}.items():
    print(f"{name:18}  accuracy {fitted.score(X_test, y_test):.3f}")

# %%
# The table counts the remaining parameters of each layer. Biases are not
# pruned unless ``include_biases=True``.

network = sparse.best_estimator_
print(network.sparsity_report_)

# %%
# :class:`~sksgdprune.NetworkDisplay` draws the whole network: how strongly
# each pixel is read, the weights of each remaining hidden unit over the
# image, and the weights from these units to the ten digits.

import matplotlib.pyplot as plt

figure = plt.figure(figsize=(5, 10.5), layout="constrained")
figure.suptitle("Each remaining unit reads a few pixels")
display = NetworkDisplay.from_estimator(
    sparse, input_shape=(8, 8), figure=figure
)

# %%
# Many units detect a local pattern: a few pixels that should be bright
# (red) next to a few that should be dark (blue), as evidence for one or
# two digits. ``features_used_`` says which pixels are read. Crosses mark
# them on the mean images of four digits.

# sphinx_gallery_thumbnail_number = 2
import numpy as np

read = network.features_used_.reshape(8, 8)
rows, columns = np.nonzero(read)
figure, axes = plt.subplots(2, 2, figsize=(5, 5.4), layout="constrained")
for digit, ax in zip([0, 1, 3, 6], axes.flat, strict=True):
    mean = X_train[y_train == digit].mean(axis=0).reshape(8, 8)
    image = ax.imshow(mean, cmap="Greys", vmin=0, vmax=16)
    ax.scatter(columns, rows, marker="x", s=28, color="#D55E00")
    ax.set(xticks=[], yticks=[], xlabel=f"mean of the digit {digit}")
figure.colorbar(
    image,
    ax=axes,
    location="bottom",
    aspect=40,
    label="brightness of the pixel",
)
figure.suptitle(f"The network reads {read.sum()} of 64 pixels (crosses)")
plt.show()

# %%
# The left and right margins, which are white in nearly all images, are
# hardly read.
