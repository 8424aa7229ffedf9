"""The design's invariants, after any sequence of calls on data of any shape, type and layout.

PRUNED parameters are exactly 0, FROZEN ones bit-identical to the moment of freezing, all finite.
How many sequences are tried is a matter of the profile, see conftest.py.
"""

import copy
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._kernels.types import FREE, FROZEN, PRUNED
from sksgdprune._pruning.scores import METHODS
from tests.cases import state

LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "every other row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "every other column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "backwards": lambda X: X[::-1].copy()[::-1],
}
TARGETS = {
    "classes": lambda rng, n: np.array(["a", "b", "c"])[rng.permutation(np.arange(n) % 3)],
    "labels": lambda rng, n: rng.randint(2, size=(n, 3)),
    "target": lambda rng, n: rng.normal(size=n),
    "targets": lambda rng, n: rng.normal(size=(n, 2)),
    "counts": lambda rng, n: rng.poisson(2.0, size=n),
}
WEIGHTS = {
    "none": lambda rng, n: None,
    "whole": lambda rng, n: np.r_[1, 1, 1, rng.randint(4, size=n - 3)],
    "real": lambda rng, n: np.r_[1, 1, 1, rng.exponential(size=n - 3) * (rng.rand(n - 3) > 0.3)],
}


@st.composite
def estimators(draw, target):
    parameters = {
        "hidden_layer_sizes": draw(st.lists(st.integers(1, 6), max_size=2).map(tuple)),
        "activation": draw(st.sampled_from(["identity", "logistic", "tanh", "relu"])),
        "preconditioner": draw(st.sampled_from(["diagonal", "identity"])),
        "noise_estimator": draw(st.sampled_from(["probe", "batch"])),
        "sampling": draw(st.sampled_from(["replacement", "shuffle"])),
        "posterior_size": draw(st.sampled_from(["n_parameters", "n_samples", 3.0])),
        "learning_rate": draw(st.sampled_from([0.03, 1.0, 1e30])),
        "alpha": draw(st.sampled_from([0.0, 0.1, "auto"])),
        "average": draw(st.sampled_from([False, True, 7])),
        "encoding": draw(st.sampled_from(["standard", "piecewise", None])),
        "batch_size": draw(st.integers(2, 12)),
        "max_steps": draw(st.integers(1, 25)),
        "random_state": draw(st.integers(0, 9)),
    }
    if target in ("classes", "labels"):
        return PreconditionedMLPClassifier(**parameters)
    loss = "poisson" if target == "counts" else "squared_error"
    return PreconditionedMLPRegressor(**parameters, loss=loss)


@st.composite
def data_sets(draw, target):
    """Return X, y and weights of some layout; three rows at least have a weight above 0."""
    rng = np.random.RandomState(draw(st.integers(0, 99)))
    n, d = draw(st.integers(6, 30)), draw(st.integers(1, 5))
    X = rng.normal(scale=draw(st.sampled_from([1e-3, 1.0, 1e3])), size=(n, d))
    X = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](X.astype(draw(st.sampled_from("fd"))))
    y = TARGETS[target](rng, n)
    if target == "classes":
        y[:3] = ["a", "b", "c"]
    weights = WEIGHTS[draw(st.sampled_from(sorted(WEIGHTS)))](rng, n)
    for array in (X, y):
        array.flags.writeable = draw(st.booleans())
    return X, y, weights


def cuts(action):
    return st.tuples(
        st.just(action),
        st.floats(0, 1),
        st.sampled_from(sorted(METHODS[action])),
        st.sampled_from(["layer", "global"]),
        st.booleans(),
    )


ACTIONS = st.one_of(
    st.tuples(st.sampled_from(["fit", "warm fit", "validated fit", "pickle", "unfreeze"])),
    st.tuples(st.just("partial_fit"), st.integers(1, 20)),
    cuts("prune"),
    cuts("freeze"),
)


