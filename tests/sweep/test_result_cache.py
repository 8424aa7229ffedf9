"""A sweep with memory trains no cell twice, and none too few."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune._sweep import result_cache
from sksgdprune._training import trainer as _training
from tests.sweep_cases import FINETUNE, P, assert_same_results, classifier, iris, sweep

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["alone", "pipeline"])
def test_memory_trains_no_cell_twice(name, tmp_path, training_runs):
    X, y = iris()
    clf = classifier() if name == "alone" else make_pipeline(StandardScaler(), classifier())
    first = sweep(clf, p=P, refit=False, memory=str(tmp_path)).fit(X, y)
    assert len(training_runs) == 2 + 2 * len(P)
    training_runs.clear()
    second = sweep(clf, p=P, refit=False, memory=joblib.Memory(str(tmp_path), verbose=0)).fit(X, y)
    assert training_runs == []
    assert list(first.cv_results_) == list(second.cv_results_)
    for key, column in first.cv_results_.items():
        np.testing.assert_array_equal(column, second.cv_results_[key])
    more = sweep(clf, p=[*P, 0.7], refit=False, memory=str(tmp_path)).fit(X, y)
    assert training_runs == [FINETUNE] * 2
    plain = sweep(clf, p=[*P, 0.7], refit=False).fit(X, y)
    assert_same_results(more.cv_results_, plain.cv_results_)


@pytest.mark.parametrize("name", ["alone", "pipeline", "pipeline with memory"])
def test_memory_goes_on_after_an_interrupted_sweep(name, tmp_path, training_runs, monkeypatch):
    train = _training.train

    def interrupted(*arguments, **options):
        if len(training_runs) == 5:
            raise KeyboardInterrupt
        return train(*arguments, **options)

    X, y = iris()
    clf = classifier() if name == "alone" else make_pipeline(StandardScaler(), classifier())
    if name == "pipeline with memory":
        clf.set_params(memory=str(tmp_path))
    options = {"estimator": clf, "p": P, "refit": False, "memory": str(tmp_path)}
    with monkeypatch.context() as patch:
        patch.setattr(_training, "train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sweep(**options).fit(X, y)
    training_runs.clear()
    results = sweep(**options).fit(X, y).cv_results_
    assert training_runs == [FINETUNE] * 3
    assert_same_results(results, sweep(clf, p=P, refit=False).fit(X, y).cv_results_)


def test_lines_say_how_much_was_found_in_memory(tmp_path, capsys):
    X, y = iris()

    def found(memory, **changes):
        sweep(p=P, refit=False, memory=memory, **changes).fit(X, y)
        return [line for line in capsys.readouterr().out.splitlines() if "memory" in line]

    def lines(n_warm, n_warm_ups, n_found, n_cells):
        return [
            f"[SparsitySweep] {n_warm} of {n_warm_ups} warm-ups found in memory",
            f"[SparsitySweep] {n_found} of {n_cells} cells found in memory",
        ]

    memory = str(tmp_path)
    assert found(memory, verbose=1) == lines(0, 2, 0, 6)
    assert found(memory, verbose=1) == lines(2, 2, 6, 6)
    assert found(memory, verbose=2, n_repeats=2) == lines(2, 4, 6, 12)
    assert found(memory, verbose=1, random_state=8) == lines(0, 2, 0, 6)
    assert found(memory, verbose=0) == []
    assert found(None, verbose=1) == []


def score_by(name):
    """A closure, which no pickle by reference takes."""
    return lambda fitted, X, y: float(getattr(fitted, name)(X).sum())


@dataclass(frozen=True)
class Once:
    """A schedule of a user's, of one cut at a time of its own."""

    first: int

    def plan(self, p, n_steps):
        return [(0.0, self.first), (p, n_steps - self.first)]


def counted(training_runs, **options):
    training_runs.clear()
    X, y = options.pop("data", iris())
    params = options.pop("params", {})
    sweep(p=P, refit=False, **options).fit(X, y, **params)
    return len(training_runs)


WARM, CELLS = 2, 2 * len(P)
TWICE = 2 * CELLS  # runs of a schedule with two stages


@pytest.mark.parametrize(
    ("change", "trained"),
    [
        ({}, 0),
        ({"scoring": score_by("predict_proba")}, TWICE),
        ({"method": lambda evidence: evidence.theta**2}, TWICE),
        ({"schedule": Once(20)}, TWICE),
        ({"return_train_score": True}, TWICE),
        ({"estimator": classifier(alpha=0.5)}, WARM + TWICE),
        ({"warmup_steps": 21}, WARM + TWICE),
        ({"random_state": 8}, WARM + TWICE),
        ({"data": (iris()[0] + 1e-9, iris()[1])}, WARM + TWICE),
        ({"data": (iris()[0], 2 - iris()[1])}, WARM + TWICE),
        ({"data": (iris()[0].astype(np.float32), iris()[1])}, WARM + TWICE),
        ({"params": {"sample_weight": np.ones(50)}}, WARM + TWICE),
    ],
    ids=[
        *("nothing", "scorer", "method", "schedule", "train_score", "estimator", "steps"),
        *("seed", "X", "y", "dtype", "weights"),
    ],
)
@pytest.mark.filterwarnings("ignore:.* does not take sample_weight")
def test_what_decides_a_result_trains_again_where_it_has_changed(
    change, trained, tmp_path, training_runs
):
    options = {"memory": str(tmp_path), "scoring": score_by("predict"), "schedule": Once(10)}
    options |= {"method": lambda evidence: abs(evidence.theta)}
    assert counted(training_runs, **options) == WARM + TWICE
    assert counted(training_runs, **options | change) == trained
    assert counted(training_runs, **options) == 0


