"""Sweeps of a pipeline, whose earlier steps are fitted once per split."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.metrics import accuracy_score
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tests.sweep_cases import (
    SPLITS,
    P,
    assert_same_network,
    assert_same_results,
    by_hand,
    cell_seeds,
    classifier,
    draw_seeds,
    iris,
    sweep,
    table,
)

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


def test_a_thread_fits_earlier_steps_for_a_splits_warm_ups_and_for_its_cells(seen):
    X, y = iris()
    sweep(make_pipeline(Recorder(), classifier()), p=P, n_repeats=2).fit(X, y)
    expected = [X[train] for train, _ in SPLITS.split(X)] * 2 + [X]
    assert len(seen) == len(expected)
    for rows, truth in zip(seen, expected, strict=True):
        np.testing.assert_array_equal(rows, truth)


@pytest.mark.parametrize("n_earlier", [1, 2, 3])
def test_a_pipelines_memory_keeps_all_earlier_steps(n_earlier, seen, tmp_path):
    X, y = iris()
    steps = [(f"step{i}", Recorder()) for i in range(n_earlier)]
    pipeline = Pipeline([*steps, ("last", classifier())])
    expected = sweep(pipeline, p=P).fit(X, y)
    pipeline.set_params(memory=str(tmp_path))
    seen.clear()
    fitted = sweep(pipeline, p=P).fit(X, y)
    assert len(seen) == 3 * n_earlier  # of two splits and of all rows, each once
    assert_same_results(fitted.cv_results_, expected.cv_results_)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected.predict_proba(X))


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


def cost(fitted, X, y):
    """A scorer that looks at a column of the rows as they were given."""
    return -float((X["amount"] * (fitted.predict(X) != y)).sum())


@pytest.mark.parametrize("several", [False, True])
def test_a_scorer_function_gets_the_pipeline_and_the_rows_as_a_grid_searchs_does(several):
    X, y = iris()
    X = pd.DataFrame(X * [1, 5, 0.1, 3] + 10, columns=["amount", "b", "c", "d"])
    pipeline = Pipeline([("scale", StandardScaler()), ("net", classifier())])
    scoring = {"cost": cost, "accuracy": "accuracy"} if several else cost
    fitted = sweep(pipeline, p=P, scoring=scoring, return_train_score=True, refit=False).fit(X, y)
    name = "cost" if several else "score"
    for k, (train, test) in enumerate(SPLITS.split(X)):
        scaler, seed = StandardScaler().fit(X.iloc[train]), cell_seeds(7)[0, k]
        for i, p in enumerate(P):
            net = by_hand(classifier(), scaler.transform(X.iloc[train]), y[train], p, seed)
            whole = Pipeline([("scale", scaler), ("net", net)])
            for part, rows in ("train", train), ("test", test):
                found = fitted.cv_results_[f"split{k}_{part}_{name}"][i]
                assert found == cost(whole, X.iloc[rows], y[rows])
    if several:
        alone = sweep(pipeline, p=P, refit=False).fit(X, y).cv_results_
        accuracy = table(fitted.cv_results_, "test_accuracy")
        np.testing.assert_array_equal(accuracy, table(alone))


def test_steps_that_write_into_their_rows_do_not_change_a_scorer_functions():
    X, y = iris()
    pipeline = make_pipeline(StandardScaler(copy=False), classifier())
    options = {"p": P, "refit": False, "return_train_score": True}
    fitted = sweep(pipeline, scoring=lambda e, X, y: e.score(X, y), **options).fit(X * 5, y)
    assert_same_results(fitted.cv_results_, sweep(pipeline, **options).fit(X * 5, y).cv_results_)


def test_a_scorer_function_sees_the_steps_as_the_user_named_them():
    names = set()

    def look(fitted, X, y):
        names.add((*fitted.named_steps, fitted["net"].sparsity_))
        return 0.0

    pipeline = Pipeline([("last", StandardScaler()), ("net", classifier())])
    sweep(pipeline, p=[0.0], scoring=look, refit=False).fit(*iris())
    assert names == {("last", "net", 0.0)}


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


# Steps of other kinds


class Squares(TransformerMixin, BaseEstimator):
    """Has nothing to fit: no attribute shows that `fit` was called."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.hstack([X, X**2])


