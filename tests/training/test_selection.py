"""The choice of prior and encoding: by rows that are held out, and by the evidence."""

import contextlib
import math
import warnings
from copy import deepcopy

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit, log_softmax
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import BayesianRidge
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep
from sksgdprune._data.folds import folds
from sksgdprune._data.sampling import Data
from sksgdprune._training import selection
from tests.cases import state

PRECISIONS = [128.0, 32.0, 8.0, 2.0, 0.5]
X, Y = load_iris(return_X_y=True)
X = scale(X)
AS_IT_IS = {"hidden_layer_sizes": (10,), "encoding": None, "random_state": 0}


def classifier(**parameters):
    return PreconditionedMLPClassifier(**(AS_IT_IS | {"max_steps": 2400} | parameters))


def row_losses(clf, X, labels):
    return -np.log(clf.predict_proba(X)[np.arange(len(labels)), labels])


def simplest(losses):
    """Return the first row of losses whose mean is within half a standard error of the least."""
    best = losses[losses.mean(axis=1).argmin()]
    apart = losses - best
    return int(np.argmax(apart.mean(axis=1) <= 0.5 * apart.std(axis=1) / np.sqrt(losses.shape[1])))


def test_losses_are_those_of_fits_to_the_other_folds():
    chosen = classifier().fit(X, Y)
    found = chosen.selection_results_
    assert found["precision"].tolist() == PRECISIONS[: len(found["precision"])]
    expected = [[] for _ in found["precision"]]
    for train, rest in folds(Data(X, np.eye(3)[Y]), 3):
        labels, truth = train.Y.argmax(axis=1), rest.Y.argmax(axis=1)
        for losses, precision in zip(expected, found["precision"], strict=True):
            clf = classifier(max_steps=200, alpha=precision * 64 / len(labels))
            losses.append(row_losses(clf.fit(train.X, labels), rest.X, truth))
    losses = np.transpose([found[f"split{j}_loss"] for j in range(3)])
    np.testing.assert_allclose(losses, np.mean(expected, axis=2), rtol=1e-9)
    expected = np.reshape(expected, (len(expected), -1))
    np.testing.assert_allclose(found["mean_loss"], expected.mean(axis=1), rtol=1e-9)
    best = PRECISIONS[simplest(expected)]
    assert chosen.alpha_ == pytest.approx(best * 64 / len(Y))
    given = classifier(alpha=chosen.alpha_).fit(X, Y)
    np.testing.assert_array_equal(chosen.theta_, given.theta_)


def test_validation_rows_judge_in_place_of_folds():
    chosen = classifier().fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    results = chosen.selection_results_
    for precision, loss in zip(results["precision"], results["mean_loss"], strict=True):
        clf = classifier(max_steps=600, alpha=precision * 64 / 75).fit(X[::2], Y[::2])
        assert log_loss(Y[1::2], clf.predict_proba(X[1::2])) == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize(
    ("means", "tried", "precision"),
    [([0.3, 0.2, 0.25, 0.1, 0.05], 3, 32), ([0.5, 0.4, 0.3, 0.2, 0.1], 5, 0.5)],
)
def test_a_path_ends_where_a_weaker_prior_is_worse(means, tried, precision, monkeypatch):
    path, noise = iter(means), np.linspace(0, 1e-3, 75)
    monkeypatch.setattr(selection, "_losses", lambda *_: next(path) + noise)
    clf = classifier().fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    assert len(clf.selection_results_["precision"]) == tried
    assert clf._state.precision == precision


def test_a_path_does_not_end_among_priors_that_leave_a_constant():
    rng = np.random.RandomState(0)
    data = rng.normal(size=(60, 3))
    clf = PreconditionedMLPClassifier(encoding="piecewise", max_steps=800, random_state=0)
    clf.fit(data, data[:, 0] > 0)
    losses = clf.selection_results_["mean_loss"]
    assert losses[1] > losses[0]  # both about that of a constant
    assert losses.min() < 0.5
    assert clf.score(data, data[:, 0] > 0) > 0.95


