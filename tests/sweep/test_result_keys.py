"""What a stored result depends on: keys made of data, parameters, code, modules and versions."""

import functools
import importlib.util
import inspect
import math
import os
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from datetime import date
from itertools import chain
from pathlib import Path
from types import MethodType, ModuleType, SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._sweep import result_cache
from sksgdprune._sweep.result_cache import ResultCache, fingerprint
from sksgdprune._utils.sklearn_private import CALLBACK_ATTRIBUTES

ROOT = Path(__file__).parents[2]


def notebook(source, name="score", **known):
    """Run a source as the cells of a notebook, and return what one name stands for."""
    names = {"__name__": "__main__", "np": np} | known
    exec(source, names)
    return names[name]


# What is defined in a notebook; {} is what changes, from 1 to 2 or as said in VALUES.
CELLS = {
    "lambda": "score = lambda e, X, y: {}",
    "function": "def score(e, X, y):\n    return {}",
    "called name": "def score(e, X, y):\n    return np.{}(y)",
    "comprehension": "def score(e, X, y):\n    return [k * {} for k in y]",
    "default": "def score(e, X, y, a={}):\n    return a",
    "keyword default": "def score(e, X, y, *, a={}):\n    return a",
    "attribute": "def score(e, X, y):\n    return score.a\nscore.a = {}",
    "closure": "def make(c):\n    return lambda e, X, y: c\nscore = make({})",
    "global": "A = {}\ndef score(e, X, y):\n    return A",
    "helper": "def inner():\n    return {}\ndef score(e, X, y):\n    return inner()",
    "decorated": "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def g(*a):\n"
    "        return {} * f(*a)\n    return g\n@twice\ndef score(e, X, y):\n    return 1",
    "cached": "import functools\n@functools.cache\ndef inner():\n    return {}\n"
    "def score(e, X, y):\n    return inner()",
    "recursion": "def score(e, X, y):\n    return {} if e else score(e, X, y)",
    "partial": "import functools\nscore = functools.partial(lambda e, X, y, a: a, a={})",
    "frozenset": "def score(e, X, y):\n    return y in {{'a', 'b', 'c', {}}}",
    "set": "A = {{'a', 'b', None, {}}}\ndef score(e, X, y):\n    return A",
    "set of functions": "A = {{lambda: {}, lambda: A, lambda: 'a'}}\n"
    "def score(e, X, y):\n    return A",
    "dict": "A = {{'a': 1, 'b': {}}}\ndef score(e, X, y):\n    return A",
    "functions by class": "A = {{}}\nclass B:\n    def f(self):\n        return A[B]()\n"
    "A[B] = lambda: {}\ndef score(e, X, y):\n    return B().f()",
    "path": "from pathlib import Path\nA = Path('{}')\ndef score(e, X, y):\n    return A",
    # Classes
    "class": "class A:\n    def f(self):\n        return {}\n"
    "def score(e, X, y):\n    return A().f()",
    "object": "class A:\n    def __init__(self, a):\n        self.a = a\n"
    "    def __call__(self, e, X, y):\n        return self.a\nscore = A({})",
    "class of an object without attributes": "class A:\n    def __call__(self, e, X, y):\n"
    "        return {}\nscore = A()",
    "slots": "class A:\n    __slots__ = ('a',)\n    def __call__(self, e, X, y):\n"
    "        return {}\nscore = A()\nscore.a = 1",
    "attribute of a set": "class A(set):\n    pass\nscore = A()\nscore.a = {}",
    "bound method": "class A:\n    def f(self, e, X, y):\n        return {}\nscore = A().f",
    "base class": "class A:\n    def __call__(self, e, X, y):\n        return {}\n"
    "class B(A):\n    pass\nscore = B()",
    "method with super": "class A(dict):\n    def __len__(self):\n"
    "        return {} + super().__len__()\ndef score(e, X, y):\n    return len(A())",
    "metaclass": "class M(type):\n    def __len__(cls):\n        return {}\n"
    "class A(metaclass=M):\n    pass\ndef score(e, X, y):\n    return len(A)",
    "abstract class": "import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self):\n"
    "        return {}\nclass B(A):\n    def f(self):\n        return super().f()\n"
    "def score(e, X, y):\n    return B().f()",
    "property": "class A:\n    @property\n    def a(self):\n        return {}\n"
    "def score(e, X, y):\n    return A().a",
    "class method": "class A:\n    @classmethod\n    def f(cls):\n        return {}\n"
    "def score(e, X, y):\n    return A.f()",
    "static method": "class A:\n    @staticmethod\n    def f():\n        return {}\nscore = A.f",
    "cached property": "import functools\nclass A:\n    @functools.cached_property\n"
    "    def a(self):\n        return {}\ndef score(e, X, y):\n    return A().a",
    "enum": "import enum\nclass A(enum.Enum):\n    B = {}\ndef score(e, X, y):\n"
    "    return A.B.value",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int = {}\n"
    "def score(e, X, y):\n    return A().a",
    "named tuple": "from collections import namedtuple\n"
    "A = namedtuple('A', 'a b', defaults=[{}])\ndef score(e, X, y):\n    return A(1).b",
    "generic class": "from typing import Generic, TypeVar\nT = TypeVar('T')\n"
    "class A(Generic[T]):\n    a = {}\ndef score(e, X, y):\n    return A.a",
    # What holds functions where pickles do not look
    "registration": "import functools\n@functools.singledispatch\ndef f(y):\n    return 0\n"
    "class A:\n    def g(self):\n        return f(self)\n@f.register\ndef _(y: A):\n"
    "    return {}\ndef score(e, X, y):\n    return f(y)",
    "np.frompyfunc": "score = np.frompyfunc(lambda e, X, y: {}, 3, 1)",
    "np.vectorize": "score = np.vectorize(lambda e, X, y: {})",
    "numba.njit": "import numba\n@numba.njit\ndef score(e, X, y):\n    return {}",
    "numba's options": "import numba\n@numba.njit(fastmath={})\ndef score(e, X, y):\n    return 1",
    "numba.vectorize": "import numba\n@numba.vectorize\ndef score(e, X, y):\n    return {}",
    "make_scorer": "from sklearn.metrics import make_scorer\nscore = make_scorer(lambda y, z: {})",
    "make_scorer's options": "from sklearn.metrics import make_scorer\n"
    "score = make_scorer(lambda y, z, a: 1, a={})",
    "transformer": "from sklearn.base import BaseEstimator, TransformerMixin\n"
    "class score(TransformerMixin, BaseEstimator):\n    def transform(self, X):\n"
    "        return X * {}",
}
VALUES = {"called name": ("min", "max"), "numba's options": (True, False)}


