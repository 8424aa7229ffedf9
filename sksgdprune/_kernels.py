"""The compiled part: minibatch steps over flat arrays. It knows no estimator.

Every compiled function lives in this file, since numba's cache does not notice a change of a
callee in another one. Inside, activations and deltas are stored unit by unit: the block of
layer l has shape (n_units, B), with one column per sample of the minibatch. Where the noise is
estimated by a probe, that sample is the last column, B = S + 1.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

IDENTITY, LOGISTIC, TANH, RELU = range(4)
ACTIVATIONS = {"identity": IDENTITY, "logistic": LOGISTIC, "tanh": TANH, "relu": RELU}

# A loss together with the output activation under it.
SOFTMAX_LOG, DOUBLE_SOFTMAX, SQUARED_IDENTITY, SQUARED_RELU = range(4)
OBJECTIVES = {
    ("log_loss", "softmax"): SOFTMAX_LOG,
    ("double_softmax", "softmax"): DOUBLE_SOFTMAX,
    ("squared_error", "identity"): SQUARED_IDENTITY,
    ("squared_error", "relu"): SQUARED_RELU,
}

DIAGONAL, PLAIN = range(2)
PRECONDITIONERS = {"diagonal": DIAGONAL, "identity": PLAIN}

BATCH, PROBE = range(2)
NOISE_ESTIMATORS = {"batch": BATCH, "probe": PROBE}

_jit = njit(cache=True, nogil=True, error_model="numpy")


class Hyper(NamedTuple):
    """Scalars of a training; the floats have θ's dtype, but for kappa."""

    activation: int
    objective: int
    preconditioner: int
    noise_estimator: int
    kappa: float
    learning_rate: np.floating
    posterior_size: np.floating
    damping: np.floating
    alpha: np.floating


@_jit
def _block(buffer, sizes, width, layer):
    """Return the (n_units, width) block of `layer` in a flat buffer."""
    start = 0
    for below in range(layer):
        start += sizes[below] * width
    n_units = sizes[layer]
    return buffer[start : start + n_units * width].reshape(n_units, width)


@_jit
def _weights(vector, sizes, starts, layer):
    """Return the (fan_in, fan_out) view of the weights into `layer + 1`."""
    n_in, n_out = sizes[layer], sizes[layer + 1]
    return vector[starts[layer] : starts[layer] + n_in * n_out].reshape(n_in, n_out)


@_jit
def _biases(vector, sizes, starts, layer):
    """Return the (fan_out,) view of the biases of `layer + 1`."""
    start = starts[layer] + sizes[layer] * sizes[layer + 1]
    return vector[start : start + sizes[layer + 1]]


@_jit
def _gather(source, rows, target):
    """Copy source[rows[s], k] to target[k, s]."""
    for s in range(rows.size):
        row = source[rows[s]]
        for k in range(row.size):
            target[k, s] = row[k]


@_jit
def _activate(Z, activation):
    """Replace the values of a hidden layer by their activation."""
    one = Z.dtype.type(1)
    flat = Z.ravel()
    if activation == TANH:
        for i in range(flat.size):
            flat[i] = math.tanh(flat[i])
    elif activation == LOGISTIC:
        for i in range(flat.size):
            flat[i] = one / (one + math.exp(-flat[i]))
    elif activation == RELU:
        for i in range(flat.size):
            flat[i] = max(flat[i], Z.dtype.type(0))


@_jit
def _times_derivative(D, A, activation):
    """Multiply D by the activation's derivative, a function of the activation's value A."""
    one, zero = D.dtype.type(1), D.dtype.type(0)
    d, a = D.ravel(), A.ravel()
    if activation == TANH:
        for i in range(d.size):
            d[i] *= one - a[i] * a[i]
    elif activation == LOGISTIC:
        for i in range(d.size):
            d[i] *= a[i] * (one - a[i])
    elif activation == RELU:
        for i in range(d.size):
            d[i] = d[i] if a[i] > zero else zero


