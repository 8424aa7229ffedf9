"""Scores of parameters: bigger = keep it (prune), or keep training it (freeze).

To add a score, write a function of `Evidence` and list it in `PRUNE` or `FREEZE`. Users can pass
such a function as `method` without listing it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sksgdprune._utils.argument_types import Array, ArrayLike, FreezeName, PruneName
from sksgdprune._utils.lazy import cached_property


@dataclass(frozen=True)
class Evidence:
    """What a score may look at; vectors have shape (n_parameters,).

    Parameters
    ----------
    theta, noise_variance, preconditioner : ndarray
        θ, C and H.
    gradients : callable
        Returns the means over the samples passed to prune or freeze of g, and of the per-sample
        g² (Fisher). Called when a score reads the first of them; raises ValueError where no
        samples were passed.
    generator : callable
        Returns the RandomState for scores that draw; called when one reads `rng`.
    """

    theta: Array
    noise_variance: Array
    preconditioner: Array
    gradients: Callable[[], tuple[Array, Array]]
    generator: Callable[[], np.random.RandomState]

    @cached_property
    def rng(self) -> np.random.RandomState:
        """For scores that draw."""
        return self.generator()

    @cached_property
    def _gradients(self) -> tuple[Array, Array]:
        return self.gradients()

    @property
    def gradient(self) -> Array:
        """Mean of g, the L2 penalty's part included."""
        return self._gradients[0]

    @property
    def squared_gradient(self) -> Array:
        """Mean of the per-sample g²."""
        return self._gradients[1]


Score: TypeAlias = Callable[[Evidence], ArrayLike]
PruneMethod: TypeAlias = PruneName | Score
FreezeMethod: TypeAlias = FreezeName | Score


def magnitude(e):
    """abs(w) (Han et al. 2015)."""
    return np.abs(e.theta)


def random(e):
    """A uniform draw per parameter."""
    return e.rng.uniform(size=e.theta.shape)


def noise(e):
    """w² C: the squared signal-to-noise ratio of a posterior of variance 1 / (N C)."""
    return e.theta**2 * e.noise_variance


def fisher(e):
    """w² E[g²], twice the loss change that the empirical Fisher predicts (Theis et al. 2018)."""
    return e.theta**2 * e.squared_gradient


def connection_sensitivity(e):
    """abs(w g) (SNIP, Lee et al. 2019)."""
    return np.abs(e.theta * e.gradient)


def preconditioned_gradient(e):
    """abs(H g): the length of the step that the parameter would take."""
    return np.abs(e.preconditioner * e.gradient)


def gradient(e):
    """abs(g)."""
    return np.abs(e.gradient)


def squared_gradient(e):
    """E[g²] (FISH mask, Sung et al. 2021)."""
    return e.squared_gradient


PRUNE = {
    "magnitude": magnitude,
    "random": random,
    "noise": noise,
    "fisher": fisher,
    "gradient": connection_sensitivity,
}
FREEZE = {
    "preconditioned_gradient": preconditioned_gradient,
    "gradient": gradient,
    "random": random,
    "fisher": squared_gradient,
}
METHODS = {"prune": PRUNE, "freeze": FREEZE}
# Those that go by C, which training steps estimate.
NEED_STEPS = noise, preconditioned_gradient

# The words of the original experiment (docs/coming_from_notebook.md).
ALIASES = {
    "prune": {"minimal": "magnitude"},
    "freeze": {"H": "preconditioned_gradient", "minimal": "gradient"},
}


def resolve(action, method):
    """Return the score of a method, from its name or from itself; ValueError on another."""
    if callable(method):
        return method
    name = ALIASES[action].get(method, method) if isinstance(method, str) else None
    if name not in METHODS[action]:
        raise ValueError(
            f"Got method={method!r} for {action}; expected one of {sorted(METHODS[action])}, "
            f"of the aliases {ALIASES[action]}, or a function of Evidence."
        )
    return METHODS[action][name]