def test_scorer_and_method_are_hashed_once_per_sweep_and_per_p(tmp_path, monkeypatch):
    hashed, code = [], result_cache._Hasher.code

    def counted(self, obj):
        hashed.append(obj)
        return code(self, obj)

    def score(fitted, X, y):
        return fitted.score(X, y)

    def method(evidence):
        return abs(evidence.theta)

    monkeypatch.setattr(result_cache._Hasher, "code", counted)
    options = {"p": P, "n_repeats": 2, "scoring": score, "method": method, "refit": False}
    sweep(**options, memory=str(tmp_path)).fit(*iris())
    assert [obj for obj in hashed if obj in (score, method)] == [score] + [method] * len(P)


def test_another_version_trains_again(tmp_path, training_runs, monkeypatch):
    assert counted(training_runs, memory=str(tmp_path)) == WARM + CELLS
    monkeypatch.setattr("sksgdprune._sweep.result_cache.VERSIONS", ("another",))
    assert counted(training_runs, memory=str(tmp_path)) == WARM + CELLS


def test_a_cell_of_which_a_metric_failed_is_tried_again(tmp_path, training_runs):
    file = tmp_path / "costs"

    def cost(fitted, X, y):
        return -float(file.read_text())

    options = {"scoring": {"cost": cost, "accuracy": "accuracy"}, "memory": str(tmp_path)}
    with pytest.warns(UserWarning, match="Scoring by 'cost' failed in 6 of 6"):
        assert counted(training_runs, **options) == WARM + CELLS
    file.write_text("3")
    assert counted(training_runs, **options) == CELLS
    assert counted(training_runs, **options) == 0
    results = sweep(p=P, refit=False, **options).fit(*iris()).cv_results_
    np.testing.assert_array_equal(results["mean_test_cost"], -3)


@pytest.mark.parametrize(
    "change",
    [{"n_jobs": 2}, {"verbose": 1}, {"refit": "accuracy"}, {"error_score": "raise"}],
    ids=str,
)
def test_what_does_not_decide_a_result_trains_nothing_again(change, tmp_path, training_runs):
    X, y = iris()
    scoring = ["accuracy", "neg_log_loss"]
    options = {"p": P, "scoring": scoring, "memory": str(tmp_path), "refit": "neg_log_loss"}
    sweep(**options).fit(X, y)
    training_runs.clear()
    sweep(**options | change).fit(X, y)
    assert training_runs == []


@pytest.mark.parametrize("scoring", [None, ["accuracy"]], ids=str)
def test_what_the_given_estimator_has_learned_does_not_count(scoring, tmp_path, training_runs):
    X, y = iris()
    estimator = classifier()
    options = {"estimator": estimator, "scoring": scoring, "memory": str(tmp_path)}
    assert counted(training_runs, **options) == WARM + CELLS
    estimator.fit(X, y)
    assert counted(training_runs, **options) == 0


def test_the_refit_is_kept_too(tmp_path, training_runs):
    X, y = iris()
    first = sweep(p=P, memory=str(tmp_path)).fit(X, y)
    training_runs.clear()
    second = sweep(p=P, memory=str(tmp_path)).fit(X, y)
    assert training_runs == []
    np.testing.assert_array_equal(first.best_estimator_.theta_, second.best_estimator_.theta_)


def test_results_are_kept_and_data_are_not(tmp_path):
    X, y = (np.tile(part, (25, 1) if part.ndim == 2 else 25) for part in iris())
    X = np.hstack([X, np.random.RandomState(0).normal(size=(len(X), 400))])
    few = classifier(hidden_layer_sizes=(2,))
    sweep(few, p=P, n_repeats=4, memory=str(tmp_path)).fit(X, y)
    stored = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert stored < 0.2 * X.nbytes  # eight warm-ups' networks and a refitted one, 24 scores


def test_a_damaged_file_is_trained_again(tmp_path, training_runs, caplog):
    counted(training_runs, memory=str(tmp_path))
    for file in tmp_path.rglob("output.pkl"):
        file.write_bytes(file.read_bytes()[:20])
    assert counted(training_runs, memory=str(tmp_path)) == WARM + CELLS
    assert "Exception while loading results" in caplog.text
    assert "array(" not in caplog.text  # no data in a log


def test_what_is_no_result_is_trained_again(tmp_path, training_runs):
    counted(training_runs, memory=str(tmp_path))
    for i, file in enumerate(sorted(tmp_path.rglob("output.pkl"))):
        joblib.dump([np.arange(9.0), {}, {"a": 1}, None][i % 4], file)
    assert counted(training_runs, memory=str(tmp_path)) == WARM + CELLS
    assert counted(training_runs, memory=str(tmp_path)) == 0


