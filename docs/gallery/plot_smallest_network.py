"""
==============================================
The smallest network within one per cent, as C
==============================================

How small can a network be that loses at most one per cent of accuracy? ``refit=within(0.01)`` takes
the largest p whose mean test score is at most 0.01 below the best. The network that is left then
leaves Python as a file of C.
"""

# %%
# The data are 1,797 pictures of 8 × 8 pixels. The network has 32 hidden units and 2,368 weights.
# The pictures come writer by writer; the folds are shuffled, so that training and test rows have
# the same writers.

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
# The default would take six times as many steps in all.
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
# The band reaches from the best mean accuracy to 0.01 below it, and the star is the smallest
# network inside. The tolerance is a price that you choose; ``refit="one_se"`` goes by what the data
# can distinguish.

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
# ``best_estimator_`` has been trained on all rows at that p. The report counts what is left, layer
# by layer, and ends with the bytes of the form in which the network is smallest.

small = sweep.best_estimator_
n_weights = sum(int((W != 0).sum()) for W in small.coefs_)
print(f"p = {sweep.best_p_:g}: {n_weights} of 2,368 weights")
print(small.sparsity_report_)

# %%
# :meth:`~sksgdprune.PreconditionedMLPClassifier.to_c` writes the network as one file that needs a C
# compiler and nothing else. It begins with what it does and what it takes:

code = small.to_c(name="digits")
print(code[: code.index("#include")])

# %%
# The pruned weights are not in the file, nor are units without a connection. The dense network,
# trained for as many steps, shows how much that saves. Weights of 8 bits save some more.

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
# On the device a picture becomes a digit by one call:
#
# .. code-block:: c
#
#    #include "digits.c"
#
#    int digit = digits_class(pixels); /* of const float pixels[64] */
