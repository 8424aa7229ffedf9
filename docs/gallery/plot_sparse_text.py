"""
==============================
Sparse text, read by few words
==============================

Texts as weights of words make a matrix that is nearly empty, which scikit-learn keeps in the format
CSR. The estimators train on it as it is. Here a network predicts from a paragraph of
scikit-learn's documentation which module it is about, and pruning leaves the words by which that
can be predicted.
"""

# %%
# The texts come with scikit-learn: the docstrings of its functions and classes, cut into
# paragraphs. Paragraphs that stand in several modules are left out.

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
print(
    f"{len(texts):,} paragraphs, such as this one of {modules[0]}:\n\n{texts[0]}"
)

# %%
# The paragraphs of one function or class are either for training or for testing. A Pipeline turns
# texts into tf-idf weights, as CSR; these have one scale already, so ``encoding=None`` takes
# them as they are. Three networks follow: a dense one, one with a tenth of its weights, and one
# with a fiftieth. (They take a fifth of the steps that they would take by themselves.)

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
print(
    f"{X.shape[0]:,} texts by {X.shape[1]:,} words: {X.nnz / X.shape[0]:.0f} words in a text"
)

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
    print(
        f"{n_weights:6,} weights left: {fitted[-1].features_used_.sum():5,} words read, "
        f"accuracy {fitted.score(texts[test], modules[test]):.2f}"
    )

# %%
# What does the last network, with one weight in fifty, read? Each of its words is given to it as a
# text of its own, and for each module the three that speak for it most are shown.

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
ax.set_title("Single words, and what they are taken for")
figure.colorbar(
    image, location="bottom", aspect=40, label="probability of the module"
)
plt.show()

# %%
# Most of these are words that a reader would have named.
