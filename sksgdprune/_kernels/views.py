"""Parts of the arrays in which all layers lie behind each other."""

from sksgdprune._kernels.types import jit


@jit
def units(rows, shape, layer):
    """Return the rows of a layer's units, (n_units, B)."""
    first = shape.units[layer]
    return rows[first : first + shape.sizes[layer]]


@jit
def units_and_one(rows, shape, layer):
    """Return the same with the unit of ones behind them, (n_units + 1, B)."""
    first = shape.units[layer]
    return rows[first : first + shape.sizes[layer] + 1]


@jit
def connections(vector, shape, layer):
    """Return the part of a θ-like vector into `layer + 1`: (n_units + 1, n_units_above)."""
    part = vector[shape.starts[layer] : shape.starts[layer + 1]]
    return part.reshape(shape.sizes[layer] + 1, shape.sizes[layer + 1])
