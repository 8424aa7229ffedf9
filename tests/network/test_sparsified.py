"""Sparse storage, prediction over lists, compaction, and CSR input."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_digits

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]


def classifier(p=0.95, **changes):
    options = {"hidden_layer_sizes": (40, 20), "max_steps": 30, "random_state": 0} | changes
    return PreconditionedMLPClassifier(**options).fit(X, y).prune(p)


@pytest.mark.parametrize("p", [0, 0.5, 0.9, 0.99, 1])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("as_rows", [np.asarray, sparse.csr_array, sparse.csc_matrix])
def test_sparsified_predicts_as_before(p, activation, as_rows):
    clf = classifier(p, activation=activation)
    rows = as_rows(X)
    expected = clf.predict_log_proba(X)
    clf.sparsify()
    np.testing.assert_allclose(clf.predict_log_proba(rows), expected, atol=1e-12)
    np.testing.assert_allclose(clf.predict_proba(rows[:1]), np.exp(expected[:1]), atol=1e-12)
    assert clf.predict(rows).tolist() == clf.densify().predict(rows).tolist()


def test_sparsified_regressor_in_float32_predicts_as_before():
    reg = PreconditionedMLPRegressor((40,), max_steps=30, random_state=0)
    reg.fit(X.astype(np.float32), y / 10).prune(0.95)
    expected = reg.predict(X.astype(np.float32))
    got = reg.sparsify().predict(X.astype(np.float32))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_coefs_of_a_sparsified_network_are_csr_of_the_same_values():
    clf = classifier()
    dense = [W.copy() for W in clf.coefs_]
    for W, truth in zip(clf.sparsify().coefs_, dense, strict=True):
        assert sparse.issparse(W)
        assert W.nnz == np.count_nonzero(truth)
        np.testing.assert_array_equal(W.toarray(), truth)
    np.testing.assert_array_equal(clf.coef_.toarray(), dense[0].T)


def test_pickle_follows_the_number_of_remaining_parameters():
    clf = classifier(0.95, hidden_layer_sizes=(300, 100))
    whole = len(pickle.dumps(clf))
    assert len(pickle.dumps(clf.sparsify())) <= 0.12 * whole
    clf.predict(X)
    assert len(pickle.dumps(clf)) <= 0.12 * whole


def test_densify_gives_back_the_same_training():
    clf = classifier().freeze(0.3, "random")
    twin = copy.deepcopy(clf).sparsify().densify()
    for name in ("theta_", "status_"):
        np.testing.assert_array_equal(getattr(clf, name), getattr(twin, name))
    kept = clf.status_ != 2
    np.testing.assert_array_equal(clf.noise_variance_[kept], twin.noise_variance_[kept])
    for estimator in (clf, twin):
        estimator.partial_fit(X, y, n_steps=20)
    np.testing.assert_array_equal(clf.theta_, twin.theta_)


def test_training_and_cuts_of_a_sparsified_network_are_those_of_a_dense_one():
    dense, small = classifier(), classifier().sparsify()
    for clf in (dense, small):
        clf.partial_fit(X, y, n_steps=5).prune(0.97).freeze(0.5, X=X, y=y)
        clf.partial_fit(X, y, n_steps=5).unfreeze().partial_fit(X, y, n_steps=5)
    np.testing.assert_array_equal(small.theta_, dense.theta_)
    np.testing.assert_array_equal(small.status_, dense.status_)
    assert small.sparsity_report_ == dense.sparsity_report_
    assert sparse.issparse(small.coefs_[0])
    again = pickle.loads(pickle.dumps(small))
    np.testing.assert_array_equal(again.predict_proba(X), small.predict_proba(X))


@given(
    st.floats(0, 1),
    st.sampled_from(["identity", "logistic", "tanh", "relu"]),
    st.sampled_from(["layer", "global"]),
    st.booleans(),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_compact_leaves_predictions_and_only_connected_units(p, activation, scope, biases, seed):
    options = {"hidden_layer_sizes": (7, 6), "activation": activation, "random_state": seed}
    clf = PreconditionedMLPClassifier(max_steps=3, **options).fit(X, y)
    clf.prune(p, "random", scope=scope, include_biases=biases)
    expected, before = clf.predict_log_proba(X), clf.theta_.size
    clf.compact()
    np.testing.assert_allclose(clf.predict_log_proba(X), expected, atol=1e-12)
    assert clf.theta_.size <= before
    for into, out in zip(clf.coefs_[:-1], clf.coefs_[1:], strict=True):
        connected = (into != 0).any(axis=0) & (out != 0).any(axis=1)
        assert connected.all() or into.shape[1] == 1
    assert (clf.theta_[clf.status_ == 2] == 0).all()


def test_compact_of_a_hand_made_network_is_the_literal_one():
    clf = PreconditionedMLPRegressor((3,), "identity", max_steps=1, random_state=0)
    clf.fit(X[:, :2], y / 10)
    theta = np.array([1.0, 0, 2, 3, 0, 4, 0.5, 0.25, 0.125, 10, 20, 0, 7])
    status = np.where(theta == 0, 2, 0).astype(np.uint8)
    clf.theta_, clf.status_ = theta, status
    clf.compact()  # unit 1 has no input: its 0.25 · 20 goes to the bias; unit 2 has no output
    np.testing.assert_array_equal(clf.theta_, [1, 3, 0.5, 10, 12])
    assert clf.hidden_layer_sizes == (3,)


def test_compacted_network_trains_on_with_the_same_steps():
    clf = classifier(0.97)
    small = copy.deepcopy(clf).compact().sparsify()
    for estimator in (clf, small):
        estimator.partial_fit(X, y, n_steps=1)
    assert small.theta_.size < clf.theta_.size
    free = (clf.status_[-10:] == 0) & (small.status_[-10:] == 0)  # biases of the outputs
    steps = (estimator.preconditioner_[-10:][free] for estimator in (clf, small))
    np.testing.assert_allclose(*steps, rtol=1e-9)
    assert free.any()
    small.fit(X, y)
    assert small.coefs_[0].shape == (64, 40)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csr_array, sparse.csc_array])
def test_sparse_input_trains_and_predicts_as_the_same_rows_in_an_array(dtype, form):
    rows = X.astype(dtype)
    dense, csr = (
        PreconditionedMLPClassifier((9,), max_steps=50, random_state=0).fit(data, y)
        for data in (rows, form(rows))
    )
    np.testing.assert_array_equal(dense.theta_, csr.theta_)
    assert csr.theta_.dtype == dtype
    for clf, data in ((dense, rows), (csr, form(rows))):
        clf.freeze(0.3, X=data, y=y).prune(0.8, "gradient", X=data, y=y)
        clf.partial_fit(data, y, n_steps=7)
    np.testing.assert_array_equal(dense.theta_, csr.theta_)
    np.testing.assert_allclose(csr.predict_proba(form(rows)), dense.predict_proba(rows), rtol=1e-4)


def test_duplicate_entries_of_sparse_input_are_added_and_the_matrix_is_left_alone():
    doubled = sparse.csr_array(
        (np.ones(4), np.array([0, 0, 1, 1]), np.array([0, 2, 3, 4])), shape=(3, 2)
    )
    options = {"hidden_layer_sizes": (3,), "max_steps": 5, "random_state": 0}
    fits = [
        PreconditionedMLPClassifier(**options).fit(data, [0, 1, 1])
        for data in (doubled, doubled.toarray())
    ]
    np.testing.assert_array_equal(fits[0].theta_, fits[1].theta_)
    assert doubled.nnz == 4


def test_fitted_vectors_can_be_set_and_keep_their_shape():
    clf, small = classifier(), classifier().sparsify()
    theta = clf.theta_ * 2
    for estimator in (clf, small):
        estimator.theta_ = theta
        np.testing.assert_array_equal(estimator.theta_, theta)
        estimator.theta_ = theta + 1
        assert (estimator.theta_[estimator.status_ == 2] == 0).all()
        with pytest.raises(ValueError, match="shape"):
            estimator.theta_ = theta[1:]
    np.testing.assert_allclose(small.predict_proba(X), clf.predict_proba(X), atol=1e-12)
