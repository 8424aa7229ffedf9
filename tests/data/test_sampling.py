"""Minibatches of rows: what permutations and draws with replacement visit, however split."""

import copy
import math
import pickle

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


class Kept:
    """Draws by permutations of which the rest is kept row by row: what a Sampler must give."""

    def __init__(self, seed):
        seeds = np.random.RandomState(seed).randint(np.iinfo(np.int32).max, size=2)
        self.batch_rng, self.probe_rng = (np.random.default_rng(one) for one in seeds)
        self.rest = []

    def draw(self, weights, n_steps, batch_size):
        ends = np.cumsum(weights)
        probe = np.searchsorted(ends, self.probe_rng.random(n_steps) * ends[-1], side="right")
        rows = [row for row in self.rest if row < len(weights)]
        while len(rows) < n_steps * batch_size:
            points = self.batch_rng.permutation(int(ends[-1])) + self.batch_rng.random()
            rows += np.searchsorted(ends, points, side="right").tolist()
        self.rest = rows[n_steps * batch_size :]
        return np.reshape(rows[: n_steps * batch_size], (n_steps, batch_size)), probe


def stored(sampler):
    return pickle.loads(pickle.dumps(sampler))


def same(sampler):
    return sampler


PARTS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([same, stored, copy.copy])))


@given(st.lists(st.integers(1, 3), min_size=1, max_size=12), st.integers(1, 9), PARTS)
@QUICK
def test_a_permutation_goes_on_through_copies_and_pickles(weights, batch_size, parts):
    population = Population(len(weights), np.array(weights, float))
    sampler, truth = Sampler(np.random.RandomState(1)), Kept(1)
    for n_steps, through in parts:
        sampler = through(sampler)
        got = sampler.draw(population, n_steps, batch_size, "shuffle")
        expected = truth.draw(weights, n_steps, batch_size)
        for rows, others in zip(got, expected, strict=True):
            np.testing.assert_array_equal(rows, others)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 4)), max_size=8), st.integers(1, 9))
@QUICK
def test_a_permutation_goes_on_over_more_or_fewer_rows_from_a_pickle(parts, batch_size):
    sampler, truth = Sampler(np.random.RandomState(2)), Kept(2)
    for n_rows, n_steps in parts:
        sampler = stored(sampler)
        got = sampler.draw(Population(n_rows), n_steps, batch_size, "shuffle")
        expected = truth.draw(np.ones(n_rows), n_steps, batch_size)
        for rows, others in zip(got, expected, strict=True):
            np.testing.assert_array_equal(rows, others)


@pytest.mark.parametrize("kept", [None, np.r_[np.zeros(50_000), np.ones(150_000)]])
def test_a_pickle_holds_no_rows(kept):
    population = Data(np.empty((200_000, 1)), np.empty((200_000, 1))).population("shuffle", kept)
    sampler = Sampler(np.random.RandomState(0))
    sampler.draw(population, 2, 10, "shuffle")
    assert len(pickle.dumps(sampler)) < 2_000
    goes_on = [one.draw(population, 20_000, 10, "shuffle") for one in (stored(sampler), sampler)]
    np.testing.assert_array_equal(*(batch for batch, _ in goes_on))


def test_rows_that_an_older_file_keeps_are_drawn_first():
    sampler, truth = Sampler(np.random.RandomState(3)), Kept(3)
    expected = truth.draw(np.ones(20), 1, 6)
    np.testing.assert_array_equal(sampler.draw(Population(20), 1, 6, "shuffle")[0], expected[0])
    older = Sampler.__new__(Sampler)
    vars(older).update(
        _batch_rng=truth.batch_rng, _probe_rng=truth.probe_rng, _rest=np.array(truth.rest)
    )
    for n_steps in (1, 0, 3):
        older, sampler = stored(older), stored(sampler)
        got, expected = (
            one.draw(Population(20), n_steps, 6, "shuffle") for one in (older, sampler)
        )
        np.testing.assert_array_equal(got[0], expected[0])
