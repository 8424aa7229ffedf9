"""Properties that are computed once per object, when they are first read."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class cached_property(Generic[T]):  # noqa: N801
    """A cached property without a lock.

    That of Python 3.11 has one lock for all objects of a class, held while a value is computed:
    a process forked by another thread at that time would wait for it for ever. Here two threads
    may both compute a value; they come to the same one.

    Parameters
    ----------
    function : callable
        Computes the value from the object.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self._function, self.__doc__ = function, function.__doc__

    def __set_name__(self, owner: Any, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: Any = None) -> T:
        if instance is None:
            return self  # type: ignore[return-value]
        value = vars(instance)[self._name] = self._function(instance)
        return value
