"""A network for export: its posterior samples refused, the targets' scale folded in."""

import numpy as np


def check_exportable(network, form):
    """Refuse a network whose predictions are not those of one θ; `form` is what it would become."""
    if network.diverged:
        raise ValueError(
            "The last run diverged: there is nothing to export. Fit again, or set theta_."
        )
    if network.posterior_samples:
        raise ValueError(
            f"Predictions are the mean over {len(network.posterior_samples)} posterior samples, "
            f"which a {form} cannot hold. Fit with n_draws=0, or drop the samples by "
            "clf.theta_ = clf.theta_: then the mean of the iterates predicts."
        )


def in_units_of_y(targets, W, b):
    """Return weights and biases of the last layer for targets that are not standardized."""
    return _IN_UNITS_OF_Y[targets.out_activation](targets, W, b)


def _as_it_is(targets, W, b):
    return W, b


_IN_UNITS_OF_Y = {
    "softmax": _as_it_is,
    "logistic": _as_it_is,
    "identity": lambda targets, W, b: (W * targets.scale, b * targets.scale + targets.mean),
    "relu": lambda targets, W, b: (W * targets.scale, b * targets.scale),  # the mean is 0
    "exp": lambda targets, W, b: (W, b + np.log(targets.scale)),
}
