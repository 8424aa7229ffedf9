"""Random problems and hyper-parameters for the kernels and for the reference."""

import numpy as np

from sksgdprune import _kernels
from sksgdprune._network import Layout


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


def hyper(dtype=np.float64, **changes):
    """Hyper-parameters as the reference's options and as the kernels' tuple."""
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
        "alpha": 0.0,
    } | changes
    return options, _kernels.Hyper(
        _kernels.ACTIVATIONS[options["activation"]],
        _kernels.OBJECTIVES[options["loss"], options["output"]],
        _kernels.PRECONDITIONERS[options["preconditioner"]],
        _kernels.NOISE_ESTIMATORS[options["noise_estimator"]],
        float(options["kappa"]),
        *(dtype(options[k]) for k in ("learning_rate", "posterior_size", "damping", "alpha")),
    )
