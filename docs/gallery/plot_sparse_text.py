"""
======================================
Prune a text classifier to a few words
======================================

Texts become a sparse matrix with a column for each word, which
scikit-learn stores as CSR. The estimators train on CSR directly. Here a
network predicts which module a paragraph of scikit-learn's documentation
belongs to. Pruning keeps the words that it needs for that.
"""

# %%
# The texts come with scikit-learn: they are the paragraphs of the
# docstrings of its functions and classes. Paragraphs that occur in several
# modules are left out.

import inspect
import re

import numpy as np
from sklearn.utils.discovery import all_estimators, all_functions

MODULES = ["cluster", "datasets", "decomposition", "ensemble"]
MODULES += ["linear_model", "metrics", "model_selection", "preprocessing"]
places = {}
for name, described in all_functions() + all_estimators():
    module = described.__module__.split(".")[1]
    docstring = inspect.getdoc(described) or ""
    for paragraph in re.split(
        r"\n\s*\n", docstring.split("Examples\n---")[0]
    ):
        if len(paragraph.split()) >= 12:
            places.setdefault(paragraph, []).append((module, name))
paragraphs = [
    (text, *found[0])
    for text, found in places.items()
    if len({module for module, _ in found}) == 1 and found[0][0] in MODULES
]
texts, modules, names = map(np.array, zip(*paragraphs, strict=True))
print(f"{len(texts):,} paragraphs, such as this one of {modules[0]}:\n")
print(texts[0])

# %%
# The paragraphs of one function or class are either all training rows or
# all test rows. A Pipeline converts texts to tf-idf weights. These have a
# common scale, so ``encoding=None`` uses them unchanged. Three networks
# are trained: with all, a tenth, and a fiftieth of the weights. (They take
# a fifth of the default's steps.)

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep

words = TfidfVectorizer(
    token_pattern="[a-z]{3,}",
    stop_words="english",
    min_df=4,
    sublinear_tf=True,
)
pipeline = make_pipeline(
    words, PreconditionedMLPClassifier((16,), encoding=None)
)
splits = GroupShuffleSplit(1, test_size=0.3, random_state=0)
train, test = next(splits.split(texts, groups=names))
X = words.fit_transform(texts[train])
n_texts, n_words = X.shape
print(f"{n_texts:,} texts, {n_words:,} words")

for p in (0, 0.9, 0.98):
    sweep = SparsitySweep(
        pipeline,
        p=p,
        warmup_steps=200,
        finetune_steps=2_400,
        random_state=0,
    )
    fitted = sweep.fit(texts[train], modules[train]).best_estimator_
    n_weights = sum(np.count_nonzero(W) for W in fitted[-1].coefs_)
    n_read = fitted[-1].features_used_.sum()
    score = fitted.score(texts[test], modules[test])
    print(
        f"{n_weights:6,} weights, {n_read:5,} words, accuracy {score:.2f}"
    )

# %%
# Which words does the last network read? Each of its words is predicted as
# a text of its own. The figure shows, for each module, the three words
# with the highest probability.

import matplotlib.pyplot as plt

vocabulary = fitted[0].get_feature_names_out()[fitted[-1].features_used_]
probabilities = fitted.predict_proba(vocabulary)
strongest = np.argsort(-probabilities, axis=0)[:3].T.ravel()

figure, ax = plt.subplots(figsize=(5, 6.4), layout="constrained")
image = ax.imshow(
    probabilities[strongest], cmap="Blues", vmin=0, vmax=1, aspect="auto"
)
ax.set_yticks(range(len(strongest)), vocabulary[strongest])
ax.set_xticks(
    range(len(MODULES)), fitted.classes_, rotation=40, ha="right"
)
ax.set_title("Predicted module of single words")
figure.colorbar(
    image, location="bottom", aspect=40, label="probability of the module"
)
plt.show()

# %%
# Most of these words are typical of their module.
