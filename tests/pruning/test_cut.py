"""What prune, freeze and unfreeze do, at once and to later training."""

import copy
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._kernels.types import FREE, FROZEN, PRUNED
from tests import reference
from tests.cases import NAMES, X, Y, classifier, state

EACH = {"scope": "layer", "include_biases": True}


def test_prune_leaves_exactly_the_stated_fraction_of_every_tensor():
    clf = classifier().fit(X, Y).prune(0.3, **EACH)
    sizes = np.array([24, 6, 30, 5, 15, 3])
    expected = [7, 1, 9, 1, 4, 0]
    report = clf.sparsity_report_
    assert [r["pruned"] for r in report] == expected
    assert [r["free"] for r in report] == (sizes - expected).tolist()
    assert clf.sparsity_ == sum(expected) / 83
    assert np.count_nonzero(clf.theta_ == 0) == sum(expected)


@pytest.mark.parametrize(("scope", "kept"), [("layer", 35), ("global", 34)])
def test_pruning_30_and_then_60_percent_leaves_60_percent_pruned(scope, kept):
    how = EACH | {"scope": scope}
    twice = classifier().fit(X, Y).prune(0.3, **how).prune(0.6, **how)
    once = classifier().fit(X, Y).prune(0.6, **how)
    assert state(twice) == state(once)
    assert np.count_nonzero(twice.theta_) == kept


@pytest.mark.parametrize("action", ["prune", "freeze"])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_a_smaller_p_changes_nothing_and_warns(action, scope):
    clf = classifier().fit(X, Y)
    getattr(clf, action)(0.5, "random", scope=scope)
    before = state(clf)
    with pytest.warns(UserWarning, match=rf"{action}\(0.2\) changes nothing"):
        assert getattr(clf, action)(0.2, "random", scope=scope) is clf
    assert state(clf) == before


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_pruning_at_0_keeps_all_and_at_1_nothing(scope):
    clf = classifier().fit(X, Y)
    before = state(clf)
    assert state(clf.prune(0, scope=scope)) == before
    clf.prune(1, scope=scope, include_biases=True)
    assert clf.sparsity_ == 1
    np.testing.assert_allclose(clf.predict_proba(X), 1 / 3, rtol=1e-15)
    assert not clf.partial_fit(X, Y).theta_.any()


def test_pruning_weights_alone_leaves_the_biases():
    clf = classifier().fit(X, Y)
    biases = [b.copy() for b in clf.intercepts_]
    clf.prune(1.0, include_biases=False)
    assert not any(W.any() for W in clf.coefs_)
    for got, expected in zip(clf.intercepts_, biases, strict=True):
        np.testing.assert_array_equal(got, expected)


def wanted_scores(clf, action, method):
    """Return the scores from the reference's gradients, one sample at a time."""
    sizes = (4, 6, 5, 3)
    arguments = ("tanh", "log_loss", "softmax")
    gradients = np.array(
        [
            reference.sample_gradient(clf.theta_, sizes, x, y, *arguments)[1]
            for x, y in zip(X, np.eye(3)[Y], strict=True)
        ]
    )
    g = gradients.mean(axis=0) + reference.penalty_gradient(clf.theta_, sizes, 0.2) / 10
    g2 = (gradients**2).mean(axis=0)
    w, C = clf.theta_, clf.noise_variance_
    H = 2 * 10 / (83 * (C + 0.01))
    return {
        ("prune", "magnitude"): abs(w),
        ("prune", "noise"): w**2 * C,
        ("prune", "fisher"): w**2 * g2,
        ("prune", "gradient"): abs(w * g),
        ("freeze", "preconditioned_gradient"): abs(H * g),
        ("freeze", "gradient"): abs(g),
        ("freeze", "fisher"): g2,
    }[action, method]


@pytest.mark.parametrize(
    ("action", "method"),
    [("prune", m) for m in ("magnitude", "noise", "fisher", "gradient")]
    + [("freeze", m) for m in ("preconditioned_gradient", "gradient", "fisher")],
)
def test_a_cut_takes_those_of_least_score(action, method):
    clf = classifier(alpha=0.2, damping=0.01).fit(X, NAMES)
    expected = np.sort(np.argsort(wanted_scores(clf, action, method))[:41])
    getattr(clf, action)(0.5, method, scope="global", include_biases=True, X=X, y=NAMES)
    np.testing.assert_array_equal(np.flatnonzero(clf.status_), expected)
    assert set(clf.status_) == {FREE, PRUNED if action == "prune" else FROZEN}


