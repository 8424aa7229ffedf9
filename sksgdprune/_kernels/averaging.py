"""Averaging of the iterates of a run, and posterior samples of them."""

import math

import numpy as np

from sksgdprune._kernels.types import STRIDE, AveragingWindow, jit


def empty_window(dtype):
    """Return the AveragingWindow of a run that neither averages nor samples its iterates."""
    return AveragingWindow(
        average=np.empty(0, dtype),
        first=math.inf,
        power=np.dtype(dtype).type(0),
        samples=np.empty((0, 0), dtype),
        every=1,
        start=0.0,
    )


@jit
def collect(theta, lists, window, t, n_taken):
    """Take θ as it is at t into the average and the posterior samples, if it is its turn.

    Returns
    -------
    int
        How many samples were taken: n_taken, or one more.
    """
    steps = t - window.first
    averages = steps >= STRIDE and int(steps) % STRIDE == 0
    samples = n_taken < window.samples.shape[0] and int(t - window.start) % window.every == 0
    if lists is not None and (averages or samples):
        for c in range(lists.where.size):
            theta[lists.where[c]] = lists.state.theta[c]
    if averages:
        _average(theta, window.average, int(steps) // STRIDE, window.power)
    if samples:
        window.samples[n_taken] = theta
        return n_taken + 1
    return n_taken


@jit
def _average(theta, average, n, power):
    """Take the n-th iterate that counts into the average.

    It has the weight (p + 1) / (n + p) against the mean of those before it: 1 / n for p = 0, and
    for p > 0 the later ones count for more (Shamir & Zhang 2013).
    """
    real = type(power)
    weight = (power + real(1)) / (real(n) + power)
    for i in range(theta.size):
        mean = average[i] + weight * (theta[i] - average[i])
        average[i] = mean if n > 1 else theta[i]
