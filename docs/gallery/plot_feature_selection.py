"""
=================================
Select features by pruning inputs
=================================

``structure="input"`` prunes whole inputs. The remaining inputs are
selected features. They are selected together, so a feature that repeats
another one is not kept.
"""

# %%
# The features are the 64 pixels of handwritten digits. A common method
# looks at each feature alone: ``SelectKBest`` keeps the pixels with the
# largest F statistic between the digits. Pruning removes pixels gradually
# during training, first those whose removal increases the loss least. In
# both cases the network takes the same number of steps, a quarter of the
# default.

import numpy as np
from sklearn.datasets import load_digits
from sklearn.feature_selection import (
    SelectFromModel,
    SelectKBest,
    VarianceThreshold,
    f_classif,
)
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep

X, y = load_digits(return_X_y=True)
network = PreconditionedMLPClassifier((32,))
steps = {"warmup_steps": 200, "finetune_steps": 3_000, "random_state": 0}
splits = StratifiedKFold(3, shuffle=True, random_state=0)
n_pixels = np.array([48, 32, 24, 16, 12, 8, 6])

sweep = SparsitySweep(
    network,
    p=1 - n_pixels / 64,
    structure="input",
    cv=splits,
    refit=False,
    **steps,
).fit(X, y)
pruned = sweep.cv_results_["mean_test_score"]

# %%
# Pixels that are white in all images have no F statistic, and are removed
# before.


def by_f_test(k):
    """Return a selector of the k pixels with the largest F."""
    return make_pipeline(VarianceThreshold(), SelectKBest(f_classif, k=k))


dense = SparsitySweep(network, p=0, **steps)
tested = [
    cross_val_score(
        make_pipeline(by_f_test(k), dense), X, y, cv=splits
    ).mean()
    for k in n_pixels
]

# %%
import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
ax.plot(n_pixels, pruned, "o-", label="pruned during training")
ax.plot(n_pixels, tested, "s--", label="F-test before training")
ax.set(
    xlabel="pixels kept, of 64",
    ylabel="test accuracy, mean of 3 splits",
    title="Pruning keeps more accuracy\nthan an F-test",
    xscale="log",
)
ax.set_xticks(n_pixels, n_pixels)
ax.minorticks_off()
ax.invert_xaxis()
ax.legend()
ax.grid(alpha=0.3)
plt.show()

# %%
# The fewer pixels are kept, the more it matters which. For other models
# and for Pipelines, ``SelectFromModel`` keeps the selected features;
# ``features_used_`` says which inputs the network reads. These are the 16
# pixels that each method selects:

sixteen = SparsitySweep(network, p=48 / 64, structure="input", **steps)
used = "best_estimator_.features_used_"
selector = SelectFromModel(
    sixteen, importance_getter=used, threshold=0.5
).fit(X, y)
f_test = by_f_test(16).fit(X, y)
kept_by_test = f_test[0].get_support(indices=True)[f_test[1].get_support()]
choices = {
    "pruned during training": selector.get_support(indices=True),
    "F-test before training": kept_by_test,
}

figure, axes = plt.subplots(
    1, 2, figsize=(5, 3.6), layout="constrained", sharey=True
)
for ax, (name, chosen) in zip(axes, choices.items(), strict=True):
    image = ax.imshow(
        X.std(axis=0).reshape(8, 8), cmap="Greys", vmin=0, vmax=8
    )
    ax.scatter(chosen % 8, chosen // 8, marker="s", s=60, color="#D55E00")
    ax.set(xticks=[], yticks=[], xlabel=name)
figure.colorbar(
    image,
    ax=axes,
    location="bottom",
    aspect=40,
    label="standard deviation of the brightness",
)
figure.suptitle("The 16 pixels that each method keeps")
plt.show()
