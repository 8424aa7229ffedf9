"""
=========================================
When it says 90 %, how often is it right?
=========================================

A network that has been trained until it fits is surer of itself than it should be. Three ways to
get probabilities, and what they are worth.
"""

# %%
# Two classes, with a fifth of the labels chosen at random, so that nobody can be surer than 90 %.
# There are a thousand rows to learn from, and five thousand to count on.

from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

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
# The default predicts from the mean of its iterates, one network. ``n_draws=100`` averages the
# probabilities of a hundred posterior samples, calibrated on a tenth of the rows. scikit-learn's
# ``CalibratedClassifierCV`` trains five networks on four fifths of the rows each, and corrects each
# by the rest.

network = PreconditionedMLPClassifier(random_state=0)
classifiers = {
    "default": network,
    "n_draws=100": PreconditionedMLPClassifier(
        n_draws=100, random_state=0
    ),
    "CalibratedClassifierCV": CalibratedClassifierCV(network, cv=5),
}
for name, classifier in classifiers.items():
    classifier.fit(X_train, y_train)
    loss = log_loss(y_test, classifier.predict_proba(X_test))
    print(
        f"{name:23} accuracy {classifier.score(X_test, y_test):.3f}, log-loss {loss:.3f}"
    )

# %%
# scikit-learn's display sorts the predictions into ten bins and counts in each how often the class
# was 1. On the diagonal probabilities are what they say.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 5), layout="constrained")
for (name, classifier), marker in zip(
    classifiers.items(), "so^", strict=True
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
    ylabel="how often it was class 1",
    title="Posterior samples are near the diagonal,\none network is not",
)
ax.grid(alpha=0.3)
plt.show()

# %%
# One network says 0 or 100 % where it is right in about 85 of 100 cases. The posterior samples are
# closer to the truth, at the price of one training run and a hundred predictions. Five recalibrated
# networks are closest, with a little too much caution at the ends, at the price of five runs; as
# they are averaged, they are more accurate, too.
