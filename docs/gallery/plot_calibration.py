"""
=====================================
Check the calibration of a classifier
=====================================

A network that is trained until it fits its data is overconfident: its
probabilities are too close to 0 and 1. This example compares four ways to
get probabilities, by their accuracy, their log-loss and their calibration.
"""

# %%
# The data have two classes. A fifth of the labels are random, so that the
# best possible probability is 90 %. There are 1,000 training rows and
# 5,000 test rows.

from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from sksgdprune import PreconditionedMLPClassifier

X, y = make_classification(
    6_000,
    n_informative=5,
    n_clusters_per_class=3,
    flip_y=0.2,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=1_000, random_state=0
)

# %%
# scikit-learn's ``MLPClassifier`` has little regularisation by default.
# The package's default chooses the strength of its prior on rows that are
# held out, and predicts with one network, the mean of the iterates.
# ``n_draws=100`` averages the probabilities of 100 posterior samples, and
# calibrates them on a tenth of the rows. ``CalibratedClassifierCV`` trains
# five networks, each on four fifths of the rows, and calibrates each on
# the remaining fifth.

network = PreconditionedMLPClassifier(random_state=0)
classifiers = {
    "MLPClassifier": MLPClassifier(max_iter=1_000, random_state=0),
    "default": network,
    "n_draws=100": PreconditionedMLPClassifier(
        n_draws=100, random_state=0
    ),
    "CalibratedClassifierCV": CalibratedClassifierCV(network, cv=5),
}
for name, classifier in classifiers.items():
    classifier.fit(X_train, y_train)
    loss = log_loss(y_test, classifier.predict_proba(X_test))
    accuracy = classifier.score(X_test, y_test)
    print(f"{name:23} accuracy {accuracy:.3f}, log-loss {loss:.3f}")

# %%
# scikit-learn's display sorts the predictions into ten bins and shows how
# often the class was 1 in each. Calibrated probabilities lie on the
# diagonal.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 5), layout="constrained")
for (name, classifier), marker in zip(
    classifiers.items(), "dso^", strict=True
):
    CalibrationDisplay.from_estimator(
        classifier,
        X_test,
        y_test,
        n_bins=10,
        strategy="quantile",
        name=name,
        marker=marker,
        ax=ax,
    )
ax.set(
    xlabel="predicted probability of class 1",
    ylabel="fraction of class 1",
    title="The defaults are calibrated,\nMLPClassifier is overconfident",
)
ax.grid(alpha=0.3)
plt.show()

# %%
# ``MLPClassifier`` is overconfident: where it predicts nearly 0 or 100 %,
# it is often wrong. The other three are close to the diagonal. The default
# costs one training run, and here posterior samples do not improve its
# probabilities. The five calibrated networks have the lowest log-loss, as
# they are averaged, and cost five training runs.
