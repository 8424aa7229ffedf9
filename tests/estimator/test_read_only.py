"""Read-only data, as of a file mapped into memory or of joblib's workers: used where they lie.

The file's memory is protected: writing into it would end the process.
"""

import tracemalloc

import numpy as np
import pytest
from numba import typeof
from scipy.sparse import csr_array, csr_matrix

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._data.sampling import samples
from sksgdprune._data.validation import unprotected
from tests.cases import state

rng = np.random.default_rng(0)
ROWS = np.where(rng.random((600, 20)) < 0.5, rng.normal(size=(600, 20)), 0)
TARGETS = {PreconditionedMLPClassifier: rng.integers(3, size=600)}
TARGETS[PreconditionedMLPRegressor] = ROWS[:, 0] + rng.normal(size=600)
OPTIONS = {"hidden_layer_sizes": (8,), "max_steps": 60, "random_state": 0, "n_draws": 3}
LARGE, WIDTH = 60_000, 200  # 96 MB
ESTIMATORS = pytest.mark.parametrize("Estimator", TARGETS)


def on_disk(path, array):
    """Write an array into a file and map it into memory."""
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def mapped_csr(folder, rows, kind):
    """Return CSR rows whose three arrays are mapped from files."""
    whole = csr_matrix(rows)
    indices, starts = whole.indices.astype(np.int64), whole.indptr.astype(np.int64)
    parts = {"data": whole.data, "indices": indices, "indptr": starts}
    made = kind(whole.shape)
    for name, array in parts.items():
        setattr(made, name, on_disk(folder / f"{name}.npy", array))
    return made


def all_uses(estimator, X, y):
    """Use an estimator in every way in which kernels read X; return what comes of it."""
    estimator.fit(X, y).partial_fit(X, y, n_steps=20)
    found = [*state(estimator), estimator.score(X, y)]
    estimator.prune(0.95, "fisher", X=X, y=y).partial_fit(X, y, n_steps=20).sparsify()
    estimator.fit(X, y, X_val=X, y_val=y).prune(0.95).sparsify()
    return [*found, *state(estimator), estimator.predict(X).tobytes()]


@ESTIMATORS
@pytest.mark.parametrize("encoding", ["standard", "piecewise", None])
def test_protected_rows_and_targets_give_the_bits_of_others(Estimator, encoding, tmp_path):
    X, y = on_disk(tmp_path / "X.npy", ROWS), on_disk(tmp_path / "y.npy", TARGETS[Estimator])
    options = OPTIONS | {"encoding": encoding}
    expected = all_uses(Estimator(**options), ROWS.copy(), TARGETS[Estimator].copy())
    assert all_uses(Estimator(**options), X, y) == expected
    assert not X.flags.writeable
    np.testing.assert_array_equal(X, ROWS)


@ESTIMATORS
@pytest.mark.parametrize("kind", [csr_matrix, csr_array])
def test_protected_csr_rows_give_the_bits_of_others(Estimator, kind, tmp_path):
    y = TARGETS[Estimator]
    expected = all_uses(Estimator(**OPTIONS), kind(ROWS), y)
    assert all_uses(Estimator(**OPTIONS), mapped_csr(tmp_path, ROWS, kind), y) == expected


@pytest.mark.parametrize("sparse", [False, True])
def test_for_numba_protected_samples_have_the_type_of_others(sparse, tmp_path):
    X = mapped_csr(tmp_path, ROWS, csr_array) if sparse else on_disk(tmp_path / "X.npy", ROWS)
    Y = on_disk(tmp_path / "Y.npy", ROWS[:, :2])
    others = samples(csr_array(ROWS) if sparse else ROWS, ROWS[:, :2].copy())
    assert typeof(samples(X, Y)) == typeof(others)


def test_what_is_unprotected_is_a_view_that_keeps_its_memory(tmp_path):
    array = np.arange(6.0).reshape(2, 3)
    assert unprotected(array) is array
    view = unprotected(on_disk(tmp_path / "array.npy", array))
    np.testing.assert_array_equal(view, array)
    assert view.flags.writeable
    array.flags.writeable = False
    assert np.shares_memory(unprotected(array), array)
    assert unprotected(None) is None


@ESTIMATORS
def test_rows_of_a_file_take_a_small_part_of_their_memory(Estimator, tmp_path):
    X = on_disk(tmp_path / "X.npy", rng.normal(size=(LARGE, WIDTH)))
    y = (X[:, 0] > 0).astype(float)
    options = OPTIONS | {"encoding": "standard", "n_draws": 0}
    Estimator(**options).fit(X[:600], y[:600]).score(X[:600], y[:600])  # all is compiled
    tracemalloc.start()
    try:
        estimator = Estimator(**options).fit(X, y)
        estimator.partial_fit(X, y, n_steps=20).score(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * X.nbytes
