"""Tables of cells and ranks, against literal tables."""

import numpy as np
import pytest

from sksgdprune._sweep.cell import Cell
from sksgdprune._sweep.results import _rank, scores_of, tabulate
from tests.sweep_cases import cell, results_of

NAN = np.nan


FAILED = Cell({}, {}, NAN, NAN, NAN, error="Traceback")


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
        [
            cell({"score": 0.5}, sparsity=0.1, fit_time=1.0, n_parameters=10, n_bytes=100),
            cell({"score": 0.7}, sparsity=0.3, n_parameters=20, n_bytes=300),
        ],
        [
            cell({"score": 1.0}, score_time=0.75, predict_time=0.5),
            cell({"score": 0.0}, predict_time=0.25),
        ],
    ]
    got = tabulate(np.array([0.2, 0.5]), cells, NAN, False)
    expected = {
        "p": [0.2, 0.5],
        "sparsity": [0.2, 0.5],
        "n_parameters": [15.0, NAN],
        "n_bytes": [200.0, NAN],
        "split0_test_score": [0.5, 1.0],
        "split1_test_score": [0.7, 0.0],
        "mean_test_score": [0.6, 0.5],
        "std_test_score": [0.1, 0.5],
        "rank_test_score": [1, 2],
        "mean_fit_time": [1.5, 2.0],
        "std_fit_time": [0.5, 0.0],
        "mean_score_time": [0.25, 0.5],
        "std_score_time": [0.0, 0.25],
        "mean_predict_time": [NAN, 0.375],
        "std_predict_time": [NAN, 0.125],
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


def test_a_metric_that_fails_in_a_cell_costs_itself_alone():
    got = results_of(a=[[None, 0.5], [0.25, 0.75]], b=[[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(got["split0_test_a"], [NAN, 0.25])
    np.testing.assert_array_equal(got["mean_test_a"], [NAN, 0.5])
    np.testing.assert_array_equal(got["rank_test_a"], [2, 1])
    np.testing.assert_array_equal(got["mean_test_b"], [1.5, 3.5])
    np.testing.assert_array_equal(got["rank_test_b"], [2, 1])


def test_a_metric_that_fails_has_the_error_score():
    cells = [[cell({"a": 1.0}), cell({"a": 3.0, "b": 5.0})]]
    got = tabulate(np.array([0.0]), cells, 0.0, False)
    np.testing.assert_array_equal(got["mean_test_a"], [2])
    np.testing.assert_array_equal(got["mean_test_b"], [2.5])


def test_metrics_come_in_the_order_in_which_cells_have_them():
    cells = [[FAILED, cell({"b": 1.0})], [cell({"c": 1.0, "b": 1.0}), cell({"a": 1.0})]]
    got = tabulate(np.array([0.0, 1.0]), cells, NAN, False)
    assert [key for key in got if key.startswith("mean_test")] == [
        "mean_test_b",
        "mean_test_c",
        "mean_test_a",
    ]


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


def test_a_metrics_scores_are_not_those_of_one_whose_name_it_ends():
    table = results_of(f1=[[1, 2]], weighted_f1=[[3, 4]], x_test_f1=[[5, 6]])
    np.testing.assert_array_equal(scores_of(table, "f1"), [[1, 2]])
    assert scores_of(table, "f1", "train") is None
    assert scores_of(table, "f") is None
