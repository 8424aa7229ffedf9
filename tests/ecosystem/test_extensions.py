"""Extensions stand in one file each, and their names in the types: the sections of CONTRIBUTING.

A copy of the package gets an activation, a preconditioner, a state array and a kind of target, and
is used uncompiled in a process of its own, which takes some six seconds.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sksgdprune

TYPES = "_utils/argument_types.py"
ACTIVATION = {
    "_kernels/activations.py": {
        "TANH, RELU = range(4)": "TANH, RELU, SOFTPLUS = range(5)",
        "ACTIVATIONS = {\n": "ACTIVATIONS = {\n"
        '    "softplus": Activation(\n'
        '        SOFTPLUS, lambda Z: np.logaddexp(0, Z, out=Z), in_c="log1p{f}(exp{f}(z))"\n'
        "    ),\n",
        "            values[i] = values[i] if not values[i] <= zero else zero\n": (
            "            values[i] = values[i] if not values[i] <= zero else zero\n"
            "    elif activation == SOFTPLUS:\n"
            "        for i in range(values.size):\n"
            "            values[i] = max(values[i], zero) + np.log1p(exp(-abs(values[i])))\n"
        ),
        "            d[i] = d[i] if a[i] > zero else zero\n": (
            "            d[i] = d[i] if a[i] > zero else zero\n"
            "    elif activation == SOFTPLUS:\n"
            "        for i in range(d.size):\n"
            "            d[i] *= one - exp(-a[i])\n"
        ),
    },
    TYPES: {'"tanh", "relu"]': '"tanh", "relu", "softplus"]'},
}
# H ∝ 1 / sqrt(C + damping), without the trace of "sqrt".
PRECONDITIONER = {
    "_kernels/preconditioner.py": {
        "SCALAR, SQRT = range(4)": "SCALAR, SQRT, RMS = range(5)",
        '"sqrt": SQRT}': '"sqrt": SQRT, "rms": RMS}',
        "SQRT: True}": "SQRT: True, RMS: True}",
        "        rate = rate * (size + size) / hyper.posterior_size / level\n": (
            "        level = one if hyper.preconditioner == RMS else level\n"
            "        rate = rate * (size + size) / hyper.posterior_size / level\n"
        ),
    },
    TYPES: {'"scalar", "identity"]': '"scalar", "identity", "rms"]'},
}
MOMENTUM = {
    "_kernels/types.py": {
        "    noise_variance: np.ndarray  # C\n": (
            "    noise_variance: np.ndarray  # C\n    velocity: np.ndarray\n"
        ),
        "State(theta=0, noise_variance=1)": "State(theta=0, noise_variance=1, velocity=0)",
    },
    "_kernels/update.py": {
        "    new_w = w - rates.rate * g / divisor\n": (
            "    v = type(w)(0.5) * state.velocity[i] - rates.rate * g / divisor\n"
            "    state.velocity[i] = v if status[i] == FREE else state.velocity[i]\n"
            "    new_w = w + v\n"
        ),
    },
}
TARGET = {
    "_kernels/losses.py": {
        "SQUARED_RELU, POISSON_EXP = range(6)": "SQUARED_RELU, POISSON_EXP, PINBALL = range(7)",
        '("poisson", "exp"): POISSON_EXP,\n': '("poisson", "exp"): POISSON_EXP,\n'
        '    ("pinball", "identity"): PINBALL,\n',
        "@jit_inline\ndef output_delta": """@jit
def _pinball_delta(Z, Y, losses):
    high, low = Z.dtype.type(0.9), Z.dtype.type(0.1)
    for k in range(Z.shape[0]):
        for s in range(Z.shape[1]):
            error = Y[k, s] - Z[k, s]
            losses[s] += high * error if error > 0 else -low * error
            Z[k, s] = -high if error > 0 else low


@jit_inline
def output_delta""",
        "        _poisson_delta(Z, Y, losses)\n": (
            "        _poisson_delta(Z, Y, losses)\n"
            "    elif objective == PINBALL:\n"
            "        _pinball_delta(Z, Y, losses)\n"
        ),
    },
    "_targets/regression.py": {
        "# All kinds, and the one of each loss.\nREGRESSION = RealValued, Count\n": """
class Quantile(RealValued):
    name = "quantiles"
    losses = ("pinball",)
    has_dispersion = False

    def grade(self, Z, Y, weights):
        error = Y - Z
        return -np.average(np.maximum(0.9 * error, -0.1 * error).sum(axis=1), weights=weights)

    def against_constant(self, Z, Y, weights):
        return "-pinball", self.grade(Z, Y, weights), self.grade(np.quantile(Y, 0.9), Y, weights)


REGRESSION = RealValued, Count, Quantile
"""
    },
    TYPES: {'"squared_error", "poisson"]': '"squared_error", "poisson", "pinball"]'},
}
USE = """
import pickle, warnings
import numpy as np
from sklearn.datasets import load_diabetes, load_iris
from sksgdprune import PreconditionedMLPClassifier as C, PreconditionedMLPRegressor as R

warnings.simplefilter("ignore")
X, y = load_iris(return_X_y=True)
small = {"max_steps": 300, "random_state": 0}
clf = C((8,), "softplus", **small).fit(X, y)
assert clf.score(X, y) > 0.9
assert "y[unit] = log1pf(expf(z));" in clf.to_c()
clf.prune(0.7).partial_fit(X, y, n_steps=50).sparsify()
assert pickle.loads(pickle.dumps(clf)).score(X, y) > 0.9
clf = C((8,), preconditioner="rms", learning_rate=0.3, **small).fit(X, y)
assert clf.score(X, y) > 0.9
again = pickle.loads(pickle.dumps(clf.prune(0.7).sparsify())).densify().partial_fit(X, y)
velocity = again._state.network.dense().state.velocity
assert velocity.any() and not velocity[again.status_ == 2].any()
X, y = load_diabetes(return_X_y=True)
reg = R((8,), loss="pinball", max_steps=1500, random_state=0).fit(X, y)
assert 0.85 < np.mean(y <= reg.predict(X)) < 0.95
assert " -> 8, relu" in reg.to_c()
"""


@pytest.mark.parametrize(
    ("edits", "most"), [(ACTIVATION, 2), (PRECONDITIONER, 2), (MOMENTUM, 2), (TARGET, 3)]
)
def test_an_extension_touches_few_files(edits, most):
    assert len(edits) <= most


def test_a_copy_with_all_extensions_works(tmp_path):
    package = tmp_path / "sksgdprune"
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(sksgdprune.__file__).parent, package, ignore=leave_out)
    for edits in (ACTIVATION, PRECONDITIONER, MOMENTUM, TARGET):
        for path, replacements in edits.items():
            text = (package / path).read_text(encoding="utf-8")
            for old, new in replacements.items():
                assert text.count(old) == 1, (path, old)
                text = text.replace(old, new)
            (package / path).write_text(text, encoding="utf-8")
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", USE], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
