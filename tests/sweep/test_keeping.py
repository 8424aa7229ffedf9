"""What a kept result depends on: the fingerprints of data, code and parameters."""

import functools
import inspect
import math
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import date
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._sweep import result_cache as _keeping
from sksgdprune._sweep.result_cache import fingerprint

FACTOR = 2


def function(source, name="score"):
    """Define a function as a notebook's cell would."""
    names = {"__name__": "__main__", "np": np}
    exec(source, names)
    return names[name]


def closure(constant):
    return lambda e, X, y: constant


def reads_a_global(e, X, y):
    return FACTOR


class Scores:
    """A scorer that is an object."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, estimator, X, y):
        return self.factor


def by_table(table):
    return table.get


def two_fields(default):
    """A scorer that reads a global class of tuples."""
    return function(
        "from collections import namedtuple\n"
        f"Pair = namedtuple('Pair', 'a b', defaults=[{default}])\n"
        "def score(e, X, y):\n    return Pair(1).b"
    )


class Cyclic:
    def __init__(self):
        self.own = self


SAME = [
    (lambda: np.arange(6.0)),
    (lambda: csr_array(np.eye(3))),
    (lambda: pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})),
    (lambda: {"b": 1, "a": (2, [3.5, None, "text"])}),
    (lambda: {3, 1, 2}),
    (lambda: function("def score(e, X, y):\n    return 1")),
    (lambda: closure(3)),
    (lambda: functools.partial(reads_a_global, X=1)),
    (lambda: make_scorer(f1_score, average="macro")),
    (lambda: Scores(2)),
    (lambda: Scores(2).__call__),
    (lambda: Cyclic()),
    (lambda: make_pipeline(PCA(2), PreconditionedMLPClassifier((5,)))),
    (lambda: FunctionTransformer(lambda X: X + 1)),
    (lambda: np.random.RandomState(3)),
    (lambda: threading.Lock()),
    (lambda: joblib.Memory("somewhere", verbose=0)),
    (lambda: SimpleNamespace(score=closure(1))),
    (lambda: date(2020, 1, 1)),
    (lambda: chain.from_iterable),
    (lambda: by_table({1: "a"})),
    (lambda: len),
    (lambda: math.sqrt),
    (lambda: str.lower),
    (lambda: np.add),
    (lambda: two_fields(1)),
    (lambda: eval("lambda: 3", {})),
    (lambda: Path("somewhere", "else")),
]


@pytest.mark.parametrize("make", SAME)
def test_equal_values_have_equal_fingerprints(make):
    assert fingerprint(make()) == fingerprint(make())


def test_a_ufunc_has_one_fingerprint_whatever_was_asked_of_it():
    before = fingerprint(np.hypot)
    with suppress(ValueError):  # older ones tell no signature
        inspect.signature(np.hypot)  # NumPy 2.4 keeps it; importing skops asks all of them
    assert fingerprint(np.hypot) == before != fingerprint(np.arctan2)


def test_all_of_them_differ():
    assert len({fingerprint(make()) for make in SAME}) == len(SAME)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.arange(6.0), np.arange(6)),
        (np.arange(6.0), np.arange(6.0) + 1e-15),
        (1, "1"),
        (None, 0),
        (
            function("def score(e, X, y):\n    return 1"),
            function("def score(e, X, y):\n    return 2"),
        ),
        (
            function("def score(e, X, y):\n    return np.min(y)"),
            function("def score(e, X, y):\n    return np.max(y)"),
        ),
        (
            function("def score(e, X, y, a=1):\n    return a"),
            function("def score(e, X, y, a=2):\n    return a"),
        ),
        (
            function("def score(e, X, y):\n    return [k * 2 for k in y]"),
            function("def score(e, X, y):\n    return [k * 3 for k in y]"),
        ),
        (
            function("def help():\n    return 1\ndef score(e, X, y):\n    return help()"),
            function("def help():\n    return 2\ndef score(e, X, y):\n    return help()"),
        ),
        (
            function("class A:\n    def f(self):\n        return 1\ndef score():\n    return A()"),
            function("class A:\n    def f(self):\n        return 2\ndef score():\n    return A()"),
        ),
        (closure(3), closure(4)),
        (Scores(2), Scores(3)),
        (make_scorer(accuracy_score), make_scorer(f1_score)),
        (make_scorer(closure(1)), make_scorer(closure(2))),
        (PreconditionedMLPClassifier((5,)), PreconditionedMLPClassifier((6,))),
        (FunctionTransformer(closure(1)), FunctionTransformer(closure(2))),
        (SimpleNamespace(score=closure(1)), SimpleNamespace(score=closure(2))),
        (np.random.RandomState(1), np.random.RandomState(2)),
        (np.random.default_rng(1), np.random.default_rng(2)),
        (date(2020, 1, 1), date(2020, 1, 2)),
        (pd.Series([1.0]), pd.Series([2.0])),
        (chain.from_iterable, dict.fromkeys),
        (by_table({1: "a"}), by_table({1: "b"})),
        (math.sqrt, math.exp),
        (two_fields(1), two_fields(2)),
    ],
)
def test_what_differs_has_other_fingerprints(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_a_path_does_not_change_by_use():
    path = Path("somewhere")
    before = fingerprint(path)
    assert {path: str(path)}  # it keeps its hash and text
    assert fingerprint(path) == before != fingerprint(path.parent)


def test_a_global_that_a_function_reads_counts(monkeypatch):
    before = fingerprint(reads_a_global)
    monkeypatch.setitem(reads_a_global.__globals__, "FACTOR", 3)
    assert fingerprint(reads_a_global) != before


@pytest.mark.parametrize("name", ["VERSIONS", "_own_code"])
def test_versions_and_this_packages_code_count(name, monkeypatch):
    before = fingerprint(1)
    monkeypatch.setattr(_keeping, name, ("other",) if name == "VERSIONS" else lambda: "other")
    assert fingerprint(1) != before


def test_fingerprints_are_the_same_in_another_process():
    code = (
        "from tests.sweep.test_keeping import SAME\n"
        "from sksgdprune._sweep.result_cache import fingerprint\n"
        "print(*[fingerprint(make()) for make in SAME])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.split() == [fingerprint(make()) for make in SAME], done.stderr


LAYERS = 30


def layered(innermost):
    """Return a function of many helpers, each of which calls two of those below it."""
    first = f"def help0():\n    return {innermost}\ndef help1():\n    return help0()\n"
    layer = "def help{}():\n    return help{}() + help{}()\n"
    return function(
        first + "".join(layer.format(i, i - 1, i - 2) for i in range(2, LAYERS)), "help29"
    )


def test_shared_helpers_are_described_once(monkeypatch):
    seen, describe = [], _keeping._Description._code

    def counted(self, code, names):
        seen.append(code)
        return describe(self, code, names)

    monkeypatch.setattr(_keeping._Description, "_code", counted)
    one = fingerprint(layered(1))
    assert len(seen) == LAYERS
    assert fingerprint(layered(1)) == one != fingerprint(layered(2))


def test_an_attribute_is_not_the_global_of_its_name():
    source = "def score(e, X, y):\n    return e.mean()\ndef mean():\n    return {}"
    assert fingerprint(function(source.format(1))) == fingerprint(function(source.format(2)))


def test_the_order_of_a_set_does_not_count():
    body = "def score(e, X, y):\n    return ALL"
    lambdas = [f"lambda: {constant}" for constant in range(10)] + ["lambda: ALL"]
    forth, back, other = (
        function(f"LISTED = [{', '.join(listed)}]\nALL = set(LISTED)\n{body}")
        for listed in (lambdas, lambdas[::-1], lambdas[1:])
    )
    assert fingerprint(forth) == fingerprint(back) != fingerprint(other)


def test_where_a_class_stands_does_not_count():
    class Standing:
        def __init__(self):
            self.a = self.b = 0

    before = fingerprint(Standing)
    Standing.__firstlineno__, Standing.__static_attributes__ = 3, ("b", "a")
    assert fingerprint(Standing) == before


class Steps(list):
    """A list that does more."""


class OtherSteps(list):
    def __len__(self):
        return 0


def test_the_class_of_a_container_counts():
    OtherSteps.__qualname__ = "Steps"
    assert fingerprint(Steps()) != fingerprint(OtherSteps())


# Modules

METRICS = "def cost(y):\n    return {}\ndef other(y):\n    return {}\nSCALE = {}\n"
USES = {
    "module": "import metrics\ndef score(e, X, y):\n    return metrics.cost(y)",
    "another name": "import metrics as m\ndef score(e, X, y):\n    return m.cost(y)",
    "package": "import lab.metrics\ndef score(e, X, y):\n    return lab.metrics.cost(y)",
    "method": "import metrics\nclass A:\n    def f(self):\n        return metrics.cost(0)\n"
    "def score(e, X, y):\n    return A().f()",
    "closure": "def make():\n    import metrics\n    return lambda e, X, y: metrics.cost(y)\n"
    "score = make()",
    "default": "import metrics\ndef score(e, X, y, m=metrics):\n    return m.cost(y)",
    "import": "def score(e, X, y):\n    import metrics\n    return metrics.cost(y)",
    "import of a part": "def score(e, X, y):\n    import lab.metrics\n"
    "    return lab.metrics.cost(y)",
    "import as": "def score(e, X, y):\n    import lab.metrics as m\n    return m.cost(y)",
    "from": "def score(e, X, y):\n    from metrics import cost\n    return cost(y)",
    "from a package": "def score(e, X, y):\n    from lab import metrics as m\n    return m.cost(y)",
    "relative": "from lab.scores import score",
}


@pytest.fixture
def restarted(tmp_path, monkeypatch):
    """Return what a source defines after a restart, given the constants in `metrics`."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").touch()
    relative = "def score(e, X, y):\n    from . import metrics\n    return metrics.cost(y)\n"
    (tmp_path / "lab" / "scores.py").write_text(relative)
    mine = "metrics", "lab", "lab.metrics", "lab.scores"

    def restart(source, *constants):
        for folder in tmp_path, tmp_path / "lab":
            (folder / "metrics.py").write_text(METRICS.format(*constants))
        for name in mine:
            monkeypatch.delitem(sys.modules, name, raising=False)
        return function(source)

    yield restart
    for name in mine:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("use", USES)
