"""The choice of a row of cv_results_, against literal tables."""

import copy
import pickle

import numpy as np
import pytest
import skops.io
from sklearn.base import clone

from sksgdprune import SparsitySweep, within
from sksgdprune._sweep.choice import check_refit, choose, chosen_by, edge_warning
from tests.sweep_cases import classifier, results_of

NAN, INF = np.nan, np.inf


def results(*rows):
    """cv_results_ of one metric, a row of scores per p."""
    return results_of(score=rows)


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
    assert [choose(refit, table) for refit in ("best", "one_se")] == [best, one_se]
    assert type(choose("best", table)) is int


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
    for table in (results_of(a=a, b=b), results_of(b=b, a=a)):
        assert choose("one_se", table) == index
        assert type(choose("one_se", table)) is int


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
        (within(0.05), [[0.9], [0.8], [0.86]], "largest"),
        (within(0.05), [[0.9], [0.86], [0.8]], None),
        (within(0.05), [[0.9], [0.8], [0.8]], "smallest"),
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
    results = results_of(a=[[0.1], [0.3], [0.2]], b=[[NAN], [-2.0], [-1.0]], one_se=[[3], [2], [1]])
    assert [choose(name, results) for name in ("a", "b", "one_se")] == [1, 2, 0]


def test_a_single_metric_is_chosen_by_words_and_by_its_name():
    table = results([0.8, 1.0, 0.8, 1.0], [0.86] * 4, [0.84] * 4)
    assert [choose(refit, table) for refit in ("best", "one_se", "score")] == [0, 1, 0]


def test_a_callable_chooses_by_the_results():
    index = choose(
        lambda results: results["mean_test_b"].argmin(), results_of(a=[[0], [1]], b=[[1], [0]])
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
            "'best' with several metrics; expected 'one_se', 'a', 'b', within",
        ),
        ("c", ["a", "b"], "'c' with several metrics; expected 'one_se', 'a', 'b', within"),
        ("a", ["score"], "'a' with one metric; expected 'best', 'one_se', 'score', within"),
        (within, ["score"], ".*within.* with one metric; .*, within.tolerance., a callable"),
        (None, ["score"], "None with one metric"),
    ],
)
def test_what_cannot_choose_is_answered_with_what_can(refit, metrics, message):
    with pytest.raises(ValueError, match=f"Got refit={message}"):
        check_refit(refit, metrics)
    with pytest.raises(ValueError, match=f"Got refit={message}"):
        choose(refit, results_of(**{metric: [[0.5]] for metric in metrics}))


# within


@pytest.mark.parametrize(
    ("rows", "rule", "index"),
    [
        # The largest p, not the last before one that is worse.
        ([[0.9], [0.89], [0.88], [0.895]], within(0.01), 3),
        ([[0.9], [0.89], [0.88], [0.875]], within(0.01), 1),
        ([[0.88], [0.9], [0.88]], within(0.01), 1),
        # At most so far below: rounding errors do not count. In floats 0.98 - 0.97 > 0.01.
        ([[0.98], [0.97], [0.9699999]], within(0.01), 1),
        ([[-1.3e6], [-1.3e6 - 0.3]], within(0.3), 1),
        # The spread plays no part.
        ([[0.8, 1.0], [0.86] * 2, [0.89] * 2, [0.84] * 2], within(0.01), 2),
        # No tolerance: ties alone, but for rounding errors.
        ([[0.9] * 2, [0.9] * 2, [0.899] * 2], within(0), 1),
        ([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.2, 0.2, 0.2 - 1e-9]], within(0), 1),
        ([[0.0], [0.0], [-1e-300]], within(0), 1),
        # A part of the best score's absolute value.
        ([[50.0], [49.5], [49.4]], within(0.01, relative=True), 1),
        ([[-50.0], [-50.5], [-50.6]], within(0.01, relative=True), 1),
        ([[0.0], [0.0], [-1e-9]], within(0.5, relative=True), 1),
        # Failed rows are never chosen, and where all failed it is the first.
        ([[0.9], [NAN], [0.895], [NAN]], within(0.01), 2),
        ([[NAN, 0.9], [NAN, 0.8]], within(0.01), 0),
        # Infinite means rank as numbers; no tolerance reaches from one to another.
        ([[0.5], [INF], [0.6]], within(0.01), 1),
        ([[0.5], [INF], [INF], [0.7]], within(0, relative=True), 2),
        ([[-INF], [0.9], [0.895], [-INF]], within(0.01), 2),
        ([[NAN], [-INF]], within(0.01), 0),
    ],
    ids=str,
)
def test_the_largest_p_within_a_tolerance(rows, rule, index):
    for table in (results(*rows), results_of(accuracy=rows)):
        assert choose(rule, table) == index
        assert type(choose(rule, table)) is int
    assert (
        choose(within({"score": rule.tolerance}, relative=rule.relative), results(*rows)) == index
    )


