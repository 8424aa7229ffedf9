"""The mean of the iterates: its weights, masks, cuts, storage; the iterates go on unchanged."""

import copy
import pickle

import numpy as np
import pytest

from sksgdprune._kernels.types import STRIDE
from tests.cases import LABELS, X, Y, classifier, regressor, state

MAKES = [classifier, regressor]


def iterates(make, n_steps, prepare=lambda estimator: estimator, **parameters):
    """Return θ after each STRIDE steps of a training without an average."""
    estimator = prepare(make(**parameters))
    thetas = []
    for _ in range(n_steps // STRIDE):
        estimator.partial_fit(X, Y, n_steps=STRIDE, **first_classes(estimator))
        thetas.append(estimator.theta_.copy())
    return np.array(thetas)


def first_classes(estimator):
    return {"classes": [0, 1, 2]} if hasattr(estimator, "predict_proba") else {}


def mean_of(thetas, power):
    """Return the mean by the weights of the docs: the n-th has (p + 1) / (n + p) of the rest."""
    weights = np.zeros(len(thetas))
    for n in range(1, len(thetas) + 1):
        share = (power + 1) / (n + power)
        weights *= 1 - share
        weights[n - 1] = share
    assert weights.sum() == pytest.approx(1)
    return weights @ thetas


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize(
    "options", [{}, {"noise_estimator": "batch"}, {"preconditioner": "sqrt"}], ids=str
)
def test_true_weighs_the_later_iterates_more(make, options):
    averaged = make(average=True, max_steps=200, tol=0, **options).fit(X, Y)
    thetas = iterates(make, 200, **options)
    np.testing.assert_allclose(averaged.theta_, mean_of(thetas, 3), rtol=0, atol=1e-13)


def test_the_weights_of_true_rise_like_the_cube():
    n = 400
    shares = mean_of(np.eye(n), 3)
    expected = np.arange(1, n + 1) ** 3.0
    np.testing.assert_allclose(shares[50:], (expected / expected.sum())[50:], rtol=0.08)


@pytest.mark.slow  # many steps
@pytest.mark.parametrize("first", [1, 50, 103])
def test_a_number_begins_there_and_weighs_all_alike(first):
    averaged = classifier(average=first, max_steps=200, tol=0).fit(X, Y)
    clf, thetas = classifier(), []
    for step in range(1, 201):
        clf.partial_fit(X, Y, n_steps=1, classes=[0, 1, 2])
        if step > first and (step - first) % STRIDE == 0:
            thetas.append(clf.theta_.copy())
    np.testing.assert_allclose(averaged.theta_, np.mean(thetas, axis=0), rtol=0, atol=1e-13)


@pytest.mark.parametrize("steps", [1, STRIDE - 1])
def test_before_the_first_iterate_is_taken_the_last_one_predicts(steps):
    averaged = classifier(average=True, max_steps=steps).fit(X, Y)
    np.testing.assert_array_equal(averaged.theta_, classifier(max_steps=steps).fit(X, Y).theta_)


@pytest.mark.parametrize("average", [True, 25])
@pytest.mark.parametrize("cut", [0, 7, 10, 33])
def test_parts_of_a_training_have_the_same_average_as_the_whole(average, cut):
    whole = regressor(average=average, max_steps=60, tol=0).fit(X, Y)
    parts = regressor(average=average)
    if cut:
        parts.partial_fit(X, Y, n_steps=cut)
    parts.partial_fit(X, Y, n_steps=60 - cut)
    assert state(parts) == state(whole)


@pytest.mark.parametrize("make", MAKES)
def test_training_goes_on_from_the_last_iterate_as_without_an_average(make):
    plain, averaged = make(max_steps=200, tol=0), make(average=True, max_steps=200, tol=0)
    plain.fit(X, Y)
    averaged.fit(X, Y)
    np.testing.assert_array_equal(averaged.noise_variance_, plain.noise_variance_)
    assert averaged.loss_curve_ == plain.loss_curve_
    averaged.set_params(average=False).partial_fit(X, Y, n_steps=20)
    plain.partial_fit(X, Y, n_steps=20)
    assert state(averaged) == state(plain)


@pytest.mark.parametrize("p", [0.3, 0.95])
def test_masks_hold_exactly(p):
    clf = classifier(hidden_layer_sizes=(40,), average=True, max_steps=100).fit(X, Y)
    clf.prune(p, "random").freeze(0.5, "random")
    pruned, frozen = clf.status_ == 2, clf.status_ == 1
    kept = clf.theta_[frozen].copy()
    for n_steps in (3, 7, 30):
        clf.partial_fit(X, Y, n_steps=n_steps)
        assert not clf.theta_[pruned].any()
        np.testing.assert_array_equal(clf.theta_[frozen], kept)
    assert (clf.theta_[clf.status_ == 0] != 0).all()
    clf.unfreeze().partial_fit(X, Y, n_steps=20)
    assert (clf.theta_[frozen] != kept).any() or p > 0.9  # where few are left, some lead nowhere
    assert not clf.theta_[pruned].any()


def test_a_cut_ranks_what_predicts_and_starts_the_mean_anew():
    clf = classifier(average=True, max_steps=100, tol=0).fit(X, Y)
    plain = classifier(max_steps=100, tol=0).fit(X, Y)
    before = clf.theta_.copy()
    clf.prune(0.5)
    expected = copy.deepcopy(plain)
    expected.theta_ = before
    expected.prune(0.5)
    np.testing.assert_array_equal(clf.status_, expected.status_)
    np.testing.assert_array_equal(clf.theta_, expected.theta_)
    plain.status_ = clf.status_
    thetas = []
    for _ in range(4):
        plain.partial_fit(X, Y, n_steps=STRIDE)
        thetas.append(plain.theta_.copy())
    clf.partial_fit(X, Y, n_steps=4 * STRIDE)
    np.testing.assert_allclose(clf.theta_, mean_of(np.array(thetas), 3), rtol=0, atol=1e-13)


@pytest.mark.parametrize("p", [0.0, 0.95])
def test_copies_files_and_sparse_storage_keep_it(p):
    clf = classifier(hidden_layer_sizes=(40, 20), average=True, max_steps=95, tol=0).fit(X, Y)
    clf.prune(p, "random").partial_fit(X, Y, n_steps=25)
    sparse = copy.deepcopy(clf).sparsify()
    file = pickle.loads(pickle.dumps(sparse))
    for other in (sparse, file, copy.deepcopy(sparse).densify()):
        np.testing.assert_allclose(other.predict_proba(X), clf.predict_proba(X), atol=1e-12)
        further = (copy.deepcopy(e).partial_fit(X, Y, n_steps=17).theta_ for e in (other, clf))
        np.testing.assert_array_equal(*further)
    small = copy.deepcopy(clf).compact()
    np.testing.assert_allclose(small.predict_proba(X), clf.predict_proba(X), atol=1e-12)
    small.partial_fit(X, Y, n_steps=40)
    assert small.theta_.size <= clf.theta_.size


def test_early_stopping_returns_to_the_best_mean():
    rows = np.arange(150) % 3 > 0
    options = {"early_stopping": True, "max_steps": 2000, "n_iter_no_change": 3, "average": True}
    clf = classifier(**options).fit(X[rows], Y[rows], X_val=X[~rows], y_val=Y[~rows])
    assert clf.best_validation_score_ == pytest.approx(clf.score(X[~rows], Y[~rows]), rel=1e-12)
    grades = clf.validation_loss_curve_, np.negative(clf.validation_scores_)
    best = int(np.lexsort(grades)[0]) + 1
    until = classifier(average=True, max_steps=10 * best, tol=0).fit(X[rows], Y[rows])
    np.testing.assert_array_equal(clf.theta_, until.theta_)


def test_it_works_for_labels_weights_and_float32():
    clf = classifier(average=True, max_steps=100).fit(X.astype(np.float32), LABELS, Y + 1.0)
    assert clf.theta_.dtype == np.float32
    assert np.isfinite(clf.predict_proba(X)).all()


def test_a_start_anew_forgets_it():
    clf = classifier(average=True, max_steps=100).fit(X, Y)
    again = clf.fit(X[:90], Y[:90])
    assert state(again) == state(classifier(average=True, max_steps=100).fit(X[:90], Y[:90]))


@pytest.mark.parametrize("value", [0, -1, 0.5, "yes", None])
def test_other_values_are_refused(value):
    with pytest.raises(ValueError, match="average"):
        classifier(average=value).fit(X, Y)
