"""Schedules: the plans they make, their names, and that a sweep follows them."""

import pickle
import warnings
from copy import deepcopy
from dataclasses import FrozenInstanceError, dataclass, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep, prune_gradually, schedules
from sksgdprune._pruning import cut, plan
from sksgdprune._training.config import Horizon
from sksgdprune.schedules import Stage


@dataclass(frozen=True)
class Halfway:
    """Half of p, some steps, p, the other steps, and no step after a last look."""

    first: int = 10

    def plan(self, p, n_steps):
        return [(p / 2, self.first), (p, n_steps - self.first), (p, 0)]


@dataclass(frozen=True)
class Falling:
    """More than p on the way."""

    def plan(self, p, n_steps):
        return [(0.9, n_steps), (0.7, 0), (p, 0)]


@dataclass(frozen=True)
class Penalised:
    """One cut, and steps with a penalty."""

    penalty: float | None

    def plan(self, p, n_steps):
        return [Stage(p, n_steps, self.penalty)]


def sweep(schedule, **changes):
    clf = PreconditionedMLPClassifier((6,), random_state=0)
    options = {"p": 0.8, "warmup_steps": 20, "finetune_steps": 50, "random_state": 5}
    options |= {"method": "magnitude", "scope": "layer", "include_biases": True}
    return SparsitySweep(clf, schedule=schedule, **options | changes)


def warm():
    """The network of `sweep` after its warm-up."""
    seed = np.random.RandomState(5).randint(2**31 - 1, size=2)[1]
    clf = PreconditionedMLPClassifier((6,), random_state=seed, max_steps=20)
    return clf.fit(*load_iris(return_X_y=True))


def test_one_shot_cuts_at_once():
    assert schedules.OneShot().plan(0.9, 3000) == [Stage(0.9, 3000)]
    assert schedules.OneShot().plan(0.0, 0) == [Stage(0.0, 0)]


@pytest.mark.parametrize("name", schedules.SCHEDULES)
@given(p=st.floats(0, 1), n_steps=st.integers(0, 10_000))
def test_plans_rise_to_p_and_take_all_the_steps(name, p, n_steps):
    plan = schedules.resolve(name).plan(p, n_steps)
    fractions, steps, *_ = zip(*plan, strict=True)
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
        (((0.5, 10), (0.8, 10)), "does not take n_steps=50"),
        (((0.8, 50, -1.0),), "penalties numbers from 0"),
        (((0.8, 50, np.inf),), "penalties numbers from 0"),
        (((0.5, 2.5), (0.8, 10)), "whole numbers from 0"),
    ],
)
@pytest.mark.parametrize("p", [0.8, [0.8]])
def test_a_bad_plan_is_refused_before_any_training(parts, message, p, training_runs):
    with pytest.raises(ValueError, match=message):
        sweep(Plan(parts), p=p).fit(*load_iris(return_X_y=True))
    assert training_runs == []


def test_rounding_errors_do_not_keep_a_plan_from_its_p():
    for p in np.linspace(0, 1, 51).tolist():
        thirds = tuple((p * (i + 1) / 3, 5) for i in range(3))
        assert schedules.planned(Plan(thirds), p, 15)[-1] == Stage(p, 5)


@pytest.mark.parametrize("schedule", ["two_shot", "", None, 3, ["one_shot"], {}], ids=repr)
def test_anything_else_is_refused_with_what_is_possible(schedule):
    with pytest.raises(
        ValueError, match=r"schedule=.*expected one of .*one_shot.*plan\(p, n_steps\)"
    ):
        schedules.resolve(schedule)


def test_a_sweep_follows_the_plan():
    X, y = load_iris(return_X_y=True)
    got = sweep(Halfway()).fit(X, y).best_estimator_
    how = {"scope": "layer", "include_biases": True}
    expected = warm().prune(0.4, **how).partial_fit(X, y, n_steps=10)
    expected.prune(0.8, **how).partial_fit(X, y, n_steps=40)
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


# Gradual cuts


