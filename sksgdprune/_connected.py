"""The scope "connected": all are ranked together, but what leads nowhere goes first."""

import numpy as np

from sksgdprune import _selection
from sksgdprune._kernels.records import PRUNED
from sksgdprune._paths import live_units


def leads_somewhere(layout, kept):
    """Return for each parameter whether it is a kept weight on a path from input to output.

    Parameters
    ----------
    layout : Layout
        Where each tensor lies.
    kept : ndarray of bool of shape (n_parameters,)
        What is left.

    Returns
    -------
    ndarray of bool of shape (n_parameters,)
        False for biases.
    """
    blocks, on_path = layout.weights(kept), np.zeros_like(kept)
    live = live_units(blocks)
    for part, block, below, above in zip(
        layout.weights(on_path), blocks, live[:-1], live[1:], strict=True
    ):
        part[:] = block & below[:, np.newaxis] & above
    return on_path


def cut(scores, status, p, eligible, layout):
    """Return a status vector in which a fraction p of the eligible is PRUNED.

    The lowest scores go, but first the weights that would lead nowhere after the cut, as long as
    there are not more of them than it takes: where no path of remaining weights through a weight
    joins an input with an output, it costs a place and does nothing. Each weight matrix keeps at
    least as many weights as the network has outputs, or its equal part of what is left, if that is
    less, so that no layer is emptied.

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
    left = left[_selection.lowest(scores[left], left.size)]
    k = _selection.count(eligible.size, p)
    missing = k - (eligible.size - left.size)
    if missing <= 0:
        return status.copy(), missing < 0
    tensor = np.searchsorted([t.where.stop for t in layout.tensors], left, side="right")
    is_weight = tensor % 2 == 0
    floor = min(layout.sizes[-1], (eligible.size - k) // (len(layout.sizes) - 1))
    dead = np.zeros(left.size, bool)
    while True:
        last = _best(tensor, is_weight & ~dead, floor)
        order = np.concatenate([np.flatnonzero(part) for part in (dead, ~dead & ~last, last)])
        new = status.copy()
        new[left[order[:missing]]] = PRUNED
        kept = new != PRUNED
        lost = is_weight & (kept & ~leads_somewhere(layout, kept))[left]
        if not lost.any() or np.count_nonzero(dead | lost) > missing:
            return new, False
        dead |= lost


def _best(tensor, candidates, n):
    """Return which are the last `n` candidates of each tensor, as a mask."""
    best = np.zeros(tensor.size, bool)
    for number in np.unique(tensor[candidates]) if n else ():
        best[np.flatnonzero(candidates & (tensor == number))[-n:]] = True
    return best
