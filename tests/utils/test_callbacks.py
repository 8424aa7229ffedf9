"""scikit-learn's callbacks on the estimators and on the sweep."""

import math

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep

X, y = load_iris(return_X_y=True)
EPOCH = math.ceil(len(X) / 32)


class Recorder:
    """Keeps (hook, task) pairs; returns True at the end of task `stop_after`."""

    def __init__(self, stop_after=None):
        self.events, self.stop_after, self.fitted = [], stop_after, []

    def setup(self, estimator, context):
        self.events.append(("setup", context.task_name))

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        self.events.append(("end", context.task_name))
        if fitted_estimator is not None:
            self.fitted.append(fitted_estimator.predict(X))
        return context.task_name == "epoch" and context.task_id == self.stop_after

    def count(self, *event):
        return self.events.count(event)


def classifier(**changes):
    options = {"hidden_layer_sizes": (5,), "batch_size": 32, "max_steps": 23, "random_state": 0}
    return PreconditionedMLPClassifier(**options | changes)


def sweep(**changes):
    options = {"p": [0.9, 0.1], "cv": 2, "warmup_steps": 5, "finetune_steps": 10}
    return SparsitySweep(classifier(), **options | changes, random_state=0)


def test_a_fit_tells_of_itself_and_of_each_epoch():
    recorder = Recorder()
    clf = classifier().set_callbacks(recorder).fit(X, y)
    epochs = math.ceil(23 / EPOCH)
    assert recorder.events[:3] == [("setup", "fit"), ("begin", "fit"), ("begin", "epoch")]
    assert recorder.count("begin", "epoch") == recorder.count("end", "epoch") == epochs
    assert recorder.events[-2:] == [("end", "fit"), ("teardown", "fit")]
    np.testing.assert_array_equal(recorder.fitted[-1], clf.predict(X))
    early = classifier(max_steps=2 * EPOCH).fit(X, y)
    np.testing.assert_array_equal(recorder.fitted[1], early.predict(X))


@pytest.mark.filterwarnings("ignore:Training diverged")
def test_a_fit_that_diverged_shows_no_fitted_copy_at_its_end():
    recorder = Recorder()
    wild = classifier(preconditioner="identity", learning_rate=1.0, alpha=1e4, max_steps=1000)
    wild.set_callbacks(recorder).fit(X, y)
    assert recorder.events[-2:] == [("end", "fit"), ("teardown", "fit")]
    assert len(recorder.fitted) == recorder.count("end", "epoch")
    assert recorder.count("end", "fit") == 1


def test_callbacks_do_not_change_the_training():
    watched = classifier().set_callbacks(Recorder()).fit(X, y)
    np.testing.assert_array_equal(watched.theta_, classifier().fit(X, y).theta_)


@pytest.mark.parametrize("estimator", [classifier(), PreconditionedMLPRegressor(batch_size=32)])
def test_a_callback_that_returns_true_ends_the_training(estimator):
    recorder = Recorder(stop_after=1)
    estimator.set_callbacks(recorder).fit(X, y)
    assert estimator.n_iter_ == 2 * EPOCH
    assert recorder.count("end", "epoch") == 2
    assert recorder.count("begin", "epoch") == 2


def test_callbacks_are_torn_down_after_an_error_and_leave_nothing():
    recorder = Recorder()
    clf = classifier().set_callbacks(recorder)
    attributes = set(vars(clf))
    with pytest.raises(ValueError, match="X_val"):
        clf.fit(X, y, X_val=X)
    clf.fit(X, y)
    assert recorder.count("setup", "fit") == recorder.count("teardown", "fit")
    assert not {name for name in vars(clf) if "callback" in name} - attributes


def test_scoring_monitor_records_a_curve():
    monitor = ScoringMonitor(scoring="accuracy")
    clf = classifier().set_callbacks(monitor).fit(X, y)
    logs = monitor.get_logs().data_as_pandas
    assert len(logs) == math.ceil(23 / EPOCH) + 1  # the epochs and the fit
    assert logs["accuracy"].iloc[-1] == clf.score(X, y)