@pytest.mark.parametrize("seed", range(3))
def test_a_path_does_not_end_where_a_strong_prior_has_only_begun_to_leave_a_constant(seed):
    rows, rest, y, y_rest = train_test_split(
        *load_iris(return_X_y=True), train_size=100, random_state=seed
    )
    clf = PreconditionedMLPClassifier((32, 32), encoding="standard", random_state=seed)
    clf.set_params(max_steps=2400).fit(rows, y)
    losses = clf.selection_results_["mean_loss"]
    assert losses[0] < losses[1]  # both about that of a constant, 1.1
    assert losses[0] > 1.05
    assert losses.min() < 0.3
    assert clf.score(rest, y_rest) > 0.9


def test_the_strongest_prior_within_half_a_standard_error_is_taken(monkeypatch):
    rng = np.random.RandomState(0)
    losses = rng.rand(75) + 0.07 * rng.normal(size=(5, 75)) - 0.004 * np.arange(5)[:, np.newaxis]
    path = iter(losses)
    monkeypatch.setattr(selection, "_losses", lambda *_: next(path))
    clf = classifier().fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    tried = len(clf.selection_results_["precision"])
    assert clf._state.precision == PRECISIONS[simplest(losses[:tried])]


@pytest.mark.parametrize(("errors", "precision"), [(0.4, 128), (0.7, 32)])
def test_half_a_standard_error_is_the_limit(errors, precision, monkeypatch):
    apart = np.where(np.arange(75) % 2, 1.0, -1.0)
    apart -= apart.mean()  # of the losses of two trials, row by row
    apart *= 0.1 / apart.std()
    best = np.full(75, 0.3)
    path = iter([best + apart + errors * 0.1 / np.sqrt(75), best, best + 1])
    monkeypatch.setattr(selection, "_losses", lambda *_: next(path))
    clf = classifier().fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    assert clf._state.precision == precision


def test_of_equal_losses_the_strongest_prior_is_taken_and_none_that_diverges(monkeypatch):
    means = iter([np.inf, 1.0, 1.0, 1.0, np.inf])
    monkeypatch.setattr(selection, "_losses", lambda *_: np.full(75, next(means)))
    clf = classifier().fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    assert clf._state.precision == 32
    assert clf.selection_results_["mean_loss"].tolist() == [np.inf, 1, 1, 1, np.inf]


# The choice of the encoding

BENT = np.random.RandomState(0).uniform(-1, 1, size=(400, 3))


def test_bent_effects_ask_for_pieces_and_straight_ones_for_none():
    bent = np.sin(12 * BENT[:, 0]) + np.sin(9 * BENT[:, 1])
    fitted = [
        PreconditionedMLPRegressor((20,), max_steps=1600, random_state=0).fit(BENT, y)
        for y in (bent, BENT @ [1, 2, 3])
    ]
    assert [reg.encoding_ for reg in fitted] == ["piecewise", "standard"]
    results = fitted[0].selection_results_
    of_pieces = results["encoding"] == "piecewise"
    standard, pieces = (results["precision"][part] for part in (~of_pieces, of_pieces))
    assert standard.tolist() == PRECISIONS[: len(standard)]
    # They begin one stronger than the standard encoding's choice.
    given = PreconditionedMLPRegressor((20,), encoding="standard", max_steps=1600, random_state=0)
    chosen = given.fit(BENT, bent)._state.precision
    assert pieces[0] == min(4 * chosen, 128)


def test_what_is_chosen_is_what_is_fitted_where_it_is_given():
    bent = np.sin(12 * BENT[:, 0])
    options = {"hidden_layer_sizes": (20,), "max_steps": 1600}
    for seed in (0, np.random.RandomState(0)):
        one, other = (
            PreconditionedMLPRegressor(**options, encoding=encoding, random_state=state)
            for encoding, state in (("auto", deepcopy(seed)), ("piecewise", deepcopy(seed)))
        )
        one, other = one.fit(BENT, bent), other.fit(BENT, bent)
        assert one.encoding_ == "piecewise"
        if one._state.precision == other._state.precision:
            np.testing.assert_array_equal(one.theta_, other.theta_)


def test_an_encoding_is_chosen_under_an_alpha_that_is_given():
    reg = PreconditionedMLPRegressor((20,), alpha=0.1, max_steps=1600, random_state=0)
    found = reg.fit(BENT, np.sin(12 * BENT[:, 0])).selection_results_
    assert found["encoding"].tolist() == ["standard", "piecewise"]
    assert np.isnan(found["precision"]).all()
    assert reg.encoding_ == "piecewise"


