"""Schedules: how the fraction p is reached over the fine-tuning steps.

A schedule is a frozen dataclass with `plan(p, n_steps)`. To add one, write it here and list it
in `SCHEDULES` under its name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import Literal, NamedTuple

from sksgdprune._data.validation import is_whole
from sksgdprune._utils.argument_types import HasPlan, Schedule


class Stage(NamedTuple):
    """One cut, and the training steps that follow.

    Parameters
    ----------
    fraction : float
        The fraction of all eligible parameters that the cut reaches.
    n_steps : int
        Minibatch steps that follow.
    penalty : float, default=1.0
        Factor of alpha in these steps. None does not change alpha, unless it is "auto": then it is
        at least S / (2 K) (times φ in regression), if K weights are to remain in the end.
    rewind : bool or "random", default=False
        Whether the remaining parameters return, after the cut, to their values before the first
        stage; "random" initialises them again, as at the beginning of a fit.

    Examples
    --------
    >>> from sksgdprune.schedules import Stage
    >>> Stage(0.9, 3000)
    Stage(fraction=0.9, n_steps=3000, penalty=1.0, rewind=False)
    """

    fraction: float
    n_steps: int
    penalty: float | None = 1.0
    rewind: bool | Literal["random"] = False


RANDOM = "random"


def _is_penalty(value):
    return value is None or (isinstance(value, Real) and 0 <= value < math.inf)


def _check(schedule, good):
    """Raise ValueError where a field of a schedule is not good."""
    for name in [name for name, is_good in good.items() if not is_good]:
        raise ValueError(
            f"Got {name}={getattr(schedule, name)!r} for {type(schedule).__name__}; n_cuts is a "
            "whole number from 1, share a number from 0 to 1, penalty a number from 0 or None, "
            "random_reinit True or False."
        )


class _Schedule:
    """Base class of the schedules."""

    def plan(self, p: float, n_steps: int) -> list[Stage]:
        """Return the stages after the warm-up.

        Parameters
        ----------
        p : float
            The fraction to be reached.
        n_steps : int
            Fine-tuning steps in all.

        Returns
        -------
        list of Stage
            Fractions to cut to, each with the number of steps that follow.

        Examples
        --------
        >>> from sksgdprune.schedules import Linear
        >>> for stage in Linear(n_cuts=2).plan(0.5, 300):
        ...     print(stage)
        Stage(fraction=0.25, n_steps=200, penalty=None, rewind=False)
        Stage(fraction=0.5, n_steps=100, penalty=1.0, rewind=False)
        """
        return self._stages(p, n_steps) if p > 0 else [Stage(p, n_steps)]

    def _stages(self, p, n_steps):
        """Return the plan for p > 0."""
        raise NotImplementedError


@dataclass(frozen=True)
class OneShot(_Schedule):
    """Cut to p at once, then fine-tune.

    Examples
    --------
    >>> from sksgdprune.schedules import OneShot
    >>> OneShot().plan(0.9, 3000)
    [Stage(fraction=0.9, n_steps=3000, penalty=1.0, rewind=False)]
    """

    def _stages(self, p, n_steps):
        return [Stage(p, n_steps)]


@dataclass(frozen=True)
class _Gradual(_Schedule):
    """Many small cuts, evenly spread over the first part of the steps.

    Weights that will be pruned should shrink before, so alpha is raised until the last cut
    (benchmarks/defaults/pruning.py).
    """

    n_cuts: int = 60
    share: float = 2 / 3
    penalty: float | None = None

    def __post_init__(self) -> None:
        good = {
            "n_cuts": is_whole(self.n_cuts) and self.n_cuts >= 1,
            "share": isinstance(self.share, Real) and 0 <= self.share <= 1,
            "penalty": _is_penalty(self.penalty),
        }
        _check(self, good)

    def _stages(self, p, n_steps):
        n_cuts = min(self.n_cuts, int(self.share * n_steps))
        if n_cuts < 2:
            return [Stage(p, n_steps)]
        times = [int(i * self.share * n_steps / (n_cuts - 1)) for i in range(n_cuts)]
        pauses = [after - before for before, after in pairwise(times)]
        fractions = [self._fraction(p, i / n_cuts) for i in range(1, n_cuts)]
        cuts = [Stage(*stage, self.penalty) for stage in zip(fractions, pauses, strict=True)]
        return [*cuts, Stage(p, n_steps - times[-1])]

    def _fraction(self, p, x):
        """Return the fraction after a part x of the cuts."""
        raise NotImplementedError


@dataclass(frozen=True)
class Linear(_Gradual):
    """Cut the same number of parameters each time.

    Parameters
    ----------
    n_cuts : int, default=60
        Number of cuts; fewer where there are fewer steps for them.
    share : float, default=2/3
        Fraction of the steps over which the cuts are spread.
    penalty : float, default=None
        Factor of alpha until the last cut; None raises alpha="auto", as described for `Stage`. It
        is not used for freezing.

    Examples
    --------
    >>> from sksgdprune.schedules import Linear
    >>> [
    ...     (stage.fraction, stage.n_steps)
    ...     for stage in Linear(n_cuts=3).plan(0.75, 300)
    ... ]
    [(0.25, 100), (0.5, 100), (0.75, 100)]
    """

    def _fraction(self, p, x):
        return p * x


@dataclass(frozen=True)
class Cubic(_Gradual):
    """Cut many at first and few at the end: p (1 - (1 - x)³) (Zhu & Gupta 2017).

    Parameters
    ----------
    n_cuts : int, default=60
        Number of cuts; fewer where there are fewer steps for them.
    share : float, default=2/3
        Fraction of the steps over which the cuts are spread.
    penalty : float, default=None
        Factor of alpha until the last cut; None raises alpha="auto", as described for `Stage`. It
        is not used for freezing.

    Examples
    --------
    >>> from sksgdprune.schedules import Cubic
    >>> [
    ...     (stage.fraction, stage.n_steps)
    ...     for stage in Cubic(n_cuts=2).plan(0.8, 300)
    ... ]
    [(0.7000000000000001, 200), (0.8, 100)]
    """

    def _fraction(self, p, x):
        return p * (1 - (1 - x) ** 3)


@dataclass(frozen=True)
class Geometric(_Gradual):
    """Cut the same fraction of the remaining parameters each time: 1 - (1 - p)^x.

    Parameters
    ----------
    n_cuts : int, default=60
        Number of cuts; fewer where there are fewer steps for them.
    share : float, default=2/3
        Fraction of the steps over which the cuts are spread.
    penalty : float, default=None
        Factor of alpha until the last cut; None raises alpha="auto", as described for `Stage`. It
        is not used for freezing.

    Examples
    --------
    >>> from sksgdprune.schedules import Geometric
    >>> [
    ...     (stage.fraction, stage.n_steps)
    ...     for stage in Geometric(n_cuts=2).plan(0.75, 300)
    ... ]
    [(0.5, 200), (0.75, 100)]
    """

    def _fraction(self, p, x):
        return 1 - (1 - p) ** x


@dataclass(frozen=True)
class Iterative(_Schedule):
    """Train, cut the same fraction of what remains, rewind, and repeat (lottery tickets).

    After each cut the remaining weights return to their values after the warm-up (Frankle et al.
    2020), or with `warmup_steps=0` of a sweep to their initial values (Frankle & Carbin 2019). C
    and t return as well.

    `n_cuts` + 1 rounds share the steps: with 5 cuts each network, also the last, is trained for a
    sixth of them. With six times the steps the last round takes as many as another schedule in all.

    Parameters
    ----------
    n_cuts : int, default=5
        Number of cuts.
    random_reinit : bool, default=False
        Whether the weights that the last cut leaves are drawn anew in place of rewound: the
        control with the same masks and other initial weights (Frankle & Carbin 2019). It has no
        part of the warm-up, so that both are trained for the same steps with `warmup_steps=0`.

    References
    ----------
    Frankle & Carbin (2019), The Lottery Ticket Hypothesis, ICLR.

    Frankle, Dziugaite, Roy & Carbin (2020), Linear Mode Connectivity and the Lottery Ticket
    Hypothesis, ICML.

    Examples
    --------
    >>> from sksgdprune.schedules import Iterative
    >>> for stage in Iterative(n_cuts=2).plan(0.75, 300):
    ...     print(stage)
    Stage(fraction=0.0, n_steps=100, penalty=1.0, rewind=False)
    Stage(fraction=0.5, n_steps=100, penalty=1.0, rewind=True)
    Stage(fraction=0.75, n_steps=100, penalty=1.0, rewind=True)
    """

    n_cuts: int = 5
    random_reinit: bool = False

    def __post_init__(self) -> None:
        good = {
            "n_cuts": is_whole(self.n_cuts) and self.n_cuts >= 1,
            "random_reinit": isinstance(self.random_reinit, bool),
        }
        _check(self, good)

    def _stages(self, p, n_steps):
        each = n_steps // (self.n_cuts + 1)
        fractions = [1 - (1 - p) ** (i / self.n_cuts) for i in range(1, self.n_cuts)]
        cuts = [Stage(fraction, each, rewind=True) for fraction in fractions]
        last = Stage(p, n_steps - self.n_cuts * each, rewind=RANDOM if self.random_reinit else True)
        return [Stage(0.0, each), *cuts, last]


SCHEDULES: dict[str, HasPlan] = {
    "one_shot": OneShot(),
    "linear": Linear(),
    "cubic": Cubic(),
    "geometric": Geometric(),
    "iterative": Iterative(),
}


def planned(schedule: HasPlan, p: float, n_steps: int) -> tuple[Stage, ...]:
    """Return a schedule's plan, checked; rounding errors in its last fraction do not count.

    Parameters
    ----------
    schedule : object with `plan`
        The schedule; its plan may contain pairs of a fraction and steps in place of a Stage.
    p : float
        The fraction to be reached.
    n_steps : int
        Fine-tuning steps in all.

    Returns
    -------
    tuple of Stage
        Fractions to cut to, each with the number of steps that follow.

    Raises
    ------
    ValueError
        If the plan does not end at p or take the steps, or if a fraction, a number of steps or a
        penalty in it is invalid.

    Examples
    --------
    >>> from sksgdprune.schedules import OneShot, planned
    >>> planned(OneShot(), 0.5, 100)
    (Stage(fraction=0.5, n_steps=100, penalty=1.0, rewind=False),)
    """
    plan = [Stage(*stage) for stage in schedule.plan(p, n_steps)]
    if not plan or not math.isclose(plan[-1].fraction, p, rel_tol=1e-9):
        raise ValueError(f"schedule={schedule!r} does not reach p={p!r}; got {plan}.")
    for stage in plan:
        is_good = 0 <= stage.fraction <= 1 and is_whole(stage.n_steps) and stage.n_steps >= 0
        is_good &= _is_penalty(stage.penalty) and stage.rewind in (False, True, RANDOM)
        if not is_good:
            raise ValueError(
                f"schedule={schedule!r} plans {stage}; fractions must be from 0 to 1, steps whole "
                "numbers from 0, penalties numbers from 0 or None, rewind True, False or 'random'."
            )
    if sum(stage.n_steps for stage in plan) != n_steps:
        raise ValueError(f"schedule={schedule!r} does not take n_steps={n_steps}; got {plan}.")
    return (*plan[:-1], plan[-1]._replace(fraction=p))


def resolve(schedule: Schedule) -> HasPlan:
    """Return a schedule from itself or its name.

    Parameters
    ----------
    schedule : str or object with `plan`
        A key of `SCHEDULES`, or a schedule.

    Returns
    -------
    object
        The schedule.

    Raises
    ------
    ValueError
        On anything else.

    Examples
    --------
    >>> from sksgdprune.schedules import resolve
    >>> resolve("cubic")
    Cubic(n_cuts=60, share=0.6666666666666666, penalty=None)
    """
    if hasattr(schedule, "plan") and not isinstance(schedule, type):
        return schedule
    if not isinstance(schedule, str) or schedule not in SCHEDULES:
        raise ValueError(
            f"Got schedule={schedule!r}; expected one of {sorted(SCHEDULES)} or an object, "
            "not a class, with a plan(p, n_steps) method."
        )
    return SCHEDULES[schedule]
