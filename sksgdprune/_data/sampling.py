"""Samples as the kernels take them, and the draws of their rows for minibatches and probes."""

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, issparse

from sksgdprune._data.encoding import AS_IS
from sksgdprune._data.moments import blocks, extremes
from sksgdprune._data.validation import unprotected
from sksgdprune._kernels.types import Samples, Sparse
from sksgdprune._utils.lazy import cached_property

# How often a row can count on average: weights beyond that are scaled down, so that an epoch,
# whose length is the sum of the weights, stays a hundred passes over the data at most.
MOST_REPEATS = 100


def content_key(X, Y):
    """Return a number for each row that depends on what is in it, not on where it stands.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Inputs.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets.

    Returns
    -------
    ndarray of float64 of shape (n_samples,)
        A fixed random projection of each row; ties are equal rows.
    """
    rng = np.random.default_rng(0)
    return _projection(X, rng) + _projection(Y, rng)


def _projection(rows, rng):
    """Return a random projection of rows, of which each column lies between -1 and 1.

    As they are, a column of large values would leave no digits of the others.
    """
    low, high = (end.astype(float) for end in extremes(rows))
    centre = np.where((low > 0) | (high < 0), low / 2 + high / 2, 0.0)
    reach = np.maximum(high - centre, centre - low)
    weights = rng.normal(size=len(reach)) / np.where(reach > 0, reach, 1.0)
    if issparse(rows):  # a column with a centre has no entry that is not stored
        values = (rows.data - centre[rows.indices]) * weights[rows.indices]
        return csr_array((values, rows.indices, rows.indptr), rows.shape) @ np.ones(len(reach))
    parts = (rows[block] - centre for block in blocks(rows))
    return np.concatenate([np.einsum("ij,j->i", part, weights) for part in parts])


class Population:
    """Rows to draw from, each as often as its weight says: weight 2 is the row twice.

    Points of the interval from 0 to `size` lie in rows, a row's part being as long as its
    weight. So integer weights give the very draws of the data set with its rows repeated.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    weights : ndarray of float64 of shape (n_rows,), default=None
        Their weights; None means 1 each.
    order : ndarray of int64, default=None
        In which they lie in the interval, or those that do; None means all as they are.

    Attributes
    ----------
    size : int
        Number of samples: the sum of the weights, rounded up. Weights whose sum is
        less than the number of rows that have any, or very much more, are scaled.
    """

    def __init__(self, n_rows, weights=None, order=None):
        self.n_rows, self._ends, self._order = n_rows, None, order
        self.size = n_rows if order is None else len(order)
        if weights is None:
            return
        weights = weights if order is None else weights[order]
        weighted, total = np.flatnonzero(weights), float(weights.sum())
        least = weighted.size
        self.size = int(min(max(math.ceil(round(total, 6)), least), MOST_REPEATS * least))
        self._ends = np.cumsum(weights) * (self.size / total)
        self._ends[weighted[-1] :] = np.inf

    def present(self, rows):
        """Return those of some rows that lie in the interval."""
        if self._order is None:
            return rows[rows < self.n_rows]
        return rows[np.isin(rows, self._order)]

    def rows(self, points):
        """Return the numbers of the rows in which points from 0 to `size` lie."""
        if self._ends is None:
            rows = points.astype(np.int64)
        else:
            rows = np.searchsorted(self._ends, points, side="right")
        return rows if self._order is None else self._order[rows]


class Unfinished(NamedTuple):
    """A permutation of which some rows are left: what makes them again, in place of them."""

    generator: np.random.Generator  # as it was before
    size: int  # of the population that was permuted
    end: int  # points from here on are gone: a population since then was smaller
    n_left: int

    def rows(self, population):
        """Return the rows that are left."""
        points = _permutation(deepcopy(self.generator), self.size)
        left = points[points < self.end][-self.n_left :]
        return population.rows(left[left < population.size])


def _permutation(rng, size):
    """Return points a distance of 1 apart, from a random one in [0, 1), in random order."""
    order, most = rng.permutation(size), 1 - size * np.finfo(float).eps
    return order + min(rng.random(), most)  # a sum that is rounded up to `size` is of no row


