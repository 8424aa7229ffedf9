"""Rows to predict: what scikit-learn's own checks say of them, whichever way they are checked."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import validate_data

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._estimator import input as rows

X = np.random.default_rng(0).normal(size=(60, 3))
NAMES = ["a", "b", "c"]


def with_value(value, dtype=float):
    """Return rows of which one has this value."""
    changed = X.astype(dtype)
    changed[5, 1] = value
    return changed


PLAIN = {
    "rows": X,
    "one row": X[:1],
    "float32": X.astype(np.float32),
    "Fortran order": np.asfortranarray(X),
    "strided": X[::2],
    "reversed": X[:, ::-1],
    "read-only": np.broadcast_to(X[:1], (4, 3)),
}
UNUSUAL = {
    "a sum that overflows": np.full((4, 3), 1e308),
    "a sum that overflows in float32": np.full((4, 3), 3e38, np.float32),
    "integers": X.astype(int),
    "truth values": X > 0,
    "float16": X.astype(np.float16),
    "foreign byte order": X.astype(X.dtype.newbyteorder()),
    "list": X.tolist(),
    "dates": np.full((2, 3), np.datetime64("2026-01-01")),
    "mapped": X.view(np.memmap),
    "masked": np.ma.masked_array(X, mask=False),
    "CSR": csr_array(X),
    "CSC": csr_array(X).tocsc(),
    "frame": pd.DataFrame(X, columns=NAMES),
    "frame in another order": pd.DataFrame(X, columns=NAMES[::-1]),
}
WRONG = {
    "NaN": with_value(np.nan),
    "NaN in one row": with_value(np.nan)[5:6],
    "a masked NaN": np.ma.masked_invalid(with_value(np.nan)),
    "infinity": with_value(np.inf),
    "infinity in float32": with_value(-np.inf, np.float32),
    "both infinities": np.concatenate([with_value(np.inf), with_value(-np.inf)]),
    "a vector": X[0],
    "a cube": X[np.newaxis],
    "a number": np.float64(1),
    "no rows": X[:0],
    "no features": X[:, :0],
    "too few features": X[:, :2],
    "too many features": X[:, [0, 1, 2, 2]],
    "complex": X + 1j,
    "text": np.full((2, 3), "two"),
    "objects": np.full((2, 3), None),
}
ALL = PLAIN | UNUSUAL | WRONG


@pytest.fixture(scope="module", params=["array", "frame"])
def clf(request):
    """A classifier that was fitted to an array, or to a frame with names."""
    clf = PreconditionedMLPClassifier((4,), max_steps=5, random_state=0)
    return clf.fit(X if request.param == "array" else pd.DataFrame(X, columns=NAMES), X[:, 0] > 0)


def outcome(check, given):
    """Return what a check returns or raises, and what it warns of."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = check(given)
        except (ValueError, TypeError) as error:
            # What this package advises comes in place of scikit-learn's advice.
            found = type(error), str(error).partition("\n")[0]
    return found, [str(warning.message) for warning in told]


@pytest.mark.parametrize("assume_finite", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_rows_pass_and_fail_as_in_scikit_learn(clf, name, assume_finite):
    def expected(X):
        accepted = {"accept_sparse": "csr", "dtype": [np.float64, np.float32]}
        return validate_data(clf, X, reset=False, **accepted)

    with config_context(assume_finite=assume_finite):
        found, told = outcome(lambda X: rows.prediction_rows(clf, X), ALL[name])
        expected, expected_told = outcome(expected, ALL[name])
    assert told == expected_told
    assert type(found) is type(expected)
    if isinstance(expected, tuple):
        assert not isinstance(found, np.ndarray)
        assert found[0] is expected[0]
        assert found[1].rstrip(".") in f"{expected[1]}."
    else:
        assert found.dtype == expected.dtype
        dense = [
            each if isinstance(each, np.ndarray) else each.toarray() for each in (found, expected)
        ]
        np.testing.assert_array_equal(*dense)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rows_are_refused(clf, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((ValueError, TypeError)):
            clf.predict_proba(WRONG[name])


@pytest.mark.parametrize("name", PLAIN)
def test_plain_rows_need_no_general_check(name, monkeypatch):
    clf = PreconditionedMLPRegressor((4,), max_steps=5, random_state=0).fit(X, X[:, 0])
    expected = clf.predict(PLAIN[name])
    monkeypatch.setattr(rows, "validate_data", lambda *_, **__: pytest.fail("checked in general"))
    assert rows.prediction_rows(clf, PLAIN[name]) is PLAIN[name]
    np.testing.assert_array_equal(clf.predict(PLAIN[name]), expected)


def test_a_later_fit_to_other_features_is_what_counts():
    clf = PreconditionedMLPClassifier((4,), max_steps=5, random_state=0).fit(X, X[:, 0] > 0)
    clf.predict(X[:1])
    clf.fit(X[:, :2], X[:, 0] > 0)
    assert clf.predict(X[:1, :2]).shape == (1,)
    with pytest.raises(ValueError, match="expecting 2 features"):
        clf.predict(X[:1])
    clf.fit(pd.DataFrame(X, columns=NAMES), X[:, 0] > 0)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        clf.predict(X[:1])


@pytest.mark.parametrize("predict", ["predict", "predict_proba", "predict_log_proba"])
def test_nothing_is_predicted_before_fit(predict):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(PreconditionedMLPClassifier(), predict)(X)
