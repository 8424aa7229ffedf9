"""Predictions of a network from its posterior samples: some iterates of its run."""

from dataclasses import replace

import numpy as np

from sksgdprune._uncertainty.calibration import calibrated
from sksgdprune._utils.warnings import warn

BLOCK_VALUES = 2**20  # of all samples that are in memory at once: 8 MB
CALIBRATION_VALUES = 2**22  # that calibrate: some copies of 32 MB


def sample_outputs(network, X):
    """Yield rows of X, as slices, with the last layer's values that each sample gives for them.

    They are (n_posterior_samples, n_rows, n_outputs), their covariance multiplied by the
    temperature. Memory is bounded: so many rows come at once that there are `BLOCK_VALUES` values.
    """
    samples, calibration = network.posterior_samples, network.calibration
    size = max(BLOCK_VALUES // (len(samples) * network.layout.sizes[-1]), 1)
    for first in range(0, X.shape[0], size):
        rows = slice(first, min(first + size, X.shape[0]))
        # Made one after the other: each may make a dense network while it predicts.
        networks = (network.at_sample(sample) for sample in samples)
        Z = np.stack([one.output(X[rows]) for one in networks])
        tempered = network.targets.tempered
        yield rows, Z if calibration is None else tempered(Z, calibration.temperature)


def pooled_output(network, X):
    """Return last-layer values that predict the samples' mean; without samples those of θ."""
    if not network.posterior_samples or network.diverged:
        return network.output(X)
    Z = np.empty((X.shape[0], network.layout.sizes[-1]), network.dtype)
    for rows, values in sample_outputs(network, X):
        Z[rows] = network.targets.pooled(values)
    return Z


def mixtures(network, X):
    """Yield the predictive distributions of all rows, some rows at a time."""
    if network.calibration is None and network.targets.has_noise:
        raise ValueError(
            "The noise about the posterior samples is not known, as after partial_fit alone, or "
            "very few steps or rows: call calibrate(X, y) with rows that it was not trained on."
        )
    _warn_if_stale(network)
    for _, Z in sample_outputs(network, X):
        yield network.targets.mixture(Z, network.calibration)


def _warn_if_stale(network):
    """Warn where the network is no longer the one that was calibrated."""
    if network.calibration is not None and network.calibration.is_stale:
        warn(
            "The posterior samples were calibrated before a cut or further training, so that "
            "intervals and entropies may be too small: call calibrate(X, y) with rows that were "
            "not trained on.",
            UserWarning,
        )


def joined(blocks):
    """Return blocks of rows as one array, without the axis of a single output."""
    whole = np.concatenate(blocks)
    return whole[:, 0] if whole.shape[1] == 1 else whole


def entropies(network, X):
    """Return the entropy of each prediction, and the part in which the samples differ, in nats."""
    parts = []
    _warn_if_stale(network)
    for _, Z in sample_outputs(network, X):
        entropy, within = network.targets.mixture(Z).entropies()
        parts.append((entropy, np.maximum(entropy - within, 0)))
    return tuple(map(np.concatenate, zip(*parts, strict=True)))


def calibrated_network(network, data, most_samples=None):
    """Return the network calibrated on Data that it was not trained on.

    The last `most_samples` of the samples are used. Rows beyond `CALIBRATION_VALUES` values are
    left out.
    """
    samples = (
        network.posterior_samples[-most_samples:] if most_samples else network.posterior_samples
    )
    judged = replace(network, posterior_samples=samples, calibration=None)
    data = data.some(max(CALIBRATION_VALUES // (len(samples) * network.layout.sizes[-1]), 1))
    Z = np.concatenate([values for _, values in sample_outputs(judged, data.X)], axis=1)
    found = calibrated(network.targets, Z, data.Y, data.weights)
    if found.is_at_limit:
        warn(
            f"The temperature of the posterior samples is {found.temperature:g}, the most that is "
            "tried: their spread says little about the errors on calibration rows. Look at rows "
            "that are far from all others, or fit with more steps.",
            UserWarning,
        )
    return replace(network, calibration=found)
