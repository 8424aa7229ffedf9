"""Tables of cells, ranks and the choice of a row, against literal tables."""

import numpy as np
import pytest

from sksgdprune._cells import Cell
from sksgdprune._results import REFITS, _rank, tabulate

NAN = np.nan


def cell(test, train=None, sparsity=0.5, fit_time=2.0, score_time=0.25):
    return Cell(test, train or {}, sparsity, fit_time, score_time)


FAILED = Cell({}, {}, NAN, NAN, NAN, error="Traceback")


def results(*rows):
    """cv_results_ of given scores, one row per p."""
    p = np.linspace(0, 1, len(rows))
    return tabulate(p, [[cell({"score": s}) for s in row] for row in rows], NAN, False)


@pytest.mark.parametrize(
    ("means", "ranks"),
    [
        ([0.5], [1]),
        ([0.1, 0.3, 0.2], [3, 1, 2]),
        ([0.3, 0.3, 0.2], [1, 1, 3]),
        ([0.2, 0.3, 0.3, 0.1], [3, 1, 1, 4]),
        ([0.2, 0.2], [1, 1]),
        ([-3.0, -1.0, -2.0], [3, 1, 2]),
        ([NAN, 0.1, 0.3], [3, 2, 1]),
        ([0.1, NAN, NAN, 0.3], [2, 3, 3, 1]),
        ([-5.0, NAN], [1, 2]),
        ([NAN, 0.0], [2, 1]),
        ([NAN, NAN], [1, 1]),
        ([-np.inf, 0.1], [2, 1]),
        # A mean squared error of 1e17 is not a failure.
        ([NAN, -1e17], [2, 1]),
    ],
    ids=str,
)
def test_ranks_start_at_one_with_failures_last(means, ranks):
    got = _rank(np.array(means))
    np.testing.assert_array_equal(got, ranks)
    assert got.dtype == np.int32


def test_one_metric_fills_the_columns_of_a_search():
    cells = [
        [cell({"score": 0.5}, sparsity=0.1, fit_time=1.0), cell({"score": 0.7}, sparsity=0.3)],
        [cell({"score": 1.0}, score_time=0.75), cell({"score": 0.0})],
    ]
    got = tabulate(np.array([0.2, 0.5]), cells, NAN, False)
    expected = {
        "p": [0.2, 0.5],
        "sparsity": [0.2, 0.5],
        "split0_test_score": [0.5, 1.0],
        "split1_test_score": [0.7, 0.0],
        "mean_test_score": [0.6, 0.5],
        "std_test_score": [0.1, 0.5],
        "rank_test_score": [1, 2],
        "mean_fit_time": [1.5, 2.0],
        "std_fit_time": [0.5, 0.0],
        "mean_score_time": [0.25, 0.5],
        "std_score_time": [0.0, 0.25],
    }
    assert list(got) == list(expected)
    for key, column in expected.items():
        np.testing.assert_allclose(got[key], column, rtol=1e-12, err_msg=key)


def test_train_scores_have_no_rank():
    cells = [[cell({"score": 0.5}, {"score": 0.9}), cell({"score": 0.5}, {"score": 0.7})]]
    got = tabulate(np.array([0.2]), cells, NAN, True)
    assert got["split0_train_score"] == [0.9]
    assert got["split1_train_score"] == [0.7]
    np.testing.assert_allclose(got["mean_train_score"], [0.8])
    np.testing.assert_allclose(got["std_train_score"], [0.1])
    assert "rank_train_score" not in got
    assert not any("train" in key for key in tabulate(np.array([0.2]), cells, NAN, False))


def test_several_metrics_are_named():
    cells = [[cell({"a": 1.0, "b": 4.0}, {"a": 5.0, "b": 6.0})], [cell({"a": 2.0, "b": 3.0})]]
    got = tabulate(np.array([0.0, 1.0]), cells, NAN, True)
    np.testing.assert_array_equal(got["split0_test_a"], [1, 2])
    np.testing.assert_array_equal(got["rank_test_a"], [2, 1])
    np.testing.assert_array_equal(got["mean_test_b"], [4, 3])
    np.testing.assert_array_equal(got["rank_test_b"], [1, 2])
    np.testing.assert_array_equal(got["mean_train_a"], [5, NAN])
    assert not any(key.endswith("_score") for key in got)


def test_one_named_metric_keeps_its_name():
    got = tabulate(np.array([0.0]), [[cell({"accuracy": 1.0})]], NAN, False)
    assert "mean_test_accuracy" in got
    assert "mean_test_score" not in got


@pytest.mark.parametrize("error_score", [NAN, 0.25])
def test_failed_cells_have_the_error_score_and_no_time(error_score):
    cells = [[FAILED, cell({"score": 0.75}, {"score": 0.5})], [cell({"score": 0.5})] * 2]
    got = tabulate(np.array([0.0, 1.0]), cells, error_score, True)
    np.testing.assert_array_equal(got["split0_test_score"], [error_score, 0.5])
    np.testing.assert_array_equal(got["split0_train_score"], [error_score] * 2)
    np.testing.assert_array_equal(got["mean_test_score"], [(error_score + 0.75) / 2, 0.5])
    np.testing.assert_array_equal(got["rank_test_score"], [2 if np.isnan(error_score) else 1, 1])
    for key in ("sparsity", "mean_fit_time", "std_fit_time", "mean_score_time"):
        assert np.isnan(got[key]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("rows", "best", "one_se"),
    [
        # The mean of the best is 0.9 with a standard error of 0.1 / √4 = 0.05.
        ([[0.8, 1.0, 0.8, 1.0], [0.86] * 4, [0.84] * 4], 0, 1),
        ([[0.8, 1.0, 0.8, 1.0], [0.84] * 4, [0.86] * 4], 0, 2),
        ([[0.86] * 4, [0.8, 1.0, 0.8, 1.0], [0.84] * 4], 1, 1),
        # No spread: ties alone are as good.
        ([[0.9] * 2, [0.9] * 2, [0.8] * 2], 0, 1),
        ([[0.9], [0.89], [0.9]], 0, 2),
        # The standard error is the best one's, not the candidate's.
        ([[0.9] * 2, [0.4, 1.2]], 0, 0),
        # Failed rows are never chosen.
        ([[0.5, 0.7], [NAN, 0.9], [NAN, NAN]], 0, 0),
        ([[NAN, 0.9], [0.5, 0.7], [0.55, 0.55]], 1, 2),
        # All means failed: as in GridSearchCV, the first.
        ([[NAN, 0.9], [NAN, 0.8]], 0, 0),
        ([[-1.0], [-2.0]], 0, 0),
    ],
    ids=str,
)
def test_best_and_one_standard_error(rows, best, one_se):
    table = results(*rows)
    assert REFITS["best"](table) == best
    assert REFITS["one_se"](table) == one_se
    assert type(REFITS["best"](table)) is int
