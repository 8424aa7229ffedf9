"""Kernels against the readable reference and against finite differences.

numba compiles `train` anew for each combination of dtype, noise estimator, traces, lists and CSR,
which takes some five seconds. So a dense float64 run and its lists are compiled each time; the rest
is `slow`. `make test-uncompiled` runs all as plain Python.
"""

from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_array

from sksgdprune._data.encoding import AS_IS
from sksgdprune._data.sampling import samples
from sksgdprune._kernels import entry_points
from sksgdprune._kernels import types as records
from sksgdprune._kernels.averaging import empty_window
from sksgdprune._kernels.compile import call
from sksgdprune._kernels.sparse_lists import NEVER, plan
from sksgdprune._kernels.types import STRIDE, State
from sksgdprune._kernels.update import GRADIENT_BLOCK
from sksgdprune._network.layout import Layout
from tests import reference
from tests.kernel_cases import hyper, problem, run_kernel

LOSSES = [
    ("log_loss", "softmax"),
    ("double_softmax", "softmax"),
    ("log_loss", "logistic"),
    ("poisson", "exp"),
    ("squared_error", "identity"),
    ("squared_error", "relu"),
]
ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
DEPTHS = [(), (5,), (6, 5, 4)]


def slow(*values):
    """Mark a case for which numba compiles a variant of its own."""
    return pytest.param(*values, marks=pytest.mark.slow)


def gradient_sums(layout, X, Y, theta, weights, settings, sums, block=5):
    space = records.scratch(layout.shape, block, theta.dtype)
    codes = settings.hyper.activation, settings.hyper.objective
    network = layout.shape, theta, *codes
    call(entry_points.add_gradients, samples(X, Y), *network, space, weights, sums)


def assert_agrees(problem_, options, hyper_, rtol):
    layout, X, Y, theta, C, status, batch, probe = problem_
    expected = reference.train(X, Y, layout.sizes, theta, C, status, batch, probe, 10, **options)
    got = run_kernel(*problem_, hyper_)
    assert got[3] == len(batch)
    for value, truth in zip(got, expected, strict=False):
        np.testing.assert_allclose(value, truth, rtol=0, atol=rtol * np.abs(truth).max())


@pytest.mark.parametrize("hidden", DEPTHS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "output"), LOSSES)
def test_train_agrees_with_reference(hidden, activation, loss, output):
    options, h = hyper(activation=activation, loss=loss, output=output)
    assert_agrees(problem(hidden, loss), options, h, 1e-12)


@pytest.mark.parametrize(
    "changes",
    [
        {"preconditioner": "identity"},
        {"alpha": 0.3},
        {"kappa": 30.0},
        {"damping": 0.0},
        {"cap": 1.0},
        {"centre": 0.0},
        {"alpha": 0.3, "disperses": True},
        slow({"noise_estimator": "batch"}),
        slow({"noise_estimator": "batch", "centre": 0.0}),
        slow({"preconditioner": "identity", "noise_estimator": "batch"}),
        slow(
            {"alpha": 0.3, "disperses": True, "kappa": 4.0, "cap": 1.0, "noise_estimator": "batch"}
        ),
        slow({"preconditioner": "scalar"}),
        slow({"preconditioner": "sqrt"}),
        slow({"cap": 1.0, "preconditioner": "sqrt", "learning_rate": 0.1}),
        slow({"cap": 1.0, "preconditioner": "scalar"}),
        slow({"preconditioner": "scalar", "noise_estimator": "batch"}),
        slow({"preconditioner": "sqrt", "noise_estimator": "batch", "damping": 0.0}),
    ],
    ids=str,
)
def test_train_agrees_with_reference_under_other_options(changes):
    options, h = hyper(**changes)
    assert_agrees(problem((6, 5), "log_loss"), options, h, 1e-12)


@pytest.mark.parametrize("preconditioner", ["diagonal", slow("sqrt")])
@pytest.mark.parametrize("hidden", [(), (6, 5)])
def test_gradients_beyond_the_noise_are_divided_by_their_squares(hidden, preconditioner):
    of_reals = {"loss": "squared_error", "output": "identity", "preconditioner": preconditioner}
    options, h = hyper(cap=1.0, alpha=0.1, **of_reals)
    layout, X, Y, theta, C, *rest = problem(hidden, "squared_error", steps=2)
    theta[theta != 0] *= 10
    assert_agrees((layout, X, Y, theta, 1e-3 * C, *rest), options, h, 1e-12)
    uncapped = run_kernel(layout, X, Y, theta, 1e-3 * C, *rest, hyper(**of_reals)[1])
    capped = run_kernel(layout, X, Y, theta, 1e-3 * C, *rest, h)
    assert np.abs(capped[0] - theta).max() < np.abs(uncapped[0] - theta).max()


