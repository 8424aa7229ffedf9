"""Schedules: the plans they make, their names, and that a sweep follows them."""

import pickle
from dataclasses import FrozenInstanceError, dataclass, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_iris

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep, schedules


@dataclass(frozen=True)
class Halfway:
    """Half of p, some steps, p, the other steps, and no step after a last look."""

    first: int = 10

    def plan(self, p, n_steps):
        return [(p / 2, self.first), (p, n_steps - self.first), (p, 0)]


def sweep(schedule, **changes):
    clf = PreconditionedMLPClassifier((6,), random_state=0)
    options = {"p": 0.8, "warmup_steps": 20, "finetune_steps": 50, "random_state": 5}
    return SparsitySweep(clf, schedule=schedule, **options | changes)


def warm():
    """The network of `sweep` after its warm-up."""
    seed = np.random.RandomState(5).randint(2**31 - 1, size=2)[1]
    clf = PreconditionedMLPClassifier((6,), random_state=seed, max_steps=20)
    return clf.fit(*load_iris(return_X_y=True))


def test_one_shot_cuts_at_once():
    assert schedules.OneShot().plan(0.9, 3000) == [(0.9, 3000)]
    assert schedules.OneShot().plan(0.0, 0) == [(0.0, 0)]


@pytest.mark.parametrize("name", schedules.SCHEDULES)
@given(p=st.floats(0, 1), n_steps=st.integers(0, 10_000))
def test_plans_rise_to_p_and_take_all_the_steps(name, p, n_steps):
    plan = schedules.resolve(name).plan(p, n_steps)
    fractions, steps = zip(*plan, strict=True)
    assert list(fractions) == sorted(fractions)
    assert fractions[0] >= 0
    assert fractions[-1] == p
    assert sum(steps) == n_steps
    assert all(isinstance(n, int) and n >= 0 for n in steps)


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_schedules_are_frozen_values(name):
    schedule = schedules.resolve(name)
    assert schedule == type(schedule)() == pickle.loads(pickle.dumps(schedule))
    assert hash(schedule) == hash(type(schedule)())
    for field in ["more", *(f.name for f in fields(schedule))]:
        with pytest.raises(FrozenInstanceError):
            setattr(schedule, field, 1)


def test_a_name_stands_for_its_schedule():
    assert schedules.resolve("one_shot") == schedules.OneShot()


def test_an_object_with_a_plan_is_taken_as_it_is():
    mine = Halfway()
    assert schedules.resolve(mine) is mine


@dataclass(frozen=True)
class Plan:
    """Any plan at all."""

    parts: tuple

    def plan(self, p, n_steps):
        return list(self.parts)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((), "does not reach p=0.8"),
        (((0.5, 10),), "does not reach p=0.8"),
        (((1.5, 10), (0.8, 10)), "must be from 0 to 1"),
        (((0.5, -1), (0.8, 10)), "whole numbers from 0"),
        (((0.5, 2.5), (0.8, 10)), "whole numbers from 0"),
    ],
)
@pytest.mark.parametrize("p", [0.8, [0.8]])
def test_a_bad_plan_is_refused_before_any_training(parts, message, p, trainings):
    with pytest.raises(ValueError, match=message):
        sweep(Plan(parts), p=p).fit(*load_iris(return_X_y=True))
    assert trainings == []


def test_rounding_errors_do_not_keep_a_plan_from_its_p():
    for p in np.linspace(0, 1, 51).tolist():
        thirds = tuple((p * (i + 1) / 3, 5) for i in range(3))
        assert schedules.planned(Plan(thirds), p, 15)[-1] == (p, 5)


@pytest.mark.parametrize("schedule", ["two_shot", "", None, 3, ["one_shot"], {}], ids=repr)
def test_anything_else_is_refused_with_what_is_possible(schedule):
    with pytest.raises(ValueError, match=r"schedule=.*possible are .*one_shot.*plan\(p, n_steps\)"):
        schedules.resolve(schedule)


def test_a_sweep_follows_the_plan():
    X, y = load_iris(return_X_y=True)
    got = sweep(Halfway()).fit(X, y).best_estimator_
    expected = warm().prune(0.4).partial_fit(X, y, n_steps=10)
    expected.prune(0.8).partial_fit(X, y, n_steps=40)
    np.testing.assert_array_equal(got.theta_, expected.theta_)
    np.testing.assert_array_equal(got.status_, expected.status_)
    assert not np.array_equal(got.status_, sweep("one_shot").fit(X, y).best_estimator_.status_)


def test_a_name_and_its_schedule_give_the_same_sweep():
    X, y = load_iris(return_X_y=True)
    by_name, by_object = (
        sweep(s, p=[0.2, 0.8], cv=2).fit(X, y) for s in ("one_shot", schedules.OneShot())
    )
    np.testing.assert_array_equal(
        by_name.cv_results_["mean_test_score"], by_object.cv_results_["mean_test_score"]
    )
    np.testing.assert_array_equal(by_name.best_estimator_.theta_, by_object.best_estimator_.theta_)


def test_a_schedule_is_a_parameter_that_clone_keeps():
    original = sweep(Halfway(first=7))
    assert clone(original).schedule == Halfway(first=7)
    assert original.set_params(schedule="one_shot").schedule == "one_shot"


def test_a_schedule_that_does_not_reach_p_is_refused():
    @dataclass(frozen=True)
    class Short:
        def plan(self, p, n_steps):
            return [(p / 2, n_steps)]

    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="reach"):
        sweep(Short()).fit(X, y)
