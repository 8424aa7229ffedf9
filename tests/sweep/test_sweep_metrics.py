"""A sweep's splits, scores and metrics, and how they choose a p."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    StratifiedKFold,
)

from sksgdprune import within
from tests.sweep_cases import (
    P,
    cell_seeds,
    classifier,
    diabetes,
    iris,
    regressor,
    scores_by_hand,
    sweep,
    table,
)

# cv and scoring


def halves():
    return [(np.arange(0, 50, 2), np.arange(1, 50, 2)), (np.arange(1, 50, 2), np.arange(0, 50, 2))]


@pytest.mark.parametrize(
    ("cv", "equal"),
    [
        (3, StratifiedKFold(3)),
        (None, StratifiedKFold(5)),
        (KFold(4), KFold(4)),
        (halves(), PredefinedSplit(np.arange(50) % 2 == 0)),
        (PredefinedSplit(np.where(np.arange(50) < 30, -1, 0)), None),
        (iter(halves()), PredefinedSplit(np.arange(50) % 2 == 0)),
    ],
    ids=["int", "None", "KFold", "list", "PredefinedSplit", "generator"],
)
def test_any_cv_is_taken(cv, equal):
    X, y = iris()
    equal = cv if equal is None else equal
    fitted = sweep(p=[0.5], cv=cv, refit=False).fit(X, y)
    n = equal.get_n_splits()
    expected = scores_by_hand(classifier(), X, y, [0.5], cell_seeds(7, n_splits=n), equal)
    assert fitted.n_splits_ == n
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)


def negative_log_loss(fitted, X, y):
    return -log_loss(y, fitted.predict_proba(X), labels=[0, 1, 2])


@pytest.mark.parametrize("scoring", ["neg_log_loss", negative_log_loss])
def test_scoring_by_name_and_by_callable(scoring):
    X, y = iris()
    fitted = sweep(p=P, scoring=scoring).fit(X, y)
    expected = scores_by_hand(classifier(), X, y, P, cell_seeds(7), score=negative_log_loss)
    np.testing.assert_allclose(table(fitted.cv_results_), expected, rtol=1e-12)
    assert fitted.best_score_ == fitted.cv_results_["mean_test_score"].max()
    np.testing.assert_allclose(
        fitted.score(X, y), negative_log_loss(fitted.best_estimator_, X, y), rtol=1e-12
    )


@pytest.mark.parametrize(
    "scoring",
    [
        ["accuracy", "neg_log_loss"],
        {"accuracy": "accuracy", "neg_log_loss": negative_log_loss},
        lambda e, X, y: {"accuracy": e.score(X, y), "neg_log_loss": negative_log_loss(e, X, y)},
    ],
    ids=["list", "dict", "callable"],
)
def test_several_metrics_have_their_names_in_the_keys(scoring):
    X, y = iris()
    fitted = sweep(p=P, scoring=scoring, refit=False, return_train_score=True).fit(X, y)
    results, seeds = fitted.cv_results_, cell_seeds(7)
    accuracy = scores_by_hand(classifier(), X, y, P, seeds)
    loss = scores_by_hand(classifier(), X, y, P, seeds, score=negative_log_loss)
    np.testing.assert_array_equal(table(results, "test_accuracy"), accuracy)
    np.testing.assert_allclose(table(results, "test_neg_log_loss"), loss, rtol=1e-12)
    assert table(results, "train_neg_log_loss").shape == (3, 2)
    assert {"rank_test_accuracy", "rank_test_neg_log_loss"} <= set(results)
    assert not any(key.endswith("_score") for key in results)
    for attribute in ("best_score_", "best_index_", "best_p_", "best_estimator_"):
        assert not hasattr(fitted, attribute)


def test_several_metrics_are_chosen_from_by_a_callable():
    X, y = iris()
    fitted = sweep(
        p=P,
        scoring=["accuracy", "neg_log_loss"],
        refit=lambda results: results["mean_test_neg_log_loss"].argmax(),
    ).fit(X, y)
    assert fitted.best_index_ == fitted.cv_results_["mean_test_neg_log_loss"].argmax()
    assert fitted.best_p_ == P[fitted.best_index_]
    assert not hasattr(fitted, "best_score_")
    scores = fitted.score(X, y)
    assert scores["accuracy"] == accuracy_score(y, fitted.predict(X))
    assert scores["neg_log_loss"] == pytest.approx(negative_log_loss(fitted, X, y))


def test_several_metrics_have_no_best_in_all():
    with pytest.raises(ValueError, match=r"'best' with several metrics.*'one_se', 'accuracy'"):
        sweep(p=P, scoring=["accuracy", "neg_log_loss"], refit="best").fit(*iris())
    with pytest.raises(ValueError, match="several metrics"):
        sweep(p=P, scoring=lambda *_: {"a": 1.0, "b": 2.0}, refit="best").fit(*iris())


@pytest.mark.parametrize("name", ["accuracy", "neg_log_loss"])
def test_a_metric_of_several_is_chosen_by_its_name(name):
    fitted = sweep(p=P, scoring=["accuracy", "neg_log_loss"], refit=name).fit(*iris())
    means = fitted.cv_results_[f"mean_test_{name}"]
    assert fitted.best_index_ == means.argmax()
    assert fitted.best_score_ == means.max()


def test_one_standard_error_of_several_metrics_holds_in_all():
    fitted = sweep(p=P, scoring=["accuracy", "neg_log_loss"], refit="one_se").fit(*iris())
    results, good = fitted.cv_results_, np.ones(len(P), bool)
    for name in ("accuracy", "neg_log_loss"):
        means, best = results[f"mean_test_{name}"], results[f"mean_test_{name}"].argmax()
        good &= means >= means[best] - results[f"std_test_{name}"][best] / np.sqrt(2)
    assert good.any()
    assert fitted.best_index_ == np.flatnonzero(good)[-1]
    assert not hasattr(fitted, "best_score_")


def test_tolerances_of_several_metrics_are_given_by_name():
    rule = within({"neg_log_loss": 0.1}, relative=True)
    fitted = sweep(p=P, scoring=["accuracy", "neg_log_loss"], refit=rule).fit(*iris())
    means = fitted.cv_results_["mean_test_neg_log_loss"]
    assert fitted.best_index_ == np.flatnonzero(means >= 1.1 * means.max())[-1]
    assert fitted.best_score_ == means[fitted.best_index_]


def test_a_tolerance_for_what_is_no_metric_is_refused_before_any_training(training_runs):
    rule = within({"f1": 0.01})
    with pytest.raises(ValueError, match="'f1' is no metric of this sweep"):
        sweep(p=P, scoring=["accuracy", "neg_log_loss"], refit=rule).fit(*iris())
    with pytest.raises(ValueError, match="'f1' is no metric of this sweep"):
        sweep(p=0.5, scoring="f1_macro", refit=rule).fit(*iris())
    assert training_runs == []
    with pytest.raises(ValueError, match="'f1' is no metric of this sweep"):
        sweep(p=P, scoring=lambda *_: {"a": 1.0}, refit=rule).fit(*iris())


def test_several_metrics_without_a_callable_are_refused_before_any_training(training_runs):
    with pytest.raises(ValueError, match="several metrics"):
        sweep(p=P, scoring=["accuracy", "neg_log_loss"]).fit(*iris())
    assert training_runs == []


@pytest.mark.parametrize("score", [None, np.ones(2), {"a": None}, [0.5], "0.5", {"a": ""}], ids=str)
@pytest.mark.parametrize("error_score", ["raise", 0.0])
def test_what_is_no_score_raises(score, error_score):
    with pytest.raises(ValueError, match=r"scoring must return a number, got .*metric '(score|a)'"):
        sweep(p=P, scoring=lambda e, X, y: score, error_score=error_score).fit(*iris())


def test_what_is_no_score_in_some_cells_is_no_failed_training():
    def score(fitted, X, y):
        return None if fitted.sparsity_ > 0.8 else 1.0

    with pytest.raises(ValueError, match=r"^scoring must return a number, got None"):
        sweep(p=P, scoring=score).fit(*iris())


@pytest.mark.parametrize("score", [np.float32(0.5), np.array(0.5), np.array([0.5]), 1, True])
def test_scores_of_one_number_are_taken(score):
    results = sweep(p=[0.5], scoring=lambda e, X, y: score, refit=False).fit(*iris()).cv_results_
    assert results["mean_test_score"] == float(np.ravel(score)[0])


def fails_when_sparse(fitted, X, y):
    if fitted.sparsity_ > 0.8:
        raise RuntimeError("too sparse")
    return fitted.score(X, y)


def test_a_metric_that_fails_costs_itself_alone():
    scoring = {"good": "accuracy", "bad": fails_when_sparse}
    with pytest.warns(UserWarning, match=r"Scoring by 'bad' failed in 2 of 6(?s:.*)too sparse"):
        fitted = sweep(p=P, scoring=scoring, refit=False, error_score=-1.0).fit(*iris())
    expected = table(sweep(p=P, refit=False).fit(*iris()).cv_results_)
    np.testing.assert_array_equal(table(fitted.cv_results_, "test_good"), expected)
    expected[2] = -1.0
    np.testing.assert_array_equal(table(fitted.cv_results_, "test_bad"), expected)


def test_a_metric_that_fails_raises_where_asked_to():
    scoring = {"good": "accuracy", "bad": fails_when_sparse}
    with pytest.raises(RuntimeError, match="too sparse"):
        sweep(p=P, scoring=scoring, refit=False, error_score="raise").fit(*iris())


def fails(fitted, X, y):
    raise RuntimeError("never a score")


@pytest.mark.parametrize("error_score", [np.nan, -1.0])
@pytest.mark.parametrize("refit", [False, "good", "bad"])
def test_a_metric_that_fails_everywhere_has_its_columns_as_in_a_grid_search(refit, error_score):
    X, y = iris()
    options = {"scoring": {"good": "accuracy", "bad": fails}, "error_score": error_score}
    options |= {"refit": refit, "return_train_score": True}
    with pytest.warns(UserWarning, match=r"Scoring by 'bad' failed in 6 of 6(?s:.*)never"):
        fitted = sweep(p=P, **options).fit(X, y)
    with warnings.catch_warnings(action="ignore"):
        search = GridSearchCV(
            classifier(max_steps=20), {"alpha": [0.1, 0.2, 0.3]}, cv=2, **options
        ).fit(X, y)
    names = [name for name in search.cv_results_ if name.endswith("_bad")]
    assert [name for name in fitted.cv_results_ if name.endswith("_bad")] == names
    for name in names:
        np.testing.assert_array_equal(fitted.cv_results_[name], search.cv_results_[name])
    assert not np.isnan(fitted.cv_results_["mean_test_good"]).any()
    if refit == "bad":
        assert fitted.best_index_ == search.best_index_ == 0
        np.testing.assert_array_equal(fitted.best_score_, search.best_score_)


@pytest.mark.filterwarnings("ignore:Scoring by")
def test_no_score_at_all_raises():
    with pytest.raises(ValueError, match=r"No run has a score(?s:.*)never a score"):
        sweep(p=P, scoring={"bad": fails, "worse": fails}, refit=False).fit(*iris())


# Scores that are not finite


@dataclass(frozen=True)
class Bad:
    """A scorer of which some p have another value than the accuracy."""

    value: float
    sparsities: tuple

    def __call__(self, estimator, X, y):
        return (
            self.value
            if round(estimator.sparsity_, 1) in self.sparsities
            else estimator.score(X, y)
        )


@pytest.mark.parametrize("refit", ["best", "one_se", False])
@pytest.mark.parametrize("value", [np.nan, -np.inf])
@pytest.mark.parametrize("bad", [(0.0, 0.5, 0.9), (0.0,), (0.9,)], ids=str)
def test_scores_that_are_not_finite_get_a_warning_and_come_last(value, bad, refit):
    options = {"scope": "global", "p": P, "scoring": Bad(value, bad), "refit": refit}
    found = f"test scores are non-finite: {2 * len(bad)} of 6 by 'score'.* {value}"
    with pytest.warns(UserWarning, match=found):
        fitted = sweep(**options).fit(*iris())
    is_bad = np.isin(P, bad)
    assert (~np.isfinite(fitted.cv_results_["mean_test_score"]) == is_bad).all()
    assert fitted.best_p_ not in bad or is_bad.all()


def test_train_scores_that_are_not_finite_get_a_warning():
    def score(estimator, X, y):
        return np.nan if len(X) == 30 else 1.0

    cv = [(np.arange(30), np.arange(30, 50)), (np.arange(20), np.arange(25, 50))]
    options = {"return_train_score": True, "refit": False, "scoring": {"a": score}}
    with pytest.warns(UserWarning, match="train scores are non-finite: 2 of 4 by 'a'"):
        sweep(p=[0, 0.5], cv=cv, **options).fit(*iris())


@pytest.mark.filterwarnings("ignore:R.2 score is not well-defined")
def test_r2_of_single_rows_is_told_as_in_a_grid_search():
    X, y = diabetes()
    options = {"p": [0, 0.5], "cv": LeaveOneOut(), "refit": False}
    with pytest.warns(UserWarning, match="One or more of the test scores are non-finite: 16 of 16"):
        fitted = sweep(regressor(), **options).fit(X[:8], y[:8])
    with pytest.warns(UserWarning, match="One or more of the test scores are non-finite"):
        GridSearchCV(DummyRegressor(), {}, cv=LeaveOneOut(), refit=False).fit(X[:8], y[:8])
    assert np.isnan(fitted.best_score_)


def test_failed_runs_are_told_once():
    def score(estimator, X, y):
        if estimator.sparsity_ > 0.8:
            raise RuntimeError("too sparse")
        return estimator.score(X, y)

    with pytest.warns(FitFailedWarning) as told:
        sweep(p=P, scoring=score, refit=False).fit(*iris())
    assert len(told) == 1


def test_a_generator_of_splits_that_is_used_up_is_told_as_such(training_runs):
    splits = iter(halves())
    list(splits)
    with pytest.raises(ValueError, match=r"no splits of cv=.*generator can be used once"):
        sweep(p=P, cv=splits).fit(*iris())
    assert training_runs == []


# Which p


@pytest.mark.parametrize(("refit", "index"), [("best", 2), ("one_se", 2)])
def test_a_best_p_at_the_grids_edge_gets_a_warning(refit, index):
    options = {"scope": "global", "scoring": lambda e, X, y: e.sparsity_, "refit": refit}
    with pytest.warns(UserWarning, match=r"best p, 0.9, is the largest .* a larger one may be"):
        assert sweep(p=P, **options).fit(*iris()).best_index_ == index
    sweep(p=P, **options | {"refit": False}).fit(*iris())
    sweep(p=[0.9], **options).fit(*iris())
    sweep(p=0.9, **options).fit(*iris())


@dataclass(frozen=True)
class Scripted:
    """Scores by the pruned fraction: (first split, second split)."""

    scores: dict

    def __call__(self, estimator, X, y):
        return self.scores[round(estimator.sparsity_, 1)][int(len(y) == 20)]


@pytest.mark.parametrize(
    ("refit", "index"),
    # one standard error of the best: 0.02 / √2 ≈ 0.0141 below 0.90
    [
        ("best", 1),
        ("one_se", 3),
        (within(0.02), 3),
        (within(0.005), 1),
        (lambda results: int(np.argmin(results["mean_test_score"])), 4),
        (lambda results: np.int64(0), 0),
    ],
)
def test_refit_chooses_the_row(refit, index):
    X, y = iris()
    p = [0, 0.2, 0.4, 0.6, 1]
    scores = {0: (0.8, 0.8), 0.2: (0.92, 0.88), 0.4: (0.88, 0.88), 0.6: (0.89, 0.89), 1: (0.1, 0.1)}
    cv = [(np.arange(30), np.arange(30, 50)), (np.arange(20), np.arange(20, 50))]
    fitted = sweep(
        p=p, cv=cv, scoring=Scripted(scores), refit=refit, scope="global", finetune_steps=0
    ).fit(X, y)
    assert fitted.best_index_ == index
    assert fitted.best_p_ == p[index]
    assert fitted.best_score_ == pytest.approx(np.mean(list(scores.values())[index]))
    assert fitted.best_estimator_.sparsity_ == pytest.approx(int(51 * p[index]) / 51)


@pytest.mark.parametrize("index", [3, -1, 1.0, "best", None])
def test_a_refit_callable_must_return_an_index(index):
    with pytest.raises(ValueError, match=r"refit returned .*an index from 0 to 2"):
        sweep(p=P, refit=lambda results: index).fit(*iris())


def test_refit_false_names_the_best_p_and_trains_nothing_on_all_rows(training_runs):
    X, y = iris()
    fitted = sweep(p=P, refit=False).fit(X, y)
    assert len(training_runs) == 2 + 2 * len(P)
    assert fitted.best_index_ == fitted.cv_results_["mean_test_score"].argmax()
    assert fitted.best_p_ == P[fitted.best_index_]
    assert fitted.best_score_ == fitted.cv_results_["mean_test_score"].max()
    assert not hasattr(fitted, "best_estimator_")
    for call in (fitted.predict, fitted.predict_proba):
        with pytest.raises(NotFittedError):
            call(X)
    with pytest.raises(NotFittedError):
        fitted.score(X, y)


@pytest.mark.parametrize("change", [{"p": 0.5}, {"refit": False}], ids=str)
def test_a_second_fit_leaves_nothing_of_the_first(change):
    X, y = iris()
    again = sweep(p=P).fit(X, y).set_params(**change).fit(X, y)
    assert set(vars(again)) == set(vars(sweep(p=P).set_params(**change).fit(X, y)))


@pytest.mark.parametrize(
    "change",
    [{"p": 2}, {"scope": "x"}, {"cv": 1000}, {"method": lambda evidence: 1 / 0}],
    ids=["p", "scope", "cv", "method"],
)
def test_a_fit_that_fails_leaves_the_fitted_sweep_as_it_was(change):
    X, y = iris()
    fitted = sweep(p=P, error_score="raise").fit(X, y)
    before = dict(vars(fitted))
    fitted.set_params(**change)
    with pytest.raises((ValueError, ZeroDivisionError)):
        fitted.fit(X, y)
    assert fitted.set_params(**{name: before[name] for name in change}).best_p_ == before["best_p_"]
    assert all(vars(fitted)[name] is value for name, value in before.items())
