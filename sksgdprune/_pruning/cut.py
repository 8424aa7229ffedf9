"""A cut, prune or freeze: from its options and the evidence to a new status of each parameter."""

from copy import deepcopy
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from sksgdprune._data import validation as check
from sksgdprune._data.encoding import sources
from sksgdprune._kernels.types import FROZEN, PRUNED
from sksgdprune._pruning import connected, scores, selection, structured
from sksgdprune._training.evaluation import mean_gradients, preconditioner_of
from sksgdprune._utils.warnings import warn

NEW_STATUS = {"prune": PRUNED, "freeze": FROZEN}


class CutOptions(NamedTuple):
    """How prune, freeze, a sweep and prune_gradually cut; see `prune` for the words."""

    action: str
    method: object
    scope: str
    include_biases: bool
    structure: str = "weight"

    def checked(self, hidden_sizes=None):
        """Return them, or raise ValueError; a network has such hidden layers, if that is known."""
        scores.resolve(self.action, self.method)
        selection.check_scope(self.scope, self.action)
        structured.check_structure(self.structure, self.action, hidden_sizes)
        return self._replace(include_biases=check.flag("include_biases", self.include_biases))

    @property
    def need_steps(self):
        """Whether the method's scores say nothing before a training step."""
        return scores.resolve(self.action, self.method) in scores.NEED_STEPS

    def status(self, p, network, evidence):
        """Return each parameter's status after a cut to p, and whether more was cut before."""
        layout, old = network.layout, network.dense().status
        structured.check_structure(self.structure, self.action, layout.sizes[1:-1])
        found = self._scores(evidence)
        if self.structure != "weight":
            return structured.cut(found, old, p, *self._units(network))
        groups = self._groups(layout)
        if self.scope == "connected":
            return connected.cut(found, old, p, groups[0], layout)
        return selection.cut(found, old, p, NEW_STATUS[self.action], groups)

    def reached(self, network):
        """Return the fraction that is pruned already, where it is least of what is ranked apart."""
        status = network.dense().status
        if self.structure != "weight":
            return structured.reached(status, *self._units(network))
        return min((status[group] == PRUNED).mean() for group in self._groups(network.layout))

    def n_weights_left(self, p, network):
        """Return how many weights remain after a cut to p; at least 1."""
        layout = network.layout
        blocks = layout.weights(network.dense().status != PRUNED)
        if self.structure != "weight":
            layout, _, *which = self._units(network)
            left = structured.n_weights_left(layout, p, *which)
        else:
            left = sum(block.size for block in blocks) * (1 - p)
        return max(min(left, sum(map(np.count_nonzero, blocks))), 1)

    def _groups(self, layout):
        return selection.groups(layout, self.scope, self.include_biases)

    def _units(self, network):
        """Return what a structured selection needs to know of the network and of these options."""
        features = sources(network.encoding, network.layout.sizes[0])
        return network.layout, self.scope, self.structure, features

    def _scores(self, evidence):
        """Return one finite score per parameter."""
        with np.errstate(over="ignore", invalid="ignore"):  # reported below
            found = np.asarray(scores.resolve(self.action, self.method)(evidence))
        if found.shape != evidence.theta.shape:
            raise ValueError(
                f"method={self.method!r} returned scores of shape {found.shape}; there must be "
                f"one per parameter, {evidence.theta.shape}."
            )
        if not np.isfinite(found).all():
            raise ValueError(
                f"The scores of method={self.method!r} overflow: X, y or the parameters are too "
                "large. Standardise the data, or use another method."
            )
        return found


def cut(state, p, options, config, read, rng=None):
    """Return the state after a cut to p, and whether more was cut before.

    Parameters
    ----------
    state : TrainingState
        Before the cut.
    p : float in [0, 1]
        The fraction to be reached.
    options : CutOptions
        How.
    config : TrainingConfig
        Of the estimator: H and the penalty's part of the gradient go by it.
    read : callable
        Returns the Data over which gradients are taken; called where the method needs them.
    rng : RandomState, default=None
        For random scores; None draws from the state's own.
    """
    network, parameters = state.network, state.network.dense()
    run = config.for_run(network, state.n_rows, state.n_seen)
    # Few scores draw, and a copy takes half a millisecond.
    own = cache(partial(deepcopy, state.rng))
    evidence = scores.Evidence(
        parameters.theta,
        parameters.state.noise_variance,
        preconditioner_of(network, run),
        lambda: mean_gradients(read(), network, run),
        own if rng is None else lambda: rng,
    )
    status, exceeded = options.status(p, network, evidence)
    moved_on = own() if own.cache_info().currsize else state.rng
    return replace(state, network=network.cut(status, state.t), rng=moved_on), exceeded


def warn_of_less(options, p):
    """Warn that p is less than what was cut before."""
    warn(
        f"{options.action}({p}) changes nothing: a larger fraction was cut before. "
        "See sparsity_report_.",
        UserWarning,
    )
