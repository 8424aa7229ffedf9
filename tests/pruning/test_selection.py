"""Which parameters a cut takes: literal tables, and a model in plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksgdprune._kernels.types import FREE, FROZEN, PRUNED
from sksgdprune._network.layout import Layout
from sksgdprune._pruning import selection as _selection

LAYOUT = Layout((3, 2, 2))  # W1 0-5, b1 6-7, W2 8-11, b2 12-13
TENSORS = [range(6), range(6, 8), range(8, 12), range(12, 14)]
QUICK = settings(max_examples=50, deadline=None, derandomize=True)

ties = st.lists(st.integers(0, 4), min_size=14, max_size=14).map(lambda v: np.array(v, float))
statuses = st.lists(st.sampled_from([FREE, FROZEN, PRUNED]), min_size=14, max_size=14).map(
    lambda v: np.array(v, np.uint8)
)
fractions = st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1 / 3, 1.0])
scopes = st.sampled_from(["layer", "global"])
targets = st.sampled_from([FROZEN, PRUNED])


def plain_cut(scores, status, p, new_status, groups):
    """Return the wanted status as a list, one group and one parameter at a time."""
    status = [int(s) for s in status]
    for group in groups:
        eligible = [i for i in group if new_status == PRUNED or status[i] != PRUNED]
        already = [i for i in eligible if status[i] == new_status]
        others = sorted((scores[i], i) for i in eligible if status[i] != new_status)
        for _, i in others[: max(int(len(eligible) * p * (1 + 1e-12)) - len(already), 0)]:
            status[i] = int(new_status)
    return status


def cut(scores, status, p, new_status, scope="layer", include_biases=True):
    groups = _selection.groups(LAYOUT, scope, include_biases)
    return _selection.cut(scores, status, p, new_status, groups)


def free():
    return np.full(14, FREE)


@pytest.mark.parametrize(
    ("scope", "include_biases", "expected"),
    [
        ("layer", True, [[*t] for t in TENSORS]),
        ("layer", False, [[0, 1, 2, 3, 4, 5], [8, 9, 10, 11]]),
        ("global", True, [[*range(14)]]),
        ("global", False, [[0, 1, 2, 3, 4, 5, 8, 9, 10, 11]]),
    ],
)
def test_groups_hold_the_positions_that_are_ranked_together(scope, include_biases, expected):
    groups = _selection.groups(LAYOUT, scope, include_biases)
    assert [g.tolist() for g in groups] == expected


@pytest.mark.parametrize(
    ("k", "expected"), [(0, []), (1, [3]), (2, [3, 1]), (3, [3, 1, 2]), (5, [3, 1, 2, 4, 0])]
)
def test_lowest_takes_the_first_of_equal_scores(k, expected):
    assert _selection.lowest(np.array([2.0, 1, 1, 0, 1]), k).tolist() == expected


@pytest.mark.parametrize(
    ("size", "p", "k"),
    [
        (10, 0.3, 3),
        (7, 0.5, 3),
        (1, 0.99, 0),
        (2048, 0.9, 1843),
        (3, 1.0, 3),
        (5, 0.0, 0),
        (100, 0.29, 29),  # 100 * 0.29 is 28.999999999999996
        (1000, 0.9 * 2 / 3 * 3 / 2, 900),
        (1000, 0.8999999, 899),
    ],
)
@pytest.mark.parametrize("new_status", [FROZEN, PRUNED])
def test_cut_takes_size_times_p_rounded_down_but_for_rounding_errors(size, p, k, new_status):
    scores, status = np.ones(size), np.full(size, FREE)
    new, exceeded = _selection.cut(scores, status, p, new_status, [np.arange(size)])
    assert new.tolist() == [new_status] * k + [FREE] * (size - k)
    assert not exceeded


@given(ties, statuses, fractions, targets, scopes, st.booleans())
@QUICK
def test_cut_agrees_with_the_plain_model(scores, status, p, new_status, scope, include_biases):
    groups = TENSORS if include_biases else TENSORS[0::2]
    if scope == "global":
        groups = [[i for group in groups for i in group]]
    before = status.copy()
    new, _ = cut(scores, status, p, new_status, scope, include_biases)
    assert new.tolist() == plain_cut(scores, status, p, new_status, groups)
    assert new.dtype == np.uint8
    np.testing.assert_array_equal(status, before)


@given(ties, fractions, fractions, targets, scopes)
@QUICK
def test_a_larger_p_cuts_the_same_and_more(scores, p, q, new_status, scope):
    low, high = sorted([p, q])
    some, _ = cut(scores, free(), low, new_status, scope)
    more, _ = cut(scores, free(), high, new_status, scope)
    assert set(np.flatnonzero(some)) <= set(np.flatnonzero(more))


@given(ties, fractions, fractions, targets, scopes)
@QUICK
def test_cutting_twice_equals_cutting_once_to_the_larger_p(scores, p, q, new_status, scope):
    low, high = sorted([p, q])
    once, _ = cut(scores, free(), high, new_status, scope)
    first, _ = cut(scores, free(), low, new_status, scope)
    twice, exceeded = cut(scores, first, high, new_status, scope)
    np.testing.assert_array_equal(twice, once)
    assert not exceeded


@given(ties, fractions, fractions, targets, scopes)
@QUICK
def test_a_smaller_p_changes_nothing_and_is_reported(scores, p, q, new_status, scope):
    low, high = sorted([p, q])
    status, _ = cut(scores, free(), high, new_status, scope)
    again, exceeded = cut(scores, status, low, new_status, scope)
    np.testing.assert_array_equal(again, status)
    sizes = [14] if scope == "global" else [6, 2, 4, 2]
    assert exceeded == any(int(size * low) < int(size * high) for size in sizes)


def test_p_0_takes_nothing_and_p_1_everything():
    scores = np.arange(14.0)
    for scope in ("layer", "global"):
        assert cut(scores, free(), 0.0, PRUNED, scope)[0].tolist() == [0] * 14
        assert cut(scores, free(), 1.0, PRUNED, scope)[0].tolist() == [2] * 14
        assert cut(scores, free(), 1.0, FROZEN, scope)[0].tolist() == [1] * 14


def test_pruned_parameters_count_first_though_others_score_lower():
    scores = np.arange(14.0)
    status = free()
    status[5] = PRUNED
    new, _ = cut(scores, status, 0.5, PRUNED)
    assert np.flatnonzero(new == PRUNED).tolist() == [0, 1, 5, 6, 8, 9, 12]


def test_freezing_takes_its_fraction_of_what_is_not_pruned():
    status = free()
    status[:4] = PRUNED
    status[9] = FROZEN
    new, _ = cut(np.arange(14.0), status, 0.5, FROZEN)
    assert new.tolist() == [2, 2, 2, 2, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0]


def test_frozen_parameters_may_be_pruned():
    status = np.full(14, FROZEN)
    new, _ = cut(np.arange(14.0), status, 0.5, PRUNED)
    assert new.tolist() == [2, 2, 2, 1, 1, 1, 2, 1, 2, 2, 1, 1, 2, 1]


def test_a_group_beyond_p_is_not_reported_where_another_gains():
    status = free()
    status[:4] = PRUNED
    new, exceeded = cut(np.arange(14.0), status, 0.5, PRUNED)
    assert new.tolist() == [2, 2, 2, 2, 0, 0, 2, 0, 2, 2, 0, 0, 2, 0]
    assert not exceeded


def test_freezing_where_all_is_pruned_takes_nothing():
    status = np.full(14, PRUNED)
    new, exceeded = cut(np.arange(14.0), status, 1.0, FROZEN)
    assert new.tolist() == [2] * 14
    assert not exceeded


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_biases_are_left_alone_where_they_are_not_eligible(scope):
    new, _ = cut(-np.arange(14.0), free(), 1.0, PRUNED, scope, include_biases=False)
    assert new.tolist() == [2] * 6 + [0] * 2 + [2] * 4 + [0] * 2