def test_progress_bar_shows_epochs_and_cells(capsys):
    classifier().set_callbacks(ProgressBar()).fit(X, y)
    sweep().set_callbacks(ProgressBar()).fit(X, y)
    shown = capsys.readouterr().out
    assert "PreconditionedMLPClassifier" in shown
    assert "SparsitySweep" in shown
    assert "100%" in shown


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_sweep_tells_of_each_cell_and_the_refit(n_jobs):
    recorder = Recorder()
    fitted = sweep(n_repeats=2, n_jobs=n_jobs).set_callbacks(recorder).fit(X, y)
    assert recorder.count("begin", "cell") == recorder.count("end", "cell") == 2 * 2 * 2
    assert recorder.count("begin", "refit") == recorder.count("end", "refit") == 1
    assert recorder.events[-2:] == [("end", "fit"), ("teardown", "fit")]
    np.testing.assert_array_equal(recorder.fitted[-1], fitted.predict(X))
    plain = sweep(n_repeats=2).fit(X, y)
    np.testing.assert_array_equal(
        fitted.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


def test_a_sweep_at_one_p_in_a_pipeline_tells_of_its_training():
    recorder = Recorder()
    pipeline = make_pipeline(StandardScaler(), classifier())
    fitted = SparsitySweep(pipeline, p=0.5, warmup_steps=5, finetune_steps=5, random_state=0)
    fitted.set_callbacks(recorder).fit(X, y)
    assert recorder.count("end", "training") == 1
    np.testing.assert_array_equal(recorder.fitted[-1], fitted.predict(X))


@pytest.mark.slow  # worker processes start
def test_scoring_monitor_of_a_sweep_over_processes_records_each_cell():
    monitor = ScoringMonitor(scoring="accuracy")
    with parallel_config(backend="loky"):
        sweep(n_jobs=2).set_callbacks(monitor).fit(X, y)
    logs = monitor.get_logs().data_as_pandas
    assert logs["accuracy"].notna().sum() == 2 * 2 + 1  # cells and refit


@pytest.mark.parametrize("stored", ["nothing", "cells without callbacks", "all cells"])
def test_cells_from_memory_report_as_fresh_ones_do(tmp_path, stored):
    fresh = ScoringMonitor(scoring="accuracy")
    sweep().set_callbacks(fresh).fit(X, y)
    if stored == "cells without callbacks":
        sweep(memory=str(tmp_path)).fit(X, y)
    elif stored == "all cells":
        sweep(memory=str(tmp_path)).set_callbacks(Recorder()).fit(X, y)
    monitor = ScoringMonitor(scoring="accuracy")
    sweep(memory=str(tmp_path)).set_callbacks(monitor).fit(X, y)
    logged, expected = (m.get_logs().data_as_pandas["accuracy"] for m in (monitor, fresh))
    assert logged.notna().sum() == 2 * 2 + 1
    np.testing.assert_array_equal(logged, expected)


class Metadata(Recorder):
    """Keeps the metadata that a fit's end tells of."""

    def on_fit_task_end(self, estimator, context, *, metadata=None):
        self.events.append(metadata)


def test_callbacks_are_told_the_weights_and_nothing_where_there_are_none():
    weights = np.linspace(0.5, 1.5, len(X))
    weighted, plain = Metadata(), Metadata()
    classifier().set_callbacks(weighted).fit(X, y, weights)
    classifier().set_callbacks(plain).fit(X, y)
    told = [event for event in weighted.events if isinstance(event, dict)]
    assert len(told) == math.ceil(23 / EPOCH) + 1
    assert all(event["sample_weight"] is weights for event in told)
    assert not any(isinstance(event, dict) for event in plain.events)
    assert plain.events.count(None) == math.ceil(23 / EPOCH) + 1


def test_a_grid_search_reaches_the_estimator():
    recorder = Recorder()
    recorder.max_propagation_depth = None  # propagated to sub-estimators
    search = GridSearchCV(classifier(), {"activation": ["tanh", "relu"]}, cv=2)
    search.set_callbacks(recorder).fit(X, y)
    assert recorder.count("begin", "epoch") == recorder.count("end", "epoch") > 0
