"""Results kept on disk by a hash of all that decides them: data, parameters, seeds, code."""

import hashlib
import platform
import sys
import sysconfig
from functools import cache, partial
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType

import joblib
import numba
import numpy as np
import scipy
import sklearn
from scipy.sparse import issparse
from sklearn.utils.validation import check_memory

from sksgdprune._sklearn import CALLBACK_ATTRIBUTES

PLAIN = bool | int | float | complex | str | bytes | type(None) | type(Ellipsis)
VERSIONS = (
    platform.python_version(),
    *(m.__version__ for m in (joblib, numba, np, scipy, sklearn)),
)


class Keeper:
    """Keeps what functions return, where there is a place for it; arguments are not kept.

    Parameters
    ----------
    memory : None, str or joblib.Memory
        The place.
    *common : object
        What decides all results.
    """

    def __init__(self, memory, *common):
        memory = check_memory(memory)
        self._kept = memory.cache(_call, ignore=["function", "*"])
        self._common = None if memory.location is None else fingerprint(*common)

    def call(self, key, function, *arguments):
        """Return a function and its arguments that call `function`, or load what it returned.

        `key` holds what decides this result, beside what is common to all.
        """
        if self._common is None:
            return function, *arguments
        return self._kept, fingerprint(self._common, key), function, *arguments


def _call(key, function, *arguments):
    return function(*arguments)


def fingerprint(*values):
    """Return a hash of values, those of functions and classes being of their code.

    Of a function that is not installed as a part of a distribution (a lambda, what a notebook or a
    user's own module defines), the hash is of its code and of what the code refers to; of one that
    is, its name and the version. Code of this package counts file by file, always.

    Parameters
    ----------
    *values : object
        Data, estimators, scorers, seeds.

    Returns
    -------
    str
        The same in every process, of equal values.
    """
    return joblib.hash((VERSIONS, _own_code(), [_describe(value, ()) for value in values]))


@cache
def _own_code():
    """Return a hash of this package's files: they change before its version does."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _describe(value, within):
    """Return numbers, texts and tuples that are equal where values are; `within` are its owners."""
    if isinstance(value, PLAIN):
        return value
    if any(value is owner for owner in within):
        return "itself"
    within = (*within, value)
    inner = partial(_describe, within=within)
    if isinstance(value, list | tuple | set | frozenset):
        ordered = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        return (type(value).__qualname__, *map(inner, ordered))
    if isinstance(value, dict):
        return ("dict", *((inner(k), inner(v)) for k, v in value.items()))
    if isinstance(value, partial):
        return ("partial", inner(value.func), inner(value.args), inner(value.keywords))
    if isinstance(value, MethodType):
        return (inner(value.__func__), inner(value.__self__))
    if isinstance(value, ModuleType | BuiltinFunctionType | FunctionType | type):
        return _describe_code(value, inner)
    return _describe_object(value, inner)


def _describe_code(value, inner):
    """Describe a module, a function or a class."""
    if isinstance(value, ModuleType | BuiltinFunctionType) or _is_installed(value.__module__):
        module = value.__name__ if isinstance(value, ModuleType) else value.__module__
        return (module, getattr(value, "__qualname__", ""), _version(module))
    if isinstance(value, type):
        own = {k: v for k, v in vars(value).items() if k not in ("__dict__", "__weakref__")}
        return (value.__qualname__, inner(value.__bases__), inner(own))
    cells = [cell.cell_contents for cell in value.__closure__ or ()]
    used = {n: value.__globals__[n] for n in _names(value.__code__) if n in value.__globals__}
    parts = value.__code__, value.__defaults__, value.__kwdefaults__, cells, used
    return (value.__qualname__, *map(inner, parts))


def _describe_object(value, inner):
    """Describe an object by its class and state, in which functions may be; data by their hash."""
    if isinstance(value, CodeType):
        return (value.co_code, value.co_names, value.co_varnames, inner(value.co_consts))
    if isinstance(value, property | staticmethod | classmethod):
        return inner([getattr(value, name, None) for name in ("fget", "fset", "__func__")])
    if hasattr(value, "py_func"):  # numba's
        return inner(value.py_func)
    try:
        state = None if _is_data(value) else value.__getstate__()
        if state is None:
            return joblib.hash(value)
    except Exception:  # a lock, say, which decides nothing
        return inner(type(value))
    if isinstance(state, dict):
        state = {k: v for k, v in state.items() if not str(k).startswith(CALLBACK_ATTRIBUTES)}
    return (inner(type(value)), inner(state))


def _is_data(value):
    """Return whether an object holds numbers and texts alone, and many of them."""
    return issparse(value) or hasattr(value, "__array__") or hasattr(value, "__dataframe__")


def _names(code):
    """Return the global names that code reads, and code within it, in order."""
    inside = [c for c in code.co_consts if isinstance(c, CodeType)]
    return sorted({*code.co_names, *(name for c in inside for name in _names(c))})


@cache
def _is_installed(module):
    """Return whether a module is built in, this package's, or of an installed distribution."""
    if module.partition(".")[0] == __package__:
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    if module == "__main__" or module not in sys.modules:
        return False
    places = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return file is None or any(Path(file).is_relative_to(place) for place in places)


def _version(module):
    return getattr(sys.modules.get(module.partition(".")[0]), "__version__", "")
