"""The pruning plan: cuts and training in turn, from a warmed-up state to a network at p."""

from copy import deepcopy
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

from sksgdprune import schedules
from sksgdprune._data.folds import weighted
from sksgdprune._pruning.cut import CutOptions, cut, warn_of_less
from sksgdprune._training.config import Horizon
from sksgdprune._training.holdout import calibration_rows
from sksgdprune._training.runs import train, uninterrupted
from sksgdprune._training.state import drawn_anew

# What None stands for: for pruning what kept most accuracy (benchmarks/defaults/pruning.py), for
# freezing what the original experiment did.
DEFAULTS = {
    "prune": {
        "method": "fisher",
        "scope": "connected",
        "include_biases": False,
        "schedule": "geometric",
    },
    "freeze": {
        "method": "preconditioned_gradient",
        "scope": "layer",
        "include_biases": True,
        "schedule": "one_shot",
    },
}
# Rows over which a cut takes its gradient, at most: more do not change what is cut.
GRADIENT_ROWS = 10_000


class PruningPlan(NamedTuple):
    """How to cut, and the stages in which that is done."""

    options: CutOptions
    stages: tuple

    @classmethod
    def checked(cls, action, p, n_steps, structure, hidden_sizes, **given):
        """Return the plan for one p; None among the given stands for the default."""
        chosen = DEFAULTS[action] | {k: value for k, value in given.items() if value is not None}
        schedule = schedules.resolve(chosen.pop("schedule"))
        options = CutOptions(action, structure=structure, **chosen).checked(hidden_sizes)
        stages = schedules.planned(schedule, p, n_steps)
        if action == "freeze":  # nothing goes that should shrink before
            stages = tuple(stage._replace(penalty=1.0) for stage in stages)
        return cls(options, stages)

    @property
    def n_steps(self):
        """Steps of all stages."""
        return sum(stage.n_steps for stage in self.stages)

    @property
    def rounds(self):
        """Steps from the beginning and from each rewinding to the next one."""
        rounds = [0]
        for stage in self.stages:
            rounds += [0] if stage.rewind else []
            rounds[-1] += stage.n_steps
        return rounds

    @property
    def cuts_before_steps(self):
        """Whether something is cut before the first step of the stages."""
        n_before = next((i for i, stage in enumerate(self.stages) if stage.n_steps), None)
        first = self.stages if n_before is None else self.stages[: n_before + 1]
        return any(stage.fraction > 0 for stage in first)

    @property
    def leaves_nothing(self):
        """Whether all that is eligible is pruned in the end."""
        action, structure = self.options.action, self.options.structure
        return (action, structure, self.stages[-1].fraction) == ("prune", "weight", 1)

    def from_here(self, network):
        """Return the plan for a network of which a part is pruned already.

        A fraction of the plan is then one of what is left.
        """
        reached, p = self.options.reached(network), self.stages[-1].fraction
        if reached == 0:
            return self
        if reached >= p:
            return self._replace(stages=(schedules.Stage(p, self.n_steps),))
        stages = [
            s._replace(fraction=reached + (p - reached) * s.fraction / p) for s in self.stages
        ]
        return self._replace(stages=(*stages[:-1], self.stages[-1]))


def apply(plan, state, data, config):
    """Return the state after all stages; Ctrl-C ends the plan and is passed on."""
    # The rows by which posterior samples are judged are trained on in the second half of the last
    # stage only.
    last, begun = plan.stages[-1], state
    rows = calibration_rows(state, data, last.n_steps, config)
    gradient_rows = cache(partial(_gradient_rows, state.rng, data, rows))
    for stage in plan.stages:
        state, exceeded = cut(state, stage.fraction, plan.options, config, gradient_rows)
        if stage is last and exceeded and _is_less(plan, state, begun):
            warn_of_less(plan.options, stage.fraction)
        if stage.rewind:
            state = _rewound(state, begun)
        if stage.rewind == schedules.RANDOM:
            state = drawn_anew(state, config)
        if stage.n_steps:
            held_back = rows and (rows if stage is last else rows.throughout(stage.n_steps))
            horizon = _horizon(plan, stage, begun, config)
            state = uninterrupted(train(state, data, config, stage.n_steps, horizon, held_back))
    return state


def _is_less(plan, state, begun):
    """Return whether the plan ends at less than before, or has cut nothing since its beginning.

    Where layers are cut apart, those of which more was cut say nothing of the others.
    """
    falls = max(stage.fraction for stage in plan.stages) > plan.stages[-1].fraction
    is_same = (state.network.dense().status == begun.network.dense().status).all()
    return falls or is_same


def _rewound(state, begun):
    """Return a state with the network and t of an earlier one, but for what was cut since."""
    status = state.network.dense().status
    return replace(state, network=begun.network.cut(status, begun.t), t=begun.t)


def _horizon(plan, stage, begun, config):
    """Return the Horizon of a stage, for a plan that begins at a state.

    Where the stage leaves its penalty open, the weights that will go should shrink before: the
    penalty that takes grows as one over the number of those that remain, as was measured, and does
    not fade with the samples as a prior does.
    """
    n_steps, window = begun.t - config.t0 + plan.n_steps, stage.n_steps // 2
    if stage.penalty is not None:
        return Horizon(n_steps, stage.penalty, window=window)
    n_left = plan.options.n_weights_left(plan.stages[-1].fraction, begun.network)
    return Horizon(n_steps, least_penalty=config.auto.shrinking / n_left, window=window)


def _gradient_rows(rng, data, rows):
    """Return the Data over which cuts take their gradients."""
    if rows is not None:
        data = weighted(data, rows.kept)
    n = len(data.Y)
    if n <= GRADIENT_ROWS:
        return data
    return data.take(deepcopy(rng).choice(n, GRADIENT_ROWS, replace=False))
