"""How the fraction p is reached over the fine-tuning steps.

A schedule is a frozen dataclass with `plan(p, n_steps)`. To add one, write it here and list it
in `SCHEDULES` under its name.
"""

import math
from dataclasses import dataclass

from sksgdprune._validation import is_whole


@dataclass(frozen=True)
class OneShot:
    """Cut to p at once, then fine-tune.

    Examples
    --------
    >>> from sksgdprune.schedules import OneShot
    >>> OneShot().plan(0.9, 3000)
    [(0.9, 3000)]
    """

    def plan(self, p, n_steps):
        """Return what to do after the warm-up.

        Parameters
        ----------
        p : float
            The fraction to be reached.
        n_steps : int
            Fine-tuning steps in all.

        Returns
        -------
        list of (float, int)
            Fractions to cut to, each with the number of steps that follow.
        """
        return [(p, n_steps)]


SCHEDULES = {"one_shot": OneShot()}


def planned(schedule, p, n_steps):
    """Return a schedule's plan, checked; rounding errors in its last fraction do not count.

    Parameters
    ----------
    schedule : object with `plan`
        The schedule.
    p : float
        The fraction to be reached.
    n_steps : int
        Fine-tuning steps in all.

    Returns
    -------
    tuple of (float, int)
        Fractions to cut to, each with the number of steps that follow.

    Raises
    ------
    ValueError
        If the plan does not end at p, or holds what is no fraction or no number of steps.

    Examples
    --------
    >>> from sksgdprune.schedules import OneShot, planned
    >>> planned(OneShot(), 0.5, 100)
    ((0.5, 100),)
    """
    plan = list(schedule.plan(p, n_steps))
    if not plan or not math.isclose(plan[-1][0], p, rel_tol=1e-9):
        raise ValueError(f"schedule={schedule!r} does not reach p={p!r}; got {plan}.")
    for fraction, steps in plan:
        if not 0 <= fraction <= 1 or not is_whole(steps) or steps < 0:
            raise ValueError(
                f"schedule={schedule!r} plans {plan}; fractions must be from 0 to 1, steps whole "
                "numbers from 0."
            )
    return (*plan[:-1], (p, plan[-1][1]))


def resolve(schedule):
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
    """
    if hasattr(schedule, "plan"):
        return schedule
    if not isinstance(schedule, str) or schedule not in SCHEDULES:
        raise ValueError(
            f"Got schedule={schedule!r}; possible are {sorted(SCHEDULES)} or an object with "
            "a plan(p, n_steps) method."
        )
    return SCHEDULES[schedule]
