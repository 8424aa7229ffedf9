"""Cache of results on disk, and the keys by which they are found again."""

import ast
import functools
import gc
import hashlib
import io
import platform
import sys
import sysconfig
import threading
import uuid
from contextlib import suppress
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec, resolve_name
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TypeVar, get_type_hints

import joblib
import numba
import numpy as np
import scipy
import sklearn
from joblib.hashing import NumpyHasher, Pickler
from numba.cloudpickle import CloudPickler
from numba.core.serialize import ReduceMixin
from sklearn.utils.validation import check_memory

from sksgdprune._utils.annotations import mismatch
from sksgdprune._utils.sklearn_private import CALLBACK_ATTRIBUTES
from sksgdprune._utils.warnings import warn

LIBRARIES = joblib, numba, np, scipy, sklearn
VERSIONS = (platform.python_version(), *(library.__version__ for library in LIBRARIES))
PACKAGES = (__package__.partition(".")[0], *(library.__name__ for library in LIBRARIES))
INSTALLED = {"site-packages", "dist-packages"}
STDLIB = sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")
# Attributes, by their beginnings, that decide no result: callbacks, the place in a file, what is
# imported so far, what an object notes once it is asked.
IGNORED = (
    *CALLBACK_ATTRIBUTES,
    *("__firstlineno__", "__static_attributes__", "_cloudpickle_submodules"),
    *("__annotate_func__", "__annotations_cache__"),
    *("_has_sorted_indices", "_has_canonical_format"),
)
SORTED = {str}, {int}, {bytes}  # the types of elements and keys whose order does not count
_sources = {}  # of modules that are loaded: by their specs, which a reload replaces


class ResultCache:
    """Stores what functions return, where there is a place for it; arguments are not stored.

    A function's annotation says what it returns; anything else in its place is no result.

    Parameters
    ----------
    memory : None, str or joblib.Memory
        The place.
    *common : object
        What decides all results.
    """

    def __init__(self, memory, *common):
        memory = check_memory(memory)
        self._call = memory.cache(_call, ignore=["function", "*"])
        self._common = None if memory.location is None else fingerprint(*common)

    def fingerprint(self, *values):
        """Return the hash of a part of many keys, or None where nothing is stored."""
        return fingerprint(*values) if self.stores else None

    @property
    def stores(self):
        """Whether there is a place for results."""
        return self._common is not None

    def has(self, call):
        """Return whether the result of what `call` returned is stored."""
        return call[0] is _look_up and self._call.check_call_in_cache(*call[2:])

    def call(self, key, function, *arguments):
        """Return a function and its arguments that call `function`, or load what it returned.

        `key` holds what decides this result, beside what is common to all.
        """
        if not self.stores:
            return function, *arguments
        return _look_up, self._call, fingerprint(self._common, key), function, *arguments


def _call(key, function, *arguments):
    return {key: function(*arguments)}


def _look_up(call, key, function, *arguments):
    """Return a result; what lies in its place and is none is thrown away."""
    found, returned = (
        call(key, function, *arguments),
        get_type_hints(function).get("return", object),
    )
    is_result = type(found) is dict and found.keys() == {key}
    if not is_result or mismatch(found[key], returned, "result") is not None:
        call.call_and_shelve(key, function, *arguments).clear()
        found = call(key, function, *arguments)
    return found[key]


def fingerprint(*values):
    """Return a hash of values that equal ones have in every process.

    Functions, classes and objects of a notebook or script count by what cloudpickle takes of them;
    those of the user's modules by name, and by the files of these modules and of the user's
    modules that they import. What is installed counts by its version, this package by its files.

    Parameters
    ----------
    *values : object
        Data, estimators, scorers, seeds.

    Returns
    -------
    str
    """
    return _Hasher().hash((VERSIONS, _own_code(), values))


