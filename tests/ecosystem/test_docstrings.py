"""Every public name has a docstring that numpydoc's validator finds no fault with, and an example.

The hook of `make lint` reads files and skips private modules; this takes names as a user imports
them, so that what comes from a mixin of a private module is seen, too.
"""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest
from numpydoc.docscrape import ClassDoc
from numpydoc.validate import validate

import sksgdprune
from tests.public import CALLABLES, MEMBERS, PROPERTIES, TOP

# ES01, SA01: a short method needs neither a second paragraph nor a See Also.
# RT02: "self : object" and the like, scikit-learn's way to name what is returned.
LEFT_OUT = {"ES01", "SA01", "RT02"}
# Some of what there must be: the walk over the interface does not lose any.
METHODS = {
    "PreconditionedMLPClassifier": "fit partial_fit predict predict_proba predict_log_proba score "
    "prune freeze unfreeze sparsify densify compact calibrate predict_uncertainty",
    "PreconditionedMLPRegressor": "fit partial_fit predict predict_interval sample_y score "
    "log_likelihood prune freeze unfreeze sparsify densify compact calibrate",
    "SparsitySweep": "fit partial_fit predict predict_proba predict_log_proba score "
    "get_metadata_routing to_frame",
    "SparsitySweepDisplay": "from_estimator from_estimators from_cv_results plot",
    "NetworkDisplay": "from_estimator plot",
    "CoverageDisplay": "from_estimator plot",
    **{
        f"schedules.{name}": "plan"
        for name in ("OneShot", "Linear", "Cubic", "Geometric", "Iterative")
    },
}


GROUPED = [
    sksgdprune.PreconditionedMLPClassifier,
    sksgdprune.PreconditionedMLPRegressor,
    sksgdprune.SparsitySweep,
]


def in_groups(cls, kind):
    """Return the names in the groups of a docstring, like "- Network: `loss`.", in order."""
    text = inspect.getdoc(cls).partition("\nParameters\n")[0].partition(f"The {kind}, in ")[2]
    lists = text.partition("\n\n")[2].partition("\n\n")[0]
    return re.findall(r"`(\w+)`", lists)


def each(names):
    return pytest.mark.parametrize("name", names, ids=[name.path for name in names])


def test_the_walk_finds_what_is_public():
    expected = {
        f"sksgdprune.{cls}.{name}" for cls, names in METHODS.items() for name in names.split()
    }
    assert expected <= {name.path for name in CALLABLES}
    assert {"sksgdprune.schedules.Stage", "sksgdprune.prune_gradually"} < {n.path for n in TOP}
    properties = {name.path for name in PROPERTIES}
    assert "sksgdprune.SparsitySweep.classes_" in properties
    of_network = {f"sksgdprune.PreconditionedMLPRegressor.{name}" for name in ("theta_", "t_")}
    assert of_network < properties


@each([*TOP, *MEMBERS])
def test_numpydocs_validator_finds_no_fault(name):
    # What a property is needs no example; its class shows some of them.
    left_out = LEFT_OUT | ({"EX01"} if name in PROPERTIES else set())
    assert [error for error in validate(name.path)["errors"] if error[0] not in left_out] == []


@pytest.fixture(scope="module")
def collected():
    """All docstrings with an example that `pytest --doctest-modules` runs."""
    modules = pkgutil.walk_packages(sksgdprune.__path__, "sksgdprune.")
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [t for m in modules for t in finder.find(importlib.import_module(m.name))]
    return {test.docstring for test in tests if test.examples}


@each(CALLABLES)
def test_the_example_is_among_those_that_run(name, collected):
    assert name.value.__doc__ in collected


@pytest.mark.parametrize("cls", GROUPED, ids=lambda cls: cls.__name__)
def test_every_parameter_is_in_one_group_in_the_order_of_the_signature(cls):
    assert in_groups(cls, "parameters") == [*inspect.signature(cls).parameters]


@pytest.mark.parametrize("cls", GROUPED, ids=lambda cls: cls.__name__)
def test_every_fitted_attribute_is_described_and_in_one_group(cls):
    described = ClassDoc(cls, config={"show_class_members": False})["Attributes"]
    names = [name for attribute in described for name in attribute.name.split(", ")]
    assert in_groups(cls, "fitted attributes") == names
    is_property = inspect.isdatadescriptor
    assert {n for n, _ in inspect.getmembers(cls, is_property) if n[0] != "_"} <= {*names}
