"""Functions of an exported network in C: which there are, and their constants."""

from dataclasses import dataclass, replace
from string import Template
from typing import NamedTuple

import numpy as np

from sksgdprune._data.encoding import sources
from sksgdprune._export import c_templates as c
from sksgdprune._export.folding import in_units_of_y
from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._kernels.types import FREE, PRUNED
from sksgdprune._network.compact import compact
from sksgdprune._network.parameters import Parameters

FLOAT32, FLOAT64, INT8 = map(np.dtype, ("float32", "float64", "int8"))
# Of an array's type: its name in C, and what ends the name of a function and a literal of it.
C_TYPES = {FLOAT32: ("float", "f"), FLOAT64: ("double", "")}
C_TYPES |= {np.dtype(name): (f"{name}_t", "") for name in ("int8", "uint8", "uint16", "uint32")}
# What the outputs are of the last layer's values z; a softmax takes all of them together.
OUTPUTS_IN_C = {"softmax": "z", "exp": "exp{f}(z)"}
# What each table of the inputs does to an input z, in this order.
CHANGES = {
    "offset": "z -= offset[i];",
    "low": "z = z < low[i] ? low[i] : z;",
    "high": "z = z > high[i] ? high[i] : z;",
    "rate": "z *= rate[i];",
}


class Weights(NamedTuple):
    """Weights of a layer as they are written, (n_in, n_out), and each unit's scale, or None."""

    values: np.ndarray
    scales: np.ndarray | None

    @property
    def numbers(self):
        """The numbers that they stand for."""
        return self.values.astype(float) * (1 if self.scales is None else self.scales)


class Precision(NamedTuple):
    """The types of the arithmetic and of the weights."""

    real: np.dtype
    weight: np.dtype

    def weights(self, W):
        """Return Weights."""
        if self.weight != INT8:
            return Weights(self.reals(W), None)
        most = np.abs(W).max(axis=0)
        scales = self.reals(np.where(most > 0, most / 127, 1))
        steps = np.rint(W / scales.astype(float)).clip(-127, 127)
        return Weights(steps.astype(INT8), scales)

    def reals(self, numbers):
        """Return numbers in the type of the arithmetic; refuse what it does not hold."""
        with np.errstate(over="ignore"):
            found = numbers.astype(self.real)
        if not np.isfinite(found).all():
            raise ValueError(
                f"The network has numbers up to {np.abs(numbers).max():.3g}, which {self.real} "
                "does not hold; write it with dtype='float64'."
            )
        return found


# By the user's word.
DTYPES = {
    "float32": Precision(FLOAT32, FLOAT32),
    "float64": Precision(FLOAT64, FLOAT64),
    "int8": Precision(FLOAT32, INT8),
}


@dataclass(frozen=True)
class Stage:
    """A function of the file, which makes values y of values x.

    Parameters
    ----------
    function : str
        What follows the network's name in its own.
    template : Template
        Its text.
    n_in, n_out : int
        Lengths of x and y.
    tables : dict of ndarray
        Constants, by name.
    fields : dict
        What else the template asks for.
    about : str
        What the file's head says of it.
    """

    function: str
    template: Template
    n_in: int
    n_out: int
    tables: dict
    fields: dict
    about: str

    @property
    def n_bytes(self):
        """Bytes of the constants."""
        return sum(values.nbytes for values in self.tables.values())


def without_zeros(network):
    """Return the network in float64, of what is not 0 alone, without units that do nothing."""
    parameters = network.dense()
    theta = parameters.theta.astype(float)
    state = parameters.state._replace(theta=theta)
    parameters = Parameters(state, np.where(theta == 0, PRUNED, FREE))
    encoding = network.encoding.astype(network.dtype).astype(float)  # as it predicts
    return compact(replace(network.densified(), parameters=parameters, encoding=encoding))


def stages_of(network, precision):
    """Return the Stages of a network: its inputs, where they are not the features, and layers."""
    coefs, intercepts = map(list, network.layers)
    coefs[-1], intercepts[-1] = in_units_of_y(network.targets, coefs[-1], intercepts[-1])
    activations = [network.activation] * (len(coefs) - 1) + [network.targets.out_activation]
    first, *others = zip(coefs, intercepts, activations, strict=True)
    is_read = coefs[0].any(axis=1)
    is_read[0] |= not is_read.any()
    beginnings = [
        _beginning(network, kept, *first, precision)
        for kept in (np.full_like(is_read, True), is_read)
    ]
    beginning = min(beginnings, key=lambda stages: sum(stage.n_bytes for stage in stages))
    return beginning + [
        _layer(number, precision.weights(W), b, activation, precision)
        for number, (W, b, activation) in enumerate(others, start=2)
    ]


