"""Compaction of networks with frozen parameters: these stay what they are, to the last bit."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksgdprune import PreconditionedMLPClassifier
from tests.cases import X, Y

FREE, FROZEN, PRUNED = range(3)


def classifier(sizes=(6,), activation="logistic", **options):
    options = {"max_steps": 100, "random_state": 0} | options
    return PreconditionedMLPClassifier(sizes, activation, **options).fit(X, Y)


def vectors(clf):
    """Every θ that the fitted state holds: iterate, average, posterior samples."""
    network = clf._state.network
    state, _, average = network.dense()
    return [state.theta, *([] if average is None else [average]), *network.dense_samples()]


def assert_frozen_alike(clf):
    frozen = clf.status_ == FROZEN
    for vector in vectors(clf):
        np.testing.assert_array_equal(vector[frozen], clf.theta_[frozen])


def constant_unit(clf, **status):
    """Prune the inputs of the first hidden unit, and set the status of other tensors."""
    new = clf.status_.copy()
    layout = clf._state.network.layout
    layout.weights(new)[0][:, 0] = PRUNED
    for name, value in status.items():
        layout.views(new)[["W1", "b1", "W2", "b2"].index(name)][..., :] = value
    layout.weights(new)[0][:, 0] = PRUNED
    clf.status_ = new
    return clf


@pytest.mark.parametrize("form", ["densify", "sparsify"])
@pytest.mark.parametrize("options", [{}, {"n_draws": 4}, {"average": False}], ids=str)
def test_a_frozen_bias_does_not_move_after_compact(form, options):
    clf = getattr(constant_unit(classifier(**options), b2=FROZEN), form)()
    biases, expected = clf.intercepts_[1].copy(), clf.predict_log_proba(X)
    clf.compact()
    np.testing.assert_allclose(clf.predict_log_proba(X), expected, atol=1e-12)
    for n_steps in (7, 40):
        clf.partial_fit(X, Y, n_steps=n_steps)
        np.testing.assert_array_equal(clf.intercepts_[1], biases)
        assert_frozen_alike(clf)


def test_a_frozen_bias_takes_a_constant_that_cannot_change():
    clf = constant_unit(classifier(n_draws=4), b1=FROZEN, W2=FROZEN, b2=FROZEN)
    value, W = 1 / (1 + np.exp(-clf.intercepts_[0][0])), clf.coefs_[1][0]
    biases, expected = clf.intercepts_[1] + value * W, clf.predict_log_proba(X)
    clf.compact()
    assert clf.coefs_[0].shape == (4, 5)
    np.testing.assert_allclose(clf.predict_log_proba(X), expected, atol=1e-12)
    np.testing.assert_allclose(clf.intercepts_[1], biases, rtol=1e-12)
    biases = clf.intercepts_[1].copy()
    np.testing.assert_array_equal(clf.partial_fit(X, Y, n_steps=40).intercepts_[1], biases)
    assert_frozen_alike(clf)


def test_a_unit_that_adds_nothing_goes_though_a_bias_is_frozen():
    clf = constant_unit(classifier(activation="tanh"), b1=PRUNED, b2=FROZEN)
    biases = clf.intercepts_[1].copy()
    assert clf.compact().coefs_[0].shape == (4, 5)
    np.testing.assert_array_equal(clf.intercepts_[1], biases)


FITTED = {
    activation: classifier((4, 3), activation, n_draws=2, max_steps=40)
    for activation in ("logistic", "relu")
}


@given(st.sampled_from([*FITTED]), st.integers(0, 2**31), st.floats(0.2, 0.9))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_compact_of_any_masks_leaves_predictions_and_what_is_frozen(activation, seed, p):
    clf, rng = copy.deepcopy(FITTED[activation]), np.random.RandomState(seed)
    clf.status_ = rng.choice(3, size=clf.theta_.size, p=[(1 - p) / 2, (1 - p) / 2, p])
    expected = [clf.predict_log_proba(X)]
    expected += [
        clf._state.network.at_sample(s).output(X) for s in clf._state.network.posterior_samples
    ]
    clf.compact()
    network = clf._state.network
    got = [clf.predict_log_proba(X)]
    got += [network.at_sample(s).output(X) for s in network.posterior_samples]
    np.testing.assert_allclose(got, expected, atol=1e-12)
    assert_frozen_alike(clf)
    frozen = clf.status_ == FROZEN
    theta = clf.theta_[frozen]
    np.testing.assert_array_equal(clf.partial_fit(X, Y, n_steps=20).theta_[frozen], theta)
