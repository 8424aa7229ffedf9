"""The scope "connected": one ranking for all, but what leads nowhere goes first."""

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


def connect(scores, status, p, eligible, layout):
    """Return scores by which a cut of the eligible to p leaves no weight that leads nowhere.

    A weight leads nowhere where no path of remaining weights through it joins an input with an
    output: it costs a place and does nothing. Such weights get -inf, so that others stay in their
    places, as long as there are not more of them than the cut takes. Each weight matrix keeps at
    least as many weights as the network has outputs, or its equal part of what is left, if that is
    less: these get inf. So no layer is emptied.

    Parameters
    ----------
    scores : ndarray of shape (n_parameters,)
        Bigger = keep.
    status : ndarray of uint8 of shape (n_parameters,)
        Before the cut.
    p : float in [0, 1]
        The fraction to be reached.
    eligible : ndarray of int
        Positions that are ranked.
    layout : Layout
        Where each tensor lies.

    Returns
    -------
    ndarray of shape (n_parameters,)
    """
    matrices = [np.arange(t.where.start, t.where.stop) for t in layout.tensors if not t.is_bias]
    k = _selection.count(eligible.size, p)
    floor = min(layout.sizes[-1], (eligible.size - k) // len(matrices))
    dead = status == PRUNED
    while True:
        ranked = np.where(dead, -np.inf, scores.astype(float))
        for matrix in matrices:
            alive = matrix[~dead[matrix]]
            best = np.argsort(-scores[alive], kind="stable")[:floor]
            ranked[alive[best]] = np.inf
        new, _ = _selection.cut(ranked, status, p, PRUNED, [eligible])
        kept = new != PRUNED
        lost = kept & ~leads_somewhere(layout, kept)
        for biases in layout.biases(lost):
            biases[:] = False
        if not lost.any() or np.count_nonzero(dead[eligible]) + np.count_nonzero(lost) > k:
            return ranked
        dead |= lost
