"""Layout, start and prediction against literal tables and scikit-learn's own network."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import log_softmax
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_info

from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._network import dense_forward as _dense
from sksgdprune._network.dense_forward import dense_output
from sksgdprune._network.layout import Layout, initial_noise_variance, initial_parameters
from sksgdprune._targets.links import OUTPUTS

ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
DEPTHS = [(), (5,), (6, 4, 3)]


def peer(cls, hidden, activation, seed):
    """Return scikit-learn's network at its random start, and its training rows."""
    rng = np.random.RandomState(1)
    X, y = rng.normal(size=(30, 7)), np.arange(30) % 3
    network = cls(
        hidden_layer_sizes=hidden,
        activation=activation,
        solver="sgd",
        learning_rate_init=1e-300,
        batch_size=30,
        random_state=seed,
    )
    first = {"classes": [0, 1, 2]} if cls is MLPClassifier else {}
    return network.partial_fit(X, y, **first), X


def predict(X, coefs, intercepts, activation, output):
    return OUTPUTS[output](dense_output(X, coefs, intercepts, activation))


def test_layout_places_weights_and_biases_layer_by_layer():
    layout = Layout((3, 2, 4))
    assert [tuple(t) for t in layout.tensors] == [
        ("W1", slice(0, 6), (3, 2), False),
        ("b1", slice(6, 8), (2,), True),
        ("W2", slice(8, 16), (2, 4), False),
        ("b2", slice(16, 20), (4,), True),
    ]
    assert layout.n_parameters == 20
    assert layout.shape.starts.tolist() == [0, 8, layout.n_parameters]
    assert layout.shape.starts.dtype == np.int64


def test_layout_without_hidden_layers_is_one_affine_map():
    layout = Layout((5, 2))
    assert [t.name for t in layout.tensors] == ["W1", "b1"]
    assert layout.n_parameters == 12
    assert layout.shape.starts.tolist() == [0, layout.n_parameters]


def test_views_share_memory_with_the_vector():
    layout, theta = Layout((3, 2, 4)), np.arange(20.0)
    W1, b1, W2, b2 = layout.views(theta)
    assert W1.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert b1.tolist() == [6, 7]
    assert W2.tolist() == [[8, 9, 10, 11], [12, 13, 14, 15]]
    assert b2.tolist() == [16, 17, 18, 19]
    layout.weights(theta)[1][1, 2] = -1
    layout.biases(theta)[0][1] = -2
    assert theta[14] == -1
    assert theta[7] == -2
    theta[0] = 9
    assert W1[0, 0] == 9


@pytest.mark.parametrize("hidden", DEPTHS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_same_seed_gives_scikit_learns_start(hidden, activation):
    network, X = peer(MLPClassifier, hidden, activation, seed=11)
    layout = Layout((7, *hidden, 3))
    theta = initial_parameters(layout, activation, np.random.RandomState(11), X.dtype)
    for ours, theirs in zip(layout.weights(theta), network.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(layout.biases(theta), network.intercepts_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_float32_start_is_the_rounded_float64_start():
    layout = Layout((7, 5, 3))
    wide, narrow = (
        initial_parameters(layout, "tanh", np.random.RandomState(0), np.dtype(dtype))
        for dtype in (np.float64, np.float32)
    )
    assert narrow.dtype == np.float32
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))


def test_noise_variance_starts_uniformly_below_the_root_of_6_over_n():
    layout = Layout((50, 40, 3))
    C = initial_noise_variance(layout, np.random.RandomState(0), np.dtype(np.float32))
    bound = np.sqrt(6 / 2163)
    assert C.shape == (2163,)
    assert C.dtype == np.float32
    assert C.min() >= 0
    assert C.max() <= bound
    assert abs(C.mean() / bound - 0.5) < 5 / np.sqrt(12 * 2163)


@pytest.mark.parametrize("hidden", DEPTHS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_prediction_is_that_of_scikit_learn_with_the_same_weights(hidden, activation):
    network, X = peer(MLPClassifier, hidden, activation, seed=2)
    weights = network.coefs_, network.intercepts_
    P = predict(X, *weights, activation, "softmax")
    np.testing.assert_allclose(P, network.predict_proba(X), rtol=0, atol=1e-15)
    log_P = predict(X, *weights, activation, "log_softmax")
    np.testing.assert_allclose(log_P, np.log(network.predict_proba(X)), atol=1e-14)

    network, X = peer(MLPRegressor, hidden, activation, seed=2)
    weights = network.coefs_, network.intercepts_
    z = predict(X, *weights, activation, "identity")[:, 0]
    np.testing.assert_allclose(z, network.predict(X), rtol=0, atol=1e-15)
    relu = predict(X, *weights, activation, "relu")[:, 0]
    np.testing.assert_array_equal(relu, np.where(z > 0, z, 0))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", ["identity", "relu", "softmax", "log_softmax"])
@pytest.mark.parametrize("hidden", DEPTHS)
def test_prediction_leaves_its_arguments_as_they_are(hidden, activation, output):
    rng = np.random.RandomState(0)
    layout = Layout((4, *hidden, 3))
    X, theta = rng.normal(size=(6, 4)), rng.normal(size=layout.n_parameters)
    before = X.copy(), theta.copy()
    predict(X, layout.weights(theta), layout.biases(theta), activation, output)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(theta, before[1])


def test_log_softmax_is_finite_where_the_softmax_underflows():
    W, b = np.array([[2000.0, 0.0, -2000.0]]), np.zeros(3)
    got = predict(np.ones((1, 1)), [W], [b], "tanh", "log_softmax")
    np.testing.assert_array_equal(got, [[0.0, -2000.0, -4000.0]])
    np.testing.assert_array_equal(got, log_softmax([[2000.0, 0.0, -2000.0]], axis=1))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("several", [True, False])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 16, 17, 33])