@_jit
def _forward(activations, sizes, starts, theta, width, hyper):
    """Fill the blocks of all layers above the input; the last one stays linear."""
    n_layers = sizes.size
    for layer in range(n_layers - 1):
        A = _block(activations, sizes, width, layer)
        Z = _block(activations, sizes, width, layer + 1)
        np.dot(_weights(theta, sizes, starts, layer).T, A, Z)
        b = _biases(theta, sizes, starts, layer)
        for j in range(b.size):
            Z[j] += b[j]
        if layer < n_layers - 2:
            _activate(Z, hyper.activation)


@_jit
def _softmax(Z, log_sum):
    """Replace each column of Z by its softmax; log_sum[s] becomes log sum_k exp(Z[k, s])."""
    n_units, width = Z.shape
    for s in range(width):
        top = Z[0, s]
        for k in range(1, n_units):
            top = max(top, Z[k, s])
        total = Z.dtype.type(0)
        for k in range(n_units):
            Z[k, s] = math.exp(Z[k, s] - top)
            total += Z[k, s]
        for k in range(n_units):
            Z[k, s] /= total
        log_sum[s] = top + math.log(total)


@_jit
def _softmax_delta(Z, Y, losses):
    """Turn logits into d(log-loss)/dZ and add each column's log-loss to `losses`."""
    n_units, width = Z.shape
    for s in range(width):
        for k in range(n_units):
            losses[s] -= Y[k, s] * Z[k, s]
    log_sum = np.empty_like(losses)
    _softmax(Z, log_sum)
    for s in range(width):
        losses[s] += log_sum[s]
        for k in range(n_units):
            Z[k, s] -= Y[k, s]


@_jit
def _double_softmax_delta(Z, Y, losses):
    """The same for the log-loss of a softmax applied to the softmax output."""
    n_units, width = Z.shape
    _softmax(Z, np.empty_like(losses))
    P = Z.copy()
    _softmax_delta(Z, Y, losses)
    for s in range(width):
        mean = Z.dtype.type(0)
        for k in range(n_units):
            mean += P[k, s] * Z[k, s]
        for k in range(n_units):
            Z[k, s] = P[k, s] * (Z[k, s] - mean)


@_jit
def _squared_delta(Z, Y, losses, relu):
    """The same for half the squared error, with a ReLU over Z where `relu`."""
    n_units, width = Z.shape
    zero, half = Z.dtype.type(0), Z.dtype.type(0.5)
    for k in range(n_units):
        for s in range(width):
            open_ = not relu or Z[k, s] > zero or Z[k, s] != Z[k, s]
            error = (Z[k, s] if open_ else zero) - Y[k, s]
            losses[s] += half * error * error
            Z[k, s] = error if open_ else zero


@_jit
def _output_delta(Z, Y, losses, objective):
    """Turn the output layer's values into d(loss)/dZ, column by column; fill `losses`."""
    losses[:] = 0
    if objective == SOFTMAX_LOG:
        _softmax_delta(Z, Y, losses)
    elif objective == DOUBLE_SOFTMAX:
        _double_softmax_delta(Z, Y, losses)
    else:
        _squared_delta(Z, Y, losses, objective == SQUARED_RELU)


@_jit
def _pass_down(layer, deltas, activations, sizes, starts, theta, width, hyper):
    """Fill the deltas of a hidden `layer` from those of the layer above."""
    D = _block(deltas, sizes, width, layer)
    above = _block(deltas, sizes, width, layer + 1)
    np.dot(_weights(theta, sizes, starts, layer), above, D)
    _times_derivative(D, _block(activations, sizes, width, layer), hyper.activation)


@_jit
def _gradient_sums(A, D, G, g_bias):
    """Sum the per-sample gradients a dᵀ over the columns of A and D."""
    np.dot(A, D.T, G)
    for j in range(D.shape[0]):
        g_bias[j] = D[j].sum()


@_jit
def _penalty(theta, sizes, starts, alpha):
    """Return alpha / 2 times the squared weights; biases are not penalised."""
    total = theta.dtype.type(0)
    for layer in range(sizes.size - 1):
        W = _weights(theta, sizes, starts, layer).ravel()
        total += np.dot(W, W)
    return total * alpha / theta.dtype.type(2)


