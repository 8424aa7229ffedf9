"""The training step in plain NumPy, one sample at a time: the truth that kernels are held to.

It shares no code with the package and is written for reading, not for speed.
"""

from itertools import pairwise

import numpy as np
from scipy.special import xlogy

FREE, _, PRUNED = range(3)


def split(theta, sizes):
    """Return [(W, b), …], views of θ."""
    layers, start = [], 0
    for fan_in, fan_out in pairwise(sizes):
        W = theta[start : start + fan_in * fan_out].reshape(fan_in, fan_out)
        start += fan_in * fan_out
        b = theta[start : start + fan_out]
        start += fan_out
        layers.append((W, b))
    return layers


def activate(z, activation):
    return {
        "identity": lambda: z,
        "logistic": lambda: 1 / (1 + np.exp(-z)),
        "tanh": lambda: np.tanh(z),
        "relu": lambda: np.maximum(z, 0),
    }[activation]()


def activation_slope(z, activation):
    a = activate(z, activation)
    return {
        "identity": lambda: np.ones_like(z),
        "logistic": lambda: a * (1 - a),
        "tanh": lambda: 1 - a**2,
        "relu": lambda: (z > 0).astype(z.dtype),
    }[activation]()


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def sample_loss(z, y, loss, output):
    """Return the loss of one sample, z being the last layer's values."""
    if loss == "log_loss" and output == "softmax":
        return -np.sum(y * np.log(softmax(z)))
    if loss == "double_softmax":
        return -np.sum(y * np.log(softmax(softmax(z))))
    if loss == "log_loss" and output == "logistic":
        p = 1 / (1 + np.exp(-z))
        return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))
    if loss == "poisson":
        return np.sum(xlogy(y, y / np.exp(z)) - y + np.exp(z))
    if loss == "squared_error":
        prediction = np.maximum(z, 0) if output == "relu" else z
        return 0.5 * np.sum((y - prediction) ** 2)
    raise ValueError(loss)


def sample_delta(z, y, loss, output):
    """Return d(loss)/dz of one sample."""
    if loss == "log_loss" and output == "softmax":
        return softmax(z) - y
    if loss == "log_loss" and output == "logistic":
        return 1 / (1 + np.exp(-z)) - y
    if loss == "poisson":
        return np.exp(z) - y
    if loss == "double_softmax":
        p = softmax(z)
        jacobian = np.diag(p) - np.outer(p, p)
        return jacobian @ (softmax(p) - y)
    if loss == "squared_error":
        if output == "relu":
            return (np.maximum(z, 0) - y) * (z > 0)
        return z - y
    raise ValueError(loss)


def forward(theta, sizes, x, activation):
    """Return the inputs of every layer and the values before activation."""
    a, inputs, values = x, [], []
    layers = split(theta, sizes)
    for i, (W, b) in enumerate(layers):
        inputs.append(a)
        values.append(a @ W + b)
        a = activate(values[-1], activation) if i < len(layers) - 1 else values[-1]
    return inputs, values


def sample_gradient(theta, sizes, x, y, activation, loss, output):
    """Return (loss, gradient of shape θ) of one sample."""
    inputs, values = forward(theta, sizes, x, activation)
    gradient = np.empty_like(theta)
    delta = sample_delta(values[-1], y, loss, output)
    layers, parts = split(theta, sizes), split(gradient, sizes)
    for i in reversed(range(len(layers))):
        parts[i][0][:] = np.outer(inputs[i], delta)
        parts[i][1][:] = delta
        if i:
            delta = (layers[i][0] @ delta) * activation_slope(values[i - 1], activation)
    return sample_loss(values[-1], y, loss, output), gradient


def penalty_gradient(theta, sizes, alpha):
    gradient = np.zeros_like(theta)
    for (W, _), (G, _) in zip(split(theta, sizes), split(gradient, sizes), strict=True):
        G[:] = alpha * W
    return gradient


