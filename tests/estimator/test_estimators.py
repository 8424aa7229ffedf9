"""The estimators as users meet them: training, going on, copies, attributes."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._data.sampling import Sampler
from tests.cases import NAMES, NOISE_ESTIMATORS, SAMPLINGS, X, Y, classifier, regressor, state

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
    assert split.n_iter_ == 22


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_partial_fit_takes_one_epoch_unless_told(sampling):
    clf = classifier(sampling=sampling, batch_size=16)
    assert clf.partial_fit(X, Y, classes=[0, 1, 2]).n_iter_ == 10
    assert clf.partial_fit(X[:33], Y[:33]).n_iter_ == 3
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


# What a fit leaves


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
