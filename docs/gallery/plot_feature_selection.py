r"""
===================================
Feature selection by pruning inputs
===================================

With ``structure="input"`` whole inputs are pruned. Is that a good way to select features? Here the
truth is known: of 30 features only the first five enter into the target,

.. math:: y = 10 \sin(\pi x_0 x_1) + 20 (x_2 - 0.5)^2 + 10 x_3 + 5 x_4 + \text{noise}.
"""

# %%
# The usual first step is to look at each feature on its own. ``SelectKBest`` does, by the
# correlation with the target, and will have its trouble with :math:`x_2`: its parabola is not
# correlated with anything.

import numpy as np
from sklearn.datasets import make_friedman1
from sklearn.feature_selection import SelectFromModel, SelectKBest, f_regression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sksgdprune import PreconditionedMLPRegressor, SparsitySweep

X, y = make_friedman1(1_000, n_features=30, noise=1.0, random_state=0)
n_features = np.array([30, 20, 14, 10, 8, 6, 5, 4, 3])

# %%
# Pruning takes inputs away bit by bit while the network is trained, those first whose weights
# matter least to the loss. In both cases the network makes the same number of steps, half of the
# default.

steps = {"warmup_steps": 400, "finetune_steps": 6_000, "random_state": 0}
network = PreconditionedMLPRegressor((32,))
pruned = SparsitySweep(
    network, p=1 - n_features / 30, structure="input", cv=3, refit=False, **steps
).fit(X, y)
by_pruning = pruned.cv_results_["mean_test_score"]

dense = SparsitySweep(network, p=0, **steps)
by_correlation = [
    cross_val_score(make_pipeline(SelectKBest(f_regression, k=k), dense), X, y, cv=3).mean()
    for k in n_features
]

# %%
# Fewer features predict much better than all of them, since the network no longer fits chance with
# the 25 that mean nothing.

import matplotlib.pyplot as plt

plt.style.use("seaborn-v0_8-colorblind")
figure, ax = plt.subplots(figsize=(5.2, 4), layout="constrained")
ax.plot(n_features, by_pruning, "o-", label="pruned while training")
ax.plot(n_features, by_correlation, "s--", label="by correlation, before")
ax.axvline(5, color="0.4", linestyle=":", label="five enter into y")
ax.set(
    xlabel="features kept, of 30",
    ylabel="test R², mean of 3 splits",
    title="Fewer features predict better,\nif they are the right ones",
    xscale="log",
)
ax.set_xticks(n_features, n_features)
ax.minorticks_off()
ax.invert_xaxis()
ax.legend()
ax.grid(alpha=0.3)
plt.show()

# %%
# For other models ``SelectFromModel`` takes the selection over. Asked for five:

sweep = SparsitySweep(network, p=25 / 30, structure="input", **steps)
selector = SelectFromModel(sweep, importance_getter="features_used_", threshold=0.5).fit(X, y)
print("by pruning:    ", selector.get_support(indices=True))
print("by correlation:", SelectKBest(f_regression, k=5).fit(X, y).get_support(indices=True))

# %%
# The five that matter are found together, as the network sees what they do in company. That is no
# law: with fewer rows, or fewer steps, a network may lose one of them, most easily :math:`x_4`,
# which counts least. How many to keep ``SparsitySweep`` can choose by cross-validation, with
# ``refit="one_se"``.