def test_code_reached_through_a_users_module_counts(use, restarted):
    before = fingerprint(restarted(USES[use], 1, 2, 3))
    assert fingerprint(restarted(USES[use], 1, 2, 3)) == before
    assert fingerprint(restarted(USES[use], 9, 2, 3)) != before


def test_of_a_users_module_counts_what_is_used(restarted):
    source = "import metrics\ndef score(e, X, y):\n    return metrics.SCALE * metrics.cost(y)"
    before = fingerprint(restarted(source, 1, 2, 3))
    assert fingerprint(restarted(source, 1, 9, 3)) == before
    assert fingerprint(restarted(source, 1, 2, 9)) != before


@pytest.mark.parametrize(
    "statement", ["import nowhere", "from nowhere import a", "from . import a"]
)
def test_an_import_that_fails_is_left_to_the_function(statement):
    source = f"def score(e, X, y):\n    {statement}\n    return {{}}"
    one, other = (fingerprint(function(source.format(constant))) for constant in (1, 2))
    assert one == fingerprint(function(source.format(1))) != other


# What is installed

PACKAGE = "__version__ = '{}'\ndef cost(y):\n    return {}\n"
# A folder on the path, the distribution's metadata, and whether that is an installation.
PLACES = {
    "user site": ("lib/python3/site-packages", None, True),
    "system": ("usr/lib/python3/dist-packages", None, True),
    "pip --target": ("target", "target/a_{}-1.dist-info", True),
    "pip --editable": ("source", "lib/python3/site-packages/a_{}-1.dist-info", False),
    "source": ("source", "source/a_{}.egg-info", False),
    "alone": ("source", None, False),
}


