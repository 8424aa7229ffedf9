"""The sweep: what one p does, what each cell of many p does, and how a p is chosen."""

import time
from dataclasses import dataclass

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone, is_classifier, is_regressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    PredefinedSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import (
    PreconditionedMLPClassifier,
    PreconditionedMLPRegressor,
    SparsitySweep,
    _training,
)

WARMUP, FINETUNE = 20, 50
P = [0.0, 0.5, 0.9]
SPLITS = KFold(2, shuffle=True, random_state=0)


def iris():
    X, y = load_iris(return_X_y=True)
    return (X[::3] - X.mean(axis=0)) / X.std(axis=0), y[::3]


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X[:60] * 20, (y[:60] - y.mean()) / y.std()


def classifier(**changes):
    return PreconditionedMLPClassifier(
        **{"hidden_layer_sizes": (6,), "learning_rate": 0.1, "random_state": 3} | changes
    )


def regressor(**changes):
    return PreconditionedMLPRegressor(**{"hidden_layer_sizes": (6,), "random_state": 3} | changes)


def sweep(estimator=None, **changes):
    options = {"warmup_steps": WARMUP, "finetune_steps": FINETUNE, "cv": SPLITS, "random_state": 7}
    return SparsitySweep(classifier() if estimator is None else estimator, **options | changes)


def draw_seeds(random_state, *shapes):
    """Seeds in the order in which a sweep draws them."""
    rng = np.random.RandomState(random_state)
    return [rng.randint(2**31 - 1, size=shape) for shape in shapes]


def cell_seeds(random_state, n_repeats=1, n_splits=2):
    """Return the last step's seed of each repeat and split."""
    return draw_seeds(random_state, n_splits, (n_repeats, n_splits))[1]


def by_hand(estimator, X, y, p, seed, *, action="prune", with_data=False, **cut):
    """Warm-up, cut and fine-tuning with the estimator's own methods."""
    estimator = clone(estimator).set_params(random_state=seed, max_steps=WARMUP).fit(X, y)
    data = {"X": X, "y": y} if with_data else {}
    getattr(estimator, action)(p, **cut, **data)
    return estimator.partial_fit(X, y, n_steps=FINETUNE)


def scores_by_hand(estimator, X, y, p, seeds, splits=SPLITS, score=None, **cut):
    """Return a table of shape (n_p, n_repeats · n_splits)."""
    score = score or (lambda fitted, X, y: fitted.score(X, y))
    rows = list(splits.split(X, y))
    return np.array(
        [
            [
                score(
                    by_hand(estimator, X[train], y[train], fraction, seed, **cut), X[test], y[test]
                )
                for repeat in seeds
                for seed, (train, test) in zip(repeat, rows, strict=True)
            ]
            for fraction in p
        ]
    )


def table(results, name="test_score"):
    """Return the scores of all cells, (n_p, n_cells)."""
    n_cells = sum(key.startswith("split") and key.endswith(f"_{name}") for key in results)
    return np.column_stack([results[f"split{k}_{name}"] for k in range(n_cells)])


def without_times(results):
    return {key: value for key, value in results.items() if not key.endswith("_time")}


def assert_same_results(results, others):
    assert list(results) == list(others)
    for key, value in without_times(results).items():
        np.testing.assert_array_equal(value, others[key], err_msg=key)


def assert_same_network(fitted, other):
    np.testing.assert_array_equal(fitted.theta_, other.theta_)
    np.testing.assert_array_equal(fitted.noise_variance_, other.noise_variance_)
    np.testing.assert_array_equal(fitted.status_, other.status_)
    assert fitted.t_ == other.t_


@pytest.fixture
def trainings(monkeypatch):
    """Steps of each training from here on."""
    steps, train = [], _training.train

    def counted(*arguments, **options):
        steps.append(arguments[-2])
        return train(*arguments, **options)

    monkeypatch.setattr(_training, "train", counted)
    return steps


SEEN = []


class Recorder(TransformerMixin, BaseEstimator):
    """A scaler that lists the rows of each fit in SEEN."""

    def fit(self, X, y=None):
        SEEN.append(X.copy())
        self.scaler_ = StandardScaler().fit(X)
        return self

    def transform(self, X):
        return self.scaler_.transform(X)


@pytest.fixture
def seen():
    SEEN.clear()
    yield SEEN
    SEEN.clear()