WIDE = np.random.RandomState(0).normal(size=(30, 6))  # 36 inputs by pieces


def test_large_networks_are_tried_and_looked_at_earlier(training_runs):
    wide = np.random.RandomState(0).normal(size=(60, 400))
    clf = PreconditionedMLPClassifier((99,), encoding="standard", random_state=0)
    clf.fit(wide, wide[:, 0] > 0)  # 40,000 parameters and a few: half the steps
    n = clf._state.network.n_parameters
    assert set(training_runs[:-1]) == {math.ceil(600 * 20_000 / n) // 3}
    looks = clf.n_iter_ / math.ceil(800 * 20_000 / n)
    assert looks == 2 ** round(math.log2(looks))


@pytest.mark.parametrize(
    "rows", [BENT[:12], WIDE, np.sign(BENT)], ids=["few rows", "more pieces than rows", "no pieces"]
)
def test_pieces_are_not_tried_where_they_are_more_than_rows_or_none(rows):
    y = np.arange(len(rows)) % 2
    clf = PreconditionedMLPClassifier((5,), max_steps=800, random_state=0).fit(rows, y)
    assert clf.encoding_ == "standard"
    results = clf.selection_results_
    assert results is None or set(results["encoding"]) == {"standard"}


def test_a_fit_that_is_worse_than_a_constant_on_held_out_rows_says_so(monkeypatch):
    def worse(state, train, rest, *_):
        return np.full(len(rest.Y), 2.0)

    monkeypatch.setattr(selection, "_losses", worse)
    with pytest.warns(ConvergenceWarning, match=r"loss 2\) as a constant prediction \(loss 1.1\)"):
        classifier().fit(X, Y)


@pytest.mark.parametrize(("max_steps", "more"), [(800, 1.0), (2400, 0.005)])
def test_a_short_trial_or_a_hair_is_no_failed_fit(max_steps, more, monkeypatch):
    def worse(state, train, rest, *_):
        return np.full(len(rest.Y), np.log(3) + more)  # a constant's loss, and more

    monkeypatch.setattr(selection, "_losses", worse)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="On held-out rows")
        warnings.filterwarnings("ignore", message="Training ended")
        clf = classifier(max_steps=max_steps).fit(X, Y)
    assert not clf._state.selection.is_worse


@pytest.mark.parametrize("kind", ["classes", "labels", "numbers", "counts"])
def test_the_constant_is_the_best_one_there_is(kind):
    rng = np.random.RandomState(0)
    y = {
        "classes": rng.choice(3, size=60, p=[0.6, 0.3, 0.1]),
        "labels": rng.randint(2, size=(60, 2)),
        "numbers": rng.normal(3, 2, size=60),
        "counts": rng.poisson(2, size=60),
    }[kind]
    kinds = {"numbers": {}, "counts": {"loss": "poisson"}}
    make = PreconditionedMLPRegressor if kind in kinds else PreconditionedMLPClassifier
    model = make((3,), max_steps=1, **kinds.get(kind, {})).fit(rng.rand(60, 2), y)
    targets, objective = model._state.network.targets, lambda z, Y: _loss(kind, z, Y)
    Y_ = targets.encode(y)
    best = targets.constant(Y_, None)
    found = minimize(objective, np.zeros(Y_.shape[1]), args=(Y_,), tol=1e-12)
    assert objective(best, Y_) == pytest.approx(found.fun, abs=1e-9)


def _loss(kind, z, Y):
    losses = {
        "classes": lambda: -(Y * log_softmax(z)).sum(axis=1),
        "labels": lambda: -(Y * log_expit(z) + (1 - Y) * log_expit(-z)).sum(axis=1),
        "numbers": lambda: ((Y - z) ** 2).sum(axis=1),
        "counts": lambda: (np.exp(z) - Y * z).sum(axis=1),
    }
    return losses[kind]().mean()


def test_many_rows_are_held_out_once():
    wide, many = np.repeat(X, 20, axis=0), np.repeat(Y, 20)
    assert "split1_loss" not in classifier(max_steps=800).fit(wide, many).selection_results_