def test_the_default_freeze_is_by_preconditioned_gradient_and_prune_by_magnitude():
    default, named = (classifier().fit(X, Y) for _ in range(2))
    default.prune(0.3).freeze(0.3, X=X, y=Y)
    named.prune(0.3, "magnitude", scope="connected", include_biases=False)
    named.freeze(0.3, "H", scope="layer", include_biases=True, X=X, y=Y)
    assert state(default) == state(named)


@pytest.mark.parametrize("action", ["prune", "freeze"])
def test_random_cuts_follow_their_seed(action):
    def cut(random_state, seed=0):
        clf = classifier(random_state=seed).fit(X, Y)
        return getattr(clf, action)(0.5, "random", random_state=random_state).status_

    np.testing.assert_array_equal(cut(1), cut(1))
    np.testing.assert_array_equal(cut(None), cut(None))
    np.testing.assert_array_equal(cut(1, seed=0), cut(1, seed=5))
    assert (cut(1) != cut(2)).any()
    assert (cut(None, seed=0) != cut(None, seed=5)).any()


fractions = st.floats(0, 1)
scopes = st.sampled_from(["layer", "global"])
actions = st.one_of(
    st.tuples(
        st.just("prune"),
        fractions,
        st.sampled_from(["magnitude", "random", "noise", "fisher", "gradient"]),
        scopes,
        st.booleans(),
    ),
    st.tuples(
        st.just("freeze"),
        fractions,
        st.sampled_from(["preconditioned_gradient", "gradient", "random", "fisher"]),
        scopes,
        st.booleans(),
    ),
    st.tuples(st.just("unfreeze")),
    st.tuples(st.just("train"), st.integers(1, 12), st.sampled_from([0.03, 1.0, 1e200])),
)


def act(clf, action, *arguments):
    if action == "train":
        n_steps, learning_rate = arguments
        clf.set_params(learning_rate=learning_rate).partial_fit(X, Y, n_steps=n_steps)
    elif action == "unfreeze":
        clf.unfreeze()
    else:
        p, method, scope, include_biases = arguments
        cut = getattr(clf, action)
        cut(p, method, scope=scope, include_biases=include_biases, X=X, y=Y)


def refusal(*arguments):
    """Act; return what was said where it was refused."""
    try:
        act(*arguments)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("preconditioner", ["diagonal", "identity", "scalar", "sqrt"])
def test_invariants_hold_after_any_mix_of_actions(preconditioner):
    start = classifier(preconditioner=preconditioner).fit(X, Y)

    @given(st.lists(actions, min_size=1, max_size=6))
    @settings(max_examples=50, deadline=None, derandomize=True)
    def check(steps):
        clf = copy.deepcopy(start)
        for step in steps:
            theta, status, before = clf.theta_.copy(), clf.status_.copy(), state(clf)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", (UserWarning, ConvergenceWarning))
                refused = refusal(clf, *step)
            # θ may be large after a rate of 1e200.
            assert refused is None or ("overflow" in refused and state(clf) == before)
            assert np.isfinite(clf.theta_).all()
            pruned, frozen = clf.status_ == PRUNED, clf.status_ == FROZEN
            assert clf.theta_[pruned].tobytes() == np.zeros(pruned.sum()).tobytes()
            assert clf.theta_[frozen].tobytes() == theta[frozen].tobytes()
            assert pruned[status == PRUNED].all()
            if step[0] == "unfreeze":
                assert not frozen.any()
            else:
                assert (clf.status_[status == FROZEN] != FREE).all()
            if step[0] != "train":
                assert clf.theta_[~pruned].tobytes() == theta[~pruned].tobytes()

    check()


@pytest.mark.parametrize("method", ["fisher", "noise"])
def test_scores_that_overflow_are_refused_with_our_message_alone(method):
    clf = classifier(average=False, encoding=None).fit(X, Y)
    clf.theta_ = clf.theta_ * 1e200
    before = state(clf)
    with pytest.raises(ValueError, match="overflow: X, y or the parameters are too large"):
        clf.prune(0.5, method, X=X * 1e150, y=Y)
    assert state(clf) == before


