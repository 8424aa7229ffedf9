"""The update of a single parameter, and of all connections into a layer."""

import numpy as np

from sksgdprune._kernels.layers import live_connections
from sksgdprune._kernels.preconditioner import denominator
from sksgdprune._kernels.sparse_lists import LISTED_GRADIENT
from sksgdprune._kernels.types import FREE, jit, jit_inline, jit_sums
from sksgdprune._kernels.views import units, units_and_one

GRADIENT_BLOCK = 32768  # connections whose gradients are stepped while in the second cache


@jit
def _move(i, state, status, g, noise, rates):
    """Move parameter i where it is FREE; return a number that is 0 while all is finite.

    C ← (1 - κ) C + κ noise (Mandt et al. 2017, Eq. 21); θ ← θ - ε H g, with the new C. Where the
    gradient has outgrown C, as in a loss that explodes, `cap` has H take g² in its place.
    """
    w, c = state.theta[i], state.noise_variance[i]
    new_c = c + rates.kappa * (noise - c)
    variance = max(new_c, rates.cap * g * g)
    divisor = denominator(variance, rates.slope, rates.offset, rates.roots)
    new_w = w - rates.rate * g / divisor
    free = status[i] == FREE
    new_w, new_c = new_w if free else w, new_c if free else c
    state.theta[i], state.noise_variance[i] = new_w, new_c
    return (new_w - new_w) + (new_c - new_c)


@jit
def _drop(theta, status, least):
    for i in range(theta.size):
        if status[i] == FREE and abs(theta[i]) < least:
            theta[i] = 0


@jit
def drop_least(network, lists, least):
    """Set FREE parameters to 0 that the penalty has shrunk to almost 0.

    Processors are slow at subnormal numbers, and rounding keeps weights there.
    """
    _drop(network.state.theta, network.status, least)
    if lists is not None:
        _drop(lists.state.theta, lists.status, least)


@jit
def _batch_noise(sums, squares, rates):
    """Turn sums into means g, and sums of squares into the unbiased variance."""
    zero = sums.dtype.type(0)
    for j in range(sums.size):
        spread = squares[j] - rates.centre * rates.per_sample * sums[j] * sums[j]
        squares[j] = max(spread, zero) * rates.per_spread
        sums[j] *= rates.per_sample


@jit
def _add_penalty(g, theta, alpha):
    for j in range(g.size):
        g[j] += alpha * theta[j]


@jit
def _move_all(first, state, status, g, noise, rates):
    """Step the parameters from `first` on; g has the penalty in it."""
    zero, bad = g.dtype.type(0), False
    start = np.uint64(first)  # unsigned, or every index is asked for its sign
    for j in range(g.size):
        bad |= _move(start + np.uint64(j), state, status, g[j], noise[j], rates) != zero
    return not bad


@jit
def _move_rows_by_probe(first, network, sums, a, probe, rates, with_biases):
    """Step rows of connections from `first` on, the noise being (a probe - g)².

    `with_biases`: the last row holds biases, which are not penalised.
    """
    state, status, zero = network.state, network.status, sums.dtype.type(0)
    bad, start = False, np.uint64(first)
    for k in range(sums.shape[0]):
        total = sums[k]
        alpha = zero if with_biases and k == sums.shape[0] - 1 else rates.alpha
        for j in range(total.size):
            i = start + np.uint64(j)
            g = total[j] * rates.per_sample
            distance = a[k] * probe[j] - rates.centre * g
            g += alpha * state.theta[i]
            bad |= _move(i, state, status, g, distance * distance, rates) != zero
        start += np.uint64(total.size)
    return not bad


