"""Preconditioners: H of a parameter, and the scalars of a step that it is made of."""

import numpy as np

from sksgdprune._kernels.types import PRUNED, Rates, jit, uncompiled

DIAGONAL, PLAIN, SCALAR, SQRT = range(4)
PRECONDITIONERS = {"diagonal": DIAGONAL, "identity": PLAIN, "scalar": SCALAR, "sqrt": SQRT}
# Whether those that need the trace of C take its roots.
ROOTS = {SCALAR: False, SQRT: True}


@jit
def denominator(c, slope, offset, roots):
    """Return what divides the rate in H: slope C + offset, or its root."""
    scale = slope * c + offset
    if roots is None:
        return scale
    return np.sqrt(scale) if roots else scale


@jit
def rates(hyper, S, t, level, dispersion):
    """Return the Rates of step t (Mandt et al. 2017, Theorems 1 and 7, Corollary 3, Eq. 21)."""
    real = type(hyper.damping)
    zero, one, size = real(0), real(1), real(S)
    alpha = hyper.alpha * real(dispersion) / size
    kappa = real(min(1.0, hyper.kappa / t))
    centre = hyper.centre
    per_spread = one / max(size - centre, one)
    rate, slope, offset = hyper.learning_rate, zero, one
    if hyper.preconditioner != PLAIN:
        rate = rate * (size + size) / hyper.posterior_size / level
        if hyper.preconditioner != SCALAR:
            slope, offset = one, hyper.damping
    per_sample, roots, cap = one / size, hyper.roots, hyper.cap
    return Rates(kappa, rate, slope, offset, roots, cap, alpha, per_sample, centre, per_spread)


@jit
def level(network, lists, damping, roots):
    """Return the mean of C + damping, or of its root, over all that is not PRUNED.

    The rates of SCALAR and SQRT are divided by it; for the others it is 1.
    """
    if roots is None:
        return type(damping)(1)
    C, total, n = network.state.noise_variance, 0.0, 0
    if lists is not None:
        for c in range(lists.where.size):
            C[lists.where[c]] = lists.state.noise_variance[c]
    for i in range(C.size):
        if network.status[i] != PRUNED:
            total += denominator(C[i], type(damping)(1), damping, roots)
            n += 1
    return type(damping)(total / n if n > 0 else 1.0)


def preconditioner(noise_variance, hyper, batch_size, left=slice(None)):
    """Return H of each parameter (Mandt et al. 2017), C + damping standing for C.

    Parameters
    ----------
    noise_variance : ndarray of shape (n_parameters,)
        C.
    hyper : Hyper
        Its preconditioner, posterior_size N and damping are read.
    batch_size : int
        S.
    left : index of parameters, default=slice(None)
        The D parameters over which "scalar" and "sqrt" take the trace: those not pruned.

    Returns
    -------
    ndarray of shape (n_parameters,)
        "diagonal": 2 S / (N C) (Corollary 3); "scalar": 2 S D / (N Tr C) (Theorem 1); "sqrt":
        2 S D / (N Tr(C / G)) / G with G = sqrt(C) (Theorem 7); "identity": 1. That is what a
        step of the kernels takes, from the same lines of code, at a learning rate of 1.
    """
    level = 1
    if hyper.roots is not None and noise_variance[left].size:
        level = uncompiled(denominator)(noise_variance[left], 1, hyper.damping, hyper.roots).mean()
    unit = hyper._replace(learning_rate=type(hyper.damping)(1))
    rate = uncompiled(rates)(unit, batch_size, 1.0, level, 1.0)
    return rate.rate / uncompiled(denominator)(noise_variance, rate.slope, rate.offset, rate.roots)
