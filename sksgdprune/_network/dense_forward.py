"""Dense prediction: the last layer's values by NumPy's products, block by block of rows."""

import numpy as np
from scipy.sparse import issparse

from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._utils.threads import in_parts

# Rows that go through at once: few enough to stay in the second cache of a core, or enough for
# products in BLAS's own threads.
BLOCK_ROWS, LARGE_BLOCK_ROWS = 1024, 4096
# Rows and multiply-adds from which on our own threads win: they wait for each other once, BLAS's in
# every product. Starting them takes a millisecond, and BLAS's go on spinning for some: with 4,096
# rows of wide layers ours took 1.5 times as long, with 200,000 rows 0.6 to 1.1 times.
MANY_ROWS, WORTH_THREADS = 2**14, 2**27


def dense_output(X, coefs, intercepts, activation, encode=None):
    """Return the last layer's values for the rows of X, before the output activation.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Input rows; they go through the network in blocks, many in as many threads as BLAS has.
    coefs, intercepts : lists of ndarray
        Weights (fan_in, fan_out) and biases (fan_out,) of each layer.
    activation : key of `ACTIVATIONS`
        Activation of the hidden layers.
    encode : callable, default=None
        Makes inputs of a block of rows; None where they are the features.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
    """
    n, dtype = X.shape[0], np.result_type(X.dtype, coefs[0].dtype)
    Z = np.empty((n, len(intercepts[-1])), dtype)

    several = n >= MANY_ROWS and n * sum(W.size for W in coefs) >= WORTH_THREADS

    def fill(start, stop):
        size = min(stop - start, BLOCK_ROWS if several else LARGE_BLOCK_ROWS)
        # One for all blocks: new arrays are new pages of memory, half the time of a small network.
        hidden = [np.empty((size, len(b)), dtype) for b in intercepts[:-1]]
        for first in range(start, stop, size):
            rows = slice(first, min(first + size, stop))
            values = [A[: rows.stop - first] for A in hidden]
            inputs = X[rows] if encode is None else encode(X[rows])
            _forward(inputs, coefs, intercepts, activation, [*values, Z[rows]])

    if several:
        in_parts(fill, n)
    else:
        fill(0, n)
    return Z


def _forward(A, coefs, intercepts, activation, outputs):
    """Take the rows A through the network, writing each layer's values into its `outputs`."""
    for W, b, Z in zip(coefs, intercepts, outputs, strict=True):
        if issparse(A):
            Z[:] = A @ W
        else:
            np.matmul(A, W, out=Z)
        Z += b
        if Z is not outputs[-1]:
            ACTIVATIONS[activation].in_place(Z)
        A = Z
