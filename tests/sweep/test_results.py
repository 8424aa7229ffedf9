"""Tables of cells, ranks and the choice of a row, against literal tables."""

import numpy as np
import pytest

from sksgdprune._sweep.cell import Cell
from sksgdprune._sweep.results import (
    REFITS,
    _rank,
    check_refit,
    choose,
    edge_warning,
    scores_of,
    tabulate,
)

NAN, INF = np.nan, np.inf


def cell(test, train=None, sparsity=0.5, fit_time=2.0, score_time=0.25, **more):
    return Cell(test, train or {}, sparsity, fit_time, score_time, **more)


FAILED = Cell({}, {}, NAN, NAN, NAN, error="Traceback")


def results(*rows):
    """cv_results_ of given scores, one row per p."""
    p = np.linspace(0, 1, len(rows))
    return tabulate(p, [[cell({"score": s}) for s in row] for row in rows], NAN, False)


def several(**metrics):
    """cv_results_ of given scores: for each metric one row per p; None where it is missing."""
    tables = zip(*(np.array(rows, dtype=object) for rows in metrics.values()), strict=True)
    cells = [
        [
            cell({m: s for m, s in zip(metrics, scores, strict=True) if s is not None})
            for scores in c
        ]
        for c in (np.column_stack(rows) for rows in tables)
    ]
    return tabulate(np.linspace(0, 1, len(cells)), cells, NAN, False)


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
    got = several(a=[[None, 0.5], [0.25, 0.75]], b=[[1.0, 2.0], [3.0, 4.0]])
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
        # Infinite means rank as numbers, before what failed; they have no standard error.
        ([[0.5, 0.7], [INF, 0.9], [0.6, 0.6]], 1, 1),
        ([[0.5, 0.7], [INF, 0.9], [INF, 0.6], [0.7, 0.7]], 1, 2),
        ([[-INF, 0.7], [0.5, 0.7], [0.55, 0.55]], 1, 2),
        ([[NAN, 0.7], [-INF, 0.7]], 1, 0),
        ([[-INF, INF], [-INF, 0.7]], 1, 0),
    ],
    ids=str,
)
def test_best_and_one_standard_error(rows, best, one_se):
    table = results(*rows)
    assert REFITS["best"](table) == best
    assert REFITS["one_se"](table) == one_se
    assert type(REFITS["best"](table)) is int


# Choices by several metrics


@pytest.mark.parametrize(
    ("a", "b", "index"),
    [
        # Standard errors: a .1 / √4 = .05 below .9, b 1 / √4 = .5 below -5.
        (
            [[0.8, 1.0, 0.8, 1.0], [0.86] * 4, [0.84] * 4],
            [[-5.4] * 4, [-6, -4, -6, -4], [-5.1] * 4],
            1,
        ),
        (
            [[0.8, 1.0, 0.8, 1.0], [0.86] * 4, [0.86] * 4],
            [[-5.4] * 4, [-6, -4, -6, -4], [-5.1] * 4],
            2,
        ),
        # No p is good in both: shortfalls are (0, 4), (3, 2) and (5, 0) standard errors.
        (
            [[0.8, 1.0, 0.8, 1.0], [0.75] * 4, [0.65] * 4],
            [[-7] * 4, [-6] * 4, [-6, -4, -6, -4]],
            1,
        ),
        # (0, 2.5), (3, 2) and (5, 0)
        (
            [[0.8, 1.0, 0.8, 1.0], [0.75] * 4, [0.65] * 4],
            [[-6.25] * 4, [-6] * 4, [-6, -4, -6, -4]],
            0,
        ),
        # Without spread every shortfall is infinite: the least p.
        ([[0.9], [0.8], [0.7]], [[0.7], [0.8], [0.9]], 0),
        # but not one that failed
        ([[0.9], [0.8], [0.7]], [[NAN], [0.8], [0.9]], 1),
        # A row that failed in one metric is not chosen,
        ([[0.9] * 2, [0.9] * 2, [0.9] * 2], [[1.0] * 2, [1.0] * 2, [1.0, None]], 1),
        # a metric that failed in all rows says nothing,
        ([[0.8] * 2, [0.9] * 2, [0.8] * 2], [[1.0, None], [None, 1.0], [NAN, NAN]], 1),
        # and where both did it is the first, as in GridSearchCV.
        ([[NAN, 0.9], [NAN, 0.8]], [[1.0, None], [1.0, None]], 0),
    ],
    ids=str,
)
def test_one_standard_error_in_every_metric(a, b, index):
    for results in (several(a=a, b=b), several(b=b, a=a)):
        assert choose("one_se", results) == index
        assert type(choose("one_se", results)) is int