@jit
def _by_probe(first, network, A, D, T, gradient, rates):
    """Step a layer's connections by the probe, so many rows at once that sums stay near."""
    n_in, n_out = A.shape[0], T.shape[1]
    a, probe = A[:, -1].copy(), D[:, -1].copy()
    finite, n_rows = True, max(1, GRADIENT_BLOCK // n_out)
    for k in range(0, n_in, n_rows):
        rows = slice(k, min(k + n_rows, n_in))
        sums = gradient[: (rows.stop - k) * n_out].reshape(rows.stop - k, n_out)
        np.dot(A[rows], T, sums)
        finite &= _move_rows_by_probe(
            first + k * n_out, network, sums, a[rows], probe, rates, rows.stop == n_in
        )
    return finite


@jit
def _by_batch(first, network, A, T, gradient, squares, rates):
    """Step a layer's connections by the minibatch's variance."""
    n_in, n_out = A.shape[0], T.shape[1]
    g, noise = gradient[: n_in * n_out], squares[: n_in * n_out]
    np.dot(A, T, g.reshape(n_in, n_out))
    np.dot(A * A, T * T, noise.reshape(n_in, n_out))
    _batch_noise(g, noise, rates)
    _add_penalty(g[:-n_out], network.state.theta[first:], rates.alpha)
    return _move_all(first, network.state, network.status, g, noise, rates)


@jit
def update_dense(layer, network, scratch, probe, squares, S, rates):
    """Step a layer's connections, gradients coming from one product."""
    A = units_and_one(scratch.activations, network.shape, layer)
    D = units(scratch.deltas, network.shape, layer + 1)
    n_out, width = D.shape
    T = scratch.transposed[: width * n_out].reshape(width, n_out)
    T[S:] = 0  # the probe takes no part in the minibatch's gradient
    for j in range(n_out):
        for s in range(S):
            T[s, j] = D[j, s]
    first, finite = network.shape.starts[layer], True
    if probe is not None:
        finite = _by_probe(first, network, A, D, T, scratch.gradient, rates)
    if squares is not None:
        finite = _by_batch(first, network, A, T, scratch.gradient, squares, rates)
    return finite


@jit_sums
def _dot(a, d, S):
    """Return the sum over the minibatch of a d."""
    total = a.dtype.type(0)
    for s in range(S):
        total += a[s] * d[s]
    return total


@jit_sums
def _dot_of_squares(a, d, S):
    """Return the sum over the minibatch of (a d)²."""
    total = a.dtype.type(0)
    for s in range(S):
        total += (a[s] * d[s]) * (a[s] * d[s])
    return total


@jit_inline
def _listed_by_probe(source, target, activations, deltas, g, noise, S, rates):
    """Fill g and noise of listed connections, the noise being the probe's."""
    for c in range(source.size):
        a, d = activations[source[c]], deltas[target[c]]
        mean = _dot(a, d, S) * rates.per_sample
        distance = a[S] * d[S] - rates.centre * mean
        g[c], noise[c] = mean, distance * distance


@jit
def _listed_by_batch(source, target, activations, deltas, g, noise, S):
    """Fill g and noise with sums over the minibatch, and sums of squares."""
    for c in range(source.size):
        a, d = activations[source[c]], deltas[target[c]]
        g[c], noise[c] = _dot(a, d, S), _dot_of_squares(a, d, S)


@jit
def update_listed(layer, theta, lists, scratch, probe, squares, S, rates):
    """Step a layer's listed connections; those into dead units have g = 0."""
    part = live_connections(lists, layer)
    first, stop = part.start, lists.first[layer, 2]
    source, target, g, noise = lists.source[part], lists.target[part], lists.g, lists.noise
    A, D = scratch.activations, scratch.deltas
    if probe is not None:
        _listed_by_probe(source, target, A, D, g[part], noise[part], S, rates)
    if squares is not None:
        _listed_by_batch(source, target, A, D, g[part], noise[part], S)
        _batch_noise(g[part], noise[part], rates)
    g[part.stop : stop] = 0
    if rates.alpha > 0:
        one = lists.first[layer, 3]
        for c in range(first, stop):
            g[c] += rates.alpha * lists.state.theta[c] * (lists.source[c] != one)
    listed = slice(first, stop)
    finite = _move_all(first, lists.state, lists.status, g[listed], noise[listed], rates)
    if lists.way[layer] == LISTED_GRADIENT:
        for c in range(first, stop):
            theta[lists.where[c]] = lists.state.theta[c]
    return finite
