"""Random problems and hyper-parameters for the kernels and for the reference; a run of kernels."""

import numpy as np

from sksgdprune._data.encoding import AS_IS
from sksgdprune._data.sampling import samples
from sksgdprune._kernels import entry_points
from sksgdprune._kernels import types as records
from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._kernels.averaging import empty_window
from sksgdprune._kernels.compile import call
from sksgdprune._kernels.losses import OBJECTIVES
from sksgdprune._kernels.preconditioner import PRECONDITIONERS, ROOTS
from sksgdprune._kernels.sparse_lists import LISTED_BELOW, plan, write_back
from sksgdprune._network.layout import Layout
from sksgdprune._network.network import FittedNetwork
from sksgdprune._network.parameters import Parameters
from sksgdprune._training.config import RunConfig


def problem(hidden, loss, *, n=40, d=7, outputs=3, steps=4, S=8, seed=0, dtype=np.float64):
    """Data, a network's state and draws: what `train` takes before t."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, d))
    if loss == "squared_error":
        Y = rng.normal(size=(n, outputs)) + 1
    elif loss == "poisson":
        Y = rng.poisson(2.0, size=(n, outputs))
    else:
        Y = np.eye(outputs)[rng.randint(outputs, size=n)]
    layout = Layout((d, *hidden, outputs))
    P = layout.n_parameters
    theta = rng.normal(scale=0.6, size=P)
    C = rng.uniform(0.1, 1, size=P)
    status = rng.choice([0, 0, 0, 1, 2], size=P).astype(np.uint8)
    theta[status == 2] = 0
    batch, probe = rng.randint(n, size=(steps, S)), rng.randint(n, size=steps)
    arrays = [a.astype(dtype) for a in (X, Y, theta, C)]
    return layout, *arrays, status, batch, probe


def least(dtype):
    """The size below which a weight becomes 0."""
    return dtype(np.sqrt(np.finfo(dtype).tiny))


FLOATS = "learning_rate", "posterior_size", "damping", "cap", "centre", "alpha"


def hyper(dtype=np.float64, **changes):
    """Hyper-parameters as the reference's options, and as the RunConfig of minibatches of 8."""
    options = {
        "activation": "tanh",
        "loss": "log_loss",
        "output": "softmax",
        "preconditioner": "diagonal",
        "noise_estimator": "probe",
        "kappa": 1.0,
        "learning_rate": 0.01,
        "posterior_size": 50.0,
        "damping": 1e-3,
        "cap": 0.0,
        "centre": 1.0,
        "alpha": 0.0,
        "disperses": False,
    } | changes
    code = PRECONDITIONERS[options["preconditioner"]]
    scalars = records.Hyper(
        ACTIVATIONS[options["activation"]].code,
        OBJECTIVES[options["loss"], options["output"]],
        code,
        ROOTS.get(code),
        float(options["kappa"]),
        *(dtype(options[k]) for k in FLOATS),
        least(dtype),
        options["disperses"],
    )
    return options, RunConfig(scalars, 8, "shuffle", options["noise_estimator"], 1, 0)


def network(layout, theta, C, status):
    """A network with these parameters; activation and targets are never asked."""
    parameters = Parameters(records.State(theta, C), status)
    return FittedNetwork(layout, None, None, parameters, layout.n_parameters, 10)


def run_kernel(
    layout,
    X,
    Y,
    theta,
    C,
    status,
    batch,
    probe,
    settings,
    t=10.0,
    listed_below=LISTED_BELOW,
    encoding=AS_IS,
    window=None,
):
    """Return θ, C, losses and the number of finite steps; the arguments are left as they are."""
    shape, losses = layout.shape, np.empty(len(batch))
    state = records.State(theta.copy(), C.copy())
    estimator = settings.noise_estimator
    probe = probe if estimator == "probe" else None
    steps = records.Steps(batch, probe, t, losses, np.ones(1))
    space = records.scratch(
        shape, records.columns(batch.shape[1], estimator), theta.dtype, estimator
    )
    lists = plan(shape, state, status, listed_below)
    started = records.Network(shape, state, status)
    window = window or empty_window(theta.dtype)
    rows = samples(X, Y, encoding)
    done = call(entry_points.train, rows, started, lists, window, steps, settings.hyper, space)
    write_back(lists, state)
    return *state, losses, done
