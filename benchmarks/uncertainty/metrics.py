"""Metrics of intervals and of probabilities."""

import numpy as np

N_BINS = 15


def coverage(y, low, high):
    """Return the share of y within [low, high]."""
    return float(np.mean((low <= y) & (y <= high)))


def calibration_gaps(proba, y):
    """Return, for each equal bin of the largest probability, its sum less the number of hits.

    Kept for each split, these gaps also give the calibration error over all splits together.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities.
    y : ndarray of shape (n_samples,)
        Numbers of the columns that are right.

    Returns
    -------
    ndarray of shape (15,)
    """
    largest = proba.max(axis=1)
    hits = proba.argmax(axis=1) == y
    bins = np.clip(np.ceil(largest * N_BINS).astype(int) - 1, 0, N_BINS - 1)
    return np.bincount(bins, weights=largest - hits, minlength=N_BINS)


def calibration_error(gaps, n):
    """Return the expected calibration error of n rows: the bins' mean gap, by their rows."""
    return float(np.abs(gaps).sum() / n)


def rejection_area(uncertainty, hits):
    """Return the accuracy of the k most certain rows, averaged over k from 1 to all.

    Rows of the same uncertainty each count with the accuracy they have together, so that their
    order does not matter.
    """
    levels, place = np.unique(uncertainty, return_inverse=True)
    rows = np.bincount(place, minlength=len(levels))
    right = np.bincount(place, weights=hits, minlength=len(levels))
    kept = np.repeat(right / rows, rows)
    return float(np.mean(np.cumsum(kept) / np.arange(1, len(kept) + 1)))
