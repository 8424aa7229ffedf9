"""Replays of recorded runs of the research notebook through the package's kernels.

    python -m benchmarks.notebook_parity RECORD.npz ...

A record holds a start, every random draw, and the network after each block of steps and each
cut (see tests/recorded/README.md). For each record, prints the largest difference of θ and of C
over all blocks (divided by the tensor's largest value) and whether the masks agree; exits 1
where a classification record exceeds 1e-9, a regression record 1e-6, or a mask differs.

The notebook's step is composed of two calls of the package's: one that updates C alone, then
one that moves θ alone. Where it cuts twice, it ranks all entries whatever their mask and adds
the chosen ones, so its cuts are composed from the package's scores and selection.
"""

import argparse
import json
import sys
from typing import NamedTuple

import numpy as np

from sksgdprune._data.sampling import Data, samples
from sksgdprune._kernels import entry_points
from sksgdprune._kernels import types as records
from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._kernels.averaging import empty_window
from sksgdprune._kernels.losses import OBJECTIVES
from sksgdprune._kernels.preconditioner import DIAGONAL, preconditioner
from sksgdprune._kernels.sparse_lists import plan, write_back
from sksgdprune._network.layout import Layout
from sksgdprune._network.network import FittedNetwork
from sksgdprune._network.parameters import Parameters
from sksgdprune._pruning import scores as _scores
from sksgdprune._pruning import selection as _selection
from sksgdprune._training import evaluation as _evaluation
from sksgdprune._training.config import RunConfig
from sksgdprune._utils.threads import blas_threads

TENSORS = ("W1", "b1", "W2", "b2")
TOLERANCES = {"classification": 1e-9, "regression": 1e-6}


class Problem(NamedTuple):
    """What stays the same over a record's blocks."""

    X: np.ndarray
    Y: np.ndarray
    layout: Layout
    settings: RunConfig


class Report(NamedTuple):
    """Largest relative differences over a record, and whether all masks agree."""

    mode: str
    theta: float
    noise_variance: float
    masks_agree: bool

    @property
    def passed(self):
        """Whether the record is reproduced within its tolerance."""
        return self.masks_agree and max(self.theta, self.noise_variance) <= TOLERANCES[self.mode]


def problem(record, config):
    """Return the record's data and settings as the kernels take them.

    The notebook's mean squared error is twice the package's loss: its C is 4 times ours, and
    its step that of ours at half the rate. Powers of two change no digit.
    """
    X, y = record["X"], record["y"]
    regression = config["mode"] == "regression"
    outputs = config["n_outputs"]
    Y = y.reshape(len(y), outputs) if regression else np.eye(outputs)[y]
    layout = Layout((X.shape[1], config["hidden"], outputs))
    objective = ("squared_error", "relu") if regression else ("double_softmax", "softmax")
    hyper = records.Hyper(
        activation=ACTIVATIONS["tanh"].code,
        objective=OBJECTIVES[objective],
        preconditioner=DIAGONAL,
        roots=None,
        kappa=float(config["k_coef"]),
        learning_rate=np.float64(config["learning_rate"]) / (2 if regression else 1),
        posterior_size=np.float64(layout.n_parameters),
        damping=np.finfo(np.float64).tiny,
        cap=np.float64(0),
        centre=np.float64(1),
        alpha=np.float64(0),
        least=np.float64(0),
        disperses=False,
    )
    X, Y = (np.require(a, np.float64, ("C", "W", "A")) for a in (X, Y))
    settings = RunConfig(hyper, config["batch_size"], "replacement", records.PROBE, 1, 0)
    return Problem(X, Y, layout, settings)


def vector(record, prefix):
    """Return the record's four tensors under `prefix` as one vector, in θ's order."""
    return np.concatenate([record[prefix + name].ravel() for name in TENSORS])


