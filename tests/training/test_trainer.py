"""The loop of a training run: chunks, gradients, and where a divergence ends it."""

import numpy as np
import pytest
from hypothesis import settings
from sklearn.datasets import load_iris

from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._data.sampling import Data, Population, Sampler
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


def train(problem_, settings, n_steps, *, sampling="shuffle"):
    layout, X, Y, theta, C, status, *_ = problem_
    start, settings = network(layout, theta, C, status), settings._replace(sampling=sampling)
    draws = Sampler(np.random.RandomState(0))
    return _training.train(Data(X, Y), start, settings, draws, 10, n_steps)


def parts(outcome):
    """Return θ, C and the mean losses of the epochs."""
    return *outcome.network.dense().state, np.array(outcome.curve.means())


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
    batch, probe = Sampler(np.random.RandomState(0)).draw(Population(len(X)), 12, 8, "shuffle")
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