SCALED = AS_IS._replace(mean=np.arange(7.0), scale=np.linspace(0.5, 2, 7))
PIECES = SCALED._replace(
    source=np.array([0, 0, 1, 2, 2, 2, 3]),
    first=np.array([0, 2, 3, 6, 7]),
    low=np.array([-1, 0, -np.inf, -1, -0.6, 0.7, -np.inf]),
    high=np.array([0, 1, np.inf, -0.6, 0.7, 1, np.inf]),
)


@pytest.mark.parametrize("form", [np.asarray, slow(csr_array)])
@pytest.mark.parametrize("encoding", [SCALED, PIECES])
@pytest.mark.parametrize("share_pruned", [0, 0.9])
def test_inputs_are_encoded(form, encoding, share_pruned):
    options, h = hyper()
    layout, X, Y, theta, C, status, *rest = problem((6, 5), "log_loss")
    status[np.random.RandomState(0).rand(status.size) < share_pruned] = 2
    theta[status == 2] = 0
    X[np.abs(X) < 0.5] = 0
    X = X[:, :4] if encoding is PIECES else X
    start = theta, C, status, *rest
    truth = reference.train(X, Y, layout.sizes, *start, 10, encoding=encoding, **options)
    got = run_kernel(layout, form(X), Y, *start, h, encoding=encoding)
    for value, expected in zip(got, truth, strict=False):
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noise_estimator", "preconditioner"),
    [
        ("probe", "diagonal"),
        ("batch", "diagonal"),
        ("probe", "scalar"),
        ("probe", "sqrt"),
        ("batch", "scalar"),
        ("batch", "sqrt"),
    ],
)
def test_train_in_float32_stays_near_the_float64_reference(noise_estimator, preconditioner):
    changes = {"noise_estimator": noise_estimator, "preconditioner": preconditioner}
    options, _ = hyper(**changes)
    _, h32 = hyper(np.float32, **changes)
    layout, X, Y, theta, C, *rest = problem((6, 5), "log_loss")
    truth = reference.train(X, Y, layout.sizes, theta, C, *rest, 10, **options)
    narrow = [a.astype(np.float32) for a in (X, Y, theta, C)]
    got = run_kernel(layout, *narrow, *rest, h32)
    assert got[0].dtype == got[1].dtype == np.float32
    for value, expected in zip(got, truth, strict=False):
        np.testing.assert_allclose(value, expected, atol=2e-5)


@pytest.mark.parametrize("hidden", DEPTHS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "output"), LOSSES)
def test_gradient_agrees_with_finite_differences(hidden, activation, loss, output):
    layout, X, Y, theta, *_ = problem(hidden, loss, n=12, seed=3)
    theta[theta == 0] = 0.1  # away from the ReLU's kink at exactly 0
    _, h = hyper(activation=activation, loss=loss, output=output)
    sums = np.zeros((2, theta.size))
    gradient_sums(layout, X, Y, theta, np.ones(len(X)), h, sums)

    def total_loss(theta):
        return sum(
            reference.sample_loss(
                reference.forward(theta, layout.sizes, x, activation)[1][-1], y, loss, output
            )
            for x, y in zip(X, Y, strict=True)
        )

    eps = 1e-6
    numeric = np.array(
        [
            (total_loss(theta + eps * e) - total_loss(theta - eps * e)) / (2 * eps)
            for e in np.eye(len(theta))
        ]
    )
    np.testing.assert_allclose(sums[0], numeric, atol=2e-7 * max(1, np.abs(numeric).max()))


@pytest.mark.parametrize("dtype", [np.float64, slow(np.float32)])
def test_the_logistic_loss_is_finite_and_exact_at_large_values(dtype):
    layout = Layout((1, 1))
    X, Y = np.array([[1.0], [-1.0]], dtype), np.array([[0.0], [0.0]], dtype)
    theta, C = np.array([80.0, 0.0], dtype), np.ones(2, dtype)
    _, h = hyper(dtype, output="logistic")
    frozen, rows = np.ones(2, np.uint8), np.array([[0], [1]])
    start = theta, C, frozen, rows, rows[:, 0]
    *_, losses, done = run_kernel(layout, X, Y, *start, h, listed_below=NEVER)
    assert done == 2
    np.testing.assert_allclose(losses, [80, np.exp(-80)], rtol=1e-6)