@pytest.fixture(params=PLACES)
def place(request, tmp_path, monkeypatch):
    """A module's name, its file, and whether it is installed."""
    folder, metadata, installed = PLACES[request.param]
    name = "dep_" + "".join(filter(str.isalpha, request.param))
    for path in folder, "lib/python3/site-packages":
        (tmp_path / path).mkdir(parents=True, exist_ok=True)
        monkeypatch.syspath_prepend(tmp_path / path)
    if metadata:
        about = tmp_path / metadata.format(name)
        about.mkdir()
        (about / "METADATA").write_text(f"Name: a-{name}\nVersion: 1\n")
        (about / "PKG-INFO").write_text(f"Name: a-{name}\nVersion: 1\n")
        (about / "top_level.txt").write_text(name)
        if metadata.endswith("dist-info"):
            (about / "RECORD").write_text(f"{name}.py,,\n")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    _keeping._distributed.cache_clear()
    yield name, tmp_path / folder / f"{name}.py", installed
    _keeping._distributed.cache_clear()
    sys.modules.pop(name, None)


def test_of_what_is_installed_the_version_counts_and_of_all_else_the_code(place):
    name, file, installed = place

    def restarted(*constants):
        file.write_text(PACKAGE.format(*constants))
        sys.modules.pop(name, None)
        return fingerprint(function(f"from {name} import cost\ndef score(e, X, y):\n    cost(y)"))

    before = restarted("1.0", 1)
    assert (restarted("1.0", 2) == before) == installed
    assert (restarted("2.0", 1) == before) != installed


def test_what_the_versions_are_of_is_never_followed():
    values = [Path, np.mean, csr_array, f1_score, make_scorer, joblib.Memory, PCA, joblib, np]
    assert _keeping._Description().of(values)[1] == []
