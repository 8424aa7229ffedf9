"""
====================================
How much of a digits network can go?
====================================

How many weights does a small network need to read handwritten digits, and how much depends on the
way in which they are chosen? :class:`~sksgdprune.SparsitySweep` trains, prunes and trains on, at
many fractions p. Here it does so in four ways.
"""

# %%
# The data are 1,797 pictures of 8 × 8 pixels. The network has 32 hidden units and 2,368 weights.

from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from sksgdprune import (
    PreconditionedMLPClassifier,
    SparsitySweep,
    SparsitySweepDisplay,
)

X, y = load_digits(return_X_y=True)
network = PreconditionedMLPClassifier((32,), batch_size=32)

# %%
# The default makes sixty small cuts, each time of the weights without which the loss would grow
# least (``method="fisher"``), and trains in between. Each of the other three differs from it in one
# thing. All of them get 200 steps before the first cut and 2,000 from then on, a sixth of what they
# would take by themselves.

ways = {
    "default": {},
    "by magnitude": {"method": "magnitude"},
    "in one cut": {"schedule": "one_shot"},
    "at random": {"method": "random"},
}
p = [0, 0.5, 0.8, 0.9, 0.95, 0.98]
splits = StratifiedKFold(3, shuffle=True, random_state=0)
steps = {"warmup_steps": 200, "finetune_steps": 2_000}
results = {
    name: SparsitySweep(
        network,
        p=p,
        cv=splits,
        refit=False,
        random_state=0,
        **steps,
        **way,
    )
    .fit(X, y)
    .cv_results_
    for name, way in ways.items()
}

# %%
# All four start from the same networks and see the same minibatches, so that their curves can be
# compared point by point. The horizontal axis counts what is left, biases included, on a
# logarithmic scale: that is where something happens. Bands are one standard deviation over the
# three splits.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
display = SparsitySweepDisplay.from_cv_results(
    results, score_name="test accuracy"
)
display.plot(ax=ax, x="remaining")
ax.set_title(
    "Small cuts keep digits readable\n(mean ± one standard deviation)"
)
ax.grid(alpha=0.3)
plt.show()

# %%
# Half of the weights are not missed, however they are chosen. From there on two things count: that
# the weights are ranked at all, and that they go in small cuts, so that what is left can make up
# for them. By which of the two scores they are ranked matters far less.

import pandas as pd

table = pd.DataFrame(
    {name: result["mean_test_score"] for name, result in results.items()}
)
table.set_axis([f"{fraction:.0%}" for fraction in p]).rename_axis(
    "pruned"
).round(3)
