"""Layout of all tensors in the flat θ, and the start of θ and C."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._kernels.types import Shape
from sksgdprune._utils.lazy import cached_property


class Tensor(NamedTuple):
    """One weight matrix or bias vector inside the flat parameter vector."""

    name: str
    where: slice
    shape: tuple[int, ...]
    is_bias: bool


@dataclass(frozen=True)
class Layout:
    """Places of all weights and biases in the flat parameter vector θ.

    θ holds, layer by layer, the weights (fan_in, fan_out) in C order and then the biases
    (fan_out,).

    Parameters
    ----------
    sizes : tuple of int
        Units per layer: (n_features, *hidden_layer_sizes, n_outputs).
    """

    sizes: tuple[int, ...]

    @cached_property
    def tensors(self):
        """The tensors in their order in θ: W1, b1, W2, b2 and so on."""
        tensors, start = [], 0
        for layer, (fan_in, fan_out) in enumerate(pairwise(self.sizes), start=1):
            for name, shape in ((f"W{layer}", (fan_in, fan_out)), (f"b{layer}", (fan_out,))):
                stop = start + int(np.prod(shape))
                tensors.append(Tensor(name, slice(start, stop), shape, len(shape) == 1))
                start = stop
        return tuple(tensors)

    @cached_property
    def n_parameters(self):
        """Length of θ."""
        return self.tensors[-1].where.stop

    @cached_property
    def shape(self):
        """The same as the kernels take it; behind each layer comes its unit of ones."""
        starts = [t.where.start for t in self.tensors if not t.is_bias]
        return Shape(
            np.array(self.sizes, dtype=np.int64),
            np.array([*starts, self.n_parameters], dtype=np.int64),
            np.cumsum([0, *(n + 1 for n in self.sizes)], dtype=np.int64),
        )

    def views(self, vector):
        """Return one view of `vector` per tensor, in the tensors' shapes."""
        return [vector[t.where].reshape(t.shape) for t in self.tensors]

    def weights(self, vector):
        """Return views of the weight matrices in `vector`."""
        return self.views(vector)[0::2]

    def biases(self, vector):
        """Return views of the bias vectors in `vector`."""
        return self.views(vector)[1::2]


def initial_parameters(layout, activation, rng, dtype):
    """Draw θ uniformly in ±sqrt(6 / (fan_in + fan_out)), biases too (Glorot & Bengio 2010).

    The activation has its own gain in place of 6. They are drawn in scikit-learn's
    order, so the same seed gives the same start as its MLP.
    """
    gain = ACTIVATIONS[activation].gain
    theta = np.empty(layout.n_parameters, dtype=dtype)
    for weights, biases in zip(layout.weights(theta), layout.biases(theta), strict=True):
        bound = np.sqrt(gain / sum(weights.shape))
        weights[:] = rng.uniform(-bound, bound, weights.shape)
        biases[:] = rng.uniform(-bound, bound, biases.shape)
    return theta


def initial_noise_variance(layout, rng, dtype):
    """Draw the start of C uniformly in [0, sqrt(6 / n_parameters)]."""
    n = layout.n_parameters
    return rng.uniform(0.0, np.sqrt(6.0 / n), n).astype(dtype, copy=False)