def take_steps(problem, theta, C, kept, t, batch, probe):
    """Change θ and C in place as the notebook's `fit` does; return the new t.

    Every step updates C everywhere, whatever the mask; all but the first then move θ where it
    is not `kept`, with that C.
    """
    rows, shape = samples(problem.X, problem.Y), problem.layout.shape
    hyper, S = problem.settings.hyper, problem.settings.batch_size
    update_noise, update_theta = (
        hyper._replace(learning_rate=np.float64(0)),
        hyper._replace(kappa=0.0),
    )
    everywhere, state = np.full_like(kept, records.FREE), records.State(theta, C)
    space = records.scratch(shape, records.columns(S, records.PROBE), theta.dtype)
    window = empty_window(theta.dtype)

    def call(status, hyper, step):
        one = slice(step, step + 1)
        steps = records.Steps(batch[one], probe[one], float(t), np.empty(1), np.ones(1))
        lists = plan(shape, state, status)
        network = records.Network(shape, state, status)
        if entry_points.train(rows, network, lists, window, steps, hyper, space) != 1:
            raise FloatingPointError("The replay stopped being finite.")
        write_back(lists, state)

    with blas_threads():
        for step in range(len(batch)):
            call(everywhere, update_noise, step)
            if step:
                call(kept, update_theta, step)
                t += 1
    return t


def cut(problem, theta, C, kept, action, picked):
    """Apply one of the notebook's cuts to `theta` and `kept`, in place."""
    kind, p = action["kind"], action["p"]
    if action["mode"] == "random":
        chosen = np.concatenate(
            [t.where.start + picked[t.name] for t in problem.layout.tensors]
        ).astype(int)
    else:
        data, settings = Data(problem.X, problem.Y), problem.settings
        H = preconditioner(C, settings.hyper, settings.batch_size)

        def gradients():
            parameters = Parameters(records.State(theta, C), kept)
            n = problem.layout.n_parameters
            network = FittedNetwork(problem.layout, "tanh", None, parameters, n, 0)
            return _evaluation.mean_gradients(data, network, settings)

        evidence = _scores.Evidence(theta, C, H, gradients, generator=None)
        scores = _scores.resolve(kind, action["mode"])(evidence)
        groups = _selection.groups(problem.layout, "layer", include_biases=True)
        chosen = np.concatenate([g[_selection.lowest(scores[g], int(g.size * p))] for g in groups])
    kept[chosen] = records.FROZEN
    if kind == "prune":
        theta[chosen] = 0


def difference(value, truth, layout):
    """Return the largest difference over the tensors, each divided by its largest value."""
    tiny = np.finfo(float).tiny
    return max(
        np.abs(a - b).max() / max(np.abs(b).max(), tiny)
        for a, b in zip(layout.views(value), layout.views(truth), strict=True)
    )


def replay(record):
    """Replay one record (a mapping of names to arrays) and return its Report."""
    config = json.loads(str(record["config"]))
    setting = problem(record, config)
    noise_factor = 4 if config["mode"] == "regression" else 1
    theta, C = vector(record, "init/"), vector(record, "init/C_") / noise_factor
    kept = np.where(vector(record, "init/M_"), records.FREE, records.FROZEN)
    t = float(record["init/t"])
    differences, masks_agree = [], True

    def compare(stage):
        differences.append(
            (
                difference(theta, vector(record, f"{stage}/"), setting.layout),
                difference(noise_factor * C, vector(record, f"{stage}/C_"), setting.layout),
            )
        )
        free = kept == records.FREE
        return (
            bool(np.array_equal(free, vector(record, f"{stage}/M_"))) and t == record[f"{stage}/t"]
        )

    for i, block in enumerate(config["blocks"]):
        batch, probe = (np.ascontiguousarray(record[f"{i}/{k}"]) for k in ("batch", "probe"))
        t = take_steps(setting, theta, C, kept, t, batch, probe)
        masks_agree &= compare(f"{i}/fit")
        if block["action"] is not None:
            picked = {n: record[key] for n in TENSORS if (key := f"{i}/act/picked_{n}") in record}
            cut(setting, theta, C, kept, block["action"], picked)
            masks_agree &= compare(f"{i}/act")
    return Report(config["mode"], *np.max(differences, axis=0), masks_agree)


def main(arguments=None):
    """Replay the records named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", nargs="+", metavar="RECORD.npz")
    passed = True
    print(f"{'record':40s} {'mode':14s} {'θ':>9s} {'C':>9s}  masks")
    for path in parser.parse_args(arguments).records:
        with np.load(path) as record:
            report = replay(record)
        masks = "agree" if report.masks_agree else "DIFFER"
        print(
            f"{path:40s} {report.mode:14s} {report.theta:9.1e} {report.noise_variance:9.1e}  "
            f"{masks}{'' if report.passed else '  FAILED'}"
        )
        passed &= report.passed
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
