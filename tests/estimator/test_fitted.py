"""Fitted attributes set by hand: what is taken, what is refused, what cannot be written into."""

import pickle

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.utils._testing import ignore_warnings

from sksgdprune._kernels.types import PRUNED
from tests.cases import BOTH, X, Y, state, untuned_classifier


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
    clf = trained(activation="tanh", encoding=None)
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
    with pytest.raises(ValueError, match=r"booleans in status_; expected 0 \(free\), 1 \("):
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


@pytest.mark.parametrize(
    ("name", "value"),
    [("status_", 5), ("status_", 1.7), ("theta_", np.nan), ("noise_variance_", -1.0)],
)
def test_fitted_vectors_take_only_possible_values(name, value):
    clf = trained()
    with pytest.raises(ValueError, match=name):
        setattr(clf, name, np.full(clf.theta_.shape, value))


def test_a_noise_variance_of_0_can_be_set():
    clf = trained()
    clf.noise_variance_ = np.zeros(clf.theta_.shape)
    assert not clf.noise_variance_.any()
    assert np.isfinite(clf.partial_fit(X, Y).theta_).all()
