"""Minibatches of rows: what permutations and draws with replacement visit, however split."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksgdprune._data.sampling import Data, Population, Sampler
from tests.cases import SAMPLINGS

QUICK = settings(max_examples=50, deadline=None, derandomize=True)


class Draws:
    """A sampler that always draws in one way."""

    def __init__(self, sampling, seed=0):
        self._sampler, self._sampling = Sampler(np.random.RandomState(seed)), sampling

    def draw(self, population, n_steps, batch_size):
        return self._sampler.draw(population, n_steps, batch_size, self._sampling)


sampler = Draws


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
@pytest.mark.parametrize("weights", [None, np.array([2.0, 2.0, 1.0, 1.0])])
def test_rows_are_drawn_by_what_is_kept_of_them(sampling, weights):
    kept = np.array([1.0, 1.0, 1.0, 0.0]) if weights is None else np.array([1.0, 2.0, 1.0, 0.0])
    population = Data(np.arange(4.0)[:, None], np.zeros((4, 1)), weights).population(sampling, kept)
    assert population.size == kept.sum()
    rows = population.rows(np.arange(population.size) + 0.5)
    assert np.bincount(rows, minlength=4).tolist() == kept.tolist()
