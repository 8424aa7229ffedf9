"""Running moments of X and y, and their standardization.

Steps depend on the scale of inputs and targets: H ∝ 1 / C has the inverse square of the targets'
scale, the gradient the scale itself, and a start that suits inputs of scale 1 suits no other. So
both are standardized by the first rows: all rows of `fit`, and in `partial_fit` those of the first
calls.
"""

from functools import reduce
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.sparsefuncs import mean_variance_axis, min_max_axis

# Rows after which the standardization no longer changes: the mean and the deviation of so many are
# within some percent.
SETTLED = 1000
# Rows whose moments are taken at once.
BLOCK_ROWS = 2**14

# Binary digits of a scale, and of a mean divided by it.
BITS = 20


class Standardization(NamedTuple):
    """Mean and scale of columns; standardized they are (column - mean) / scale."""

    mean: np.ndarray  # (n_columns,)
    scale: np.ndarray

    def rounded(self):
        """Return them with a few digits.

        So the way the rows come (in which order, repeated or weighted, dense or CSR), which shows
        in the last digits of sums, does not show in the training.
        """
        digits, exponent = np.frexp(self.scale)
        scale = np.ldexp(np.rint(digits * 2**BITS), exponent - BITS)
        return Standardization(np.rint(self.mean / scale * 2**BITS) * (scale / 2**BITS), scale)


class Moments(NamedTuple):
    """How many rows there are, and of each column mean, variance, extremes, and what is not 0."""

    count: float
    mean: np.ndarray  # float64 (n_columns,), as the others
    variance: np.ndarray
    low: np.ndarray
    high: np.ndarray
    filled: np.ndarray  # the fraction of the rows that are not 0

    @classmethod
    def of(cls, rows, weights=None, change=lambda block: block):
        """Return the moments of an array or a CSR matrix (n_rows, n_columns), block by block.

        Of what `change` makes of each block, that is.
        """
        firsts = range(0, rows.shape[0], BLOCK_ROWS)
        blocks = (slice(first, first + BLOCK_ROWS) for first in firsts)
        parts = (
            cls._of_block(change(rows[block]), None if weights is None else weights[block])
            for block in blocks
        )
        return reduce(cls.joined, parts)

    @classmethod
    def _of_block(cls, rows, weights):
        count = float(rows.shape[0] if weights is None else weights.sum())
        rows = rows.astype(np.float64, copy=False)  # sums in float32 would lose digits
        each = np.ones(rows.shape[0]) if weights is None else weights
        filled = each @ (rows != 0) / count
        with np.errstate(over="ignore", invalid="ignore"):
            if issparse(rows):
                both = mean_variance_axis(rows, axis=0, weights=weights)
                return cls(count, *both, *min_max_axis(rows, axis=0), filled)
            mean = np.average(rows, axis=0, weights=weights)
            variance = np.average((rows - mean) ** 2, axis=0, weights=weights)
            return cls(count, mean, variance, rows.min(axis=0), rows.max(axis=0), filled)

    def joined(self, other):
        """Return the moments of these rows and others (Chan, Golub & LeVeque 1983)."""
        count = self.count + other.count
        share, apart = other.count / count, other.mean - self.mean
        with np.errstate(over="ignore", invalid="ignore"):
            mean = self.mean + share * apart
            variance = self.variance + share * (
                other.variance - self.variance + (1 - share) * apart**2
            )
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        filled = (self.count * self.filled + other.count * other.filled) / count
        return Moments(count, mean, variance, low, high, filled)

    def same(self, other):
        """Return whether these are, to the last bit, the moments of `other`."""
        return self.count == other.count and all(
            np.array_equal(mine, theirs) for mine, theirs in zip(self[1:], other[1:], strict=True)
        )

    def standardization(self, least=0.0):
        """Return mean and deviation; a column that is constant, or overflows, has a scale of 1.

        A variance that the rounding of sums alone can make (Chan, Golub & LeVeque 1983) is none.

        Parameters
        ----------
        least : ndarray of shape (n_columns,) or float, default=0.0
            What the scale of columns that vary is at least.
        """
        deviation = np.maximum(np.sqrt(self.variance), least)
        rounding = self.count * np.finfo(np.float64).eps
        with np.errstate(over="ignore", invalid="ignore"):
            varies = self.variance > rounding * self.variance + (rounding * self.mean) ** 2
        usable = np.isfinite(self.mean) & np.isfinite(deviation)
        scale = np.where(varies & usable, deviation, 1.0)
        return Standardization(np.where(usable, self.mean, 0.0), scale).rounded()


class RunningMoments(NamedTuple):
    """Moments of X and y over all rows so far, and over those of the last call."""

    X: Moments
    y: Moments | None
    last: tuple
    settled: bool  # whether the standardization stays as it is

    @classmethod
    def first(cls, X, y, weights):
        """Return the moments of the first rows; `y` is None where it has no scale."""
        moments = Moments.of(X, weights), None if y is None else Moments.of(y, weights)
        return cls(*moments, moments, moments[0].count >= SETTLED)

    def joined(self, other):
        """Return the moments of all rows; those of the last call once more are nothing new."""
        if self.last[0].same(other.X) and (other.y is None or self.last[1].same(other.y)):
            return self
        X, y = self.X.joined(other.X), None if other.y is None else self.y.joined(other.y)
        return RunningMoments(X, y, (other.X, other.y), self.settled or X.count >= SETTLED)