@pytest.mark.parametrize("block", [1, 4, 7, 1000])
def test_gradient_sums_are_weighted_first_and_second_moments(block):
    layout, X, Y, theta, *_ = problem((6, 5), "log_loss")
    _, h = hyper()
    g, g2 = sums = np.ones((2, theta.size))
    weights = np.random.default_rng(0).choice([0, 0.5, 1, 2], len(X))
    gradient_sums(layout, X, Y, theta, weights, h, sums, block)
    per_sample = np.array(
        [
            reference.sample_gradient(theta, layout.sizes, x, y, "tanh", "log_loss", "softmax")[1]
            for x, y in zip(X, Y, strict=True)
        ]
    )
    np.testing.assert_allclose(g, 1 + weights @ per_sample, atol=1e-13)
    np.testing.assert_allclose(g2, 1 + weights @ per_sample**2, atol=1e-13)


def test_train_changes_theta_and_noise_variance_only_where_free():
    p = problem((6, 5), "log_loss", steps=20)
    theta, C, _, _ = run_kernel(*p, hyper()[1])
    held = p[5] != 0
    np.testing.assert_array_equal(theta[held], p[3][held])
    np.testing.assert_array_equal(C[held], p[4][held])
    assert (theta[~held] != p[3][~held]).all()


def test_train_reports_the_steps_before_something_stopped_being_finite():
    p = problem((5,), "squared_error", steps=400)
    _, h = hyper(
        activation="identity",
        loss="squared_error",
        output="identity",
        preconditioner="identity",
        learning_rate=5.0,
    )
    *_, done = run_kernel(*p, h)
    assert 0 < done < 400
    layout, X, Y, theta, C, status, batch, probe = p
    finite, _, losses, again = run_kernel(
        layout, X, Y, theta, C, status, batch[:done], probe[:done], h
    )
    assert again == done
    assert np.isfinite(finite).all()
    assert np.isfinite(losses).all()


@pytest.mark.parametrize("share_pruned", [0, 0.9])
def test_train_ends_where_a_parameter_alone_is_not_finite(share_pruned):
    layout, X, Y, theta, C, status, *rest = problem((6, 5), "log_loss")
    status[np.random.RandomState(0).rand(status.size) < share_pruned] = 2
    theta[status == 2] = 0
    beyond = hyper(learning_rate=np.finfo(float).max)[1]
    *_, losses, done = run_kernel(layout, X, Y, theta, C, status, *rest, beyond)
    assert done == 0
    assert np.isfinite(losses[0])


@pytest.mark.parametrize("share_pruned", [0, 0.9])
def test_weights_that_shrink_to_nothing_become_zero_rather_than_subnormal(share_pruned):
    options, h = hyper(alpha=40.0, learning_rate=0.01)
    layout, X, Y, theta, C, status, *rest = problem((12,), "log_loss", steps=118)
    left = 1 - share_pruned
    shares = [0.9 * left, 0.1 * left, share_pruned]
    status[:] = np.random.RandomState(0).choice(3, status.size, p=shares)
    theta[:] = np.where(status == 2, 0, 2e-154)
    X[:] = 0  # no gradient but that of the penalty
    truth = reference.train(X, Y, layout.sizes, theta, C, status, *rest, 10, **options)
    got = run_kernel(layout, X, Y, theta, C, status, *rest, h)
    np.testing.assert_allclose(got[0], truth[0], rtol=1e-9, atol=1e-300)
    inputs, kinds = (layout.weights(vector)[0] for vector in (got[0], status))
    assert (inputs[kinds == 0] == 0).all()
    assert (inputs[kinds == 1] == 2e-154).all()
    assert {0, 1} <= {*kinds.ravel()}


