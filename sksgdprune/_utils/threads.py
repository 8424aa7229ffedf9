"""Numbers of BLAS threads while runs and predictions go on, alone or side by side."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from itertools import pairwise

from joblib import cpu_count
from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_asked = []  # numbers of threads that what runs now asks for
_before = []  # each library's number before all of them


@cache
def _libraries():
    return ThreadpoolController().select(user_api="blas").lib_controllers


def thread_count(n_jobs):
    """Return how many threads n_jobs means; None means one, wherever it runs.

    joblib's effective_n_jobs would count the workers of a cluster.
    """
    if n_jobs == 0:
        raise ValueError("Got n_jobs=0; give a number of threads, or -1 for one per core.")
    if n_jobs is None or n_jobs > 0:
        return n_jobs or 1
    return max(cpu_count() + 1 + n_jobs, 1)


@contextmanager
def blas_threads(n=1):
    """Let BLAS run in `n` threads, or fewer where a block beside this one asks for fewer.

    In one thread sums come in one order, whatever runs beside, and runs side by side do not
    take each other's cores. The number is one for the whole process: the last block that ends
    gives back what was before the first.
    """
    _change(_asked.append, n)
    try:
        yield
    finally:
        _change(_asked.remove, n)


def _change(how, n):
    with _lock:
        old = min(_asked, default=None)
        how(n)
        new = min(_asked, default=None)
        if old is None:
            _before[:] = [library.num_threads for library in _libraries()]
        if new != old:
            _set(_before if new is None else [new] * len(_before))


def _set(numbers):
    """Set each library's number, whichever thread this is.

    threadpoolctl 3.8 has the first thread that sets OpenBLAS's number own it: in all others
    `set_num_threads` does nothing. Here blocks of several threads agree on one number, and the
    last of them gives it back, so that they call what is below that.
    """
    for library, number in zip(_libraries(), numbers, strict=True):
        getattr(library, "_real_set_num_threads", library.set_num_threads)(number)


def in_parts(fill, n):
    """Call fill(start, stop) for parts of 0 to n side by side, in as many threads as BLAS has.

    Within them BLAS takes one thread.
    """
    n_threads = min((library.num_threads for library in _libraries()), default=1)
    if n_threads == 1:
        fill(0, n)
        return
    ends = [n * i // n_threads for i in range(n_threads + 1)]
    with blas_threads(), ThreadPoolExecutor(n_threads) as pool:
        # In a copied context np.errstate is as it is here.
        parts = [pool.submit(copy_context().run, fill, *part) for part in pairwise(ends)]
        for part in parts:
            part.result()
