"""The sweep: what one p does, what each cell of many p does, and by which methods."""

import sys
import time

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
from sksgdprune._sweep import cell as _cells
from tests.sweep_cases import (
    CUT,
    FINETUNE,
    SPLITS,
    WARMUP,
    P,
    assert_same_network,
    assert_same_results,
    by_hand,
    cell_seeds,
    classifier,
    diabetes,
    draw_seeds,
    iris,
    regressor,
    scores_by_hand,
    sweep,
    table,
)


class Slow(TransformerMixin, BaseEstimator):
    """Takes 20 ms to fit."""

    def fit(self, X, y=None):
        time.sleep(0.02)
        self.is_fitted_ = True
        return self

    def transform(self, X):
        return X


# One p


@pytest.mark.parametrize("p", [0, 0.5, 0.9, 1])
@pytest.mark.parametrize(
    ("action", "method", "scope", "with_data"),
    [
        ("prune", "magnitude", "layer", False),
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
    assert_same_network(fitted.best_estimator_, warm.prune(0.5, **CUT))


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
        *("p", "sparsity", "n_parameters", "n_bytes"),
        *(f"split{k}_test_score" for k in range(6)),
        "mean_test_score",
        "std_test_score",
        "rank_test_score",
        "mean_fit_time",
        "std_fit_time",
        "mean_score_time",
        "std_score_time",
        "mean_predict_time",
        "std_predict_time",
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


def test_the_time_of_a_prediction_is_not_that_of_the_first(monkeypatch):
    predict = PreconditionedMLPClassifier._linear_output

    def slow_at_first(self, X):
        if not hasattr(self, "was_slow_"):
            time.sleep(0.1)
            self.was_slow_ = True
        return predict(self, X)

    monkeypatch.setattr(PreconditionedMLPClassifier, "_linear_output", slow_at_first)
    unpredicted = sweep(p=[0.5], scoring=lambda fitted, X, y: 0.0, refit=False)
    results = unpredicted.fit(*iris()).cv_results_
    assert 0 < results["mean_predict_time"] < 0.1


def test_the_rows_that_a_thread_keeps_of_a_split_are_never_taken_for_all_rows(monkeypatch):
    prepare, kept = _cells.prepare, []

    def named(work, k):
        kept.append((work.name, k))
        return prepare(work, k)

    monkeypatch.setattr(_cells, "prepare", named)
    sweep(p=P).fit(*iris())
    assert len(kept) == 5  # for the warm-ups of two splits, for their cells, for the refit
    assert kept[-1] not in kept[:-1]


def test_what_a_network_costs_is_what_remains_of_51_parameters():
    X, y = iris()
    fitted = sweep(p=[0.0, 0.9], scope="global").fit(X, y)
    results = fitted.cv_results_
    np.testing.assert_array_equal(results["n_parameters"], [51, 51 - 45])
    np.testing.assert_allclose(results["sparsity"], 1 - results["n_parameters"] / 51)
    assert results["n_bytes"][0] == 51 * 8  # dense float64
    # A value of 8 bytes and a position of 4 for each of 6; some may be dead connections.
    assert 0 < results["n_bytes"][1] <= 6 * 12
    assert (results["mean_predict_time"] > 0).all()


def test_what_whole_units_leave_is_as_large_as_after_compact():
    options = {"structure": "unit", "scope": "layer", "include_biases": None, "refit": False}
    results = sweep(p=[0, 0.5], **options).fit(*iris()).cv_results_
    # Of 4-6-3 float64: 4-3-3.
    np.testing.assert_array_equal(results["n_bytes"], [51 * 8, (12 + 3 + 9 + 3) * 8])


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
    by_split = np.reshape(seen, (2, 2, len(P), 51))  # split, repeat, p
    cells = by_split.transpose(2, 1, 0, 3).reshape(len(P), 4, 51)
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


def test_the_warm_up_is_trained_once_per_split_and_repeat(training_runs):
    sweep(p=P, n_repeats=2, refit=False).fit(*iris())
    assert sorted(training_runs) == [WARMUP] * 4 + [FINETUNE] * 4 * len(P)


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


@pytest.mark.slow  # worker processes start
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


def test_the_frame_has_a_row_for_each_score_of_the_results():
    scoring = ["accuracy", "neg_log_loss"]
    several = sweep(p=P, n_repeats=3, scoring=scoring, refit=False, return_train_score=True)
    results = several.fit(*iris()).cv_results_
    frame = several.to_frame()
    assert len(frame) == len(P) * 3 * 2 * 2 * 2
    assert not frame.duplicated(["p", "repeat", "split", "metric", "score_type"]).any()
    for row in frame.itertuples():
        i, k = P.index(row.p), row.repeat * 2 + row.split
        assert row.score == results[f"split{k}_{row.score_type}_{row.metric}"][i]
        for name in ("sparsity", "n_parameters", "n_bytes"):
            assert getattr(row, name) == results[name][i]
    means = frame.groupby(["score_type", "metric", "p"])["score"].mean()
    expected = results["mean_train_neg_log_loss"]
    np.testing.assert_allclose(means["train", "neg_log_loss"], expected, rtol=1e-12)


def test_frames_of_several_sweeps_make_one_table():
    sweeps = {name: sweep(p=P, method=name).fit(*iris()) for name in ("magnitude", "random")}
    frames = {name: fitted.to_frame() for name, fitted in sweeps.items()}
    table = pd.concat(frames, names=["method"]).reset_index("method")
    means = table.groupby(["method", "p"])["score"].mean().unstack("p")
    for name, fitted in sweeps.items():
        np.testing.assert_allclose(means.loc[name], fitted.cv_results_["mean_test_score"])


def test_there_is_no_frame_before_fit_or_of_a_single_p():
    with pytest.raises(NotFittedError):
        sweep(p=P).to_frame()
    with pytest.raises(ValueError, match=r"p=0.5; a table needs an array p"):
        sweep(p=0.5).fit(*iris()).to_frame()


def test_without_pandas_a_frame_says_how_to_install_it(monkeypatch):
    fitted = sweep(p=P).fit(*iris())
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        fitted.to_frame()


def test_results_make_a_data_frame():
    frame = pd.DataFrame(sweep(p=P, refit=False).fit(*iris()).cv_results_)
    assert frame["p"].tolist() == P
    assert frame["mean_test_score"].between(0, 1).all()


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


def test_what_is_not_said_is_fisher_gradually_for_pruning_and_the_notebooks_for_freezing():
    X, y = iris()
    named = {
        "prune": ("fisher", "connected", False, "geometric"),
        "freeze": ("preconditioned_gradient", "layer", True, "one_shot"),
    }
    for action, values in named.items():
        names = "method", "scope", "include_biases", "schedule"
        cuts = dict.fromkeys(names), dict(zip(names, values, strict=True))
        a, b = (sweep(p=0.6, action=action, **cut).fit(X, y) for cut in cuts)
        assert_same_network(a.best_estimator_, b.best_estimator_)


# What a cut leaves


@pytest.mark.parametrize("p", [0.98, [0.98]], ids=["number", "array"])
@pytest.mark.parametrize("step", [None, StandardScaler()], ids=["alone", "pipeline"])
def test_a_network_cut_to_a_constant_gets_a_warning(p, step, tmp_path):
    estimator = classifier() if step is None else make_pipeline(step, classifier())
    options = {"scope": "global", "include_biases": False, "memory": str(tmp_path)}
    for _ in range(2):  # trained, and from the cache
        with pytest.warns(ConvergenceWarning, match="At p=0.98 the network is no better") as told:
            sweep(estimator, p=p, **options).fit(*iris())
        assert len(told) == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_network_cut_to_one_unit_is_as_good_as_one_trained_with_one(seed):
    X, y = load_iris(return_X_y=True)
    dense = PreconditionedMLPClassifier((1,), random_state=seed).fit(X, y)
    clf = PreconditionedMLPClassifier((20,), random_state=seed)
    pruned = SparsitySweep(clf, p=0.95, structure="unit").fit(X, y).best_estimator_
    assert [W.shape for W in pruned.compact().coefs_] == [(4, 1), (1, 3)]
    assert pruned.score(X, y) > 0.95
    assert dense.score(X, y) > 0.95


def test_fractions_that_leave_one_feature_leave_about_the_same_network():
    X, y = load_iris(return_X_y=True)
    clf = PreconditionedMLPClassifier((100,), random_state=0)
    scores = [
        SparsitySweep(clf, p=p, structure="input").fit(X, y).score(X, y) for p in (0.99, 0.999)
    ]
    assert min(scores) > 0.9
    assert abs(scores[0] - scores[1]) < 0.03
