"""How the fraction p is reached over the fine-tuning steps.

A schedule is a frozen dataclass with `plan(p, n_steps)`. To add one, write it here and list it
in `SCHEDULES` under its name.
"""

from dataclasses import dataclass


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
