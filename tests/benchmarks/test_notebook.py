"""The notebook's recorded runs, replayed through the package."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import notebook_parity
from tests import reference

DATA = Path(__file__).parents[1] / "recorded"


@pytest.mark.parametrize("name", ["prune", "freeze", "regression"])
def test_recorded_run_is_reproduced(name):
    with np.load(DATA / f"{name}.npz") as record:
        report = notebook_parity.replay(record)
    assert report.masks_agree
    assert report.theta < notebook_parity.TOLERANCES[report.mode]
    assert report.noise_variance < notebook_parity.TOLERANCES[report.mode]


@pytest.mark.parametrize("spoilt", ["0/probe", "1/batch", "init/C_W2", "2/act/M_b1"])
def test_a_record_with_one_wrong_array_fails(spoilt, tmp_path):
    with np.load(DATA / "prune.npz") as record:
        arrays = dict(record)
    first = np.unravel_index(0, arrays[spoilt].shape)
    value = arrays[spoilt][first]
    arrays[spoilt][first] = ~value if value.dtype == bool else value + 1
    np.savez(tmp_path / "spoilt.npz", **arrays)
    assert notebook_parity.main([str(tmp_path / "spoilt.npz")]) == 1
    assert notebook_parity.main([str(DATA / "prune.npz")]) == 0


def pick(rng, shapes, p):
    """Random entries of each tensor: their positions in θ, and flat indices by name."""
    positions, picks, start = [], {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        picks[name] = rng.choice(size, int(size * p), replace=False)
        positions.append(start + picks[name])
        start += size
    return np.concatenate(positions), picks


def recorded(*, hidden, batch_size, outputs, blocks, seed=0):
    """A record made by a plain replica of the notebook, one sample's gradient at a time."""
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(30, 4)), rng.randint(outputs, size=30)
    sizes, Y = (4, hidden, outputs), np.eye(outputs)[y]
    shapes = {"W1": (4, hidden), "b1": (hidden,), "W2": (hidden, outputs), "b2": (outputs,)}
    n = sum(int(np.prod(s)) for s in shapes.values())
    theta, C = rng.uniform(-0.5, 0.5, n), rng.uniform(0.1, 0.5, n)
    mask, t = np.ones(n, dtype=bool), 10
    settings = {"hidden": hidden, "n_outputs": outputs, "batch_size": batch_size}
    settings |= {"learning_rate": 0.02, "k_coef": 2, "t0": t, "blocks": blocks}
    arrays = {"config": json.dumps(settings | {"dataset": "made up", "mode": "classification"})}
    arrays |= {"X": X, "y": y, "X_test": X, "y_test": y}

    def gradient(rows):
        terms = "tanh", "double_softmax", "softmax"
        return np.mean(
            [reference.sample_gradient(theta, sizes, X[r], Y[r], *terms)[1] for r in rows], axis=0
        )

    def keep(stage):
        ends = np.cumsum([int(np.prod(s)) for s in shapes.values()])[:-1]
        for prefix, vector in (("", theta), ("C_", C), ("M_", mask)):
            for (name, shape), part in zip(shapes.items(), np.split(vector, ends), strict=True):
                arrays[f"{stage}/{prefix}{name}"] = part.reshape(shape).copy()
        arrays[f"{stage}/t"] = t

    keep("init")
    for i, block in enumerate(blocks):
        batch = rng.randint(30, size=(block["steps"], batch_size))
        probe = rng.randint(30, size=block["steps"])
        arrays |= {f"{i}/batch": batch, f"{i}/probe": probe}
        for step in range(block["steps"]):
            g = gradient(batch[step])
            C = (1 - 2 / t) * C + 2 / t * (gradient(probe[step : step + 1]) - g) ** 2
            if step:
                theta = theta - mask * 0.02 * 2 * batch_size / (n * C) * g
                t += 1
        keep(f"{i}/fit")
        if block["action"]:
            cut, picks = pick(rng, shapes, block["action"]["p"])
            arrays |= {f"{i}/act/picked_{name}": picked for name, picked in picks.items()}
            mask[cut] = False
            theta = np.where(mask | (block["action"]["kind"] == "freeze"), theta, 0)
            keep(f"{i}/act")
    return arrays


@pytest.mark.parametrize(("hidden", "batch_size", "outputs"), [(3, 8, 2), (17, 4, 5), (1, 16, 3)])
def test_records_of_other_shapes_with_random_picks_are_reproduced(hidden, batch_size, outputs):
    actions = [{"kind": kind, "p": 0.3, "mode": "random"} for kind in ("prune", "freeze")]
    blocks = [{"steps": 9, "action": action} for action in (*actions, None)]
    record = recorded(hidden=hidden, batch_size=batch_size, outputs=outputs, blocks=blocks)
    report = notebook_parity.replay(record)
    assert report.passed
    assert report.theta < 1e-11