@functools.cache
def _own_code():
    """Return a hash of this package's files: they change before its version does."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


class _Hasher(NumpyHasher):
    """joblib's hash, with what cloudpickle takes of functions and classes.

    What counts by value is numbered as it is met and written after all else, so that long chains
    of calls do not nest; modules come last. Texts and tuples are written each time: which of them
    are one object differs between processes.
    """

    dispatch_table = CloudPickler.dispatch_table

    def __init__(self, within=frozenset()):
        super().__init__()
        self.within = within  # the sets of which an element is hashed
        self.names = set()  # of modules, and those in code, which may be of modules
        self._numbers, self._by_value = {}, []
        self._cloudpickler = CloudPickler(io.BytesIO())

    def dump(self, obj):
        super().dump(obj)
        for _, parts in self._by_value:  # more are met on the way
            super().dump(parts)
        known = {"__main__"}
        while new := self.names - known:
            known |= new
            for spec in filter(None, map(_spec, sorted(new, key=str))):
                super().dump(spec)

    def save(self, obj):
        try:
            self.names.add(getattr(obj, "__module__", None))
            super().save(_plain(obj, self))
        except Exception as error:  # of any kind, by what is not to be pickled
            what = f"a {type(obj).__qualname__} ({error})"
            warn(f"memory cannot find results again that depend on {what}.", UserWarning)
            super().save(uuid.uuid4().hex)

    def memoize(self, obj):
        if not isinstance(obj, tuple):
            super().memoize(obj)

    def _batch_setitems(self, items, *args):
        items = [(k, v) for k, v in items if not (isinstance(k, str) and k.startswith(IGNORED))]
        if {type(k) for k, _ in items} in SORTED:
            items.sort(key=lambda item: item[0])
        Pickler._batch_setitems(self, iter(items), *args)

    def code(self, obj):
        """Return the name of a function or class, and a number if it counts by value."""
        name, reduced = (obj.__module__, obj.__qualname__), self._cloudpickler.reducer_override(obj)
        if reduced is NotImplemented:
            return name
        number = self._numbers.setdefault(id(obj), len(self._by_value))
        if number == len(self._by_value):
            arguments, *state = reduced[1:3]
            if isinstance(obj, type):
                arguments = arguments[:-2]  # behind is a random name
            else:
                self.names.add(obj.__globals__.get("__package__"))
                arguments = arguments[:1]  # the code
            self._by_value.append((obj, (arguments, state)))
        return name, number


@functools.singledispatch
def _plain(obj, hasher):
    """Return what stands for an object in a hash: itself, or parts that are equal where it is."""
    return obj


# Of methods joblib takes the function's name alone.
_plain.register(MethodType, lambda obj, _: (MethodType, obj.__func__, obj.__self__))
for kind in type(threading.Lock()), type(threading.RLock()), TypeVar:  # decide nothing
    _plain.register(kind, lambda obj, _: type(obj).__qualname__)
for kind in ReduceMixin, type(functools.cache(len)):  # numba's functions, and those with a cache
    _plain.register(kind, lambda obj, _: (obj.__wrapped__, getattr(obj, "targetoptions", None)))


@_plain.register(type)
@_plain.register(FunctionType)
def _(obj, hasher):
    if getattr(obj, "__code__", None) is _plain.__code__:  # functools.singledispatch made it, too
        return obj.__qualname__, dict(obj.registry)
    return hasher.code(obj)


@_plain.register
def _(obj: ModuleType, hasher):
    hasher.names.add(obj.__name__)
    return obj


@_plain.register
def _(obj: CodeType, hasher):
    hasher.names.update(obj.co_names)
    return obj.replace(co_filename="", co_firstlineno=0, co_linetable=b"")  # wherever it stands


@_plain.register(set)
@_plain.register(frozenset)
def _(obj, hasher):
    if id(obj) in hasher.within:
        return "itself"
    elements = obj
    if {*map(type, obj)} not in SORTED:
        elements = [_Hasher(hasher.within | {id(obj)}).hash(element) for element in obj]
    return type(obj), sorted(elements), getattr(obj, "__dict__", None)


@_plain.register
def _(obj: np.ufunc, hasher):
    if obj in [getattr(place, obj.__name__, None) for place in (np, scipy.special)]:
        return "ufunc", obj.__name__
    # np.frompyfunc shows its function to the garbage collector alone.
    functions = [part for part in gc.get_referents(obj) if callable(part)]
    if not functions:
        raise TypeError("its code is compiled")
    return "ufunc", functions


@_plain.register
def _(obj: ModuleSpec, hasher):
    """Take the source of a module of the user's, and note what it imports; of others the version.

    Names in code may be of modules in a package.
    """
    package, is_package = obj.name.partition(".")[0], obj.submodule_search_locations is not None
    if package in PACKAGES or not (is_package or obj.has_location):  # without: it is built in
        return obj.name
    source = None  # of a folder without __init__
    if obj.has_location:
        folder = Path(obj.origin).parents[obj.name.count(".") + is_package]
        if INSTALLED & {*folder.parts} or any(folder.glob("*.dist-info/RECORD")):
            return obj.name, [version(name) for name in _distributions().get(package, ())]
        if any(folder.is_relative_to(place) for place in STDLIB):
            return obj.name
        source = _source(obj)
        hasher.names |= _imported(obj.name, obj.parent, source)
    if is_package:
        hasher.names |= {f"{obj.name}.{name}" for name in hasher.names if "." not in str(name)}
    return obj.name, source


_distributions = functools.cache(packages_distributions)


def _spec(name):
    """Return how a module is loaded or would be, or None; the package it is in is imported."""
    with suppress(Exception):  # of any kind
        return find_spec(name)


def _source(spec):
    """Return the bytes of a module's file: of a loaded one those that were found at first."""
    if id(spec) not in _sources:
        source = spec.loader.get_data(spec.origin)
        if sys.modules.get(spec.name) is None:
            return source
        _sources[id(spec)] = spec, source
    return _sources[id(spec)][1]


@functools.cache
def _imported(name, package, source):
    """Return the modules that a module's source may import, and the package it is in."""
    names = {name.rpartition(".")[0]}
    with suppress(SyntaxError, ValueError, ImportError):  # no Python, or it cannot be imported
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                start = resolve_name("." * node.level + (node.module or ""), package)
                names |= {start, *(f"{start}.{alias.name}" for alias in node.names)}
    return names
