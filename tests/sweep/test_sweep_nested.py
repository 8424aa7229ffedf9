"""Sweeps inside scikit-learn's meta-estimators and around Pipelines, and what they delegate."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    ParameterGrid,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_predict,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
from tests.sweep_cases import (
    SPLITS,
    P,
    assert_same_network,
    assert_same_results,
    cell_seeds,
    classifier,
    diabetes,
    iris,
    regressor,
    scores_by_hand,
    sweep,
    table,
)

X, Y = iris()
WEIGHTS = np.random.RandomState(0).choice([0.0, 1.0, 2.0], size=len(Y))


def scaled(last, name="mlp"):
    """A Pipeline of two steps."""
    return Pipeline([("scale", StandardScaler()), (name, last)])


# What a sweep delegates


def test_cuts_and_further_training_are_those_of_the_best_estimator():
    fitted = sweep(p=P).fit(X, Y)
    alone = deepcopy(fitted.best_estimator_)
    data = {"X": X, "y": Y}
    fitted.best_estimator_.prune(0.95).freeze(0.3, **data)
    assert fitted.partial_fit(X, Y, n_steps=30) is fitted
    assert_same_network(
        fitted.best_estimator_,
        alone.prune(0.95).freeze(0.3, **data).partial_fit(X, Y, n_steps=30),
    )
    np.testing.assert_array_equal(fitted.predict_proba(X), alone.predict_proba(X))


def test_a_sweep_has_what_a_search_has_and_partial_fit_and_to_frame():
    shared = {"fit", "predict", "predict_proba", "predict_log_proba", "score", "classes_"}
    shared |= {"n_features_in_", "get_metadata_routing", "get_params", "set_params"}
    shared |= {"set_callbacks", "set_fit_request", "set_score_request", "feature_names_in_"}
    public = {name for name in dir(SparsitySweep) if not name.startswith("_")}
    assert public == (shared & public) | {"partial_fit", "to_frame"}
    assert {"predict", "score", "classes_", "n_features_in_"} < public


@pytest.mark.parametrize("name", ["classes_", "n_features_in_", "feature_names_in_"])
def test_without_a_best_estimator_nothing_of_it_is_shown(name):
    for unfitted in (sweep(), sweep(p=[0.5], refit=False).fit(X, Y)):
        with pytest.raises(AttributeError, match=f"SparsitySweep has no {name} before fit"):
            getattr(unfitted, name)


def test_partial_fit_is_there_where_the_estimator_has_it():
    assert hasattr(sweep(), "partial_fit")
    assert hasattr(sweep(p=0.5).fit(X, Y), "partial_fit")
    pipeline = sweep(scaled(classifier()), p=0.5)
    for has_none in (pipeline, clone(pipeline).fit(X, Y)):
        with pytest.raises(AttributeError, match="'SparsitySweep' has no attribute 'partial_fit'"):
            has_none.partial_fit  # noqa: B018


def test_an_unknown_attribute_is_named():
    for one in (sweep(), sweep(p=0.5).fit(X, Y)):
        with pytest.raises(AttributeError, match="no attribute 'prunes'"):
            one.prunes  # noqa: B018


def test_what_is_refused_leaves_the_best_estimator_as_it_was():
    fitted = sweep(p=0.5).fit(X, Y)
    before = deepcopy(fitted.best_estimator_)
    for call in (
        lambda: fitted.partial_fit(X[:, :2], Y),
        lambda: fitted.partial_fit(X, Y, classes=[0, 1]),
    ):
        with pytest.raises(ValueError, match=r"."):
            call()
    assert_same_network(fitted.best_estimator_, before)


def test_the_first_partial_fit_fits():
    first = sweep(p=P).partial_fit(X, Y, classes=[0, 1, 2], n_steps=25)
    expected = sweep(p=P).fit(X, Y).partial_fit(X, Y, n_steps=25)
    assert_same_results(first.cv_results_, expected.cv_results_)
    assert_same_network(first.best_estimator_, expected.best_estimator_)


@pytest.mark.parametrize(
    ("estimator", "changes", "arguments", "error", "message"),
    [
        (classifier(), {}, {"n_steps": 0}, ValueError, "n_steps=0"),
        (classifier(early_stopping=True), {}, {}, ValueError, "early_stopping"),
        (classifier(class_weight="balanced"), {}, {}, ValueError, "balanced"),
        (classifier(), {}, {"classes": [0, 1, 2, 3]}, ValueError, r"no rows of the classes \[3\]"),
        (classifier(), {}, {"classes": [0, 1]}, ValueError, r"rows of the classes \[2\]"),
        (regressor(), {}, {"classes": [0, 1, 2]}, TypeError, "'classes'"),
        (classifier(), {"refit": False}, {}, NotFittedError, "refit=False"),
    ],
)
def test_a_first_partial_fit_is_refused_before_any_training(
    estimator, changes, arguments, error, message, training_runs
):
    unfitted = sweep(estimator, p=P, **changes)
    with pytest.raises(error, match=message):
        unfitted.partial_fit(X, Y, **arguments)
    assert training_runs == []
    assert set(vars(unfitted)) == set(unfitted.get_params(deep=False))


def test_a_first_partial_fit_that_fails_leaves_the_sweep_unfitted(monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("in vain")

    monkeypatch.setattr(PreconditionedMLPClassifier, "partial_fit", fail)
    unfitted = sweep(p=0.5)
    with pytest.raises(RuntimeError, match="in vain"):
        unfitted.partial_fit(X, Y)
    assert set(vars(unfitted)) == set(unfitted.get_params(deep=False))


@pytest.mark.parametrize("routed", [False, True])
def test_weights_reach_partial_fit(routed):
    clf = classifier()
    with config_context(enable_metadata_routing=routed):
        if routed:
            clf.set_partial_fit_request(sample_weight=True)
        fitted = sweep(clf, p=0.5).fit(X, Y)
        alone = deepcopy(fitted.best_estimator_)
        fitted.partial_fit(X, Y, sample_weight=WEIGHTS, n_steps=20)
    alone.partial_fit(X, Y, sample_weight=WEIGHTS, n_steps=20)
    assert_same_network(fitted.best_estimator_, alone)


def test_weights_that_nobody_requested_are_refused_by_partial_fit():
    with config_context(enable_metadata_routing=True):
        fitted = sweep(p=0.5).fit(X, Y)
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            fitted.partial_fit(X, Y, sample_weight=WEIGHTS)
    assert not hasattr(fitted, "set_partial_fit_request")


# Pipelines, and regressors of transformed targets


def test_a_sweep_is_the_last_step_of_a_pipeline():
    frame = pd.DataFrame(3 * X + 1, columns=list("abcd"))
    whole = scaled(sweep(p=P), "sweep").set_output(transform="pandas").fit(frame, Y)
    alone = sweep(p=P).fit(StandardScaler().fit_transform(frame), Y)
    assert_same_results(whole[-1].cv_results_, alone.cv_results_)
    assert_same_network(whole[-1].best_estimator_, alone.best_estimator_)
    assert whole[-1].feature_names_in_.tolist() == list("abcd")
    assert whole.score(frame, Y) == alone.score(StandardScaler().fit_transform(frame), Y)


def test_the_earlier_steps_may_be_a_pipeline():
    Z = 3 * X + 1
    inner = make_pipeline(FunctionTransformer(np.cbrt), StandardScaler())
    nested = sweep(make_pipeline(inner, classifier()), p=P).fit(Z, Y)
    flat = sweep(make_pipeline(*clone(inner), classifier()), p=P).fit(Z, Y)
    assert_same_results(nested.cv_results_, flat.cv_results_)
    np.testing.assert_array_equal(nested.predict_proba(Z), flat.predict_proba(Z))


@pytest.mark.parametrize(
    "estimator",
    [
        TransformedTargetRegressor(regressor()),
        scaled(scaled(classifier())),
        LogisticRegression(),
        sweep(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_a_sweep_of_another_estimator_says_what_it_takes(estimator):
    with pytest.raises(TypeError, match=r"a\s+Pipeline ending in one, got"):
        sweep(estimator).fit(X, Y)


@pytest.mark.parametrize("p", [0.5, P])
def test_targets_of_a_sweep_can_be_transformed(p):
    Z, y = diabetes()
    y = 50 * y + 100
    whole = TransformedTargetRegressor(sweep(regressor(), p=p), transformer=StandardScaler())
    whole.fit(Z, y)
    alone = sweep(regressor(), p=p).fit(Z, StandardScaler().fit_transform(y[:, None])[:, 0])
    assert_same_network(whole.regressor_.best_estimator_, alone.best_estimator_)
    np.testing.assert_allclose(whole.predict(Z), alone.predict(Z) * y.std() + y.mean(), rtol=1e-9)


# Searches


GRIDS = {
    "sweep": (sweep(), {"p": [0.2, 0.9], "method": ["magnitude", "noise"]}),
    "schedule": (sweep(p=0.8), {"schedule": ["one_shot", "cubic"]}),
    "many p": (sweep(), {"p": [[0.0, 0.5], [0.9]]}),
    "estimator": (sweep(p=0.8), {"estimator__learning_rate": [0.01, 0.2]}),
    "pipeline": (
        sweep(scaled(classifier()), p=0.8),
        {"estimator__mlp__alpha": [0.0, 9.0], "estimator__scale__with_std": [True, False]},
    ),
}


@pytest.mark.parametrize(("swept", "grid"), GRIDS.values(), ids=GRIDS)
def test_a_grid_search_scores_what_each_sweep_scores(swept, grid):
    search = GridSearchCV(swept, grid, cv=SPLITS).fit(X, Y)
    for i, parameters in enumerate(ParameterGrid(grid)):
        for k, (train, test) in enumerate(SPLITS.split(X)):
            one = clone(swept).set_params(**parameters).fit(X[train], Y[train])
            assert search.cv_results_[f"split{k}_test_score"][i] == one.score(X[test], Y[test])
    best = clone(swept).set_params(**search.best_params_).fit(X, Y)
    np.testing.assert_array_equal(search.predict_proba(X), best.predict_proba(X))


def test_a_search_by_halves_drops_the_worse_sweeps():
    grid = {"p": [0.1, 0.9], "estimator__learning_rate": [1e-9, 0.1]}
    cv = StratifiedKFold(2)
    search = HalvingGridSearchCV(sweep(), grid, cv=cv, factor=2, min_resources=24, random_state=0)
    search.fit(X, Y)
    assert search.n_candidates_ == [4, 2]
    assert search.best_params_["estimator__learning_rate"] == 0.1
    best = sweep().set_params(**search.best_params_).fit(X, Y)
    assert_same_network(search.best_estimator_.best_estimator_, best.best_estimator_)


# Copies


@pytest.mark.parametrize("p", [0.5, P])
@pytest.mark.parametrize("make", [classifier, lambda: scaled(classifier())], ids=["mlp", "piped"])
def test_a_pickled_sweep_is_the_sweep(make, p):
    fitted = sweep(make(), p=p).fit(X, Y)
    twin = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(twin.predict_proba(X), fitted.predict_proba(X))
    assert twin.score(X, Y) == fitted.score(X, Y)
    for unfitted in (pickle.loads(pickle.dumps(sweep(make(), p=p))), clone(twin)):
        again = unfitted.fit(X, Y)
        np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_nested_parameters_are_set_where_they_are():
    swept = sweep(scaled(sweep().estimator))
    swept.set_params(p=0.3, estimator__mlp__alpha=0.25, estimator__scale__with_mean=False)
    assert swept.estimator["mlp"].alpha == 0.25
    assert not swept.estimator["scale"].with_mean
    assert clone(swept).get_params()["estimator__mlp__alpha"] == 0.25
    with pytest.raises(ValueError, match="Invalid parameter 'rate'"):
        swept.set_params(estimator__mlp__rate=1)


# Ensembles


def test_a_vote_is_the_mean_of_the_sweeps():
    sweeps = [("half", sweep(p=0.5)), ("many", sweep(p=P))]
    vote = VotingClassifier(sweeps, voting="soft").fit(X, Y)
    expected = np.mean([one.fit(X, Y).predict_proba(X) for _, one in sweeps], axis=0)
    np.testing.assert_array_equal(vote.predict_proba(X), expected)


def test_predictions_across_splits_and_a_stack_of_them_are_the_sweeps():
    expected = np.empty((len(Y), 3))
    for train, test in SPLITS.split(X):
        expected[test] = sweep(p=0.5).fit(X[train], Y[train]).predict_proba(X[test])
    got = cross_val_predict(sweep(p=0.5), X, Y, cv=SPLITS, method="predict_proba")
    np.testing.assert_array_equal(got, expected)
    stack = StackingClassifier([("sweep", sweep(p=0.5))], cv=SPLITS).fit(X, Y)
    truth = LogisticRegression().fit(expected, Y)
    np.testing.assert_array_equal(stack.final_estimator_.coef_, truth.coef_)
    features = sweep(p=0.5).fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(stack.predict(X), truth.predict(features))


def test_each_calibrated_sweep_has_seen_its_splits_rows():
    whole = CalibratedClassifierCV(sweep(p=0.5), cv=SPLITS).fit(X, Y)
    for calibrated, (train, _) in zip(whole.calibrated_classifiers_, SPLITS.split(X), strict=True):
        alone = sweep(p=0.5).fit(X[train], Y[train])
        assert_same_network(calibrated.estimator.best_estimator_, alone.best_estimator_)
    np.testing.assert_allclose(whole.predict_proba(X).sum(axis=1), 1)


def test_each_bagged_sweep_has_its_own_seed_and_rows():
    bag = BaggingClassifier(sweep(p=0.5), 2, random_state=0).fit(X, Y)
    for one, rows in zip(bag.estimators_, bag.estimators_samples_, strict=True):
        alone = clone(one).fit(X[rows], Y[rows])
        assert_same_network(one.best_estimator_, alone.best_estimator_)
    seeds = [one.random_state for one in bag.estimators_]
    assert len(set(seeds)) == 2


def test_a_learning_curve_goes_on_with_a_sweep():
    train, test = np.split(np.random.RandomState(0).permutation(len(Y)), [30])
    options = {"cv": [(train, test)], "train_sizes": [15, 30]}
    scores = learning_curve(sweep(p=P), X, Y, **options, exploit_incremental_learning=True)[2]
    one = sweep(p=P).partial_fit(X[train[:15]], Y[train[:15]])
    expected = [one.score(X[test], Y[test])]
    expected.append(one.partial_fit(X[train[15:]], Y[train[15:]]).score(X[test], Y[test]))
    np.testing.assert_array_equal(scores[:, 0], expected)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_one_sweep_per_class(method):
    arguments = ([0, 1, 2],) if method == "partial_fit" else ()
    whole = getattr(OneVsRestClassifier(sweep(p=0.5)), method)(X, Y, *arguments)
    for k, one in enumerate(whole.estimators_):
        alone = getattr(sweep(p=0.5), method)(X, (k == Y).astype(int))
        assert_same_network(one.best_estimator_, alone.best_estimator_)


# Splits and metadata


@pytest.mark.parametrize(
    "cv",
    [
        StratifiedKFold(3, shuffle=True, random_state=1),
        RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=1),
        RepeatedKFold(n_splits=2, n_repeats=2, random_state=1),
    ],
    ids=lambda cv: type(cv).__name__,
)
def test_cells_of_any_splitter_are_trainings_by_hand(cv):
    fitted = sweep(p=[0.5, 0.9], cv=cv, refit=False).fit(X, Y)
    seeds = cell_seeds(7, n_splits=cv.get_n_splits())
    expected = scores_by_hand(classifier(), X, Y, [0.5, 0.9], seeds, cv)
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)


def test_groups_are_routed_through_a_search_to_the_splitter_of_a_sweep():
    groups, grid = np.arange(len(Y)) % 5, {"method": ["magnitude", "noise"]}
    inner, outer = sweep(p=[0.2, 0.9], cv=GroupKFold(2)), GroupKFold(3)
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(inner, grid, cv=outer).fit(X, Y, groups=groups)
    for k, (train, test) in enumerate(outer.split(X, Y, groups)):
        for i, method in enumerate(grid["method"]):
            one = clone(inner).set_params(method=method)
            one.fit(X[train], Y[train], groups=groups[train])
            assert search.cv_results_[f"split{k}_test_score"][i] == one.score(X[test], Y[test])


@pytest.mark.parametrize("routed", [False, True])
def test_weights_reach_a_sweep_at_the_end_of_a_pipeline(routed):
    clf, scaler = classifier(), StandardScaler()
    with config_context(enable_metadata_routing=routed):
        if routed:
            clf.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
            scaler.set_fit_request(sample_weight=False)
        whole = Pipeline([("scale", scaler), ("sweep", sweep(clf, p=P))])
        name = "sample_weight" if routed else "sweep__sample_weight"
        whole.fit(3 * X + 1, Y, **{name: WEIGHTS})
    alone = sweep(p=P).fit(StandardScaler().fit_transform(3 * X + 1), Y, sample_weight=WEIGHTS)
    assert_same_results(whole[-1].cv_results_, alone.cv_results_)
    assert_same_network(whole[-1].best_estimator_, alone.best_estimator_)
