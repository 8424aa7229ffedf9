"""The one state of an estimator: calls that fail leave it, and generators, as they were."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sksgdprune
from sksgdprune import SparsitySweep, prune_gradually
from sksgdprune._estimator.base import BasePreconditionedMLP
from tests.cases import X, Y, classifier, regressor, state

PACKAGE = Path(sksgdprune.__file__).parent
ALONE = np.r_[Y[:-1], 7]  # a class of one row, which no stratified split can divide


def drawing_then_failing(evidence):
    """Draw from the generator that a score is given, and fail."""
    evidence.rng.uniform(size=1000)
    raise RuntimeError("no score")


FAILING = {
    "fit": lambda e, rng: e.set_params(random_state=rng, early_stopping=True).fit(X, ALONE),
    "fit of another kind": lambda e, rng: e.set_params(random_state=rng).fit(X, Y[:-1]),
    "prune": lambda e, rng: e.prune(0.5, drawing_then_failing, random_state=rng),
    "freeze": lambda e, rng: e.freeze(0.5, drawing_then_failing, random_state=rng),
    "prune_gradually": lambda e, rng: prune_gradually(
        e, X, Y, 0.5, n_steps=5, method=drawing_then_failing
    ),
    "sweep": lambda e, rng: SparsitySweep(
        e, p=[0.5], method=drawing_then_failing, random_state=rng, error_score="raise"
    ).fit(X, Y),
    "sweep of a pipeline": lambda e, rng: SparsitySweep(
        make_pipeline(StandardScaler(), e), method=drawing_then_failing, random_state=rng
    ).fit(X, Y),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_call_that_fails_leaves_state_and_generators_as_they_were(name):
    clf, rng = classifier().fit(X, Y), np.random.RandomState(3)
    before, kept = state(clf), rng.get_state()[1].copy()
    own = clf._state.rng.get_state()[1].copy()
    attributes = {k: v for k, v in vars(clf).items() if k.endswith("_") or k == "_state"}
    with pytest.raises((ValueError, RuntimeError)):
        FAILING[name](clf, rng)
    assert state(clf) == before
    assert {k: v for k, v in vars(clf).items() if k.endswith("_") or k == "_state"} == attributes
    np.testing.assert_array_equal(rng.get_state()[1], kept)
    np.testing.assert_array_equal(clf._state.rng.get_state()[1], own)


@pytest.mark.parametrize("y", [np.where(Y == 2, np.nan, Y), Y[:-1]])
def test_a_first_fit_that_fails_leaves_no_attribute(y):
    reg = regressor()
    before = set(vars(reg))
    with pytest.raises(ValueError, match=r"NaN|inconsistent"):
        reg.fit(X, y)
    assert set(vars(reg)) == before


def test_a_random_cut_that_fails_does_not_change_the_next_one():
    clf, same = classifier().fit(X, Y), classifier().fit(X, Y)
    with pytest.raises(RuntimeError):
        clf.prune(0.5, drawing_then_failing)
    assert state(clf.prune(0.5, "random")) == state(same.prune(0.5, "random"))


@pytest.mark.parametrize("random_state", [0, np.random.RandomState(0)], ids=["seed", "generator"])
def test_random_cuts_in_a_row_draw_on_and_share_no_generator(random_state):
    clf = classifier(random_state=random_state).fit(X, Y)
    kept = None if isinstance(random_state, int) else random_state.get_state()[1].copy()
    first = clf.freeze(0.5, "random").status_.copy()
    second = clf.unfreeze().prune(0).freeze(0.5, "random").status_
    assert not np.array_equal(first, second)
    if kept is not None:
        np.testing.assert_array_equal(random_state.get_state()[1], kept)


def test_what_else_is_drawn_from_a_passed_generator_does_not_change_later_cuts():
    fits = [classifier(random_state=np.random.RandomState(0)).fit(X, Y) for _ in range(2)]
    fits[1].random_state.uniform(size=7)
    assert state(fits[0].prune(0.5, "random")) == state(fits[1].prune(0.5, "random"))


def test_training_leaves_the_former_state_as_it_was():
    clf = classifier(n_draws=3).fit(X, Y)
    former = clf._state
    theta, C = (array.copy() for array in former.network.dense().state)
    batch = former.sampler._batch_rng.bit_generator.state
    clf.partial_fit(X, Y, n_steps=30).prune(0.5).freeze(0.3, "random").compact()
    assert clf._state is not former
    for array, copy in zip(former.network.dense().state, (theta, C), strict=True):
        np.testing.assert_array_equal(array, copy)
    assert former.sampler._batch_rng.bit_generator.state == batch
    assert former.t == 50


def test_an_estimator_has_two_mixins_of_the_package():
    bases = [base for base in BasePreconditionedMLP.__mro__[1:] if _is_own(base)]
    assert [base.__name__ for base in bases] == ["FittedAttributes", "SparsityMethods"]


def test_only_the_base_class_assigns_the_state():
    for path in PACKAGE.rglob("*.py"):
        found = re.findall(r"\w+\._[a-z]\w* = ", path.read_text(encoding="utf-8"))
        others = [one for one in found if not one.startswith("self.")]
        assert not others, path
        if "self._state = " in found:
            assert path in (PACKAGE / "_estimator" / "base.py", PACKAGE / "_utils" / "callbacks.py")


def _is_own(cls):
    return inspect.getmodule(cls).__name__.startswith("sksgdprune")
