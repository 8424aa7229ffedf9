"""What meets those who put the estimators in the place of scikit-learn's MLP."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils._testing import ignore_warnings

from sksgdprune._kernels.types import PRUNED
from tests.cases import BOTH, X, Y, state, untuned_classifier

# Parameters of the same name


@BOTH
@pytest.mark.parametrize(
    ("parameter", "explained"),
    [
        ({"batch_size": "auto"}, r"must be an int .*min\(200, n_samples\).* Got 'auto'"),
        ({"learning_rate": "adaptive"}, "must be a float .*learning_rate_init.* Got 'adaptive'"),
        ({"learning_rate": "constant"}, "the constant rate itself.* Got 'constant'"),
        ({"learning_rate": 0}, "learning_rate_init.* Got 0 instead"),
        ({"batch_size": True}, "rows of a minibatch.* Got True instead"),
    ],
    ids=str,
)
def test_a_value_of_scikit_learns_kind_is_told_the_meaning_here(Estimator, parameter, explained):
    with pytest.raises(InvalidParameterError, match=explained):
        Estimator(**parameter).fit(X, Y)


# Weights set by hand


def trained(**parameters):
    options = {"hidden_layer_sizes": (5, 4), "max_steps": 30}
    return untuned_classifier(**(options | parameters)).fit(X, Y)


def test_weights_may_be_assigned_as_lists():
    donor, clf = trained(random_state=7), trained()
    clf.coefs_ = list(donor.coefs_)
    clf.intercepts_ = [b.tolist() for b in donor.intercepts_]
    np.testing.assert_array_equal(clf.theta_, donor.theta_)
    np.testing.assert_array_equal(clf.predict_proba(X), donor.predict_proba(X))


def test_assigned_weights_are_what_scikit_learn_predicts_from():
    peer = MLPClassifier((5, 4), activation="tanh", max_iter=5, random_state=0)
    with ignore_warnings(category=ConvergenceWarning):
        peer.fit(X, Y)
    clf = trained(activation="tanh", standardize=False)
    clf.coefs_, clf.intercepts_ = peer.coefs_, peer.intercepts_
    np.testing.assert_allclose(clf.predict_proba(X), peer.predict_proba(X))


@pytest.mark.parametrize("change", [lambda clf: clf, lambda clf: clf.sparsify()])
@pytest.mark.parametrize("average", [False, True])
def test_pruned_weights_stay_zero_in_an_assignment(change, average):
    clf = change(trained(average=average).prune(0.6))
    pruned = clf.status_ == PRUNED
    clf.coefs_ = [np.ones(W.shape) for W in clf.coefs_]
    clf.intercepts_ = [np.ones(b.shape) for b in clf.intercepts_]
    np.testing.assert_array_equal(clf.theta_, np.where(pruned, 0, 1))
    np.testing.assert_array_equal(clf.status_ == PRUNED, pruned)


def test_the_csr_weights_of_a_sparsified_network_may_be_assigned():
    clf = trained().prune(0.6).sparsify()
    expected = 2 * clf.theta_
    clf.coefs_ = [2 * W for W in clf.coefs_]
    clf.intercepts_ = [2 * b for b in clf.intercepts_]
    np.testing.assert_array_equal(clf.theta_, expected)


@BOTH
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("attribute", ["coefs_", "intercepts_"])
def test_a_layer_of_the_list_cannot_be_assigned_or_written_into(Estimator, sparse, attribute):
    estimator = Estimator(max_steps=5, random_state=0).fit(X, Y)
    estimator = estimator.prune(0.3).sparsify() if sparse else estimator
    before = state(estimator)
    tensors = getattr(estimator, attribute)
    with pytest.raises(TypeError, match=r"clf.coefs_ = \[W, \*clf.coefs_\[1:\]\]"):
        tensors[0] = 2 * tensors[0]
    entries = tensors[0].data if issparse(tensors[0]) else tensors[0]
    with pytest.raises(ValueError, match="read-only"):
        entries[:1] = 2
    with pytest.raises(ValueError, match="read-only"):
        tensors[0] *= 2
    assert state(estimator) == before


@pytest.mark.parametrize("attribute", ["theta_", "noise_variance_", "status_"])
def test_fitted_vectors_cannot_be_written_into(attribute):
    with pytest.raises(ValueError, match="read-only"):
        getattr(trained().prune(0.3), attribute)[:] = 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda W: W[:2], r"of shapes \[\(4, 5\), \(5, 4\)\]; they must be \[\(4, 5\), \(5, 4\), "),
        (lambda W: [W[0].T, *W[1:]], r"coefs_ of shapes \[\(5, 4\), "),
        (lambda W: [0, *W[1:]], r"coefs_ of shapes \[\(\), "),
        (lambda W: [np.full((4, 5), np.nan), *W[1:]], "Got nan in theta_"),
        (lambda W: [np.full((4, 5), -np.inf), *W[1:]], "Got -inf in theta_"),
    ],
)
def test_weights_of_a_wrong_shape_or_not_finite_are_refused(wrong, told):
    clf = trained()
    before = state(clf)
    with pytest.raises(ValueError, match=told):
        clf.coefs_ = wrong(list(clf.coefs_))
    assert state(clf) == before


def test_a_mask_of_truth_values_is_no_status():
    clf = trained()
    before = state(clf)
    with pytest.raises(ValueError, match=r"truth values in status_; expected 0 \(free\), 1 \("):
        clf.status_ = clf.theta_ != 0
    assert state(clf) == before


def test_weights_cannot_be_assigned_before_fit():
    with pytest.raises(AttributeError, match="has no intercepts_ before fit"):
        untuned_classifier().intercepts_ = [np.zeros(3)]


def test_the_layers_are_a_sequence_like_scikit_learns():
    clf = trained()
    assert len(clf.coefs_) == len(clf.intercepts_) == 3
    assert [W.shape for W in clf.coefs_[1:]] == [(5, 4), (4, 3)]
    assert len(clf.coefs_ + clf.intercepts_) == 6
    for W, copied in zip(clf.coefs_, pickle.loads(pickle.dumps(clf.coefs_)), strict=True):
        np.testing.assert_array_equal(W, copied)


# A single class


@pytest.mark.parametrize(
    ("y", "weights", "expected"),
    [
        (np.repeat("a", 150), None, "a"),
        (np.where(Y == 1, "b", "a"), (Y == 1).astype(float), "b"),
        (np.repeat(True, 150), np.arange(150) % 3, True),
    ],
    ids=["y", "weights", "bool"],
)
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"class_weight": "balanced"}])
def test_a_single_class_gives_a_constant_model(y, weights, expected, options):
    clf = untuned_classifier(**options).fit(X, y, weights)
    assert clf.classes_.tolist() == [expected]
    assert set(clf.predict(X)) == {expected}
    np.testing.assert_array_equal(clf.predict_proba(X), np.ones((150, 1)))
    np.testing.assert_array_equal(clf.predict_log_proba(X), np.zeros((150, 1)))
    assert clf.score(X, np.repeat(expected, 150)) == 1


def test_partial_fit_takes_a_single_class_as_scikit_learn_does():
    single = np.zeros(150, dtype=int)
    clf = untuned_classifier().partial_fit(X, single, classes=[0]).partial_fit(X, single)
    peer = MLPClassifier(random_state=0).partial_fit(X, single, classes=[0])
    np.testing.assert_array_equal(clf.predict(X), peer.predict(X))


def test_a_bag_of_small_samples_may_hold_single_classes():
    bag = BaggingClassifier(untuned_classifier(max_steps=50), n_estimators=20, max_samples=3)
    bag.set_params(random_state=0).fit(X, Y)
    assert {len(member.classes_) for member in bag.estimators_} >= {1, 2}
    P = bag.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)


# The table


@pytest.mark.parametrize("theirs", [MLPClassifier, MLPRegressor])
def test_the_table_has_every_argument_attribute_and_method(theirs):
    table = (Path(__file__).parents[2] / "docs" / "coming_from_mlp.md").read_text(encoding="utf-8")
    fitted = theirs(max_iter=1, early_stopping=True)
    with ignore_warnings(category=ConvergenceWarning):
        fitted.fit(X, Y)
    attributes = {name for name in vars(fitted) if name.endswith("_")}
    methods = {name for name in dir(theirs) if not name.startswith("_")}
    named = set(re.findall(r"(?<=`)\w+", table))
    assert fitted.get_params().keys() | attributes | methods <= named
