"""
=============================
From a pruned network to ONNX
=============================

Where a network is used there may be no Python. ONNX is a format that runtimes for many languages
and devices read. What has it to do with pruning? Files of ONNX hold dense matrices: zeros in them
save nothing, but whole hidden units that are gone do.
"""

# %%
# ``structure="unit"`` prunes whole hidden units, and
# :meth:`~sksgdprune.PreconditionedMLPClassifier.compact` leaves the smaller dense network.
# :meth:`~sksgdprune.PreconditionedMLPClassifier.to_sklearn` gives the ``MLPClassifier`` that
# predicts the same, and that skl2onnx knows how to write.

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
# Of 100 hidden units fewer and fewer are left. Each network is written to ONNX, read by onnxruntime
# and asked for the test pictures; its probabilities are the estimator's but for the rounding of
# single precision.

n_units, n_bytes, accuracy, difference = [], [], [], []
for p in (0, 0.5, 0.75, 0.85, 0.9, 0.95):
    sweep = SparsitySweep(
        PreconditionedMLPClassifier(),
        p=p,
        structure="unit",
        warmup_steps=200,  # the default would take four times as many steps in all
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
# Accuracy of onnxruntime's predictions, against the size of the file. The numbers count hidden
# units.

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
    ylabel="test accuracy in onnxruntime",
    title="Files of a fifth of the size\nread digits nearly as well",
    xscale="log",
)
ax.set_xticks([3, 5, 10, 20, 30], [3, 5, 10, 20, 30])
ax.minorticks_off()
ax.margins(x=0.1, y=0.1)
ax.grid(alpha=0.3)
plt.show()

# %%
# Without ``compact`` all six files would have the size of the largest. For pruned single weights,
# in place of whole units, ``sparsify`` makes networks in Python small and fast.
