"""Whole hidden units and inputs that are pruned: literal tables, and a model in plain Python."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksgdprune._kernels.types import FREE, FROZEN, PRUNED
from sksgdprune._network.layout import Layout
from sksgdprune._pruning import structured as _structure
from tests.cases import X, Y, classifier, regressor, state

# W1 0-5, b1 6-8, W2 9-14, b2 15-16, W3 17-18, b3 19
LAYOUT = Layout((2, 3, 2, 1))
# Of each unit: weights into it, bias, weights out of it.
UNITS = {
    "A": [([0, 3], [6], [9, 10]), ([1, 4], [7], [11, 12]), ([2, 5], [8], [13, 14])],
    "B": [([9, 11, 13], [15], [17]), ([10, 12, 14], [16], [18])],
}
INPUTS = {"inputs": [([], [], [0, 1, 2]), ([], [], [3, 4, 5])]}
QUICK = settings(max_examples=100, deadline=None, derandomize=True)

scores = st.lists(st.integers(-2, 4), min_size=20, max_size=20).map(lambda v: np.array(v, float))
statuses = st.lists(st.sampled_from([FREE, FROZEN, PRUNED]), min_size=20, max_size=20).map(
    lambda v: np.array(v, np.uint8)
)
fractions = st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1 / 3, 1.0])
scopes = st.sampled_from(["layer", "global"])
structures = st.sampled_from(["unit", "input"])


def free():
    return np.full(20, FREE)


def cut(scores, status, p, scope="layer", structure="unit"):
    return _structure.cut(scores, status, p, LAYOUT, scope, structure, np.arange(LAYOUT.sizes[0]))


def plain_cut(scores, status, p, scope, structure):
    """Return the wanted status as a list, one unit at a time."""
    layers = UNITS if structure == "unit" else INPUTS

    def is_gone(unit):
        into, _, out = unit
        return any(side and all(status[i] == PRUNED for i in side) for side in (into, out))

    new = [int(s) for s in status]
    together = [layers.items()] if scope == "global" else [[item] for item in layers.items()]
    for some in together:
        units = [(name, unit) for name, layer in some for unit in layer]
        left = {name: sum(not is_gone(u) for u in layers[name]) for name, _ in some}
        missing = int(len(units) * p * (1 + 1e-12)) - (len(units) - sum(left.values()))
        total = [sum(scores[i] for side in unit for i in side) for _, unit in units]
        for i in sorted(range(len(units)), key=lambda i: total[i]):
            name, unit = units[i]
            if missing > 0 and left[name] > 1 and not is_gone(unit):
                missing, left[name] = missing - 1, left[name] - 1
                for position in (i for side in unit for i in side):
                    new[position] = int(PRUNED)
    return new


def positions(structure, *names):
    """Return all connections of the named units, such as A0."""
    layers = UNITS if structure == "unit" else {"I": INPUTS["inputs"]}
    return sorted({i for n in names for side in layers[n[0]][int(n[1])] for i in side})


# Sums are the biases' scores alone; of A: 3, 1, 2; of B: 5, 4.
BY_BIAS = np.zeros(20)
BY_BIAS[[6, 7, 8, 15, 16]] = 3, 1, 2, 5, 4


@pytest.mark.parametrize(
    ("p", "scope", "gone"),
    [
        (0.0, "layer", []),
        (0.33, "layer", []),
        (0.34, "layer", ["A1"]),
        (0.5, "layer", ["A1", "B1"]),
        (0.67, "layer", ["A1", "A2", "B1"]),
        (1.0, "layer", ["A1", "A2", "B1"]),
        (0.19, "global", []),
        (0.2, "global", ["A1"]),
        (0.4, "global", ["A1", "A2"]),
        (0.6, "global", ["A1", "A2", "B1"]),  # not A0, the last of its layer
        (1.0, "global", ["A1", "A2", "B1"]),
    ],
)
def test_units_of_least_sum_go_but_the_last_of_a_layer(p, scope, gone):
    new, exceeded = cut(BY_BIAS, free(), p, scope)
    assert np.flatnonzero(new == PRUNED).tolist() == positions("unit", *gone)
    assert set(new.tolist()) <= {FREE, PRUNED}
    assert not exceeded


@pytest.mark.parametrize("position", positions("unit", "A1"))
def test_every_connection_of_a_unit_counts_for_it(position):
    low = free().astype(float)
    low[position] = -1
    new, _ = cut(low, free(), 1 / 3)
    assert (new[positions("unit", "A1")] == PRUNED).all()
    assert (new == PRUNED).sum() == 5


@pytest.mark.parametrize(("p", "gone"), [(0, []), (0.49, []), (0.5, ["I1"]), (1, ["I1"])])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_inputs_of_least_sum_go_but_the_last(p, scope, gone):
    by_weight = np.arange(20.0)
    by_weight[[0, 5]] = 5, -5  # 5 + 1 + 2 against 3 + 4 - 5
    new, _ = cut(by_weight, free(), p, scope, "input")
    assert np.flatnonzero(new == PRUNED).tolist() == positions("input", *gone)


def test_of_equal_sums_the_first_goes():
    assert (cut(np.ones(20), free(), 0.34)[0] == PRUNED).nonzero()[0].tolist() == positions(
        "unit", "A0"
    )
    new, _ = cut(np.ones(20), free(), 0.6, "global")
    gone = positions("unit", "A0", "A1", "B0")  # A: 5 each, B: 5 each
    assert np.flatnonzero(new == PRUNED).tolist() == gone


@pytest.mark.parametrize("side", [[2, 5], [13, 14]], ids=["into", "out of"])
def test_a_unit_that_lost_a_side_counts_first_and_is_left_as_it_is(side):
    status = free()
    status[side] = PRUNED
    for p, gone in [(0.34, []), (0.67, ["A1", "B1"])]:
        new, exceeded = cut(BY_BIAS, status, p)
        assert np.flatnonzero(new == PRUNED).tolist() == sorted({*side, *positions("unit", *gone)})
        assert not exceeded
    new, exceeded = cut(BY_BIAS, status, 0.2)
    np.testing.assert_array_equal(new, status)
    assert exceeded


def test_a_unit_without_its_bias_alone_is_not_pruned():
    status = free()
    status[[6, 7, 8]] = PRUNED
    new, _ = cut(BY_BIAS, status, 0.34)
    assert np.flatnonzero(new == PRUNED).tolist() == sorted({6, 8, *positions("unit", "A1")})


def test_frozen_connections_go_with_their_unit_and_others_stay_frozen():
    new, _ = cut(BY_BIAS, np.full(20, FROZEN), 0.5)
    gone = positions("unit", "A1", "B1")
    assert np.flatnonzero(new == PRUNED).tolist() == gone
    assert (np.delete(new, gone) == FROZEN).all()


@given(scores, statuses, fractions, scopes, structures)
@QUICK
def test_cuts_agree_with_the_plain_model(scores, status, p, scope, structure):
    before = status.copy()
    new, _ = cut(scores, status, p, scope, structure)
    assert new.tolist() == plain_cut(scores, status, p, scope, structure)
    assert new.dtype == np.uint8
    np.testing.assert_array_equal(status, before)


@given(scores, fractions, fractions, scopes, structures)
@QUICK
def test_a_smaller_p_is_a_part_and_in_two_cuts_as_in_one(scores, p, q, scope, structure):
    low, high = sorted([p, q])
    some, _ = cut(scores, free(), low, scope, structure)
    more, _ = cut(scores, free(), high, scope, structure)
    assert set(np.flatnonzero(some)) <= set(np.flatnonzero(more))
    np.testing.assert_array_equal(cut(scores, some, high, scope, structure)[0], more)
    np.testing.assert_array_equal(cut(scores, more, low, scope, structure)[0], more)


# By the estimators


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple),
    fractions,
    scopes,
    st.integers(0, 99),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_exactly_k_units_go_and_compact_removes_them(sizes, p, scope, seed):
    clf = classifier(hidden_layer_sizes=sizes, max_steps=3, random_state=seed).fit(X, Y)
    clf.prune(p, scope=scope, structure="unit", include_biases=False)
    small = copy.deepcopy(clf).compact()
    left = [W.shape[1] for W in small.coefs_[:-1]]
    assert min(left) >= 1
    if scope == "layer":
        assert left == [n - min(int(n * p * (1 + 1e-12)), n - 1) for n in sizes]
    else:
        k = min(int(sum(sizes) * p * (1 + 1e-12)), sum(sizes) - len(sizes))
        assert sum(left) == sum(sizes) - k
    assert small.sparsity_ == 0
    np.testing.assert_allclose(small.predict_proba(X), clf.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize("form", ["dense", "sparsified"])
def test_pruned_units_stay_away_in_training(form):
    clf = classifier().fit(X, Y)
    clf = clf.sparsify() if form == "sparsified" else clf
    clf.prune(0.5, "gradient", scope="layer", structure="unit", X=X, y=Y).partial_fit(X, Y)
    assert [r["pruned"] for r in clf.sparsity_report_] == [12, 3, 21, 2, 6, 0]
    assert [W.shape for W in clf.compact().coefs_] == [(4, 3), (3, 3), (3, 3)]


@pytest.mark.parametrize("structure", ["unit", "input"])
def test_a_function_scores_the_connections(structure):
    reg = regressor(hidden_layer_sizes=(3, 2)).fit(X[:, :2], X[:, 2])
    by_weight = BY_BIAS.copy()
    by_weight[0] = -9
    reg.prune(0.5, lambda e: by_weight, scope="layer", structure=structure)
    gone = ["A0", "B1"] if structure == "unit" else ["I0"]
    assert np.flatnonzero(reg.status_ == PRUNED).tolist() == positions(structure, *gone)
    assert not reg.theta_[reg.status_ == PRUNED].any()


@pytest.mark.parametrize("scope", ["layer", "global"])
@pytest.mark.parametrize("structure", ["unit", "input"])
def test_a_smaller_p_changes_nothing_and_warns(structure, scope):
    clf = classifier().fit(X, Y).prune(0.6, scope=scope, structure=structure)
    before = state(clf)
    with pytest.warns(UserWarning, match=r"prune\(0.3\) changes nothing"):
        clf.prune(0.3, scope=scope, structure=structure)
    assert state(clf) == before
    clf.prune(0.6, scope=scope, structure=structure)
    assert state(clf) == before


def test_weight_is_the_default():
    default, named = (classifier().fit(X, Y) for _ in range(2))
    assert state(default.prune(0.4)) == state(named.prune(0.4, structure="weight"))


def test_inputs_of_a_network_without_hidden_layers_can_be_pruned():
    clf = classifier(hidden_layer_sizes=()).fit(X, Y)
    least = np.argsort(np.abs(clf.coef_).sum(axis=0))
    clf.prune(0.5, structure="input")
    assert not clf.features_used_[least[:2]].any()
    assert clf.features_used_[least[2:]].all()


@pytest.mark.parametrize(
    ("hidden", "structure", "message"),
    [
        ((6,), "layer", r"structure='layer'; expected 'weight', 'unit' or 'input'"),
        ((6,), None, "structure=None; expected"),
        ((), "unit", "without hidden layers; expected 'weight' or 'input'"),
    ],
)
def test_what_cannot_be_pruned_is_refused_and_changes_nothing(hidden, structure, message):
    clf, twin = (classifier(hidden_layer_sizes=hidden).fit(X, Y) for _ in range(2))
    with pytest.raises(ValueError, match=message):
        clf.prune(0.5, "random", structure=structure)
    assert state(clf) == state(twin)
    assert state(clf.prune(0.5, "random")) == state(twin.prune(0.5, "random"))


# Which features are used


@pytest.mark.slow  # fits at the defaults
@pytest.mark.parametrize("sizes", [(), (3,), (3, 2)], ids=str)
def test_features_used_are_those_on_which_predictions_depend(sizes):
    rng = np.random.RandomState(0)
    fitted = regressor(hidden_layer_sizes=sizes).fit(X, X[:, :2])
    n = fitted.theta_.size  # weights away from 0, so that no path is too weak to be seen
    fitted.theta_ = rng.uniform(0.3, 0.6, n) * rng.choice([-1, 1], n)
    rows = rng.uniform(-1, 1, (20, 4))

    @given(st.integers(0, 999), st.floats(0.2, 0.9))
    @QUICK
    def check(seed, p):
        pruned = copy.deepcopy(fitted).prune(p, "random", random_state=seed)
        before = pruned.predict(rows)
        depends = []
        for feature in range(4):
            changed = rows.copy()
            changed[:, feature] = rng.uniform(-1, 1, 20)
            depends.append(bool((pruned.predict(changed) != before).any()))
        got = pruned.features_used_
        assert got.dtype == bool
        assert got.tolist() == depends
        assert pruned.sparsify().features_used_.tolist() == depends
        assert pruned.compact().features_used_.tolist() == depends

    check()


def test_a_feature_whose_paths_end_is_not_used():
    reg = regressor(hidden_layer_sizes=(2, 2)).fit(X, X[:, 0])
    assert reg.features_used_.tolist() == [True] * 4
    status = reg.status_.copy()
    W1, W2, W3 = Layout((4, 2, 2, 1)).weights(status)
    W1[:] = [[2, 0], [0, 2], [0, 0], [2, 2]]
    W2[:] = [[2, 0], [0, 0]]  # from unit 0 to unit 1 alone
    W3[:] = [[0], [2]]  # unit 0 has no path to an output
    reg.status_ = status
    assert reg.features_used_.tolist() == [True, False, True, False]


def test_before_fit_there_are_no_features_used():
    with pytest.raises(AttributeError, match="no features_used_ before fit"):
        classifier().features_used_  # noqa: B018
