"""Compilation at the first call of an entry point, by one process and thread at a time."""

import contextlib
import logging
import os
import threading
from pathlib import Path

import numpy as np
from numba import config, typeof
from numba.core import event
from numba.core.compiler_lock import global_compiler_lock

from sksgdprune._kernels.types import Hyper, Lists, Samples, Steps
from sksgdprune._utils.file_lock import turn
from sksgdprune._utils.warnings import warn

LOGGER = logging.getLogger("sksgdprune")
_ready = set()  # entry points with the types of arguments for which they are compiled
_warned = []
_one_thread_at_a_time = threading.Lock()


def call(entry_point, *arguments, verbose=0):
    """Call one of the entry points; compile it first where these types of arguments are new.

    That is said by a log message, and on a line of its own where `verbose`. Processes and threads
    that start together wait for the first to compile; processes read from the disk what it did,
    and wait for nobody where it is there already.
    """
    if config.DISABLE_JIT:  # for debuggers, coverage and tests: as slow as Python
        with np.errstate(all="ignore"):
            return entry_point(*arguments)
    key = (entry_point, *map(_kind, arguments))
    if key not in _ready:
        _prepare(entry_point, arguments, verbose)
        _ready.add(key)
    return entry_point(*arguments)


def _kind(argument):
    """Return what the type of an argument depends on."""
    if isinstance(argument, tuple):
        return tuple(map(_kind, argument))
    return argument.dtype.char if isinstance(argument, np.ndarray) else type(argument)


def _prepare(entry_point, arguments, verbose):
    """Load from the disk what was compiled for these types of arguments, or compile it."""
    types, folder = tuple(map(typeof, arguments)), entry_point.stats.cache_path

    def say(text):
        LOGGER.warning(text)
        if verbose:
            print(f"[sksgdprune] {text}", flush=True)

    def announce():
        kept = f"kept in {folder}" if folder else "not kept, see NUMBA_CACHE_DIR"
        what = f"{entry_point.__name__}{_variant(arguments)}"
        say(f"compiling {what} for the first time: some seconds, {kept}")
        if not folder:
            _warn_once()

    def is_loaded():
        try:
            _compile(entry_point, types, _refuse)
        except _NotOnDisk:
            return False
        return True

    if is_loaded():
        return
    alone = contextlib.nullcontext()
    place = turn(Path(folder) / "sksgdprune.lock", is_loaded, say) if folder else alone
    with _one_thread_at_a_time, place:
        _compile(entry_point, types, announce)


class _NotOnDisk(Exception):  # noqa: N818
    pass


def _refuse():
    raise _NotOnDisk


def _warn_once():
    if not _warned:
        _warned.append(True)
        warn(
            "numba found no folder that it can write to, so every process compiles again. Set the "
            "environment variable NUMBA_CACHE_DIR to a folder that it can write to.",
            UserWarning,
        )


class _AtStart(event.Listener):
    def __init__(self, entry_point, started):
        self._entry_point, self._started = entry_point, started

    def on_start(self, event):
        if event.data["dispatcher"] is self._entry_point:
            self._started()

    def on_end(self, event):
        pass


def _compile(entry_point, types, started):
    """Load the entry point from the disk; where it is not there, call `started`, then compile."""
    at_start = _AtStart(entry_point, started)
    # numba's own lock: the listener hears of no other thread, and no child is forked meanwhile.
    with global_compiler_lock, event.install_listener("numba:compile", at_start):
        entry_point.compile(types)


def _variant(arguments):
    """Return in words what the arguments are, to be told from those compiled for before."""
    words = [word for word in map(_word, _parts(arguments)) if word]
    return f" for {', '.join(words)}," if words else ""


def _parts(argument):
    """Yield an argument and, if it is a tuple, the parts of it."""
    yield argument
    if isinstance(argument, tuple):
        for part in argument:
            yield from _parts(part)


def _word(part):
    """Return what a part of the arguments says about the variant, or None."""
    match part:
        case Samples(dense=dense, sparse=sparse):
            return f"{dense.dtype} {'dense' if sparse is None else 'CSR'} rows"
        case Lists():
            return "layers of few connections"
        case Steps(probe=None):
            return "noise of the minibatch"
        case Hyper(roots=bool()):
            return "one rate for all parameters"
    return None


def _let_go():
    with contextlib.suppress(RuntimeError):  # Ctrl-C came before it was taken
        global_compiler_lock.release()


def _begin_child():
    global _one_thread_at_a_time
    _one_thread_at_a_time = threading.Lock()
    _let_go()


if hasattr(os, "register_at_fork"):
    # A child forked while another thread compiles could never load or compile: it has a copy of
    # what numba and LLVM have half done, locks included. So the fork waits.
    os.register_at_fork(
        before=global_compiler_lock.acquire, after_in_parent=_let_go, after_in_child=_begin_child
    )
