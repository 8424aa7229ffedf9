"""
===============================
Export a pruned network to ONNX
===============================

ONNX is a file format that runtimes for many languages and devices read.
ONNX files hold dense matrices. Pruned weights are zeros in them and save
nothing, but pruned hidden units make the matrices smaller.
"""

# %%
# ``structure="unit"`` prunes whole hidden units.
# :meth:`~sksgdprune.PreconditionedMLPClassifier.compact` makes the smaller
# dense network. :meth:`~sksgdprune.PreconditionedMLPClassifier.to_sklearn`
# returns an ``MLPClassifier`` with the same predictions, which skl2onnx
# can convert.

import numpy as np
from onnxruntime import InferenceSession
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep

X, y = load_digits(return_X_y=True)
X = X.astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# The loop prunes 100 hidden units to fewer and fewer. Each network is
# converted to ONNX, and ONNX Runtime predicts the test images. Its
# probabilities differ from the estimator's by the rounding of single
# precision.

n_units, n_bytes, accuracy, difference = [], [], [], []
for p in (0, 0.5, 0.75, 0.85, 0.9, 0.95):
    sweep = SparsitySweep(
        PreconditionedMLPClassifier(),
        p=p,
        structure="unit",
        warmup_steps=200,  # a quarter of the default in all
        finetune_steps=3_000,
        random_state=0,
    ).fit(X_train, y_train)
    clf = sweep.best_estimator_.compact()
    model = to_onnx(
        clf.to_sklearn(), X[:1], options={"zipmap": False}
    ).SerializeToString()
    session = InferenceSession(model, providers=["CPUExecutionProvider"])
    labels, probabilities = session.run(None, {"X": X_test})
    n_units.append(len(clf.intercepts_[0]))
    n_bytes.append(len(model))
    accuracy.append(np.mean(labels == y_test))
    difference.append(
        np.abs(probabilities - clf.predict_proba(X_test)).max()
    )
print(f"largest difference of a probability: {max(difference):.1e}")

# %%
# The figure shows the accuracy of ONNX Runtime's predictions against the
# size of the file. The numbers are hidden units.

import matplotlib.pyplot as plt

kilobytes = np.array(n_bytes) / 1_000
figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
ax.plot(kilobytes, accuracy, "o-")
for place, units in zip(
    zip(kilobytes, accuracy, strict=True), n_units, strict=True
):
    ax.annotate(str(units), place, (7, -12), textcoords="offset points")
ax.set(
    xlabel="size of the ONNX file (kB)",
    ylabel="test accuracy in ONNX Runtime",
    title="A fifth of the size,\nnearly the same accuracy",
    xscale="log",
)
ax.set_xticks([3, 5, 10, 20, 30], [3, 5, 10, 20, 30])
ax.minorticks_off()
ax.margins(x=0.1, y=0.1)
ax.grid(alpha=0.3)
plt.show()

# %%
# Without ``compact`` all six files would be as large as the largest. If
# you prune single weights, use ``sparsify`` in Python, or ``to_c``.
