"""Children forked while other threads train, predict or compile: they fit, to the same bits."""

import os
import subprocess
import sys

import pytest

from tests.processes import needs_fork

pytestmark = [pytest.mark.slow, needs_fork]  # starts processes, one of which compiles

COMMON = """
import random, sys, threading, time
import numpy as np
from sksgdprune import PreconditionedMLPClassifier
from tests.processes import ends_well_in_a_child

rng = np.random.RandomState(0)
X, y = rng.normal(size=(20_000, 30)), rng.randint(2, size=20_000)

def fit(n=300, **options):
    clf = PreconditionedMLPClassifier((8,), max_steps=30, random_state=0, **options)
    return clf.fit(X[:n], y[:n]).theta_.tobytes()

def forks(n, expected, go_on=lambda: True):
    draw, ended = random.Random(0), []
    while len(ended) < n and go_on():
        time.sleep(0.05 * draw.random())
        ended.append(ends_well_in_a_child(lambda: fit() in expected or not expected, 90))
    return ended
"""

BESIDE_TRAINING = """
expected, stop = [fit()], threading.Event()

def train():
    while not stop.is_set():
        fit(20_000)

threads = [threading.Thread(target=train, daemon=True) for _ in range(2)]
for thread in threads:
    thread.start()
ended = forks(int(sys.argv[1]), expected)
stop.set()
for thread in threads:
    thread.join()
print(sum(ended), len(ended))
"""

BESIDE_COMPILING = """
fits = []
thread = threading.Thread(target=lambda: fits.append(fit()), daemon=True)
thread.start()
ended = forks(int(sys.argv[1]), [], thread.is_alive)
ended += forks(3, fits)
print(sum(ended), len(ended))
"""


def told(script, n, **environment):
    """Return what a script prints of `n` forks: how many children ended well, and how many not."""
    command = [sys.executable, "-W", "ignore", "-c", COMMON + script, str(n)]
    options = {"capture_output": True, "text": True, "timeout": 240}
    ran = subprocess.run(command, env=os.environ | environment, **options)
    assert ran.returncode == 0, ran.stderr
    return tuple(map(int, ran.stdout.split()[-2:]))


def test_children_of_a_process_whose_threads_train_fit_to_the_same_bits():
    assert told(BESIDE_TRAINING, 40) == (40, 40)


def test_children_of_a_process_whose_threads_compile_fit(tmp_path):
    good, n = told(BESIDE_COMPILING, 40, NUMBA_CACHE_DIR=str(tmp_path))
    assert good == n > 3
