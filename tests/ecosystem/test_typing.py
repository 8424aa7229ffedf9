"""Types: a checker flags the mistakes of a user's script, and hints say what is there."""

import inspect
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from numpydoc.docscrape import ClassDoc

from sksgdprune import CoverageDisplay, NetworkDisplay, SparsitySweepDisplay, schedules
from sksgdprune._kernels import types as records
from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._kernels.preconditioner import PRECONDITIONERS
from sksgdprune._pruning import scores as _scores
from sksgdprune._pruning import selection as _selection
from sksgdprune._pruning import structured as _structure
from sksgdprune._targets import classification, regression
from sksgdprune._utils import argument_types as _typing
from tests.cases import NAMES, X, Y, classifier, regressor
from tests.public import CALLABLES, CLASSES
from tests.sweep_cases import sweep

SCRIPT = Path(__file__).parents[1] / "typing_user.py"
DRAWING = {kind.__name__: kind for kind in (Artist, Axes, Figure, SubFigure, Line2D)}
DRAWING["ErrorbarContainer"] = ErrorbarContainer


def test_mypy_flags_the_marked_lines_of_a_users_script_and_no_others(tmp_path):
    options = ["--config-file=", f"--cache-dir={tmp_path}", f"--python-executable={sys.executable}"]
    # scikit-learn and scipy have no types; those of this package are asked for, not its bodies.
    options += ["--ignore-missing-imports", "--follow-imports=silent", "--no-error-summary"]
    command = [sys.executable, "-m", "mypy", *options, f"tests/{SCRIPT.name}"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=SCRIPT.parents[1])
    assert (run.returncode, run.stderr) == (1, "")
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    marked = {i: line for i, line in enumerate(lines, 1) if line.endswith("# flagged")}
    flagged = {
        int(i): lines[int(i) - 1] for i in re.findall(r"^\S+?:(\d+): error:", run.stdout, re.M)
    }
    assert flagged == marked, run.stdout


@pytest.mark.parametrize("name", CALLABLES, ids=[name.path for name in CALLABLES])
def test_parameters_and_returns_of_what_is_public_are_annotated(name):
    signature = inspect.signature(name.value)
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    assert [p.name for p in parameters if p.annotation is p.empty] == []
    if not inspect.isclass(name.value):
        assert signature.return_annotation is not signature.empty


def annotated(cls):
    """Return the type of each attribute that a class of the package declares."""
    types = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("sksgdprune"):
            given = dict(inspect.get_annotations(base))
            for name, member in vars(base).items():
                if isinstance(member, property) and member.fget.__annotations__:
                    given[name] = member.fget.__annotations__["return"]
            names = vars(sys.modules[base.__module__]) | DRAWING
            types |= {n: eval(t, names) if isinstance(t, str) else t for n, t in given.items()}
    return types


def is_of(value, hint):
    """Return whether a value is of a type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if hasattr(origin, "__value__"):  # NDArray from NumPy 2.5 on
        return is_of(value, origin.__value__[arguments])
    if origin in (Union, UnionType):
        return any(is_of(value, one) for one in arguments)
    if origin is np.ndarray:
        (kind,) = get_args(arguments[1])
        return isinstance(value, np.ndarray) and (kind is Any or np.issubdtype(value.dtype, kind))
    if origin in (list, Sequence):
        return isinstance(value, origin) and all(is_of(one, *arguments) for one in value)
    if origin is dict:
        key, kept = arguments
        pairs = value.items() if isinstance(value, dict) else [(None, None)]
        return all(is_of(k, key) and is_of(v, kept) for k, v in pairs)
    return isinstance(value, hint)


@pytest.mark.parametrize("cls", CLASSES)
def test_documented_attributes_and_properties_are_annotated(cls):
    documented = [n for p in ClassDoc(cls)["Attributes"] for n in p.name.split(", ")]
    properties = {name for name in vars(cls) if isinstance(getattr(cls, name), property)}
    assert documented
    assert {*documented, *properties} - annotated(cls).keys() == set()


DRAWS = {"n_draws": 5, "max_steps": 60}


@pytest.mark.filterwarnings("ignore:The fit is no better")
@pytest.mark.parametrize(
    "make",
    [
        lambda: classifier(early_stopping=True).fit(X, NAMES),
        lambda: classifier(**DRAWS).partial_fit(X, Y, classes=[0, 1, 2]).prune(0.5).sparsify(),
        lambda: regressor(**DRAWS).fit(X, X[:, :2]),
        lambda: regressor().fit(X, Y),
        lambda: sweep(p=[0, 0.5], refit="one_se").fit(X, Y),
        lambda: sweep(regressor(**DRAWS), p=0.5).fit(X, Y).partial_fit(X, Y),
        lambda: SparsitySweepDisplay.from_estimator(sweep(p=[0, 0.5]), X, Y),
        lambda: SparsitySweepDisplay.from_estimator(
            sweep(p=[0, 0.5]), X, Y, std_display_style="errorbar"
        ),
        lambda: CoverageDisplay.from_estimator(regressor(**DRAWS).fit(X, Y), X, Y),
        lambda: NetworkDisplay.from_estimator(classifier().fit(X, Y), input_shape=(2, 2)),
    ],
)
def test_attributes_are_of_the_types_that_they_are_declared_to_be(make):
    made = make()
    types = {n: t for n, t in annotated(type(made)).items() if n[-1] == "_" and hasattr(made, n)}
    assert len(types) >= 3
    assert {n: getattr(made, n) for n, t in types.items() if not is_of(getattr(made, n), t)} == {}
    plt.close("all")


def test_a_declared_attribute_is_no_attribute_before_fit():
    for unfitted in (classifier(), regressor(), sweep()):
        assert [n for n in annotated(type(unfitted)) if n[-1] == "_" and hasattr(unfitted, n)] == []


@pytest.mark.parametrize(
    ("words", "possible"),
    [
        (_typing.Activation, ACTIVATIONS),
        (_typing.Preconditioner, PRECONDITIONERS),
        (_typing.NoiseEstimator, records.NOISE_ESTIMATORS),
        (_typing.ClassifierLoss, classification.LOSSES),
        (_typing.RegressorLoss, regression.BY_LOSS),
        (_typing.Action, _scores.METHODS),
        (_typing.PruneName, {**_scores.PRUNE, **_scores.ALIASES["prune"]}),
        (_typing.FreezeName, {**_scores.FREEZE, **_scores.ALIASES["freeze"]}),
        (_typing.Scope, _selection.SCOPES),
        (_typing.Structure, _structure.STRUCTURES),
        (_typing.ScheduleName, schedules.SCHEDULES),
    ],
)
def test_literal_types_hold_all_that_is_possible(words, possible):
    assert set(get_args(words)) == set(possible)
