"""Compilation at the first call of an entry point, by one process and thread at a time."""

import contextlib
import logging
import os
import threading
from pathlib import Path

import numpy as np
from numba import config, typeof
from numba.core import event

from sksgdprune._utils.warnings import warn

LOGGER = logging.getLogger("sksgdprune")
_ready = set()  # entry points with the types of arguments for which they are compiled
_warned = []
_one_thread_at_a_time = threading.Lock()


def call(entry_point, *arguments, verbose=0):
    """Call one of the entry points; compile it first where these types of arguments are new.

    That is said by a log message, and on a line of its own where `verbose`. Processes and threads
    that start together wait for the first to compile; processes read from the disk what it did.
    """
    if config.DISABLE_JIT:  # for debuggers, coverage and tests: as slow as Python
        with np.errstate(all="ignore"):
            return entry_point(*arguments)
    key = (entry_point, *map(_kind, arguments))
    if key not in _ready:
        turn = _one_process_at_a_time(entry_point.stats.cache_path)
        with _one_thread_at_a_time, turn, _said(entry_point, verbose):
            entry_point.compile(tuple(map(typeof, arguments)))
        _ready.add(key)
    return entry_point(*arguments)


def _kind(argument):
    """Return what the type of an argument depends on."""
    if isinstance(argument, tuple):
        return tuple(map(_kind, argument))
    return argument.dtype.char if isinstance(argument, np.ndarray) else type(argument)


class _Announcement(event.Listener):
    def __init__(self, entry_point, verbose):
        self._entry_point, self._verbose = entry_point, verbose

    def on_start(self, event):
        if event.data["dispatcher"] is self._entry_point:
            folder = self._entry_point.stats.cache_path
            kept = f"kept in {folder}" if folder else "not kept, see NUMBA_CACHE_DIR"
            text = (
                f"compiling {self._entry_point.__name__} for the first time: some seconds, {kept}"
            )
            LOGGER.warning(text)
            if self._verbose:
                print(f"[sksgdprune] {text}", flush=True)
            if not folder and not _warned:
                _warned.append(text)
                warn(
                    "numba found no folder that it may write to, so that every process compiles "
                    "anew; set the environment variable NUMBA_CACHE_DIR to such a folder.",
                    UserWarning,
                )

    def on_end(self, event):
        pass


@contextlib.contextmanager
def _said(entry_point, verbose):
    """Say so if the block compiles the entry point: it may find it on the disk."""
    announcement = _Announcement(entry_point, verbose)
    with event.install_listener("numba:compile", announcement):
        yield


@contextlib.contextmanager
def _one_process_at_a_time(folder):
    """Let other processes wait at this point, where the system and the folder allow it."""
    with contextlib.ExitStack() as stack:
        if folder:
            with contextlib.suppress(OSError):
                Path(folder).mkdir(parents=True, exist_ok=True)
                file = stack.enter_context(open(Path(folder) / "sksgdprune.lock", "a+b"))
                _lock(file)  # until it is closed
        yield


def _lock(file):
    if os.name == "nt":
        import msvcrt

        while True:  # gives up after ten seconds
            with contextlib.suppress(OSError):
                return msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
    import fcntl

    return fcntl.flock(file, fcntl.LOCK_EX)
