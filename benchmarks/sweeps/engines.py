"""Backends of joblib on which a sweep is measured, each with workers of its own."""

import logging
import os
import time
from contextlib import contextmanager
from importlib.util import find_spec

from joblib import Parallel, delayed, parallel_config

SEQUENTIAL, THREADING, LOKY, DASK, RAY = "sequential", "threading", "loky", "dask", "ray"
ALL = SEQUENTIAL, THREADING, LOKY, DASK, RAY
NEEDS = {DASK: "distributed", RAY: "ray"}


def installed(names=ALL):
    """Return those of the backends that can run here."""
    return [name for name in names if name not in NEEDS or find_spec(NEEDS[name])]


def core_counts():
    """Return 1, 2, 4 and so on, up to all cores of the machine."""
    n, counts = os.cpu_count(), [1]
    while counts[-1] < n:
        counts.append(min(2 * counts[-1], n))
    return counts


def cases(backends, counts):
    """Return the pairs of backend and cores: a single process has one core."""
    return [
        (backend, cores)
        for backend in backends
        for cores in (counts if backend != SEQUENTIAL else [1])
    ]


@contextmanager
def running(backend, cores):
    """Have joblib use the backend, with as many workers of one thread as cores."""
    start = {DASK: _dask, RAY: _ray}.get(backend, _own)
    with start(backend, cores) as options, parallel_config(backend, n_jobs=cores, **options):
        yield


@contextmanager
def _own(backend, cores):
    """Joblib's own backends need no start, but the workers of another number of cores must go."""
    yield {"inner_max_num_threads": 1} if backend == LOKY else {}
    if backend == LOKY:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)


@contextmanager
def _dask(_, cores):
    from distributed import Client, LocalCluster

    options = {"n_workers": cores, "threads_per_worker": 1, "dashboard_address": ":0"}
    options["silence_logs"] = logging.ERROR  # closing workers complain
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        yield {"client": client}


@contextmanager
def _ray(_, cores):
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=cores, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        yield {}
    finally:
        ray.shutdown()


def seconds_per_task(n):
    """Return what the backend takes for one of `n` tasks that do nothing, all of them waiting."""
    for _ in range(2):  # the first time warms up
        started = time.perf_counter()
        Parallel(batch_size=1, pre_dispatch="all")(delayed(abs)(i) for i in range(n))
        seconds = time.perf_counter() - started
    return seconds / n
