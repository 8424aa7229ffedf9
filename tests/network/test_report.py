"""The report of a network's sparsity: its rows, its table, its copies."""

import pickle

import numpy as np
import pytest

from sksgdprune._kernels.types import FROZEN, PRUNED
from sksgdprune._network.report import SparsityReport
from sksgdprune._network.size import Size
from tests.cases import X, Y, classifier

EACH = {"scope": "layer", "include_biases": True}


def report_of_two():
    """Nothing pruned of one tensor, a few left of a large one."""
    return SparsityReport(
        [
            {"tensor": "W1", "shape": (1000, 20), "free": 4, "frozen": 2, "pruned": 19994},
            {"tensor": "b1", "shape": (20,), "free": 20, "frozen": 0, "pruned": 0},
        ],
        Size(13104, "sparsified"),
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
        "smallest: 13,104 bytes, sparsified",
    ]
    assert str(report_of_two()) == repr(report_of_two())


def test_the_report_is_a_table_in_a_notebook():
    html = report_of_two()._repr_html_()
    assert html.startswith("<table><thead><tr><th>tensor</th><th>shape</th><th>free</th>")
    row = "<td>b1</td><td>20</td><td>20</td><td>0</td><td>0</td><td>100 %</td>"
    assert f"<tr>{row}</tr>" in html
    assert html.endswith("</table><p>smallest: 13,104 bytes, sparsified</p>")


def test_an_estimators_report_is_a_list_of_dicts_that_prints_and_pickles():
    report = classifier().fit(X, Y).prune(0.5, **EACH).sparsity_report_
    assert isinstance(report, list)
    assert report == list(report) == [dict(row) for row in report]
    twin = pickle.loads(pickle.dumps(report))
    assert twin == report
    assert repr(twin) == repr(report)
    assert twin.n_bytes == report.n_bytes
    assert " ".join(repr(report).splitlines()[1].split()) == "W1 4 × 6 12 0 12 50 %"


# Sizes. A network of 4-6-3 has 24 + 6 + 18 + 3 = 51 parameters of 8 bytes each; a position takes 4.
SIZES = {
    "nothing": (408, "dense"),
    "16 weights": (408, "dense"),  # less than 35 * 12
    "18 weights": (33 * 12, "sparsified"),
    "3 units": ((12 + 3 + 9 + 3) * 8, "compacted"),
    "all paths but one": ((1 + 1 + 1 + 3) * 12, "compacted and sparsified"),
    "the inputs of 3 units": ((12 + 3 + 9 + 3) * 8, "compacted"),
    "the inputs of 3 units, the last biases frozen": (408, "dense"),
}


def cut(layout, status, what):
    """Prune in a status of all parameters."""
    W1, b1, W2, b2 = layout.views(status)
    if what == "16 weights":
        W1.flat[:16] = PRUNED
    if what == "18 weights":
        W1.flat[:18] = PRUNED
    if what == "3 units":
        W1[:, :3], b1[:3], W2[:3] = PRUNED, PRUNED, PRUNED
    if what == "all paths but one":
        W1.flat[1:], W2.flat[1:] = PRUNED, PRUNED
    if what.startswith("the inputs"):
        W1[:, :3] = PRUNED
    if what.endswith("frozen"):
        b2[:] = FROZEN


@pytest.mark.parametrize("what", SIZES)
@pytest.mark.parametrize("options", [{}, {"average": True, "n_draws": 3}], ids=["θ", "samples"])
def test_the_report_has_the_bytes_of_the_smallest_form(what, options):
    clf = classifier(hidden_layer_sizes=(6,), **options).fit(X, Y)
    status = clf.status_.copy()
    cut(clf._state.network.layout, status, what)
    clf.status_ = status
    for form in (clf.densify, clf.sparsify):
        report = form().sparsity_report_
        assert (report.n_bytes, report.form) == SIZES[what]
    assert clf.status_.size == 51  # the network itself stays as it is


def test_a_float32_network_takes_half_the_bytes():
    clf = classifier(hidden_layer_sizes=(6,)).fit(X.astype(np.float32), Y)
    assert clf.sparsity_report_.n_bytes == 51 * 4
    assert clf.prune(1, include_biases=True).sparsity_report_.n_bytes == 0
