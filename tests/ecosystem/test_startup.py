"""Importing compiles nothing and loads no extra; a dtype is compiled once."""

import subprocess
import sys

IMPORT = """
import sys
import numba, sklearn.model_selection, sklearn.neural_network
before = set(sys.modules)
import sksgdprune
from numba.core.dispatcher import Dispatcher
kernels = [module for name, module in sys.modules.items() if name.startswith("sksgdprune._kern")]
functions = [function for module in kernels for function in vars(module).values()]
compiled = [f for f in functions if isinstance(f, Dispatcher) and f.signatures]
assert sum(isinstance(f, Dispatcher) for f in functions) > 40
extras = {"matplotlib", "pandas", "rich", "torch"} & (set(sys.modules) - before)
print(compiled, sorted(extras))
"""

TRAIN = """
import numpy as np
from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._kernels import entry_points
rng = np.random.RandomState(0)
X, y = rng.normal(size=(50, 4)), rng.randint(2, size=50)
locked = X.copy()
locked.flags.writeable = False
for rows in [X, np.asfortranarray(X), X[:, ::-1], locked, X.astype(np.float32), X.astype(int)]:
    clf = PreconditionedMLPClassifier((3,), max_steps=3, random_state=0).fit(rows, y)
print(len(entry_points.train.signatures))
"""


def in_a_new_process(script):
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return run.stdout.strip()


def test_import_compiles_nothing_and_loads_no_extra():
    assert in_a_new_process(IMPORT) == "[] []"


def test_dense_training_compiles_one_specialisation_per_dtype():
    assert in_a_new_process(TRAIN) == "2"