def test_frozen_parameters_rest_and_go_on_when_unfrozen():
    clf = classifier().fit(X, Y).prune(0.3, **EACH).freeze(0.5, X=X, y=Y)
    theta, C, frozen = clf.theta_, clf.noise_variance_, clf.status_ == FROZEN
    clf.partial_fit(X, Y)
    np.testing.assert_array_equal(clf.theta_[frozen], theta[frozen])
    np.testing.assert_array_equal(clf.noise_variance_[frozen], C[frozen])
    assert (clf.theta_[clf.status_ == FREE] != theta[clf.status_ == FREE]).all()
    assert clf.unfreeze() is clf
    clf.partial_fit(X, Y)
    assert (clf.theta_[frozen] != theta[frozen]).all()
    assert clf.sparsity_report_[0] == {
        "tensor": "W1",
        "shape": (4, 6),
        "free": 17,
        "frozen": 0,
        "pruned": 7,
    }


def test_frozen_parameters_may_be_pruned():
    clf = classifier().fit(X, Y).freeze(1.0, "random").prune(0.5, **EACH)
    assert np.count_nonzero(clf.status_ == PRUNED) == 40
    assert np.count_nonzero(clf.status_ == FROZEN) == 43
    assert np.count_nonzero(clf.theta_) == 43


# Fractions, functions, and what is refused


def fitted(dtype=np.float64, **changes):
    options = {"hidden_layer_sizes": (6,), "max_steps": 30, "random_state": 0} | changes
    return PreconditionedMLPClassifier(**options).fit(X.astype(dtype), Y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation", "swish"),
        ("preconditioner", "zz"),
        ("loss", "zz"),
        ("batch_size", 0),
        ("damping", -5),
        ("posterior_size", 0),
        ("sampling", "foo"),
        ("alpha", -1),
    ],
)
@pytest.mark.parametrize("action", ["prune", "freeze"])
def test_a_cut_checks_the_parameters_first(action, name, value):
    clf = fitted()
    theta, status = clf.theta_.copy(), clf.status_.copy()
    clf.set_params(**{name: value})
    with pytest.raises(ValueError, match=name):
        getattr(clf, action)(0.5, "random")
    np.testing.assert_array_equal(clf.theta_, theta)
    np.testing.assert_array_equal(clf.status_, status)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize(("dtype", "factor"), [(np.float32, 1e300), (np.float64, 1e200)])
@pytest.mark.parametrize(("action", "method"), [("prune", "fisher"), ("freeze", "fisher")])
def test_a_gradient_that_overflows_is_refused(dtype, factor, action, method):
    clf = fitted(dtype, activation="relu")
    status = clf.status_.copy()
    with pytest.raises(ValueError, match="overflow"):
        getattr(clf, action)(0.3, method, X=X * factor, y=Y)
    np.testing.assert_array_equal(clf.status_, status)


@pytest.mark.parametrize(("p", "k"), [(0.29, 29), (np.float32(0.7), 70), (np.float16(0.1), 10)])
@pytest.mark.parametrize("action", ["prune", "freeze"])
def test_a_fraction_is_the_decimal_that_it_prints(action, p, k):
    reg = PreconditionedMLPRegressor((), max_steps=1, random_state=0).fit(X.repeat(25, axis=1), Y)
    getattr(reg, action)(p, "random", include_biases=False)
    assert reg.sparsity_report_[0]["shape"] == (100, 1)
    assert reg.sparsity_report_[0]["pruned" if action == "prune" else "frozen"] == k


@pytest.mark.parametrize("action", ["prune", "freeze"])
@pytest.mark.parametrize("value", ["no", None, 1, 0.0])
def test_include_biases_is_true_or_false(action, value):
    with pytest.raises(ValueError, match=r"include_biases=.*True or False"):
        getattr(fitted(), action)(0.5, "random", include_biases=value)


def test_a_function_may_score_the_parameters():
    mine, named = fitted(), fitted()
    mine.prune(0.5, lambda e: e.theta**2 * e.squared_gradient, X=X, y=Y)
    named.prune(0.5, "fisher", X=X, y=Y)
    np.testing.assert_array_equal(mine.status_, named.status_)
    mine.freeze(0.5, lambda e: abs(e.preconditioner * e.gradient), X=X, y=Y)
    named.freeze(0.5, X=X, y=Y)
    np.testing.assert_array_equal(mine.status_, named.status_)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (lambda e: e.gradient, "needs the gradient over data: pass X and y"),
        (lambda e: e.theta[:3], r"scores of shape \(3,\); there must be one per parameter"),
        (lambda e: 1.0, r"scores of shape \(\); "),
        (lambda e: e.theta / 0, "overflow"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize("action", ["prune", "freeze"])
def test_scores_of_a_function_are_checked(action, method, message):
    clf = fitted()
    status = clf.status_.copy()
    with pytest.raises(ValueError, match=message):
        getattr(clf, action)(0.5, method)
    np.testing.assert_array_equal(clf.status_, status)
