"""The functions that Python calls: the only ones whose compiled form numba keeps on disk.

numba's cache does not see a change of a callee in another file, but it does hash what a cached
function closes over. So each door closes over a stamp, the hash of the kernels' sources.
"""

import hashlib
from pathlib import Path

from numba import njit

from sksgdprune._kernels import loop, queries
from sksgdprune._kernels.records import OPTIONS


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
    def train(samples, network, lists, steps, hyper, scratch):
        """Take minibatch steps in place, until done or until something stops being finite.

        A step draws nothing: rows come from `steps`. With κ_t = min(1, kappa / t), C is updated
        first and θ steps with the new C, both at FREE parameters only; then t grows by 1 (Mandt
        et al. 2017, Corollary 3 and Eq. 21). The traces in the rates of SCALAR and SQRT
        (Theorems 1 and 7) are those of the C before the update, so that one pass over it does.

        Parameters
        ----------
        samples : Samples
            Data; all float arrays have one dtype, float64 or float32, and C order. Y holds
            one-hot rows for the softmax objectives, 0 or 1 for the logistic one.
        network : Network
            Its state is changed in place, where its status is FREE.
        lists : Lists or None
            From `plan`; its working state is changed too, see `write_back`.
        steps : Steps
            The rows; its losses are filled with each minibatch's mean loss before its step,
            penalty included.
        hyper : Hyper
            Scalars of the training.
        scratch : Scratch
            Work space of as many columns as `columns` says.

        Returns
        -------
        int
            The number of steps after which the state and the losses so far were finite. Where
            it is less than n_steps, the state is no longer to be used.
        """
        _ = stamp
        return loop.take_steps(samples, network, lists, steps, hyper, scratch)

    @_cached
    def losses_and_outputs(samples, shape, theta, hyper, scratch, output):
        """Fill `scratch.losses`, penalty left out, and the last layer's values.

        Parameters
        ----------
        samples, hyper
            As for `train`.
        shape, theta : Shape, ndarray of shape (n_parameters,)
            The network.
        scratch : Scratch
            Its rows are the samples; a column each.
        output : ndarray of shape (n_rows, n_outputs)
            Filled; may have fewer rows than `scratch` has columns.
        """
        _ = stamp
        queries.losses_and_outputs(samples, shape, theta, hyper, scratch, output)

    @_cached
    def add_gradients(samples, shape, theta, hyper, scratch, weights, sums):
        """Add the weighted sums of the per-sample gradients and of their squares.

        Parameters
        ----------
        samples, shape, theta, hyper
            As for `losses_and_outputs`; the penalty is left out.
        scratch : Scratch
            Its rows are the samples; a column each.
        weights : ndarray of shape (n_rows,)
            Theirs, in θ's dtype.
        sums : ndarray of shape (2, n_parameters)
            Of g and of g²; added to in place.
        """
        _ = stamp
        queries.add_gradients(samples, shape, theta, hyper, scratch, weights, sums)

    @_cached
    def predict(samples, shape, theta, lists, scratch, activation, output):
        """Fill `output` (n_samples, n_outputs) with the last layer's values for all samples.

        Parameters
        ----------
        samples, shape, theta
            As for `losses_and_outputs`; Y is not read.
        lists : Lists or None
            As for `train`.
        scratch : Scratch
            So many samples go through at once as it has columns.
        activation : int
            Code of the hidden layers' activation.
        output : ndarray of shape (n_samples, n_outputs)
            Filled.
        """
        _ = stamp
        queries.predict(samples, shape, theta, lists, scratch, activation, output)

    return train, losses_and_outputs, add_gradients, predict


train, losses_and_outputs, add_gradients, predict = _doors(source_stamp())
