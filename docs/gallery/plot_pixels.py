"""
=======================================
Which pixels does a small network read?
=======================================

A dense network reads every pixel a little, and its weights tell nothing to the eye. What is left
when only 5 % of them may stay can be looked at, one by one.
"""

# %%
# ``SparsitySweep`` with a single p is an estimator: it trains, prunes in sixty small cuts, and
# trains on. A dense network beside it says what that costs.

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
print(
    f"accuracy: dense {dense.score(X_test, y_test):.3f}, 5 % {sparse.score(X_test, y_test):.3f}"
)

# %%
# The table counts what is left of each layer. Biases are not pruned unless ``include_biases=True``.

network = sparse.best_estimator_
print(network.sparsity_report_)

# %%
# :class:`~sksgdprune.NetworkDisplay` draws the whole network: how strongly each pixel is read, then
# the weights of each hidden unit that is in use, over the picture, and what these units say to the
# ten digits.

import matplotlib.pyplot as plt

figure = plt.figure(figsize=(5, 10.5), layout="constrained")
figure.suptitle("Each unit that is left reads a few pixels")
display = NetworkDisplay.from_estimator(
    sparse, input_shape=(8, 8), figure=figure
)

# %%
# Many units are little detectors: a few pixels that should be bright (red) next to a few that
# should be dark (blue), and one or two digits for which that speaks. ``features_used_`` has the
# pixels that are read at all. Crosses mark them on the average pictures of four digits.

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
figure.suptitle(f"{read.sum()} of 64 pixels (crosses) are read")
plt.show()

# %%
# The margins on the left and on the right, which are white in nearly all pictures, are hardly read.
