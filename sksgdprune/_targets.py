"""What becomes of y: a row of 0 and 1 per sample of a classifier; the classes' weights; checks."""

import numpy as np
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import column_or_1d


def one_hot(y, classes):
    """Return rows that mark each label among `classes`; None takes the labels themselves.

    Returns
    -------
    rows : ndarray of bool of shape (n_samples, n_classes)
        One True per row.
    classes : ndarray of shape (n_classes,)
        The labels of the columns.
    """
    y = column_or_1d(y, warn=True)
    labels = np.unique(y)
    classes = labels if classes is None else classes
    unseen = np.setdiff1d(labels, classes)
    if unseen.size:
        raise ValueError(
            f"y has classes {unseen.tolist()} that are not in classes_ "
            f"{classes.tolist()}; name all classes in the first partial_fit."
        )
    if len(classes) < 2:
        raise ValueError(
            "The number of classes has to be greater than one; "
            f"got {len(classes)} class: {classes.tolist()}, rows of sample_weight 0 left out."
        )
    return y[:, np.newaxis] == classes, classes


def with_class_weight(weights, class_weight, y, classes):
    """Return the rows' weights times those of their classes, the sum being kept.

    "balanced" gives the classes that are in y equal sums.
    """
    weights = np.ones(len(y)) if weights is None else weights
    y = column_or_1d(y)
    named = np.unique(y) if class_weight == "balanced" else classes
    factors = compute_class_weight(class_weight, classes=named, y=y, sample_weight=weights)
    product = weights * factors[np.searchsorted(named, y)]
    if product.min() < 0 or not product.any():
        raise ValueError(
            f"Got class_weight={class_weight!r}; weights must be >= 0, and one class in y must "
            "have one above 0."
        )
    return product * (weights.sum() / product.sum())


def indicator(y, classes):
    """Return y, checked to hold 0 and 1 only, and the labels of its columns."""
    classes = np.arange(y.shape[1]) if classes is None else classes
    if len(classes) != y.shape[1]:
        raise ValueError(
            f"y has {y.shape[1]} columns for {len(classes)} labels: {classes.tolist()}."
        )
    odd = np.setdiff1d(y, [0, 1])
    if odd.size:
        raise ValueError(
            f"y has the values {odd.tolist()}; multilabel targets hold 0 and 1 only, a column "
            "per label."
        )
    return y, classes


def check_counts(y, output_activation):
    """Refuse what the Poisson loss cannot do."""
    if output_activation != "identity":
        raise ValueError(
            f"Got output_activation={output_activation!r} with loss='poisson', whose output is "
            "exponential; leave it at 'identity'."
        )
    if y.min() < 0:
        raise ValueError(f"Got y down to {y.min():.6g}; loss='poisson' needs y >= 0.")


def units(y, weights, *, taken_out):
    """Return what is taken from each target and what then divides it: 0 and 1, or mean and std.

    H ∝ 1 / C has the inverse square of the targets' unit, the gradient the unit itself: a step is
    independent of the unit only where it is `taken_out`. Plain SGD and the ReLU output, the
    notebook's, take targets as they are; so do counts, and targets that are constant.
    """
    mean, scale = np.zeros(y.shape[1]), np.ones(y.shape[1])
    if taken_out:
        mean = np.average(y.astype(np.float64), axis=0, weights=weights)
        deviation = np.sqrt(np.average((y - mean) ** 2, axis=0, weights=weights))
        varies = deviation > 10 * np.finfo(np.float64).eps * np.abs(mean)
        scale[varies] = deviation[varies]
    return mean, scale
