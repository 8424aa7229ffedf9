"""Result cache on disk, by a hash of all that decides a result: data, parameters, seeds, code."""

import dis
import hashlib
import platform
import sys
import sysconfig
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path, PurePath
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType

import joblib
import numba
import numpy as np
import scipy
import sklearn
from scipy.sparse import issparse
from sklearn.utils.validation import check_memory

from sksgdprune._utils.sklearn_private import CALLBACK_ATTRIBUTES

PLAIN = bool | int | float | complex | str | bytes | type(None) | type(Ellipsis)
LIBRARIES = joblib, numba, np, scipy, sklearn
VERSIONS = (platform.python_version(), *(library.__version__ for library in LIBRARIES))
PACKAGES = (__package__.partition(".")[0], *(library.__name__ for library in LIBRARIES))
# What reads globals, in functions and in the bodies of classes.
READS = "LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"
# Of a class: other objects in each process, and where it stands.
UNTOLD = "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__"


class ResultCache:
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

    def fingerprint(self, *values):
        """Return the hash of a part of many keys, or None where nothing is kept."""
        return None if self._common is None else fingerprint(*values)

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
    return joblib.hash((VERSIONS, _own_code(), _Description().of(values)))


@cache
def _own_code():
    """Return a hash of this package's files: they change before its version does."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


class _Description:
    """Numbers, texts and tuples that are equal where values are.

    The user's functions, classes and modules are numbered as they are met, and each is described
    once: helpers that share helpers would else be described once per path to them. Of a module
    counts what has a name that the code reads which refers to it.
    """

    def __init__(self):
        self._numbers, self._met = {}, []
        self._names = ()  # those that the code reads which is being described

    def of(self, values):
        """Return descriptions of values, and of the code that they lead to."""
        described = [self._value(value, ()) for value in values]
        return described, [self._code(*code) for code in self._met]  # more are met on the way

    def _value(self, value, within):
        """Describe a value; `within` are its owners."""
        if isinstance(value, PLAIN):
            return value
        if any(value is owner for owner in within):
            return "itself"
        inner = partial(self._value, within=(*within, value))
        if isinstance(value, list | tuple | set | frozenset):
            is_set = isinstance(value, set | frozenset)
            order = partial(_place, within=(*within, value))
            return (inner(type(value)), *map(inner, sorted(value, key=order) if is_set else value))
        if isinstance(value, dict):
            return (inner(type(value)), *((inner(k), inner(v)) for k, v in value.items()))
        if isinstance(value, partial):
            return ("partial", inner(value.func), inner(value.args), inner(value.keywords))
        if isinstance(value, MethodType):
            return (inner(value.__func__), inner(value.__self__))
        if isinstance(value, BuiltinFunctionType) and not _is_of_module(value):
            return (value.__name__, inner(value.__self__))
        if isinstance(value, ModuleType | BuiltinFunctionType | FunctionType | type):
            return self._named(value)
        return self._object(value, inner)

    def _named(self, value):
        """Return name and version of what is installed, of the user's code name and number."""
        is_module = isinstance(value, ModuleType)
        module = value.__name__ if is_module else value.__module__ or ""
        name = "" if is_module else value.__qualname__
        package = module.partition(".")[0]
        if isinstance(value, BuiltinFunctionType) or _is_installed(package):
            return (module, name, getattr(sys.modules.get(package), "__version__", ""))
        names = self._names if is_module else ()
        number = self._numbers.setdefault((id(value), names), len(self._met))
        if number == len(self._met):
            self._met.append((value, names))
        return (number, name)

    def _code(self, value, names):
        """Describe a user's function, class or module."""
        if isinstance(value, FunctionType):
            return self._function(value)
        self._names = names
        if isinstance(value, ModuleType):
            return self._value({n: getattr(value, n) for n in names if hasattr(value, n)}, ())
        own = {k: v for k, v in vars(value).items() if k not in UNTOLD}
        return self._value([value.__bases__, own], ())

    def _function(self, value):
        """Describe a function by its code and what that refers to."""
        self._names = _names(value.__code__)
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        used = {n: value.__globals__[n] for n in _reads(value.__code__) if n in value.__globals__}
        parts = value.__code__, value.__defaults__, value.__kwdefaults__, cells, used
        return self._value([*parts, _imported(value)], ())

    def _object(self, value, inner):
        """Describe an object by its class and state, in which functions may be; data by hash."""
        if isinstance(value, CodeType):
            return (value.co_code, value.co_names, value.co_varnames, inner(value.co_consts))
        if isinstance(value, property | staticmethod | classmethod):
            return inner([getattr(value, name, None) for name in ("fget", "fset", "__func__")])
        if isinstance(value, PurePath):  # its state has what was asked of it
            return ("path", str(value))
        if isinstance(value, np.ufunc):  # whose state holds what was asked of it, too
            return ("ufunc", value.__name__, value.signature, value.types)
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


def _place(value, within):
    """Return by what an element of a set is sorted: a description that knows of no other."""
    return repr(_Description()._value(getattr(value, "__code__", value), within))


def _is_of_module(builtin):
    """Return whether a built-in function belongs to a module, and to no object such as a dict."""
    return builtin.__self__ is None or isinstance(builtin.__self__, ModuleType)


def _is_data(value):
    """Return whether an object holds numbers and texts alone, and many of them."""
    return issparse(value) or hasattr(value, "__array__") or hasattr(value, "__dataframe__")


def _codes(code):
    """Yield code, and the code of functions and classes within it."""
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _codes(part)


def _names(code):
    """Return the names of globals and attributes that code has, in order."""
    return tuple(sorted({name for part in _codes(code) for name in part.co_names}))


def _reads(code):
    """Return the names of the globals that code reads, in order."""
    steps = (step for part in _codes(code) for step in dis.get_instructions(part))
    return sorted({step.argval for step in steps if step.opname in READS})


def _imported(function):
    """Return the user's modules that a function imports when it runs.

    They are imported for it: else they would count only once something has imported them.
    """
    modules = []
    for part in _codes(function.__code__):
        steps = [step for step in dis.get_instructions(part) if step.opname != "EXTENDED_ARG"]
        for i, step in enumerate(steps):
            if step.opname == "IMPORT_NAME":
                level, names = steps[i - 2].argval, steps[i - 1].argval
                if level or not _is_installed(step.argval.partition(".")[0]):
                    with suppress(Exception):  # the function may do without it
                        found = __import__(step.argval, function.__globals__, None, names, level)
                        modules.append(found)
    return modules


@cache
def _is_installed(package):
    """Return whether a top-level package or module is not the user's own.

    That is Python's, one whose version counts for all results, and what lies where pip put it; not
    what it installed in place (pip install --editable): there code changes without the version.
    """
    if package in ("__main__", *PACKAGES):
        return package in PACKAGES
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return False
    if spec is None or spec.origin in ("built-in", "frozen"):
        return spec is not None
    place = Path(spec.origin or next(iter(spec.submodule_search_locations or [""])))
    if {"site-packages", "dist-packages"} & {*place.parts}:
        return True
    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    found = [distribution(name) for name in _distributed().get(package, ())]
    folders += [own.locate_file("") for own in found if own.read_text("RECORD")]
    return any(place.is_relative_to(folder) for folder in folders)


_distributed = cache(packages_distributions)
