"""Selection for the scope "connected": all are ranked together, but dead connections go first."""

from itertools import pairwise

import numpy as np

from sksgdprune._kernels.types import PRUNED
from sksgdprune._network.paths import live_units
from sksgdprune._pruning import selection


def alive(layout, kept):
    """Return for each kept parameter whether it can change an output.

    Parameters
    ----------
    layout : Layout
        Where each tensor lies.
    kept : ndarray of bool of shape (n_parameters,)
        What is left.

    Returns
    -------
    ndarray of bool of shape (n_parameters,)
        Whether it is a weight on a path from an input to an output, or the bias of a unit on one or
        of an output.
    """
    blocks, useful = layout.weights(kept), np.zeros_like(kept)
    live = live_units(blocks)
    ends = pairwise(live)
    for part, block, (below, above) in zip(layout.weights(useful), blocks, ends, strict=True):
        part[:] = block & below[:, np.newaxis] & above
    live[-1][:] = True
    for part, block, units in zip(
        layout.biases(useful), layout.biases(kept), live[1:], strict=True
    ):
        part[:] = block & units
    return useful


def best_paths(layout, rank, kept, most):
    """Return the weights of a path to each output, of best outputs first, `most` of them at most.

    A path is as good as its lowest weight; of each output it is the best one.

    Parameters
    ----------
    layout : Layout
        Where each tensor lies.
    rank : ndarray of shape (n_parameters,)
        Bigger = better.
    kept : ndarray of bool of shape (n_parameters,)
        What is left.
    most : int
        Number of weights.

    Returns
    -------
    ndarray of bool of shape (n_parameters,)
    """
    width, below = np.full(layout.sizes[0], np.inf), []
    for ranks, block in zip(layout.weights(rank), layout.weights(kept), strict=True):
        through = np.where(block, np.minimum(width[:, np.newaxis], ranks), -np.inf)
        below.append(through.argmax(axis=0))
        width = through.max(axis=0)
    spared = np.zeros(layout.n_parameters, bool)
    for output in np.argsort(-width, kind="stable")[: np.count_nonzero(width > -np.inf)]:
        longer, unit = spared.copy(), output
        for block, best in zip(layout.weights(longer)[::-1], below[::-1], strict=True):
            block[best[unit], unit] = True
            unit = best[unit]
        if np.count_nonzero(longer) > most:
            break
        spared = longer
    return spared


def cut(scores, status, p, eligible, layout):
    """Return a status vector in which a fraction p of the eligible is PRUNED.

    The lowest scores go, but first what would be dead after the cut: where no path of remaining
    weights through a weight joins an input with an output, it costs a place and does nothing. The
    best path to each output is spared, as long as there is room for it, so that the network does
    not become a constant.

    Parameters
    ----------
    scores : ndarray of shape (n_parameters,)
        Bigger = keep.
    status : ndarray of uint8 of shape (n_parameters,)
        FREE, FROZEN or PRUNED.
    p : float in [0, 1]
        The fraction to be reached.
    eligible : ndarray of int
        Positions that are ranked together.
    layout : Layout
        Where each tensor lies.

    Returns
    -------
    new : ndarray of uint8 of shape (n_parameters,)
        The status after the cut.
    exceeded : bool
        Whether more than p was pruned already.
    """
    left = eligible[status[eligible] != PRUNED]
    left = left[selection.lowest(scores[left], left.size)]
    k = selection.count(eligible.size, p)
    missing = k - (eligible.size - left.size)
    if missing <= 0:
        return status.copy(), missing < 0
    rank = np.full(layout.n_parameters, np.inf)
    rank[left] = np.arange(left.size)
    spared = best_paths(layout, rank, status != PRUNED, eligible.size - k)[left]
    dead = np.zeros(left.size, bool)
    while True:
        order = np.concatenate([np.flatnonzero(part) for part in (dead, ~dead & ~spared, spared)])
        new = status.copy()
        new[left[order[:missing]]] = PRUNED
        kept = new != PRUNED
        lost = (kept & ~alive(layout, kept))[left] & ~spared
        if not lost.any():
            return new, False
        if np.count_nonzero(dead | lost) > missing:  # the cut ends among dead connections
            order = np.concatenate([np.flatnonzero(part) for part in (dead, lost)])
            new = status.copy()
            new[left[order[:missing]]] = PRUNED
            return new, False
        dead |= lost
