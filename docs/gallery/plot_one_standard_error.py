"""
==============================
Choose p by one standard error
==============================

The best mean score of a cross-validation is often not clearly better than
the next ones. The one-standard-error rule (Breiman et al. 1984) takes the
simplest model whose score is within one standard error of the best. For
pruning this is the largest p.
"""

# %%
# The data are 569 tumours, benign or malignant, with 30 measurements each.
# A third of the rows are test rows. The score is the log-loss, which rates
# the predicted probabilities, not only the predicted classes.

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
    warmup_steps=200,  # a quarter of the default in all
    finetune_steps=3_000,
    random_state=0,
).fit(X_train, y_train)

# %%
# The dotted band reaches from the best mean to one standard error below
# it. The star is the sparsest network within the band. These data do not
# distinguish the networks within the band.

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
ax.set_title("The star is the sparsest network\nwithin one standard error")
ax.grid(alpha=0.3)
plt.show()

# %%
# ``best_estimator_`` is trained on all training rows at the chosen p. The
# test rows compare it with a dense network and with the network of the
# best mean.

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
# The test rows do not distinguish these networks either: with another seed
# or split the order changes. The chosen network uses these measurements:

print(*X.columns[sweep.best_estimator_.features_used_], sep="\n")