def cell(name, i=0):
    return notebook(CELLS[name].format(VALUES.get(name, (1, 2))[i]))


@pytest.mark.parametrize("name", CELLS)
def test_what_a_notebook_defines_counts(name):
    assert fingerprint(cell(name)) == fingerprint(cell(name)) != fingerprint(cell(name, 1))


def closure(constant):
    return lambda e, X, y: constant


class Scores:
    """A scorer that is an object."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, estimator, X, y):
        return self.factor


class Cyclic:
    def __init__(self):
        self.own = self


def by_table(table):
    return table.get


DIFFERENT = [
    lambda: 1,
    lambda: "1",
    lambda: None,
    lambda: 0,
    lambda: np.arange(6.0),
    lambda: np.arange(6.0) + 1e-15,
    lambda: np.arange(6),
    lambda: np.arange(6, dtype=np.float32),
    lambda: csr_array(np.eye(3)),
    lambda: pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
    lambda: pd.DataFrame({"a": [1, 2], "b": ["x", "z"]}),
    lambda: pd.Series([1.0]),
    lambda: pd.Series([2.0]),
    lambda: pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
    lambda: pl.DataFrame({"a": [1, 2], "b": ["x", "z"]}),
    lambda: {"b": 1, "a": (2, [3.5, None, "text"])},
    lambda: {3, 1, 2},
    lambda: frozenset({3, 1, 2}),
    lambda: closure(3),
    lambda: closure(4),
    lambda: functools.partial(by_table, table=1),
    lambda: make_scorer(f1_score, average="macro"),
    lambda: make_scorer(accuracy_score),
    lambda: make_scorer(closure(1)),
    lambda: make_scorer(closure(2)),
    lambda: Scores(2),
    lambda: Scores(3),
    lambda: Scores(2).__call__,
    lambda: MethodType(closure(1), 1),
    lambda: MethodType(closure(2), 1),
    lambda: Cyclic(),
    lambda: make_pipeline(PCA(2), PreconditionedMLPClassifier((5,))),
    lambda: make_pipeline(PCA(2), PreconditionedMLPClassifier((6,))),
    lambda: FunctionTransformer(lambda X: X + 1),
    lambda: FunctionTransformer(lambda X: X + 2),
    lambda: np.random.RandomState(3),
    lambda: np.random.RandomState(4),
    lambda: np.random.default_rng(1),
    lambda: threading.Lock(),
    lambda: joblib.Memory(None, verbose=0),
    lambda: SimpleNamespace(score=closure(1)),
    lambda: SimpleNamespace(score=closure(2)),
    lambda: date(2020, 1, 1),
    lambda: date(2020, 1, 2),
    lambda: chain.from_iterable,
    lambda: dict.fromkeys,
    lambda: by_table({1: "a"}),
    lambda: by_table({1: "b"}),
    lambda: len,
    lambda: math.sqrt,
    lambda: math.exp,
    lambda: str.lower,
    lambda: np.add,
    lambda: np.subtract,
    lambda: np.hypot,
    lambda: eval("lambda: 3", {}),
    lambda: Path("somewhere", "else"),
    lambda: Path("somewhere"),
]


def test_equal_values_have_equal_keys_and_others_others():
    keys = [fingerprint(make()) for make in DIFFERENT]
    assert keys == [fingerprint(make()) for make in DIFFERENT]
    assert len({*keys}) == len(keys)


# What does not count

WITH_COMMENTS = """
A = 1  # one


