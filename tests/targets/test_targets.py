"""Targets of every kind: several labels at once, counts, frames, matrices."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.special import xlogy
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import mean_poisson_deviance
from sklearn.preprocessing import scale

from sksgdprune import PreconditionedMLPClassifier
from tests.cases import LABELS, NAMES, X, Y, classifier, regressor, state
from tests.sweep_cases import sweep

COUNTS = np.random.RandomState(0).poisson(np.exp(X[:, 0]))


# Several labels


def test_every_label_has_its_own_probability():
    clf = classifier(max_steps=1000).fit(X, LABELS)
    assert clf.out_activation_ == "logistic"
    assert clf.n_outputs_ == 3
    assert clf.classes_.tolist() == [0, 1, 2]
    P = clf.predict_proba(X)
    np.testing.assert_array_equal(clf.predict(X), P > 0.5)
    assert clf.predict(X).dtype == int
    assert (abs(P.sum(axis=1) - 1) > 0.1).any()
    np.testing.assert_allclose(clf.predict_log_proba(X), np.log(P), rtol=1e-12)
    assert clf.score(X, LABELS) > 0.85
    assert np.isfinite(clf.predict_log_proba(1e5 * X)).all()


@pytest.mark.parametrize(
    "labels", [LABELS.astype(bool), LABELS * 1.0, csr_array(LABELS), pd.DataFrame(LABELS)]
)
def test_indicators_of_any_kind_train_alike(labels):
    assert state(classifier().fit(X, labels)) == state(classifier().fit(X, LABELS))


@pytest.mark.parametrize("classes", [None, [0, 1, 2]])
def test_labels_are_learnt_by_partial_fit_too(classes):
    whole = classifier().fit(X, LABELS)
    parts = classifier().partial_fit(X, LABELS, classes=classes, n_steps=15)
    parts.partial_fit(X, LABELS, n_steps=25)
    assert state(parts) == state(whole)
    parts.prune(0.5, "gradient", X=X, y=LABELS).freeze(0.3, X=X, y=LABELS)
    assert parts.partial_fit(X[:7], LABELS[:7]).sparsity_ > 0.4


@pytest.mark.slow  # many steps
def test_labels_by_softmax_of_two_classes_and_by_logistic_agree():
    X, y = make_multilabel_classification(300, random_state=0)
    options = {"preconditioner": "identity", "learning_rate": 0.1, "random_state": 0}
    clf = PreconditionedMLPClassifier((), **options).fit(scale(X), y)
    for label in range(y.shape[1]):
        single = PreconditionedMLPClassifier((), **options).fit(scale(X), y[:, label])
        agree = single.predict(scale(X)) == clf.predict(scale(X))[:, label]
        assert agree.mean() > 0.9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.partial_fit(X, Y), r"\(150,\), but fit saw 3 labels, a column each"),
        (lambda e: e.partial_fit(X, LABELS[:, :2]), r"2 columns for 3 labels: \[0, 1, 2\]"),
        (lambda e: e.partial_fit(X, 2 * LABELS), r"values \[2\].* 0 and 1 only"),
        (lambda e: e.fit(X, LABELS + 3), r"values \[3, 4\].* 0 and 1 only"),
        (lambda e: e.partial_fit(X, LABELS, classes=[0, 1]), "not the same as on last call"),
        (lambda e: e.set_params(loss="double_softmax").fit(X, LABELS), "need 'log_loss'"),
        (lambda e: e.set_params(class_weight={0: 2}).fit(X, LABELS), "one class per sample"),
        (lambda e: e.fit(X, np.stack([Y, Y], axis=1)), "1d array|multi-output|multioutput"),
    ],
)
def test_bad_labels_are_refused_and_change_nothing(call, message):
    clf = classifier().fit(X, LABELS)
    before = state(clf)
    with pytest.raises(ValueError, match=message):
        call(clf)
    assert state(clf) == before
    assert clf.out_activation_ == "logistic"


def test_labels_are_refused_where_classes_were_seen():
    clf = classifier().fit(X, Y)
    with pytest.raises(ValueError, match=r"\(150, 3\), but fit saw 3 classes, one per sample"):
        clf.partial_fit(X, LABELS)
    assert clf.fit(X, LABELS).out_activation_ == "logistic"
    assert clf.fit(X, Y).out_activation_ == "softmax"


def test_labels_and_balanced_classes_can_be_swept():
    labels = sweep(classifier(), p=[0.2, 0.5]).fit(X, LABELS)
    assert labels.predict(X).shape == LABELS.shape
    assert np.isfinite(labels.cv_results_["mean_test_score"]).all()
    balanced = sweep(classifier(class_weight="balanced"), p=[0.2, 0.5]).fit(X, NAMES)
    assert np.isfinite(balanced.cv_results_["mean_test_score"]).all()


# A kind is kept as it was chosen


@pytest.mark.parametrize(
    ("make", "y", "changes"),
    [
        (classifier, Y, {"loss": "double_softmax", "activation": "relu"}),
        (classifier, LABELS, {"activation": "identity"}),
        (regressor, X[:, 0], {"loss": "poisson", "activation": "relu"}),
        (regressor, COUNTS, {"output_activation": "relu", "preconditioner": "identity"}),
    ],
)
def test_parameters_set_after_fit_do_not_change_what_is_predicted(make, y, changes):
    estimator = make().fit(X, y)
    expected, output = estimator.predict(X), estimator.out_activation_
    estimator.set_params(**changes)
    np.testing.assert_array_equal(estimator.predict(X), expected)
    assert estimator.out_activation_ == output


def test_a_loss_for_other_targets_needs_a_fresh_start():
    reg = regressor().fit(X, COUNTS)
    before = state(reg)
    reg.set_params(loss="poisson")
    with pytest.raises(ValueError, match="loss='poisson'; real targets need 'squared_error'"):
        reg.partial_fit(X, COUNTS)
    assert state(reg) == before
    assert reg.fit(X, COUNTS).out_activation_ == "exp"


@pytest.mark.parametrize("make", [classifier, regressor])
def test_there_are_no_fitted_attributes_before_fit(make):
    for name in ("theta_", "coefs_", "intercepts_", "n_layers_", "n_outputs_", "out_activation_"):
        assert not hasattr(make(), name)
    assert not hasattr(make(), "classes_" if make is classifier else "y_mean_")


# Counts


@pytest.mark.parametrize("y", [COUNTS, np.stack([COUNTS, COUNTS[::-1]], axis=1)])
def test_the_poisson_loss_is_half_the_deviance_and_predicts_above_0(y):
    reg = regressor(loss="poisson", batch_size=150, sampling="shuffle", max_steps=1).fit(X, y)
    start = regressor(loss="poisson", batch_size=150, sampling="shuffle", learning_rate=1e-300)
    mean = start.fit(X, y).predict(X)
    expected = (xlogy(y, y / mean) - y + mean).sum() / len(X)
    assert reg.loss_ == pytest.approx(expected, rel=1e-12)
    assert reg.out_activation_ == "exp"
    assert reg.predict(X).min() > 0


def test_the_poisson_loss_fits_counts():
    reg = regressor(loss="poisson", max_steps=2000).fit(X, COUNTS)
    perfect = mean_poisson_deviance(COUNTS, np.exp(X[:, 0]))
    constant = mean_poisson_deviance(COUNTS, np.full(150, COUNTS.mean()))
    assert mean_poisson_deviance(COUNTS, reg.predict(X)) < 0.7 * perfect + 0.3 * constant
    reg.prune(0.5, "gradient", X=X, y=COUNTS)


@pytest.mark.parametrize(
    ("parameters", "y", "message"),
    [
        ({"loss": "poisson"}, COUNTS - 1, "y down to -1; loss='poisson' needs y >= 0"),
        ({"loss": "poisson", "output_activation": "relu"}, COUNTS, "output_activation='relu'"),
    ],
)
def test_what_the_poisson_loss_cannot_do_is_refused(parameters, y, message):
    reg = regressor(**parameters)
    with pytest.raises(ValueError, match=message):
        reg.fit(X, y)
    assert not hasattr(reg, "theta_")


# Frames


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_train_as_arrays_and_keep_their_names(library):
    frame = pytest.importorskip(library).DataFrame
    names = ["a", "b", "c", "d"]
    data = frame(dict(zip(names, X.T, strict=True)))
    for make, y in ((classifier, NAMES), (regressor, X[:, 0] * X[:, 1])):
        column = frame({"y": y.tolist()})["y"]
        fitted = make().fit(data, column)
        assert state(fitted) == state(make().fit(X, y))
        assert fitted.feature_names_in_.tolist() == names
        assert fitted.predict(data).tolist() == make().fit(X, y).predict(X).tolist()
        fitted.partial_fit(data, column).prune(0.3, "gradient", X=data, y=column)
        other = frame(dict(zip(names[::-1], X.T, strict=True)))
        for call in (fitted.predict, lambda d, f=fitted, c=column: f.partial_fit(d, c)):
            with pytest.raises(ValueError, match="feature names"):
                call(other)