def _beginning(network, kept, W, b, activation, precision):
    """Return the Stages that take features through the first layer, over the inputs kept."""
    tables, mean, scale = _inputs(network.encoding, kept, precision)
    weights = precision.weights(W[kept] / scale[:, np.newaxis])
    first = _layer(1, weights, b - mean @ weights.numbers, activation, precision)
    ends, source = network.encoding.first, sources(network.encoding, len(kept))[kept]
    n_features = len(ends) - 1 if ends.size else network.layout.sizes[0]
    is_feature = np.array_equal(source, np.arange(n_features))
    if is_feature and not tables:
        return [first]
    changes = [f"        {change}\n" for name, change in CHANGES.items() if name in tables]
    fields = {"source": "i" if is_feature else "source[i]", "changes": "".join(changes)}
    tables = tables if is_feature else {"source": _shortest(source)} | tables
    about = f"{n_features} -> {len(source)}"
    return [Stage("inputs", c.INPUTS, n_features, len(source), tables, fields, about), first]


def _inputs(encoding, kept, precision):
    """Return the tables that make the kept inputs z of features, and mean and scale of z.

    Those are for the first layer to fold. But a mean that is so large beside the scale that sums
    of products would lose its digits is subtracted before, and weights of few bits are for inputs
    of one scale.
    """
    tables, mean, scale = {}, np.zeros(kept.sum()), np.ones(kept.sum())
    if encoding.mean.size:
        mean, scale = encoding.mean[kept], encoding.scale[kept]
    is_far = np.abs(mean) / scale > np.finfo(precision.real).eps ** (-1 / 8)
    offset = precision.reals(np.where(is_far, mean, 0)).astype(float)
    if is_far.any():
        tables["offset"] = offset.astype(precision.real)
    for name in ("low", "high"):
        ends = getattr(encoding, name)
        if ends.size:
            most = np.finfo(precision.real).max
            tables[name] = precision.reals((ends[kept] - offset).clip(-most, most))
    mean = mean - offset
    if precision.weight != INT8 or not encoding.mean.size:
        return tables, mean, scale
    tables["rate"] = precision.reals(1 / scale)
    return tables, mean * tables["rate"], np.ones_like(scale)


def _layer(number, weights, b, activation, precision):
    """Return the Stage of a layer: of all its weights, or of those alone that are not 0."""
    values, scales = weights.values.T, weights.scales  # unit by unit
    rest = {"biases": precision.reals(b)} | ({} if scales is None else {"scales": scales})
    sparse = _connections(values)
    fields = {
        "weight": C_TYPES[precision.weight][0],
        "step": C_TYPES[sparse["steps"].dtype][0],
        "cast": "" if scales is None else "(float)",
        "scaled": "" if scales is None else "z *= scales[unit];\n        ",
        "value": _in_c(activation).format(f=C_TYPES[precision.real][1]),
    }
    n_out, n_in = values.shape
    function, about = f"layer_{number}", f"{n_in} -> {n_out}, {activation}"
    stages = [
        Stage(function, template, n_in, n_out, tables | rest, fields, f"{about}, {n_weights}")
        for template, tables, n_weights in (
            (c.DENSE, {"weights": values.ravel()}, f"{values.size} weights"),
            (c.SPARSE, sparse, f"{sparse['weights'].size} of {values.size} weights"),
        )
    ]
    return min(stages, key=lambda stage: stage.n_bytes)


def _in_c(activation):
    """Return an activation's or an output's value of z, in C."""
    expression = OUTPUTS_IN_C.get(activation) or ACTIVATIONS[activation].in_c
    if expression is None:
        raise ValueError(
            f"The activation {activation!r} is not written in C; give its entry of ACTIVATIONS an "
            "`in_c`."
        )
    return expression


def _connections(values):
    """Return the tables of weights, (n_out, n_in), that are not 0.

    Unit by unit: how many there are, and from input to input the step.
    """
    unit, position = values.nonzero()
    if not unit.size:  # C has no empty arrays
        unit, position = np.zeros((2, 1), int)
    is_first = np.diff(unit, prepend=-1) != 0
    steps = np.where(is_first, position, np.diff(position, prepend=0))
    counts = np.bincount(unit, minlength=len(values))
    return {
        "weights": values[unit, position],
        "steps": _shortest(steps),
        "counts": _shortest(counts),
    }


def _shortest(numbers):
    """Return whole numbers in the shortest type without a sign."""
    return numbers.astype(np.min_scalar_type(numbers.max()))
