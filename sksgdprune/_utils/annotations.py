"""Comparison of values with annotations, through the fields of dataclasses and named tuples."""

from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

import numpy as np

_WHOLE = int, np.integer
_REAL = *_WHOLE, float, np.floating
# In place of a class, which classes a value may have; they hold no others than themselves.
_EXACTLY = {np.ndarray: (np.ndarray, np.memmap), tuple: (tuple,), list: (list,), dict: (dict,)}


@cache
def field_types(kind):
    """Return the annotations of a record's fields by their names; none for other classes."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return {field.name: hints[field.name] for field in fields(kind)}
    return get_type_hints(kind) if hasattr(kind, "_fields") else {}


def field_defaults(kind):
    """Return the defaults of those of a record's fields that have one."""
    if not is_dataclass(kind):
        return kind._field_defaults
    made = {f.name: f.default_factory() for f in fields(kind) if f.default_factory is not MISSING}
    return made | {f.name: f.default for f in fields(kind) if f.default is not MISSING}


def mismatch(value, annotation, name):
    """Return what of a value is not as it is annotated, or None.

    Parameters
    ----------
    value : object
        Compared, and so are the fields of records in it.
    annotation : type or union of types
        A class; a tuple's or list's elements may be anything, and records among them are compared
        with what their own fields say. Whole numbers have 64 bits at most.
    name : str
        Of the value.

    Returns
    -------
    (str, object, str) or None
        Name of the first part that differs, the part, and the words for what is expected.
    """
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    kinds = [get_origin(kind) or kind for kind in kinds]
    if not any(_is(value, kind) for kind in kinds):
        return name, value, " or ".join(_word(kind) for kind in kinds)
    parts = ((name + f".{field}", kind) for field, kind in field_types(type(value)).items())
    values = (getattr(value, field) for field in field_types(type(value)))
    found = (mismatch(part, kind, at) for part, (at, kind) in zip(values, parts, strict=True))
    if type(value) in (tuple, list):
        found = (mismatch(part, object, f"{name}[{i}]") for i, part in enumerate(value))
    return next(filter(None, found), None)


def _is(value, kind):
    """Return whether a value is of a class, as annotations mean it."""
    if kind is bool:
        return isinstance(value, bool | np.bool_)
    if kind in (int, float):
        is_number = isinstance(value, _WHOLE if kind is int else _REAL)
        is_number = is_number and not isinstance(value, bool)
        return is_number and not (isinstance(value, _WHOLE) and abs(int(value)) >= 2**63)
    if kind in _EXACTLY:
        return type(value) in _EXACTLY[kind]
    return isinstance(value, kind)


def _word(kind):
    return "None" if kind is NoneType else getattr(kind, "__name__", str(kind))
