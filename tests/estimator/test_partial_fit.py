"""Training in parts: a fit in several calls, data in chunks, and the memory of one chunk."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from tests.cases import NOISE_ESTIMATORS, SAMPLINGS, X, Y, classifier, regressor, state

# The same rows in every call

DEFAULTS = {"activation": "relu", "average": True, "encoding": "standard", "alpha": "auto"}


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(
    "options",
    [
        *({"noise_estimator": noise} for noise in NOISE_ESTIMATORS),
        DEFAULTS,
        DEFAULTS | {"batch_size": len(X)},
    ],
    ids=[*NOISE_ESTIMATORS, "defaults", "all rows in a batch"],
)
@pytest.mark.parametrize(
    ("make", "y"),
    [(classifier, Y), (classifier, Y == 1), (regressor, Y)],
    ids=["three classes", "two classes", "regressor"],
)
def test_partial_fit_in_parts_equals_one_fit(make, y, options, sampling):
    options = {"sampling": sampling, "batch_size": 16, "tol": 0} | options
    first = {"classes": np.unique(y)} if make is classifier else {}
    rows = 1e3 + X * [1e-3, 1.0, 1e2, 1e4] if options.get("encoding") else X
    whole = make(**options, max_steps=60).fit(rows, y)
    at_once = make(**options).partial_fit(rows, y, **first, n_steps=60)
    split = make(**options).partial_fit(rows, y, **first, n_steps=7)
    for n_steps in (3, 23, 1, 26):
        split.partial_fit(rows, y, n_steps=n_steps)
    assert state(whole) == state(at_once) == state(split)
    assert split.t_ == 70
    assert split.n_iter_ == 26


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_partial_fit_takes_one_epoch_unless_told(sampling):
    clf = classifier(sampling=sampling, batch_size=16)
    assert clf.partial_fit(X, Y, classes=[0, 1, 2]).n_iter_ == 10
    assert clf.partial_fit(X[:33], Y[:33]).n_iter_ == 3
    assert len(clf.loss_curve_) == 2


# Data in chunks

ROWS, DIGITS = load_digits(return_X_y=True)
SIZE = 300
CHUNKS = [slice(first, first + SIZE) for first in range(0, len(ROWS), SIZE)]
CUTS = {1: ("prune", 0.5), 2: ("freeze", 0.5), 3: ("prune", 0.8)}  # after which chunk what is cut


def wide_classifier(**parameters):
    return PreconditionedMLPClassifier((16,), random_state=0, **parameters)


def wide_regressor(**parameters):
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
    weights = np.zeros(len(ROWS))
    weights[chunk] = 1
    return weights


@pytest.fixture
def mapped(tmp_path):
    """ROWS as a file that is read where it is touched."""
    np.save(tmp_path / "X.npy", ROWS)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("make", [wide_classifier, wide_regressor])
def test_pruned_parameters_stay_zero_and_frozen_ones_as_they_were(make):
    estimator = train(make(), [(ROWS[chunk], DIGITS[chunk]) for chunk in CHUNKS[:3]])
    estimator.prune(0.7)
    cut, status = estimator.theta_.copy(), estimator.status_.copy()
    assert (status == 1).any()
    assert (status == 2).any()
    for chunk in CHUNKS[3:]:
        estimator.partial_fit(ROWS[chunk], DIGITS[chunk])
        np.testing.assert_array_equal(estimator.status_, status)
        assert not estimator.theta_[status == 2].any()
        np.testing.assert_array_equal(estimator.theta_[status == 1], cut[status == 1])
    assert (estimator.theta_ != cut)[status == 0].any()


@pytest.mark.parametrize("make", [wide_classifier, wide_regressor])
@pytest.mark.parametrize("options", [{}, {"sampling": "shuffle"}, {"encoding": None}])
def test_rows_from_a_generator_a_file_or_csr_make_the_same_network(make, options, mapped):
    """To the last bit: kernels read rows as they come, and sum what is not zero in one order."""
    expected = state(train(make(**options), [(ROWS[chunk], DIGITS[chunk]) for chunk in CHUNKS]))
    routes = {
        "generator": ((ROWS[chunk].copy(), DIGITS[chunk]) for chunk in CHUNKS),
        "file": ((mapped[chunk], DIGITS[chunk]) for chunk in CHUNKS),
        "csr": ((csr_matrix(ROWS[chunk]), DIGITS[chunk]) for chunk in CHUNKS),
        "by columns": ((np.asfortranarray(ROWS[chunk]), DIGITS[chunk]) for chunk in CHUNKS),
    }
    for name, calls in routes.items():
        assert state(train(make(**options), calls)) == expected, name


@pytest.mark.parametrize("make", [wide_classifier, wide_regressor])
@pytest.mark.parametrize("options", [{}, {"sampling": "shuffle"}])
def test_a_chunk_is_all_rows_of_which_the_others_weigh_nothing(make, options):
    """To the last bit: weight 0 is the absence of a row."""
    chunks = train(make(**options), [(ROWS[chunk], DIGITS[chunk]) for chunk in CHUNKS])
    weighted = train(make(**options), [(ROWS, DIGITS, weights_of(chunk)) for chunk in CHUNKS])
    assert state(weighted) == state(chunks)


def test_the_order_of_rows_within_a_chunk_makes_no_difference():
    order = np.random.RandomState(0).permutation(SIZE)
    chunks = [(ROWS[chunk], DIGITS[chunk]) for chunk in CHUNKS[:-1]]
    shuffled = [(rows[order], y[order]) for rows, y in chunks]
    assert state(train(wide_classifier(), shuffled)) == state(train(wide_classifier(), chunks))


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
    clf = wide_classifier().partial_fit(mapped[:size], y[:size], classes=[0, 1])
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
    blocks = da.from_array(ROWS, chunks=(SIZE, -1)).blocks
    labels = da.from_array(DIGITS, chunks=SIZE).blocks
    calls = ((x.compute(), y.compute()) for x, y in zip(blocks, labels, strict=True))
    expected = train(wide_classifier(), [(ROWS[chunk], DIGITS[chunk]) for chunk in CHUNKS])
    assert state(train(wide_classifier(), calls)) == state(expected)


# Classes


def test_classes_that_the_first_chunk_lacks_are_learnt_from_later_ones():
    names = np.array(list("abcdefghij"))
    early, late = DIGITS < 5, DIGITS >= 5
    clf = wide_classifier()
    clf.partial_fit(ROWS[early], names[DIGITS[early]], classes=names, n_steps=50)
    assert clf.classes_.tolist() == list(names)
    assert clf.predict_proba(ROWS).shape == (len(ROWS), 10)
    for chunk in CHUNKS:
        clf.partial_fit(ROWS[chunk], names[DIGITS[chunk]], n_steps=200)
    assert clf.score(ROWS[late], names[DIGITS[late]]) > 0.8


def test_classes_that_are_not_named_are_refused_and_change_nothing():
    told = r"\[0, 1\] that are not in classes_ \[2\]"
    fresh = classifier()
    with pytest.raises(ValueError, match=told):
        fresh.partial_fit([[3, 2], [1, 6]], [1, 0], classes=[2])
    assert not hasattr(fresh, "theta_")
    clf = classifier().partial_fit([[3, 2]], [2], classes=[2])
    before = state(clf)
    with pytest.raises(ValueError, match=told):
        clf.partial_fit([[3, 2], [1, 6]], [1, 0])
    assert state(clf) == before


def test_other_classes_are_refused_later():
    clf = classifier().partial_fit([[3, 2]], [0], classes=[0, 1])
    with pytest.raises(ValueError, match="not the same as on last call"):
        clf.partial_fit([[3, 2]], [1], classes=[1, 2])
