"""The scope "connected": nothing is kept without a path to an output, and no layer is emptied."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksgdprune._kernels.types import PRUNED
from sksgdprune._network.layout import Layout
from sksgdprune._pruning import connected as _connected
from sksgdprune._pruning import selection as _selection
from tests.cases import X, Y, classifier

LAYOUT = Layout((2, 2, 2))  # W1 0-3, b1 4-5, W2 6-9, b2 10-11
WEIGHTS = np.array([0, 1, 2, 3, 6, 7, 8, 9])
QUICK = settings(max_examples=50, deadline=None, derandomize=True)


def vector(W1, W2, fill=9.0):
    """A score per parameter; biases have `fill`."""
    return np.array([*W1, fill, fill, *W2, fill, fill], dtype=float)


def left(scores, p, status=None, layout=LAYOUT, eligible=WEIGHTS):
    """The positions that a cut to p leaves of the eligible."""
    status = np.zeros(layout.n_parameters, np.uint8) if status is None else status
    new, _ = _connected.cut(scores, status, p, eligible, layout)
    return [i for i in eligible.tolist() if new[i] != PRUNED]


def paths(layout, kept):
    """The weights on a path from an input to an output, found by walking every path."""
    blocks, found = layout.weights(np.asarray(kept, bool)), np.zeros(layout.n_parameters, bool)
    places = layout.weights(np.arange(layout.n_parameters))

    def walk(layer, unit, trail):
        if layer == len(blocks):
            found[trail] = True
            return
        for above in np.flatnonzero(blocks[layer][unit]):
            walk(layer + 1, above, [*trail, places[layer][unit, above]])

    for unit in range(layout.sizes[0]):
        walk(0, unit, [])
    return found


@given(seed=st.integers(0, 1000), density=st.floats(0.05, 0.9))
@QUICK
def test_weights_lead_somewhere_where_a_path_goes_through_them(seed, density):
    layout = Layout((4, 3, 3, 2))
    kept = np.random.RandomState(seed).uniform(size=layout.n_parameters) < density
    got = _connected.alive(layout, kept)
    on_path = paths(layout, kept)
    for part, expected in zip(layout.weights(got), layout.weights(on_path), strict=True):
        np.testing.assert_array_equal(part, expected)
    *hidden, outputs = zip(layout.biases(got), layout.biases(kept), strict=True)
    for (part, bias), W in zip(hidden, layout.weights(on_path), strict=False):
        np.testing.assert_array_equal(part, bias & W.any(axis=0))
    np.testing.assert_array_equal(*outputs)


def test_a_weight_without_a_path_to_an_output_goes_before_lower_ones():
    # Half is left. By score alone 0, 1, 6 and 7 would be, of which 1 (into the second unit, which
    # has no way out) does nothing: 2 takes its place.
    scores = vector([8, 7, 3, 1], [6, 5, 2, 0.5])
    status = np.zeros(12, np.uint8)
    plain, _ = _selection.cut(scores, status, 0.5, PRUNED, [WEIGHTS])
    assert np.flatnonzero(plain[WEIGHTS] != PRUNED).tolist() == [0, 1, 4, 5]
    assert left(scores, 0.5) == [0, 2, 6, 7]


def test_no_layer_is_emptied():
    scores = vector([8, 7, 6, 5], [4, 3, 2, 1])
    assert left(scores, 0.5) == [0, 2, 6, 7]  # a path to each output
    assert left(scores, 0.75) == [0, 6]  # to as many as there is room for
    assert left(scores, 1.0) == []
    # Room for one path: two weights of higher scores, on the paths to both outputs, would be none.
    assert left(vector([9, 2, 1, 8], [4, 1, 1, 3]), 0.75) == [0, 6]


def test_one_layer_is_cut_by_score_alone():
    layout = Layout((3, 2))
    scores = np.array([3.0, 1, 2, 6, 5, 4, 0, 0])
    assert left(scores, 0.5, layout=layout, eligible=np.arange(6)) == [3, 4, 5]


@given(
    seed=st.integers(0, 1000),
    p=st.floats(0, 1),
    first=st.floats(0, 1),
    include_biases=st.booleans(),
)
@QUICK
def test_a_cut_takes_exactly_its_count_and_keeps_what_was_pruned(seed, p, first, include_biases):
    layout, rng = Layout((5, 4, 4, 3)), np.random.RandomState(seed)
    (eligible,) = _selection.groups(layout, "connected", include_biases)
    before = np.zeros(layout.n_parameters, np.uint8)
    before[rng.permutation(eligible)[: _selection.count(eligible.size, first * p)]] = PRUNED
    new, exceeded = _connected.cut(rng.normal(size=before.size), before, p, eligible, layout)
    assert not exceeded
    assert np.count_nonzero(new == PRUNED) == _selection.count(eligible.size, p)
    assert (new[before == PRUNED] == PRUNED).all()


def test_a_sparse_network_wastes_nothing():
    clf = classifier().fit(X, Y).prune(0.7, "random", random_state=0)
    kept = clf.status_ != PRUNED
    weights = np.concatenate([W.ravel() for W in clf._state.network.layout.weights(kept)])
    assert weights.sum() == 69 - 48
    assert paths(clf._state.network.layout, kept).sum() == weights.sum()


def test_the_scope_is_not_one_of_freezing():
    clf = classifier().fit(X, Y)
    with pytest.raises(ValueError, match="scope='connected' for freeze; expected one of"):
        clf.freeze(0.5, "random", scope="connected")


@pytest.mark.parametrize("n_cuts", [1, 40])
@pytest.mark.parametrize(
    ("sizes", "p"), [((4, 4, 1), 0.9), ((10, 10, 10, 1), 0.95), ((13, 100, 1), 0.99)]
)
def test_many_cuts_by_fixed_scores_leave_a_network_that_is_no_constant(sizes, p, n_cuts):
    layout = Layout(sizes)
    (eligible,) = _selection.groups(layout, "connected", False)
    for seed in range(10):
        scores = np.random.RandomState(seed).uniform(size=layout.n_parameters)
        status = np.zeros(layout.n_parameters, np.uint8)
        for i in range(1, n_cuts + 1):
            fraction = 1 - (1 - p) ** (i / n_cuts)
            status, _ = _connected.cut(scores, status, fraction, eligible, layout)
        kept = status != PRUNED
        assert paths(layout, kept).any()
        assert np.count_nonzero(status) == _selection.count(eligible.size, fraction)
        assert np.mean(_connected.alive(layout, kept)[eligible][kept[eligible]]) > 0.6


def test_biases_of_units_that_lead_nowhere_go_first():
    clf = classifier().fit(X, Y).prune(0.8, include_biases=True)
    layout, kept = clf._state.network.layout, clf.status_ != PRUNED
    for bias, W in zip(layout.biases(kept)[:-1], layout.weights(paths(layout, kept)), strict=False):
        assert not (bias & ~W.any(axis=0)).any()


def test_a_smaller_p_than_reached_says_so():
    status = np.zeros(12, np.uint8)
    status[WEIGHTS[:4]] = PRUNED
    new, exceeded = _connected.cut(np.arange(12.0), status, 0.25, WEIGHTS, LAYOUT)
    assert exceeded
    np.testing.assert_array_equal(new, status)
