"""Estimators with draws inside scikit-learn's wrappers and MAPIE's.

Coverage is of 2,000 fresh rows, its bound 5 standard errors: over seeds it would fail by chance
about once in 10⁵.
"""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from tests.cases import LABELS, NAMES, X, Y

SETTINGS = {
    "hidden_layer_sizes": (8,),
    "n_draws": 10,
    "max_steps": 400,
    "batch_size": 20,
    "random_state": 0,
}
NOISE = 0.5


def classifier(**parameters):
    return PreconditionedMLPClassifier(**(SETTINGS | parameters))


def regressor(**parameters):
    return PreconditionedMLPRegressor(**(SETTINGS | parameters))


def waves(n, seed):
    rng = np.random.default_rng(seed)
    inputs = rng.uniform(-2, 2, size=(n, 2))
    return inputs, np.sin(inputs[:, 0]) + inputs[:, 1] + NOISE * rng.normal(size=n)


def mean_log_likelihood(estimator, X, y):
    return estimator.log_likelihood(X, y).mean()


def predictions(estimator):
    """Return all that the draws of an estimator say."""
    if isinstance(estimator, PreconditionedMLPClassifier):
        return [estimator.predict_proba(X), *estimator.predict_uncertainty(X)]
    return [*estimator.predict(X, return_std=True), estimator.predict_interval(X)]


@pytest.mark.parametrize("ensemble", [True, False])
@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_a_calibrated_classifier_has_valid_probabilities_in_the_order_of_classes(method, ensemble):
    calibrated = CalibratedClassifierCV(classifier(), method=method, cv=3, ensemble=ensemble)
    calibrated.fit(X, NAMES)
    P = calibrated.predict_proba(X)
    assert calibrated.classes_.tolist() == sorted(set(NAMES))
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert P.min() >= 0
    np.testing.assert_array_equal(calibrated.predict(X), calibrated.classes_[P.argmax(axis=1)])
    assert calibrated.score(X, NAMES) > 0.8


def test_a_grid_search_over_the_number_of_draws_chooses_by_their_density():
    inputs, y = waves(300, 0)
    grid = GridSearchCV(regressor(), {"n_draws": [2, 20]}, scoring=mean_log_likelihood, cv=3)
    grid.fit(inputs, y)
    assert len(grid.best_estimator_.draws_) == grid.best_params_["n_draws"]
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()
    expected = grid.best_estimator_.log_likelihood(inputs, y).mean()
    assert grid.score(inputs, y) == pytest.approx(expected)


def test_a_search_includes_no_draws():
    grid = GridSearchCV(classifier(), {"n_draws": [0, 5]}, cv=3, scoring="neg_log_loss").fit(X, Y)
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()


def test_the_density_scores_cross_validation():
    """That of the noise is the highest there is on average; 0.2 for what is not learned."""
    inputs, y = waves(600, 1)
    scores = cross_val_score(
        regressor(max_steps=3_000), inputs, y, scoring=mean_log_likelihood, cv=3
    )
    best = -0.5 - np.log(NOISE * np.sqrt(2 * np.pi))
    assert best - 0.2 < scores.mean() < best + 5 * np.sqrt(0.5 / 600)


def test_transformed_targets_are_predicted_by_the_draws():
    inputs, y = waves(300, 2)
    model = TransformedTargetRegressor(regressor(), func=np.exp, inverse_func=np.log)
    model.fit(inputs, np.log(y - y.min() + 1))
    plain = regressor().fit(inputs, y - y.min() + 1)
    np.testing.assert_allclose(model.predict(inputs), np.log(plain.predict(inputs)), rtol=1e-6)
    np.testing.assert_allclose(model.regressor_.draws_, plain.draws_, rtol=1e-6, atol=1e-9)


def test_a_pipeline_hands_on_what_the_draws_are_asked_for():
    inputs, y = waves(300, 3)
    pipe = make_pipeline(StandardScaler(), regressor()).fit(inputs, y)
    scaled = pipe[0].transform(inputs)
    got, expected = pipe.predict(inputs, return_std=True), pipe[-1].predict(scaled, return_std=True)
    np.testing.assert_array_equal(got, expected)
    assert pipe[-1].predict_interval(scaled).shape == (300, 2)


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (classifier(), NAMES),
        (classifier(), LABELS),
        (regressor(), X[:, 0]),
        (regressor(), X[:, :2]),
        (regressor(loss="poisson"), Y),
    ],
    ids=["classes", "labels", "reals", "several reals", "counts"],
)
@pytest.mark.parametrize("pruned", [False, True])
def test_a_pickle_keeps_draws_and_what_they_say(estimator, y, pruned):
    model = clone(estimator).fit(X, y)
    if pruned:
        model.prune(0.8).sparsify().calibrate(X, y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.draws_, model.draws_)
    assert copy.temperature_ == model.temperature_
    for got, expected in zip(predictions(copy), predictions(model), strict=True):
        np.testing.assert_array_equal(got, expected)
    again = clone(model)
    assert again.n_draws == 10
    assert not hasattr(again, "draws_")


@pytest.fixture
def mapie():
    return pytest.importorskip("mapie.regression")


def assert_covered(conformal, coverage):
    """The conformal part is of 300 rows or more: 5 standard errors are 0.12."""
    inputs, y = waves(2_000, 5)
    point, intervals = conformal.predict_interval(inputs)
    assert intervals.shape == (2_000, 2, 1)
    low, high = intervals[:, :, 0].T
    assert np.mean((low <= y) & (y <= high)) == pytest.approx(coverage, abs=0.12)
    assert ((low <= point) & (point <= high)).mean() > 0.99


@pytest.mark.parametrize("prefit", [True, False])
def test_split_conformal_intervals_cover(mapie, prefit):
    (inputs, y), held_out = waves(600, 6), waves(300, 7)
    model = regressor(max_steps=2_000)
    if prefit:
        conformal = mapie.SplitConformalRegressor(model.fit(inputs, y), confidence_level=0.8)
    else:
        conformal = mapie.SplitConformalRegressor(model, confidence_level=0.8, prefit=False)
        conformal.fit(inputs, y)
    conformal.conformalize(*held_out)
    assert_covered(conformal, 0.8)
    np.testing.assert_array_equal(conformal.predict(inputs), model.fit(inputs, y).predict(inputs))


@pytest.mark.parametrize("method", ["base", "plus", "minmax"])
def test_cross_conformal_intervals_cover(mapie, method):
    model = regressor(max_steps=2_000)
    conformal = mapie.CrossConformalRegressor(
        model, confidence_level=0.8, method=method, cv=3, random_state=0
    )
    conformal.fit_conformalize(*waves(600, 6))
    assert_covered(conformal, 0.8)
