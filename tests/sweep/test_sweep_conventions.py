"""A sweep inside scikit-learn: searches, attributes, clones, groups."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score

from tests.sweep_cases import (
    SPLITS,
    P,
    assert_same_results,
    classifier,
    diabetes,
    draw_seeds,
    iris,
    regressor,
    scores_by_hand,
    sweep,
)


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


@pytest.mark.slow  # fits at the defaults
def test_a_sweep_has_what_a_search_has_and_partial_fit_and_to_frame():
    X, y = iris()
    frame = pd.DataFrame(X, columns=list("abcd"))

    def members(made):
        parameters = made.get_params(deep=False)
        names = {name for name in dir(made) if name[0] != "_"} - parameters.keys()
        return {name for name in names if hasattr(made, name)}

    for make in (classifier, regressor):
        fitted = members(sweep(make(), p=P).fit(frame, y))
        search = members(GridSearchCV(make(), {"alpha": [0, 1]}, cv=SPLITS).fit(frame, y))
        of_search_alone = {"best_params_", "multimetric_"}
        assert fitted ^ search == of_search_alone | {"best_p_", "partial_fit", "to_frame"}


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
