"""Units on a path of remaining connections from an input to an output."""

import numpy as np


def live_units(remaining):
    """Return which units lie on a path of remaining connections from an input to an output.

    Parameters
    ----------
    remaining : list of ndarray of bool of shape (fan_in, fan_out)
        Which connections of each layer are not pruned.

    Returns
    -------
    list of ndarray of bool of shape (n_units,)
        From the inputs to the outputs, a mask for each layer of units.
    """
    reached = [np.ones(len(remaining[0]), dtype=bool)]
    for layer in remaining:
        reached.append(reached[-1] @ layer)
    leads = [np.ones(remaining[-1].shape[1], dtype=bool)]
    for layer in reversed(remaining):
        leads.append(layer @ leads[-1])
    return [there & back for there, back in zip(reached, reversed(leads), strict=True)]
