"""Running moments of X and y, and their standardization.

Steps depend on the scale of inputs and targets: H ∝ 1 / C has the inverse square of the targets'
scale, the gradient the scale itself, and a start that suits inputs of scale 1 suits no other. So
both are standardized by the first rows: all rows of `fit`, and in `partial_fit` those of the first
calls.
"""

from functools import reduce
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.utils.sparsefuncs import mean_variance_axis, min_max_axis

# Rows after which the standardization of a column that varies no longer changes: the mean and the
# deviation of so many are within some percent.
SETTLED = 1000
# A root mean square of inputs beyond which a network has not learnt to deal with them.
FAR = 10.0
# Moments that differ by less are those of the same rows in another order.
ALIKE = 1e-9
# Values that are copied at once: 8 MB.
BLOCK_VALUES = 2**20

# Binary digits of a scale, and of a mean divided by it.
BITS = 20


def blocks(rows):
    """Yield slices of an array or a CSR matrix that hold a bounded number of values."""
    n_rows, n_columns = rows.shape
    width = rows.nnz / n_rows if issparse(rows) else n_columns
    size = max(int(BLOCK_VALUES / max(width, 1)), 1)
    for first in range(0, n_rows, size):
        yield slice(first, first + size)


def extremes(rows):
    """Return the least and the largest value of each column of an array or a CSR matrix."""
    if issparse(rows):
        return min_max_axis(rows, axis=0)
    return rows.min(axis=0), rows.max(axis=0)


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
        with np.errstate(over="ignore"):
            steps = self.mean / scale * 2**BITS
        # Beyond 2**53 the mean itself has no finer digits.
        mean = np.where(np.abs(steps) < 2**53, np.rint(steps) * (scale / 2**BITS), self.mean)
        return Standardization(mean, scale)


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
        parts = (
            cls._of_block(change(rows[block]), None if weights is None else weights[block])
            for block in blocks(rows)
        )
        return reduce(cls.joined, parts)

    @classmethod
    def _of_block(cls, rows, weights):
        count = float(rows.shape[0] if weights is None else weights.sum())
        rows = rows.astype(np.float64, copy=False)  # sums in float32 would lose digits
        each = np.ones(rows.shape[0]) if weights is None else weights
        filled = each @ (rows != 0) / count
        low, high = extremes(rows)
        # Means about the end next to 0: what all values share costs no digits of the rest.
        end = np.where(low > 0, low, np.where(high < 0, high, 0.0))
        with np.errstate(over="ignore", invalid="ignore"):
            if issparse(rows):  # a column with such an end has no entry that is not stored
                values = rows.data - end[rows.indices]
                rows = csr_array((values, rows.indices, rows.indptr), rows.shape)
                mean, variance = mean_variance_axis(rows, axis=0, weights=weights)
            else:
                rows = rows - end
                mean = np.average(rows, axis=0, weights=weights)
                variance = np.average((rows - mean) ** 2, axis=0, weights=weights)
            return cls(count, end + mean, variance, low, high, filled)

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

    @property
    def varies(self):
        """Whether each column varies, (n_columns,).

        A variance that the rounding of sums alone can make (Chan, Golub & LeVeque 1983) is none.
        """
        rounding = self.count * np.finfo(np.float64).eps
        with np.errstate(over="ignore", invalid="ignore"):
            return self.variance > rounding * self.variance + (rounding * self.mean) ** 2

    def same(self, other):
        """Return whether these are the moments of `other`, but for the rounding of sums."""
        if not np.isclose(self.count, other.count, ALIKE, 0):
            return False
        if not (np.array_equal(self.low, other.low) and np.array_equal(self.high, other.high)):
            return False
        with np.errstate(over="ignore"):
            spread, size = self.high - self.low, np.maximum(np.abs(self.low), np.abs(self.high))
            near = ALIKE * spread + self.count * np.finfo(np.float64).eps * size
            apart = [np.abs(mine - theirs) for mine, theirs in zip(self, other, strict=True)]
            return bool(
                (apart[1] <= near).all()
                and (apart[2] <= near * (spread + near)).all()
                and (apart[5] <= ALIKE).all()
            )

    def far_from(self, standardization):
        """Return which columns a standardization leaves far beyond a scale of 1, (n_columns,)."""
        mean, scale = standardization
        with np.errstate(over="ignore", invalid="ignore"):
            return np.sqrt(self.variance + (self.mean - mean) ** 2) > FAR * scale

    def standardization(self, least=0.0):
        """Return mean and deviation; a column that is constant has a scale of 1.

        Where they overflow, the middle of the values and their reach stand for them.

        Parameters
        ----------
        least : ndarray of shape (n_columns,) or float, default=0.0
            What the scale of columns that vary is at least.
        """
        deviation, middle = np.maximum(np.sqrt(self.variance), least), self.low / 2 + self.high / 2
        large = ~(np.isfinite(self.mean) & np.isfinite(deviation))
        scale = np.where(self.varies, deviation, 1.0)
        return Standardization(
            np.where(large, middle, self.mean), np.where(large, self.high - middle, scale)
        ).rounded()


class Running(NamedTuple):
    """Moments of an array over all rows so far, and over those of the last call."""

    all: Moments
    last: Moments
    # The samples of each column since it first varied, infinite where its scale is settled.
    varied: np.ndarray

    @classmethod
    def first(cls, rows, weights):
        """Return those of the first rows."""
        moments = Moments.of(rows, weights)
        return cls(moments, moments, moments.count * moments.varies)

    def joined(self, last):
        """Return those of all rows, given the Moments of further ones."""
        moments = self.all.joined(last)
        varied = np.where(moments.varies, self.varied + last.count, 0.0)
        return Running(moments, last, varied)

    @property
    def is_open(self):
        """Whether the scale of each column still changes, (n_columns,)."""
        return self.varied < SETTLED

    def settled(self):
        """Return the same; the scale of what varies no longer changes."""
        return self._replace(varied=np.where(self.varied > 0, np.inf, 0.0))


class RunningMoments(NamedTuple):
    """Running moments of X and of y, or None where y has no scale."""

    X: Running
    y: Running | None

    @classmethod
    def first(cls, X, y, weights):
        """Return those of the first rows."""
        return cls(Running.first(X, weights), None if y is None else Running.first(y, weights))

    def joined(self, X, y, weights):
        """Return those of all rows; those of the last call once more are nothing new.

        That a single row, or equal ones, come again does not mean that they are the same.
        """
        X, y = Moments.of(X, weights), None if y is None else Moments.of(y, weights)
        again = X.varies.any() and self.X.last.same(X)
        if again and (y is None or self.y.last.same(y)):
            return self
        return RunningMoments(self.X.joined(X), None if y is None else self.y.joined(y))

    def settled(self):
        """Return the same; the scales of what varies no longer change."""
        return RunningMoments(self.X.settled(), self.y and self.y.settled())