class Leaky(TransformerMixin, BaseEstimator):
    """Tells the targets of the rows that it is fitted to, and of no others."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def fit_transform(self, X, y):
        return np.column_stack([self.fit(X, y).transform(X)[:, :-1], 5 * y])

    def transform(self, X):
        return np.column_stack([X, np.zeros(len(X))])


class FirstHalf(BaseEstimator):
    """A resampler as imbalanced-learn's: it takes rows away in fit alone."""

    def fit_resample(self, X, y):
        return X[: len(X) // 2], y[: len(X) // 2]


class ResamplingPipeline(Pipeline):
    """What imbalanced-learn's does beyond scikit-learn's: steps may have fit_resample."""

    def fit(self, X, y=None, **params):
        for _, step in self.steps[:-1]:
            if hasattr(step, "fit_resample"):
                X, y = step.fit_resample(X, y)
            else:
                X = step.fit(X, y).transform(X)
        self[-1].fit(X, y)
        return self

    def transform(self, X):
        for _, step in self.steps:
            X = X if hasattr(step, "fit_resample") else step.transform(X)
        return X


def assert_cells_are_by_hand(results, fit_transform, transform, part="test"):
    """Compare with runs on rows that were transformed by hand."""
    X, y = iris()
    for k, (train, test) in enumerate(SPLITS.split(X)):
        Z, z = fit_transform(X[train], y[train])
        rows = {"train": train, "test": test}[part]
        for i, p in enumerate(P):
            net = by_hand(classifier(), Z, z, p, cell_seeds(7)[0, k])
            expected = accuracy_score(y[rows], net.predict(transform(X[rows])))
            assert results[f"split{k}_{part}_score"][i] == expected


@pytest.mark.parametrize(
    "step",
    [Squares(), FeatureUnion([("raw", FunctionTransformer()), ("more", Squares())])],
    ids=["alone", "union"],
)
def test_steps_without_anything_to_fit_may_come_before_the_network(step):
    X, y = iris()
    fitted = sweep(make_pipeline(step, classifier()), p=P).fit(X, y)
    by_step = step.transform
    assert_cells_are_by_hand(fitted.cv_results_, lambda X, y: (by_step(X), y), by_step)
    assert fitted.best_estimator_[-1].n_features_in_ == by_step(X).shape[1]
    one = sweep(make_pipeline(step, classifier()), p=0.5).fit(X, y)
    assert one.score(X, y) == accuracy_score(y, one.best_estimator_[-1].predict(by_step(X)))


def network_score(fitted, X, y):
    """The same as accuracy, as a function of the user's."""
    return fitted.score(X, y)


@pytest.mark.parametrize("scoring", [None, "accuracy", network_score])
def test_training_rows_are_scored_as_they_are_predicted_whatever_the_metrics_name(scoring):
    pipeline = make_pipeline(Leaky(), classifier())
    options = {"return_train_score": True, "refit": False, "scoring": scoring}
    results = sweep(pipeline, p=P, **options).fit(*iris()).cv_results_
    step = Leaky()
    assert_cells_are_by_hand(
        results,
        lambda X, y: (step.fit_transform(X, y), y),
        step.transform,
        "train",
    )


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_pipeline_may_resample_the_rows_to_train_on(part):
    X, y = iris()
    pipeline = ResamplingPipeline(
        [("scale", StandardScaler()), ("half", FirstHalf()), ("net", classifier())]
    )
    options = {"return_train_score": True, "random_state": 7}
    fitted = sweep(pipeline, p=P, **options).fit(X * 5, y)
    assert isinstance(fitted.best_estimator_, ResamplingPipeline)
    scaler = StandardScaler()

    def halved(X, y):
        Z = scaler.fit_transform(X * 5)
        return Z[: len(Z) // 2], y[: len(Z) // 2]

    assert_cells_are_by_hand(fitted.cv_results_, halved, lambda X: scaler.transform(X * 5), part)
