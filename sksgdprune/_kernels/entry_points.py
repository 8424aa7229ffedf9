"""The functions that Python calls: the only ones whose compiled form numba keeps on disk.

numba's cache does not see a change of a callee in another file, but it does hash what a cached
function closes over. So each door closes over a stamp, the hash of the kernels' sources.
"""

import hashlib
from pathlib import Path

from numba import njit

from sksgdprune._kernels import evaluate as queries
from sksgdprune._kernels import loop
from sksgdprune._kernels.types import OPTIONS


def source_stamp():
    """Return a hash of the kernels' sources."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _cached(function):
    """Compile `function` when it is called, and keep that on disk where there is a place."""
    try:
        return njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # numba finds no folder it may write to
        return njit(**OPTIONS)(function)


def _doors(stamp):
    """Return the doors; `_ = stamp` is what makes them close over it."""

    @_cached
    def train(samples, network, lists, tail, steps, hyper, scratch):
        """Take minibatch steps; see `loop.take_steps`."""
        _ = stamp
        return loop.take_steps(samples, network, lists, tail, steps, hyper, scratch)

    @_cached
    def losses_and_outputs(samples, shape, theta, hyper, scratch, losses, output):
        """Return nothing; see `queries.losses_and_outputs`."""
        _ = stamp
        queries.losses_and_outputs(samples, shape, theta, hyper, scratch, losses, output)

    @_cached
    def add_gradients(samples, shape, theta, hyper, scratch, weights, sums):
        """Return nothing; see `queries.add_gradients`."""
        _ = stamp
        queries.add_gradients(samples, shape, theta, hyper, scratch, weights, sums)

    @_cached
    def predict(samples, shape, theta, lists, scratch, activation, output):
        """Return nothing; see `queries.predict`."""
        _ = stamp
        queries.predict(samples, shape, theta, lists, scratch, activation, output)

    return train, losses_and_outputs, add_gradients, predict


train, losses_and_outputs, add_gradients, predict = _doors(source_stamp())
