"""A sweep with memory trains no cell twice."""

import joblib
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import _training
from tests.sweep_cases import FINETUNE, P, assert_same_results, classifier, iris, sweep


@pytest.mark.parametrize("name", ["alone", "pipeline"])
def test_memory_trains_no_cell_twice(name, tmp_path, trainings):
    X, y = iris()
    clf = classifier() if name == "alone" else make_pipeline(StandardScaler(), classifier())
    first = sweep(clf, p=P, refit=False, memory=str(tmp_path)).fit(X, y)
    assert len(trainings) == 2 + 2 * len(P)
    trainings.clear()
    second = sweep(clf, p=P, refit=False, memory=joblib.Memory(str(tmp_path), verbose=0)).fit(X, y)
    assert trainings == []
    assert list(first.cv_results_) == list(second.cv_results_)
    for key, column in first.cv_results_.items():
        np.testing.assert_array_equal(column, second.cv_results_[key])
    more = sweep(clf, p=[*P, 0.7], refit=False, memory=str(tmp_path)).fit(X, y)
    assert trainings == [FINETUNE] * 2
    plain = sweep(clf, p=[*P, 0.7], refit=False).fit(X, y)
    assert_same_results(more.cv_results_, plain.cv_results_)


def test_memory_goes_on_after_an_interrupted_sweep(tmp_path, trainings, monkeypatch):
    train = _training.train

    def interrupted(*arguments, **options):
        if len(trainings) == 5:
            raise KeyboardInterrupt
        return train(*arguments, **options)

    X, y = iris()
    options = {"p": P, "refit": False, "memory": str(tmp_path)}
    with monkeypatch.context() as patch:
        patch.setattr(_training, "train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sweep(**options).fit(X, y)
    trainings.clear()
    results = sweep(**options).fit(X, y).cv_results_
    assert trainings == [FINETUNE] * 3
    assert_same_results(results, sweep(p=P, refit=False).fit(X, y).cv_results_)
