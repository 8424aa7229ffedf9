"""Size of a network's weights and biases in the smallest of its forms."""

from dataclasses import replace
from typing import NamedTuple

from sksgdprune._network.compact import compact


class Size(NamedTuple):
    """Bytes of the weights and biases that predict, and the form that takes so many."""

    n_bytes: int
    form: str


def smallest_size(network):
    """Return the Size of a FittedNetwork in its smallest form, the plainer one of equals."""
    network = replace(network, posterior_samples=())  # θ alone counts, and goes along faster
    smaller = compact(network)
    forms = {
        "dense": network.densified(),
        "sparsified": network.sparsified(),
        "compacted": smaller.densified(),
        "compacted and sparsified": smaller.sparsified(),
    }
    sizes = [Size(of.parameters.n_bytes, form) for form, of in forms.items()]
    return min(sizes, key=lambda size: size.n_bytes)