class Noise(TransformerMixin, BaseEstimator):
    """Adds to each feature a constant drawn in fit."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y=None):
        self.shift_ = np.random.RandomState(self.random_state).normal(size=X.shape[1])
        return self

    def transform(self, X):
        return X + self.shift_


@dataclass(frozen=True)
class FailsAt:
    """One-shot, but raises at some fractions."""

    fractions: tuple

    def plan(self, p, n_steps):
        if p in self.fractions:
            raise RuntimeError(f"no way to {p}")
        return [(p, n_steps)]


class Slow(TransformerMixin, BaseEstimator):
    """Takes 20 ms to fit."""

    def fit(self, X, y=None):
        time.sleep(0.02)
        self.is_fitted_ = True
        return self

    def transform(self, X):
        return X


class FailsOnFirstRow(TransformerMixin, BaseEstimator):
    """Raises where the first row of the data is in the training rows."""

    def fit(self, X, y=None):
        first = iris()[0][0]
        if (first == X).all(axis=1).any():
            raise RuntimeError("first row")
        self.is_fitted_ = True
        return self

    def transform(self, X):
        return X


# One p


@pytest.mark.parametrize("p", [0, 0.5, 0.9, 1])
@pytest.mark.parametrize(
    ("action", "method", "scope", "with_data"),
    [
        ("prune", None, "layer", False),
        ("prune", "random", "global", False),
        ("prune", "noise", "layer", False),
        ("prune", "fisher", "layer", True),
        ("prune", "gradient", "global", True),
        ("freeze", None, "layer", True),
        ("freeze", "gradient", "global", True),
        ("freeze", "random", "layer", False),
        ("freeze", "fisher", "layer", True),
    ],
)
def test_one_p_is_warm_up_cut_and_partial_fit(p, action, method, scope, with_data):
    X, y = iris()
    fitted = sweep(p=p, action=action, method=method, scope=scope).fit(X, y)
    cut = {"action": action, "scope": scope, "with_data": with_data}
    cut |= {"method": method} if method else {}
    expected = by_hand(classifier(), X, y, p, draw_seeds(7, 2)[0][1], **cut)
    assert_same_network(fitted.best_estimator_, expected)
    assert fitted.best_p_ == p
    assert fitted.refit_time_ > 0
    assert not hasattr(fitted, "cv_results_")


def test_p_zero_is_a_plain_fit_of_as_many_steps():
    X, y = iris()
    fitted = sweep(p=0).fit(X, y)
    seed = draw_seeds(7, 2)[0][1]
    plain = classifier(random_state=seed, max_steps=WARMUP + FINETUNE).fit(X, y)
    assert_same_network(fitted.best_estimator_, plain)


def test_without_finetuning_the_cut_is_the_end():
    X, y = iris()
    fitted = sweep(p=0.5, finetune_steps=0).fit(X, y)
    seed = draw_seeds(7, 2)[0][1]
    warm = classifier(random_state=seed, max_steps=WARMUP).fit(X, y)
    assert_same_network(fitted.best_estimator_, warm.prune(0.5))


def test_one_p_of_a_regressor():
    X, y = diabetes()
    fitted = sweep(regressor(), p=0.7).fit(X, y)
    expected = by_hand(regressor(), X, y, 0.7, draw_seeds(7, 2)[0][1])
    assert_same_network(fitted.best_estimator_, expected)
    assert fitted.score(X, y) == r2_score(y, expected.predict(X))


def test_one_p_ignores_refit_false():
    X, y = iris()
    assert_same_network(
        sweep(p=0.5, refit=False).fit(X, y).best_estimator_, sweep(p=0.5).fit(X, y).best_estimator_
    )


@pytest.mark.parametrize("estimator", ["alone", "pipeline"])
def test_random_state_none_takes_the_estimators(estimator):
    X, y = iris()
    clf = classifier(random_state=11)
    if estimator == "pipeline":
        clf = make_pipeline(StandardScaler(), clf)
    own = sweep(clf, p=P, random_state=None).fit(X, y)
    given = sweep(clf, p=P, random_state=11).fit(X, y)
    assert_same_results(own.cv_results_, given.cv_results_)
    np.testing.assert_array_equal(own.predict_proba(X), given.predict_proba(X))


def test_best_estimator_keeps_the_parameters_but_for_its_seed():
    X, y = iris()
    best = sweep(classifier(max_steps=77), p=0.5).fit(X, y).best_estimator_
    expected = classifier(max_steps=77).get_params() | {"random_state": draw_seeds(7, 2)[0][1]}
    assert best.get_params() == expected


def test_fit_leaves_the_given_estimator_unfitted():
    X, y = iris()
    clf = classifier()
    sweep(clf, p=P).fit(X, y)
    assert vars(clf) == classifier().get_params()


# Many p


def test_cells_are_trainings_by_hand():
    X, y = iris()
    fitted = sweep(p=P, n_repeats=2).fit(X, y)
    expected = scores_by_hand(classifier(), X, y, P, cell_seeds(7, n_repeats=2))
    assert len(np.unique(expected)) > 3
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)


def test_cells_of_freezing_are_trainings_by_hand():
    X, y = iris()
    fitted = sweep(p=P, action="freeze", method="random").fit(X, y)
    expected = scores_by_hand(
        classifier(), X, y, P, cell_seeds(7), action="freeze", method="random"
    )
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)
    np.testing.assert_array_equal(fitted.cv_results_["sparsity"], 0)


def test_cells_of_a_regressor_are_trainings_by_hand():
    X, y = diabetes()
    fitted = sweep(regressor(), p=P).fit(X, y)
    expected = scores_by_hand(regressor(), X, y, P, cell_seeds(7))
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)


def test_best_estimator_is_trained_on_all_rows_at_the_best_p():
    X, y = iris()
    fitted = sweep(p=P, n_repeats=2).fit(X, y)
    seed = draw_seeds(7, 2, (2, 2), 2)[2][1]
    assert fitted.best_p_ == P[fitted.best_index_]
    assert_same_network(fitted.best_estimator_, by_hand(classifier(), X, y, fitted.best_p_, seed))


def test_results_are_sorted_by_p_and_have_the_keys_of_a_search():
    X, y = iris()
    given = [0.9, 0.0, 0.5, 0.2]
    fitted = sweep(p=given, n_repeats=3).fit(X, y)
    results = fitted.cv_results_
    assert list(results) == [
        "p",
        "sparsity",
        *(f"split{k}_test_score" for k in range(6)),
        "mean_test_score",
        "std_test_score",
        "rank_test_score",
        "mean_fit_time",
        "std_fit_time",
        "mean_score_time",
        "std_score_time",
    ]
    assert {np.shape(column) for column in results.values()} == {(4,)}
    np.testing.assert_array_equal(results["p"], [0.0, 0.2, 0.5, 0.9])
    np.testing.assert_array_equal(results["mean_test_score"], table(results).mean(axis=1))
    np.testing.assert_array_equal(results["std_test_score"], table(results).std(axis=1))
    assert (results["mean_fit_time"] > 0).all()
    assert (results["mean_score_time"] > 0).all()
    assert fitted.n_splits_ == 2
    assert fitted.p is given
    assert given == [0.9, 0.0, 0.5, 0.2]
    in_order = sweep(p=(0, 0.2, 0.5, 0.9), n_repeats=3).fit(X, y)
    assert_same_results(results, in_order.cv_results_)


def test_sparsity_is_what_the_cut_leaves_of_51_parameters():
    X, y = iris()
    by_layer = sweep(p=[0, 0.5, 0.99, 1], refit=False).fit(X, y).cv_results_
    # W1 24, b1 6, W2 18, b2 3: int(size · p) of each
    counts = np.array([0, 12 + 3 + 9 + 1, 23 + 5 + 17 + 2, 51])
    np.testing.assert_allclose(by_layer["sparsity"], counts / 51)
    together = sweep(p=[0, 0.5, 0.99, 1], scope="global", refit=False).fit(X, y).cv_results_
    np.testing.assert_allclose(together["sparsity"], np.array([0, 25, 50, 51]) / 51)


@pytest.mark.parametrize(
    ("score", "ranks"),
    [
        (lambda e, X, y: e.sparsity_, [4, 3, 2, 1]),
        (lambda e, X, y: -e.sparsity_, [1, 2, 3, 4]),
        (lambda e, X, y: float(e.sparsity_ > 0.3), [3, 3, 1, 1]),
    ],
)
def test_ranks_of_known_scores(score, ranks):
    fitted = sweep(p=[0, 0.2, 0.5, 0.9], scoring=score, finetune_steps=0).fit(*iris())
    np.testing.assert_array_equal(fitted.cv_results_["rank_test_score"], ranks)
    assert fitted.best_index_ == ranks.index(1)


def test_all_p_of_one_split_and_repeat_start_from_the_same_warm_up():
    seen = []

    def keep(estimator, X, y):
        seen.append(estimator.theta_.copy())
        return 0.0

    X, y = iris()
    sweep(p=P, n_repeats=2, finetune_steps=0, scoring=keep, refit=False).fit(X, y)
    cells = np.reshape(seen, (len(P), 4, 51))
    warm = [
        classifier(random_state=seed, max_steps=WARMUP).fit(X[train], y[train]).theta_
        for repeat in cell_seeds(7, n_repeats=2)
        for seed, (train, _) in zip(repeat, SPLITS.split(X), strict=True)
    ]
    np.testing.assert_array_equal(cells[0], warm)
    assert len(np.unique(np.round(warm, 12), axis=0)) == 4
    for cut in cells[1:]:
        kept = cut != 0
        np.testing.assert_array_equal(cut[kept], np.array(warm)[kept])
        np.testing.assert_array_equal(kept.sum(axis=1), kept[0].sum())


def test_the_warm_up_is_trained_once_per_split_and_repeat(trainings):
    sweep(p=P, n_repeats=2, refit=False).fit(*iris())
    assert sorted(trainings) == [WARMUP] * 4 + [FINETUNE] * 4 * len(P)


@pytest.mark.parametrize("name", ["alone", "pipeline"])
def test_results_do_not_depend_on_n_jobs_or_threads(name):
    X, y = iris()
    clf = classifier() if name == "alone" else make_pipeline(StandardScaler(), classifier())
    options = {"p": P, "n_repeats": 2, "method": "random", "return_train_score": True}
    alone = sweep(clf, **options, n_jobs=1).fit(X, y)
    two = sweep(clf, **options, n_jobs=2).fit(X, y)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        threads = sweep(clf, **options).fit(X, y)
    for other in (two, threads):
        assert_same_results(alone.cv_results_, other.cv_results_)
        np.testing.assert_array_equal(alone.predict_proba(X), other.predict_proba(X))


def test_results_do_not_depend_on_processes():
    X, y = iris()
    pipeline = make_pipeline(StandardScaler(), classifier())
    here = sweep(pipeline, p=[0.2, 0.8]).fit(X, y)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        there = sweep(pipeline, p=[0.2, 0.8]).fit(X, y)
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
    assert_same_results(here.cv_results_, there.cv_results_)
    np.testing.assert_array_equal(here.predict_proba(X), there.predict_proba(X))


def test_train_scores_are_those_of_the_training_rows():
    X, y = iris()
    results = sweep(p=P, return_train_score=True, refit=False).fit(X, y).cv_results_
    seeds = cell_seeds(7)[0]
    expected = [
        [
            by_hand(classifier(), X[train], y[train], p, seed).score(X[train], y[train])
            for seed, (train, _) in zip(seeds, SPLITS.split(X), strict=True)
        ]
        for p in P
    ]
    np.testing.assert_array_equal(table(results, "train_score"), expected)
    np.testing.assert_array_equal(results["mean_train_score"], np.mean(expected, axis=1))
    np.testing.assert_array_equal(results["std_train_score"], np.std(expected, axis=1))
    assert "rank_train_score" not in results


def test_times_hold_the_shared_warm_up_and_the_scoring():
    def slow_score(estimator, X, y):
        time.sleep(0.03)
        return 0.0

    pipeline = make_pipeline(Slow(), classifier())
    results = sweep(pipeline, p=P, scoring=slow_score, refit=False).fit(*iris()).cv_results_
    assert (results["mean_fit_time"] >= 0.02).all()
    assert (results["mean_score_time"] >= 0.03).all()


def test_results_make_a_data_frame():
    frame = pd.DataFrame(sweep(p=P, refit=False).fit(*iris()).cv_results_)
    assert frame["p"].tolist() == P
    assert frame["mean_test_score"].between(0, 1).all()


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


@pytest.mark.parametrize("refit", ["best", "one_se"])
def test_several_metrics_need_a_callable_or_false(refit):
    with pytest.raises(ValueError, match="several metrics"):
        sweep(p=P, scoring=["accuracy", "neg_log_loss"], refit=refit).fit(*iris())


def test_several_metrics_without_a_callable_are_refused_before_any_training(trainings):
    with pytest.raises(ValueError, match="several metrics"):
        sweep(p=P, scoring=["accuracy", "neg_log_loss"]).fit(*iris())
    assert trainings == []


# Which p


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


def test_refit_false_names_the_best_p_and_trains_nothing_on_all_rows(trainings):
    X, y = iris()
    fitted = sweep(p=P, refit=False).fit(X, y)
    assert len(trainings) == 2 + 2 * len(P)
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


# Failures


@pytest.mark.parametrize("error_score", [np.nan, -1.0])
def test_failed_cells_get_the_error_score_and_a_warning(error_score):
    X, y = iris()
    with pytest.warns(FitFailedWarning, match=r"2 of 6 trainings.*(?s:.*)no way to 0.5"):
        fitted = sweep(p=P, schedule=FailsAt((0.5,)), error_score=error_score).fit(X, y)
    whole = sweep(p=P).fit(X, y)
    expected = table(whole.cv_results_)
    expected[1] = error_score
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)
    assert fitted.cv_results_["rank_test_score"][1] == 3
    assert np.isnan(fitted.cv_results_["sparsity"][1])
    assert np.isnan(fitted.cv_results_["mean_fit_time"][1])
    assert fitted.best_p_ in (0.0, 0.9)


def test_a_scorer_that_fails_at_one_p_fails_its_cells():
    def score(estimator, X, y):
        if estimator.sparsity_ > 0.8:
            raise RuntimeError("too sparse")
        return estimator.score(X, y)

    X, y = iris()
    with pytest.warns(FitFailedWarning, match=r"2 of 6(?s:.*)too sparse"):
        fitted = sweep(p=P, scoring=score, refit=False).fit(X, y)
    expected = table(sweep(p=P, refit=False).fit(X, y).cv_results_)
    expected[2] = np.nan
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)


def test_failures_with_several_metrics():
    with pytest.warns(FitFailedWarning, match="2 of 6"):
        fitted = sweep(
            p=P, schedule=FailsAt((0.0,)), scoring=["accuracy", "neg_log_loss"], refit=False
        ).fit(*iris())
    for name in ("test_accuracy", "test_neg_log_loss"):
        assert (
            np.isnan(table(fitted.cv_results_, name)).tolist() == [[True] * 2] + [[False] * 2] * 2
        )


@pytest.mark.parametrize("refit", ["best", "one_se"])
def test_a_split_whose_warm_up_fails_fails_there_for_all_p(refit):
    # The first row is in the training rows of one of two splits alone, and of the refit.
    X, y = iris()
    pipeline = make_pipeline(FailsOnFirstRow(), classifier())
    with pytest.warns(FitFailedWarning, match=r"3 of 6(?s:.*)first row"):
        fitted = sweep(pipeline, p=P, refit=False).fit(X, y)
    bad = [0 in train for train, _ in SPLITS.split(X)]
    np.testing.assert_array_equal(np.isnan(table(fitted.cv_results_)), [bad] * 3)
    assert np.isnan(fitted.cv_results_["mean_test_score"]).all()
    np.testing.assert_array_equal(fitted.cv_results_["rank_test_score"], 1)
    with (
        pytest.warns(FitFailedWarning, match="3 of 6"),
        pytest.raises(RuntimeError, match="first row"),
    ):
        sweep(pipeline, p=P, refit=refit).fit(X, y)


def test_all_cells_failing_raises_and_shows_the_first_error():
    with pytest.raises(ValueError, match=r"6 of 6 trainings(?s:.*)no way to 0.0"):
        sweep(p=P, schedule=FailsAt((0.0, 0.5, 0.9))).fit(*iris())


def test_error_score_raise_passes_the_error_on():
    with pytest.raises(RuntimeError, match=r"no way to 0.5"):
        sweep(p=P, schedule=FailsAt((0.5,)), error_score="raise").fit(*iris())


def test_a_failure_at_one_number_p_is_raised():
    with pytest.raises(RuntimeError, match=r"no way to 0.5"):
        sweep(p=0.5, schedule=FailsAt((0.5,))).fit(*iris())


# Pipelines


def test_earlier_steps_are_fitted_once_per_split_on_its_training_rows(seen):
    X, y = iris()
    sweep(make_pipeline(Recorder(), classifier()), p=P, n_repeats=2).fit(X, y)
    expected = [X[train] for train, _ in SPLITS.split(X)] + [X]
    assert len(seen) == len(expected)
    for rows, truth in zip(seen, expected, strict=True):
        np.testing.assert_array_equal(rows, truth)


def test_cells_of_a_pipeline_are_trainings_by_hand():
    X, y = iris()
    X = X * [1, 5, 0.1, 3] + 10
    results = sweep(make_pipeline(StandardScaler(), classifier()), p=P).fit(X, y).cv_results_
    expected = np.empty((3, 2))
    for k, (train, test) in enumerate(SPLITS.split(X)):
        mean, std = X[train].mean(axis=0), X[train].std(axis=0)
        Z, seed = (X - mean) / std, cell_seeds(7)[0, k]
        for i, p in enumerate(P):
            fitted = by_hand(classifier(), Z[train], y[train], p, seed)
            expected[i, k] = accuracy_score(y[test], fitted.predict(Z[test]))
    np.testing.assert_array_equal(table(results), expected)


@pytest.mark.parametrize("p", [0.5, P])
def test_best_estimator_of_a_pipeline_is_a_working_pipeline(p):
    X, y = iris()
    pipeline = Pipeline([("scale", StandardScaler()), ("net", classifier())])
    fitted = sweep(pipeline, p=p).fit(X, y)
    best = fitted.best_estimator_
    assert isinstance(best, Pipeline)
    assert list(best.named_steps) == ["scale", "net"]
    seed = draw_seeds(7, *([2, (1, 2)] if p is P else []), 2)[-1][1]
    Z = StandardScaler().fit_transform(X)
    assert_same_network(best[-1], by_hand(classifier(), Z, y, fitted.best_p_, seed))
    np.testing.assert_array_equal(best.predict(X), best[-1].predict(best[:-1].transform(X)))
    assert fitted.score(X, y) == accuracy_score(y, fitted.predict(X))
    assert fitted.n_features_in_ == 4
    assert not hasattr(pipeline["scale"], "mean_")
    assert not hasattr(pipeline["net"], "theta_")


def test_a_pipeline_of_one_step_is_the_step():
    X, y = iris()
    alone, piped = (sweep(e, p=P).fit(X, y) for e in (classifier(), make_pipeline(classifier())))
    assert_same_results(alone.cv_results_, piped.cv_results_)
    assert isinstance(piped.best_estimator_, Pipeline)
    assert_same_network(alone.best_estimator_, piped.best_estimator_[-1])


def test_random_earlier_steps_are_seeded_by_the_sweep():
    X, y = iris()
    pipeline = make_pipeline(Noise(), classifier())
    fits = [sweep(pipeline, p=P, n_jobs=n).fit(X, y) for n in (1, 2)]
    assert_same_results(fits[0].cv_results_, fits[1].cv_results_)
    seed = draw_seeds(7, 2, (1, 2), 2)[2][0]
    for fit in fits:
        np.testing.assert_array_equal(
            fit.best_estimator_[0].shift_, np.random.RandomState(seed).normal(size=4)
        )


# Memory


@pytest.mark.parametrize("name", ["alone", "pipeline"])
def test_memory_trains_no_cell_twice(name, tmp_path, trainings):
    X, y = iris()
    clf = classifier() if name == "alone" else make_pipeline(StandardScaler(), classifier())
    first = sweep(clf, p=P, refit=False, memory=str(tmp_path)).fit(X, y)
    assert len(trainings) == 2 + 2 * len(P)
    trainings.clear()
    second = sweep(clf, p=P, refit=False, memory=joblib.Memory(str(tmp_path), verbose=0)).fit(X, y)
    assert trainings == []
    assert list(first.cv_results_) == list(second.cv_results_)
    for key, column in first.cv_results_.items():
        np.testing.assert_array_equal(column, second.cv_results_[key])
    more = sweep(clf, p=[*P, 0.7], refit=False, memory=str(tmp_path)).fit(X, y)
    assert trainings == [FINETUNE] * 2
    plain = sweep(clf, p=[*P, 0.7], refit=False).fit(X, y)
    assert_same_results(more.cv_results_, plain.cv_results_)


def test_memory_goes_on_after_an_interrupted_sweep(tmp_path, trainings, monkeypatch):
    train = _training.train

    def interrupted(*arguments, **options):
        if len(trainings) == 5:
            raise KeyboardInterrupt
        return train(*arguments, **options)

    X, y = iris()
    options = {"p": P, "refit": False, "memory": str(tmp_path)}
    with monkeypatch.context() as patch:
        patch.setattr(_training, "train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sweep(**options).fit(X, y)
    trainings.clear()
    results = sweep(**options).fit(X, y).cv_results_
    assert trainings == [FINETUNE] * 3
    assert_same_results(results, sweep(p=P, refit=False).fit(X, y).cv_results_)


# Methods


@pytest.mark.parametrize(
    ("action", "alias", "method"),
    [
        ("prune", "minimal", "magnitude"),
        ("freeze", "H", "preconditioned_gradient"),
        ("freeze", "minimal", "gradient"),
    ],
)
def test_the_notebooks_words_name_the_same_method(action, alias, method):
    X, y = iris()
    options = {"p": [0.3, 0.8], "action": action, "scoring": "neg_log_loss"}
    a, b = (sweep(method=word, **options).fit(X, y) for word in (alias, method))
    assert_same_results(a.cv_results_, b.cv_results_)
    assert_same_network(a.best_estimator_, b.best_estimator_)


def test_default_methods_are_those_of_prune_and_freeze():
    X, y = iris()
    for action, method in (("prune", "magnitude"), ("freeze", "preconditioned_gradient")):
        a, b = (sweep(p=0.6, action=action, method=m).fit(X, y) for m in (None, method))
        assert_same_network(a.best_estimator_, b.best_estimator_)


# Errors


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p": -0.1}, "p=-0.1; p must be a number from 0 to 1"),
        ({"p": 1.5}, "p=1.5"),
        ({"p": np.nan}, "p=nan"),
        ({"p": "0.5"}, "p='0.5'"),
        ({"p": None}, "p=None"),
        ({"p": [0, 1.01]}, "p=1.01"),
        ({"p": [0.5, np.nan]}, "p=.*nan"),
        ({"p": [[0.5]]}, "p=\\[0.5\\]"),
        ({"p": []}, "empty p"),
        ({"p": np.empty(0)}, "empty p"),
        ({"action": "cut"}, "'action' parameter"),
        ({"method": "biggest"}, "method='biggest' for prune; possible are .*magnitude"),
        ({"method": "H"}, "method='H' for prune"),
        ({"action": "freeze", "method": "noise"}, "method='noise' for freeze"),
        ({"method": 3}, "'method' parameter"),
        ({"scope": "net"}, "scope='net'; possible are .*layer.*global"),
        ({"schedule": "two_shot"}, "schedule='two_shot'; possible are .*one_shot"),
        ({"schedule": None}, "schedule=None"),
        ({"warmup_steps": 0}, "'warmup_steps' parameter"),
        ({"finetune_steps": -1}, "'finetune_steps' parameter"),
        ({"n_repeats": 0}, "'n_repeats' parameter"),
        ({"refit": "worst"}, "'refit' parameter"),
        ({"refit": True}, "'refit' parameter"),
        ({"error_score": "ignore", "p": [0.5]}, "'error_score' parameter"),
        ({"scoring": "niceness"}, "'scoring' parameter .*Got 'niceness'"),
    ],
    ids=str,
)
def test_a_bad_parameter_is_named_before_any_training(changes, message, trainings):
    with pytest.raises(ValueError, match=message):
        sweep(**changes).fit(*iris())
    assert trainings == []


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression())],
    ids=["alone", "pipeline"],
)
def test_an_estimator_that_is_not_ours_is_refused(estimator):
    with pytest.raises(TypeError, match="must be a PreconditionedMLPClassifier"):
        sweep(estimator).fit(*iris())


# Inside scikit-learn


def test_cross_val_score_of_one_p():
    X, y = iris()
    scores = cross_val_score(sweep(p=0.9), X, y, cv=SPLITS)
    seed = draw_seeds(7, 2)[0][1]
    np.testing.assert_array_equal(
        scores, scores_by_hand(classifier(), X, y, [0.9], [[seed, seed]])[0]
    )


def test_cross_val_score_of_many_p_chooses_in_each_split():
    X, y = iris()
    scores = cross_val_score(sweep(p=P), X, y, cv=SPLITS)
    expected = [
        sweep(p=P).fit(X[train], y[train]).score(X[test], y[test])
        for train, test in SPLITS.split(X)
    ]
    np.testing.assert_array_equal(scores, expected)


def test_grid_search_over_p_method_and_the_estimators_parameters():
    X, y = iris()
    grid = {
        "p": [0.2, 0.9],
        "method": ["magnitude", "random"],
        "estimator__hidden_layer_sizes": [(3,), (6,)],
    }
    search = GridSearchCV(sweep(), grid, cv=SPLITS).fit(X, y)
    seed = draw_seeds(7, 2)[0][1]
    for parameters, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        clf = classifier(hidden_layer_sizes=parameters["estimator__hidden_layer_sizes"])
        expected = scores_by_hand(
            clf, X, y, [parameters["p"]], [[seed, seed]], method=parameters["method"]
        )
        assert score == expected.mean()
    best = search.best_estimator_
    assert best.best_p_ == search.best_params_["p"]
    hidden = search.best_params_["estimator__hidden_layer_sizes"]
    assert best.best_estimator_.coefs_[0].shape == (4, *hidden)


def test_predictions_and_attributes_are_the_best_estimators():
    X, y = iris()
    names = np.array(["setosa", "versicolor", "virginica"])
    frame = pd.DataFrame(X, columns=list("abcd"))
    fitted = sweep(p=P).fit(frame, names[y])
    best = fitted.best_estimator_
    np.testing.assert_array_equal(fitted.predict(frame), best.predict(frame))
    np.testing.assert_array_equal(fitted.predict_proba(frame), best.predict_proba(frame))
    np.testing.assert_array_equal(fitted.predict_log_proba(frame), best.predict_log_proba(frame))
    np.testing.assert_array_equal(fitted.classes_, names)
    np.testing.assert_array_equal(fitted.feature_names_in_, list("abcd"))
    assert fitted.n_features_in_ == 4
    assert fitted.score(frame, names[y]) == accuracy_score(names[y], fitted.predict(frame))
    plain = sweep(p=P).fit(X, y)
    np.testing.assert_array_equal(fitted.predict_proba(frame), plain.predict_proba(X))


@pytest.mark.parametrize("fitted", [False, True])
def test_a_sweep_is_what_its_estimator_is(fitted):
    sweeps = sweep(), sweep(regressor())
    if fitted:
        sweeps[0].fit(*iris())
        sweeps[1].fit(*diabetes())
    clf, reg = sweeps
    assert is_classifier(clf)
    assert is_regressor(reg)
    assert hasattr(clf, "predict_proba")
    assert hasattr(reg, "predict")
    for name in ("predict_proba", "predict_log_proba", "classes_"):
        assert not hasattr(reg, name)
    assert hasattr(clf, "classes_") == hasattr(reg, "n_features_in_") == fitted


def test_before_fit_predictions_say_so():
    X, y = iris()
    for call in (sweep().predict, sweep().predict_proba, sweep().predict_log_proba):
        with pytest.raises(NotFittedError):
            call(X)
    with pytest.raises(NotFittedError):
        sweep().score(X, y)


def test_clone_keeps_all_parameters_and_nothing_fitted():
    X, y = iris()
    original = sweep(p=np.array(P), n_repeats=2, refit="one_se", scoring="accuracy").fit(X, y)
    copy = clone(original)
    assert set(vars(copy)) == set(original.get_params(deep=False))
    ours, theirs = (repr(sorted(s.get_params().items())) for s in (copy, original))
    assert ours == theirs
    assert_same_results(copy.fit(X, y).cv_results_, original.cv_results_)


def test_groups_reach_the_splitter():
    X, y = iris()
    groups = np.arange(len(y)) % 3
    fitted = sweep(classifier(), p=[0.5], cv=GroupKFold(3), refit=False)
    results = fitted.fit(X, y, groups=groups).cv_results_
    splits = list(GroupKFold(3).split(X, y, groups))
    same = sweep(classifier(), p=[0.5], cv=splits, refit=False).fit(X, y).cv_results_
    assert_same_results(results, same)


def test_predict_without_refit_says_why():
    X, y = iris()
    fitted = sweep(classifier(), p=[0.5], refit=False).fit(X, y)
    with pytest.raises(NotFittedError, match="refit=False"):
        fitted.predict(X)
