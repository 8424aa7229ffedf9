"""Types of the kernels: status codes, records of arrays, and how functions are compiled.

A field that is None takes no part in a compilation: numba leaves out the branches that would read
it. So a plain dense training compiles nothing of lists, of the "batch" estimator, of CSR rows or
of traces, and each of these is compiled when it is first needed.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

BATCH, PROBE = "batch", "probe"
NOISE_ESTIMATORS = BATCH, PROBE

# Status of a parameter.
FREE, FROZEN, PRUNED = np.uint8(0), np.uint8(1), np.uint8(2)

# "contract" lets a * b + c become one instruction; "reassoc" lets a sum be vectorised.
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
# Only entry points are called from Python; the others' wrappers for that took a fifth of the
# compilation.
_INNER = OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
jit = njit(**_INNER)
jit_sums = njit(**(_INNER | {"fastmath": {"contract", "reassoc"}}))
# What is called from one place only, compiled as a part of it: saves a fifth again.
jit_inline = njit(inline="always", **_INNER)


def uncompiled(function):
    """Return the Python function of a compiled one; NUMBA_DISABLE_JIT=1 leaves it as it is."""
    return getattr(function, "py_func", function)


class Sparse(NamedTuple):
    """The three arrays of a CSR matrix."""

    values: np.ndarray
    columns: np.ndarray
    row_starts: np.ndarray


class Encoding(NamedTuple):
    """How an input is made of its feature: (clip(feature, low, high) - mean) / scale.

    Arrays are empty where there is nothing to do: without mean and scale inputs stay as they are,
    without the others each feature is one input.
    """

    mean: np.ndarray  # (n_inputs,) or (0,), as `scale`, `source`, `low`, `high`
    scale: np.ndarray
    source: np.ndarray  # the feature, int64, ascending
    first: np.ndarray  # where a feature's inputs begin, and the end: (n_features + 1,) or (0,)
    low: np.ndarray
    high: np.ndarray

    def astype(self, dtype):
        """Return it with floats of another type."""
        floats = {name: array.astype(dtype) for name, array in self._asdict().items()}
        return Encoding(**floats | {"source": self.source, "first": self.first})


class Samples(NamedTuple):
    """What is trained on; `dense` is empty where X is a CSR matrix."""

    dense: np.ndarray  # (n_samples, n_features)
    sparse: Sparse | None
    encoding: Encoding  # of X
    Y: np.ndarray  # (n_samples, n_outputs)


class Hyper(NamedTuple):
    """Scalars of a run; the floats have θ's dtype, but for kappa."""

    activation: int
    objective: int
    preconditioner: int
    roots: bool | None  # of SCALAR and SQRT: whether the trace is that of roots
    kappa: float
    learning_rate: np.floating
    posterior_size: np.floating
    damping: np.floating
    cap: np.floating  # 1 where C is taken to be g² at least, 0 where it is taken as it is
    centre: np.floating  # 1 where noise is about the minibatch's gradient, 0 where it is about 0
    alpha: np.floating
    least: np.floating  # smaller weights become 0, every DROP_EVERY steps
    disperses: bool  # whether the dispersion is estimated, and the penalty relative to it


class Rates(NamedTuple):
    """One step's scalars in θ's dtype; H = rate / (slope C + offset), or over its root."""

    kappa: np.floating
    rate: np.floating  # learning_rate included
    slope: np.floating
    offset: np.floating
    roots: bool | None
    cap: np.floating
    alpha: np.floating  # of the penalty, per sample of the minibatch, times the dispersion
    per_sample: np.floating  # 1 / S
    centre: np.floating  # as in Hyper
    per_spread: np.floating  # 1 / (S - 1); 1 / S about 0


class Shape(NamedTuple):
    """A network's sizes as int64 arrays; every layer but the last has its unit of ones."""

    sizes: np.ndarray  # units per layer, the input's included
    starts: np.ndarray  # where the connections into each layer begin in θ, and the end
    units: np.ndarray  # row of each layer's first unit in `activations`, and the end


class State(NamedTuple):
    """What a step moves: arrays of shape (n_parameters,), one number per parameter."""

    theta: np.ndarray
    noise_variance: np.ndarray  # C


