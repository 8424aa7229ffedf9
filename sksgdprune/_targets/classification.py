"""Targets of a classifier: one class per sample, or any number of labels."""

from dataclasses import dataclass

import numpy as np
from scipy.special import entr, log_expit, log_softmax, logit
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, is_multilabel, unique_labels
from sklearn.utils.validation import column_or_1d

from sksgdprune._targets.base import Target
from sksgdprune._targets.predictive import Bernoullis, Categories, log_mean


@dataclass(frozen=True)
class SingleLabel(Target):
    """One class per sample: one-hot rows under a softmax, for two classes and for one too.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    """

    classes: np.ndarray
    losses = "log_loss", "double_softmax"
    out_activation = "softmax"
    name = "one class per sample"

    @classmethod
    def of(cls, y):
        """Return the kind of these labels."""
        return cls(np.unique(column_or_1d(y, warn=True)))

    @property
    def n_outputs(self):
        """Number of output units."""
        return len(self.classes)

    def encode(self, y):
        """Return rows with a True each, (n_samples, n_classes)."""
        check_classification_targets(y)
        if is_multilabel(y):
            raise ValueError(
                f"y has the shape {y.shape}, but fit saw {len(self.classes)} classes, one per "
                "sample."
            )
        y = column_or_1d(y, warn=True)
        unseen = np.setdiff1d(y, self.classes)
        if unseen.size:
            raise ValueError(
                f"y has classes {unseen.tolist()} that are not in classes_ "
                f"{self.classes.tolist()}; those are the classes in the y of fit, or named in "
                "the first partial_fit."
            )
        return y[:, np.newaxis] == self.classes

    def decide(self, Z):
        """Return the most probable class of each row."""
        return self.classes[np.argmax(Z, axis=1)]

    def grade(self, Z, Y, weights):
        """Return the accuracy."""
        return np.average(Z.argmax(axis=1) == Y.argmax(axis=1), weights=weights)

    def constant(self, Y, weights):
        """Return the logarithms of the classes' shares; one without rows has half a row."""
        shares = np.average(Y, axis=0, weights=weights)
        return np.log(np.maximum(shares, 0.5 / len(Y)))

    def against_constant(self, Z, Y, weights):
        """Return a metric's name, its value, and what a constant prediction has at most.

        The accuracy, or where always naming the commonest class is as good, the log-likelihood. So
        too where it is as good within two standard errors and the probabilities are worse than
        equal ones: what is right then is so by chance.
        """
        shares = np.average(Y, axis=0, weights=weights)
        accuracy, most = self.grade(Z, Y, weights), shares.max()
        fit = np.average(log_softmax(Z, axis=1)[Y.astype(bool)], weights=weights)
        error = np.sqrt(most * (1 - most) / len(Y))
        if accuracy > most + 2 * error or (accuracy > most and fit > -np.log(len(shares))):
            return "accuracy", accuracy, most
        return "log-likelihood", fit, -entr(shares).sum()

    def mixture(self, Z, calibration=None):
        """Return what the posterior samples predict together."""
        return Categories(log_softmax(Z, axis=2))

    def pooled(self, Z):
        """Return last-layer values whose probabilities are the samples' mean."""
        return log_mean(log_softmax(Z, axis=2))

    def strata(self, Y):
        """Return each row's class."""
        return self.classes[Y.argmax(axis=1)]

    def weigh(self, y, weights, class_weight, batch_size):
        """Return the rows' weights times those of their classes.

        "balanced" gives the classes that are in y equal sums. The sum is kept, so that a pass over
        the rows takes no longer; but rows that do not fill a minibatch may do so, as the factors
        say, or these would do nothing to rows that come one by one.
        """
        if class_weight is None:
            return weights
        weights = np.ones(len(y)) if weights is None else weights
        y = column_or_1d(y)
        named = np.unique(y) if class_weight == "balanced" else self.classes
        factors = compute_class_weight(class_weight, classes=named, y=y, sample_weight=weights)
        product = weights * factors[np.searchsorted(named, y)]
        if not np.isfinite(product.sum()) or product.min() < 0 or not product.any():
            raise ValueError(
                f"Got class_weight={class_weight!r}; weights must be finite and >= 0, and one "
                "class in y must have one above 0."
            )
        product /= factors[factors > 0].min()
        most = max(weights.sum(), batch_size)
        return product * min(1.0, most / product.sum())

    def check_warm_start(self, y):
        """Refuse a y of fewer or other classes, with which a warm start cannot go on."""
        if is_multilabel(y):
            return  # another kind of targets, which `encode` refuses
        present = unique_labels(y)
        if not np.array_equal(present, self.classes):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes}, `y` has {present}; to start anew "
                "with these set warm_start=False, to go on with some of the previous ones call "
                "partial_fit."
            )


