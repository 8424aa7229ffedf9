"""Draws, chunks, gradients and divergence."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris

from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._data.sampling import Data, Population, Sampler
from sksgdprune._kernels.preconditioner import preconditioner as preconditioner_of
from sksgdprune._network.layout import Layout
from sksgdprune._targets.classification import SingleLabel
from sksgdprune._training import evaluation as _evaluation
from sksgdprune._training import trainer as _training
from tests import reference
from tests.cases import SAMPLINGS
from tests.kernel_cases import hyper, network, problem

QUICK = settings(max_examples=50, deadline=None, derandomize=True)
EXPLOSIVE = {
    "activation": "identity",
    "loss": "squared_error",
    "output": "identity",
    "preconditioner": "identity",
    "learning_rate": 5.0,
}


class Draws:
    """A sampler that always draws in one way."""

    def __init__(self, sampling, seed=0):
        self._sampler, self._sampling = Sampler(np.random.RandomState(seed)), sampling

    def draw(self, population, n_steps, batch_size):
        return self._sampler.draw(population, n_steps, batch_size, self._sampling)


sampler = Draws


def train(problem_, settings, n_steps, *, sampling="shuffle"):
    layout, X, Y, theta, C, status, *_ = problem_
    start, settings = network(layout, theta, C, status), settings._replace(sampling=sampling)
    draws = Sampler(np.random.RandomState(0))
    return _training.train(Data(X, Y), start, settings, draws, 10, n_steps)


def parts(outcome):
    """Return θ, C and the mean losses of the epochs."""
    return *outcome.network.dense().state, np.array(outcome.curve.means())


@given(
    st.sampled_from(SAMPLINGS),
    st.integers(1, 40),
    st.integers(1, 9),
    st.lists(st.integers(0, 7), min_size=1, max_size=6),
)
@QUICK
def test_draws_are_equal_however_they_are_split(sampling, n_samples, batch_size, parts):
    whole = sampler(sampling).draw(Population(n_samples), sum(parts), batch_size)
    split = sampler(sampling)
    pieces = [split.draw(Population(n_samples), n, batch_size) for n in parts]
    for got, expected in zip(zip(*pieces, strict=True), whole, strict=True):
        np.testing.assert_array_equal(np.concatenate(got), expected)
    batch, probe = whole
    assert batch.shape == (sum(parts), batch_size)
    assert probe.shape == (sum(parts),)
    assert ((batch >= 0) & (batch < n_samples)).all()
    assert ((probe >= 0) & (probe < n_samples)).all()


@given(st.integers(1, 30), st.integers(1, 9), st.integers(1, 5))
@QUICK
def test_shuffle_visits_every_row_once_per_epoch(n_samples, batch_size, epochs):
    n_steps = math.ceil(epochs * n_samples / batch_size)
    batch, _ = sampler("shuffle").draw(Population(n_samples), n_steps, batch_size)
    rows = batch.ravel()[: epochs * n_samples].reshape(epochs, n_samples)
    np.testing.assert_array_equal(np.sort(rows, axis=1), [np.arange(n_samples)] * epochs)


def test_shuffle_orders_every_epoch_anew():
    batch, _ = sampler("shuffle").draw(Population(20), 10, 20)
    assert len({tuple(rows) for rows in batch}) == 10


def test_replacement_draws_all_rows_equally_often_and_probes_apart():
    batch, probe = sampler("replacement").draw(Population(10), 1000, 40)
    counts = np.bincount(batch.ravel(), minlength=10)
    assert np.abs(counts - 4000).max() < 5 * np.sqrt(40000 * 0.1 * 0.9)
    same = np.mean(batch[:, 0] == probe)
    assert abs(same - 0.1) < 5 * np.sqrt(0.1 * 0.9 / 1000)


def test_shuffle_goes_on_over_fewer_rows():
    s = sampler("shuffle")
    s.draw(Population(30), 1, 7)
    batch, _ = s.draw(Population(5), 4, 5)
    assert batch.max() < 5


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_drawing_does_not_touch_the_generator_that_seeded_it(sampling):
    one, other = np.random.RandomState(3), np.random.RandomState(3)
    Sampler(one).draw(Population(10), 50, 4, sampling)
    Sampler(other)
    assert one.uniform() == other.uniform()


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("noise_estimator", ["probe", "batch"])
def test_chunks_do_not_change_the_training(monkeypatch, sampling, noise_estimator):
    p, (_, h) = problem((6, 5), "log_loss"), hyper(noise_estimator=noise_estimator)
    whole = train(p, h, 30, sampling=sampling)
    lengths = []
    call = _training.call

    def counting(entry_point, *args, **options):
        lengths.append(len(args[4].batch))
        return call(entry_point, *args, **options)

    monkeypatch.setattr(_training, "call", counting)
    monkeypatch.setattr(_training, "CHUNK_WORK", 3 * p[0].n_parameters * 9 * 6)
    chunked = train(p, h, 30, sampling=sampling)
    assert lengths == [7, 7, 7, 7, 2]
    for got, expected in zip(parts(chunked), parts(whole), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("n_parameters", [3, 10**6])
@pytest.mark.parametrize("batch_size", [1, 32, 10**7])
def test_chunks_are_bounded_in_work_and_in_rows(n_parameters, batch_size):
    steps = _training._chunk_steps(n_parameters, batch_size)
    assert steps >= 1
    assert (steps - 1) * batch_size <= _training.CHUNK_ROWS
    assert (steps - 1) * 3 * n_parameters * (batch_size + 1) <= _training.CHUNK_WORK


def test_steps_without_end_take_no_memory():
    X, y = load_iris(return_X_y=True)
    options = {"max_steps": 10**10, "early_stopping": True, "n_iter_no_change": 2}
    clf = PreconditionedMLPClassifier((), **options, random_state=0).fit(X, y)
    assert clf.n_iter_ < 10**4


def test_training_leaves_the_arrays_it_was_given():
    p, (_, h) = problem((5,), "log_loss"), hyper()
    before = [a.copy() for a in p[1:6]]
    outcome = train(p, h, 10)
    for array, expected in zip(p[1:6], before, strict=True):
        np.testing.assert_array_equal(array, expected)
    assert not np.shares_memory(outcome.network.dense().state.theta, p[3])


def test_training_agrees_with_the_reference_on_the_samplers_rows():
    options, h = hyper(alpha=0.2)
    p = problem((6, 5), "log_loss")
    layout, X, Y, theta, C, status, *_ = p
    batch, probe = sampler("shuffle").draw(Population(len(X)), 12, 8)
    expected = reference.train(X, Y, layout.sizes, theta, C, status, batch, probe, 10, **options)
    epochs = np.array([part.mean() for part in np.split(expected[2], [5, 10])])
    outcome = train(p, h, 12)
    for got, truth in zip(parts(outcome), (*expected[:2], epochs), strict=True):
        np.testing.assert_allclose(got, truth, rtol=0, atol=1e-12 * np.abs(truth).max())
    assert not outcome.diverged


@pytest.mark.parametrize("n", [40, 256, 600])
def test_mean_gradients_are_means_of_the_reference(n):
    layout, X, Y, theta, *_ = problem((6, 5), "log_loss", n=n)
    _, h = hyper(alpha=0.3)
    per_sample = np.array(
        [
            reference.sample_gradient(theta, layout.sizes, x, y, "tanh", "log_loss", "softmax")[1]
            for x, y in zip(X, Y, strict=True)
        ]
    )
    penalty = reference.penalty_gradient(theta, layout.sizes, 0.3)
    start = network(layout, theta, theta, np.zeros(theta.size, np.uint8))
    g, g2 = _evaluation.mean_gradients(Data(X, Y), start, h)
    np.testing.assert_allclose(g, per_sample.mean(axis=0) + penalty / 8, rtol=0, atol=1e-14)
    np.testing.assert_allclose(g2, (per_sample**2).mean(axis=0), rtol=0, atol=1e-14)


def test_preconditioner_is_2_s_over_n_times_damped_variance():
    C = np.array([0.0, 0.5, 1.5])
    _, h = hyper(posterior_size=8.0, damping=0.5)
    assert preconditioner_of(C, h.hyper, 4).tolist() == [2.0, 1.0, 0.5]
    _, h = hyper(preconditioner="identity")
    assert preconditioner_of(C, h.hyper, 4).tolist() == [1.0, 1.0, 1.0]


def test_scalar_preconditioner_is_2_s_d_over_n_times_the_trace():
    C, left = np.array([0.0, 0.5, 1.5]), np.array([True, True, False])
    _, h = hyper(preconditioner="scalar", posterior_size=8.0, damping=0.5)
    assert preconditioner_of(C, h.hyper, 4).tolist() == [2 * 4 * 3 / (8 * 3.5)] * 3
    assert preconditioner_of(C, h.hyper, 4, left).tolist() == [2 * 4 * 2 / (8 * 1.5)] * 3


def test_sqrt_preconditioner_is_2_s_d_over_n_times_the_trace_of_roots_times_root():
    C, left = np.array([0.0, 3.0, 8.0]), np.array([True, True, False])
    _, h = hyper(preconditioner="sqrt", posterior_size=8.0, damping=1.0)
    rate = 2 * 4 * 3 / (8 * (1 + 2 + 3))
    expected = [rate, rate / 2, rate / 3]
    np.testing.assert_allclose(preconditioner_of(C, h.hyper, 4), expected, rtol=1e-15)
    rate = 2 * 4 * 2 / (8 * (1 + 2))
    expected = [rate, rate / 2, rate / 3]
    np.testing.assert_allclose(preconditioner_of(C, h.hyper, 4, left), expected, rtol=1e-15)


@pytest.mark.parametrize("preconditioner", ["scalar", "sqrt"])
def test_nothing_is_left_when_all_is_pruned_and_h_stays_finite(preconditioner):
    _, h = hyper(preconditioner=preconditioner)
    H = preconditioner_of(np.ones(3), h.hyper, 4, np.zeros(3, dtype=bool))
    assert np.isfinite(H).all()


def hyper_parameters(estimator, batch_size, dtype):
    """Those for a network of 77 parameters and 40 samples."""
    layout = Layout((7, 7, 2))
    assert layout.n_parameters == 72
    parameters = np.empty(72, dtype), np.empty(72, dtype), np.zeros(72, np.uint8)
    start = replace(network(layout, *parameters), activation="tanh", n_parameters=77)
    start = replace(start, targets=SingleLabel(np.arange(2)))
    config = estimator.set_params(batch_size=batch_size)._config()
    return config.for_run(start, 40).hyper


@pytest.mark.parametrize(
    ("posterior_size", "expected"), [("n_parameters", 77), ("n_samples", 40), (12.5, 12.5)]
)
def test_posterior_size_is_counted_or_given(posterior_size, expected):
    estimator = PreconditionedMLPClassifier(posterior_size=posterior_size)
    h = hyper_parameters(estimator, 32, np.float32)
    assert h.posterior_size == expected
    assert h.posterior_size.dtype == np.float32


@pytest.mark.parametrize("preconditioner", ["diagonal", "scalar", "sqrt"])
@pytest.mark.parametrize("posterior_size", ["n_parameters", "n_samples", 0.01])
def test_automatic_damping_ends_h_at_ten(preconditioner, posterior_size):
    estimator = PreconditionedMLPClassifier(
        preconditioner=preconditioner, posterior_size=posterior_size, damping="auto"
    )
    h = hyper_parameters(estimator, 16, np.float64)
    H = preconditioner_of(np.zeros(3), h, 16)
    np.testing.assert_allclose(H, 10, rtol=1e-14)
    assert (preconditioner_of(np.ones(3), h, 16) < 10).all()


def test_divergence_ends_with_the_last_finite_step():
    p, (_, h) = problem((5,), "squared_error"), hyper(**EXPLOSIVE)
    outcome = train(p, h, 400)
    done = outcome.curve.n_steps
    assert outcome.diverged
    assert 0 < done < 400
    assert np.isfinite(outcome.network.dense().state.theta).all()
    assert np.isfinite(outcome.network.dense().state.noise_variance).all()
    assert np.isfinite(outcome.curve.means()).all()
    again = train(p, h, done)
    assert not again.diverged
    for got, expected in zip(parts(outcome), parts(again), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("chunk", [1, 2, 3, 4, 5, 6])
def test_chunks_do_not_change_where_a_divergence_ends(monkeypatch, chunk):
    p, (_, h) = problem((5,), "squared_error"), hyper(**EXPLOSIVE)
    whole = train(p, h, 400)
    monkeypatch.setattr(_training, "CHUNK_WORK", 3 * p[0].n_parameters * 9 * (chunk - 1))
    chunked = train(p, h, 400)
    assert chunked.diverged
    assert chunked.curve.n_steps == whole.curve.n_steps
    for got, expected in zip(parts(chunked), parts(whole), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("preconditioner", ["identity", "diagonal"])
def test_divergence_of_the_noise_variance_alone_is_seen(preconditioner):
    p = problem((), "log_loss")
    _, h = hyper(preconditioner=preconditioner, learning_rate=1e-200)
    p[1][:] *= 1e160  # a finite gradient, whose square is not
    p[5][:] = 0
    outcome = train(p, h, 20)
    assert np.isfinite(outcome.network.dense().state.theta).all()
    assert np.isfinite(outcome.network.dense().state.noise_variance).all()
    assert outcome.diverged


def test_divergence_before_the_first_step_returns_the_start():
    p, (_, h) = problem((), "squared_error"), hyper(**EXPLOSIVE)
    p[2][:] *= 1e200
    outcome = train(p, h, 20)
    assert outcome.diverged
    assert outcome.curve.n_steps == 0
    np.testing.assert_array_equal(outcome.network.dense().state.theta, p[3])
    np.testing.assert_array_equal(outcome.network.dense().state.noise_variance, p[4])
