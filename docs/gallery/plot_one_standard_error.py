"""
================================
Choosing p by one standard error
================================

The best mean score of a cross-validation is rarely better than its neighbours by more than chance.
A rule that is older than neural networks (Breiman et al. 1984) therefore takes the simplest model
within one standard error of the best. For pruning that is the largest p.
"""

# %%
# The data are 569 tumours, benign or malignant, with 30 measurements each; a third is put aside.
# The score is the log-loss, which sees more than the accuracy: also how sure a prediction was.

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split

from sksgdprune import (
    PreconditionedMLPClassifier,
    SparsitySweep,
    SparsitySweepDisplay,
)

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=1 / 3, random_state=0
)
sweep = SparsitySweep(
    PreconditionedMLPClassifier((32,)),
    p=[0, 0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995],
    cv=StratifiedKFold(5, shuffle=True, random_state=0),
    scoring="neg_log_loss",
    refit="one_se",
    warmup_steps=200,  # the default would take four times as many steps in all
    finetune_steps=3_000,
    random_state=0,
).fit(X_train, y_train)

# %%
# The dotted band reaches from the best mean down to one standard error below it, and the star is
# the sparsest network inside. Whatever lies in the band, these data cannot distinguish from the
# best.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
SparsitySweepDisplay.from_estimator(
    sweep,
    x="n_parameters",
    score_name="minus log-loss, mean of 5 splits",
    std_display_style=None,
    line_kw={"marker": "o"},
    ax=ax,
)
ax.set_title(
    "The star is as good as the best,\nas far as these data can tell"
)
ax.grid(alpha=0.3)
plt.show()

# %%
# ``best_estimator_`` has been trained on all the training rows at that p. Was the choice a good
# one? The rows that were put aside decide, for a dense network, for the best mean, and for the
# choice.

best = sweep.cv_results_["p"][
    sweep.cv_results_["mean_test_score"].argmax()
]
for name, p in {
    "dense": 0.0,
    "best mean": best,
    "one standard error": sweep.best_p_,
}.items():
    chosen = SparsitySweep(
        sweep.estimator,
        p=p,
        warmup_steps=200,
        finetune_steps=3_000,
        random_state=0,
    )
    chosen.fit(X_train, y_train)
    n_left = sum(
        np.count_nonzero(W) for W in chosen.best_estimator_.coefs_
    )
    loss = log_loss(y_test, chosen.predict_proba(X_test))
    print(
        f"{name:18}  p = {p:.2f}  {n_left:5,} weights  log-loss {loss:.3f}"
    )

# %%
# The rows that were put aside cannot distinguish these networks either: with another seed or split
# now one is ahead, now another. These are the measurements that the chosen network still uses:

print(", ".join(X.columns[sweep.best_estimator_.features_used_]))
