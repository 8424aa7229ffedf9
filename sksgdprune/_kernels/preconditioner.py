"""H."""

from sksgdprune._kernels.update import denominator, rates


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
        level = denominator.py_func(noise_variance[left], 1, hyper.damping, hyper.roots).mean()
    unit = hyper._replace(learning_rate=type(hyper.damping)(1))
    rate = rates.py_func(unit, batch_size, 1.0, level, 1.0)
    return rate.rate / denominator.py_func(noise_variance, rate.slope, rate.offset, rate.roots)
