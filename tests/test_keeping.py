"""What a kept result depends on: the fingerprints of data, code and parameters."""

import functools
import subprocess
import sys
import threading
from datetime import date
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

from sksgdprune import PreconditionedMLPClassifier, _keeping
from sksgdprune._keeping import fingerprint

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
]


@pytest.mark.parametrize("make", SAME)
def test_equal_values_have_equal_fingerprints(make):
    assert fingerprint(make()) == fingerprint(make())


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
    ],
)
def test_what_differs_has_other_fingerprints(one, other):
    assert fingerprint(one) != fingerprint(other)


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
        "from tests.test_keeping import SAME\nfrom sksgdprune._keeping import fingerprint\n"
        "print(*[fingerprint(make()) for make in SAME])"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.split() == [fingerprint(make()) for make in SAME], done.stderr
