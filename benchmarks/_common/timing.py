"""Timing: contenders interleaved in one process, scripts in processes of their own.

pyperf, pytest-benchmark and asv take one benchmark's values in a row, so that none has a ratio
within a round of one process, nor a long call less a short one; and here every new process reports
several numbers and needs a compile cache of its own.
"""

import json
import math
import operator
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

import sksgdprune

DTYPES = "float64", "float32"
NOT_AVAILABLE = "not available"


class Row(NamedTuple):
    """One measured figure, and what it is held to."""

    figure: str
    network: str
    dtype: str
    contender: str
    value: float
    unit: str
    against: str = ""
    ratio: float = math.nan  # value / value of `against`
    target: str = ""

    @property
    def met(self):
        """Whether ratio, or value where there is none, keeps to the target as printed."""
        if not self.target:
            return ""
        measured = self.ratio if self.against else self.value
        if math.isnan(measured):
            return NOT_AVAILABLE
        sign, bound = self.target.split()[:2]
        compare = {"≤": operator.le, "≥": operator.ge}[sign]
        return "yes" if compare(round(measured, 3), float(bound)) else "no"

    @property
    def measured(self):
        """Ratio or value as text."""
        if self.against:
            return f"{self.ratio:.3g}"
        return f"{self.value:.3g} {self.unit}"


class Effort(NamedTuple):
    """How long to measure."""

    rounds: int
    seconds: float  # least duration of one timing
    processes: int  # of which a median is taken
    import_processes: int


QUICK, FULL = Effort(5, 0.03, 1, 3), Effort(9, 0.2, 3, 5)


# Contenders in one process.


def timed(call, *arguments):
    """Return what a call returns, and its seconds."""
    started = time.perf_counter()
    result = call(*arguments)
    return result, time.perf_counter() - started


def step_time(run, n):
    """Return (seconds, steps) that run(n) takes beyond run(1)."""
    (first, short), (steps, long) = timed(run, 1), timed(run, n)
    return long - short, steps - first


def units_for(run, seconds):
    """Return an n for which run(n) lasts at least `seconds` beyond run(1), once warm."""
    run(1)
    n = 2
    while (took := step_time(run, n)[0]) < seconds:
        n = math.ceil(n * min(1.2 * seconds / max(took, seconds / 50), 50)) + 1
    return n


def interleave(runs, effort):
    """Return microseconds per step of each contender, {key: array with one entry per round}."""
    units = {key: units_for(run, effort.seconds) for key, run in runs.items()}
    times = {key: np.empty(effort.rounds) for key in runs}
    for r in range(effort.rounds):
        for key, run in runs.items():
            seconds, steps = step_time(run, units[key])
            times[key][r] = 1e6 * seconds / steps
    return times


def compare(figure, network, times, contender, against=None, target=""):
    """Return a Row of contender / against; both are keys (name, dtype) of `times`."""
    name, dtype = contender
    if contender not in times or against not in (None, *times):
        return Row(figure, network, dtype, name, math.nan, "µs", against[0], target=target)
    row = Row(figure, network, dtype, name, float(np.median(times[contender])), "µs")
    if against is None:
        return row
    label = against[0] if against[1] == dtype else f"{against[0]}, {against[1]}"
    ratio = float(np.median(times[contender] / times[against]))
    return row._replace(against=label, ratio=ratio, target=target)


def compare_all(figure, network, times, targets):
    """Return the rows of all contenders, then those of the comparisons in `targets`."""
    rows = [compare(figure, network, times, key) for key in times]
    for dtype in DTYPES:
        for (name, against), target in targets.items():
            wanted = target if dtype == "float64" else ""
            keys = (name, dtype), (against, dtype)
            if wanted or all(key in times for key in keys):
                rows.append(compare(figure, network, times, *keys, wanted))
    return rows


# Scripts in new processes.

# Begins a script that asks for the level, VmRSS, or the peak, VmHWM, of its memory in MB.
MEMORY = """
import resource
from pathlib import Path

def memory(key):
    status = Path("/proc/self/status")
    if status.exists():  # on Linux ru_maxrss would hold the parent process's peak as well
        return int(status.read_text().partition(key + ":")[2].split()[0]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
"""


def new_process(script, cache):
    """Return the numbers that a script prints in a new one-threaded process; None if it fails."""
    one_thread = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMBA")
    root = str(Path(sksgdprune.__file__).parents[1])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {f"{library}_NUM_THREADS": "1" for library in one_thread}
    environment |= {
        "NUMBA_CACHE_DIR": str(cache),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout)
    print(done.stderr.strip().rpartition("\n")[2], file=sys.stderr)
    return None


def median_of(script, caches):
    """Return the medians of the numbers of a process per cache; None if one fails."""
    numbers = [new_process(script, cache) for cache in caches]
    return None if None in numbers else np.median(numbers, axis=0).tolist()


@contextmanager
def new_caches(n, like=None):
    """Give `n` temporary folders for compiled code: empty ones, or copies of the folder `like`."""
    with tempfile.TemporaryDirectory() as root:
        folders = [Path(root, str(i)) for i in range(n)]
        for folder in folders:
            if like is None:
                folder.mkdir()
            else:
                shutil.copytree(like, folder)
        yield folders