def test_rows_are_predicted_alike_in_any_number_and_any_threads(monkeypatch, n, several, dtype):
    monkeypatch.setattr(_dense, "BLOCK_ROWS", 4)
    monkeypatch.setattr(_dense, "LARGE_BLOCK_ROWS", 8)
    monkeypatch.setattr(_dense, "MANY_ROWS", 5 if several else np.inf)
    monkeypatch.setattr(_dense, "WORTH_THREADS", 0)
    rng, layout = np.random.RandomState(0), Layout((5, 6, 3))
    X, theta = rng.normal(size=(n, 5)), rng.normal(size=layout.n_parameters)
    X, theta = X.astype(dtype), theta.astype(dtype)
    weights = layout.weights(theta), layout.biases(theta), "tanh"
    before = [library["num_threads"] for library in threadpool_info()]
    got = dense_output(X, *weights)
    assert [library["num_threads"] for library in threadpool_info()] == before
    one_by_one = np.concatenate([dense_output(X[i : i + 1], *weights) for i in range(n)])
    assert got.dtype == dtype
    np.testing.assert_allclose(got, one_by_one, rtol=0, atol=20 * np.finfo(dtype).eps)
    sparse = dense_output(csr_array(X), *weights)
    np.testing.assert_allclose(sparse, got, rtol=0, atol=20 * np.finfo(dtype).eps)


def test_an_overflow_in_a_thread_is_as_silent_as_it_is_asked_to_be(monkeypatch):
    monkeypatch.setattr(_dense, "MANY_ROWS", 5)
    monkeypatch.setattr(_dense, "WORTH_THREADS", 0)
    weights = [np.full((2, 3), 1e300)], [np.zeros(3)], "relu"
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isinf(dense_output(np.full((20, 2), 1e300), *weights)).all()
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        dense_output(np.full((20, 2), 1e300), *weights)


# What is left


@pytest.mark.parametrize("structure", ["weight", "unit"])
@pytest.mark.parametrize("p", [0.0, 0.5, 0.75, 0.95, 1.0])
def test_density_is_that_of_the_compact_network(p, structure):
    clf = PreconditionedMLPClassifier((20, 10), max_steps=20, random_state=0)
    clf = clf.fit(*load_iris(return_X_y=True)).prune(p, structure=structure)
    density = clf._state.network.density
    small = clf.compact()
    if p < 1 or structure == "unit":
        assert density == np.mean(small.status_ != 2) == small._state.network.density
    if structure == "unit":
        assert density == 1


def test_density_is_the_part_that_is_left_where_no_unit_is_gone():
    clf = PreconditionedMLPClassifier((20, 10), max_steps=20, random_state=0)
    clf = clf.fit(*load_iris(return_X_y=True))
    status = clf.status_.copy()
    status[:40] = 2
    clf.status_ = status
    assert clf._state.network.density == (len(status) - 40) / len(status)
    status[:] = 2
    clf.status_ = status
    assert 0 < clf._state.network.density <= 1