# What a valid file might hold under the key of a result, and is none.
NO_RESULTS = [
    *(lambda _, other=other: other for other in (None, 5, "text", np.arange(9.0), [], {})),
    tuple,
    lambda _: classifier(),
    lambda result: result._replace(**{result._fields[0]: None}),
    lambda result: result._replace(**{result._fields[1]: "text"}),
]


def test_what_is_no_result_under_its_own_key_is_trained_again(tmp_path, training_runs):
    X, y = iris()
    pipeline = make_pipeline(StandardScaler(), classifier())
    options = {"estimator": pipeline, "p": P, "memory": str(tmp_path)}
    first = sweep(**options).fit(X, y)
    n_trained = len(training_runs)
    for other in NO_RESULTS:
        for file in tmp_path.rglob("output.pkl"):
            ((key, result),) = joblib.load(file).items()
            joblib.dump({key: other(result)}, file)
        training_runs.clear()
        again = sweep(**options).fit(X, y)
        assert len(training_runs) == n_trained
        assert_same_results(again.cv_results_, first.cv_results_)
        np.testing.assert_array_equal(again.predict(X), first.predict(X))
    training_runs.clear()
    sweep(**options).fit(X, y)
    assert training_runs == []


STOPPED = """
import sys
from tests.sweep_cases import iris, sweep
sweep(p=0.5).fit(*iris())  # what is compiled is loaded
print("ready", flush=True)
sys.stdin.readline()
sweep(p=[0, 0.3, 0.5, 0.7, 0.9], n_repeats=3, memory=sys.argv[1], refit=False).fit(*iris())
sys.stdin.readline()
"""


def stop(process):
    """Stop a process where it is: its files are those that a kill would leave."""
    if os.name == "nt":
        process.kill()
        process.wait()
    else:
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)


@pytest.mark.slow  # a new process that loads what is compiled, and ten sweeps that go on
def test_a_sweep_killed_at_any_moment_ends_in_the_same_results(tmp_path, training_runs):
    """Ten moments, spread over the time that the whole takes."""
    options = {"p": [0, 0.3, 0.5, 0.7, 0.9], "n_repeats": 3, "refit": False}
    expected = sweep(**options).fit(*iris()).cv_results_
    started = time.perf_counter()
    sweep(**options, memory=str(tmp_path / "whole")).fit(*iris())
    whole, moments = time.perf_counter() - started, np.sort(np.random.RandomState(0).rand(10))
    if os.name == "nt":  # no process goes on there after it was stopped
        moments = moments[5:6]
    (tmp_path / "left").mkdir()
    command = [sys.executable, "-c", STOPPED, str(tmp_path / "left")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        process.stdout.readline()
        process.stdin.write(b"\n")
        for i, pause in enumerate(np.diff(moments, prepend=0) * whole):
            time.sleep(pause)
            stop(process)
            shutil.copytree(tmp_path / "left", tmp_path / f"{i}")
            if os.name != "nt":
                process.send_signal(signal.SIGCONT)
        process.kill()
    n_trained = []
    for i in range(len(moments)):
        training_runs.clear()
        found = sweep(**options, memory=str(tmp_path / f"{i}")).fit(*iris()).cv_results_
        assert_same_results(found, expected)
        n_trained.append(len(training_runs))
    assert n_trained == sorted(n_trained, reverse=True)
    assert n_trained[-1] < 6 + 30


IN_PROCESSES = """
import sys
from joblib import parallel_config
from tests.sweep_cases import iris, sweep
options = {"p": [0, 0.3, 0.5, 0.7, 0.9], "n_repeats": 3, "refit": False, "finetune_steps": 5_000}
with parallel_config("loky"):
    sweep(**options, memory=sys.argv[1], n_jobs=2).fit(*iris())
"""


@pytest.mark.slow  # three groups of new processes, and runs long enough to be killed
@pytest.mark.skipif(os.name == "nt", reason="a group of processes is killed as POSIX does")
def test_processes_that_are_killed_while_they_keep_results_leave_good_ones(tmp_path, training_runs):
    options = {"p": [0, 0.3, 0.5, 0.7, 0.9], "n_repeats": 3, "refit": False}
    options["finetune_steps"] = 5_000
    expected = sweep(**options).fit(*iris()).cv_results_
    command = [sys.executable, "-c", IN_PROCESSES, str(tmp_path)]

    def kept():
        return len(list(tmp_path.rglob("output.pkl")))

    for n in (2, 8, 20):  # the folder goes from one kill to the next
        with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as process:
            while kept() < n and process.poll() is None:
                time.sleep(0.005)
            os.killpg(process.pid, signal.SIGKILL)
    n_kept = kept()
    assert 20 <= n_kept < 6 + 30
    training_runs.clear()
    found = sweep(**options, memory=str(tmp_path)).fit(*iris()).cv_results_
    assert_same_results(found, expected)
    assert len(training_runs) == 6 + 30 - n_kept
