"""Other processes that tests run: forked children, and one that has locked a file."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import pytest

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def ends_well_in_a_child(function, seconds=20):
    """Fork; return whether `function` returned something true there, in time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's, that there are threads
        child = os.fork()
    if not child:
        good = False
        with contextlib.suppress(BaseException):
            good = function()
        os._exit(0 if good else 1)
    latest = time.monotonic() + seconds
    while time.monotonic() < latest:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


@contextlib.contextmanager
def beside(action):
    """Run a thread in which `action`, called with `begun` and `may_end`, has begun."""
    begun, may_end = threading.Event(), threading.Event()
    thread = threading.Thread(target=action, args=(begun, may_end), daemon=True)
    thread.start()
    assert begun.wait(20)
    try:
        yield
    finally:
        may_end.set()
        thread.join(20)


LOCK = """
import fcntl, signal, sys
signal.alarm(20)  # a lock that is never free is a failure, not a test without end
file = open(sys.argv[1], "a+b")
fcntl.lockf(file, fcntl.LOCK_EX)
fcntl.flock(file, fcntl.LOCK_EX)
signal.alarm(0)
print("locked", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def locked_elsewhere(path):
    """Let another process lock a file, in both ways; yield that process, which ends by `kill`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", LOCK, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == b"locked\n"
        try:
            yield process
        finally:
            process.kill()
