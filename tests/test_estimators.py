"""The estimators as users meet them: training, cutting, going on, predicting."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._selection import FREE, FROZEN, PRUNED
from sksgdprune._training import Sampler
from tests import reference

IRIS = load_iris()
X, Y = scale(IRIS.data), IRIS.target
NAMES = IRIS.target_names[Y]
SAMPLINGS = ["replacement", "shuffle"]
NOISE_ESTIMATORS = ["probe", "batch"]


def classifier(**parameters):
    defaults = {"hidden_layer_sizes": (6, 5), "max_steps": 40, "batch_size": 10, "random_state": 0}
    return PreconditionedMLPClassifier(**(defaults | parameters))


def regressor(**parameters):
    defaults = {"hidden_layer_sizes": (6, 5), "max_steps": 40, "batch_size": 10, "random_state": 0}
    return PreconditionedMLPRegressor(**(defaults | parameters))


def state(estimator):
    """Return the fitted state, to be compared bit for bit."""
    return (
        estimator.theta_.tobytes(),
        estimator.noise_variance_.tobytes(),
        estimator.status_.tobytes(),
        estimator.t_,
        estimator.n_iter_,
        estimator.theta_.dtype,
    )


# Training


def drawn_rows(monkeypatch):
    """Return a list to which every minibatch that is drawn from now on is added."""
    rows, draw = [], Sampler.draw

    def recording(self, *args):
        batch, probe = draw(self, *args)
        rows.extend(batch)
        return batch, probe

    monkeypatch.setattr(Sampler, "draw", recording)
    return rows


@pytest.mark.parametrize(
    ("ours", "theirs", "y", "first"),
    [
        (classifier, MLPClassifier, Y, {"classes": [0, 1, 2]}),
        (regressor, MLPRegressor, X[:, 0] * X[:, 1], {}),
        (regressor, MLPRegressor, X[:, :2] * X[:, 1:3], {}),
    ],
    ids=["classifier", "regressor", "two outputs"],
)
@pytest.mark.parametrize(
    ("activation", "sampling", "alpha"),
    [
        ("tanh", "shuffle", 0.0),
        ("tanh", "replacement", 0.5),
        ("logistic", "shuffle", 0.5),
        ("relu", "shuffle", 0.1),
        ("identity", "shuffle", 0.0),
    ],
)
def test_plain_sgd_follows_scikit_learn_step_by_step(
    monkeypatch, ours, theirs, y, first, activation, sampling, alpha
):
    rows = drawn_rows(monkeypatch)
    estimator = ours(
        activation=activation,
        preconditioner="identity",
        learning_rate=0.05,
        alpha=alpha,
        sampling=sampling,
        max_steps=200,
        random_state=3,
    ).fit(X, y)
    peer = theirs(
        hidden_layer_sizes=(6, 5),
        activation=activation,
        solver="sgd",
        momentum=0,
        learning_rate_init=0.05,
        alpha=alpha,
        batch_size=10,
        shuffle=False,
        random_state=3,
    )
    for batch in rows:
        peer.partial_fit(X[batch], y[batch], **first)
    assert len(rows) == 200
    for got, expected in zip(estimator.coefs_, peer.coefs_, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10)
    for got, expected in zip(estimator.intercepts_, peer.intercepts_, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10)
    if y.ndim == 1:  # scikit-learn takes the mean of the squared error over the outputs
        epochs = [peer.loss_curve_[i : i + 15] for i in range(0, 200, 15)]
        np.testing.assert_allclose(estimator.loss_curve_, [np.mean(e) for e in epochs], rtol=1e-9)
        assert estimator.loss_ == estimator.loss_curve_[-1]
    if hasattr(peer, "predict_proba"):
        np.testing.assert_allclose(estimator.predict_proba(X), peer.predict_proba(X), atol=1e-10)
    else:
        np.testing.assert_allclose(estimator.predict(X), peer.predict(X), atol=1e-9)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("noise_estimator", NOISE_ESTIMATORS)
@pytest.mark.parametrize("make", [classifier, regressor])
def test_partial_fit_in_parts_equals_one_fit(make, sampling, noise_estimator):
    options = {"sampling": sampling, "noise_estimator": noise_estimator, "batch_size": 16}
    first = {"classes": [0, 1, 2]} if make is classifier else {}
    whole = make(**options, max_steps=30).fit(X, Y)
    at_once = make(**options).partial_fit(X, Y, **first, n_steps=30)
    split = make(**options).partial_fit(X, Y, **first, n_steps=7)
    split.partial_fit(X, Y, n_steps=1).partial_fit(X, Y, n_steps=22)
    assert state(whole) == state(at_once) == state(split)
    assert split.t_ == 40
    assert split.n_iter_ == 30


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_partial_fit_takes_one_epoch_unless_told(sampling):
    clf = classifier(sampling=sampling, batch_size=16)
    assert clf.partial_fit(X, Y, classes=[0, 1, 2]).n_iter_ == 10
    assert clf.partial_fit(X[:33], Y[:33]).n_iter_ == 13
    assert len(clf.loss_curve_) == 2


def test_minibatches_are_no_larger_than_the_data_where_shuffled():
    clf = classifier(sampling="shuffle", batch_size=1000, max_steps=5).fit(X[::5], Y[::5])
    assert state(clf)[:4] == state(clone(clf).set_params(batch_size=30).fit(X[::5], Y[::5]))[:4]


def test_one_seed_gives_one_result_and_another_another():
    one, same, other = (classifier(random_state=s).fit(X, Y) for s in (5, 5, 6))
    assert state(one) == state(same)
    assert not np.isin(one.theta_, other.theta_).any()


def test_refitting_with_an_int_seed_changes_nothing():
    clf = classifier().fit(X, Y)
    before = state(clf)
    assert state(clf.fit(X, Y)) == before


def test_a_generator_as_seed_is_the_generator_of_that_seed():
    by_int = classifier(random_state=4).fit(X, Y)
    by_generator = classifier(random_state=np.random.RandomState(4)).fit(X, Y)
    assert state(by_int) == state(by_generator)


def test_fit_after_cuts_starts_afresh():
    clf = classifier().fit(X, Y)
    before = state(clf)
    clf.prune(0.5).freeze(0.5, "random").fit(X, Y)
    assert state(clf) == before
    assert clf.sparsity_ == 0


def test_warm_start_goes_on_with_the_masks():
    warm, partial = (classifier(warm_start=True).fit(X, Y) for _ in range(2))
    for clf in (warm, partial):
        clf.prune(0.5).freeze(0.5, X=X, y=Y)
    status = warm.status_.copy()
    warm.fit(X, Y)
    partial.partial_fit(X, Y, n_steps=40)
    assert state(warm) == state(partial)
    np.testing.assert_array_equal(warm.status_, status)


def test_without_warm_start_the_form_of_the_data_may_change():
    clf = classifier().fit(X, Y)
    clf.set_params(hidden_layer_sizes=(3,)).fit(X[:, :2], NAMES)
    assert [W.shape for W in clf.coefs_] == [(2, 3), (3, 3)]
    assert clf.n_features_in_ == 2
    assert clf.n_layers_ == 3
    assert clf.classes_.tolist() == ["setosa", "versicolor", "virginica"]


def test_divergence_warns_and_ends_with_the_last_finite_parameters():
    target = X[:, 0]
    options = {"activation": "identity", "preconditioner": "identity", "learning_rate": 10.0}
    with pytest.warns(ConvergenceWarning, match=r"diverged after \d+ steps"):
        diverged = regressor(**options, max_steps=500).fit(X, target)
    assert 0 < diverged.n_iter_ < 500
    assert np.isfinite(diverged.theta_).all()
    assert np.isfinite(diverged.noise_variance_).all()
    assert np.isfinite(diverged.loss_curve_).all()
    assert state(regressor(**options, max_steps=diverged.n_iter_).fit(X, target)) == state(diverged)


# Cutting


def test_prune_leaves_exactly_the_stated_fraction_of_every_tensor():
    clf = classifier().fit(X, Y).prune(0.3)
    sizes = np.array([24, 6, 30, 5, 15, 3])
    expected = [7, 1, 9, 1, 4, 0]
    report = clf.sparsity_report_
    assert [r["pruned"] for r in report] == expected
    assert [r["free"] for r in report] == (sizes - expected).tolist()
    assert clf.sparsity_ == sum(expected) / 83
    assert np.count_nonzero(clf.theta_ == 0) == sum(expected)


def test_the_report_names_every_tensor():
    clf = classifier().fit(X, Y).prune(0.5).freeze(0.5, "random")
    assert clf.sparsity_report_ == [
        {"tensor": "W1", "shape": (4, 6), "free": 6, "frozen": 6, "pruned": 12},
        {"tensor": "b1", "shape": (6,), "free": 2, "frozen": 1, "pruned": 3},
        {"tensor": "W2", "shape": (6, 5), "free": 8, "frozen": 7, "pruned": 15},
        {"tensor": "b2", "shape": (5,), "free": 2, "frozen": 1, "pruned": 2},
        {"tensor": "W3", "shape": (5, 3), "free": 4, "frozen": 4, "pruned": 7},
        {"tensor": "b3", "shape": (3,), "free": 1, "frozen": 1, "pruned": 1},
    ]
    assert clf.sparsity_ == 40 / 83


@pytest.mark.parametrize(("scope", "kept"), [("layer", 35), ("global", 34)])
def test_pruning_30_and_then_60_percent_leaves_60_percent_pruned(scope, kept):
    twice = classifier().fit(X, Y).prune(0.3, scope=scope).prune(0.6, scope=scope)
    once = classifier().fit(X, Y).prune(0.6, scope=scope)
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
    clf.prune(1, scope=scope)
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
    getattr(clf, action)(0.5, method, scope="global", X=X, y=NAMES)
    np.testing.assert_array_equal(np.flatnonzero(clf.status_), expected)
    assert set(clf.status_) == {FREE, PRUNED if action == "prune" else FROZEN}


def test_the_default_freeze_is_by_preconditioned_gradient_and_prune_by_magnitude():
    default, named = (classifier().fit(X, Y) for _ in range(2))
    default.prune(0.3).freeze(0.3, X=X, y=Y)
    named.prune(0.3, "magnitude", scope="layer").freeze(0.3, "H", scope="layer", X=X, y=Y)
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


@pytest.mark.parametrize("preconditioner", ["diagonal", "identity", "scalar", "sqrt"])
def test_invariants_hold_after_any_mix_of_actions(preconditioner):
    start = classifier(preconditioner=preconditioner).fit(X, Y)

    @given(st.lists(actions, min_size=1, max_size=6))
    @settings(max_examples=50, deadline=None, derandomize=True)
    def check(steps):
        clf = copy.deepcopy(start)
        for step in steps:
            theta, status = clf.theta_.copy(), clf.status_.copy()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", (UserWarning, ConvergenceWarning))
                act(clf, *step)
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


def test_frozen_parameters_rest_and_go_on_when_unfrozen():
    clf = classifier().fit(X, Y).prune(0.3).freeze(0.5, X=X, y=Y)
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
    clf = classifier().fit(X, Y).freeze(1.0, "random").prune(0.5)
    assert np.count_nonzero(clf.status_ == PRUNED) == 40
    assert np.count_nonzero(clf.status_ == FROZEN) == 43
    assert np.count_nonzero(clf.theta_) == 43


# Copies


def by_pickle(estimator):
    return pickle.loads(pickle.dumps(estimator))


@pytest.mark.parametrize("duplicate", [by_pickle, copy.deepcopy])
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_copy_predicts_and_goes_on_as_the_original(make, sampling, duplicate):
    original = make(sampling=sampling, batch_size=16).fit(X, Y).prune(0.3)
    twin = duplicate(original)
    np.testing.assert_array_equal(twin.predict(X), original.predict(X))
    for estimator in (original, twin):
        estimator.freeze(0.4, "random").partial_fit(X, Y, n_steps=13)
    assert state(twin) == state(original)
    np.testing.assert_array_equal(twin.predict(X), original.predict(X))


def test_a_copy_shares_no_state():
    original = classifier().fit(X, Y)
    before = state(original)
    copy.deepcopy(original).prune(0.5).partial_fit(X, Y)
    assert state(original) == before


def test_a_clone_is_unfitted_and_fits_to_the_same():
    original = classifier().fit(X, Y).prune(0.4)
    twin = clone(original)
    assert not hasattr(twin, "theta_")
    assert state(twin.fit(X, Y).prune(0.4)) == state(original)


# Predictions


@pytest.mark.parametrize("noise_estimator", NOISE_ESTIMATORS)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_float32_is_kept(activation, noise_estimator):
    narrow = X.astype(np.float32)
    clf = classifier(activation=activation, noise_estimator=noise_estimator).fit(narrow, Y)
    wide = clone(clf).fit(X, Y)
    for _ in range(2):
        assert clf.theta_.dtype == clf.noise_variance_.dtype == np.float32
        assert clf.preconditioner_.dtype == np.float32
        assert clf.predict_proba(narrow).dtype == np.float32
        assert clf.predict_log_proba(narrow).dtype == np.float32
        clf.prune(0.3).freeze(0.3, X=narrow, y=Y).partial_fit(narrow, Y)
    np.testing.assert_allclose(
        clone(clf).fit(narrow, Y).predict_proba(narrow), wide.predict_proba(X), atol=1e-4
    )
    reg = regressor(activation=activation, noise_estimator=noise_estimator).fit(narrow, X[:, 0])
    assert reg.theta_.dtype == reg.predict(narrow).dtype == np.float32


def test_log_probabilities_are_the_logarithm_of_the_probabilities():
    clf = classifier().fit(X, Y)
    np.testing.assert_allclose(clf.predict_log_proba(X), np.log(clf.predict_proba(X)), rtol=1e-12)
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1, rtol=1e-14)


def test_log_probabilities_are_finite_where_probabilities_underflow():
    clf = classifier(hidden_layer_sizes=()).fit(X, Y)
    assert (clf.predict_proba(1e5 * X) == 0).any()
    assert np.isfinite(clf.predict_log_proba(1e5 * X)).all()


@pytest.mark.parametrize("labels", [NAMES, NAMES.astype(object), Y - 7, Y * 2.0])
def test_labels_of_any_kind_train_alike(labels):
    clf, plain = classifier().fit(X, labels), classifier().fit(X, Y)
    assert state(clf) == state(plain)
    np.testing.assert_array_equal(clf.classes_, np.unique(labels))
    np.testing.assert_array_equal(clf.predict(X), np.unique(labels)[plain.predict(X)])


def test_two_classes_have_two_softmax_outputs():
    y = NAMES == "setosa"
    clf = classifier(max_steps=300).fit(X, y)
    assert clf.n_outputs_ == 2
    assert clf.classes_.tolist() == [False, True]
    assert clf.predict(X).dtype == bool
    assert clf.score(X, y) > 0.95


def test_classes_of_the_first_partial_fit_need_not_all_be_in_it():
    clf = classifier().partial_fit(X[:50], NAMES[:50], classes=np.unique(NAMES)[::-1])
    assert clf.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    clf.partial_fit(X[:50], NAMES[:50], n_steps=200)
    assert (clf.predict(X[:50]) == "setosa").all()
    clf.partial_fit(X, NAMES, n_steps=400)
    assert clf.score(X, NAMES) > 0.9


def test_double_softmax_trains():
    clf = classifier(loss="double_softmax", max_steps=1500).fit(X, Y)
    assert clf.loss_ < clf.loss_curve_[0]
    assert clf.loss_ > -np.log(np.e / (np.e + 2))  # no smaller loss exists
    assert clf.score(X, Y) > 0.9


@pytest.mark.parametrize("n_outputs", [None, 2])
def test_regression_predicts_in_the_form_of_its_targets(n_outputs):
    target = X[:, 0] if n_outputs is None else X[:, :n_outputs]
    reg = regressor(max_steps=1000).fit(X, target)
    assert reg.predict(X).shape == target.shape
    assert reg.n_outputs_ == (n_outputs or 1)
    assert reg.score(X, target) > 0.9


def regression_targets(n_outputs=1):
    Y = X[:, :n_outputs] + np.random.RandomState(0).normal(size=(len(X), n_outputs))
    return Y.ravel() if n_outputs == 1 else Y


@pytest.mark.parametrize("preconditioner", ["diagonal", "sqrt", "scalar"])
def test_targets_in_another_unit_give_the_same_predictions_in_that_unit(preconditioner):
    y = regression_targets()
    reg = regressor(preconditioner=preconditioner).fit(X, y)
    for unit in (2.0**40, 2.0**-40):  # powers of two change no digit
        other = regressor(preconditioner=preconditioner).fit(X, unit * y)
        assert state(other) == state(reg)
        np.testing.assert_array_equal(other.predict(X), unit * reg.predict(X))
    other = regressor(preconditioner=preconditioner).fit(X, 1000 * y - 7)
    np.testing.assert_allclose(other.predict(X), 1000 * reg.predict(X) - 7, rtol=1e-9)


def test_targets_are_learnt_in_units_of_their_deviation_from_their_mean():
    Y = regression_targets(2) * [1, 1e4] + [5, 0]
    reg = regressor().fit(X, Y)
    np.testing.assert_allclose(reg.y_mean_, Y.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(reg.y_scale_, Y.std(axis=0), rtol=1e-14)
    output = [reference.forward(reg.theta_, (4, 6, 5, 2), x, "tanh")[1][-1] for x in X]
    np.testing.assert_allclose(reg.predict(X), reg.y_scale_ * output + reg.y_mean_, rtol=1e-9)


@pytest.mark.parametrize(
    "options", [{"preconditioner": "identity"}, {"output_activation": "relu"}], ids=str
)
def test_plain_sgd_and_the_notebooks_output_take_targets_as_they_are(options):
    reg = regressor(**options).fit(X, 3 + regression_targets())
    assert (reg.y_mean_, reg.y_scale_) == (0, 1)


def test_units_of_targets_are_those_of_the_first_call():
    y = regression_targets()
    reg = regressor(warm_start=True).fit(X, y)
    units = reg.y_mean_, reg.y_scale_
    for go_on in (reg.partial_fit, reg.fit):
        go_on(X, 10 * y + 3)
        assert (reg.y_mean_, reg.y_scale_) == units
    assert reg.set_params(warm_start=False).fit(X, 10 * y + 3).y_scale_ > units[1]


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
def test_constant_targets_are_predicted(value):
    reg = regressor(max_steps=1000).fit(X, np.full(len(X), value))
    assert reg.y_scale_ == 1
    np.testing.assert_allclose(reg.predict(X), value, atol=0.1)


def test_predictions_keep_float32():
    reg = regressor().fit(X.astype(np.float32), regression_targets())
    assert reg.predict(X.astype(np.float32)).dtype == np.float32


# Inputs of scale 1e-3 to 1e4; all warnings are errors.
HOSTILE = X * [1e-3, 1.0, 1e2, 1e4]


@pytest.mark.parametrize("preconditioner", ["diagonal", "sqrt", "scalar"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_untuned_fits_of_raw_data_stay_finite(preconditioner, dtype):
    data = HOSTILE.astype(dtype)
    clf = PreconditionedMLPClassifier(preconditioner=preconditioner, random_state=0).fit(data, Y)
    assert np.isfinite(clf.predict_log_proba(data)).all()
    target = 1e4 * regression_targets()
    reg = PreconditionedMLPRegressor(preconditioner=preconditioner, random_state=0)
    assert np.isfinite(reg.fit(data, target).predict(data)).all()


@pytest.mark.parametrize("hidden", [(), (5,), (100,)])
@pytest.mark.parametrize("d", [1, 4])
def test_an_untuned_fit_of_noiseless_targets_is_stable_at_any_size(hidden, d):
    data, target = X[:, :d], 100 * X[:, :d].sum(axis=1)
    reg = PreconditionedMLPRegressor(hidden, random_state=0).fit(data, target)
    assert reg.score(data, target) > 0.99
    assert max(reg.loss_curve_) < 10 * reg.loss_curve_[0]


def test_a_relu_output_predicts_no_negative_value():
    target = np.maximum(X[:, 0], 0)
    reg = regressor(output_activation="relu", max_steps=1000).fit(X, target)
    assert reg.predict(X).min() == 0
    assert reg.out_activation_ == "relu"
    assert reg.score(X, target) > 0.8


def test_attributes_say_what_was_fitted():
    clf = classifier(damping=0.01).fit(X, Y)
    assert clf.n_features_in_ == 4
    assert clf.n_layers_ == 4
    assert clf.n_outputs_ == 3
    assert clf.out_activation_ == "softmax"
    assert clf.t_ == 50
    assert clf.n_iter_ == 40
    assert len(clf.loss_curve_) == 3
    assert [W.shape for W in clf.coefs_] == [(4, 6), (6, 5), (5, 3)]
    assert [b.shape for b in clf.intercepts_] == [(6,), (5,), (3,)]
    assert all(np.shares_memory(v, clf.theta_) for v in clf.coefs_ + clf.intercepts_)
    np.testing.assert_array_equal(clf.preconditioner_, 2 * 10 / 83 / (clf.noise_variance_ + 0.01))
    assert (classifier(preconditioner="identity").fit(X, Y).preconditioner_ == 1).all()


def test_verbose_tells_steps_and_loss(capsys):
    clf = classifier(verbose=1).fit(X, Y)
    assert capsys.readouterr().out == (
        f"[PreconditionedMLPClassifier] step 40, loss = {clf.loss_:.6g}\n"
    )


@pytest.mark.parametrize("load", [load_iris, load_digits])
def test_an_untuned_fit_is_accurate_and_survives_pruning(load):
    data, target = load(return_X_y=True)
    data = data[:, data.std(axis=0) > 0]
    X_train, X_test, y_train, y_test = train_test_split(
        scale(data), target, random_state=0, stratify=target
    )
    clf = PreconditionedMLPClassifier((32,), max_steps=1000, random_state=0).fit(X_train, y_train)
    assert clf.score(X_test, y_test) > 0.9
    clf.prune(0.5).partial_fit(X_train, y_train, n_steps=500)
    assert clf.score(X_test, y_test) > 0.9