@pytest.mark.parametrize("share_pruned", [0, 0.9])
def test_a_window_takes_the_mean_and_some_of_the_iterates(share_pruned):
    n, first, power = 47, 15.0, 3.0
    layout, X, Y, theta, C, status, *rest = problem((12,), "log_loss", steps=n)
    status[np.random.RandomState(0).rand(status.size) < share_pruned] = 2
    theta[status == 2] = 0
    h, P = hyper()[1], theta.size
    every = empty_window(float)._replace(samples=np.empty((n, P)), start=10.0)
    last = run_kernel(layout, X, Y, theta, C, status, *rest, h, window=every)[0]
    iterates = every.samples
    np.testing.assert_array_equal(iterates[-1], last)
    assert (np.diff(iterates, axis=0) != 0).any(axis=1).all()
    some = every._replace(
        average=theta.copy(), first=first, power=power, samples=np.empty((15, P)), every=3
    )
    run_kernel(layout, X, Y, theta, C, status, *rest, h, window=some)
    np.testing.assert_array_equal(some.samples, iterates[2::3])
    mean = 0
    for k, t in enumerate(np.arange(first + STRIDE, 10 + n + 1, STRIDE), start=1):
        mean += (power + 1) / (k + power) * (iterates[int(t) - 11] - mean)
    assert k == 4
    np.testing.assert_allclose(some.average, mean, rtol=0, atol=1e-14)


def test_a_layer_whose_gradient_is_taken_in_blocks_agrees_with_the_reference():
    options, h = hyper(alpha=0.1)
    arrays = problem((128,), "log_loss", d=300, steps=2)
    assert arrays[3].size > GRADIENT_BLOCK
    assert_agrees(arrays, options, h, 1e-11)


def test_an_input_that_is_always_zero_keeps_its_weights_finite_without_damping():
    layout, X, *rest = problem((5,), "log_loss", steps=30)
    X[:, 2] = 0
    theta, *_, done = run_kernel(
        layout, X, *rest, hyper(damping=np.finfo(float).tiny, kappa=100.0)[1]
    )
    assert done == 30
    assert np.isfinite(theta).all()


@pytest.mark.parametrize("hidden", [(), (40,), (30, 20, 10)])
@pytest.mark.parametrize(
    ("noise_estimator", "preconditioner"),
    [
        ("probe", "diagonal"),
        slow("batch", "diagonal"),
        slow("probe", "scalar"),
        slow("batch", "sqrt"),
    ],
)
@pytest.mark.parametrize("left", ["few free", "few left", "few of each", "none"])
def test_lists_agree_with_the_dense_path_and_the_reference(
    hidden, noise_estimator, preconditioner, left
):
    layout, X, Y, theta, C, _, batch, probe = problem(hidden, "log_loss", d=30, steps=12)
    rng = np.random.RandomState(1)
    share = {
        "few free": [0.08, 0.92, 0],
        "few left": [0.08, 0, 0.92],
        "few of each": [0.05, 0.05, 0.9],
        "none": [0, 0, 1],
    }[left]
    status = rng.choice(3, p=share, size=theta.size).astype(np.uint8)
    theta[status == 2] = 0
    arrays = layout, X, Y, theta, C, status, batch, probe
    options, h = hyper(noise_estimator=noise_estimator, preconditioner=preconditioner, alpha=0.1)
    assert_agrees(arrays, options, h, 1e-10)
    listed, dense = run_kernel(*arrays, h), run_kernel(*arrays, h, listed_below=NEVER)
    for got, truth in zip(listed[:3], dense[:3], strict=True):
        np.testing.assert_allclose(got, truth, rtol=0, atol=1e-10 * np.abs(truth).max())


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("noise_estimator", ["probe", slow("batch")])
@pytest.mark.parametrize("few", [(0,), (1,), (2,), (0, 2), (1, 2)], ids=str)
def test_a_dense_layer_beside_a_listed_one_agrees_with_the_reference(
    few, noise_estimator, activation
):
    layout, X, Y, theta, C, _, batch, probe = problem((12, 10), "log_loss", d=30, steps=12)
    rng, status = np.random.RandomState(2), np.zeros(theta.size, np.uint8)
    for layer, (first, stop) in enumerate(pairwise(layout.shape.starts)):
        left = 0.06 if layer in few else 0.8
        status[first:stop] = 2 * (rng.uniform(size=stop - first) > left)
    theta[status == 2] = 0
    arrays = layout, X, Y, theta, C, status, batch, probe
    options, h = hyper(noise_estimator=noise_estimator, activation=activation, alpha=0.1)
    listed = set(np.flatnonzero(plan(layout.shape, State(theta, C), status).way))
    assert listed == set(few)
    assert_agrees(arrays, options, h, 1e-10)
