"""Pruned inputs as a feature selection: SelectFromModel over estimators and sweeps."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_friedman1
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import PreconditionedMLPRegressor, SparsitySweep
from tests.cases import X as ALL
from tests.cases import classifier as fitted_quickly
from tests.cases import regressor as regressor_fitted_quickly
from tests.sweep_cases import (
    P,
    assert_same_network,
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

USED = {"importance_getter": "features_used_", "threshold": 0.5}
WEIGHTS = {"threshold": 1e-12}  # of coef_
OF_SWEEP = {"importance_getter": "best_estimator_.features_used_", "threshold": 0.5}
WEIGHTS_OF_SWEEP = {"importance_getter": "best_estimator_.coef_", "threshold": 1e-12}
CASES = {"classifier": (classifier, iris), "regressor": (regressor, diabetes)}
EACH = pytest.mark.parametrize(("make", "data"), CASES.values(), ids=CASES)


@EACH
@pytest.mark.parametrize(
    "how",
    [OF_SWEEP, WEIGHTS_OF_SWEEP, {"importance_getter": "best_estimator_.features_used_"}],
)
def test_a_sweep_over_inputs_selects_features(make, data, how):
    X, y = data()
    selector = SelectFromModel(sweep(make(), p=0.7, structure="input"), **how).fit(X, y)
    used = selector.estimator_.best_estimator_.features_used_
    assert used.sum() == X.shape[1] - int(0.7 * X.shape[1])
    np.testing.assert_array_equal(selector.get_support(), used)
    np.testing.assert_array_equal(selector.transform(X), X[:, used])
    names = np.array([f"f{i}" for i in range(X.shape[1])], dtype=object)
    np.testing.assert_array_equal(selector.get_feature_names_out(names), names[used])
    anonymous = [f"x{i}" for i in np.flatnonzero(used)]
    assert selector.get_feature_names_out().tolist() == anonymous


@pytest.mark.parametrize("how", [USED, WEIGHTS])
@pytest.mark.parametrize("form", ["dense", "sparsified", "compacted"])
@pytest.mark.parametrize("make", [fitted_quickly, regressor_fitted_quickly])
def test_a_fitted_estimator_selects_features(make, form, how):
    y = (ALL[:, 0] > 0).astype(int)
    fitted = make().fit(ALL, y).prune(0.5, structure="input")
    used = fitted.features_used_
    if form != "dense":
        getattr(fitted, {"sparsified": "sparsify", "compacted": "compact"}[form])()
    selector = SelectFromModel(fitted, prefit=True, **how)
    assert used.sum() == 2
    np.testing.assert_array_equal(selector.transform(ALL), ALL[:, used])
    np.testing.assert_array_equal(selector.fit(ALL).get_support(), used)


def test_a_selector_is_a_step_of_a_pipeline():
    X, y = iris()
    frame = pd.DataFrame(X, columns=list("abcd"))
    selector = SelectFromModel(sweep(classifier(), p=0.5, structure="input"), **OF_SWEEP)
    whole = make_pipeline(selector, LogisticRegression()).fit(frame, y)
    used = whole[0].estimator_.best_estimator_.features_used_
    np.testing.assert_array_equal(whole[:-1].get_feature_names_out(), np.array(list("abcd"))[used])
    expected = LogisticRegression().fit(X[:, used], y)
    np.testing.assert_array_equal(whole.predict(frame), expected.predict(X[:, used]))
    assert cross_val_score(whole, X, y, cv=3).shape == (3,)


def test_a_sweep_of_a_pipeline_says_which_of_its_inputs_the_network_uses():
    pipeline = Pipeline([("scale", StandardScaler()), ("net", classifier())])
    fitted = sweep(pipeline, p=0.5, structure="input").fit(*iris())
    assert fitted.best_estimator_["net"].features_used_.sum() == 2


@pytest.mark.parametrize("structure", ["unit", "input"])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_one_p_of_units_or_inputs_is_warm_up_cut_and_partial_fit(structure, scope):
    X, y = iris()
    cut = {"structure": structure, "scope": scope}
    fitted = sweep(p=0.5, **cut).fit(X, y)
    assert_same_network(
        fitted.best_estimator_, by_hand(classifier(), X, y, 0.5, draw_seeds(7, 2)[0][1], **cut)
    )


@pytest.mark.parametrize("structure", ["unit", "input"])
def test_cells_of_units_or_inputs_are_trainings_by_hand(structure):
    X, y = iris()
    results = sweep(p=[*P, 1.0], structure=structure, refit=False).fit(X, y).cv_results_
    expected = scores_by_hand(classifier(), X, y, [*P, 1.0], cell_seeds(7), structure=structure)
    np.testing.assert_array_equal(table(results), expected)
    # Of 51 parameters an input has 6 and a unit 8; one of 4 inputs and of 6 units stays.
    pruned = {"input": [0, 12, 18, 18], "unit": [0, 24, 40, 40]}[structure]
    np.testing.assert_allclose(results["sparsity"], np.array(pruned) / 51)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_five_features_that_matter_are_found(seed):
    X, y = make_friedman1(500, random_state=0)
    reg = PreconditionedMLPRegressor((20,))
    by_fisher = SparsitySweep(reg, p=0.5, method="fisher", structure="input", random_state=seed)
    found = by_fisher.fit(X, y).best_estimator_.features_used_
    assert found.tolist() == [True] * 5 + [False] * 5
    assert by_fisher.score(X, y) > 0.95
