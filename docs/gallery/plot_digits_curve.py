"""
======================================
Compare ways to prune a digits network
======================================

How many weights does a small network need to read handwritten digits? And
does it matter how the weights are chosen?
:class:`~sksgdprune.SparsitySweep` trains, prunes and fine-tunes a network
at many fractions p. This example compares four ways to prune.
"""

# %%
# The data are 1,797 images of 8 × 8 pixels. The network has 32 hidden
# units and 2,368 weights. ``encoding="standard"`` gives it the same inputs
# in all splits; the default chooses in each split, and may take more.

from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from sksgdprune import (
    PreconditionedMLPClassifier,
    SparsitySweep,
    SparsitySweepDisplay,
)

X, y = load_digits(return_X_y=True)
network = PreconditionedMLPClassifier(
    (32,), batch_size=32, encoding="standard"
)

# %%
# The default prunes in 60 small cuts and trains in between. Each cut
# removes the weights whose removal increases the loss least
# (``method="fisher"``). Each of the other three ways changes one thing.
# All take 200 steps before the first cut and 2,000 steps from then on, a
# sixth of the default.

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
# All four ways start from the same networks and use the same minibatches,
# so their curves can be compared point by point. The horizontal axis is
# the percentage of the parameters that remain, biases included, on a
# logarithmic scale. Bands are one standard deviation over the three splits.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
display = SparsitySweepDisplay.from_cv_results(
    results, score_name="test accuracy"
)
display.plot(ax=ax, x="remaining")
ax.set_title(
    "Small cuts keep the accuracy\n(mean ± one standard deviation)"
)
ax.grid(alpha=0.3)
plt.show()

# %%
# Half of the weights can be pruned in any way: it costs less than 0.01 of
# accuracy. Beyond that two things matter: the weights must be ranked by a
# score, and pruned in small cuts with training in between. Which of the
# two scores ranks them matters far less.

import pandas as pd

table = pd.DataFrame(
    {name: result["mean_test_score"] for name, result in results.items()}
)
table.set_axis([f"{fraction:.0%}" for fraction in p]).rename_axis(
    "pruned"
).round(3)
