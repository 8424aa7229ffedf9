"""A fit: step by step as scikit-learn's plain SGD, its seeds, and what it leaves."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._data.sampling import Sampler
from tests.cases import NAMES, SAMPLINGS, X, Y, classifier, regressor, state


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
        max_steps=75,
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
    assert len(rows) == 75
    for got, expected in zip(estimator.coefs_, peer.coefs_, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10)
    for got, expected in zip(estimator.intercepts_, peer.intercepts_, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10)
    if y.ndim == 1:  # scikit-learn takes the mean of the squared error over the outputs
        epochs = [peer.loss_curve_[i : i + 15] for i in range(0, 75, 15)]
        np.testing.assert_allclose(estimator.loss_curve_, [np.mean(e) for e in epochs], rtol=1e-9)
        assert estimator.loss_ == estimator.loss_curve_[-1]
    if hasattr(peer, "predict_proba"):
        np.testing.assert_allclose(estimator.predict_proba(X), peer.predict_proba(X), atol=1e-10)
    else:
        np.testing.assert_allclose(estimator.predict(X), peer.predict(X), atol=1e-9)


def test_minibatches_are_no_larger_than_the_data_where_shuffled():
    clf = classifier(sampling="shuffle", batch_size=1000, max_steps=5).fit(X[::5], Y[::5])
    assert state(clf)[:4] == state(clone(clf).set_params(batch_size=30).fit(X[::5], Y[::5]))[:4]


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_one_seed_gives_one_result_and_another_another(make, sampling):
    one, same, other = (make(random_state=s, sampling=sampling).fit(X, Y) for s in (5, 5, 6))
    assert state(one) == state(same)
    assert not np.isin(one.theta_, other.theta_).any()


@pytest.mark.parametrize("make", [classifier, regressor])
def test_the_way_of_sampling_decides_the_result(make):
    one, other = (make(sampling=sampling).fit(X, Y) for sampling in SAMPLINGS)
    assert not np.array_equal(one.theta_, other.theta_)


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


def test_without_warm_start_the_form_of_the_data_may_change():
    clf = classifier().fit(X, Y)
    clf.set_params(hidden_layer_sizes=(3,)).fit(X[:, :2], NAMES)
    assert [W.shape for W in clf.coefs_] == [(2, 3), (3, 3)]
    assert clf.n_features_in_ == 2
    assert clf.n_layers_ == 3
    assert clf.classes_.tolist() == ["setosa", "versicolor", "virginica"]


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


@pytest.mark.parametrize("verbose", [1, 10])
def test_verbose_tells_steps_and_loss_of_fit_and_partial_fit(capsys, verbose):
    clf = classifier(verbose=verbose)
    losses = [clf.fit(X, Y).loss_, clf.partial_fit(X, Y).loss_]
    assert capsys.readouterr().out.splitlines() == [
        f"[PreconditionedMLPClassifier] step {step}, loss = {loss:.6g}"
        for step, loss in zip((40, 55), losses, strict=True)
    ]


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