@dataclass(init=False, eq=False, repr=False)
class Sampler:
    """Draws the rows of minibatches and probes; equal however the steps are split into calls.

    Copies and pickles hold no row numbers: those left of a permutation are made again, of the
    rows that are there by then.

    Parameters
    ----------
    rng : RandomState
        Seeds the sampler; later draws do not touch it.
    """

    _batch_rng: np.random.Generator
    _probe_rng: np.random.Generator
    _unfinished: Unfinished | None = None
    # The rows left of it while a run goes on, or those of a file of version 0.1.0.
    _rest: np.ndarray | None = None

    def __init__(self, rng):
        seeds = rng.randint(np.iinfo(np.int32).max, size=2)
        self._batch_rng, self._probe_rng = (np.random.default_rng(seed) for seed in seeds)
        self._unfinished = self._rest = None

    def draw(self, population, n_steps, batch_size, sampling):
        """Return row numbers: batch (n_steps, batch_size) and probe (n_steps,).

        With sampling="replacement" rows are drawn independently, with probabilities as their
        weights; with "shuffle" by permutations, in each of which a row comes up as often as its
        weight says: a fraction by chance, so that the mean over many is exact. A permutation
        that does not end with a minibatch is continued in the next one.
        """
        size = population.size
        probe = population.rows(self._probe_rng.random(n_steps) * size)
        if sampling == "replacement":
            points = self._batch_rng.random((n_steps, batch_size)) * size
            return population.rows(points), probe
        return self._shuffled(population, n_steps * batch_size).reshape(n_steps, batch_size), probe

    def _shuffled(self, population, n):
        """Return the next n rows of permutations."""
        size, parts = population.size, [self._left(population)]
        n_missing = n - parts[0].size
        while n_missing > 0:
            if n_missing <= size:  # the last one
                self._unfinished = Unfinished(deepcopy(self._batch_rng), size, size, size)
            parts.append(population.rows(_permutation(self._batch_rng, size)))
            n_missing -= size
        used, rest = np.split(np.concatenate(parts), [n])
        if not rest.size:
            self._unfinished = None
        if self._unfinished is not None:
            end = min(self._unfinished.end, size)
            self._unfinished = self._unfinished._replace(end=end, n_left=rest.size)
        self._rest = rest if rest.size else None
        return used

    def _left(self, population):
        """Return the rows left of a permutation, of those that lie in the population."""
        if self._rest is not None:
            return population.present(self._rest)
        if self._unfinished is not None:
            return self._unfinished.rows(population)
        return np.empty(0, np.int64)

    def __getstate__(self):
        """Leave out the rows that can be made again."""
        state = dict(vars(self))
        if self._unfinished is not None:
            state["_rest"] = None
        return state


def samples(X, Y=None, encoding=AS_IS):
    """Return X, an array or a CSR matrix, its encoding and Y as the kernels take them, to read."""
    Y = np.empty((0, 0), dtype=X.dtype) if Y is None else Y
    encoding = encoding.astype(X.dtype)
    if not issparse(X):
        return unprotected(Samples(X, None, encoding, Y))
    columns, row_starts = (a.astype(np.int64, copy=False) for a in (X.indices, X.indptr))
    sparse = Sparse(X.data, columns, row_starts)
    return unprotected(Samples(np.empty((0, 0), dtype=X.dtype), sparse, encoding, Y))


@dataclass(frozen=True)
class Data:
    """Samples with encoded targets, and their weights or None.

    `counted` is their number, where weights of classes have another sum.
    """

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None = None
    counted: int | None = None

    def samples(self, encoding):
        """Return them for the kernels, with the Encoding of X."""
        return samples(self.X, self.Y, encoding)

    def population(self, sampling, kept=None):
        """Return the rows to draw from; the order of independent draws makes no difference.

        Where `kept` is given, (n_rows,), these are the rows' weights, and rows of 0 are left out.
        """
        order = self._content_order if sampling == "replacement" else None
        if kept is None:
            return Population(len(self.Y), self.weights, order)
        order = np.arange(len(self.Y)) if order is None else order
        weights = None if self.weights is None else kept
        return Population(len(self.Y), weights, order[kept[order] > 0])

    @cached_property
    def _content_key(self):
        return content_key(self.X, self.Y)

    @cached_property
    def _content_order(self):
        return np.argsort(self._content_key, kind="stable")

    def target_order(self):
        """Return the order of the rows by their targets, and by content where these are equal."""
        return np.lexsort((self._content_key, *self.Y.T[::-1]))

    @property
    def size(self):
        """Number of samples: rows, each as often as it weighs, whatever its class."""
        return self.n_drawn if self.counted is None else self.counted

    @property
    def n_drawn(self):
        """How many samples a pass over the rows draws."""
        return Population(len(self.Y), self.weights).size

    def some(self, n):
        """Return the data of n rows at equal distances, or of all where there are no more."""
        if len(self.Y) <= n:
            return self
        return self.take(np.linspace(0, len(self.Y) - 1, n).astype(int))

    def take(self, rows):
        """Return the data of some rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Data(self.X[rows], self.Y[rows], weights)