@_jit
def _step(theta, C, status, g_sum, noise, S, alpha, kappa, hyper):
    """Update C and then θ at the FREE parameters of one tensor; say whether all stay finite.

    C ← (1 - κ) C + κ · noise (Mandt et al. 2017, Eq. 21) and θ ← θ - ε H g, where
    H = 2 S / (N C) (Corollary 3) or 1, and g = (g_sum + alpha θ) / S.
    """
    one = theta.dtype.type(1)
    scale = hyper.learning_rate / S
    if hyper.preconditioner == DIAGONAL:
        scale *= (S + S) / hyper.posterior_size
    bad = False
    for i in range(theta.size):
        free = theta.dtype.type(status[i] == 0)
        C[i] += free * kappa * (noise[i] - C[i])
        h = scale
        if hyper.preconditioner == DIAGONAL:
            h /= C[i] + hyper.damping
        new = theta[i] - free * h * (g_sum[i] + alpha * theta[i])
        bad |= not abs(new - new) + abs(C[i] - C[i]) < one
        theta[i] = new
    return not bad


@_jit
def _probe_noise(a, d, g_sum, S, noise):
    """Fill noise[k, j] with (g1 - g)², g1 = a_k d_j being the probe's gradient."""
    for k in range(a.size):
        for j in range(d.size):
            difference = a[k] * d[j] - g_sum[k, j] / S
            noise[k, j] = difference * difference


@_jit
def _batch_noise(A, D, g_sum, S, noise):
    """Fill `noise` with the unbiased variance of the per-sample gradients a dᵀ.

    Their squares sum to (A∘A)(D∘D)ᵀ.
    """
    np.dot(A * A, (D * D).T, noise)
    zero, one = A.dtype.type(0), A.dtype.type(1)
    for k in range(A.shape[0]):
        for j in range(D.shape[0]):
            spread = noise[k, j] - g_sum[k, j] * g_sum[k, j] / S
            noise[k, j] = max(spread, zero) / (S - one)


@_jit
def _update_layer(layer, A, D, sizes, starts, theta, C, status, S, kappa, hyper):
    """Take the step of one layer's weights and biases; say whether all stay finite."""
    n_in, n_out = A.shape[0], D.shape[0]
    n_columns = int(S)
    G, noise = np.empty((n_in, n_out), A.dtype), np.empty((n_in, n_out), A.dtype)
    g_bias, bias_noise = np.empty((1, n_out), A.dtype), np.empty((1, n_out), A.dtype)
    ones = np.ones((1, A.shape[1]), A.dtype)
    if hyper.noise_estimator == PROBE:
        a, d = A[:, n_columns].copy(), D[:, n_columns].copy()
        D[:, n_columns] = 0
        _gradient_sums(A, D, G, g_bias[0])
        _probe_noise(a, d, G, S, noise)
        _probe_noise(ones[0, :1], d, g_bias, S, bias_noise)
    else:
        _gradient_sums(A, D, G, g_bias[0])
        _batch_noise(A, D, G, S, noise)
        _batch_noise(ones, D, g_bias, S, bias_noise)
    finite = _step(
        _weights(theta, sizes, starts, layer).ravel(),
        _weights(C, sizes, starts, layer).ravel(),
        _weights(status, sizes, starts, layer).ravel(),
        G.ravel(),
        noise.ravel(),
        S,
        hyper.alpha,
        kappa,
        hyper,
    )
    return finite & _step(
        _biases(theta, sizes, starts, layer),
        _biases(C, sizes, starts, layer),
        _biases(status, sizes, starts, layer),
        g_bias[0],
        bias_noise[0],
        S,
        A.dtype.type(0),
        kappa,
        hyper,
    )


