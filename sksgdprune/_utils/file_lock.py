"""Turns among processes, by the lock of a file."""

import contextlib
import os
import time
from pathlib import Path

if os.name == "nt":
    import msvcrt
else:
    import fcntl

# Seconds until a process says that it waits, until it goes on without its turn, and between two
# looks. What is waited for takes some 20 s, and a process that has come to a halt never ends.
SAID_AFTER, PATIENCE, PAUSE = 1, 120, 0.1


@contextlib.contextmanager
def turn(path, is_needless, say):
    """Let other processes wait at this point, where the system and the folder allow it.

    Parameters
    ----------
    path : Path or str
        The file to lock; it is made where it is missing.
    is_needless : callable
        Called while another process has its turn; no longer waited for where it returns True.
    say : callable
        Called with a text where this takes more than a second.
    """
    with contextlib.ExitStack() as stack:
        file = None
        with contextlib.suppress(OSError):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(open(path, "a+b"))  # the lock ends when it is closed
        if file is not None:
            _wait(file, is_needless, say)
        yield


def _wait(file, is_needless, say):
    started, said = time.monotonic(), False
    while not (_is_locked(file) or is_needless()):
        waited = time.monotonic() - started
        if waited > PATIENCE:
            return
        if waited > SAID_AFTER and not said:
            said = True
            say(f"waiting for another process, which has locked {file.name}; {PATIENCE} s at most")
        time.sleep(PAUSE)


def _is_locked(file):
    """Return whether this process has the lock of a file, or cannot have one; try to lock it.

    On POSIX systems this sort of lock is never a forked child's, and ends with its process.
    """
    try:
        if os.name == "nt":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks
        return True
    return True