@pytest.mark.parametrize("Estimator", [PreconditionedMLPClassifier, PreconditionedMLPRegressor])
def test_noise_asks_for_a_strong_prior_and_a_clear_rule_for_a_weak_one(Estimator):
    rng = np.random.RandomState(0)
    data, noise = rng.normal(size=(300, 5)), rng.randint(2, size=300)
    clear = (data[:, 0] * data[:, 1] > 0).astype(int)
    fitted = [Estimator((50,), max_steps=3200, random_state=0).fit(data, y) for y in (noise, clear)]
    strong, weak = (model._state.precision for model in fitted)
    assert strong >= 32
    assert weak <= 8


def test_the_order_of_rows_and_how_they_repeat_make_no_difference():
    order = np.random.RandomState(0).permutation(len(Y))
    weights = np.where(np.arange(len(Y)) % 3, 1.0, 2.0)
    often = np.repeat(order, weights[order].astype(int))
    one = classifier().fit(X, Y, sample_weight=weights)
    other = classifier().fit(X[often], Y[often])
    np.testing.assert_allclose(one.theta_, other.theta_, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        one.selection_results_["mean_loss"], other.selection_results_["mean_loss"], rtol=1e-9
    )


def test_a_class_weight_repeats_no_row(monkeypatch):
    parts = []

    def noted(state, train, rest, *_):
        parts.append((train, rest))
        return np.zeros(len(rest.Y))

    monkeypatch.setattr(selection, "_losses", noted)
    classifier(class_weight={0: 7, 1: 1, 2: 3}).fit(X, Y)
    for train, rest in parts:
        assert len(train.Y) + len(rest.Y) == len(Y)
        np.testing.assert_allclose(np.unique(rest.weights) * 11 / 3, [1, 3, 7])  # mean 1


def test_weights_that_sum_up_to_one_choose_as_others_in_proportion():
    weights = np.random.RandomState(0).rand(len(Y))
    one, other = (classifier().fit(X, Y, w) for w in (weights / weights.sum(), weights * 1e-6))
    losses = [model.selection_results_["mean_loss"] for model in (one, other)]
    np.testing.assert_allclose(*losses, rtol=1e-6)
    assert np.isfinite(losses).all()


@pytest.mark.parametrize("alpha", ["auto", "evidence"])
def test_what_was_compared_cannot_be_written_into(alpha):
    clf = classifier(max_steps=800, alpha=alpha).fit(X, Y)
    before = clf.selection_results_
    for array in clf.selection_results_.values():
        with contextlib.suppress(ValueError):  # read-only, or a copy
            array[:] = 0
    for name, array in before.items():
        assert (clf.selection_results_[name] == array).all()
        assert (array != 0).all()


@pytest.mark.parametrize(
    ("make", "n_steps"),
    [
        (lambda: classifier(max_steps=799).fit(X, Y), 799),
        (lambda: classifier(alpha=0.1).fit(X, Y), 2400),
        (lambda: classifier().partial_fit(X, Y, classes=[0, 1, 2], n_steps=1000), 1000),
    ],
    ids=["short", "given", "partial_fit"],
)
def test_nothing_is_compared_where_it_is_not_asked_for_or_too_short(make, n_steps, training_runs):
    assert make().selection_results_ is None
    assert training_runs == [n_steps]


@pytest.mark.parametrize("y", [[0, 1, 1, 0], [0, 0, 0, 1]], ids=["xor", "and"])
def test_four_rows_are_learnt(y):
    corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    for seed in range(8):
        clf = PreconditionedMLPClassifier(random_state=seed).fit(corners, y)
        assert clf.score(corners, y) == 1


def test_a_regressors_alpha_has_the_factor_of_its_noise():
    data, target = load_diabetes(return_X_y=True)
    reg = PreconditionedMLPRegressor((20,), max_steps=1600, random_state=0).fit(data, target)
    residuals = (target - reg.predict(data)) / target.std()
    expected = reg._state.precision * 64 / len(target) * np.mean(residuals**2)
    assert reg.alpha_ == pytest.approx(expected, rel=0.15)  # φ is a running mean


