"""What ends a training early: validation scores, a loss that stands still, Ctrl-C."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._data.sampling import Data, Sampler
from sksgdprune._estimator import base
from sksgdprune._kernels import entry_points
from sksgdprune._kernels.types import FROZEN, PRUNED
from sksgdprune._training import runs, validation
from sksgdprune._training import trainer as _training
from sksgdprune._training.monitors import FIRST_LOOK, MOST_TOTALS, LossCurve, Plateau, Validation
from tests.cases import LABELS, NAMES, X, Y, classifier, regressor, state
from tests.kernel_cases import hyper, network, problem
from tests.sweep_cases import sweep

MAKES = [classifier, regressor]
TRAIN, VAL = np.arange(150) % 3 > 0, np.arange(150) % 3 == 0


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
    monkeypatch.setattr(runs, "_plateau", lambda *_: [Inert(3)])
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


def test_a_score_that_does_not_improve_by_tol_ends_a_training():
    scores = iter([0.5, 0.7, 0.75, 0.74, 0.79, 0.9])
    # The first one is no wait: 3 without an improvement are the 0.75, the 0.74 and the 0.79.
    rule = Validation(lambda theta: (next(scores), -theta), 10, 3, 0.1)
    answers = [rule(np.float64(k), None) for k in range(5)]
    assert answers == [False, False, False, False, True]
    assert rule.scores == [0.5, 0.7, 0.75, 0.74, 0.79]
    assert rule.losses == [0, -1, -2, -3, -4]
    assert (rule.best_score, rule.best_theta) == (0.79, 4)


def test_a_score_that_is_no_number_counts_as_no_improvement():
    scores = iter([np.nan, np.nan, 0.5])
    rule = Validation(lambda theta: (next(scores), 0), 10, 2, 0.1)
    assert [rule(np.float64(k), None) for k in range(2)] == [False, True]
    assert rule.best_theta is None


# Without early stopping


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


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("n_iter_no_change", [1, 10])
def test_a_loss_that_no_longer_falls_ends_a_training(make, n_iter_no_change):
    options = {"max_steps": 3 * FIRST_LOOK, "n_iter_no_change": n_iter_no_change}
    estimator = make(tol=10.0, **options).fit(X, Y)
    assert estimator.n_iter_ == FIRST_LOOK
    plain = make(max_steps=FIRST_LOOK, tol=0).fit(X, Y)
    assert state(plain) == state(estimator)


@pytest.mark.parametrize("options", [{"tol": 0}, {"tol": 1e9, "n_iter_no_change": np.inf}])
def test_the_loss_can_be_kept_from_ending_a_training(options):
    flat = classifier(learning_rate=1e-300, max_steps=FIRST_LOOK + 100, **options)
    with pytest.warns(ConvergenceWarning, match="no better .* than a constant"):
        flat.fit(X, Y)
    assert flat.n_iter_ == FIRST_LOOK + 100


def test_partial_fit_takes_all_its_steps():
    reg = regressor(learning_rate=1e-300, tol=1.0).partial_fit(X, Y, n_steps=FIRST_LOOK + 100)
    assert reg.n_iter_ == FIRST_LOOK + 100


# With validation data


@pytest.mark.parametrize("make", MAKES)
def test_early_stopping_ends_and_returns_to_the_best(make):
    stopped = make(early_stopping=True, max_steps=5000, n_iter_no_change=4).fit(
        X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=Y[VAL]
    )
    scores = stopped.validation_scores_
    assert stopped.n_iter_ == 10 * len(scores) < 5000
    best = int(np.argmax(scores))
    assert stopped.best_validation_score_ == scores[best]
    assert scores[best] == pytest.approx(stopped.score(X[VAL], Y[VAL]), rel=1e-12)
    until_best = make(max_steps=10 * (best + 1), tol=0).fit(X[TRAIN], Y[TRAIN])
    np.testing.assert_array_equal(stopped.theta_, until_best.theta_)
    assert len(stopped.validation_loss_curve_) == len(scores) == len(stopped.loss_curve_)


def test_validation_losses_are_those_of_the_held_out_samples():
    clf = classifier(max_steps=25, alpha=3.0).fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=Y[VAL])
    assert len(clf.validation_loss_curve_) == 3  # 10 steps, 10 steps and the last 5
    expected = log_loss(Y[VAL], clf.predict_proba(X[VAL]))
    assert clf.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-12)
    assert clf.validation_scores_[-1] == clf.score(X[VAL], Y[VAL])
    plain = classifier(max_steps=25, alpha=3.0).fit(X[TRAIN], Y[TRAIN])
    assert state(plain) == state(clf)


def test_predictions_that_overflow_have_no_score():
    reg = regressor(loss="poisson", activation="relu", early_stopping=True).fit(
        X, Y, X_val=1e5 * abs(X), y_val=Y
    )
    assert np.isnan(reg.validation_scores_).any()
    assert np.isfinite(reg.theta_).all()


@pytest.mark.parametrize("make", MAKES)
def test_the_split_follows_the_seed_and_the_fraction(make):
    options = {"early_stopping": True, "validation_fraction": 0.3, "max_steps": 30}
    one, same, other = (make(**options, random_state=s).fit(X, Y) for s in (0, 0, 1))
    assert one.validation_scores_ == same.validation_scores_ != other.validation_scores_
    assert one._state.n_rows == 105
    assert one.n_iter_ == 30


@pytest.mark.parametrize("y", [NAMES, Y], ids=["strings", "numbers"])
def test_the_split_of_a_classifier_is_stratified(y, monkeypatch):
    rare = np.r_[0:50, 50:60, 100:150]
    clf = classifier(early_stopping=True, validation_fraction=0.2).fit(X, y)
    held_out, split = [], validation.split

    def recording(*arguments):
        parts = split(*arguments)
        held_out.append(parts[2].Y.sum(axis=0).tolist())
        return parts

    monkeypatch.setattr(validation, "split", recording)
    clf.fit(X[rare], y[rare])
    assert held_out == [[10, 2, 10]]
    assert np.isfinite(clf.validation_scores_).all()


def test_early_stopping_works_for_labels_and_counts():
    clf = classifier(early_stopping=True).fit(X, LABELS)
    right = [s * 15 for s in clf.validation_scores_]
    np.testing.assert_allclose(right, np.round(right), atol=1e-12)
    reg = regressor(early_stopping=True, loss="poisson").fit(X, Y)
    assert reg.best_validation_score_ <= 1
    two = regressor(early_stopping=True).fit(X, X[:, :2])
    assert np.isfinite(two.validation_loss_curve_).all()


@pytest.mark.parametrize("make", MAKES)
def test_weights_of_1_change_nothing_and_others_weigh_the_score(make):
    options = {"early_stopping": True, "max_steps": 60}
    plain, ones = make(**options).fit(X, Y), make(**options).fit(X, Y, np.ones(150))
    assert state(plain) == state(ones)
    assert plain.validation_scores_ == pytest.approx(ones.validation_scores_, abs=1e-12)
    weighted = make(**options).fit(X, Y, np.where(Y == 0, 3.0, 0.5))
    assert weighted.validation_scores_ != plain.validation_scores_


@pytest.mark.parametrize("make", MAKES)
def test_the_best_parameters_obey_the_masks(make):
    estimator = make(early_stopping=True, warm_start=True, max_steps=90).fit(X, Y)
    estimator.prune(0.6).freeze(0.5, "random")
    status, theta = estimator.status_, estimator.theta_
    estimator.fit(X, Y)
    np.testing.assert_array_equal(estimator.status_, status)
    assert not estimator.theta_[status == PRUNED].any()
    np.testing.assert_array_equal(estimator.theta_[status == FROZEN], theta[status == FROZEN])
    assert len(estimator.validation_scores_) == 2 * 7
    assert estimator.best_validation_score_ == max(estimator.validation_scores_[7:])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.set_params(early_stopping=True).partial_fit(X, Y), "does not support early_s"),
        (lambda e: e.fit(X, Y, X_val=X), "only one of X_val and y_val"),
        (lambda e: e.fit(X, Y, y_val=Y), "only one of X_val and y_val"),
        (lambda e: e.fit(X, Y, X_val=X[:, :2], y_val=Y), "2 features"),
        (
            lambda e: e.set_params(early_stopping=True).fit(X[48:53], Y[48:53]),
            "test_size|small|memb",
        ),
        (lambda e: e.set_params(validation_fraction=1.0).fit(X, Y), "validation_fraction.*Got 1.0"),
        (lambda e: e.set_params(n_iter_no_change=0).fit(X, Y), "n_iter_no_change.*Got 0"),
        (lambda e: e.set_params(tol=-1).fit(X, Y), "tol.*Got -1"),
    ],
)
@pytest.mark.parametrize("make", MAKES)
def test_what_cannot_be_validated_is_refused(make, call, message):
    estimator = make().fit(X, Y)
    before = state(estimator)
    with pytest.raises(ValueError, match=message):
        call(estimator)
    assert state(estimator) == before


# Ctrl-C


def interrupt_at(monkeypatch, call):
    """Let the kernel be interrupted in its `call`-th call, after it has changed its arrays."""
    kernel, calls = _training.call, []

    def interrupted(entry_point, *arguments, **options):
        done = kernel(entry_point, *arguments, **options)
        calls.append(entry_point is entry_points.train)
        if sum(calls) == call:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(_training, "call", interrupted)


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("call", [2, 4])
def test_ctrl_c_keeps_the_last_whole_chunk_with_a_warning(monkeypatch, make, call):
    monkeypatch.setattr(_training, "CHUNK_ROWS", 140)  # a chunk is an epoch, 15 steps
    estimator = make(max_steps=300)
    with monkeypatch.context() as patch:
        interrupt_at(patch, call)
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            assert estimator.fit(X, Y) is estimator
    assert estimator.n_iter_ == 15 * (call - 1)
    assert state(make(max_steps=15 * (call - 1)).fit(X, Y)) == state(estimator)
    estimator.partial_fit(X, Y)
    assert estimator.score(X, Y) is not None


def test_ctrl_c_in_partial_fit_keeps_the_parameters_and_masks(monkeypatch):
    clf = classifier().fit(X, Y).prune(0.5)
    monkeypatch.setattr(_training, "CHUNK_ROWS", 10)  # two steps a chunk
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3)
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            clf.partial_fit(X, Y)
    assert clf.n_iter_ == 4
    assert not clf.theta_[clf.status_ == PRUNED].any()
    assert not clf.partial_fit(X, Y).theta_[clf.status_ == PRUNED].any()


def test_ctrl_c_under_early_stopping_returns_to_the_best_so_far(monkeypatch):
    interrupt_at(monkeypatch, 4)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        clf = classifier(early_stopping=True, max_steps=400).fit(X, Y)
    assert len(clf.validation_scores_) == 3
    assert clf.best_validation_score_ == max(clf.validation_scores_)


def test_ctrl_c_before_the_training_changes_nothing(monkeypatch):
    clf = classifier().fit(X, Y)
    before = state(clf)

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(base, "start", interrupt)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    assert state(clf) == before


@pytest.mark.parametrize("make", MAKES)
def test_ctrl_c_before_the_first_steps_are_done_is_passed_on(monkeypatch, make):
    estimator, fresh = make().fit(X, Y), make()
    before = state(estimator)
    interrupt_at(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        estimator.partial_fit(X, Y)
    assert state(estimator) == before
    monkeypatch.undo()
    interrupt_at(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        fresh.fit(X, Y)
    assert not hasattr(fresh, "theta_")


@pytest.mark.parametrize(
    "search",
    [
        lambda clf: GridSearchCV(clf, {"kappa": [1.0, 2.0]}, cv=2).fit(X, Y),
        lambda clf: cross_val_score(clf, X, Y, cv=2),
        lambda clf: cross_val_score(make_pipeline(StandardScaler(), clf), X, Y, cv=2),
    ],
    ids=["GridSearchCV", "cross_val_score", "Pipeline"],
)
def test_ctrl_c_ends_a_search(monkeypatch, search):
    monkeypatch.setattr(_training, "CHUNK_ROWS", 140)
    interrupt_at(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        search(classifier(max_steps=300))


@pytest.mark.parametrize("p", [0.5, [0.2, 0.5]])
def test_ctrl_c_ends_a_sweep(monkeypatch, p):
    interrupt_at(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        sweep(p=p).fit(X, Y)


def test_a_sweep_takes_exactly_its_steps():
    eager = classifier(early_stopping=True, tol=1e9, n_iter_no_change=1)
    plain = sweep(classifier(), p=0.5).fit(X, Y).best_estimator_
    best = sweep(eager, p=0.5).fit(X, Y).best_estimator_
    assert state(best) == state(plain)
    assert clone(best).get_params()["early_stopping"]
