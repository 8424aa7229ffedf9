"""Lists of the connections that are left, and each layer's way; plain NumPy, once per call."""

import numpy as np

from sksgdprune._kernels.types import FREE, FROZEN, PRUNED, Lists, State

# Ways through a layer: BLAS; lists of the FREE connections for gradient and step, where few are
# FREE; lists for everything, where few are left.
DENSE, LISTED_GRADIENT, LISTED = range(3)
# Below these fractions of a layer lists win: measured, about 20 ns a listed connection against
# BLAS. The other two have no layer listed, or every one.
LISTED_BELOW, NEVER, ALWAYS = 0.22, 0.0, 2.0
LISTED_ROWS = 128  # samples predicted at once over lists: their activations stay in the cache
OUTPUT_TILE = 16  # outputs whose rows stay in the first cache while the inputs pass by


def plan(shape, state, status, listed_below=LISTED_BELOW):
    """Return the Lists of a network, or None where every layer is dense."""
    blocks = [_block(status, shape, layer) for layer in range(shape.sizes.size - 1)]
    way = np.array([_way(block, listed_below) for block in blocks])
    if not way.any():
        return None
    alive = _alive_units(blocks, way, shape)
    first = np.zeros((len(blocks), 4), np.int64)
    parts, n = [], 0
    for layer, block in enumerate(blocks):
        first[layer] = n, n, n, shape.units[layer + 1] - 1
        if way[layer] != DENSE:
            most = FROZEN if way[layer] == LISTED else FREE
            reachable = alive[shape.units[layer + 1] :][: block.shape[1]]
            for end, reached in enumerate((reachable, ~reachable), start=1):
                parts.append(_list(block <= most, reached, shape, layer))
                n += parts[-1].shape[1]
                first[layer, end:3] = n
    source, target, where = np.ascontiguousarray(np.hstack(parts))
    live = [
        start + np.flatnonzero(alive[start:][:size])
        for start, size in zip(shape.units, shape.sizes, strict=False)
    ]
    copies = State(*(array[where] for array in state))
    g, noise = np.zeros_like(copies.theta), np.zeros_like(copies.theta)
    first_unit = np.cumsum([0, *map(len, live)])
    held = status[where]
    return Lists(
        way, first, source, target, where, held, copies, g, noise, np.concatenate(live), first_unit
    )


def write_back(lists, state):
    """Copy the lists' working State to its places."""
    if lists is not None:
        for moved, array in zip(lists.state, state, strict=True):
            array[lists.where] = moved


def _block(status, shape, layer):
    """Return the status of the connections into `layer + 1`: (n_units + 1, n_units_above)."""
    part = status[shape.starts[layer] : shape.starts[layer + 1]]
    return part.reshape(shape.sizes[layer] + 1, shape.sizes[layer + 1])


def _way(block, listed_below):
    if np.count_nonzero(block <= FROZEN) < listed_below * block.size:
        return LISTED
    if np.count_nonzero(block == FREE) < listed_below * block.size:
        return LISTED_GRADIENT
    return DENSE


def _alive_units(blocks, way, shape):
    """Return for each row of the activations whether a path of connections reaches an output."""
    alive = np.ones(shape.units[-1], bool)
    for layer in reversed(range(len(blocks))):
        if way[layer] == LISTED:
            block = blocks[layer]
            above = alive[shape.units[layer + 1] :][: block.shape[1]]
            alive[shape.units[layer] :][: block.shape[0]] = ((block != PRUNED) & above).any(axis=1)
    return alive


def _list(chosen, reached, shape, layer):
    """Return source, target and where of the chosen connections into the units `reached`.

    They come tile by tile of the outputs, within a tile input by input.
    """
    where = np.flatnonzero(chosen & reached)
    tile = where % chosen.shape[1] // OUTPUT_TILE
    where = where[np.argsort(tile.astype(np.uint16), kind="stable")]  # 16 bits sort by counting
    k, j = np.divmod(where, chosen.shape[1])
    where += shape.starts[layer]
    return np.stack([shape.units[layer] + k, shape.units[layer + 1] + j, where])
