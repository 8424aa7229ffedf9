"""Encodings: how a network's inputs are made of the features."""

from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array, dia_array, issparse

from sksgdprune._data.moments import Moments, Standardization
from sksgdprune._kernels.types import Encoding

STANDARD, PIECEWISE = "standard", "piecewise"

# Inputs are the features as they are.
AS_IS = Encoding(
    mean=np.empty(0),
    scale=np.empty(0),
    source=np.empty(0, np.int64),
    first=np.empty(0, np.int64),
    low=np.empty(0),
    high=np.empty(0),
)

# The shares of the rows that lie below the ends of a feature's pieces.
SHARES = np.linspace(0, 1, 6)
# A column of two values has a mean square about its mean of (high - mean) (mean - low), and no
# other has (Bhatia & Davis 2000); up to rounding.
ROUNDING = 1e-6


def kind_of(encoding):
    """Return the name of an encoding, or None where inputs are the features as they are."""
    if encoding.source.size:
        return PIECEWISE
    return STANDARD if encoding.mean.size else None


def sources(encoding, n_inputs):
    """Return the feature of each input."""
    return encoding.source if encoding.source.size else np.arange(n_inputs)


def by_feature(join, values, encoding):
    """Return values of the inputs, (n_inputs, …), joined by a ufunc to one for each feature."""
    first = encoding.first
    return join.reduceat(values, first[:-1], axis=0) if first.size else values


def standard(moments):
    """Return the encoding of features by their Moments: (feature - mean) / scale.

    The scale is the standard deviation. With a rare value it would be almost 0, and the input of
    that value very large. So a column of two values has half their distance, as if both were
    equally frequent (Gelman 2008 leaves such columns unscaled for the same reason), and one that is
    mostly 0 at least half the root of the mean square of the rest, which is the same for 0 and 1.
    """
    _, mean, variance, low, high, filled = moments
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        product = (high - mean) * (mean - low)
        two = np.abs(product - variance) <= ROUNDING * product
        rest = np.sqrt((variance + mean**2) / filled)
        least = np.where(two, (high - low) / 2, np.where(filled < 0.5, rest / 2, 0.0))
    found = moments.standardization(np.where(np.isfinite(least), least, 0.0))
    return AS_IS._replace(mean=found.mean, scale=found.scale)


def refreshed(encoding, moments, features):
    """Return an encoding with mean and scale of some features anew, (n_features,) bool.

    Those of pieces stay.
    """
    new, source = standard(moments), sources(encoding, len(encoding.mean))
    anew = features[source] & _is_whole(encoding)
    return encoding._replace(
        mean=np.where(anew, new.mean[source], encoding.mean),
        scale=np.where(anew, new.scale[source], encoding.scale),
    )


def far(encoding, moments):
    """Return which features, by their Moments, make inputs far beyond a scale of 1."""
    of_inputs = Moments(
        moments.count, *(m[sources(encoding, len(encoding.mean))] for m in moments[1:])
    )
    found = of_inputs.far_from(Standardization(encoding.mean, encoding.scale))
    return by_feature(np.logical_or, found & _is_whole(encoding), encoding)


def _is_whole(encoding):
    """Return whether each input is a whole feature, without ends."""
    return np.isinf(encoding.low) if encoding.low.size else np.full(len(encoding.mean), True)


def piecewise(X, weights, moments):
    """Return the encoding that has an input for each feature and one for each of its pieces.

    A piece is what lies of the feature between two quantiles, clip(feature, low, high),
    standardized; all pieces of a feature together have the variance of one input. What the first
    layer makes of them is piecewise linear in the feature and constant beyond its range (Gorishniy,
    Rubachev & Babenko 2022, piecewise linear encoding). The feature itself, within fences, lets a
    prior draw what is nearly linear to what is. Columns of two values, or with too few for two
    pieces, remain one input, as the standard encoding has them.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Rows whose quantiles are the ends of the pieces.
    weights : ndarray of shape (n_samples,) or None
        Of the rows.
    moments : Moments
        Of the rows.
    """
    ranges = [_ranges(column, weights) for column in _columns(X)]
    n_inputs, (low, high) = [len(each) for each in ranges], np.concatenate(ranges).T
    source, first = np.repeat(np.arange(len(ranges)), n_inputs), np.cumsum([0, *n_inputs])
    parts = AS_IS._replace(source=source, first=first, low=low, high=high)
    found = Moments.of(X, weights, lambda rows: encoded(rows, parts)).standardization()
    n_pieces = np.repeat(np.maximum(n_inputs, 2) - 1, n_inputs)
    is_piece = np.arange(len(source)) > first[source]
    scale = np.where(is_piece, found.scale * np.sqrt(n_pieces), found.scale)
    as_it_is, alone = standard(moments), np.isinf(low)
    both = Standardization(
        np.where(alone, as_it_is.mean[source], found.mean),
        np.where(alone, as_it_is.scale[source], scale),
    ).rounded()
    return parts._replace(mean=both.mean, scale=both.scale)


def _columns(X):
    """Yield the columns of an array or a CSR matrix as arrays."""
    if not issparse(X):
        yield from X.T
        return
    X = X.tocsc()
    for j in range(X.shape[1]):
        yield X[:, [j]].toarray().ravel()


def _ranges(column, weights):
    """Return low and high of each input of a feature, (n_inputs, 2): within fences, and by pieces.

    Fences are 1.5 interquartile ranges from the quartiles (Tukey 1977).
    """
    quantiles = _quantiles(column, weights, [*SHARES, 0.25, 0.75])
    knots, (lower, upper) = np.unique(quantiles[:-2]), quantiles[-2:]
    if len(knots) < 3:
        return np.array([[-np.inf, np.inf]])
    reach = 1.5 * (upper - lower) or np.inf
    fences = max(lower - reach, knots[0]), min(upper + reach, knots[-1])
    return np.array([fences, *pairwise(knots)])


def _quantiles(column, weights, shares):
    """Return values of a column below which, or at which, there are such shares of the rows."""
    weights = np.ones(len(column)) if weights is None else weights
    order = np.argsort(column, kind="stable")
    reached = np.cumsum(weights[order])
    where = np.searchsorted(reached, np.multiply(shares, reached[-1])).clip(max=len(column) - 1)
    return column[order[where]].astype(float)


def encoded(X, encoding):
    """Return the inputs of some rows, (n_rows, n_inputs), as the kernels make them."""
    X = X.toarray() if issparse(X) else X
    encoding = encoding.astype(X.dtype)
    if encoding.low.size:
        X = np.clip(X[:, encoding.source], encoding.low, encoding.high)
    return (X - encoding.mean) / encoding.scale if encoding.mean.size else X


def centred(X, offset):
    """Return some rows, an array or a CSR matrix, with an offset subtracted from each column."""
    if not issparse(X):
        return X - offset
    columns = np.flatnonzero(offset)
    rest = X @ dia_array(((offset == 0).astype(X.dtype)[np.newaxis], [0]), shape=(X.shape[1],) * 2)
    part = X[:, columns].toarray() - offset[columns]
    starts = np.arange(0, part.size + 1, len(columns))
    return rest + csr_array((part.ravel(), np.tile(columns, len(part)), starts), X.shape)