def test_later_runs_go_on_with_the_choice(training_runs):
    clf = classifier(warm_start=True).fit(X, Y)
    chosen = clf.alpha_
    training_runs.clear()
    clf.prune(0.5).partial_fit(X, Y, n_steps=10).fit(X, Y)
    assert training_runs == [10, 2400]
    assert clf.alpha_ == chosen


def test_a_sweep_chooses_once_before_the_cuts_of_each_split(training_runs):
    sweep = SparsitySweep(classifier(), p=[0, 0.5, 0.9], warmup_steps=100, finetune_steps=2300)
    fitted = sweep.set_params(cv=2, random_state=0, refit=False, schedule="one_shot").fit(X, Y)
    assert len(fitted.cv_results_["p"]) == 3
    assert sorted(training_runs) == sorted([200] * 30 + [100] * 2 + [2300] * 6)


def test_a_fit_that_fails_leaves_the_estimator_as_it_was(monkeypatch):
    clf = classifier().fit(X, Y)
    before = state(clf)
    monkeypatch.setattr(selection, "row_losses", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        clf.fit(X, Y)
    assert state(clf) == before


# By the evidence


def linear_problem(n, d, noise):
    rng = np.random.RandomState(0)
    data = rng.normal(size=(n, d))
    return scale(data), scale(data @ rng.normal(size=d) / 2 + noise * rng.normal(size=n))


def linear_regressor(**parameters):
    return PreconditionedMLPRegressor((), alpha="evidence", random_state=0, **parameters)


@pytest.mark.parametrize(("n", "d", "noise"), [(500, 10, 1.0), (300, 20, 3.0), (2000, 5, 0.5)])
def test_the_evidence_of_linear_regression_is_that_of_bayesian_ridge(n, d, noise):
    """By chance the bound fails less than once in a hundred seeds."""
    data, target = linear_problem(n, d, noise)
    ridge = BayesianRidge(tol=1e-8, max_iter=1000).fit(data, target)
    reg = linear_regressor().fit(data, target)
    assert reg._state.precision == pytest.approx(ridge.lambda_, rel=0.05)
    assert reg.alpha_ == pytest.approx(64 / n * ridge.lambda_ / ridge.alpha_, rel=0.1)
    np.testing.assert_allclose(reg.coef_[0] * reg.y_scale_, ridge.coef_, atol=0.02)


def test_the_evidence_goes_on_in_partial_fit():
    data, target = linear_problem(500, 10, 1.0)
    ridge = BayesianRidge(tol=1e-8, max_iter=1000).fit(data, target)
    reg = linear_regressor()
    for _ in range(6):
        reg.partial_fit(data, target, n_steps=400)
    path = reg.selection_results_["precision"]
    assert len(path) == 6
    assert path[-1] == pytest.approx(ridge.lambda_, rel=0.05)


def by_hand(model, n_samples, before):
    """Return γ / ‖w‖² of a fitted model."""
    w, C = (
        np.concatenate([W.ravel() for W in model._state.network.layout.weights(vector)])
        for vector in (model.theta_, model.noise_variance_)
    )
    curvature = n_samples * C / model._state.network.dispersion**2
    return np.sum(curvature / (curvature + before)) / (w @ w)


def test_a_round_of_the_evidence_by_hand():
    clf = classifier(alpha="evidence").partial_fit(X, Y, classes=[0, 1, 2], n_steps=50)
    assert clf._state.precision == pytest.approx(by_hand(clf, len(Y), 32), rel=1e-12)


def test_the_evidence_counts_the_rows_of_all_chunks():
    data, target = linear_problem(300, 20, 3.0)
    reg = linear_regressor().partial_fit(data[:100], target[:100], n_steps=50)
    before = reg._state.precision
    reg.partial_fit(data[100:], target[100:], n_steps=50)
    assert reg._state.precision == pytest.approx(by_hand(reg, 300, before), rel=1e-12)


def test_a_sweep_takes_the_evidence_once_per_split(training_runs):
    sweep = SparsitySweep(classifier(alpha="evidence"), p=[0, 0.5], finetune_steps=2300)
    sweep.set_params(warmup_steps=100, cv=2, random_state=0, refit=False, schedule="one_shot")
    sweep.fit(X, Y)
    assert sorted(training_runs) == sorted([400] * 10 + [100] * 2 + [2300] * 4)
