"""The functions that Python calls: the only ones whose compiled form numba keeps on disk.

numba's cache does not see a change of a callee in another file. But it names its files by the
function's qualified name: so that holds a hash of the kernels' sources. Any edit begins new files,
and those of other sources, whose index may name classes that are gone, are never read.
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


STAMP = source_stamp()[:16]


def _cached(function):
    """Compile `function` when it is called, and keep that on disk where there is a place."""
    function.__qualname__ = f"{function.__name__}_{STAMP}"
    try:
        return njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # numba finds no folder it may write to
        return njit(**OPTIONS)(function)


@_cached
def train(samples, network, lists, window, steps, hyper, scratch):
    """Take minibatch steps; see `loop.take_steps`."""
    return loop.take_steps(samples, network, lists, window, steps, hyper, scratch)


@_cached
def losses_and_outputs(samples, shape, theta, activation, objective, scratch, losses, output):
    """Return nothing; see `evaluate.losses_and_outputs`."""
    evaluate.losses_and_outputs(
        samples, shape, theta, activation, objective, scratch, losses, output
    )


@_cached
def add_gradients(samples, shape, theta, activation, objective, scratch, weights, sums):
    """Return nothing; see `evaluate.add_gradients`."""
    evaluate.add_gradients(samples, shape, theta, activation, objective, scratch, weights, sums)


@_cached
def predict(samples, shape, theta, lists, scratch, activation, output):
    """Return nothing; see `evaluate.predict`."""
    evaluate.predict(samples, shape, theta, lists, scratch, activation, output)
