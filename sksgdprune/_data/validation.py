"""Checks of what users pass: arrays, fractions, numbers of steps, flags."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse

from sksgdprune._utils.sklearn_private import Interval


def is_whole(value):
    """Return whether a value is a whole number; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


class Count(Interval):
    """Constraint of a parameter: a whole number from `least` on, no bool."""

    def __init__(self, least=1):
        super().__init__(Integral, least, None, closed="left")

    def is_satisfied_by(self, val):
        """Return whether `val` is one."""
        return is_whole(val) and super().is_satisfied_by(val)


class Explained(Interval):
    """An interval of numbers with a word on what they mean, for those who expect another."""

    def __init__(self, interval, meaning):
        super().__init__(interval.type, interval.left, interval.right, closed=interval.closed)
        self._interval, self._meaning = interval, meaning

    def is_satisfied_by(self, val):
        """Return whether `val` is in the interval."""
        return self._interval.is_satisfied_by(val)

    def __str__(self):
        return f"{self._interval}, {self._meaning}"


POSITIVE = Interval(Real, 0, None, closed="neither")
NON_NEGATIVE = Interval(Real, 0, None, closed="left")
COUNT = Count()


def hidden_sizes(hidden_layer_sizes):
    """Return the hidden layer sizes as a tuple of int, each at least 1."""
    several = isinstance(hidden_layer_sizes, Iterable)
    sizes = tuple(hidden_layer_sizes) if several else (hidden_layer_sizes,)
    if any(not is_whole(n) or n < 1 for n in sizes):
        raise ValueError(
            f"hidden_layer_sizes must be > 0, got {hidden_layer_sizes!r}; "
            "give an int, or a tuple with one positive int per hidden layer."
        )
    return tuple(int(n) for n in sizes)


def well_formed(X):
    """Return X; indices that do not fit a CSR matrix would read and write anywhere."""
    if issparse(X):
        try:
            X.check_format(full_check=True)
        except ValueError as error:
            raise ValueError(f"X is no well-formed CSR matrix: {error}") from error
    return X


def kernel_array(array, dtype=None):
    """Return the array in the kernels' form, C order or canonical CSR; a copy only where it is not.

    Its dtype is kept where none is given.
    """
    if not issparse(array):
        return np.require(array, dtype=dtype, requirements=("C", "A"))
    array = array.astype(dtype, copy=not array.has_canonical_format)
    array.sum_duplicates()
    return array


class _Unprotected(NamedTuple):
    """What NumPy makes a view of; the view keeps it, and so the array."""

    array: np.ndarray

    @property
    def __array_interface__(self):
        interface = dict(self.array.__array_interface__)
        return interface | {"data": (interface["data"][0], False)}


def unprotected(argument):
    """Return an array that kernels only read as one that numba takes for writable.

    A read-only array has a type of its own there, so that each kernel would be compiled once
    more; and a copy of what is mapped from a file into memory may be too large. Of a record,
    the same record of such arrays. Kernels never write into what this returns: for an array of
    a file that would end the process.
    """
    if isinstance(argument, tuple):
        return type(argument)(*map(unprotected, argument))
    if isinstance(argument, np.ndarray) and not argument.flags.writeable:
        return np.asarray(_Unprotected(argument))
    return argument


def fraction(p):
    """Return p as a float in [0, 1]; a narrower float counts as the decimal that it prints."""
    if isinstance(p, bool | np.bool_) or not isinstance(p, Real) or not 0 <= p <= 1:
        raise ValueError(f"Got p={p!r}; p must be a number from 0 to 1, the fraction to cut.")
    narrow = isinstance(p, np.floating) and not isinstance(p, float)
    return float(str(p)) if narrow else float(p)


def step_count(n_steps):
    """Check that `n_steps` is a positive whole number, or None."""
    if n_steps is not None and not (is_whole(n_steps) and n_steps >= 1):
        raise ValueError(f"Got n_steps={n_steps!r}; give a number of steps >= 1, or None.")


def flag(name, value):
    """Return `value` if it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"Got {name}={value!r}; expected True or False.")
    return bool(value)


def one_of(name, value, expected):
    """Check that `value` is among the words that are expected, two at least."""
    if not any(isinstance(value, type(word)) and value == word for word in expected):
        *others, last = map(repr, expected)
        raise ValueError(f"Got {name}={value!r}; expected {', '.join(others)} or {last}.")