# A score.
def score(e, X, y):
    # It is always 2.
    return (
        A
        + 1
    )
"""
SAME = {
    "comments and lines": ("A = 1\ndef score(e, X, y):\n    return A + 1", WITH_COMMENTS),
    "what is not called": (
        "def score(e, X, y):\n    return 1",
        "def a():\n    return 2\ndef score(e, X, y):\n    return 1",
    ),
    "order of a dict": (
        "A = {'a': 1, 'b': 2}\ndef score(e, X, y):\n    return A",
        "A = {'b': 2, 'a': 1}\ndef score(e, X, y):\n    return A",
    ),
    "order of a set": (
        "A = {*[lambda: 1, lambda: 2, lambda: A]}\ndef score(e, X, y):\n    return A",
        "A = {*[lambda: A, lambda: 2, lambda: 1]}\ndef score(e, X, y):\n    return A",
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_what_does_not_count(name):
    one, other = map(notebook, SAME[name])
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize("name", CELLS)
def test_use_does_not_count(name):
    score = cell(name)
    before = fingerprint(score)
    with suppress(Exception):  # these take other arguments
        score(0, 1, 2)
    assert fingerprint(score) == before


def test_what_was_asked_of_a_value_does_not_count():
    path, matrix = Path("somewhere"), csr_array(np.eye(3))
    before = fingerprint(path, matrix, np.hypot)
    assert {path: str(path)}  # it keeps its hash and text
    assert matrix.has_canonical_format  # it keeps that
    with suppress(ValueError):  # older ones tell no signature
        inspect.signature(np.hypot)  # NumPy 2.4 keeps it; importing skops asks all of them
    assert fingerprint(path, matrix, np.hypot) == before


def test_which_of_equal_tuples_are_one_object_does_not_count():
    one, other = tuple([1, 2]), tuple([1, 2])
    assert one is not other
    assert fingerprint([one, one]) == fingerprint([one, other])


def test_where_a_script_is_and_how_it_runs_do_not_count(tmp_path, monkeypatch):
    source = CELLS["helper"].format(1)
    before = fingerprint(notebook(source, __file__="here.py"))
    assert fingerprint(notebook(source, __file__="there.py")) == before
    (tmp_path / "script.py").write_text("# no part of the function")
    main = ModuleType("__main__")  # as python -m has it
    main.__spec__ = importlib.util.spec_from_file_location("script", tmp_path / "script.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert fingerprint(notebook(source)) == before


def test_callbacks_do_not_count():
    plain, other = PreconditionedMLPClassifier(), PreconditionedMLPClassifier()
    for name in CALLBACK_ATTRIBUTES:
        setattr(other, name, [threading.local()])
    assert fingerprint(plain) == fingerprint(other)


def test_where_a_class_stands_does_not_count():
    score = notebook(CELLS["object"].format(1))
    before = fingerprint(score)
    type(score).__firstlineno__, type(score).__static_attributes__ = 3, ("b", "a")
    assert fingerprint(score) == before


@pytest.mark.slow  # worker processes start
def test_keys_are_the_same_in_another_process(monkeypatch):
    code = (
        "from tests.sweep.test_result_keys import CELLS, DIFFERENT, cell, fingerprint\n"
        "print(*[fingerprint(cell(name)) for name in CELLS])\n"
        "print(*[fingerprint(make()) for make in DIFFERENT])"
    )
    # Dataclasses take the globals of __main__, which here is in pytest's package.
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    keys = [fingerprint(cell(name)) for name in CELLS]
    keys += [fingerprint(make()) for make in DIFFERENT]
    options = {"cwd": ROOT, "stdout": subprocess.PIPE, "text": True}
    others = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, **options)
        for environment in (os.environ | {"PYTHONHASHSEED": seed} for seed in ("1", "2"))
    ]
    for other in others:
        assert other.communicate()[0].split() == keys


LAYERS = 300


def layered(innermost):
    """Return a function of many helpers, each of which calls two of those below it."""
    first = f"def help0():\n    return {innermost}\ndef help1():\n    return help0()\n"
    layer = "def help{}():\n    return help{}() + help{}()\n"
    layers = "".join(layer.format(i, i - 1, i - 2) for i in range(2, LAYERS))
    return notebook(first + layers, f"help{LAYERS - 1}")


def test_helpers_of_helpers_count_once_and_however_deep_they_are():
    assert fingerprint(layered(1)) == fingerprint(layered(1)) != fingerprint(layered(2))


COMPILED = """
import numba
@numba.vectorize(["f8(f8)"], target="parallel")
def f(x):
    return x
