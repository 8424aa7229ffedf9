"""What becomes of y: kinds of targets, each with the output that predicts it.

A kind is chosen at a fresh start and kept with the network. It knows the output activation, how y
is encoded as an array (n_samples, n_outputs), what is decided from the last layer's values and
how they are graded, the strata of a stratified split, and what the values of several draws,
(n_draws, n_samples, n_outputs), make together.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import entr, log_expit, log_softmax
from sklearn.metrics import r2_score
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, is_multilabel, unique_labels
from sklearn.utils.validation import column_or_1d

from sksgdprune._kernels.types import OBJECTIVES
from sksgdprune._targets.links import OUTPUTS
from sksgdprune._targets.predictive import (
    Bernoullis,
    Categories,
    Noisy,
    Poissons,
    log_mean,
    residual_std,
)


@dataclass(frozen=True)
class Classes:
    """One class per sample: one-hot rows under a softmax, for two classes and for one too.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    """

    classes: np.ndarray
    out_activation = "softmax"
    name = "one class per sample"
    has_dispersion = False

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

    def columns(self, y):
        """Return None: classes have no units."""

    def mixture(self, Z, calibration=None):
        """Return what the draws' values predict together."""
        return Categories(log_softmax(Z, axis=2))

    def pooled(self, Z):
        """Return last-layer values whose probabilities are the draws' mean."""
        return log_mean(log_softmax(Z, axis=2))

    def noise(self, Z, Y, weights):
        """Return None: the probabilities say it all."""

    def decode(self, Y):
        """Return the rows with a True each."""
        return Y

    def strata(self, Y):
        """Return each row's class."""
        return self.classes[Y.argmax(axis=1)]

    def weigh(self, y, weights, class_weight):
        """Return the rows' weights times those of their classes, the sum being kept.

        "balanced" gives the classes that are in y equal sums.
        """
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
        return product * (weights.sum() / product.sum())

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
class Labels:
    """Any number of labels per sample: indicator rows, a logistic output for each.

    Parameters
    ----------
    classes : ndarray of shape (n_labels,)
        The columns' numbers, or names.
    """

    classes: np.ndarray
    out_activation = "logistic"
    name = "multilabel targets"
    has_dispersion = False

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

    def against_constant(self, Z, Y, weights):
        """Return a metric's name, its value, and what a constant prediction has at most."""
        shares = np.average(Y, axis=0, weights=weights)
        fit = np.average(log_expit(np.where(Y, Z, -Z)).sum(axis=1), weights=weights)
        return "log-likelihood", fit, -entr([shares, 1 - shares]).sum()

    def columns(self, y):
        """Return None: labels have no units."""

    def mixture(self, Z, calibration=None):
        """Return what the draws' values predict together."""
        return Bernoullis(Z)

    def pooled(self, Z):
        """Return last-layer values whose probabilities are the draws' mean."""
        return log_mean(log_expit(Z)) - log_mean(log_expit(-Z))

    def noise(self, Z, Y, weights):
        """Return None: the probabilities say it all."""

    def decode(self, Y):
        """Return the indicators."""
        return Y

    def strata(self, Y):
        """Return None: the rows cannot be split by class."""

    def weigh(self, y, weights, class_weight):
        """Refuse class weights."""
        raise ValueError(
            f"Got class_weight={class_weight!r}; it is for one class per sample. Weigh the rows "
            "of multilabel targets by sample_weight."
        )

    def check_warm_start(self, y):
        """Accept any y: a label may be absent."""


