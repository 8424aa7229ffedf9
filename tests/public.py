"""The public interface as a user imports it, and what of each class is defined in this package."""

import inspect
from typing import NamedTuple

import sksgdprune
from sksgdprune import schedules

CLASSES = [getattr(sksgdprune, name) for name in sksgdprune.__all__ if name[0].isupper()]
FUNCTIONS = [
    sksgdprune.prune_gradually,
    sksgdprune.within,
    schedules.planned,
    schedules.resolve,
]
SCHEDULES = [
    value
    for name, value in vars(schedules).items()
    if inspect.isclass(value) and value.__module__ == schedules.__name__ and name[0] != "_"
]


class Public(NamedTuple):
    """What is public, and the path to it."""

    path: str
    value: object


def members(cls):
    """Return the public methods and properties of a class that this package defines."""
    found = []
    for name in dir(cls):
        member = inspect.getattr_static(cls, name)
        owner = next(base for base in cls.__mro__ if name in vars(base))
        # scikit-learn makes set_fit_request and its like, with their docstrings, on our classes.
        ours = owner.__module__.startswith("sksgdprune") and not name.endswith("_request")
        is_property = isinstance(member, property)
        if ours and name[0] != "_" and (is_property or callable(getattr(cls, name))):
            found.append(Public(name, member if is_property else getattr(cls, name)))
    return found


def path_to(value):
    """Return the dotted path by which a user reaches a public class or function."""
    home = "sksgdprune" if value.__name__ in sksgdprune.__all__ else schedules.__name__
    return f"{home}.{value.__name__}"


TOP = [Public(path_to(value), value) for value in [*CLASSES, *SCHEDULES, *FUNCTIONS]]
MEMBERS = [
    Public(f"{path_to(cls)}.{name}", value)
    for cls in [*CLASSES, *SCHEDULES]
    for name, value in members(cls)
]
CALLABLES = [*TOP, *(member for member in MEMBERS if not isinstance(member.value, property))]
PROPERTIES = [member for member in MEMBERS if isinstance(member.value, property)]
