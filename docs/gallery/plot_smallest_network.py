"""
===============================================
Find the smallest network within 1 %, as C code
===============================================

How small can a network be that loses at most 0.01 of accuracy?
``refit=within(0.01)`` takes the largest p whose mean test score is at most
0.01 below the best. Then the network is exported to a C file.
"""

# %%
# The data are 1,797 images of 8 × 8 pixels. The network has 32 hidden
# units and 2,368 weights. The images are sorted by writer, so the folds
# are shuffled: training and test rows have the same writers.

from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from sksgdprune import (
    PreconditionedMLPClassifier,
    SparsitySweep,
    SparsitySweepDisplay,
    within,
)

X, y = load_digits(return_X_y=True)
network = PreconditionedMLPClassifier((32,), encoding="standard")
# A sixth of the default in all.
steps = {"warmup_steps": 200, "finetune_steps": 2_000}
sweep = SparsitySweep(
    network,
    p=[0, 0.5, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97],
    cv=StratifiedKFold(5, shuffle=True, random_state=0),
    refit=within(0.01),
    random_state=0,
    **steps,
).fit(X, y)

# %%
# The band reaches from the best mean accuracy to 0.01 below it. The star
# is the smallest network within the band. You choose the tolerance;
# ``refit="one_se"`` takes one standard error instead.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
SparsitySweepDisplay.from_estimator(
    sweep,
    x="n_parameters",
    score_name="test accuracy, mean of 5 splits",
    std_display_style=None,
    one_se=False,
    line_kw={"marker": "o"},
    ax=ax,
)
best = sweep.cv_results_["mean_test_score"].max()
label = "at most 0.01 below the best"
ax.axhspan(best - 0.01, best, color="0.9", zorder=0, label=label)
ax.legend(loc="lower left")
ax.set_title(
    "The star is the smallest network\nthat loses at most 0.01 of accuracy"
)
ax.grid(alpha=0.3)
plt.show()

# %%
# ``best_estimator_`` is trained on all rows at the chosen p. The report
# counts the remaining parameters of each layer. Its last line is the size
# in bytes of the network's smallest form.

small = sweep.best_estimator_
n_weights = sum(int((W != 0).sum()) for W in small.coefs_)
print(f"p = {sweep.best_p_:g}: {n_weights} of 2,368 weights")
print(small.sparsity_report_)

# %%
# :meth:`~sksgdprune.PreconditionedMLPClassifier.to_c` writes one C file.
# It needs a C compiler and no library but C's own. The file begins with a
# description:

code = small.to_c(name="digits")
print(code[: code.index("#include")])

# %%
# The file holds neither pruned weights nor units without a connection. A
# dense network, trained for as many steps, shows how much this saves.
# Weights of 8 bits save more.

dense = SparsitySweep(network, p=0, random_state=0, **steps).fit(X, y)
for name, fitted, dtype in (
    ("dense, float32", dense.best_estimator_, "float32"),
    ("chosen, float32", small, "float32"),
    ("chosen, int8", small, "int8"),
):
    lines = fitted.to_c(dtype=dtype).splitlines()
    size = next(line for line in lines if "Constants take" in line)
    print(f"{name:15}  {size.strip(' *')}")

# %%
# On the device one call predicts the digit of an image:
#
# .. code-block:: c
#
#    #include "digits.c"
#
#    int digit = digits_class(pixels); /* of const float pixels[64] */
