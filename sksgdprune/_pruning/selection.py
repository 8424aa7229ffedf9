"""Selection of exactly k lowest scores among the eligible parameters, by tensor or in all."""

import numpy as np

from sksgdprune._kernels.types import PRUNED

SCOPES = ("layer", "global", "connected")


# A product p · size may miss a whole number by a few units in the last place: 100 · 0.29 is
# 28.999999999999996.
ROUNDING = 1e-12


def check_scope(name, action):
    """Return `name` if it is a scope of the action."""
    expected = [scope for scope in SCOPES if action == "prune" or scope != "connected"]
    if name not in expected:
        raise ValueError(f"Got scope={name!r} for {action}; expected one of {expected}.")
    return name


def groups(layout, scope, include_biases):
    """Return the sets of parameters that are ranked together, as arrays of positions in θ.

    Parameters
    ----------
    layout : Layout
        Where each tensor lies.
    scope : {"layer", "global", "connected"}
        One set per tensor; or one for all.
    include_biases : bool
        Whether bias vectors are eligible.

    Returns
    -------
    list of ndarray of int64
    """
    tensors = [t for t in layout.tensors if include_biases or not t.is_bias]
    positions = [np.arange(t.where.start, t.where.stop) for t in tensors]
    return positions if scope == "layer" else [np.concatenate(positions)]


def count(size, p):
    """Return how many of `size` are a fraction p, rounded down but for rounding errors."""
    return int(size * p * (1 + ROUNDING))


def lowest(scores, k):
    """Return the positions of exactly the `k` lowest scores; of equal ones the first."""
    return np.argsort(scores, kind="stable")[:k]


def cut(scores, status, p, new_status, groups):
    """Return a status vector in which a fraction p of every group has `new_status`.

    Those that have it already are counted first, then the lowest scores are added. Pruning
    takes `count(size, p)` of the whole group, freezing of what is not pruned. A group that has
    more than that already is left as it is.

    Parameters
    ----------
    scores : ndarray of shape (n_parameters,)
        Bigger = keep.
    status : ndarray of uint8 of shape (n_parameters,)
        FREE, FROZEN or PRUNED.
    p : float in [0, 1]
        The fraction to be reached.
    new_status : FROZEN or PRUNED
        What the chosen parameters become.
    groups : list of ndarray of int
        Positions that are ranked together.

    Returns
    -------
    new : ndarray of uint8 of shape (n_parameters,)
        The status after the cut.
    exceeded : bool
        Whether some group had more than p already and no group gained any.
    """
    new, exceeded = status.copy(), False
    for group in groups:
        eligible = group if new_status == PRUNED else group[status[group] != PRUNED]
        open_ = eligible[status[eligible] != new_status]
        missing = count(eligible.size, p) - (eligible.size - open_.size)
        exceeded |= missing < 0
        new[open_[lowest(scores[open_], max(missing, 0))]] = new_status
    return new, exceeded and np.array_equal(new, status)