def preconditioner_of(C, level_C, counts, S, N, damping, kind):
    """Return H, C + damping standing for C; Tr(C) and D are over the parameters that count.

    The rates of Theorems 1 and 7 take their traces from `level_C`.
    """
    if not counts.any():
        return np.ones_like(C)
    C, level_C = C + damping, level_C[counts] + damping
    D = counts.sum()
    return {
        "identity": lambda: np.ones_like(C),
        "diagonal": lambda: 2 * S / (N * C),
        "scalar": lambda: np.full_like(C, 2 * (S / N) * D / level_C.sum()),
        "sqrt": lambda: 2 * D * S / (N * np.sqrt(level_C).sum()) / np.sqrt(C),
    }[kind]()


def inputs(X, encoding):
    """Return a column for each input: its feature's part from low to high, less mean, by scale."""
    columns = []
    for i in range(len(encoding.mean)):
        if len(encoding.source):
            column = X[:, encoding.source[i]].copy()
            column[column < encoding.low[i]] = encoding.low[i]
            column[column > encoding.high[i]] = encoding.high[i]
        else:
            column = X[:, i]
        columns.append((column - encoding.mean[i]) / encoding.scale[i])
    return np.column_stack(columns)


def train(
    X,
    Y,
    sizes,
    theta,
    C,
    status,
    batch,
    probe,
    t,
    *,
    activation="tanh",
    loss="log_loss",
    output="softmax",
    preconditioner="diagonal",
    noise_estimator="probe",
    kappa=1.0,
    learning_rate=0.01,
    posterior_size=1.0,
    damping=0.0,
    cap=0.0,
    centre=1.0,
    alpha=0.0,
    disperses=False,
    encoding=None,
):
    """Return (θ, C, losses) after the given steps; the arguments are left as they are.

    The rates of "scalar" and "sqrt" are those of the C before the step's update. With cap=1 the
    other rules take g² for C where it is larger. With centre=0 the noise is about 0. With
    `disperses` the penalty is in units of the running mean of twice the loss per output.
    `encoding` makes the inputs of X.
    """
    theta, C, dispersion = theta.copy(), C.copy(), 1.0
    if encoding is not None:
        X = inputs(X, encoding)
    free = status == FREE
    losses = []

    def gradient_of(row):
        return sample_gradient(theta, sizes, X[row], Y[row], activation, loss, output)

    for rows, probe_row in zip(batch, probe, strict=True):
        S = len(rows)
        pairs = [gradient_of(row) for row in rows]
        per_sample = np.array([g for _, g in pairs])
        weights = np.concatenate([W.ravel() for W, _ in split(theta, sizes)])
        mean_loss, kappa_t = np.mean([v for v, _ in pairs]), min(1.0, kappa / t)
        if disperses:
            dispersion += kappa_t * (2 * mean_loss / sizes[-1] - dispersion)
        penalty = alpha * dispersion
        losses.append(mean_loss + penalty / 2 * weights @ weights / S)
        g = per_sample.mean(axis=0)
        if noise_estimator == "probe":
            noise = (gradient_of(probe_row)[1] - centre * g) ** 2
        else:
            squares = ((per_sample - centre * g) ** 2).sum(axis=0)
            noise = squares / max(S - centre, 1)
        before = C.copy()
        C[free] = ((1 - kappa_t) * C + kappa_t * noise)[free]
        kept = status != PRUNED
        g = g + penalty_gradient(theta, sizes, penalty) / S
        seen = np.maximum(C, cap * g**2)
        H = preconditioner_of(seen, before, kept, S, posterior_size, damping, preconditioner)
        step = learning_rate * H * g
        theta[free] -= step[free]
        t += 1
        if t % 64 == 0:  # next to nothing becomes nothing
            theta[free & (np.abs(theta) < np.sqrt(np.finfo(theta.dtype).tiny))] = 0
    return theta, C, np.array(losses)
