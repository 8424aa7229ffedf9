"""A training that diverged: nothing that looks like a result comes out of the estimator."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score

from sksgdprune import SparsitySweep
from tests.cases import LABELS, NAMES, X, Y, classifier, regressor, state

TARGET = X[:, 0]
# A rate at which plain SGD diverges, after some epochs.
WILD = {"preconditioner": "identity", "activation": "identity", "max_steps": 3000}
CASES = {
    "regressor": (regressor, TARGET, {"learning_rate": 10.0}),
    "targets": (regressor, X[:, :2], {"learning_rate": 10.0}),
    "classifier": (classifier, NAMES, {"learning_rate": 1.0, "alpha": 1e3}),
    "labels": (classifier, LABELS, {"learning_rate": 1.0, "alpha": 1e3}),
}
EACH = pytest.mark.parametrize(("make", "y", "options"), CASES.values(), ids=CASES)


def diverged(make, y, options):
    """Return an estimator whose fit diverged."""
    estimator = make(**(WILD | options))
    with pytest.warns(ConvergenceWarning, match="predicts NaN, though theta_ keeps the last"):
        return estimator.fit(X, y)


def assert_predicts_nothing(estimator, y):
    assert np.isfinite(estimator.theta_).all()
    assert np.isnan(estimator.score(X, y))
    assert np.isnan(estimator.score(X, y, np.ones(len(X))))
    if hasattr(estimator, "predict_proba"):
        with pytest.raises(ValueError, match="diverged, so no label is predicted; standard"):
            estimator.predict(X)
        for P in (estimator.predict_proba(X), estimator.predict_log_proba(X)):
            assert P.shape == (150, 3)
            assert np.isnan(P).all()
    else:
        predicted = estimator.predict(X)
        assert predicted.shape == y.shape
        assert np.isnan(predicted).all()


def assert_predicts(estimator, y):
    assert np.isfinite(estimator.score(X, y))
    assert estimator.predict(X).shape == y.shape


def test_divergence_warns_and_ends_with_the_last_finite_parameters():
    target = X[:, 0]
    options = {"activation": "identity", "preconditioner": "identity", "learning_rate": 10.0}
    with pytest.warns(ConvergenceWarning, match=r"diverged after \d+ steps"):
        diverged = regressor(**options, max_steps=500).fit(X, target)
    assert 0 < diverged.n_iter_ < 500
    assert np.isfinite(diverged.theta_).all()
    assert np.isfinite(diverged.noise_variance_).all()
    assert np.isfinite(diverged.loss_curve_).all()
    assert state(regressor(**options, max_steps=diverged.n_iter_).fit(X, target)) == state(diverged)


@EACH
def test_a_fit_that_diverged_predicts_nothing(make, y, options):
    assert_predicts_nothing(diverged(make, y, options), y)


@EACH
@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.prune(0.5),
        lambda e: e.prune(0.5).sparsify(),
        lambda e: e.prune(0.9, "random").sparsify().densify(),
        lambda e: e.freeze(0.5, "random").unfreeze(),
        lambda e: pickle.loads(pickle.dumps(e)),
        copy.deepcopy,
        lambda e: setattr(e, "noise_variance_", e.noise_variance_) or e,
        lambda e: e.set_params(learning_rate=0.01),
    ],
)
def test_what_trains_nothing_does_not_make_it_predict(make, y, options, change):
    assert_predicts_nothing(change(diverged(make, y, options)), y)


@EACH
def test_a_training_that_goes_well_makes_it_predict(make, y, options):
    estimator = diverged(make, y, options)
    finite = estimator.theta_ / (1 + np.abs(estimator.theta_).max())
    assert_predicts(estimator.set_params(learning_rate=1e-3, alpha=0.0).fit(X, y), y)
    estimator.theta_ = finite
    assert_predicts(estimator.partial_fit(X, y, n_steps=3), y)


@EACH
@pytest.mark.parametrize("attribute", ["theta_", "coefs_"])
def test_parameters_set_by_hand_make_it_predict(make, y, options, attribute):
    estimator, good = diverged(make, y, options), make().fit(X, y)
    setattr(estimator, attribute, getattr(good, attribute))
    assert_predicts(estimator, y)


@pytest.mark.parametrize("average", [False, True])
def test_partial_fit_that_diverged_predicts_nothing_either(average):
    reg = regressor(**WILD, average=average, learning_rate=1e-3).fit(X, TARGET)
    before = reg.predict(X)
    assert np.isfinite(before).all()
    with pytest.warns(ConvergenceWarning, match="predicts NaN"):
        reg.set_params(learning_rate=10.0).partial_fit(X, TARGET, n_steps=3000)
    assert_predicts_nothing(reg, TARGET)


def test_early_stopping_returns_to_the_best_parameters_and_predicts():
    # From a good start the wild rate takes some epochs, which are graded, to diverge.
    reg = regressor(**WILD, early_stopping=True, learning_rate=1e-3, batch_size=30)
    n_before = len(reg.fit(X, TARGET).validation_scores_)
    reg.set_params(learning_rate=0.6, warm_start=True, n_iter_no_change=np.inf)
    with pytest.warns(ConvergenceWarning, match="went back to the best parameters"):
        reg.fit(X, TARGET)
    scores = reg.validation_scores_[n_before:]
    assert np.isnan(scores[-1])
    assert len(scores) == len(reg.validation_loss_curve_) - n_before > 1
    assert reg.best_validation_score_ == np.nanmax(scores)
    assert_predicts(reg, TARGET)


def test_a_warning_made_an_error_leaves_the_estimator_as_it_was():
    reg = regressor().fit(X, TARGET)
    before = state(reg)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning):
            reg.set_params(**WILD, learning_rate=10.0).fit(X, TARGET)
    assert state(reg) == before
    assert_predicts(reg, TARGET)


# What scores it


@pytest.mark.parametrize("scoring", [None, "r2"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Scoring failed:UserWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
def test_cross_validation_and_searches_see_nan_and_choose_another(scoring):
    wild = regressor(**WILD, learning_rate=10.0)
    assert np.isnan(cross_val_score(wild, X, TARGET, scoring=scoring)).all()
    search = GridSearchCV(wild, {"learning_rate": [10.0, 1e-3]}, scoring=scoring).fit(X, TARGET)
    assert search.best_params_ == {"learning_rate": 1e-3}


@pytest.mark.parametrize("scoring", [None, "accuracy"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_sweep_gives_nan_to_what_diverged(scoring):
    wild = classifier(**(WILD | CASES["classifier"][2]))
    sweep = SparsitySweep(wild, p=[0.0, 1.0], warmup_steps=100, finetune_steps=300, cv=2)
    sweep.set_params(method="magnitude", schedule="one_shot", include_biases=True)
    sweep.set_params(random_state=0, scoring=scoring).fit(X, Y)
    scores = sweep.cv_results_["mean_test_score"]
    assert np.isnan(scores[0])
    assert np.isfinite(scores[1])  # all parameters are 0 and stay so
    assert sweep.best_p_ == 1
