"""Ctrl-C during a training run: what is kept, and what passes it on."""

import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune._estimator import base
from sksgdprune._kernels import entry_points
from sksgdprune._kernels.types import PRUNED
from sksgdprune._training import trainer as _training
from tests.cases import X, Y, classifier, regressor, state
from tests.sweep_cases import sweep

MAKES = [classifier, regressor]


def interrupt_at(monkeypatch, call):
    """Let the kernel be interrupted in its `call`-th call, after it has changed its arrays."""
    kernel, calls = _training.call, []

    def interrupted(entry_point, *arguments, **options):
        done = kernel(entry_point, *arguments, **options)
        calls.append(entry_point is entry_points.train)
        if sum(calls) == call:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(_training, "call", interrupted)


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("call", [2, 4])
def test_ctrl_c_keeps_the_last_whole_chunk_with_a_warning(monkeypatch, make, call):
    monkeypatch.setattr(_training, "CHUNK_ROWS", 140)  # a chunk is an epoch, 15 steps
    estimator = make(max_steps=300)
    with monkeypatch.context() as patch:
        interrupt_at(patch, call)
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            assert estimator.fit(X, Y) is estimator
    assert estimator.n_iter_ == 15 * (call - 1)
    assert state(make(max_steps=15 * (call - 1)).fit(X, Y)) == state(estimator)
    estimator.partial_fit(X, Y)
    assert estimator.score(X, Y) is not None


def test_ctrl_c_in_partial_fit_keeps_the_parameters_and_masks(monkeypatch):
    clf = classifier().fit(X, Y).prune(0.5)
    monkeypatch.setattr(_training, "CHUNK_ROWS", 10)  # two steps a chunk
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3)
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            clf.partial_fit(X, Y)
    assert clf.n_iter_ == 4
    assert not clf.theta_[clf.status_ == PRUNED].any()
    assert not clf.partial_fit(X, Y).theta_[clf.status_ == PRUNED].any()


def test_ctrl_c_under_early_stopping_returns_to_the_best_so_far(monkeypatch):
    interrupt_at(monkeypatch, 4)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        clf = classifier(early_stopping=True, max_steps=400).fit(X, Y)
    assert len(clf.validation_scores_) == 3
    assert clf.best_validation_score_ == max(clf.validation_scores_)


def test_ctrl_c_before_the_training_changes_nothing(monkeypatch):
    clf = classifier().fit(X, Y)
    before = state(clf)

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(base, "start", interrupt)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    assert state(clf) == before


@pytest.mark.parametrize("make", MAKES)
def test_ctrl_c_before_the_first_steps_are_done_is_passed_on(monkeypatch, make):
    estimator, fresh = make().fit(X, Y), make()
    before = state(estimator)
    interrupt_at(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        estimator.partial_fit(X, Y)
    assert state(estimator) == before
    monkeypatch.undo()
    interrupt_at(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        fresh.fit(X, Y)
    assert not hasattr(fresh, "theta_")


@pytest.mark.parametrize(
    "search",
    [
        lambda clf: GridSearchCV(clf, {"kappa": [1.0, 2.0]}, cv=2).fit(X, Y),
        lambda clf: cross_val_score(clf, X, Y, cv=2),
        lambda clf: cross_val_score(make_pipeline(StandardScaler(), clf), X, Y, cv=2),
    ],
    ids=["GridSearchCV", "cross_val_score", "Pipeline"],
)
def test_ctrl_c_ends_a_search(monkeypatch, search):
    monkeypatch.setattr(_training, "CHUNK_ROWS", 140)
    interrupt_at(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        search(classifier(max_steps=300))


@pytest.mark.parametrize("p", [0.5, [0.2, 0.5]])
def test_ctrl_c_ends_a_sweep(monkeypatch, p):
    interrupt_at(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        sweep(p=p).fit(X, Y)
