"""Data that come in chunks: the same network by every route, and the memory of one chunk."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from tests.cases import state

X, Y = load_digits(return_X_y=True)
SIZE = 300
CHUNKS = [slice(first, first + SIZE) for first in range(0, len(X), SIZE)]
CUTS = {1: ("prune", 0.5), 2: ("freeze", 0.5), 3: ("prune", 0.8)}  # after which chunk what is cut


def classifier(**parameters):
    return PreconditionedMLPClassifier((16,), random_state=0, **parameters)


def regressor(**parameters):
    return PreconditionedMLPRegressor((16,), random_state=0, **parameters)


def train(estimator, calls):
    """Take (X, y) or (X, y, weights) one after the other, and cut in between."""
    for i, (rows, y, *weights) in enumerate(calls):
        first = {"classes": range(10)} if i == 0 and hasattr(estimator, "predict_proba") else {}
        estimator.partial_fit(rows, y, sample_weight=weights[0] if weights else None, **first)
        if i in CUTS:
            action, p = CUTS[i]
            getattr(estimator, action)(p, "random")
    return estimator


def weights_of(chunk):
    """1 for the rows of a chunk, 0 for all others."""
    weights = np.zeros(len(X))
    weights[chunk] = 1
    return weights


@pytest.fixture
def mapped(tmp_path):
    """X as a file that is read where it is touched."""
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("make", [classifier, regressor])
def test_pruned_parameters_stay_zero_and_frozen_ones_as_they_were(make):
    estimator = train(make(), [(X[chunk], Y[chunk]) for chunk in CHUNKS[:3]])
    estimator.prune(0.7)
    cut, status = estimator.theta_.copy(), estimator.status_.copy()
    assert (status == 1).any()
    assert (status == 2).any()
    for chunk in CHUNKS[3:]:
        estimator.partial_fit(X[chunk], Y[chunk])
        np.testing.assert_array_equal(estimator.status_, status)
        assert not estimator.theta_[status == 2].any()
        np.testing.assert_array_equal(estimator.theta_[status == 1], cut[status == 1])
    assert (estimator.theta_ != cut)[status == 0].any()


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize("options", [{}, {"sampling": "shuffle"}, {"standardize": False}])
def test_rows_from_a_generator_a_file_or_csr_make_the_same_network(make, options, mapped):
    """To the last bit: kernels read rows as they come, and sum what is not zero in one order."""
    expected = state(train(make(**options), [(X[chunk], Y[chunk]) for chunk in CHUNKS]))
    routes = {
        "generator": ((X[chunk].copy(), Y[chunk]) for chunk in CHUNKS),
        "file": ((mapped[chunk], Y[chunk]) for chunk in CHUNKS),
        "csr": ((csr_matrix(X[chunk]), Y[chunk]) for chunk in CHUNKS),
        "by columns": ((np.asfortranarray(X[chunk]), Y[chunk]) for chunk in CHUNKS),
    }
    for name, calls in routes.items():
        assert state(train(make(**options), calls)) == expected, name


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize("options", [{}, {"sampling": "shuffle"}])
def test_a_chunk_is_all_rows_of_which_the_others_weigh_nothing(make, options):
    """To the last bit: weight 0 is the absence of a row."""
    chunks = train(make(**options), [(X[chunk], Y[chunk]) for chunk in CHUNKS])
    weighted = train(make(**options), [(X, Y, weights_of(chunk)) for chunk in CHUNKS])
    assert state(weighted) == state(chunks)


def test_the_order_of_rows_within_a_chunk_makes_no_difference():
    order = np.random.RandomState(0).permutation(SIZE)
    chunks = [(X[chunk], Y[chunk]) for chunk in CHUNKS[:-1]]
    shuffled = [(rows[order], y[order]) for rows, y in chunks]
    assert state(train(classifier(), shuffled)) == state(train(classifier(), chunks))


def test_classes_that_the_first_chunk_lacks_are_learnt_from_later_ones():
    chunks = [(X[Y < 5], Y[Y < 5]), *((X[chunk], Y[chunk]) for chunk in CHUNKS)]
    clf = classifier().partial_fit(*chunks[0], classes=range(10), n_steps=50)
    assert clf.classes_.tolist() == list(range(10))
    assert clf.predict_proba(X).shape == (len(X), 10)
    for chunk in chunks[1:]:
        clf.partial_fit(*chunk, n_steps=200)
    late = Y >= 5
    assert clf.score(X[late], Y[late]) > 0.8


def test_a_label_that_was_not_named_changes_nothing():
    clf = classifier().partial_fit(X[Y < 5], Y[Y < 5], classes=range(5))
    before = state(clf)
    with pytest.raises(ValueError, match="class"):
        clf.partial_fit(X[Y >= 5], Y[Y >= 5])
    assert state(clf) == before


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_chunk_of_a_file_takes_memory_for_the_chunk_alone(dtype, tmp_path):
    n_rows, n_columns, size = 32_000, 100, 1000
    rng = np.random.default_rng(0)
    path = tmp_path / "X.npy"
    written = np.lib.format.open_memmap(path, "w+", dtype, (n_rows, n_columns))
    for first in range(0, n_rows, size):
        written[first : first + size] = rng.normal(size=(size, n_columns))
    del written
    mapped, y = np.load(path, mmap_mode="r"), rng.integers(2, size=n_rows)
    clf = classifier().partial_fit(mapped[:size], y[:size], classes=[0, 1])
    clf.prune(0.5, "fisher", X=mapped[:size], y=y[:size])  # all is compiled
    tracemalloc.start()
    try:
        for first in range(size, n_rows, size):
            clf.partial_fit(mapped[first : first + size], y[first : first + size])
        clf.prune(0.7, "fisher", X=mapped[-size:], y=y[-size:])
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    chunk = size * n_columns * np.dtype(float).itemsize  # moments are of float64
    assert peak < 4 * chunk < mapped.nbytes / 3
    assert left < chunk / 2


@pytest.mark.engines
def test_the_blocks_of_a_dask_array_make_the_same_network():
    da = pytest.importorskip("dask.array")
    blocks = da.from_array(X, chunks=(SIZE, -1)).blocks
    labels = da.from_array(Y, chunks=SIZE).blocks
    calls = ((x.compute(), y.compute()) for x, y in zip(blocks, labels, strict=True))
    expected = train(classifier(), [(X[chunk], Y[chunk]) for chunk in CHUNKS])
    assert state(train(classifier(), calls)) == state(expected)
