"""Removal of hidden units that no longer have an input or no longer have an output."""

from dataclasses import replace

import numpy as np

from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._kernels.types import FREE, FROZEN, PRUNED, State
from sksgdprune._network.layout import Layout
from sksgdprune._network.parameters import Parameters


def compact(network):
    """Return a smaller FittedNetwork that predicts the same.

    A hidden unit without an output connection is removed. One without an input connection is
    constant: what it adds to the next layer goes into the biases there, then it is removed. A
    pruned bias that takes such a constant becomes FREE. A frozen one takes what can no longer
    change, which is the same in iterate, average and posterior samples; for anything else the unit
    stays. Every layer keeps at least one unit.
    """
    smaller = replace(network.densified(), **_compact(network))
    return smaller.sparsified() if network.is_sparsified else smaller


def _compact(network):
    """Return layout, dense Parameters and posterior samples of the smaller network."""
    layout, activation = network.layout, network.activation
    state, status, average = network.dense()
    theta, status_of = _fold(layout, state.theta, status, activation)
    if average is not None:
        average, _ = _fold(layout, average, status, activation)
    samples = [_fold(layout, one, status, activation)[0] for one in network.dense_samples()]
    units = [np.arange(layout.sizes[0])]
    for block in layout.weights(status_of)[1:]:
        leads = np.flatnonzero((block != PRUNED).any(axis=1))
        units.append(leads if leads.size else np.array([0]))
    units.append(np.arange(layout.sizes[-1]))

    def smaller(vector):
        return None if vector is None else _sub_network(layout, vector, units)

    state = State(*map(smaller, state._replace(theta=theta)))
    return {
        "layout": Layout(tuple(len(kept) for kept in units)),
        "parameters": Parameters(state, smaller(status_of), smaller(average)),
        "posterior_samples": tuple(map(smaller, samples)),
    }


def _fold(layout, theta, status, activation):
    """Return θ and status after constants are folded and dead connections are cut."""
    theta, status = theta.copy(), status.copy()
    weights, biases = layout.weights(theta), layout.biases(theta)
    status_of, bias_status = layout.weights(status), layout.biases(status)
    hidden = range(1, len(layout.sizes) - 1)
    for layer in hidden:
        _fold_constants(layer, weights, biases, status_of, bias_status, activation)
    for layer in reversed(hidden):
        _drop_inputs(layer, weights, status_of)
    return theta, status


def _fold_constants(layer, weights, biases, status_of, bias_status, activation):
    """Move what units without input connections add to the layer above into its biases."""
    in_place = ACTIVATIONS[activation].in_place
    status_above = status_of[layer], bias_status[layer - 1], bias_status[layer]
    constant = (status_of[layer - 1] == PRUNED).all(axis=0)
    constant &= ~_moves_frozen(*status_above, in_place)
    value = in_place(biases[layer - 1][constant])
    takes = (status_of[layer][constant] != PRUNED).any(axis=0)
    # A sum whose order is the same whatever the values: what is frozen stays equal to the last bit.
    biases[layer] += (value[:, np.newaxis] * weights[layer][constant]).sum(axis=0)
    bias_status[layer][takes & (bias_status[layer] == PRUNED)] = FREE
    weights[layer][constant], status_of[layer][constant] = 0, PRUNED


def _moves_frozen(out, bias, bias_above, in_place):
    """Return of which units the constant still changes what a frozen bias above would take.

    Arguments are the status of the weights out of the units, of their biases, and of those above.
    """
    changes = (out == FREE) | (bias == FREE)[:, np.newaxis]
    if in_place(np.zeros(1)) == 0:
        changes[bias == PRUNED] = False
    return (changes & (out != PRUNED) & (bias_above == FROZEN)).any(axis=1)


def _drop_inputs(layer, weights, status_of):
    """Cut the connections into units without output connections."""
    dead = (status_of[layer] == PRUNED).all(axis=1)
    weights[layer - 1][:, dead], status_of[layer - 1][:, dead] = 0, PRUNED


def _sub_network(layout, vector, units):
    """Return the part of a θ-like vector that connects the given units of each layer."""
    parts = []
    for layer, (W, b) in enumerate(zip(layout.weights(vector), layout.biases(vector), strict=True)):
        parts += [W[np.ix_(units[layer], units[layer + 1])].ravel(), b[units[layer + 1]]]
    return np.concatenate(parts)
