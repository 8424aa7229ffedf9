"""Monitors of a training run: the loss curve, the plateau and the score, by hand and in fits."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._data.sampling import Data, Sampler
from sksgdprune._training import runs
from sksgdprune._training import trainer as _training
from sksgdprune._training.monitors import (
    FIRST_LOOK,
    MOST_TOTALS,
    Converged,
    LossCurve,
    Plateau,
    Validation,
)
from tests.cases import X, Y, classifier, regressor, state
from tests.kernel_cases import hyper, network, problem

MAKES = [classifier, regressor]


# The rules, by hand


def curve_of(losses, epoch=4):
    """Return the LossCurve of these losses, which come in two parts."""
    curve = LossCurve(epoch)
    for part in np.array_split(losses, 2):
        curve.add(part)
    return curve


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30), st.integers(1, 9), st.data())
def test_a_loss_curve_has_the_mean_of_each_epoch_however_losses_come(losses, epoch, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(losses)), max_size=4)))
    curve = LossCurve(epoch)
    for part in np.split(losses, cuts):
        curve.add(part)
    parts = [losses[i : i + epoch] for i in range(0, len(losses), epoch)]
    assert curve.means() == [np.mean(part) for part in parts]
    assert curve.whole == [np.mean(part) for part in parts if len(part) == epoch]
    assert curve.n_steps == len(losses)


class Inert:
    """A watch that never ends a training and notes when it was asked."""

    def __init__(self, every):
        self.every, self.asked = every, []

    def __call__(self, theta, curve):
        self.asked.append(curve.n_steps)
        return False


def test_monitors_are_asked_by_their_own_clocks_and_at_the_end():
    p, (_, settings) = problem((5,), "log_loss"), hyper()
    layout, X_, Y_, theta, C, status, *_ = p
    monitors = Inert(3), Inert(7)
    start, draws = network(layout, theta, C, status), Sampler(np.random.RandomState(0))
    _training.train(Data(X_, Y_), start, settings, draws, 10, 17, monitors)
    assert monitors[0].asked == [3, 6, 9, 12, 15, 17]
    assert monitors[1].asked == [7, 14, 17]


def test_a_monitor_beside_early_stopping_does_not_change_where_it_ends(monkeypatch):
    options = {"early_stopping": True, "max_steps": 3000, "n_iter_no_change": 5}
    alone = classifier(**options).fit(X, Y)
    monkeypatch.setattr(runs, "_ending", lambda *_: Inert(3))
    beside = classifier(**options).fit(X, Y)
    assert beside.validation_scores_ == alone.validation_scores_
    assert state(beside) == state(alone)


@given(st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=60), st.data())
def test_the_halves_are_means_of_the_second_quarter_and_half(losses, data):
    losses = losses[: len(losses) // 4 * 4]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(losses)), max_size=4)))
    curve, n = LossCurve(3), len(losses)
    for part in np.split(losses, cuts):
        curve.add(part)
    truth = np.mean(losses[n // 4 : n // 2]), np.mean(losses[n // 2 :])
    np.testing.assert_allclose(curve.halves(), truth, rtol=0, atol=1e-9)


def test_the_halves_of_a_long_training_are_near_the_truth_in_bounded_memory():
    curve, losses = LossCurve(100), 1 / np.arange(1, 100_001) ** 0.5
    for part in np.array_split(losses, 7):
        curve.add(part)
    assert len(curve._totals) <= MOST_TOTALS
    truth = losses[25_000:50_000].mean(), losses[50_000:].mean()
    np.testing.assert_allclose(curve.halves(), truth, rtol=1e-3)


@pytest.mark.parametrize(
    ("before", "after", "falls"),
    [
        (1.0, 0.79, True),
        (1.0, 0.81, False),
        (1.0, 1.2, False),
        (0.0, 0.0, False),
        (0.3, 0.17, False),  # of 9 at the beginning, that is little
    ],
)
def test_a_loss_falls_still_where_it_lost_a_fifth_and_is_not_low(before, after, falls):
    assert curve_of([9.0] * 4 + [before] * 4 + [after] * 8).falls() is falls


@pytest.mark.parametrize(
    ("losses", "tol", "ends"),
    [
        # 16 steps in epochs of 4: from the quarter before to the half behind are 1.5 epochs. With
        # n_epochs = 3 the loss must fall by tol in twice as long.
        ([9] * 4 + [1] * 4 + [1] * 8, 0.1, True),
        ([9] * 4 + [1] * 4 + [0.96] * 8, 0.1, True),
        ([9] * 4 + [1] * 4 + [0.94] * 8, 0.1, False),
        ([9] * 4 + [1] * 4 + [2] * 8, 0.1, True),
        ([9] * 4 + [1] * 4 + [0.5, 1.5] * 4, 0.1, True),  # noise alone
        ([1] * 8, 0.1, True),  # the first look
        ([1] * 4, 0.1, False),  # too early
        ([1] * 24, 0.1, False),  # no power of two times the first look
        ([1] * 32, 0.1, True),
    ],
)
def test_a_plateau_is_a_loss_that_no_longer_falls_by_tol(losses, tol, ends, monkeypatch):
    monkeypatch.setattr(Plateau, "every", 8)
    assert Plateau(3, tol)(None, curve_of(losses)) is ends


@pytest.mark.parametrize(
    ("losses", "ends", "best"),
    [
        ([8, 4, 2, 1], [False] * 4, 3),  # each doubling halves the loss
        ([8, 4, 3.99], [False, False, True], 2),
        ([8, 4, 3.81], [False, False, True], 2),
        ([8, 4, 3.7, 3.5], [False, False, False, False], 3),
        ([8, 4, 6], [False, False, True], 1),  # it has leapt
        ([8, np.nan, 4], [False, False, False], 2),
    ],
)
def test_a_run_ends_where_doubling_gains_little_and_keeps_the_best(losses, ends, best):
    found = iter(losses)
    rule = Converged(lambda theta: next(found), 100_000, 800, 0.05)
    curve = SimpleNamespace(n_steps=0)
    for k, end in enumerate(ends):
        for n_steps in (800 * 2**k - 400, 800 * 2**k):
            curve.n_steps = n_steps
            assert rule(np.float64(k), curve) is (end and n_steps == 800 * 2**k)
    assert rule.best_theta == best


def test_a_gain_is_measured_by_the_loss_of_rows_held_out_where_that_is_larger():
    for held_out, ends in ((0.0, False), (0.9, False), (1.1, True)):
        found = iter([0.1, 0.08])
        rule = Converged(lambda theta: next(found), 100_000, 800, 0.02, held_out)  # noqa: B023
        assert not rule(np.float64(0), SimpleNamespace(n_steps=800))
        assert rule(np.float64(1), SimpleNamespace(n_steps=1600)) is ends


def test_the_last_step_is_looked_at_too():
    found = iter([8, 4])
    rule = Converged(lambda theta: next(found), 1000, 800, 0.05)
    assert not rule(np.float64(0), SimpleNamespace(n_steps=800))
    assert not rule(np.float64(1), SimpleNamespace(n_steps=1000))
    assert rule.best_theta == 1


def test_an_untuned_fit_predicts_by_the_best_of_its_looks(monkeypatch):
    losses = iter([2.0, 1.0, 3.0])
    monkeypatch.setattr(runs, "evaluate", lambda *_: (next(losses), None))
    data, target = load_digits(return_X_y=True)
    options = {"hidden_layer_sizes": (10,), "alpha": 0.01, "random_state": 0}
    clf = PreconditionedMLPClassifier(**options).fit(data, target)
    assert clf.n_iter_ == 3200
    short = PreconditionedMLPClassifier(**options, max_steps=1600).fit(data, target)
    np.testing.assert_array_equal(clf.theta_, short.theta_)


def test_a_score_that_does_not_improve_by_tol_ends_a_training():
    scores = iter([0.5, 0.7, 0.75, 0.74, 0.79, 0.9])
    # The first one is no wait: 3 without an improvement are the 0.75, the 0.74 and the 0.79.
    rule = Validation(lambda theta: (next(scores), -theta), 10, 3, 0.1)
    answers = [rule(np.float64(k), None) for k in range(5)]
    assert answers == [False, False, False, False, True]
    assert rule.scores == [0.5, 0.7, 0.75, 0.74, 0.79]
    assert rule.losses == [0, -1, -2, -3, -4]
    assert (rule.best_score, rule.best_theta) == (0.79, 4)


def test_of_equal_scores_the_least_loss_is_the_best_and_a_lower_one_goes_on():
    losses = iter([9, 5, 4.95, 4.5, 4.45, 4.44, 4.43])
    rule = Validation(lambda theta: (0.98, next(losses)), 10, 3, 0.1)
    answers = [rule(np.float64(k), None) for k in range(7)]
    assert answers == [False] * 6 + [True]  # 4.95 waits, 4.5 gains, the last three do not
    assert (rule.best_score, rule.best_theta) == (0.98, 6)


def test_early_stopping_learns_a_rare_class():
    rng = np.random.RandomState(0)
    data = rng.normal(size=(2000, 5))
    rare = (data[:, 0] + data[:, 1] > 2.9).astype(int)  # 2 %
    options = {"early_stopping": True, "max_steps": 6400, "random_state": 0, "alpha": 0.01}
    clf = PreconditionedMLPClassifier((20,), **options).fit(data, rare)
    assert clf.predict(data).sum() > rare.sum() / 2


def test_a_score_that_is_no_number_counts_as_no_improvement():
    scores = iter([np.nan, np.nan, 0.5])
    rule = Validation(lambda theta: (next(scores), 0), 10, 2, 0.1)
    assert [rule(np.float64(k), None) for k in range(2)] == [False, True]
    assert rule.best_theta is None


# In fits


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("n_iter_no_change", [1, 10])
def test_a_loss_that_no_longer_falls_ends_a_training(make, n_iter_no_change):
    options = {"max_steps": 3 * FIRST_LOOK, "n_iter_no_change": n_iter_no_change}
    estimator = make(tol=10.0, **options).fit(X, Y)
    assert estimator.n_iter_ == FIRST_LOOK
    plain = make(max_steps=FIRST_LOOK, tol=0).fit(X, Y)
    assert state(plain) == state(estimator)


@pytest.mark.parametrize(("n_iter_no_change", "ends"), [(1, True), (10_000, False)])
def test_patience_is_counted_in_epochs(n_iter_no_change, ends, monkeypatch):
    monkeypatch.setattr(Plateau, "every", 400)
    options = {"learning_rate": 0.003, "tol": 0.05, "max_steps": 500}
    clf = classifier(n_iter_no_change=n_iter_no_change, **options).fit(X, Y)
    assert clf.n_iter_ == (400 if ends else 500)


@pytest.mark.parametrize("options", [{"tol": 0}, {"tol": 1e9, "n_iter_no_change": np.inf}])
def test_the_loss_can_be_kept_from_ending_a_training(options):
    flat = classifier(learning_rate=1e-300, max_steps=FIRST_LOOK + 100, **options)
    with pytest.warns(ConvergenceWarning, match="no better .* than a constant"):
        flat.fit(X, Y)
    assert flat.n_iter_ == FIRST_LOOK + 100


def test_partial_fit_takes_all_its_steps():
    reg = regressor(learning_rate=1e-300, tol=1.0).partial_fit(X, Y, n_steps=FIRST_LOOK + 100)
    assert reg.n_iter_ == FIRST_LOOK + 100


@pytest.mark.parametrize(
    ("Estimator", "load"),
    [(PreconditionedMLPClassifier, load_digits), (PreconditionedMLPRegressor, load_wine)],
)
def test_a_fit_without_validation_data_has_no_validation_scores(Estimator, load):
    X, y = load(return_X_y=True)
    estimator = Estimator((20,), max_steps=800, random_state=0).fit(X, y)
    assert estimator.n_iter_ == 800
    assert estimator.validation_scores_ is None
    assert estimator.validation_loss_curve_ is None
    assert estimator.best_validation_score_ is None
    assert estimator.best_loss_ == min(estimator.loss_curve_)
