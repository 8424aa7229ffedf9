"""The last layer's values by NumPy's products, block by block of rows."""

import numpy as np

from sksgdprune._outputs import ACTIVATIONS

# Rows that go through at once: few enough to stay in the cache, enough for BLAS.
BLOCK_ROWS = 1024


def dense_output(X, coefs, intercepts, activation):
    """Return the last layer's values for the rows of X, before the output activation.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Input rows; they go through the network in blocks.
    coefs, intercepts : lists of ndarray
        Weights (fan_in, fan_out) and biases (fan_out,) of each layer.
    activation : key of `ACTIVATIONS`
        Activation of the hidden layers.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
    """
    Z = np.empty((X.shape[0], len(intercepts[-1])), dtype=np.result_type(X, coefs[0]))
    for first in range(0, X.shape[0], BLOCK_ROWS):
        A = X[first : first + BLOCK_ROWS]
        for layer, (W, b) in enumerate(zip(coefs, intercepts, strict=True), start=1):
            A = A @ W
            A += b
            if layer < len(coefs):
                A = ACTIVATIONS[activation](A)
        Z[first : first + BLOCK_ROWS] = A
    return Z