@dataclass(frozen=True)
class Multilabel(Target):
    """Any number of labels per sample: indicator rows, a logistic output for each.

    Parameters
    ----------
    classes : ndarray of shape (n_labels,)
        The columns' numbers, or names.
    """

    classes: np.ndarray
    losses = ("log_loss",)
    out_activation = "logistic"
    name = "multilabel targets"

    @classmethod
    def of(cls, y):
        """Return the kind of this indicator matrix."""
        return cls(np.arange(y.shape[1]))

    @property
    def n_outputs(self):
        """Number of output units."""
        return len(self.classes)

    def encode(self, y):
        """Return y, checked to hold 0 and 1 only."""
        check_classification_targets(y)
        if y.ndim != 2:
            raise ValueError(
                f"y has the shape {y.shape}, but fit saw {len(self.classes)} labels, a column each."
            )
        if len(self.classes) != y.shape[1]:
            raise ValueError(
                f"y has {y.shape[1]} columns for {len(self.classes)} labels: "
                f"{self.classes.tolist()}."
            )
        odd = np.setdiff1d(y, [0, 1])
        if odd.size:
            raise ValueError(
                f"y has the values {odd.tolist()}; multilabel targets hold 0 and 1 only, a column "
                "per label."
            )
        return y

    def decide(self, Z):
        """Return indicators of the labels of probability above 1/2."""
        return (Z > 0).astype(int)

    def grade(self, Z, Y, weights):
        """Return the fraction of rows whose labels are all right."""
        return np.average(((Z > 0) == Y).all(axis=1), weights=weights)

    def constant(self, Y, weights):
        """Return the logits of the labels' shares; what no row has, half a row has."""
        least = 0.5 / len(Y)
        return logit(np.clip(np.average(Y, axis=0, weights=weights), least, 1 - least))

    def against_constant(self, Z, Y, weights):
        """Return a metric's name, its value, and what a constant prediction has at most."""
        shares = np.average(Y, axis=0, weights=weights)
        fit = np.average(log_expit(np.where(Y, Z, -Z)).sum(axis=1), weights=weights)
        return "log-likelihood", fit, -entr([shares, 1 - shares]).sum()

    def mixture(self, Z, calibration=None):
        """Return what the posterior samples predict together."""
        return Bernoullis(Z)

    def pooled(self, Z):
        """Return last-layer values whose probabilities are the samples' mean."""
        return log_mean(log_expit(Z)) - log_mean(log_expit(-Z))

    def weigh(self, y, weights, class_weight, batch_size):
        """Return the rows' weights; refuse class weights."""
        if class_weight is None:
            return weights
        raise ValueError(
            f"Got class_weight={class_weight!r}; it is for one class per sample. Weigh the rows "
            "of multilabel targets by sample_weight."
        )


# All kinds, and the losses among which a classifier chooses.
CLASSIFICATION = SingleLabel, Multilabel
LOSSES = SingleLabel.losses


def classification(y, classes=None):
    """Return the kind of a classifier's targets; `classes` where y may lack some."""
    kind = Multilabel if is_multilabel(y) else SingleLabel
    return kind.of(y) if classes is None else kind(classes)


def named_classes(targets, classes, y):
    """Return the labels that a call of partial_fit names, or None; `targets` are those so far."""
    if classes is not None:
        classes = unique_labels(classes)
    if targets is None:
        if classes is None and not is_multilabel(y):
            raise ValueError("classes must be passed on the first call to partial_fit.")
    elif classes is not None and not np.array_equal(targets.classes, classes):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
            f"{targets.classes!r}"
        )
    return classes
