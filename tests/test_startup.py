"""Importing compiles nothing; matplotlib and the other extras are imported where they are used."""

import subprocess
import sys

CHECK = """
import sys
import numba, sklearn.model_selection, sklearn.neural_network
before = set(sys.modules)
import sksgdprune
from numba.core.dispatcher import Dispatcher
kernels = sys.modules["sksgdprune._kernels"]
compiled = [n for n, f in vars(kernels).items() if isinstance(f, Dispatcher) and f.signatures]
extras = {"matplotlib", "pandas", "rich", "torch"} & (set(sys.modules) - before)
print(compiled, sorted(extras))
"""


def test_import_compiles_nothing_and_loads_no_extra():
    run = subprocess.run(
        [sys.executable, "-c", CHECK], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.strip() == "[] []"


def test_training_compiles_one_specialisation_per_dtype():
    import numpy as np

    from sksgdprune import PreconditionedMLPClassifier, _kernels

    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(50, 4)), rng.randint(2, size=50)
    forms = [X, np.asfortranarray(X), X[:, ::-1], X.astype(np.float32), X.astype(int)]
    for rows in forms:
        clf = PreconditionedMLPClassifier((3,), max_steps=3, random_state=0).fit(rows, y)
        clf.prune(0.9).partial_fit(rows, y, n_steps=2)
    assert len(_kernels.train.signatures) <= 2