@_jit
def train(X, Y, sizes, starts, theta, C, status, batch, probe, t, hyper, loss_curve):
    """Take minibatch steps in place, until done or until something stops being finite.

    One step draws nothing: rows come from `batch` and `probe`. With κ_t = min(1, kappa / t),
    C is updated first and θ steps with the new C, both at FREE parameters only; then t grows
    by 1 (Mandt et al. 2017, Corollary 3 and Eq. 21).

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Inputs; all float arrays have one dtype, float64 or float32, and C order.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets; one-hot rows for the softmax objectives.
    sizes : ndarray of int64 of shape (n_layers,)
        Units per layer, the input's included.
    starts : ndarray of int64 of shape (n_layers - 1,)
        Where each layer's weights begin in θ.
    theta, C : ndarray of shape (n_parameters,)
        Parameters and gradient-noise variances, changed in place.
    status : ndarray of uint8 of shape (n_parameters,)
        Only where it is 0 (FREE) do θ and C change.
    batch : ndarray of int64 of shape (n_steps, S)
        Rows of each minibatch.
    probe : ndarray of int64 of shape (n_steps,)
        Row of each step's further sample; not read by the "batch" noise estimator.
    t : float
        Step counter before the first step.
    hyper : Hyper
        Scalars of the training.
    loss_curve : ndarray of float64 of shape (n_steps,)
        Filled with each minibatch's mean loss before its step, penalty included.

    Returns
    -------
    int
        The number of steps after which θ and the losses so far were finite. Where it is less
        than n_steps, θ and C are no longer to be used.
    """
    n_steps, n_columns = batch.shape
    S = theta.dtype.type(n_columns)
    width = n_columns + (hyper.noise_estimator == PROBE)
    activations = np.empty(sizes.sum() * width, theta.dtype)
    deltas = np.empty_like(activations)
    targets = np.empty((Y.shape[1], width), theta.dtype)
    losses = np.empty(width, theta.dtype)
    rows = np.empty(width, np.int64)
    top = sizes.size - 1
    for step in range(n_steps):
        rows[:n_columns] = batch[step]
        rows[n_columns:] = probe[step]
        _gather(X, rows, _block(activations, sizes, width, 0))
        _gather(Y, rows, targets)
        _forward(activations, sizes, starts, theta, width, hyper)
        D = _block(deltas, sizes, width, top)
        D[:] = _block(activations, sizes, width, top)
        _output_delta(D, targets, losses, hyper.objective)
        loss = losses[:n_columns].sum() / S
        if hyper.alpha > 0:
            loss += _penalty(theta, sizes, starts, hyper.alpha) / S
        if not math.isfinite(loss):
            return step
        loss_curve[step] = loss
        kappa = theta.dtype.type(min(1.0, hyper.kappa / (t + step)))
        for layer in range(top - 1, -1, -1):
            if layer > 0:
                _pass_down(layer, deltas, activations, sizes, starts, theta, width, hyper)
            A = _block(activations, sizes, width, layer)
            D = _block(deltas, sizes, width, layer + 1)
            if not _update_layer(layer, A, D, sizes, starts, theta, C, status, S, kappa, hyper):
                return step
    return n_steps


@_jit
def gradient_sums(X, Y, sizes, starts, theta, rows, hyper, g_sum, g2_sum):
    """Add the sums of the per-sample gradients and of their squares over `rows`.

    Parameters
    ----------
    X, Y, sizes, starts, theta, hyper
        As for `train`.
    rows : ndarray of int64 of shape (n_rows,)
        The samples.
    g_sum, g2_sum : ndarray of shape (n_parameters,)
        Added to in place; the penalty is left out.
    """
    width, top = rows.size, sizes.size - 1
    activations = np.empty(sizes.sum() * width, theta.dtype)
    deltas = np.empty_like(activations)
    targets = np.empty((Y.shape[1], width), theta.dtype)
    _gather(X, rows, _block(activations, sizes, width, 0))
    _gather(Y, rows, targets)
    _forward(activations, sizes, starts, theta, width, hyper)
    D = _block(deltas, sizes, width, top)
    D[:] = _block(activations, sizes, width, top)
    _output_delta(D, targets, np.empty(width, theta.dtype), hyper.objective)
    for layer in range(top - 1, -1, -1):
        A = _block(activations, sizes, width, layer)
        D = _block(deltas, sizes, width, layer + 1)
        _weights(g_sum, sizes, starts, layer)[:] += np.dot(A, D.T)
        _weights(g2_sum, sizes, starts, layer)[:] += np.dot(A * A, (D * D).T)
        for j in range(D.shape[0]):
            _biases(g_sum, sizes, starts, layer)[j] += D[j].sum()
            _biases(g2_sum, sizes, starts, layer)[j] += (D[j] * D[j]).sum()
        if layer > 0:
            _pass_down(layer, deltas, activations, sizes, starts, theta, width, hyper)
