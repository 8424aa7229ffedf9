"""Structured selection: whole hidden units or inputs, by the sums of their scores."""

from itertools import pairwise

import numpy as np

from sksgdprune._data import validation as check
from sksgdprune._kernels.types import FREE, PRUNED
from sksgdprune._pruning import selection

STRUCTURES = ("weight", "unit", "input")


def check_structure(name, action, hidden_sizes=None):
    """Return `name` if `action` can cut it, and if a network of such hidden layers has it."""
    check.one_of("structure", name, STRUCTURES)
    if action != "prune" and name != "weight":
        raise ValueError(
            f"Got structure={name!r} with action={action!r}; expected 'weight': whole units "
            "and inputs can only be pruned."
        )
    if name == "unit" and hidden_sizes is not None and np.size(hidden_sizes) == 0:
        raise ValueError(
            "Got structure='unit' for a network without hidden layers; expected 'weight' or "
            "'input'."
        )
    return name


def cut(scores, status, p, layout, scope, structure, features):
    """Return a status vector in which a fraction p of the hidden units or features is PRUNED.

    All inputs of a feature are one unit. A unit's score is the sum over all its connections:
    weights into it, bias, weights out of it. Those that have no weight left on a side are counted
    first and left as they are, then the lowest sums are added. The last unit of a layer always
    stays: without it the network would be a constant.

    Parameters
    ----------
    scores : ndarray of shape (n_parameters,)
        Bigger = keep.
    status : ndarray of uint8 of shape (n_parameters,)
        FREE, FROZEN or PRUNED.
    p : float in [0, 1]
        The fraction of the units to be reached.
    layout : Layout
        Where each tensor lies.
    scope : str
        "layer": p of each hidden layer; another: all hidden units are ranked together.
    structure : {"unit", "input"}
        Hidden units, or those of the input layer.
    features : ndarray of int of shape (n_inputs,)
        The feature of each input, ascending from 0.

    Returns
    -------
    new : ndarray of uint8 of shape (n_parameters,)
        The status after the cut: all connections of a chosen unit are PRUNED.
    exceeded : bool
        Whether some group had more than p already and no group gained any.
    """
    ends, layers = _ends(layout, features), _layers(layout, structure, features)
    sums = sum(np.bincount(end, scores, minlength=layout.shape.units[-1]) for end in ends)
    gone = _gone(layout, status, ends)
    stays = np.concatenate([_last(layer[~gone[layer]], sums) for layer in layers])
    sums[stays] = np.inf  # ranked behind all others, and given back where p takes it
    groups = layers if scope == "layer" else [np.concatenate(layers)]
    old = np.where(gone, PRUNED, FREE)
    new, exceeded = selection.cut(sums, old, p, PRUNED, groups)
    chosen = new != old
    chosen[stays] = False
    return np.where(chosen[ends].any(axis=0), PRUNED, status), exceeded


def reached(status, layout, scope, structure, features):
    """Return the fraction of the hidden units or features that is PRUNED, in the group of least."""
    gone = _gone(layout, status, _ends(layout, features))
    layers = _layers(layout, structure, features)
    groups = layers if scope == "layer" else [np.concatenate(layers)]
    return min(gone[group].mean() for group in groups)


def n_weights_left(layout, p, structure, features):
    """Return how many weights connect the units that are left at a fraction p of each layer."""
    sizes = np.array(layout.sizes, dtype=float)
    if structure == "input":
        n_features = features[-1] + 1  # of some inputs each
        sizes[0] *= _n_left(n_features, p) / n_features
    else:
        sizes[1:-1] = [_n_left(size, p) for size in layout.sizes[1:-1]]
    return sizes[:-1] @ sizes[1:]


def _n_left(size, p):
    return max(size - selection.count(size, p), 1)


def _layers(layout, structure, features):
    """Return the layers of units that are cut, as their numbers; see `_ends`."""
    if structure == "input":
        return [np.arange(features[-1] + 1)]
    starts = zip(layout.shape.units[1:-2], layout.sizes[1:-1], strict=True)
    return [np.arange(start, start + n) for start, n in starts]


def _ends(layout, features):
    """Return the units from and to which each parameter leads, ndarray (2, n_parameters).

    Units are numbered as the kernels have them: behind each layer comes one that is always 1, and
    the biases are its connections. In place of the inputs there are their features.
    """
    first, sizes = layout.shape.units, layout.sizes
    ends = [
        np.indices((fan_in + 1, fan_out)).reshape(2, -1) + first[layer : layer + 2, np.newaxis]
        for layer, (fan_in, fan_out) in enumerate(pairwise(sizes))
    ]
    ends = np.concatenate(ends, axis=1)
    inputs = ends < len(features)
    ends[inputs] = features[ends[inputs]]
    return ends


def _gone(layout, status, ends):
    """Return which units have no weight left into them, or none out of them; biases don't count."""
    left = status != PRUNED
    for biases in layout.biases(left):
        biases[:] = False
    has_output, has_input = (
        np.bincount(end[left], minlength=layout.shape.units[-1]) > 0 for end in ends
    )
    has_input[: layout.sizes[0]] = True  # the data
    return ~(has_input & has_output)


def _last(units, sums):
    """Return the one of the units that would be cut last, or none of none."""
    return units[selection.lowest(sums[units], units.size)[-1:]]