def act(estimator, data, action, *arguments):
    """Return the estimator after an action, or its copy."""
    X, y, weights = data
    if action == "partial_fit":
        return estimator.partial_fit(X, y, sample_weight=weights, n_steps=arguments[0])
    if action == "fit":
        return estimator.fit(X, y, weights)
    if action in ("warm fit", "validated fit"):
        changed = {"warm_start": True, "early_stopping": action == "validated fit"}
        estimator.set_params(**changed).fit(X, y, weights, X_val=X, y_val=y)
        return estimator.set_params(warm_start=False, early_stopping=False)
    if action == "unfreeze":
        return estimator.unfreeze()
    if action == "pickle":
        twin = pickle.loads(pickle.dumps(estimator))
        assert state(twin) == state(estimator)
        return twin
    p, method, scope, include_biases = arguments
    options = {"scope": scope, "include_biases": include_biases}
    cut = getattr(estimator, action)
    return cut(p, method, **options, X=X, y=y, sample_weight=weights)


def assert_whole(estimator, data):
    """Check what holds of every fitted estimator."""
    X, y, _ = data
    theta, C, status = estimator.theta_, estimator.noise_variance_, estimator.status_
    assert theta.dtype == C.dtype == X.dtype
    assert theta.shape == C.shape == status.shape
    assert np.isfinite(theta).all()
    assert np.isfinite(C).all()
    assert np.isin(status, [FREE, FROZEN, PRUNED]).all()
    assert not np.frombuffer(theta[status == PRUNED].tobytes(), np.uint8).any()
    assert all(np.shares_memory(v, theta) for v in estimator.coefs_ + estimator.intercepts_)
    assert estimator.t_ >= estimator.t0 + estimator.n_iter_
    assert np.isfinite(estimator.loss_curve_).all()
    report = estimator.sparsity_report_
    counts = [sum(r[word] for r in report) for word in ("free", "frozen", "pruned")]
    assert counts == np.bincount(status, minlength=3).tolist()
    if estimator._state.network.diverged:
        assert np.isnan(estimator.score(X, y))
    else:
        assert estimator.predict(X).shape == y.shape


def assert_masked(estimator, theta, status, action, arguments):
    """Check what an action on an estimator of `theta` and `status` may have changed."""
    new_theta, new = estimator.theta_, estimator.status_
    assert (new[status == PRUNED] == PRUNED).all()
    held = (status == FROZEN) & (new != PRUNED)
    assert new_theta[held].tobytes() == theta[held].tobytes()
    if action == "unfreeze":
        assert not (new == FROZEN).any()
    else:
        assert (new[status == FROZEN] != FREE).all()
    if action in ("prune", "freeze", "unfreeze", "pickle", "refused"):
        kept = new != PRUNED
        assert new_theta[kept].tobytes() == theta[kept].tobytes()
    else:
        assert new.tobytes() == status.tobytes()
    if action == "prune" and arguments[2:] == ("global", True):
        already = (status == PRUNED).sum()
        wanted = int(new.size * arguments[0] + 1e-9)  # rounding errors do not count
        assert (new == PRUNED).sum() == max(wanted, already)


@pytest.mark.slow  # two hundred random sequences of calls
@given(st.data())
def test_invariants_hold_after_any_sequence(data):
    target = data.draw(st.sampled_from(sorted(TARGETS)))
    estimator, samples = data.draw(estimators(target)), data.draw(data_sets(target))
    given_arrays = copy.deepcopy(samples)
    parameters = estimator.get_params()
    # A rate of 1e30 leaves parameters that are finite, but whose squares need not be.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", (ConvergenceWarning, UserWarning))
        act(estimator, samples, "fit")
        plain = [None if a is None else np.array(a, order="C") for a in samples]
        assert state(copy.deepcopy(estimator).fit(*plain)) == state(estimator)
        for action, *arguments in data.draw(st.lists(ACTIONS, max_size=8)):
            theta, status = estimator.theta_.copy(), estimator.status_.copy()
            try:
                estimator = act(estimator, samples, action, *arguments)
            except ValueError as error:
                if "overflow" not in str(error):
                    raise
                action = "refused"  # nothing may have changed
            assert_whole(estimator, samples)
            if action == "fit":
                assert (estimator.status_ == FREE).all()
            else:
                assert_masked(estimator, theta, status, action, tuple(arguments))
    assert estimator.get_params() == parameters | {"warm_start": False, "early_stopping": False}
    for array, expected in zip(samples, given_arrays, strict=True):
        np.testing.assert_array_equal(array, expected)