@dataclass(frozen=True)
class Reals:
    """Real targets, taken out of their units.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_outputs,)
        Y = (y - mean) / scale.
    out_activation : {"identity", "relu"}
        The output's activation.
    """

    mean: np.ndarray
    scale: np.ndarray
    out_activation: str = "identity"
    name = "real targets"
    has_dispersion = True
    has_noise = True

    @classmethod
    def of(cls, y, out_activation):
        """Return the kind of these targets as they are, with a mean of 0 and a scale of 1."""
        n_outputs = _columns(y).shape[1]
        return cls(np.zeros(n_outputs), np.ones(n_outputs), out_activation)

    def in_units(self, moments):
        """Return the same kind in units that suit targets of these moments."""
        mean, scale = moments.units()
        if self.out_activation == "relu":  # its zero is the targets' own
            mean = np.zeros_like(mean)
        return replace(self, mean=mean, scale=scale)

    def start(self, moments):
        """Return the output biases from which a network in these units starts; None: as drawn.

        A ReLU starts at the targets' mean, or it might be closed for all samples, and for ever.
        """
        if self.out_activation == "relu":
            return moments.mean / self.scale
        return None

    @property
    def n_outputs(self):
        """Number of output units."""
        return len(self.mean)

    def columns(self, y):
        """Return y as numbers, a column per output, for its units."""
        return _columns(y)

    def encode(self, y):
        """Return the targets in units of `scale` from `mean`, (n_samples, n_outputs)."""
        y = _columns(y)
        if y.shape[1] != len(self.mean):
            raise ValueError(f"y has {y.shape[1]} outputs, but fit saw {len(self.mean)}.")
        return (y - self.mean) / self.scale

    def decode(self, Y):
        """Return encoded targets, or outputs, in the targets' units."""
        return Y * self.scale.astype(Y.dtype) + self.mean.astype(Y.dtype)

    def decide(self, Z):
        """Return predictions in the targets' units, one-dimensional where there is one output."""
        prediction = self.decode(OUTPUTS[self.out_activation](Z))
        return prediction.ravel() if prediction.shape[1] == 1 else prediction

    def mixture(self, Z, calibration):
        """Return what the draws' values predict together, in the targets' units."""
        means = self._outputs(Z)
        noise_std = calibration.std_at((means.mean(axis=0) - self.mean) / self.scale)
        return Noisy(means, noise_std, calibration.degrees)

    def pooled(self, Z):
        """Return last-layer values that predict the draws' mean."""
        return OUTPUTS[self.out_activation](Z.copy()).mean(axis=0)

    def noise(self, Z, Y, weights):
        """Return the noise about the draws' outputs, in the targets' units, (n_outputs,)."""
        return residual_std(self._outputs(Z), self.decode(Y), weights)

    def _outputs(self, Z):
        return self.decode(OUTPUTS[self.out_activation](Z.astype(np.float64)))

    def grade(self, Z, Y, weights):
        """Return R², or NaN where the prediction is not finite."""
        prediction = OUTPUTS[self.out_activation](Z)
        if not np.isfinite(prediction).all():
            return np.nan
        return r2_score(Y, prediction, sample_weight=weights)

    def against_constant(self, Z, Y, weights):
        """Return a metric's name, its value, and what a constant prediction has at most."""
        best = 0.0 if np.ptp(Y, axis=0).any() else -np.inf  # the best there is for constant targets
        return "R²", self.grade(Z, Y, weights), best

    def strata(self, Y):
        """Return None: there are no classes."""

    def check_warm_start(self, y):
        """Accept any y."""


class Counts(Reals):
    """Counts and other y >= 0, in units of their mean or as they are; the output exponential."""

    name = "counts"
    has_noise = False

    @classmethod
    def of(cls, y, out_activation):
        """Return the kind of these targets."""
        if out_activation != "identity":
            raise ValueError(
                f"Got output_activation={out_activation!r} with loss='poisson', whose output is "
                "exponential; leave it at 'identity'."
            )
        return super().of(y, "exp")

    def in_units(self, moments):
        """Return the same kind in units of the targets' mean: the rate starts near it."""
        scale = np.where(moments.mean > 0, moments.mean, 1.0)
        return replace(self, scale=scale)

    def mixture(self, Z, calibration=None):
        """Return what the draws' values predict together: counts by the draws' rates."""
        return Poissons(self._outputs(Z))

    def pooled(self, Z):
        """Return last-layer values of which the draws' mean is the exponential."""
        return log_mean(Z)

    def noise(self, Z, Y, weights):
        """Return None: a count's variance is its rate."""

    def encode(self, y):
        """Return the targets, checked to be >= 0."""
        if y.min() < 0:
            raise ValueError(f"Got y down to {y.min():.6g}; loss='poisson' needs y >= 0.")
        return super().encode(y)


# The losses of each estimator; a regressor's with the kind of its targets.
CLASSIFICATION = "log_loss", "double_softmax"
REGRESSION = {"squared_error": Reals, "poisson": Counts}


def classification(y, classes=None):
    """Return the kind of a classifier's targets; `classes` where y may lack some."""
    kind = Labels if is_multilabel(y) else Classes
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


def objective(loss, targets):
    """Return the kernels' code of a loss over these targets; refuse one that is not for them."""
    possible = [name for name, output in OBJECTIVES if output == targets.out_activation]
    if loss not in possible:
        raise ValueError(
            f"Got loss={loss!r}; {targets.name} need {' or '.join(map(repr, possible))}. fit "
            "starts anew with targets of another kind."
        )
    return OBJECTIVES[loss, targets.out_activation]


def _columns(y):
    """Return y as numbers, a column per output."""
    y = y if y.dtype.kind in "fiub" else y.astype(np.float64)
    if y.ndim == 1 or y.shape[1] == 1:
        y = column_or_1d(y, warn=True)[:, np.newaxis]
    return y
