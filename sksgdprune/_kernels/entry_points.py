"""The functions that Python calls: the only ones whose compiled form numba keeps on disk.

numba's cache does not see a change of a callee in another file, but it does hash what a cached
function closes over. So each entry point closes over a stamp, the hash of the kernels' sources.
The cache's index names the classes of `types` and is read before the stamp is: where a record there
is renamed, an old index cannot be read. Its file is named by a function's line, so move the lines.
"""

import hashlib
from pathlib import Path

from numba import njit

from sksgdprune._kernels import evaluate, loop
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


def _entry_points(stamp):
    """Return the entry points; `_ = stamp` is what makes them close over it."""

    @_cached
    def train(samples, network, lists, window, steps, hyper, scratch):
        """Take minibatch steps; see `loop.take_steps`."""
        _ = stamp
        return loop.take_steps(samples, network, lists, window, steps, hyper, scratch)

    @_cached
    def losses_and_outputs(samples, shape, theta, activation, objective, scratch, losses, output):
        """Return nothing; see `evaluate.losses_and_outputs`."""
        _ = stamp
        evaluate.losses_and_outputs(
            samples, shape, theta, activation, objective, scratch, losses, output
        )

    @_cached
    def add_gradients(samples, shape, theta, activation, objective, scratch, weights, sums):
        """Return nothing; see `evaluate.add_gradients`."""
        _ = stamp
        evaluate.add_gradients(samples, shape, theta, activation, objective, scratch, weights, sums)

    @_cached
    def predict(samples, shape, theta, lists, scratch, activation, output):
        """Return nothing; see `evaluate.predict`."""
        _ = stamp
        evaluate.predict(samples, shape, theta, lists, scratch, activation, output)

    return train, losses_and_outputs, add_gradients, predict


train, losses_and_outputs, add_gradients, predict = _entry_points(source_stamp())
