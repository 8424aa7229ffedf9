"""Folds of samples, each of which is left out once."""

import numpy as np

from sksgdprune._data.sampling import Data


def folds(data, n_folds, by_weight=True):
    """Yield pairs of Data: all samples but a fold's, and the fold's; see `shares`."""
    for outside, inside in shares(data, n_folds, by_weight):
        yield weighted(data, outside), weighted(data, inside)


def shares(data, n_folds, by_weight=True):
    """Yield pairs of weights of the rows, (n_rows,): what is outside of a fold, and inside.

    Samples are dealt to the folds in turn, by their targets first, so that all folds have the same
    share of each class. A row of weight 3 is three samples; the order is one of content, not of
    place, and equal rows go to folds in turn, too.

    Parameters
    ----------
    data : Data
        The samples.
    n_folds : int
        How many folds.
    by_weight : bool, default=True
        Whether a weight says how many samples a row is, as it does in minibatches: weights of a
        small sum are scaled. Else each row is one.
    """
    weights = np.ones(len(data.Y)) if data.weights is None else data.weights
    unit, counts = weights, np.ones(len(weights))  # what a sample weighs, and how many a row is
    if by_weight:
        unit = weights.sum() / data.size
        counts = weights / unit
    order = data.target_order()
    ends = np.zeros(len(counts))
    ends[order] = np.cumsum(counts[order])
    for fold in range(n_folds):
        inside = _dealt(ends, fold, n_folds) - _dealt(ends - counts, fold, n_folds)
        inside = np.clip(np.round(inside, 9), 0, counts)
        yield unit * (counts - inside), unit * inside


def _dealt(x, fold, n_folds):
    """Return how much of the interval from 0 to x goes to a fold, unit by unit in turn."""
    rounds, rest = np.divmod(x, n_folds)
    return rounds + np.clip(rest - fold, 0, 1)


def weighted(data, weights):
    """Return the rows that have a weight, with these weights where the data have any."""
    rows = np.flatnonzero(weights)
    if data.weights is None:
        return data.take(rows)
    return Data(data.X[rows], data.Y[rows], weights[rows])
