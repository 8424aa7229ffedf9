"""The same sweep on a real Dask cluster and a real Ray of this machine (`make test-engines`)."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.sweep_cases import SPLITS, P, assert_same_results, classifier, iris, sweep

pytestmark = [
    pytest.mark.engines,
    # The engines' own, which are none of ours.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings(
        "ignore::FutureWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(scope="module")
def cluster():
    """A Dask cluster of two workers in processes of their own."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def ray():
    """A Ray of two workers."""
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield "ray"
    ray.shutdown()


@pytest.fixture(params=["cluster", "ray"])
def backend(request):
    """The name of an engine for joblib, which runs."""
    request.getfixturevalue(request.param)
    return {"cluster": "dask", "ray": "ray"}[request.param]


@pytest.mark.parametrize("pipeline", [False, True])
def test_the_results_are_those_of_this_process(backend, pipeline):
    X, y = iris()
    clf = make_pipeline(StandardScaler(), classifier()) if pipeline else classifier()
    options = {"p": P, "n_repeats": 2, "scoring": ["accuracy", "neg_log_loss"], "refit": False}
    with parallel_config(backend):
        results = sweep(clf, **options, n_jobs=-1).fit(X, y).cv_results_
    assert_same_results(results, sweep(clf, **options).fit(X, y).cv_results_)


def test_closures_score_there_and_results_are_kept(backend, tmp_path, training_runs):
    X, y = iris()
    factor = 2.0
    options = {"p": P, "scoring": lambda e, X, y: factor * e.score(X, y), "refit": False}
    with parallel_config(backend):
        first = sweep(**options, n_jobs=-1, memory=str(tmp_path)).fit(X, y).cv_results_
    again = sweep(**options, memory=str(tmp_path)).fit(X, y).cv_results_
    assert training_runs == []
    np.testing.assert_array_equal(first["mean_test_score"], again["mean_test_score"])
    assert_same_results(first, again)


def test_a_grid_search_around_a_sweep_runs_there(backend):
    X, y = iris()
    grid = {"p": [0.5, 0.9], "method": ["magnitude", "noise"]}

    def search(n_jobs):
        return GridSearchCV(sweep(), grid, cv=SPLITS, n_jobs=n_jobs).fit(X, y)

    with parallel_config(backend):
        there = search(-1).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(there, search(1).cv_results_["mean_test_score"])


def test_a_dask_sweep_outlives_a_worker(cluster):
    """One of two workers is killed in mid-sweep; its cells are trained again."""
    X, y = iris()
    options = {"p": [0, 0.2, 0.4, 0.6, 0.8], "n_repeats": 4, "finetune_steps": 5_000}
    options["refit"] = False
    expected = sweep(**options).fit(X, y).cv_results_
    workers = cluster.cluster.workers
    killed = []

    def kill():
        # Scattered data are gone with their only worker: not before both have them.
        until = time.monotonic() + 60
        while not all(cluster.has_what().values()) and time.monotonic() < until:
            time.sleep(0.1)
        killed.append(next(iter(workers.values())).pid)
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    with parallel_config("dask"):
        found = sweep(**options, n_jobs=-1).fit(X, y).cv_results_
    thread.join()
    assert killed
    assert_same_results(found, expected)
    cluster.wait_for_workers(2)  # for the next test: joblib leaves a single worker out


def test_the_data_go_to_a_worker_once_and_not_with_each_training(backend, tmp_path):
    """Each pickling of the data leaves a file: a few for the engine's sake, not one a run."""

    class Told(np.ndarray):
        """Data that tell of their being pickled."""

        def __reduce__(self):
            (tmp_path / str(time.monotonic_ns())).touch()
            return np.asarray, (np.array(self),)

    X, y = iris()
    options = {"p": np.linspace(0, 0.9, 10), "n_repeats": 3, "refit": False}
    with parallel_config(backend):
        sweep(**options, n_jobs=-1).fit(X.view(Told), y)
    assert 1 <= len(list(tmp_path.iterdir())) <= 12  # of 6 + 60 training runs
