"""The report of a network's sparsity: its rows, its table, its copies."""

import pickle

from sksgdprune._network.report import SparsityReport
from tests.cases import X, Y, classifier

EACH = {"scope": "layer", "include_biases": True}


def report_of_two():
    """Nothing pruned of one tensor, a few left of a large one."""
    return SparsityReport(
        [
            {"tensor": "W1", "shape": (1000, 20), "free": 4, "frozen": 2, "pruned": 19994},
            {"tensor": "b1", "shape": (20,), "free": 20, "frozen": 0, "pruned": 0},
        ]
    )


def test_the_report_names_every_tensor():
    clf = classifier().fit(X, Y).prune(0.5, **EACH).freeze(0.5, "random")
    assert clf.sparsity_report_ == [
        {"tensor": "W1", "shape": (4, 6), "free": 6, "frozen": 6, "pruned": 12},
        {"tensor": "b1", "shape": (6,), "free": 2, "frozen": 1, "pruned": 3},
        {"tensor": "W2", "shape": (6, 5), "free": 8, "frozen": 7, "pruned": 15},
        {"tensor": "b2", "shape": (5,), "free": 2, "frozen": 1, "pruned": 2},
        {"tensor": "W3", "shape": (5, 3), "free": 4, "frozen": 4, "pruned": 7},
        {"tensor": "b3", "shape": (3,), "free": 1, "frozen": 1, "pruned": 1},
    ]
    assert clf.sparsity_ == 40 / 83


def test_the_report_prints_as_a_table_with_a_total():
    assert repr(report_of_two()).splitlines() == [
        "tensor      shape  free  frozen  pruned  remaining",
        "W1      1000 × 20     4       2  19,994     0.03 %",
        "b1             20    20       0       0      100 %",
        "total                24       2  19,994     0.13 %",
    ]
    assert str(report_of_two()) == repr(report_of_two())


def test_the_report_is_a_table_in_a_notebook():
    html = report_of_two()._repr_html_()
    assert html.startswith("<table><thead><tr><th>tensor</th><th>shape</th><th>free</th>")
    row = "<td>b1</td><td>20</td><td>20</td><td>0</td><td>0</td><td>100 %</td>"
    assert f"<tr>{row}</tr>" in html


def test_an_estimators_report_is_a_list_of_dicts_that_prints_and_pickles():
    report = classifier().fit(X, Y).prune(0.5, **EACH).sparsity_report_
    assert isinstance(report, list)
    assert report == list(report) == [dict(row) for row in report]
    twin = pickle.loads(pickle.dumps(report))
    assert twin == report
    assert repr(twin) == repr(report)
    assert " ".join(repr(report).splitlines()[1].split()) == "W1 4 × 6 12 0 12 50 %"
