"""Forward and backward through the layers, by BLAS or over lists of connections."""

import numpy as np

from sksgdprune._kernels.activations import activate, times_slope
from sksgdprune._kernels.sparse_lists import LISTED
from sksgdprune._kernels.types import jit
from sksgdprune._kernels.views import connections, units, units_and_one


@jit
def gather(X, rows, columns, chosen, target):
    """Copy X[rows[s], columns[k]] to target[k, s] for the `chosen` k."""
    whole = rows.size - rows.size % 4
    for s in range(0, whole, 4):
        a, b, c, d = X[rows[s]], X[rows[s + 1]], X[rows[s + 2]], X[rows[s + 3]]
        for k in chosen:
            t, j = target[k], columns[k]
            t[s], t[s + 1], t[s + 2], t[s + 3] = a[j], b[j], c[j], d[j]
    for s in range(whole, rows.size):
        a = X[rows[s]]
        for k in chosen:
            target[k, s] = a[columns[k]]


@jit
def encode(target, encoding, chosen):
    """Make inputs of features, in the `chosen` rows of `target`."""
    if encoding.low.size > 0:
        for k in chosen:
            t, low, high = target[k], encoding.low[k], encoding.high[k]
            for i in range(t.size):
                t[i] = min(max(t[i], low), high)
    if encoding.mean.size > 0:
        for k in chosen:
            t, m, s = target[k], encoding.mean[k], encoding.scale[k]
            for i in range(t.size):
                t[i] = (t[i] - m) / s


@jit
def scatter(X, rows, first, target):
    """Put the non-zero features of CSR rows[s] into target[:, s], which is zero elsewhere.

    Feature j goes into the rows from first[j] on, or into row j where `first` is empty.
    """
    target[:] = 0
    for s in range(rows.size):
        for i in range(X.row_starts[rows[s]], X.row_starts[rows[s] + 1]):
            j = X.columns[i]
            if first.size == 0:
                target[j, s] = X.values[i]
            else:
                for k in range(first[j], first[j + 1]):
                    target[k, s] = X.values[i]


@jit
def live_units(lists, layer):
    """Return the rows of a layer's units that are alive."""
    return lists.units[lists.first_unit[layer] : lists.first_unit[layer + 1]]


@jit
def live_connections(lists, layer):
    """Return where the listed connections into units that are alive begin and end."""
    return slice(lists.first[layer, 0], lists.first[layer, 1])


@jit
def _accumulate(theta, source, target, inputs, outputs):
    """Add θ[c] · inputs[source[c]] to outputs[target[c]] for every listed connection c."""
    for c in range(theta.size):
        w, a, z = theta[c], inputs[source[c]], outputs[target[c]]
        for s in range(z.size):
            z[s] += w * a[s]


@jit
def forward(activations, shape, theta, lists, activation):
    """Fill the rows of all layers above the input; the last one stays linear."""
    for layer in range(shape.sizes.size - 1):
        hidden, dense = layer < shape.sizes.size - 2, True
        if lists is not None:
            dense = lists.way[layer] != LISTED
            if not dense:
                live, part = live_units(lists, layer + 1), live_connections(lists, layer)
                for u in live:
                    activations[u, :] = 0
                source, target = lists.source[part], lists.target[part]
                _accumulate(lists.state.theta[part], source, target, activations, activations)
                if hidden:
                    for u in live:
                        activate(activations[u], activation)
        if dense:
            W, A = connections(theta, shape, layer), units_and_one(activations, shape, layer)
            np.dot(W.T, A, units(activations, shape, layer + 1))
            if hidden:
                activate(units(activations, shape, layer + 1).reshape(-1), activation)


@jit
def pass_down(layer, activations, deltas, shape, theta, lists, activation):
    """Fill the deltas of a hidden `layer` from those of the layer above."""
    dense = True
    if lists is not None:
        dense = lists.way[layer] != LISTED
        if not dense:
            live, part = live_units(lists, layer), live_connections(lists, layer)
            for u in live:
                deltas[u, :] = 0
            source, target = lists.source[part], lists.target[part]
            _accumulate(lists.state.theta[part], target, source, deltas, deltas)
            for u in live:
                times_slope(deltas[u], activations[u], activation)
    if dense:
        D, A = units(deltas, shape, layer), units(activations, shape, layer)
        np.dot(connections(theta, shape, layer)[:-1], units(deltas, shape, layer + 1), D)
        times_slope(D.reshape(-1), A.reshape(-1), activation)