@pytest.mark.parametrize(
    ("refit", "rows", "edge"),
    [
        ("best", [[0.7], [0.8], [0.9]], "largest"),
        ("best", [[0.7], [0.9], [0.8]], None),
        ("best", [[0.9], [0.8], [0.7]], "smallest"),
        ("best", [[0.9], [0.9], [0.9]], None),  # the smallest of equal ones
        ("best", [[0.9], [NAN], [0.7]], "smallest"),
        ("best", [[NAN], [NAN], [NAN]], None),
        ("one_se", [[0.9], [0.8], [0.9]], "largest"),
        ("one_se", [[0.9], [0.9], [0.8]], None),
        ("one_se", [[0.9], [0.8], [0.8]], "smallest"),
        ("score", [[0.7], [0.8], [0.9]], "largest"),
        (lambda results: 2, [[0.7], [0.8], [0.9]], None),
        ("best", [[0.9]], None),
    ],
    ids=lambda value: "callable" if callable(value) else str(value),
)
def test_a_best_p_at_the_edge_of_those_compared_is_told(refit, rows, edge):
    table = results(*rows)
    table["p"] = np.linspace(0.2, 0.9, len(rows))
    problem = edge_warning(refit, table, choose(refit, table))
    assert (problem is None) if edge is None else (f"the {edge} of those compared" in problem)


@pytest.mark.parametrize(("rows", "p"), [([[0.9], [0.8]], 0.0), ([[0.8], [0.9]], 1.0)])
def test_beyond_0_and_1_there_is_no_p(rows, p):
    table = results(*rows)
    index = choose("best", table)
    assert (table["p"][index], edge_warning("best", table, index)) == (p, None)


def test_a_metrics_name_chooses_the_best_by_it():
    results = several(a=[[0.1], [0.3], [0.2]], b=[[NAN], [-2.0], [-1.0]], one_se=[[3], [2], [1]])
    assert [choose(name, results) for name in ("a", "b", "one_se")] == [1, 2, 0]


def test_a_single_metric_is_chosen_by_words_and_by_its_name():
    table = results([0.8, 1.0, 0.8, 1.0], [0.86] * 4, [0.84] * 4)
    assert [choose(refit, table) for refit in ("best", "one_se", "score")] == [0, 1, 0]


def test_a_callable_chooses_by_the_results():
    index = choose(
        lambda results: results["mean_test_b"].argmin(), several(a=[[0], [1]], b=[[1], [0]])
    )
    assert index == 1
    assert type(index) is int


@pytest.mark.parametrize("index", [2, -1, 1.0, "best", None])
def test_a_callable_must_return_an_index(index):
    with pytest.raises(ValueError, match=r"refit returned .*an index from 0 to 1"):
        choose(lambda results: index, results([1], [2]))


@pytest.mark.parametrize(
    ("refit", "metrics", "message"),
    [
        (
            "best",
            ["a", "b"],
            "'best' with several metrics; expected 'one_se', 'a', 'b', a call",
        ),
        ("c", ["a", "b"], "'c' with several metrics; expected 'one_se', 'a', 'b', a callable"),
        ("a", ["score"], "'a' with one metric; expected 'best', 'one_se', 'score', a callable"),
        (None, ["score"], "None with one metric"),
    ],
)
def test_what_cannot_choose_is_answered_with_what_can(refit, metrics, message):
    with pytest.raises(ValueError, match=f"Got refit={message}"):
        check_refit(refit, metrics)
    with pytest.raises(ValueError, match=f"Got refit={message}"):
        choose(refit, several(**{metric: [[0.5]] for metric in metrics}))


def test_a_metrics_scores_are_not_those_of_one_whose_name_it_ends():
    table = several(f1=[[1, 2]], weighted_f1=[[3, 4]], x_test_f1=[[5, 6]])
    np.testing.assert_array_equal(scores_of(table, "f1"), [[1, 2]])
    assert scores_of(table, "f1", "train") is None
    assert scores_of(table, "f") is None