@pytest.mark.parametrize(
    ("schedule", "fractions"),
    [
        (schedules.Linear(n_cuts=4), [0.2, 0.4, 0.6, 0.8]),
        (schedules.Cubic(n_cuts=4), [0.4625, 0.7, 0.7875, 0.8]),
        (schedules.Geometric(n_cuts=4), [0.331260, 0.552786, 0.700930, 0.8]),
        (schedules.Iterative(n_cuts=4), [0, 0.331260, 0.552786, 0.700930, 0.8]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_fractions_are_those_of_the_formula(schedule, fractions):
    plan = schedule.plan(0.8, 900)
    np.testing.assert_allclose([stage.fraction for stage in plan], fractions, atol=1e-6)


def test_cuts_are_spread_over_the_first_two_thirds():
    plan = schedules.Geometric(n_cuts=4).plan(0.8, 900)
    assert [stage.n_steps for stage in plan] == [200, 200, 200, 300]
    plan = schedules.Geometric(n_cuts=4, share=1 / 3).plan(0.8, 900)
    assert [stage.n_steps for stage in plan] == [100, 100, 100, 600]
    assert len(schedules.Geometric().plan(0.8, 3000)) == 60
    assert len(schedules.Geometric().plan(0.8, 30)) == 20  # not more cuts than steps


def test_alpha_is_larger_until_the_last_cut():
    plan = schedules.Cubic(n_cuts=3).plan(0.875, 90)
    assert [stage.penalty for stage in plan] == [None, None, 1]
    plan = schedules.Cubic(n_cuts=3, penalty=5).plan(0.875, 90)
    assert [stage.penalty for stage in plan] == [5, 5, 1]


@pytest.mark.parametrize(
    ("p", "alpha", "same"),
    [
        (0.75, "auto", 10 / (2 * 10.5)),  # of (4 + 3) 6 weights, 10.5 remain; S = 10
        (0.1, "auto", 2 * 10 / 150),  # the prior's is larger
        (0.75, 0.25, 0.25),
    ],
)
def test_the_least_automatic_alpha_goes_by_the_weights_that_are_to_remain(p, alpha, same):
    X, y = load_iris(return_X_y=True)
    clf = PreconditionedMLPClassifier((6,), batch_size=10, random_state=0, max_steps=20).fit(X, y)
    thetas = []
    for value, penalty in ((alpha, None), (same, 1.0)):
        pruned = deepcopy(clf).set_params(alpha=value)
        prune_gradually(pruned, X, y, p, n_steps=100, schedule=Penalised(penalty))
        thetas.append(pruned.theta_)
    np.testing.assert_array_equal(*thetas)


@pytest.mark.parametrize(
    ("sizes", "structure", "p", "n_left"),
    [
        ((6,), "unit", 0.75, 7 * 2),  # 4 of 6 units go
        ((6,), "unit", 0.99, 7 * 1),  # a unit stays
        ((6, 4), "unit", 0.5, 4 * 3 + 3 * 2 + 2 * 3),
        ((6,), "input", 0.5, 2 * 6 + 6 * 3),
        ((6,), "input", 0.99, 1 * 6 + 6 * 3),
        ((6,), "input", 0.999, 1 * 6 + 6 * 3),
        ((6,), "weight", 0.999, 1),
    ],
)
def test_the_penalty_goes_by_the_weights_that_do_remain(sizes, structure, p, n_left):
    X, y = load_iris(return_X_y=True)
    clf = PreconditionedMLPClassifier(sizes, batch_size=10, random_state=0, max_steps=20)
    clf = clf.set_params(alpha=0.1).fit(X, y).set_params(alpha="auto")
    thetas = []
    for alpha, penalty in (("auto", None), (1 / (2 * n_left) * 10, 1.0)):
        pruned = deepcopy(clf).set_params(alpha=alpha)
        how = {"schedule": Penalised(penalty), "structure": structure, "n_steps": 20}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # of what is left after 40 steps
            prune_gradually(pruned, X, y, p, **how)
        thetas.append(pruned.theta_)
    np.testing.assert_array_equal(*thetas)


def test_the_penalty_does_not_count_what_was_pruned_before():
    network = warm().prune(0.9)._state.network  # 5 of 42 weights are left
    options = plan.PruningPlan.checked("prune", 0.5, 10, "unit", (6,)).options
    assert options.n_weights_left(0.5, network) == 5
    assert options.n_weights_left(0.5, warm()._state.network) == 7 * 3


def test_a_stage_trains_with_alpha_times_its_penalty():
    X, y = load_iris(return_X_y=True)
    got = sweep(Penalised(2.0), warmup_steps=1)
    got.set_params(estimator__alpha=0.25).fit(X, y)
    seed = np.random.RandomState(5).randint(2**31 - 1, size=2)[1]
    clf = PreconditionedMLPClassifier((6,), random_state=seed, max_steps=1, alpha=0.25).fit(X, y)
    clf.prune(0.8, scope="layer", include_biases=True).set_params(alpha=0.5)
    expected = clf.partial_fit(X, y, n_steps=50)
    np.testing.assert_array_equal(got.best_estimator_.theta_, expected.theta_)
    assert got.best_estimator_.alpha == 0.25


def test_the_weights_that_are_left_are_rewound_to_the_end_of_the_warm_up():
    X, y = load_iris(return_X_y=True)
    got = sweep(schedules.Iterative(n_cuts=2), finetune_steps=60).fit(X, y).best_estimator_
    how = {"scope": "layer", "include_biases": True}
    start, searched = warm(), warm().partial_fit(X, y, n_steps=20)
    for fraction in (1 - 0.2**0.5, 0.8):
        searched.prune(fraction, **how)
        rewound = warm()
        rewound.status_ = searched.status_
        # It draws on: rewinding repeats no minibatch.
        rewound._state = replace(rewound._state, sampler=searched._state.sampler)
        assert rewound.t_ == start.t_
        kept = searched.status_ == 0
        np.testing.assert_array_equal(
            rewound._state.network.dense().state.theta[kept],
            start._state.network.dense().state.theta[kept],
        )
        searched = rewound.partial_fit(X, y, n_steps=20)
    np.testing.assert_array_equal(got.theta_, searched.theta_)
    np.testing.assert_array_equal(got.noise_variance_, searched.noise_variance_)
    np.testing.assert_array_equal(got.status_, searched.status_)
    assert got.t_ == searched.t_ == start.t_ + 20


# A bare estimator


def test_a_fitted_estimator_is_pruned_as_a_sweep_does():
    X, y = load_iris(return_X_y=True)
    got = prune_gradually(warm(), X, y, 0.8, n_steps=50)
    clf = PreconditionedMLPClassifier((6,), random_state=0)
    swept = SparsitySweep(clf, p=0.8, warmup_steps=20, finetune_steps=50, random_state=5).fit(X, y)
    np.testing.assert_array_equal(got.theta_, swept.best_estimator_.theta_)
    assert np.count_nonzero(got.status_) == 33  # of 42 weights


def test_the_steps_are_those_of_an_untuned_fit_where_none_are_said():
    X, y = load_iris(return_X_y=True)
    clf = warm()
    begun = clf.t_
    assert prune_gradually(clf, X, y, 0.5) is clf
    assert clf.t_ - begun == 12_800


def test_a_pruned_estimator_goes_on_from_where_it_is():
    X, y = load_iris(return_X_y=True)
    clf = warm().prune(0.5)
    reached = []

    def watch(e):
        reached.append(np.count_nonzero(clf.status_))
        return np.abs(e.theta)

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no cut is one that changes nothing but warns
        prune_gradually(clf, X, y, 0.8, n_steps=60, method=watch)
    assert reached[0] == 21
    assert sorted(reached) == reached
    assert np.count_nonzero(clf.status_) == 33


@pytest.mark.parametrize(
    ("sizes", "scope"), [((32,), "connected"), ((32,), "layer"), ((16, 16), "global")]
)
@pytest.mark.parametrize("structure", ["unit", "input"])
def test_a_network_without_some_units_goes_on_from_where_it_is(structure, sizes, scope):
    X, y = load_digits(return_X_y=True)
    clf = PreconditionedMLPClassifier(sizes, max_steps=50, alpha=0.1, random_state=0).fit(X, y)
    clf.prune(0.5, structure=structure, scope=scope)
    n_all, gone, reached = 64 if structure == "input" else 32, [], []

    def watch(e):
        W = clf.coefs_
        lost = (
            (W[0] == 0).all(axis=1)
            if structure == "input"
            else np.concatenate([(into == 0).all(axis=0) for into in W[:-1]])
        )
        gone.append(lost.sum())
        return np.abs(e.theta)

    def spied(state, p, *arguments):
        reached.append(p)
        return cut.cut(state, p, *arguments)

    how = {"structure": structure, "scope": scope, "n_steps": 60, "method": watch}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        patch.setattr(plan, "cut", spied)
        prune_gradually(clf, X, y, 0.75, **how)
    # The first cut takes what the first of a whole plan would, of what is left.
    whole = schedules.Geometric().plan(0.75, 60)
    expected = [0.5 + 0.25 * stage.fraction / 0.75 for stage in whole]
    np.testing.assert_allclose(reached, expected, rtol=1e-12)
    assert gone[0] == n_all / 2


@pytest.mark.parametrize("structure", ["weight", "unit", "input"])
@pytest.mark.parametrize("scope", ["connected", "layer", "global"])
def test_a_gradual_cut_to_less_than_before_warns_once(structure, scope):
    X, y = load_iris(return_X_y=True)
    clf = warm().prune(0.6, structure=structure, scope=scope)
    with pytest.warns(UserWarning, match=r"prune\(0.3\) changes nothing") as said:
        prune_gradually(clf, X, y, 0.3, n_steps=60, structure=structure, scope=scope)
    assert len(said) == 1


def test_a_schedule_that_ends_at_less_than_on_its_way_warns_once():
    said = r"prune\(0.5\) changes nothing"
    with pytest.warns(UserWarning, match=said) as told:
        prune_gradually(warm(), *load_iris(return_X_y=True), 0.5, n_steps=60, schedule=Falling())
    assert sum("changes nothing" in str(one.message) for one in told) == 1


def test_layers_of_which_different_parts_are_gone_are_cut_without_a_warning():
    X, y = load_iris(return_X_y=True)
    clf = PreconditionedMLPClassifier((8, 8), max_steps=500, random_state=0).fit(X, y)
    status = clf.status_.copy()
    status[: 4 * 8].reshape(4, 8)[:, :6] = 2  # six units of the first layer
    clf.status_ = status
    how = {"n_steps": 300, "structure": "unit", "scope": "layer"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prune_gradually(clf, X, y, 0.5, **how)
    assert [W.shape for W in clf.compact().coefs_] == [(4, 2), (2, 4), (4, 3)]


def test_where_more_is_pruned_already_one_warning_says_so():
    X, y = load_iris(return_X_y=True)
    clf = warm().prune(0.9)
    with pytest.warns(UserWarning, match="changes nothing") as said:
        prune_gradually(clf, X, y, 0.5, n_steps=60)
    assert len(said) == 1


def test_a_network_cut_to_a_constant_gets_a_warning_unless_p_is_1():
    X, y = load_iris(return_X_y=True)
    how = {"n_steps": 30, "schedule": "one_shot", "scope": "global"}
    with pytest.warns(ConvergenceWarning, match=r"At p=0.98 the network is no better on its own"):
        prune_gradually(warm(), X, y, 0.98, **how)  # one weight is left, and no path
    clf = warm()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prune_gradually(clf, X, y, 1.0, **how)


def test_an_error_on_the_way_leaves_all_as_it_was():
    X, y = load_iris(return_X_y=True)
    clf, calls = warm(), []

    def third_time_unlucky(e):
        calls.append(e)
        return np.abs(e.theta) if len(calls) < 3 else np.full(e.theta.shape, np.nan)

    before = clf.theta_.tobytes(), clf.status_.tobytes(), clf.t_
    with pytest.raises(ValueError, match="overflow"):
        prune_gradually(clf, X, y, 0.5, n_steps=60, method=third_time_unlucky)
    assert (clf.theta_.tobytes(), clf.status_.tobytes(), clf.t_) == before


def test_a_pipeline_is_refused_with_what_takes_one():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(TypeError, match="SparsitySweep takes a Pipeline"):
        prune_gradually(make_pipeline(StandardScaler(), warm()), X, y, 0.5)


def test_freezing_gradually_leaves_alpha_as_it_is():
    X, y = load_iris(return_X_y=True)
    ways = schedules.Geometric(n_cuts=4), schedules.Geometric(n_cuts=4, penalty=1.0)
    a, b = (sweep(way, action="freeze", method="random").fit(X, y).best_estimator_ for way in ways)
    np.testing.assert_array_equal(a.theta_, b.theta_)


@pytest.mark.parametrize(
    "bad",
    [
        {"p": 2},
        {"method": "best"},
        {"scope": "net"},
        {"schedule": "x"},
        {"n_steps": 0},
        {"n_steps": None},
    ],
)
def test_bad_input_is_refused_before_anything_is_cut(bad):
    X, y = load_iris(return_X_y=True)
    clf = warm()
    before = clf.theta_.copy()
    with pytest.raises(ValueError, match="Got "):
        prune_gradually(clf, X, y, **({"p": 0.5, "n_steps": 20} | bad))
    np.testing.assert_array_equal(clf.theta_, before)
    assert not clf.status_.any()


def test_an_unfitted_estimator_is_refused():
    with pytest.raises(NotFittedError):
        prune_gradually(PreconditionedMLPClassifier(), *load_iris(return_X_y=True), 0.5)


def test_cuts_look_at_ten_thousand_rows_at_most(monkeypatch):
    seen, means = [], cut.mean_gradients

    def watched(data, *others):
        seen.append(np.column_stack([data.X, data.Y.argmax(axis=1), data.weights]))
        return means(data, *others)

    monkeypatch.setattr(cut, "mean_gradients", watched)
    rng = np.random.RandomState(0)
    X, w = rng.normal(size=(10_001, 2)), rng.uniform(size=10_001)
    y = (X[:, 0] > 0).astype(int)
    clf = PreconditionedMLPClassifier((3,), random_state=0, max_steps=5).fit(X, y)
    prune_gradually(clf, X, y, 0.5, n_steps=5, schedule="one_shot", sample_weight=w)
    (rows,) = seen
    assert len(np.unique(rows, axis=0)) == 10_000
    everything = np.column_stack([X, y, w])
    assert {tuple(row) for row in rows} <= {tuple(row) for row in everything}


def test_frozen_weights_are_not_counted_as_pruned():
    X, y = load_iris(return_X_y=True)
    clf = warm().freeze(0.5, "random", random_state=0)
    seen = []

    def watch(e):
        seen.append(np.count_nonzero(e.theta == 0))
        return np.abs(e.theta)

    prune_gradually(clf, X, y, 0.8, n_steps=60, method=watch, schedule=schedules.Linear(n_cuts=4))
    assert seen == [0, 8, 16, 25]  # of 42 weights
    assert np.count_nonzero(clf.status_ == 2) == 33


def test_ctrl_c_ends_the_plan_and_leaves_the_estimator_as_it_was(monkeypatch):
    X, y = load_iris(return_X_y=True)
    clf = warm()
    before = clf.theta_.tobytes()
    train = plan.train

    def interrupted(*args):
        run = train(*args)
        return run._replace(outcome=run.outcome._replace(interrupted=True))

    monkeypatch.setattr(plan, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prune_gradually(clf, X, y, 0.8, n_steps=60)
    assert clf.theta_.tobytes() == before


def test_a_penalty_keeps_float32():
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    clf = PreconditionedMLPClassifier((6,), random_state=0, max_steps=5).fit(X, y)
    run = clf._config().for_run(clf._state.network, 150, horizon=Horizon(penalty=1.7))
    assert run.hyper.alpha.dtype == np.float32
    assert prune_gradually(clf, X, y, 0.9, n_steps=30).theta_.dtype == np.float32


@pytest.mark.parametrize("kind", [schedules.Linear, schedules.Cubic, schedules.Geometric])
@pytest.mark.parametrize(
    "field", [{"n_cuts": 0}, {"n_cuts": 2.5}, {"share": "all"}, {"share": 1.5}, {"penalty": -1}]
)
def test_a_schedule_refuses_what_no_plan_can_be_made_of(kind, field):
    with pytest.raises(ValueError, match=f"Got {next(iter(field))}="):
        kind(**field)


def test_an_iterative_schedule_needs_a_cut():
    with pytest.raises(ValueError, match="n_cuts is a whole number from 1"):
        schedules.Iterative(n_cuts=0)


def test_a_class_is_no_schedule():
    with pytest.raises(ValueError, match="an object, not a class"):
        schedules.resolve(schedules.Geometric)