"""


@pytest.mark.parametrize(
    "make",
    [
        threading.local,
        lambda: weakref.ref(Scores),
        lambda: (i for i in "a"),
        lambda: notebook(COMPILED, "f"),
    ],
    ids=["threading.local", "weakref", "generator", "compiled ufunc"],
)
def test_what_cannot_be_pickled_is_never_found_and_says_so(make):
    value = make()
    with pytest.warns(UserWarning, match="cannot find results again that depend on a") as told:
        one, other = fingerprint(value), fingerprint(value)
    assert one != other
    assert {warning.filename for warning in told} == {__file__}


@pytest.mark.parametrize("name", ["VERSIONS", "_own_code"])
def test_versions_and_this_packages_code_count(name, monkeypatch):
    before = fingerprint(1)
    monkeypatch.setattr(result_cache, name, ("other",) if name == "VERSIONS" else lambda: "other")
    assert fingerprint(1) != before


# The user's modules

METRICS = "def cost(y):\n    return {}\n"
USES = {
    "module": "import metrics\ndef score(e, X, y):\n    return metrics.cost(y)",
    "another name": "import metrics as m\ndef score(e, X, y):\n    return m.cost(y)",
    "function": "from metrics import cost as score",
    "called function": "from metrics import cost\ndef score(e, X, y):\n    return cost(y)",
    "module of a package": "import lab.metrics\n"
    "def score(e, X, y):\n    return lab.metrics.cost(y)",
    "method": "import metrics\nclass A:\n    def f(self):\n        return metrics.cost(0)\n"
    "def score(e, X, y):\n    return A().f()",
    "closure": "def make():\n    import metrics\n    return lambda e, X, y: metrics.cost(y)\n"
    "score = make()",
    "default": "import metrics\ndef score(e, X, y, m=metrics):\n    return m.cost(y)",
    "late": "def score(e, X, y):\n    import metrics\n    return metrics.cost(y)",
    "late, module of a package": "def score(e, X, y):\n    import lab.metrics\n"
    "    return lab.metrics.cost(y)",
    "late, another name": "def score(e, X, y):\n    import lab.metrics as m\n    return m.cost(y)",
    "late, function": "def score(e, X, y):\n    from metrics import cost\n    return cost(y)",
    "late, module from a package": "def score(e, X, y):\n    from lab import metrics as m\n"
    "    return m.cost(y)",
    "late, of another module": "from lab.late import score",
    "relative": "from lab.relative import score",
    "from a folder": "from folder.early import score",
    "class of another module": "from lab.early import A\nscore = A()",
    "base class of another module": "from lab.early import A\nclass B(A):\n    pass\nscore = B()",
    "constant of another module": "from lab.early import score",
    "closure of a module": "from lab.early import make\nscore = make()",
    "package": "from lab.sub.deep import score",
}
LAB = {
    "late.py": "def score(e, X, y):\n    from . import metrics\n    return metrics.cost(y)\n",
    "relative.py": "from .metrics import *\ndef score(e, X, y):\n    return cost(y)\n",
    "early.py": "from metrics import B\nclass A:\n    def __call__(self, e, X, y):\n"
    "        return B\ndef score(e, X, y):\n    return B\ndef make():\n"
    "    return lambda e, X, y: 1\n",
    "sub/__init__.py": "from ..metrics import B\n",
    "sub/deep.py": "def score(e, X, y):\n    return 1\n",
}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Return what writes modules, given what changes, and forgets those that were loaded."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for folder in "lab", "lab/sub", "folder":
        (tmp_path / folder).mkdir()
    for name, source in LAB.items():
        (tmp_path / "lab" / name).write_text(source)
    (tmp_path / "lab" / "__init__.py").touch()
    (tmp_path / "folder" / "early.py").write_text(LAB["early.py"])
    mine = "metrics", "lab", "folder"

    def forget():
        for name in [*sys.modules]:
            if name.partition(".")[0] in mine:
                del sys.modules[name]

    def write(constant):
        for folder in tmp_path, tmp_path / "lab":
            source = METRICS.format(constant) + f"B = {constant}\n"
            (folder / "metrics.py").write_text(source)
        forget()
        return tmp_path

    yield write
    forget()


@pytest.mark.parametrize("use", USES)
def test_the_users_modules_count_by_their_files(use, lab):
    keys = []
    for constant in 1, 1, 2:
        lab(constant)
        keys.append(fingerprint(notebook(USES[use])))
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("use", USES)
def test_whether_a_module_is_loaded_yet_does_not_count(use, lab):
    lab(1)
    score = notebook(USES[use])
    before = fingerprint(score)
    import lab.late
    import lab.metrics
    import metrics  # noqa: F401

    assert fingerprint(score) == before


def test_the_package_of_a_script_is_where_it_imports_from(lab):
    keys = []
    for constant in 1, 1, 2:
        lab(constant)
        source = "def score(e, X, y):\n    from .early import score\n    return score"
        keys.append(fingerprint(notebook(source, __package__="lab")))
    assert keys[0] == keys[1] != keys[2]


def test_other_modules_of_a_package_do_not_count(lab):
    folder = lab(1)
    before = fingerprint(notebook(USES["relative"]))
    (folder / "lab" / "late.py").write_text("B = 3")
    lab(1)
    assert fingerprint(notebook(USES["relative"])) == before


def test_a_module_that_is_edited_counts_when_it_is_loaded_again(lab):
    folder = lab(1)
    score = notebook(USES["module"])
    before = fingerprint(score)
    (folder / "metrics.py").write_text(METRICS.format(2))
    assert fingerprint(score) == before  # what runs is what was loaded
    importlib.reload(sys.modules["metrics"])
    assert fingerprint(score) != before


@pytest.mark.parametrize(
    "statement",
    ["import nowhere", "from nowhere import a", "from . import a", "from ..... import a"],
)
def test_an_import_that_fails_is_left_to_the_function(statement, lab):
    source = f"def score(e, X, y):\n    {statement}\n    return {{}}"
    one, other = (fingerprint(notebook(source.format(constant))) for constant in (1, 2))
    assert one == fingerprint(notebook(source.format(1))) != other
    (lab(1) / "lab" / "late.py").write_text(source.format(1))
    assert fingerprint(notebook("from lab.late import score"))


def test_a_module_that_is_no_python_counts(lab):
    folder = lab(1)
    (folder / "lab" / "data.py").write_text("no python: 1")
    source = "def score(e, X, y):\n    return lab.data\nimport lab"
    before = fingerprint(notebook(source))
    (folder / "lab" / "data.py").write_text("no python: 2")
    assert fingerprint(notebook(source)) != before


# What is installed

# A folder on the path, the distribution's metadata, and whether that is an installation.
PLACES = {
    "user site": ("lib/python3/site-packages", "lib/python3/site-packages/a_{}-1.dist-info", True),
    "system": (
        "usr/lib/python3/dist-packages",
        "usr/lib/python3/dist-packages/a_{}.egg-info",
        True,
    ),
    "pip --target": ("target", "target/a_{}-1.dist-info", True),
    "pip --editable": ("source", "lib/python3/site-packages/a_{}-1.dist-info", False),
    "source": ("source", "source/a_{}.egg-info", False),
    "alone": ("source", None, False),
}


@pytest.fixture(params=PLACES)
def place(request, tmp_path, monkeypatch):
    """What writes a module and its version, its name, and whether it is installed."""
    folder, metadata, installed = PLACES[request.param]
    name = "dep_" + "".join(filter(str.isalpha, request.param))
    for path in folder, "lib/python3/site-packages":
        (tmp_path / path).mkdir(parents=True, exist_ok=True)
        monkeypatch.syspath_prepend(tmp_path / path)

    def write(version, constant):
        (tmp_path / folder / f"{name}.py").write_text(f"def cost(y):\n    return {constant}\n")
        if metadata:
            about = tmp_path / metadata.format(name)
            about.mkdir(exist_ok=True)
            for file in "METADATA", "PKG-INFO":
                (about / file).write_text(f"Name: a-{name}\nVersion: {version}\n")
            (about / "top_level.txt").write_text(name)
            if metadata.endswith("dist-info"):
                (about / "RECORD").write_text(f"{name}.py,,\n")
        sys.modules.pop(name, None)
        result_cache._distributions.cache_clear()

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield write, name, installed
    result_cache._distributions.cache_clear()
    sys.modules.pop(name, None)


@pytest.mark.slow  # packages are installed
def test_of_what_is_installed_the_version_counts_and_of_all_else_the_code(place):
    write, name, installed = place

    def key(*changes):
        write(*changes)
        return fingerprint(notebook(f"from {name} import cost\ndef score(e, X, y):\n    cost(y)"))

    before = key("1.0", 1)
    assert key("1.0", 1) == before
    assert (key("1.0", 2) == before) == installed
    assert (key("2.0", 1) != before) == installed


def test_of_what_has_its_version_in_each_key_no_file_counts(monkeypatch):
    values = [Path, np.mean, csr_array, f1_score, make_scorer, joblib.Memory, joblib, np]
    values += [PCA(), PreconditionedMLPClassifier()]
    monkeypatch.setattr(result_cache, "_source", lambda spec: pytest.fail(spec.name))
    assert fingerprint(values)


def test_without_a_place_nothing_is_hashed(monkeypatch):
    monkeypatch.setattr(result_cache, "fingerprint", pytest.fail)
    cache = ResultCache(None, 1)
    assert cache.fingerprint(2) is None
    assert cache.call(3, max, 4, 5) == (max, 4, 5)
