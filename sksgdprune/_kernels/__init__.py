"""Compiled minibatch steps over flat arrays.

Units of all layers lie below each other in one array `activations` (n_units, B), a column per
sample of the minibatch; where the noise is estimated by a probe, that sample fills the columns
from S on, up to a multiple of 4. Behind each layer's units comes one that is always 1: the biases
are its connections, so that the weights and biases into a layer are one matrix
(fan_in + 1, fan_out), as they lie in θ.

A layer of which few connections are left runs over lists of them, with the batch as the inner,
vectorised loop.

types → exponential, views → activations, preconditioner, losses, sparse_lists → layers → update,
averaging → loop → evaluate → entry_points, which alone are called from Python, by compile.call.
With NUMBA_DISABLE_JIT=1 all of it runs as plain Python.
"""
