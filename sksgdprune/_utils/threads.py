"""Numbers of BLAS threads while runs and predictions go on, alone or side by side."""

import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import cache
from itertools import pairwise

from joblib import cpu_count
from threadpoolctl import ThreadpoolController

_lock = threading.RLock()
_blocks = []  # weak references to those that go on
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


def blas_threads(n=1):
    """Let BLAS run in `n` threads, or fewer where a block beside this one asks for fewer.

    In one thread sums come in one order, whatever runs beside, and runs side by side do not
    take each other's cores. The number is one for the whole process: the last block that ends
    gives back what was before the first.
    """
    return _Block(n)


class _Block:
    """A block of `blas_threads`, for a with statement.

    Ctrl-C may come anywhere, even before the first line of `__exit__`, and a process may be
    forked by another thread: so numbers are not added and taken away. Each block that begins or
    ends looks at those that go on, of which only weak references are kept.
    """

    def __init__(self, n):
        self.n, self.thread, self.goes_on = n, None, False

    def __enter__(self):
        try:
            self.thread, self.goes_on = threading.get_ident(), True
            _agree(self)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *exception):
        self.goes_on = False
        try:
            _agree()
        except KeyboardInterrupt:
            _agree()
            raise


def _agree(begins=None):
    """Set BLAS to the least that blocks ask for, or where there are none to what was before."""
    with _lock:
        if begins is not None:
            _blocks.append(weakref.ref(begins))
        _agree_alone()


def _agree_alone():
    blocks = [block for block in (reference() for reference in _blocks) if block is not None]
    blocks = [block for block in blocks if block.goes_on]
    _blocks[:] = map(weakref.ref, blocks)
    if blocks:
        if not _before:
            _before[:] = [library.num_threads for library in _libraries()]
        _set([min(block.n for block in blocks)] * len(_before))
    elif _before:
        _set(list(_before))
        _before.clear()


def _let_go():
    with suppress(RuntimeError):  # Ctrl-C came before it was taken
        _lock.release()


def _begin_child():
    """Leave to a forked child what the thread that forked it has begun."""
    _let_go()
    for block in filter(None, (reference() for reference in _blocks)):
        block.goes_on &= block.thread == threading.get_ident()
    _agree()


if hasattr(os, "register_at_fork"):
    # No thread is in the midst of a change then: OpenBLAS's lock would never open in the child.
    os.register_at_fork(
        before=lambda: _lock.acquire(), after_in_parent=_let_go, after_in_child=_begin_child
    )


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