# Every so many steps an iterate goes into the average: those between are nearly the same, and so
# it costs a hundredth of a step.
STRIDE = 10
# Every so many steps weights that are almost 0 become 0: in each it would cost a twentieth.
DROP_EVERY = 64

# What a pruned parameter has in a network that keeps the others only; any array but θ and C starts
# so, too.
PRUNED_STATE = State(theta=0, noise_variance=1)


class Lists(NamedTuple):
    """Which way each layer goes, and the lists of connections of those that are not dense.

    A list holds, for each connection, the rows of its two units, its position in θ, its status
    and a working copy of its State; connections into dead units come last.
    """

    way: np.ndarray  # of the connections out of each layer: DENSE, LISTED_GRADIENT or LISTED
    # (n_layers - 1, 4): where a layer's list begins, its dead part, its end; its unit of ones
    first: np.ndarray
    source: np.ndarray
    target: np.ndarray
    where: np.ndarray
    status: np.ndarray
    state: State
    g: np.ndarray
    noise: np.ndarray
    units: np.ndarray  # rows of the units that are alive, layer by layer
    first_unit: np.ndarray  # where each layer's begin in `units`, and the end


class Network(NamedTuple):
    """A network while it is trained; its Lists, or None where every layer is dense, go beside."""

    shape: Shape
    state: State
    status: np.ndarray


class AveragingWindow(NamedTuple):
    """What is collected of the iterates: a mean that favours the later ones, and some of them."""

    average: np.ndarray  # (n_parameters,)
    first: float  # the t from which on steps are counted for the average; inf: there is none
    power: np.floating  # the n-th iterate that is collected weighs about n ** power
    samples: np.ndarray  # posterior samples: (n, n_parameters), those of these steps, or none
    every: int  # an iterate is one where the steps since `start` are a multiple of it
    start: float  # the t before the first of all steps


class Steps(NamedTuple):
    """The rows of each step, and what it leaves: its loss."""

    batch: np.ndarray  # (n_steps, S)
    probe: np.ndarray | None  # (n_steps,); None has the noise estimated from the minibatch
    t: float  # step counter before the first step
    losses: np.ndarray  # (n_steps,) float64
    dispersion: np.ndarray  # (1,) float64: the running mean of the losses, twice per output


class Scratch(NamedTuple):
    """Work space of a run, reused by all its steps."""

    rows: np.ndarray  # (B,): the minibatch's, then the probe's, repeated
    inputs: np.ndarray  # 0, 1, …, n_inputs - 1
    outputs: np.ndarray  # 0, 1, …, n_outputs - 1
    activations: np.ndarray  # (n_units, B), a unit of ones behind each layer's
    deltas: np.ndarray  # the same; zero for dead units
    targets: np.ndarray  # (n_outputs, B)
    losses: np.ndarray  # (B,)
    transposed: np.ndarray  # deltas of one layer, (B, n_units)
    gradient: np.ndarray  # sums over the minibatch for one layer's connections
    squares: np.ndarray | None  # sums of squares, for the "batch" estimator


def columns(batch_size, noise_estimator):
    """Return B: the minibatch and the probe, which is repeated so that rows are aligned."""
    return batch_size if noise_estimator == BATCH else 4 * (batch_size // 4 + 1)


def scratch(shape, B, dtype, noise_estimator=PROBE):
    """Return new work space for B columns."""
    activations = np.zeros((shape.units[-1], B), dtype)
    activations[shape.units[1:-1] - 1] = 1
    largest, widest = np.diff(shape.starts).max(), shape.sizes[1:].max()
    return Scratch(
        rows=np.empty(B, np.int64),
        inputs=np.arange(shape.sizes[0]),
        outputs=np.arange(shape.sizes[-1]),
        activations=activations,
        deltas=np.zeros_like(activations),
        targets=np.empty((shape.sizes[-1], B), dtype),
        losses=np.empty(B, dtype),
        transposed=np.empty(B * widest, dtype),
        gradient=np.empty(largest, dtype),
        squares=np.empty(largest, dtype) if noise_estimator == BATCH else None,
    )