@pytest.mark.parametrize(
    ("rule", "index"),
    [
        (within(0.02), 2),
        (within(0.01), 1),
        (within({"a": 0.01, "b": 0.02}), 1),
        (within({"b": 0.02, "a": 0.02}), 2),
        # What is not named does not count.
        (within({"a": 0.01}), 1),
        (within({"a": 0.15}), 4),
        (within({"b": 0.02}), 2),
        (within({"b": 1.0, "a": 0.02}), 3),
        # Of the best scores, 0.9 and -5.
        (within(0.03, relative=True), 3),
        (within({"a": 0.02, "b": 0.003}, relative=True), 1),
    ],
    ids=str,
)
def test_tolerances_of_several_metrics_hold_in_all(rule, index):
    scores = {
        "a": [[0.9], [0.895], [0.88], [0.88], [0.75]],
        "b": [[-5], [-5.005], [-5.02], [-5.1], [-6]],
    }
    assert choose(rule, results_of(**scores)) == index


@pytest.mark.parametrize(
    ("a", "b", "rule", "index"),
    [
        # Shortfalls, in tolerances: (0, 4), (3, 2) and (5, 0)
        ([0.9, 0.75, 0.65], [-7, -6, -5], within({"a": 0.05, "b": 0.5}), 1),
        # (0, 2), (3, 1) and (5, 0)
        ([0.9, 0.75, 0.65], [-7, -6, -5], within({"a": 0.05, "b": 1}), 0),
        # Without any tolerance parts of the best scores: (0, 0.4), (0.17, 0.2), (0.28, 0)
        ([0.9, 0.75, 0.65], [-7, -6, -5], within(0), 1),
        # What has none counts first.
        ([0.9, 0.9, 0.8], [-7, -6, -5], within({"a": 0, "b": 0.5}), 1),
        # A p that failed in a metric is not chosen.
        ([0.9, 0.75, NAN], [NAN, -6, -5], within(0), 1),
        # A metric that failed everywhere says nothing.
        ([0.9, 0.895, 0.8], [NAN, NAN, NAN], within(0.01), 1),
        ([0.9, 0.895, 0.8], [-INF, -INF, NAN], within(0.01), 1),
        ([NAN, NAN, NAN], [NAN, NAN, NAN], within(0.01), 0),
    ],
    ids=str,
)
def test_where_no_p_is_within_all_tolerances_the_worst_shortfall_decides(a, b, rule, index):
    a, b = np.transpose([a]).tolist(), np.transpose([b]).tolist()
    assert choose(rule, results_of(a=a, b=b)) == index
    assert choose(rule, results_of(b=b, a=a)) == index


@pytest.mark.parametrize(
    "tolerance", [-0.01, NAN, INF, "0.01", None, True, [0.01], {}, {"a": -1}, {"a": 0.1, "b": NAN}]
)
def test_a_tolerance_is_a_number_from_0_or_one_for_each_metric(tolerance):
    with pytest.raises(ValueError, match=r"Got tolerance=.*a finite number from 0, or a dict"):
        within(tolerance)


def test_relative_is_a_truth_value():
    with pytest.raises(ValueError, match="Got relative='yes'; expected True or False"):
        within(0.01, relative="yes")
    with pytest.raises(TypeError):
        within(0.01, True)


@pytest.mark.parametrize("metrics", [["score"], ["a", "b"]])
def test_names_that_are_no_metrics_are_answered_with_those_there_are(metrics):
    rule = within({"f1": 0.01, metrics[0]: 0.02})
    with pytest.raises(ValueError, match=rf"'f1' is no metric .* names '{metrics[0]}'.*, or on"):
        check_refit(rule, metrics)
    with pytest.raises(ValueError, match="'f1' is no metric"):
        choose(rule, results_of(**{metric: [[0.5]] for metric in metrics}))


def test_a_rule_says_by_which_metrics_it_chooses():
    table = results_of(a=[[1]], b=[[1]])
    rules = within(0.01), within({"b": 0.01}), "a", "one_se"
    assert [chosen_by(rule, table) for rule in rules] == [["a", "b"], ["b"], ["a"], ["a", "b"]]


def test_the_edge_is_judged_by_the_named_metrics_alone():
    table = results_of(a=[[0.9], [0.8], [0.7]], b=[[0.7], [0.8], [0.9]])
    table["p"] = np.array([0.2, 0.5, 0.8])
    assert "smallest" in edge_warning(within({"a": 0.01}), table, 0)
    assert "largest" in edge_warning(within({"b": 0.01}), table, 2)
    assert edge_warning(within({"a": 0.15}), table, 1) is None


@pytest.mark.parametrize(
    "rule", [within(0.01), within(np.float64(0.5), relative=True), within({"a": 0.01, "b": 2})]
)
def test_a_rule_is_a_value(rule):
    copies = [
        copy.deepcopy(rule),
        pickle.loads(pickle.dumps(rule)),
        clone(SparsitySweep(classifier(), refit=rule)).refit,
        skops.io.loads(skops.io.dumps(rule), trusted=[within]),
        eval(repr(rule), {"within": within, "np": np}),
    ]
    assert all(twin == rule and repr(twin) == repr(rule) for twin in copies)
    assert rule != within(0.02)
    assert rule != within(rule.tolerance, relative=not rule.relative)
    with pytest.raises(AttributeError):
        rule.tolerance = 0.5
